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
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CALLS 262144 /* of each kind in a round, at least */

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

static unsigned rounds = 5;
static bool small_pages;
static uint64_t random_state = 42;

uint32_t
bench_known(const struct bench *b)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) * b->known >> 32);
}

void
bench_require(bool holds, const char *claim)
{
	if (holds)
		return;
	fprintf(stderr, "bench_table: not so: %s\n", claim);
	exit(EXIT_FAILURE);
}

double
bench_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double
bench_resident_mb(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	bench_require(
	    file && fscanf(file, "%*u %lu", &pages) == 1, "statm is read");
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

void
bench_advise(void *memory, size_t size)
{
	size_t skip = -(uintptr_t)memory % (size_t)sysconf(_SC_PAGESIZE);

	if (!small_pages)
		madvise((char *)memory + skip, size - skip, MADV_HUGEPAGE);
}

uint32_t
bench_calls(const struct bench *b)
{
	return b->flows > CALLS ? b->flows : CALLS;
}

static void
measure(struct bench *b)
{
	b->spare = b->flows / 16 / 32 * 32;
	b->known = b->flows - b->spare;
	firewall_start(b);
	tables_start(b);
	for (unsigned round = 0; round < rounds; round++) {
		firewall_play(b, round);
		tables_play(b, round);
	}
	tables_stop(b);
	firewall_stop(b);
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
	bench_require(rounds > 0 && rounds <= ROUNDS_MOST, "1 to 25 rounds");
	if (given) {
		sizes = chosen;
		count = given;
	}
	for (size_t i = 0; i < count; i++) {
		static struct bench b;
		b = (struct bench){ .flows = sizes[i] };
		bench_require(b.flows >= 1024, "1024 flows or more");
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
