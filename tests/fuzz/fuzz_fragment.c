/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any sequence of fragments of one datagram, against a model that remembers
 * every 8 bytes.  Two bytes of the input are a fragment: where it starts (low 5
 * bits of the first, in units of 8) and whether it is the last (0x80); how long
 * it is (low 3 bits of the second, and 1), and how many bytes a last one lacks
 * to whole units (the next 3).
 *
 * Held: the answer is the model's, to the reason.  So nothing passes twice,
 * nothing beyond the end, nothing of a lost datagram; a copy never loses one;
 * what leaves one gap at most passes; and a complete one is forgotten.
 */
#include <stdlib.h>

#include "fragment.h"

#define UNITS (32 + 8)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
	bool known, lost;
	bool come[UNITS];
	unsigned length; /* in bytes, 0: not known */
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static struct packet
fragment_of(const uint8_t *data)
{
	unsigned start = (data[0] & 31) * 8u;
	/* At offset 0 it would be whole. */
	bool last = start > 0 && data[0] & 0x80;
	unsigned end = start + ((data[1] & 7) + 1) * 8u;
	struct packet p = {
		.tuple = { .family = FAMILY_IPV4, .protocol = PROTOCOL_UDP },
		.direction = FORWARD,
		.is_fragment = true,
		.is_later_fragment = start > 0,
		.fragment = {
			.start = (uint16_t)start,
			.end = (uint16_t)(last ? end - (data[1] >> 3 & 7) : end),
			.is_last = last,
		},
	};

	p.fragment.datagram = p.tuple;
	p.fragment.datagram.kind = KIND_FRAGMENT;
	return p;
}

/* How many stretches have come, and the end of the last one in bytes. */
static unsigned
stretches(const struct model *m, unsigned *end)
{
	unsigned count = 0;

	*end = 0;
	for (unsigned i = 0; i < UNITS; i++) {
		count += m->come[i] && (i == 0 || !m->come[i - 1]);
		if (m->come[i])
			*end = (i + 1) * 8;
	}
	return count;
}

static enum reason
lose(struct model *m)
{
	m->lost = true;
	return FRAGMENT_OVERLAP;
}

static enum reason
expect(struct model *m, const struct fragment_facts *f)
{
	unsigned first = f->start / 8u, beyond = (f->end + 7u) / 8, again = 0;
	unsigned end;

	if (!m->known)
		return f->start > 0 ? FRAGMENT_UNKNOWN : UNDECIDED;
	stretches(m, &end);
	if (m->lost)
		return FRAGMENT_OVERLAP;
	if (m->length
		? f->end > m->length || (f->is_last && f->end != m->length)
		: f->is_last && f->end < end)
		return lose(m);
	for (unsigned i = first; i < beyond; i++)
		again += m->come[i];
	if (again > 0)
		return again == beyond - first ? FRAGMENT_DUPLICATE : lose(m);
	for (unsigned i = first; i < beyond; i++)
		m->come[i] = true;
	if (stretches(m, &end) > 2) {
		for (unsigned i = first; i < beyond; i++)
			m->come[i] = false;
		return FRAGMENT_SCATTERED;
	}
	if (f->is_last)
		m->length = f->end;
	m->known = stretches(m, &end) > 1 || !m->length || end < m->length;
	return FRAGMENT;
}

static void
step(struct model *m, const struct conntrack *ct, const uint8_t *data)
{
	struct packet p = fragment_of(data);
	struct model on_trial = *m;
	enum reason trial = fragment_judge(ct, &p, true);

	require(trial == expect(&on_trial, &p.fragment));
	require(fragment_judge(ct, &p, false) == expect(m, &p.fragment));
	if (trial != UNDECIDED)
		return;
	fragment_accept(ct, &p);
	*m = (struct model){ .known = true };
	expect(m, &p.fragment);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct timeouts timeouts;
	static const uint8_t key[16];
	/* Each step may leave an entry that only a worker's end recycles. */
	struct table *table = table_create(NULL, 256, 1, key);
	struct meters *meters = meters_create(256, 1, key);
	struct conntrack ct = {
		.table = table,
		.meters = meters,
		.timing = { .timeouts = &timeouts, .haste.scale = SCALE_WHOLE },
	};
	struct model model = { .known = false };

	require(table && meters);
	for (size_t i = 0; i + 2 <= size && i < 512; i += 2)
		step(&model, &ct, data + i);
	require(table_count(table) == model.known);
	table_destroy(table);
	meters_destroy(meters);
	return 0;
}
