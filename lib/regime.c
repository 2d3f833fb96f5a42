/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule counters.  A rule's number is its place among all rules of the policy,
 * table after table; each worker has an array by that number.  The totals of
 * regimes before are added when this one is published, after the last worker
 * has left the old one, so nothing is counted twice or lost.
 */
#include "regime.h"

#include "permit.h"

#include <stdlib.h>
#include <string.h>

#define LINE 64 /* bytes of a cache line */

void
regime_destroy(struct regime *regime)
{
	if (!regime)
		return;
	for (unsigned i = 0; regime->counters && i < regime->workers; i++)
		free(regime->counters[i]);
	free(regime->counters);
	free(regime->shadow);
	free(regime->before);
	free(regime);
}

bool
regime_judges_connections(const struct policy *policy)
{
	return policy->tables[TABLE_INBOUND].present ||
	       policy->tables[TABLE_OUTBOUND].present ||
	       policy->tables[TABLE_FORWARD].present;
}

static struct rule_counters *
counters_create(size_t count)
{
	/* A line more than needed, so that the end is nobody else's. */
	size_t size = (count * sizeof(struct rule_counters) / LINE + 2) * LINE;
	struct rule_counters *counters = aligned_alloc(LINE, size);

	if (counters)
		memset(counters, 0, size);
	return counters;
}

struct regime *
regime_create(struct policy *policy, unsigned workers)
{
	struct regime *regime = calloc(1, sizeof(*regime));

	if (!regime)
		return NULL;
	regime->policy = policy;
	regime->workers = workers;
	published_set(&regime->spares, policy->on_trial);
	regime->judges_connections = regime_judges_connections(policy);
	regime->acl_is_plain = permit_by_acl(policy);
	for (size_t t = 0; t < TABLE_COUNT; t++)
		regime->first[t + 1] =
		    regime->first[t] + policy->tables[t].count;
	size_t count = regime->first[TABLE_COUNT];
	regime->before = calloc(count + 1, sizeof(*regime->before));
	regime->counters = calloc(workers + 1, sizeof(*regime->counters));
	size_t shadow = (workers + 1) * sizeof(*regime->shadow);
	regime->shadow = aligned_alloc(LINE, shadow);
	if (regime->shadow)
		memset(regime->shadow, 0, shadow);
	bool whole = regime->before && regime->counters && regime->shadow;
	for (unsigned i = 0; whole && i < workers; i++)
		whole = (regime->counters[i] = counters_create(count)) != NULL;
	if (!whole) {
		regime_destroy(regime);
		return NULL;
	}
	return regime;
}

static size_t
rule_number(const struct regime *regime, const struct rule *rule)
{
	enum table_id table = policy_table_of(regime->policy, rule);

	return regime->first[table] +
	       (size_t)(rule - regime->policy->tables[table].rule);
}

void
regime_count(const struct regime *regime, unsigned worker,
    const struct rule *rule, uint32_t bytes, uint64_t now_ms)
{
	struct rule_counters *c =
	    &regime->counters[worker][rule_number(regime, rule)];

	counter_add(&c->hits, 1);
	counter_add(&c->bytes, bytes);
	counter_set(&c->last_hit_ms, now_ms);
}

struct rule_totals
regime_totals(const struct regime *regime, const struct rule *rule)
{
	size_t number = rule_number(regime, rule);
	struct rule_totals t = regime->before[number];

	for (unsigned i = 0; i < regime->workers; i++) {
		const struct rule_counters *c = &regime->counters[i][number];
		uint64_t last = counter_read(&c->last_hit_ms);
		t.hits += counter_read(&c->hits);
		t.bytes += counter_read(&c->bytes);
		if (last > t.last_hit_ms)
			t.last_hit_ms = last;
	}
	return t;
}

void
regime_inherit(struct regime *regime, const struct regime *old)
{
	for (size_t t = 0; t < TABLE_COUNT; t++) {
		const struct rules *rules = &regime->policy->tables[t];
		for (size_t i = 0; i < rules->count; i++) {
			enum table_id table;
			const struct rule *same = policy_find_rule(
			    old->policy, rules->rule[i].identity, &table);
			if (same)
				regime->before[regime->first[t] + i] =
				    regime_totals(old, same);
		}
	}
}
