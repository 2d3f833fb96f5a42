/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of this benchmark: main.c plays the rounds and prints,
 * firewall.c measures the whole firewall, tables.c the tables alone.  One
 * thread.
 */
#ifndef EPHEMERALD_BENCH_H
#define EPHEMERALD_BENCH_H

#include "filter.h"
#include "lfht.h"
#include "table.h"

#define ROUNDS_MOST 25
#define CHUNK       4096 /* made ready before the clock runs */

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

void firewall_start(struct bench *b);
void firewall_play(struct bench *b, unsigned round);
void firewall_stop(struct bench *b);

void tables_start(struct bench *b);
void tables_play(struct bench *b, unsigned round);
void tables_stop(struct bench *b);

/* How many calls of each kind a round makes. */
uint32_t bench_calls(const struct bench *b);
/* Id of a flow that is there, by chance. */
uint32_t bench_known(const struct bench *b);
/* Ends the program if not. */
void bench_require(bool holds, const char *claim);
/* CPU time of this thread: what others do on the machine does not count. */
double bench_ns(void);
double bench_resident_mb(void);
/* Huge pages, as the daemon does, unless small ones are asked for. */
void bench_advise(void *memory, size_t size);

#endif
