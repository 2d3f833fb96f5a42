/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free entries are full of POISON, but for those never used, which are 0.  Its
 * word is not 0, so a reader that takes a free entry for a live one says so.
 */
#include "probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define POISON UINT64_C(0xdeadf10edeadf10e)

void
probe_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

struct key
probe_key(unsigned n)
{
	struct key key = { .word = { n, n * 3, n * 5, n * 7, n << 8 } };
	return key;
}

bool
probe_is(const struct flow *flow, unsigned n)
{
	struct key key = probe_key(n);

	for (unsigned i = 0; i < KEY_WORDS; i++)
		if (flow_get64(&flow->key[i]) != key.word[i])
			return false;
	return flow_word(flow) != POISON;
}

void (*probe_freed)(struct flow *flow);

void
table_probe_freed(struct flow *flow)
{
	if (probe_freed)
		probe_freed(flow);
	for (unsigned i = 0; i < KEY_WORDS; i++)
		flow_set64(&flow->key[i], POISON);
	flow_set64(&flow->word, POISON);
	flow_set64(&flow->bytes[0], POISON);
}

static bool
untouched(const struct flow *flow, uint64_t value)
{
	for (unsigned i = 0; i < KEY_WORDS; i++)
		if (flow_get64(&flow->key[i]) != value)
			return false;
	return flow_word(flow) == value && flow_get64(&flow->bytes[0]) == value;
}

struct flow *
probe_take(struct table *table, unsigned worker, unsigned n, uint64_t word)
{
	struct flow *flow = table_take(table, worker);
	struct key key = probe_key(n);

	if (!flow)
		return NULL;
	if (!untouched(flow, POISON) && !untouched(flow, 0))
		probe_fail("a free entry was written to, or given out twice");
	for (unsigned i = 0; i < KEY_WORDS; i++)
		flow_set64(&flow->key[i], key.word[i]);
	flow_set64(&flow->bytes[0], word);
	flow_set64(&flow->word, word);
	return flow;
}

unsigned
probe_live(const struct table *table, unsigned n)
{
	struct key key = probe_key(n);
	struct flow *near[TABLE_NEIGHBOURS];
	size_t count = table_neighbours(table, table_hash(table, &key), near);
	unsigned live = 0;

	for (size_t i = 0; i < count; i++)
		live += probe_is(near[i], n);
	return live;
}

uint32_t
probe_reachable(const struct table *table)
{
	uint32_t reachable = 0;

	for (uint32_t slot = 0; slot < table_slots(table); slot++)
		reachable += table_at(table, slot) != NULL;
	return reachable;
}
