/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long verdicts take: from when the worker has received a batch of packets
 * until the kernel has their verdicts.  What a packet waits in the kernel's
 * queue before that is not in it, for the kernel does not say when it came.
 * Every packet of a batch counts with the time of the batch.  One thread
 * writes, any reads.
 */
#ifndef EPHEMERALD_LATENCY_H
#define EPHEMERALD_LATENCY_H

#include <stdint.h>

#include "counter.h"

/* Bucket i holds what took up to 2^i microseconds, to about a second; the last
 * has no bound. */
#define LATENCY_BUCKETS 22

struct latency {
	struct counter bucket[LATENCY_BUCKETS], sum_ns;
};

struct latency_totals {
	uint64_t bucket[LATENCY_BUCKETS], count, sum_ns;
};

void latency_add(struct latency *latency, uint64_t ns, uint64_t packets);
/* Adds what it has. */
void latency_read(const struct latency *latency, struct latency_totals *totals);
/* UINT64_MAX: it has none. */
uint64_t latency_bound_ns(unsigned bucket);
/* The bound of the bucket in which the verdict is that so many thousandths are
 * not slower than; 0: there is none. */
uint64_t latency_quantile_ns(
    const struct latency_totals *totals, unsigned thousandths);

#endif
