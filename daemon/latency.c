/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A histogram by powers of two: a count costs a few instructions a batch, and a
 * quantile is right within a factor of two, which is all that a busy machine's
 * clock has to say.
 */
#include "latency.h"

#define US_NS UINT64_C(1000)

void
latency_add(struct latency *latency, uint64_t ns, uint64_t packets)
{
	uint64_t us = (ns + US_NS - 1) / US_NS;
	unsigned bucket = us > 1 ? 64 - (unsigned)__builtin_clzll(us - 1) : 0;

	if (bucket >= LATENCY_BUCKETS)
		bucket = LATENCY_BUCKETS - 1;
	counter_add(&latency->bucket[bucket], packets);
	counter_add(&latency->sum_ns, ns * packets);
}

void
latency_read(const struct latency *latency, struct latency_totals *totals)
{
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		uint64_t count = counter_read(&latency->bucket[i]);
		totals->bucket[i] += count;
		totals->count += count;
	}
	totals->sum_ns += counter_read(&latency->sum_ns);
}

uint64_t
latency_bound_ns(unsigned bucket)
{
	return bucket + 1 < LATENCY_BUCKETS ? US_NS << bucket : UINT64_MAX;
}

uint64_t
latency_quantile_ns(const struct latency_totals *totals, unsigned thousandths)
{
	uint64_t below = 0;

	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		below += totals->bucket[i];
		if (below > 0 && below * 1000 >= totals->count * thousandths)
			return latency_bound_ns(i);
	}
	return 0;
}
