/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow table and cds_lfht, call by call: same keys, same hash, and a touch
 * that is the change of a flow's word.
 */
#include "bench.h"
#include "traffic.h"

#define STAGE 32 /* lookups whose memory is fetched together */

static struct key keys[CHUNK];

static void
choose_keys(const struct bench *b, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		keys[i] = traffic_key(
		    first == UINT32_MAX ? bench_known(b) : first + i);
}

static bool
touch(struct flow *flow, uint64_t word)
{
	return flow && flow_change(flow, flow_word(flow), word);
}

static unsigned
find_batched(const struct bench *b, uint32_t n, uint64_t word)
{
	uint64_t hash[STAGE];
	struct flow *hint[STAGE];
	unsigned found = 0;

	for (uint32_t at = 0; at < n; at += STAGE) {
		for (uint32_t i = 0; i < STAGE; i++) {
			hash[i] = table_hash(b->table, &keys[at + i]);
			table_prefetch_buckets(b->table, hash[i]);
		}
		for (uint32_t i = 0; i < STAGE; i++)
			hint[i] = table_prefetch_flow(b->table, hash[i]);
		for (uint32_t i = 0; i < STAGE; i++)
			found += touch(
			    table_confirm(hint[i], &keys[at + i])
				? hint[i]
				: table_find(b->table, &keys[at + i], hash[i]),
			    word);
	}
	return found;
}

static unsigned
find_single(const struct bench *b, uint32_t n, uint64_t word)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < n; i++)
		found += touch(table_find(b->table, &keys[i],
				   table_hash(b->table, &keys[i])),
		    word);
	return found;
}

static unsigned
find_lfht(const struct bench *b, uint32_t n, uint64_t word)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < n; i++)
		found += touch(lfht_find(b->lfht, &keys[i],
				   table_hash(b->table, &keys[i])),
		    word);
	return found;
}

static unsigned
insert_table(const struct bench *b, uint32_t n, uint64_t word)
{
	unsigned done = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct flow *flow = table_take(b->table, 0);
		if (!flow)
			break;
		for (unsigned k = 0; k < KEY_WORDS; k++)
			flow_set64(&flow->key[k], keys[i].word[k]);
		flow_set64(&flow->word, word);
		done += table_insert(b->table, 0, flow,
			    table_hash(b->table, &keys[i])) == flow;
	}
	return done;
}

static unsigned
insert_lfht(const struct bench *b, uint32_t n, uint64_t word)
{
	unsigned done = 0;

	for (uint32_t i = 0; i < n; i++)
		done += lfht_insert(
		    b->lfht, &keys[i], table_hash(b->table, &keys[i]), word);
	return done;
}

static unsigned
remove_table(const struct bench *b, uint32_t n, uint64_t word)
{
	unsigned done = 0;

	(void)word;
	for (uint32_t i = 0; i < n; i++) {
		struct flow *flow = table_find(
		    b->table, &keys[i], table_hash(b->table, &keys[i]));
		done += flow && table_kill(b->table, 0, flow, flow_word(flow));
	}
	return done;
}

static unsigned
remove_lfht(const struct bench *b, uint32_t n, uint64_t word)
{
	unsigned done = 0;

	(void)word;
	for (uint32_t i = 0; i < n; i++)
		done += lfht_remove(
		    b->lfht, &keys[i], table_hash(b->table, &keys[i]));
	return done;
}

/* ns for each key of `what`, which must come true for `expected` of a chunk's
 * keys: all or none. */
static double
clocked(const struct bench *b,
    unsigned (*what)(const struct bench *, uint32_t, uint64_t), uint32_t first,
    uint32_t count, bool expected)
{
	static uint64_t word = 1;
	double spent = 0;

	for (uint32_t done = 0; done < count;) {
		uint32_t n = count - done < CHUNK ? count - done : CHUNK;
		n = n < STAGE ? n : n / STAGE * STAGE;
		choose_keys(b, first == UINT32_MAX ? first : first + done, n);
		double start = bench_ns();
		unsigned came = what(b, n, ++word);
		spent += bench_ns() - start;
		bench_require(
		    came == (expected ? n : 0), "hits hit, misses miss");
		done += n;
	}
	return spent / count;
}

void
tables_start(struct bench *b)
{
	static const uint8_t hash_key[16] = { 1, 2, 3 };

	b->table = table_create(NULL, b->flows, 1, hash_key);
	b->lfht = lfht_create(b->flows);
	bench_require(b->table && b->lfht, "there is memory");
	size_t size;
	void *memory = table_memory(b->table, &size);
	bench_advise(memory, size);
	clocked(b, insert_table, 0, b->known, true);
	clocked(b, insert_lfht, 0, b->known, true);
}

void
tables_play(struct bench *b, unsigned round)
{
	uint32_t n = bench_calls(b), spare = b->spare;

	b->ns[FIND_BATCHED][round] =
	    clocked(b, find_batched, UINT32_MAX, n, true);
	b->ns[FIND_LFHT][round] = clocked(b, find_lfht, UINT32_MAX, n, true);
	b->ns[FIND_SINGLE][round] =
	    clocked(b, find_single, UINT32_MAX, n, true);
	b->ns[MISS_BATCHED][round] =
	    clocked(b, find_batched, b->known, spare, false);
	b->ns[MISS_LFHT][round] = clocked(b, find_lfht, b->known, spare, false);
	b->ns[MISS_SINGLE][round] =
	    clocked(b, find_single, b->known, spare, false);
	b->ns[INSERT_TABLE][round] =
	    clocked(b, insert_table, b->known, spare, true);
	b->ns[INSERT_LFHT][round] =
	    clocked(b, insert_lfht, b->known, spare, true);
	b->ns[REMOVE_TABLE][round] =
	    clocked(b, remove_table, b->known, spare, true);
	b->ns[REMOVE_LFHT][round] =
	    clocked(b, remove_lfht, b->known, spare, true);
	table_hand_over(b->table, 0);
	table_reclaim(b->table);
	lfht_reclaim(b->lfht);
}

void
tables_stop(struct bench *b)
{
	lfht_destroy(b->lfht);
	table_destroy(b->table);
}
