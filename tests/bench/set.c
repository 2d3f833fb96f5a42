/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a set costs: adding N members (1,000,000), asking for addresses that are
 * in it and that are not, and making room in a full one.
 *
 *   bench_set [MEMBERS]
 */
#include "set.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ASKED 4000000

static const uint8_t key[16] = { 0x1d, 0x2e, 0x3f, 0x40 };

/* The whole is measured by the time that this thread ran, other programs apart;
 * the longest single step by a clock that costs little to read. */
static double
now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* splitmix64: the same numbers in each run, in no order. */
static uint64_t
scatter(uint64_t n)
{
	n += UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

static struct address
any_address(uint64_t n, bool v6)
{
	return v6 ? (struct address){ 0x20010db800000000 |
					  (scatter(n) & 0xffffffff),
		scatter(~n) }
		  : address_from_v4((uint32_t)scatter(n));
}

/* Each length of the mix in turn. */
static struct prefix
member(uint64_t n, bool v6, bool mixed)
{
	static const unsigned lengths[] = { 128, 128, 128, 128, 120, 120, 118,
		116 };

	return prefix_of(any_address(n, v6), mixed ? lengths[n % 8] : 128);
}

static void
ask(const struct set *set, uint64_t from, uint64_t count, bool v6,
    const char *what)
{
	double start = now_ns(CLOCK_THREAD_CPUTIME_ID);
	uint64_t found = 0;

	for (uint64_t n = 0; n < ASKED; n++)
		found +=
		    set_has(set, any_address(from + scatter(n) % count, v6));
	printf("  %-14s %6.1f ns each (%llu found)\n", what,
	    (now_ns(CLOCK_THREAD_CPUTIME_ID) - start) / ASKED,
	    (unsigned long long)found);
}

static void
add(struct set *set, uint64_t from, uint64_t to, bool v6, bool mixed,
    uint32_t max, const char *what)
{
	double start = now_ns(CLOCK_THREAD_CPUTIME_ID), longest = 0;

	for (uint64_t n = from; n < to; n++) {
		struct prefix p = member(n, v6, mixed);
		double before = now_ns(CLOCK_MONOTONIC), took;
		if (set_add(set, &p, 1 + scatter(n) % 1000000, max) >= SET_FULL)
			exit(EXIT_FAILURE);
		if (set_retired(set) >= 1024)
			set_reclaim(set);
		took = now_ns(CLOCK_MONOTONIC) - before;
		if (took > longest)
			longest = took;
	}
	printf("  %-14s %6.1f ns each, the longest %.0f us\n", what,
	    (now_ns(CLOCK_THREAD_CPUTIME_ID) - start) / (double)(to - from),
	    longest / 1000);
}

static void
measure(uint64_t count, bool v6, bool mixed)
{
	struct set *set = set_create(key);

	printf("%llu members, %s, %s:\n", (unsigned long long)count,
	    v6 ? "IPv6" : "IPv4", mixed ? "4 lengths" : "addresses");
	add(set, 0, count, v6, mixed, UINT32_MAX, "add");
	ask(set, 0, count, v6, "members");
	ask(set, count, UINT32_MAX, v6, "others");
	add(set, count, count + 100000, v6, mixed, set_count(set),
	    "add to a full");
	double start = now_ns(CLOCK_THREAD_CPUTIME_ID);
	size_t expired = set_expire(set, UINT32_MAX);
	printf("  %-14s %6.1f ns each\n", "expire",
	    (now_ns(CLOCK_THREAD_CPUTIME_ID) - start) / (double)expired);
	set_destroy(set);
}

int
main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;

	for (unsigned kind = 0; kind < 4; kind++)
		measure(count, kind & 1, kind & 2);
	return EXIT_SUCCESS;
}
