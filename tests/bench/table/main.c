/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a packet costs that belongs to a known flow, by how many flows there
 * are: the whole firewall (parse, find, judge, update) in batches and one at a
 * time, the flow table alone, and cds_lfht with the same keys, hashes and
 * touches in the same run; then opening, expiry, memory.  Rounds interleave
 * all of them.  A wrong answer fails; a slow one never does.
 *
 *   bench_table [--json] [--rounds N] [--small-pages] [FLOWS...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "conf.h"
#include "filter.h"
#include "lfht.h"
#include "traffic.h"

#define ROUNDS_MOST 25
#define CALLS       262144 /* of each kind in a round, at least */
#define CHUNK       4096   /* made ready before the clock runs */
#define STAGE       32     /* lookups whose memory is fetched together */

enum figure {
	PACKET_BATCHED,
	PACKET_SINGLE,
	PACKET_UNKNOWN,
	FIND_BATCHED,
	FIND_SINGLE,
	FIND_LFHT,
	MISS_BATCHED,
	MISS_SINGLE,
	MISS_LFHT,
	INSERT_TABLE,
	INSERT_LFHT,
	REMOVE_TABLE,
	REMOVE_LFHT,
	OPEN,
	SWEEP,
	FIGURE_COUNT
};

/* name in JSON, for people, the partner's figure to compare with */
static const struct {
	const char *name, *words;
	enum figure partner; /* itself: none */
} figures[] = {
	[PACKET_BATCHED] = { "packet_batched",
	    "packet of a flow, by 64 (find in cds_lfht)", FIND_LFHT },
	[PACKET_SINGLE] = { "packet_single", "packet of a flow, one at a time",
	    FIND_LFHT },
	[PACKET_UNKNOWN] = { "packet_unknown", "packet of no flow, by 64",
	    PACKET_UNKNOWN },
	[FIND_BATCHED] = { "find_batched", "find and touch, by 32", FIND_LFHT },
	[FIND_SINGLE] = { "find_single", "find and touch, one at a time",
	    FIND_LFHT },
	[FIND_LFHT] = { "find_lfht", "find and touch, cds_lfht", FIND_LFHT },
	[MISS_BATCHED] = { "miss_batched", "miss, by 32", MISS_LFHT },
	[MISS_SINGLE] = { "miss_single", "miss, one at a time", MISS_LFHT },
	[MISS_LFHT] = { "miss_lfht", "miss, cds_lfht", MISS_LFHT },
	[INSERT_TABLE] = { "insert", "insert", INSERT_LFHT },
	[INSERT_LFHT] = { "insert_lfht", "insert, cds_lfht", INSERT_LFHT },
	[REMOVE_TABLE] = { "remove", "find and remove", REMOVE_LFHT },
	[REMOVE_LFHT] = { "remove_lfht", "find and remove, cds_lfht",
	    REMOVE_LFHT },
	[OPEN] = { "open", "packet that opens a flow, by 64", OPEN },
	[SWEEP] = { "sweep", "sweep and expire, per flow of the table", SWEEP },
};

struct bench {
	uint32_t flows; /* most there may be */
	uint32_t known; /* ids below have a flow throughout */
	uint32_t spare; /* the rest, opened and expired */
	struct filter *filter;
	struct table *table;
	struct lfht *lfht;
	uint64_t now_ms;
	double resident_mb, bytes_per_flow;
	double ns[FIGURE_COUNT][ROUNDS_MOST];
};

static unsigned rounds = 5;
static bool small_pages;
static uint64_t random_state = 42;

static uint32_t
random_below(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) * below >> 32);
}

static void
require(bool holds, const char *claim)
{
	if (holds)
		return;
	fprintf(stderr, "bench_table: not so: %s\n", claim);
	exit(EXIT_FAILURE);
}

/* Of this thread: what others do on the machine does not count. */
static double
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double
resident_mb(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	require(file && fscanf(file, "%*u %lu", &pages) == 1, "statm is read");
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* ---- the whole firewall */

/* Hand over packets of ids first ... first + count - 1, or of random known
 * ones (first: UINT32_MAX); returns what the firewall took for each. */
static double
send_packets(struct bench *b, enum segment segment, uint32_t first,
    uint32_t count, size_t batch, enum reason want)
{
	static struct traffic traffic[CHUNK];
	static struct frame frames[CHUNK];
	struct decision decisions[FILTER_BATCH];
	double spent = 0;
	uint32_t wrong = 0;

	for (uint32_t done = 0; done < count;) {
		uint32_t n = count - done < CHUNK ? count - done : CHUNK;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t id = first == UINT32_MAX
					  ? random_below(b->known)
					  : first + done + i;
			frames[i] = traffic_make(&traffic[i], id, segment);
		}
		b->now_ms += n < CHUNK ? 0 : TICK_MS;
		double start = cpu_ns();
		for (uint32_t i = 0; i < n; i += (uint32_t)batch) {
			size_t some = n - i < batch ? n - i : batch;
			filter_batch(b->filter, 0, &frames[i], decisions, some,
			    b->now_ms);
			for (size_t k = 0; k < some; k++)
				wrong += decisions[k].why != want;
			filter_quiescent(b->filter, 0);
		}
		spent += cpu_ns() - start;
		done += n;
	}
	require(!wrong, reason_name(want));
	return spent / count;
}

static void
reclaim(struct bench *b)
{
	filter_sweep(b->filter, 0, b->now_ms += TICK_MS); /* hands over */
	filter_offline(b->filter, 0);
	filter_reclaim(b->filter);
	filter_online();
}

/* The half open flows have expired: one pass over the table takes them away. */
static double
expire(struct bench *b)
{
	double start = cpu_ns();

	b->now_ms += 300000;
	for (unsigned i = 0; filter_flow_count(b->filter) > b->known; i++) {
		require(i < 10000, "half open flows expire");
		filter_sweep(b->filter, 0, b->now_ms += TICK_MS);
	}
	double spent = cpu_ns() - start;
	reclaim(b);
	return spent / b->flows;
}

static struct policy *
policy(void)
{
	static const char text[] =
	    "inbound = ({ port = 22; action = \"allow\"; },"
	    " { port = 80; action = \"allow\"; },"
	    " { port = 443; action = \"allow\"; },"
	    " { port = \"*\"; action = \"block\"; });"
	    "outbound = ({ port = \"*\"; action = \"allow\"; });";
	struct conf_text file = { "bench.conf", text, sizeof(text) - 1 };
	struct diagnostics diagnostics = { 0 };
	struct policy *loaded = conf_load(&file, 1, &diagnostics);

	diagnostics_clear(&diagnostics);
	return loaded;
}

/* As the daemon does. */
static void
advise(void *memory, size_t size)
{
	size_t skip = -(uintptr_t)memory % (size_t)sysconf(_SC_PAGESIZE);

	if (!small_pages)
		madvise((char *)memory + skip, size - skip, MADV_HUGEPAGE);
}

static void
start_filter(struct bench *b)
{
	struct filter_options options = {
		.max_flows = b->flows,
		.workers = 1,
		.hash_key = { 1, 2, 3 },
		.interfaces = interfaces_create(),
	};
	struct policy *none;
	double before = resident_mb();

	b->filter = filter_create(&options);
	require(b->filter && filter_publish(b->filter, policy(), &none),
	    "there is memory");
	size_t size;
	void *memory = filter_memory(b->filter, &size);
	advise(memory, size);
	filter_enter(b->filter, 0);
	for (uint32_t id = 0; id < b->known;) {
		/* Few at a time are half open, as there is a quota. */
		uint32_t n = b->known - id < 256 ? b->known - id : 256;
		send_packets(b, SEGMENT_SYN, id, n, 64, RULE_ALLOW);
		send_packets(b, SEGMENT_SYN_ACK, id, n, 64, ESTABLISHED);
		send_packets(b, SEGMENT_ACK, id, n, 64, ESTABLISHED);
		id += n;
	}
	send_packets(b, SEGMENT_SYN, b->known, b->spare, 64, RULE_ALLOW);
	require(filter_flow_count(b->filter) == b->flows, "the table is full");
	b->resident_mb = resident_mb();
	b->bytes_per_flow = (b->resident_mb - before) * 1e6 / b->flows;
	expire(b);
}

/* ---- the tables alone */

static struct key keys[CHUNK];

static void
choose_keys(const struct bench *b, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		keys[i] = traffic_key(
		    first == UINT32_MAX ? random_below(b->known) : first + i);
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
		double start = cpu_ns();
		unsigned came = what(b, n, ++word);
		spent += cpu_ns() - start;
		require(came == (expected ? n : 0), "hits hit, misses miss");
		done += n;
	}
	return spent / count;
}

static void
start_tables(struct bench *b)
{
	static const uint8_t hash_key[16] = { 1, 2, 3 };

	b->table = table_create(b->flows, 1, hash_key);
	b->lfht = lfht_create(b->flows);
	require(b->table && b->lfht, "there is memory");
	size_t size;
	void *memory = table_memory(b->table, &size);
	advise(memory, size);
	clocked(b, insert_table, 0, b->known, true);
	clocked(b, insert_lfht, 0, b->known, true);
}

/* ---- rounds */

static uint32_t
calls(const struct bench *b)
{
	return b->flows > CALLS ? b->flows : CALLS;
}

static void
play_packets(struct bench *b, unsigned round)
{
	uint32_t n = calls(b);

	b->ns[PACKET_BATCHED][round] =
	    send_packets(b, SEGMENT_EITHER, UINT32_MAX, n, 64, ESTABLISHED);
	b->ns[PACKET_SINGLE][round] =
	    send_packets(b, SEGMENT_EITHER, UINT32_MAX, n, 1, ESTABLISHED);
	b->ns[PACKET_UNKNOWN][round] = send_packets(
	    b, SEGMENT_EITHER, b->known, b->spare, 64, NOT_A_START);
	b->ns[OPEN][round] =
	    send_packets(b, SEGMENT_SYN, b->known, b->spare, 64, RULE_ALLOW);
	b->ns[SWEEP][round] = expire(b);
}

static void
play_tables(struct bench *b, unsigned round)
{
	uint32_t n = calls(b), spare = b->spare;

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

static void
measure(struct bench *b)
{
	b->spare = b->flows / 16 / STAGE * STAGE;
	b->known = b->flows - b->spare;
	start_filter(b);
	start_tables(b);
	for (unsigned round = 0; round < rounds; round++) {
		play_packets(b, round);
		play_tables(b, round);
	}
	lfht_destroy(b->lfht);
	table_destroy(b->table);
	filter_leave(b->filter, 0);
	filter_destroy(b->filter);
}

static int
compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static void
print_json(const struct bench *b)
{
	printf("{\"flows\": %u, \"rounds\": %u", b->flows, rounds);
	for (unsigned f = 0; f < FIGURE_COUNT; f++)
		printf(", \"%s_ns\": [%.1f, %.1f, %.1f]", figures[f].name,
		    b->ns[f][0], b->ns[f][rounds / 2], b->ns[f][rounds - 1]);
	printf(", \"bytes_per_flow\": %.1f, \"resident_mb\": %.1f}\n",
	    b->bytes_per_flow, b->resident_mb);
}

static void
print_text(const struct bench *b)
{
	printf("\n%u flows, ns of thread CPU time, %u rounds\n%-46s %7s %7s "
	       "%7s  cds_lfht\n",
	    b->flows, rounds, "", "min", "median", "max");
	for (unsigned f = 0; f < FIGURE_COUNT; f++) {
		const double *ns = b->ns[f];
		double partner = b->ns[figures[f].partner][rounds / 2];
		printf("%-46s %7.1f %7.1f %7.1f", figures[f].words, ns[0],
		    ns[rounds / 2], ns[rounds - 1]);
		if (figures[f].partner != f)
			printf("   x %.1f", partner / ns[rounds / 2]);
		putchar('\n');
	}
	printf("%-46s %7.1f\n", "bytes per flow, resident", b->bytes_per_flow);
	printf("%-46s %7.1f\n", "MB resident, the process", b->resident_mb);
}

int
main(int argc, char **argv)
{
	static uint32_t standard[] = { 10000, 100000, 1000000, 4000000 };
	uint32_t chosen[16], *sizes = standard;
	size_t count = sizeof(standard) / sizeof(standard[0]), given = 0;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--small-pages"))
			small_pages = true;
		else if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
			rounds = (unsigned)atoi(argv[++i]);
		else if (given < 16)
			chosen[given++] = (uint32_t)atoi(argv[i]);
	}
	require(rounds > 0 && rounds <= ROUNDS_MOST, "1 to 25 rounds");
	if (given) {
		sizes = chosen;
		count = given;
	}
	for (size_t i = 0; i < count; i++) {
		static struct bench b;
		b = (struct bench){ .flows = sizes[i] };
		require(b.flows >= 1024, "1024 flows or more");
		measure(&b);
		for (unsigned f = 0; f < FIGURE_COUNT; f++)
			qsort(b.ns[f], rounds, sizeof(double), compare);
		if (json)
			print_json(&b);
		else
			print_text(&b);
	}
	return EXIT_SUCCESS;
}
