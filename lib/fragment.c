/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall lets fragments by one at a time and keeps none, so it must see
 * to it that the host puts together what was judged: no byte of a datagram may
 * come twice (RFC 5722; RFC 1858 and 3128 for IPv4).  What has come is one
 * stretch from the start and one more beyond a gap, in one 64-bit word that is
 * changed by CAS:
 *
 *   bits  0-13  front       [0, front) has come; in units of 8 bytes
 *   bits 14-27  begin       [begin, end) too; both 0: nothing does
 *   bits 28-41  end
 *   bits 42-57  length      of the datagram in bytes; 0: its last is to come
 *
 * As the first fragment has always come, front is never 0, so a word of 0 says
 * that the datagram is lost: two fragments overlap in part, or do not agree
 * where it ends.  Then all others are dropped until the entry expires, and the
 * host never gets it whole.  One that lies wholly in what has come is taken for
 * a copy that the network made, and dropped alone: the first wins, as in Linux
 * (inet_frag_queue_insert()).  One that would leave a second gap is dropped
 * too; swapped neighbours, the usual disorder, leave one.
 *
 * The entry goes when the datagram is complete, for its identification may soon
 * mean the next one (RFC 4963); else after a time that runs from its first
 * fragment and is never renewed.
 */
#include "fragment.h"

#define UNIT         8 /* bytes */
#define FIELD_BITS   14
#define FIELD_MASK   UINT64_C(0x3fff)
#define BEGIN_SHIFT  FIELD_BITS
#define END_SHIFT    (2 * FIELD_BITS)
#define LENGTH_SHIFT (3 * FIELD_BITS)

static_assert((UINT16_MAX + UNIT - 1) / UNIT <= FIELD_MASK, "units fit");
static_assert(LENGTH_SHIFT + 16 <= 64, "all fit");

struct pieces {
	uint32_t front, begin, end; /* units */
	uint32_t length;            /* bytes */
};

static const struct pieces lost = { 0 };

static uint64_t
pack(struct pieces p)
{
	return p.front | (uint64_t)p.begin << BEGIN_SHIFT |
	       (uint64_t)p.end << END_SHIFT |
	       (uint64_t)p.length << LENGTH_SHIFT;
}

static struct pieces
unpack(uint64_t word)
{
	struct pieces p = {
		.front = word & FIELD_MASK,
		.begin = word >> BEGIN_SHIFT & FIELD_MASK,
		.end = word >> END_SHIFT & FIELD_MASK,
		.length = (uint32_t)(word >> LENGTH_SHIFT),
	};
	return p;
}

/* Does it end elsewhere than what is known of the datagram's end? */
static bool
contradicts(const struct pieces *p, const struct fragment_facts *fragment)
{
	uint32_t end = fragment->end;
	uint32_t come = p->end ? p->end : p->front;

	if (p->length)
		return end > p->length ||
		       (fragment->is_last && end != p->length);
	/* What has come are whole units, for the last one has not. */
	return fragment->is_last && end < come * UNIT;
}

/* Put [start, end) next to what has come.  False: it would leave a second gap.
 */
static bool
join(struct pieces *p, uint32_t start, uint32_t end)
{
	if (start == p->front) {
		p->front = end;
		if (p->front == p->begin) {
			p->front = p->end;
			p->begin = p->end = 0;
		}
	} else if (!p->end) {
		p->begin = start;
		p->end = end;
	} else if (start == p->end) {
		p->end = end;
	} else if (end == p->begin) {
		p->begin = start;
	} else {
		return false;
	}
	return true;
}

static enum reason
add(struct pieces *p, const struct fragment_facts *fragment)
{
	uint32_t start = fragment->start / UNIT;
	uint32_t end = (fragment->end + UNIT - 1u) / UNIT;

	if (!p->front)
		return FRAGMENT_OVERLAP;
	if (contradicts(p, fragment)) {
		*p = lost;
		return FRAGMENT_OVERLAP;
	}
	if (end <= p->front || (start >= p->begin && end <= p->end))
		return FRAGMENT_DUPLICATE;
	if (start < p->front || (start < p->end && end > p->begin)) {
		*p = lost;
		return FRAGMENT_OVERLAP;
	}
	if (!join(p, start, end))
		return FRAGMENT_SCATTERED;
	if (fragment->is_last)
		p->length = fragment->end;
	return FRAGMENT;
}

static bool
complete(const struct pieces *p)
{
	return p->length && p->front * UNIT >= p->length;
}

enum reason
fragment_judge(
    const struct conntrack *fragments, const struct packet *packet, bool trial)
{
	struct connection c = { 0 };

	if (fragments->table) {
		struct lookup lookup;
		flowkey_lookup(
		    fragments->table, &packet->fragment.datagram, &lookup);
		c = conntrack_find(fragments, &lookup);
	}
	if (!c.flow)
		return packet->is_later_fragment ? FRAGMENT_UNKNOWN : UNDECIDED;
	if (flowkey_direction(c.flow) != packet->direction)
		return WRONG_DIRECTION;

	uint64_t word = flow_get64(&c.flow->window[OPENER]);
	struct pieces pieces;
	enum reason why;
	do {
		pieces = unpack(word);
		why = add(&pieces, &packet->fragment);
	} while (
	    !trial && !flow_change_window(c.flow, OPENER, &word, pack(pieces)));
	if (!trial && complete(&pieces))
		conntrack_kill(fragments, &c, END_EXPIRED);
	return why;
}

void
fragment_accept(const struct conntrack *fragments, const struct packet *first)
{
	struct pieces pieces = { .front = first->fragment.end / UNIT };

	conntrack_open_fragment(fragments, first, pack(pieces));
}
