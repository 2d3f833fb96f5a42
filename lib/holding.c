/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule has up to two meters, one for all that it lets in and one a source.
 * Both are taken, first the rule's; if the source is refused, the rule's is
 * given back, count and token.  In between another thread may find the rule at
 * its cap by that one: at the cap it errs to refusing, never to letting in.
 *
 * A flow that has completed its handshake is a proof that its source is no
 * forged one.  It is taken down (HOLDS_PROOF) by CAS after it was counted, and
 * given back with what the flow holds; who loses the CAS uncounts it.
 *
 * The reason tells which limit it was, and with `reject` its twin that answers.
 */
#include "holding.h"

#define SECOND_US UINT64_C(1000000)

/* The identity of no rule: these are counted from 1 on. */
#define FRAGMENTS holding_identity(UINT32_MAX)

static uint32_t
interval_of(const struct rule *rule)
{
	return rule->limits.rate.count
		   ? (uint32_t)(rule->limits.rate.seconds * SECOND_US /
				rule->limits.rate.count)
		   : 0;
}

/* The live flows of a source are counted to know it, even without a cap. */
static uint32_t
cap_of(const struct rule *rule, bool per_source)
{
	if (!per_source)
		return rule->limits.max_flows;
	return rule->limits.max_flows_per_source ||
		       rule->limits.on_overload != OVERLOAD_ADD
		   ? rule->limits.max_flows_per_source
		   : METER_UNCAPPED;
}

/* What one of the two meters asks of a newcomer; all 0: nothing. */
static struct meter_terms
terms_of(const struct rule *rule, bool per_source, bool opens)
{
	struct meter_terms terms = {
		.cap = opens ? cap_of(rule, per_source) : 0,
	};

	if (rule->limits.rate.per_source == per_source) {
		terms.interval_us = interval_of(rule);
		terms.depth_us =
		    (uint64_t)terms.interval_us * rule->limits.rate.burst;
	}
	return terms;
}

static struct meter_name
name_of(uint32_t identity, bool per_source, struct address source)
{
	struct meter_name name = { .identity = identity,
		.per_source = per_source };

	if (per_source)
		name.source = meter_source(source);
	return name;
}

static enum reason
reason_of(enum meter_answer answer, const struct rule *rule, bool per_source)
{
	bool reject = rule->limits.on_overload == OVERLOAD_REJECT;

	switch (answer) {
	case METER_TAKEN:
		return UNDECIDED;
	case METER_NO_TOKEN:
		return reject ? LIMIT_REJECT : LIMIT;
	case METER_NO_ROOM:
		return reject ? SOURCES_FULL_REJECT : SOURCES_FULL;
	case METER_CAP:
		break;
	}
	if (per_source)
		return reject ? MAX_FLOWS_PER_SOURCE_REJECT
			      : MAX_FLOWS_PER_SOURCE;
	return reject ? MAX_FLOWS_REJECT : MAX_FLOWS;
}

/* One of the two.  Adds to *held what is held now. */
static enum reason
take_one(struct meters *meters, unsigned worker, const struct applicant *a,
    bool per_source, uint64_t now_us, bool trial, uint32_t *held)
{
	uint32_t holds = per_source ? HOLDS_SOURCE : HOLDS_RULE;
	struct meter_terms terms = terms_of(a->rule, per_source, a->opens);
	struct meter_name name =
	    name_of(a->rule->identity, per_source, a->source);

	if (!terms.cap && !terms.interval_us)
		return UNDECIDED;
	/* What it replaces is counted there, and ends first. */
	if (terms.cap && terms.cap != METER_UNCAPPED && a->replaces & holds &&
	    holding_identity(a->replaces) == a->rule->identity &&
	    (!per_source ||
		address_equal(name.source, meter_source(a->replaces_source))))
		terms.cap++;
	enum meter_answer answer =
	    trial ? meter_ask(meters, &name, &terms, now_us)
		  : meter_take(meters, worker, &name, &terms, now_us);
	if (answer == METER_TAKEN && terms.cap)
		*held |= holds;
	return reason_of(answer, a->rule, per_source);
}

/* Undo take_one() that was not refused. */
static void
undo_one(struct meters *meters, const struct applicant *a, bool per_source)
{
	struct meter_terms terms = terms_of(a->rule, per_source, a->opens);
	struct meter_name name =
	    name_of(a->rule->identity, per_source, a->source);

	if (terms.cap || terms.interval_us)
		meter_give(meters, &name, terms.cap != 0, terms.interval_us);
}

enum reason
holding_take(struct meters *meters, unsigned worker, const struct applicant *a,
    uint64_t now_us, bool trial, uint32_t *held)
{
	*held = a->rule->identity;
	enum reason why =
	    take_one(meters, worker, a, false, now_us, trial, held);
	if (why != UNDECIDED)
		return why;
	why = take_one(meters, worker, a, true, now_us, trial, held);
	if (why != UNDECIDED && !trial)
		undo_one(meters, a, false);
	return why;
}

const char *
holding_key(enum reason why, const struct rule *rule)
{
	if (!holding_refused(why))
		return NULL;
	if (why == MAX_FLOWS || why == MAX_FLOWS_REJECT)
		return "max_flows";
	/* Sources are full: it watches them for either. */
	return why == LIMIT || why == LIMIT_REJECT ||
		       (!rule->limits.max_flows_per_source)
		   ? "limit"
		   : "max_flows_per_source";
}

void
holding_undo(struct meters *meters, const struct applicant *a)
{
	undo_one(meters, a, false);
	undo_one(meters, a, true);
}

uint32_t
holding_of(const struct rule *rule)
{
	return rule->identity | (cap_of(rule, false) ? HOLDS_RULE : 0) |
	       (cap_of(rule, true) ? HOLDS_SOURCE : 0);
}

uint32_t
holding_force(struct meters *meters, unsigned worker, const struct rule *rule,
    struct address source, uint64_t now_us)
{
	static const struct meter_terms counted = { .cap = METER_UNCAPPED };
	uint32_t wanted = holding_of(rule), held = rule->identity;

	for (unsigned per_source = 0; per_source < 2; per_source++) {
		struct meter_name name =
		    name_of(rule->identity, per_source, source);
		uint32_t holds = per_source ? HOLDS_SOURCE : HOLDS_RULE;
		/* No room for its source: it lives on uncounted. */
		if (wanted & holds && meter_take(meters, worker, &name,
					  &counted, now_us) == METER_TAKEN)
			held |= holds;
	}
	return held;
}

bool
holding_take_fragment(struct meters *meters, unsigned worker,
    struct address source, uint32_t cap, uint64_t now_us, uint32_t *held)
{
	struct meter_terms terms = { .cap = cap };
	struct meter_name name = name_of(FRAGMENTS, true, source);

	*held = FRAGMENTS | HOLDS_SOURCE;
	return meter_take(meters, worker, &name, &terms, now_us) == METER_TAKEN;
}

void
holding_prove(struct meters *meters, struct flow *flow, struct address source)
{
	uint32_t held = flow_get(&flow->rule);

	while (held & HOLDS_SOURCE && !(held & HOLDS_PROOF)) {
		struct meter_name name =
		    name_of(holding_identity(held), true, source);
		struct flow *meter = meter_prove(meters, &name);
		if (!meter)
			return; /* the flow is ending */
		if (flow_swap(&flow->rule, &held, held | HOLDS_PROOF))
			return;
		meter_unprove(meter);
	}
}

uint32_t
holding_unprove(struct meters *meters, uint32_t held, struct address source)
{
	struct meter_name name = name_of(holding_identity(held), true, source);
	struct flow *meter =
	    held & HOLDS_PROOF ? meter_find(meters, &name) : NULL;

	/* It is there: the flow is counted on it. */
	if (meter)
		meter_unprove(meter);
	return held & ~HOLDS_PROOF;
}

bool
holding_is_proven(
    const struct meters *meters, const struct rule *rule, struct address source)
{
	struct meter_name name = name_of(rule->identity, true, source);

	return meter_proofs(meters, &name) > 0;
}

void
holding_give(struct meters *meters, uint32_t held, struct address source)
{
	uint32_t identity = holding_identity(held);
	struct meter_name rule = name_of(identity, false, source);
	struct meter_name own = name_of(identity, true, source);

	holding_unprove(meters, held, source);
	if (held & HOLDS_RULE)
		meter_give(meters, &rule, true, 0);
	if (held & HOLDS_SOURCE)
		meter_give(meters, &own, true, 0);
}
