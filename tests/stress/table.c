/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many threads on few keys: insert, find and kill, with entries recycled all
 * the while.  Claims: a key is never live twice; what find returns has the key
 * that was asked for as long as the reader holds it; when all is quiet, the
 * count is what can be reached, and killing everything leaves nothing.
 *
 *   stress_table [OPERATIONS]
 */
#include "table.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#define THREADS 4
#define KEYS    8

static struct table *table;
static unsigned long operations = 300000;
static _Atomic int running = THREADS;
static _Atomic unsigned long inserted, adopted, killed, refused;

static struct key
key_of(unsigned n)
{
	struct key key = { .word = { n, n * 3, n * 5, n * 7, n << 8 } };
	return key;
}

/* Every word of an entry under a reader belongs to the one key. */
static void
check_whole(const struct flow *flow, unsigned n)
{
	struct key key = key_of(n);

	for (unsigned i = 0; i < KEY_WORDS; i++)
		if (flow_get64(&flow->key[i]) != key.word[i]) {
			fprintf(stderr, "an entry changed under its reader\n");
			abort();
		}
}

static void
insert(unsigned worker, unsigned n, uint64_t word)
{
	struct key key = key_of(n);
	struct flow *flow = table_take(table, worker);

	if (!flow) {
		refused++;
		return;
	}
	for (unsigned i = 0; i < KEY_WORDS; i++)
		flow_set64(&flow->key[i], key.word[i]);
	flow_set64(&flow->word, word);
	struct flow *there =
	    table_insert(table, worker, flow, table_hash(table, &key));
	if (there == flow) {
		inserted++;
		return;
	}
	table_give_back(table, worker, flow);
	if (there) {
		check_whole(there, n);
		adopted++;
	}
}

static unsigned
live_entries(unsigned n)
{
	struct key key = key_of(n);
	struct flow *near[TABLE_NEIGHBOURS];
	size_t count = table_neighbours(table, table_hash(table, &key), near);
	unsigned live = 0;

	for (size_t i = 0; i < count; i++)
		live += flow_get64(&near[i]->key[0]) == n;
	return live;
}

static void *
work(void *argument)
{
	unsigned worker = (unsigned)(uintptr_t)argument;
	uint64_t random = worker * 2654435761u + 1;

	urcu_qsbr_register_thread();
	for (unsigned long i = 0; i < operations; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		unsigned n = (unsigned)(random >> 20) % KEYS + 1;
		struct key key = key_of(n);
		uint64_t hash = table_hash(table, &key);
		struct flow *flow = table_find(table, &key, hash);
		if (!flow) {
			insert(worker, n, random | 1);
		} else {
			check_whole(flow, n);
			if (random % 3 == 0 &&
			    table_kill(table, worker, flow, flow_word(flow)))
				killed++;
			check_whole(flow, n);
		}
		if (i % 16 == 0)
			urcu_qsbr_quiescent_state();
		if (i % 64 == 0)
			table_hand_over(table, worker);
	}
	table_hand_over(table, worker);
	urcu_qsbr_unregister_thread();
	running--;
	return NULL;
}

static int
fail(const char *claim, unsigned n)
{
	fprintf(stderr, "stress_table: %s (%u)\n", claim, n);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static const uint8_t hash_key[16] = { 42 };
	pthread_t thread[THREADS];
	unsigned reachable = 0;

	if (argc > 1)
		operations = strtoul(argv[1], NULL, 10);
	/* Room for what waits for its grace period. */
	table = table_create(NULL, 100000, THREADS, hash_key);
	assert(table);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i);
	while (running)
		table_reclaim(table);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);

	urcu_qsbr_register_thread();
	for (unsigned n = 1; n <= KEYS; n++)
		if (live_entries(n) > 1)
			return fail("a key is live twice", n);
	for (uint32_t slot = 0; slot < table_slots(table); slot++)
		reachable += table_at(table, slot) != NULL;
	if (reachable != table_count(table))
		return fail("the count is not what can be reached", reachable);
	if (inserted - killed != reachable)
		return fail("inserted - killed is not what is left", reachable);
	for (uint32_t slot = 0; slot < table_slots(table); slot++) {
		struct flow *flow = table_at(table, slot);
		if (flow)
			table_kill(table, THREADS, flow, flow_word(flow));
	}
	if (table_count(table))
		return fail("killed, yet counted", table_count(table));
	printf("inserted %lu, adopted %lu, killed %lu, refused %lu\n",
	    (unsigned long)inserted, (unsigned long)adopted,
	    (unsigned long)killed, (unsigned long)refused);
	urcu_qsbr_unregister_thread();
	table_destroy(table);
	return EXIT_SUCCESS;
}
