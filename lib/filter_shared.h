/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filter.c, the data path, and filter_shared.c, all around it, share.
 * Inside lib only.
 */
#ifndef EPHEMERALD_FILTER_SHARED_H
#define EPHEMERALD_FILTER_SHARED_H

#include <stdatomic.h>

#include "filter.h"
#include "own.h"
#include "permit.h"
#include "ring.h"

/* A packet with what was computed ahead. */
struct job {
	struct packet packet;
	struct lookup lookup;
};

/* Of filter_set_ask(). */
struct ask {
	struct set *live;
	struct prefix source;
	uint32_t seconds;
	bool cut;
};

#define ASKS 256

struct worker {
	_Alignas(64) struct counter count[DIRECTION_COUNT][REASON_COUNT];
	struct published quiet; /* how often it was in a quiescent state */
	uint32_t swept_tick;
	struct job jobs[FILTER_BATCH];
	struct permits permits;
	struct published asked; /* so many so far, the last ASKS are in ask[] */
	struct ask ask[ASKS];
	struct ring *events;                    /* of struct flow_event */
	_Alignas(64) struct published answered; /* of these; the keeper's */
};

/* Live members, by the name of their set. */
struct live_set {
	char *name;
	struct set *set;
};

struct filter {
	_Atomic(struct regime *) regime;
	_Atomic(struct own *) own; /* NULL: not known */
	struct table *table;
	struct meters *meters;
	/* Of datagrams that come in fragments, and of their sources. */
	struct table *fragments;
	struct meters *fragment_meters;
	struct interfaces *interfaces;
	const struct fast_path *fast_path; /* or NULL */
	struct worker *workers;
	unsigned worker_count;
	struct sign watched; /* what becomes of flows is told */
	struct pressure pressure;
	/* The keeper's. */
	unsigned next_events; /* whose events come next */
	uint64_t generations; /* of verdicts on flows, so far */
	uint8_t hash_key[16];
	struct live_set *lives; /* also of names that no policy has any more */
	size_t live_count;
	struct set *cuts;     /* whose flows are to go */
	uint64_t cut_ms;      /* when flows were cut last */
	bool outdated;        /* sets have changed what rules say of flows */
	uint64_t outdated_ms; /* when flows were outdated last */
};

/* Until no worker uses what it could find before.  Keeper. */
void filter_wait(const struct filter *filter);
/* A generation as flows hold it, never 0. */
uint16_t filter_generation(uint64_t number);

/* Of filter_sets.c.  Gives each set of the policy its live members.  False: out
 * of memory, nothing has changed. */
bool filter_sets_bind(struct filter *filter, const struct policy *policy);
/* The policy is in force, and no worker uses the old one any more: take the
 * live members from that, and forget the names that nobody needs. */
void filter_sets_settle(struct filter *filter, const struct policy *policy,
    const struct policy *old);
void filter_sets_destroy(struct filter *filter);

/* No permit given so far holds any more.  After a change of what they rest on,
 * see permit.c.  Keeper. */
void filter_revoke(const struct filter *filter);

/* Before anything that permits rest on is read; 0: there are none. */
static inline uint32_t
permit_epoch(const struct filter *filter)
{
	return filter->fast_path ? epoch_read(filter->fast_path->epoch) : 0;
}

/* Any thread; good until its next quiescent state. */
static inline struct regime *
regime_in_force(const struct filter *filter)
{
	/* Acquire; pairs with the release in filter_publish(). */
	return atomic_load_explicit(&filter->regime, memory_order_acquire);
}

/* Likewise. */
static inline struct own *
own_now(const struct filter *filter)
{
	/* Acquire; pairs with the release in filter_set_own(). */
	return atomic_load_explicit(&filter->own, memory_order_acquire);
}

/* Asked once a batch: hardly ever is anybody banned. */
static inline const struct named_set *
banned_by(const struct policy *policy)
{
	return named_set_is_empty(policy->banned) ? NULL : policy->banned;
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
		.events = sign_read(&filter->watched)
			      ? filter->workers[worker].events
			      : NULL,
		.meters = filter->meters,
		.pressure = &filter->pressure,
		.timing = timing_of(filter, regime->policy, now_ms),
		.now_us = now_ms * 1000,
		.worker = worker,
		.tcp = regime->policy->settings.conntrack.tcp,
	};

	pressure_note(&filter->pressure, &ct.timing.haste);
	return ct;
}

#endif
