/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filter.c, the data path, and filter_shared.c, all around it, share.
 * Inside lib only.
 */
#ifndef EPHEMERALD_FILTER_SHARED_H
#define EPHEMERALD_FILTER_SHARED_H

#include <stdatomic.h>

#include "filter.h"

/* A packet with what was computed ahead. */
struct job {
	struct packet packet;
	struct lookup lookup;
};

struct worker {
	_Alignas(64) struct counter count[DIRECTION_COUNT][REASON_COUNT];
	struct published quiet; /* how often it was in a quiescent state */
	uint32_t swept_tick;
	struct job jobs[FILTER_BATCH];
};

struct filter {
	_Atomic(struct regime *) regime;
	struct table *table;
	struct meters *meters;
	struct interfaces *interfaces;
	struct worker *workers;
	unsigned worker_count;
	struct pressure pressure;
};

/* Any thread; good until its next quiescent state. */
static inline struct regime *
regime_in_force(const struct filter *filter)
{
	/* Acquire; pairs with the release in filter_publish(). */
	return atomic_load_explicit(&filter->regime, memory_order_acquire);
}

static inline struct timing
timing_of(
    const struct filter *filter, const struct policy *policy, uint64_t now_ms)
{
	struct timing timing = {
		.timeouts = &policy->settings.conntrack.timeouts,
		.policy = policy->has_timeouts ? policy : NULL,
		.haste = { .scale = SCALE_WHOLE },
		.tick = (uint32_t)(now_ms / TICK_MS),
	};

	if (filter->table)
		timing.haste = pressure_look(
		    &filter->pressure, table_count(filter->table));
	return timing;
}

static inline struct conntrack
conntrack_of(struct filter *filter, const struct regime *regime,
    unsigned worker, uint64_t now_ms)
{
	struct conntrack ct = {
		.table = filter->table,
		.meters = filter->meters,
		.pressure = &filter->pressure,
		.timing = timing_of(filter, regime->policy, now_ms),
		.now_us = now_ms * 1000,
		.worker = worker,
	};

	pressure_note(&filter->pressure, &ct.timing.haste);
	return ct;
}

#endif
