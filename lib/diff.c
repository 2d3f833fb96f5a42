/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each policy divides the packets of a direction among its rules, table by
 * table of their way.  Where the fates differ is computed for fates
 * first, which are few; only there the rules of both are looked at in pairs, so
 * that two large policies with one rule changed take little more than one.
 *
 * Essential packets, malformed ones and later fragments are not the rules'
 * business and may be in a change without one.
 */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "question.h"
#include "reach.h"
#include "regime.h"
#include "standing.h"

#define FATES (FATE_UNJUDGED + 1)

/* Packets that a rule, or that none matches, decides. */
struct share {
	struct ruling ruling;
	struct region region;
};

/* All packets of one direction. */
struct division {
	struct share *share;
	size_t count;
	struct region by_fate[FATES];
	bool failed;
};

struct side_of_diff {
	const struct policy *policy;
	struct reach reach[TABLE_COUNT];
};

const char *
fate_name(enum fate fate)
{
	static const char *const names[FATES] = {
		[FATE_ACCEPT] = "accept",
		[FATE_STATELESS] = "accept-stateless",
		[FATE_DROP] = "drop",
		[FATE_REJECT] = "reject",
		[FATE_UNJUDGED] = "not-judged",
	};
	return names[fate];
}

static enum fate
fate_of(enum table_id table, const struct rule *rule)
{
	if (!rule)
		return FATE_DROP;
	switch (rule->action) {
	case ACTION_ALLOW:
		return table < TABLE_ACL_INBOUND && rule->stateful
			   ? FATE_ACCEPT
			   : FATE_STATELESS;
	case ACTION_BLOCK:
		return FATE_DROP;
	case ACTION_REJECT:
		return FATE_REJECT;
	}
	return FATE_DROP;
}

/* Takes the region. */
static void
add_share(struct space *space, struct division *division, enum table_id table,
    const struct rule *rule, enum fate fate, struct region *region)
{
	struct share *larger =
	    realloc(division->share, (division->count + 1) * sizeof(larger[0]));

	if (larger)
		division->share = larger;
	region_add(space, &division->by_fate[fate], region);
	if (!larger || !(region_has_any(region) || region->unknown)) {
		division->failed |= !larger;
		region_free(region);
		return;
	}
	division->share[division->count++] = (struct share){
		.ruling = { fate, table, rule },
		.region = *region,
	};
}

/* What the table decides of `coming`, which is left with what it lets on to
 * the next one; of the last table that is nothing. */
static void
divide_table(struct space *space, struct division *division,
    const struct reach *reach, enum table_id table, bool last,
    struct region *coming)
{
	const struct rules *rules = reach->rules;
	struct region passing = region_nothing();

	for (size_t i = 0; i <= rules->count; i++) {
		const struct rule *rule =
		    i < rules->count ? &rules->rule[i] : NULL;
		enum fate fate = fate_of(table, rule);
		struct region here =
		    region_copy(space, rule ? &reach->left[i] : &reach->none);
		region_intersect(space, &here, coming);
		if (!last && fate == FATE_STATELESS) {
			region_add(space, &passing, &here);
			region_free(&here);
		} else {
			add_share(space, division, table, rule, fate, &here);
		}
	}
	region_free(coming);
	*coming = passing;
}

static void
divide(struct space *space, struct division *division,
    const struct side_of_diff *side, enum direction direction)
{
	static const enum table_id acl[] = { TABLE_ACL_INBOUND,
		TABLE_ACL_OUTBOUND };
	const struct policy *policy = side->policy;
	bool judges = regime_judges_connections(policy);
	struct region coming = region_everything(space);

	*division = (struct division){ 0 };
	if (direction == FORWARD && !policy->tables[TABLE_FORWARD].present) {
		add_share(space, division, TABLE_FORWARD, NULL, FATE_UNJUDGED,
		    &coming);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		bool on_way = direction == FORWARD || direction == i;
		if (on_way && policy->tables[acl[i]].present)
			divide_table(space, division, &side->reach[acl[i]],
			    acl[i], !judges, &coming);
	}
	if (judges)
		divide_table(space, division, &side->reach[direction],
		    (enum table_id)direction, true, &coming);
	region_free(&coming);
}

static void
division_free(struct division *division)
{
	for (size_t i = 0; i < division->count; i++)
		region_free(&division->share[i].region);
	free(division->share);
	for (enum fate o = 0; o < FATES; o++)
		region_free(&division->by_fate[o]);
}

/* False: out of memory.  Takes the region. */
static bool
add_change(struct difference *difference, enum direction direction,
    const struct share *before, const struct share *after,
    struct region *packets)
{
	struct change *larger = realloc(
	    difference->change, (difference->count + 1) * sizeof(larger[0]));

	if (!larger) {
		region_free(packets);
		return false;
	}
	difference->change = larger;
	difference->change[difference->count++] = (struct change){
		.direction = direction,
		.before = before->ruling,
		.after = after->ruling,
		.packets = *packets,
	};
	return true;
}

/* The pairs of rules that decide within `where` otherwise than each other. */
static bool
compare_shares(struct difference *difference, enum direction direction,
    const struct division *before, const struct division *after, enum fate old,
    enum fate new, const struct region *where)
{
	struct space *space = difference->space;
	bool whole = true;

	for (size_t i = 0; i < before->count; i++) {
		const struct share *b = &before->share[i];
		if (b->ruling.fate != old || !region_meets(&b->region, where))
			continue;
		for (size_t j = 0; j < after->count; j++) {
			const struct share *a = &after->share[j];
			if (a->ruling.fate != new ||
			    !region_meets(&b->region, &a->region))
				continue;
			space_begin(space, REGION_STEPS);
			struct region both = region_copy(space, &b->region);
			region_intersect(space, &both, &a->region);
			region_merge(space, &both);
			difference->complete &= !both.unknown;
			whole &= add_change(difference, direction, b, a, &both);
		}
	}
	return whole;
}

static bool
compare(struct difference *difference, enum direction direction,
    const struct side_of_diff *before, const struct side_of_diff *after)
{
	struct division old, new;
	struct space *space = difference->space;

	space_begin(space, 2 * REGION_STEPS);
	divide(space, &old, before, direction);
	divide(space, &new, after, direction);
	bool whole = !old.failed && !new.failed;
	for (enum fate o = 0; o < FATES && whole; o++)
		for (enum fate n = 0; n < FATES; n++) {
			if (n == o)
				continue;
			space_begin(space, REGION_STEPS);
			struct region where =
			    region_copy(space, &old.by_fate[o]);
			region_intersect(space, &where, &new.by_fate[n]);
			difference->complete &= !where.unknown;
			whole &= compare_shares(
			    difference, direction, &old, &new, o, n, &where);
			region_free(&where);
		}
	division_free(&old);
	division_free(&new);
	return whole;
}

static bool
reach_all(struct side_of_diff *side, struct space *space)
{
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		if (!reach_create(&side->reach[t], space,
			&side->policy->tables[t], REACH_AS_WRITTEN))
			return false;
	return true;
}

bool
policy_diff(const struct policy *before, const struct policy *after,
    struct difference *difference)
{
	const struct policy *const both[] = { before, after };
	struct side_of_diff old = { .policy = before };
	struct side_of_diff new = { .policy = after };

	*difference = (struct difference){
		.complete = true,
		.space = space_create(both, 2),
	};
	bool whole = difference->space && reach_all(&old, difference->space) &&
		     reach_all(&new, difference->space);
	for (enum direction d = INBOUND; d < DIRECTION_COUNT && whole; d++)
		whole = compare(difference, d, &old, &new);
	for (enum table_id t = 0; t < TABLE_COUNT; t++) {
		reach_free(&old.reach[t]);
		reach_free(&new.reach[t]);
	}
	if (!whole)
		difference_free(difference);
	return whole;
}

void
difference_free(struct difference *difference)
{
	for (size_t i = 0; i < difference->count; i++)
		region_free(&difference->change[i].packets);
	free(difference->change);
	space_destroy(difference->space);
	*difference = (struct difference){ 0 };
}

/* Does the network ACL let the packet by?  If not, *why says what blocks it. */
static bool
passes_acl(const struct policy *policy, const struct packet *packet,
    const struct interfaces *interfaces, struct ruling *why)
{
	static const enum table_id acl[] = { TABLE_ACL_INBOUND,
		TABLE_ACL_OUTBOUND };

	for (size_t i = 0; i < 2; i++) {
		const struct rules *rules = &policy->tables[acl[i]];
		bool on_way =
		    packet->direction == FORWARD || packet->direction == i;
		if (!on_way || !rules->present)
			continue;
		const struct rule *rule =
		    rules_match(rules, packet, interfaces);
		if (rule && rule->action == ACTION_ALLOW)
			continue;
		*why = (struct ruling){ FATE_DROP, acl[i], rule };
		return false;
	}
	return true;
}

bool
policy_cuts(const struct policy *before, const struct policy *after,
    const struct interfaces *interfaces, const struct packet *first,
    struct ruling *why)
{
	struct packet answer = question_answer(first);
	const struct packet *ways[] = { first, &answer };
	enum table_id table = (enum table_id)first->direction;
	struct ruling past;

	for (size_t i = 0; i < 2; i++)
		if (!passes_acl(after, ways[i], interfaces, why) &&
		    passes_acl(before, ways[i], interfaces, &past))
			return true;
	if (after->settings.on_reload == ON_RELOAD_KEEP ||
	    !regime_judges_connections(after) ||
	    (table == TABLE_FORWARD && !after->tables[table].present))
		return false;
	const struct rule *rule;
	enum standing standing = standing_of(after, first, interfaces, &rule);
	*why = (struct ruling){ fate_of(table, rule), table, rule };
	return standing == FALLS || standing == STANDS_APART;
}
