/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker pushes, main pops, both as fast as they can.  Claims: records come
 * whole, in order, none twice, none missing; a full ring counts what it
 * refuses.
 *
 *   stress_ring [RECORDS]
 */
#include "ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "drop.h"

static struct ring *ring;
static uint64_t records = 2000000;
static uint64_t refused; /* by a full ring; the worker's */

static void
require(bool holds, const char *claim, uint64_t record)
{
	if (holds)
		return;
	printf("record %llu: not %s\n", (unsigned long long)record, claim);
	exit(EXIT_FAILURE);
}

/* Numbered in a field at either end; what a full ring refuses comes again. */
static void *
push_all(void *argument)
{
	for (uint64_t n = 0; n < records; n++) {
		struct drop drop = {
			.tuple = { .src = { n, ~n } },
			.time_ms = n,
			.icmp_code = (uint8_t)n,
		};

		while (!ring_push(ring, &drop)) {
			refused++;
			sched_yield();
		}
	}
	return argument;
}

static void
check(const struct drop *drop, uint64_t n)
{
	require(drop->time_ms == n, "in order", n);
	require(drop->tuple.src.high == n && drop->tuple.src.low == ~n &&
		    drop->icmp_code == (uint8_t)n,
	    "whole", n);
}

int
main(int argc, char **argv)
{
	struct drop drop;
	pthread_t worker;

	if (argc > 1)
		records = strtoull(argv[1], NULL, 10);
	ring = ring_create(sizeof(struct drop), DROPS_WAITING);
	require(ring && pthread_create(&worker, NULL, push_all, NULL) == 0,
	    "started", 0);
	for (uint64_t n = 0; n < records;)
		if (ring_pop(ring, &drop))
			check(&drop, n++);
		else
			sched_yield();
	pthread_join(worker, NULL);
	require(!ring_pop(ring, &drop), "the last", records);
	require(ring_lost(ring) == refused, "counted", ring_lost(ring));
	printf("%llu records, %llu times full\n", (unsigned long long)records,
	    (unsigned long long)refused);
	ring_destroy(ring);
	return EXIT_SUCCESS;
}
