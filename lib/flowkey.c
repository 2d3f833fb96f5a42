/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical key: the two (address, port) pairs in order, so that both
 * directions of a flow find it, then protocol, family and kind.  Which pair
 * opened the flow, and on which hook, are in the spare byte, which is neither
 * hashed nor compared.
 *
 * ICMP queries are filed by who asks: an echo in and an echo out with the same
 * addresses and identifier are two flows, so a ping out admits no ping in.  A
 * datagram in fragments has no answer of the same identification; what comes
 * from the other end is another.
 */
#include "flowkey.h"

#include "state.h"

#define REQUESTER_IS_HIGH (UINT64_C(0x80) << 8) /* in the kind, compared */

static bool
is_answer_kind(uint8_t kind)
{
	return kind == KIND_ECHO_REPLY || kind == KIND_TIMESTAMP_REPLY;
}

static uint8_t
asking_kind(uint8_t kind)
{
	return is_answer_kind(kind) ? (uint8_t)(kind - 1) : kind;
}

void
flowkey_lookup(
    const struct table *table, const struct tuple *t, struct lookup *lookup)
{
	int order = address_compare(t->src, t->dst);
	bool high = order > 0 || (order == 0 && t->sport > t->dport);
	const struct address *low = high ? &t->dst : &t->src;
	const struct address *top = high ? &t->src : &t->dst;
	uint64_t low_port = high ? t->dport : t->sport;
	uint64_t top_port = high ? t->sport : t->dport;
	uint8_t kind = asking_kind(t->kind);
	uint64_t last = low_port << 48 | top_port << 32 |
			(uint64_t)t->protocol << 24 |
			(uint64_t)t->family << 16 | (uint64_t)kind << 8;

	if (kind != KIND_PORTS && high != is_answer_kind(t->kind))
		last |= REQUESTER_IS_HIGH;
	/* Word by word: a copy of the whole would wait for each of them. */
	lookup->key.word[0] = low->high;
	lookup->key.word[1] = low->low;
	lookup->key.word[2] = top->high;
	lookup->key.word[3] = top->low;
	lookup->key.word[4] = last;
	lookup->hash = table_hash(table, &lookup->key);
	lookup->hint = NULL;
	lookup->src_is_high = high;
}

static uint64_t
spare_byte(const struct flow *flow)
{
	return flow_get64(&flow->key[KEY_WORDS - 1]);
}

enum direction
flowkey_direction(const struct flow *flow)
{
	return flowkey_word_direction(spare_byte(flow));
}

unsigned
flowkey_side(const struct flow *flow, const struct lookup *lookup)
{
	return flowkey_word_side(spare_byte(flow), lookup->src_is_high);
}

void
flowkey_set_origin(
    struct key *key, const struct lookup *lookup, uint8_t direction)
{
	key->word[KEY_WORDS - 1] |= (lookup->src_is_high ? OPENER_IS_HIGH : 0) |
				    (uint64_t)direction << DIRECTION_SHIFT;
}

enum direction
flowkey_direction_of(const struct key *key)
{
	return key->word[KEY_WORDS - 1] >> DIRECTION_SHIFT & DIRECTION_BITS;
}

struct tuple
flowkey_tuple_of(const struct key *key)
{
	const uint64_t *word = key->word;
	struct address low = { word[0], word[1] }, high = { word[2], word[3] };
	bool from_high = word[4] & OPENER_IS_HIGH;
	struct tuple t = {
		.src = from_high ? high : low,
		.dst = from_high ? low : high,
		.sport = (uint16_t)(word[4] >> (from_high ? 32 : 48)),
		.dport = (uint16_t)(word[4] >> (from_high ? 48 : 32)),
		.protocol = word[4] >> 24 & 0xff,
		.family = word[4] >> 16 & 0xff,
		.kind = word[4] >> 8 & 0x7f,
	};
	return t;
}

struct tuple
flowkey_tuple(const struct flow *flow)
{
	struct key key;

	for (unsigned i = 0; i < KEY_WORDS; i++)
		key.word[i] = flow_get64(&flow->key[i]);
	return flowkey_tuple_of(&key);
}
