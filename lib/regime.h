/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy in force: the policy, and what its rules have counted.  Immutable
 * but for the counters, one set a worker, so that no two write the same line.
 * Made and inherited by the keeper; inside lib only.
 */
#ifndef EPHEMERALD_REGIME_H
#define EPHEMERALD_REGIME_H

#include "counter.h"
#include "rules.h"

struct rule_totals {
	uint64_t hits;        /* packets that the rule itself decided */
	uint64_t bytes;       /* of those */
	uint64_t last_hit_ms; /* clock of filter_batch(), 0: never */
};

struct rule_counters {
	struct counter hits, bytes, last_hit_ms;
};

/* A worker's; see filter_shadow_totals(). */
struct shadow_counters {
	_Alignas(64) struct counter judged;
	struct counter would_accept, would_refuse, otherwise;
};

struct regime {
	struct policy *policy;   /* not owned */
	bool judges_connections; /* has more than an acl */
	bool acl_is_plain;       /* permit_by_acl() */
	/* Of the verdicts on flows, as flows hold it: it moves on when the
	 * policy does, or sets change what it says.  The keeper's. */
	struct published generation;
	/* On trial: flows that its rules refuse are dropped, but stay, so that
	 * the policy before can go on with them.  The keeper's. */
	struct published spares;
	unsigned workers;
	size_t first[TABLE_COUNT + 1];   /* number of each table's first rule */
	struct rule_counters **counters; /* [worker][rule number] */
	struct rule_totals *before;      /* [rule number]: of former regimes */
	struct shadow_counters *shadow;  /* [worker] */
};

/* NULL: out of memory. */
struct regime *regime_create(struct policy *policy, unsigned workers);
void regime_destroy(struct regime *regime); /* NULL is fine */
bool regime_judges_connections(const struct policy *policy);
/* What a rule of the old regime has counted goes on under its identity. */
void regime_inherit(struct regime *regime, const struct regime *old);
/* Worker thread. */
void regime_count(const struct regime *regime, unsigned worker,
    const struct rule *rule, uint32_t bytes, uint64_t now_ms);
/* Over all workers, and former regimes.  Keeper. */
struct rule_totals regime_totals(
    const struct regime *regime, const struct rule *rule);

#endif
