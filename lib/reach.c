/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of a rule what those before it match is subtracted; only those that meet it
 * matter.  They are merged first: a thousand rules that differ in their
 * addresses are one cube, and taking that away is one step, not a thousand.
 *
 * What may come to a rule is the most that it matches, behind the least that
 * the others take; what it decides for certain the least, behind the most.
 */
#include "reach.h"

#include <stdlib.h>

/* From here on it pays to merge. */
#define MANY 8

static void
merge_if_many(struct space *space, struct region *region)
{
	if (region->count > MANY)
		region_merge(space, region);
}

/* What is left of `whole` behind the first `count` regions. */
static struct region
left_behind(struct space *space, const struct region *whole,
    const struct region *takers, size_t count)
{
	struct region before = region_nothing();

	space_begin(space, REGION_STEPS);
	struct region left = region_copy(space, whole);
	for (size_t i = 0; i < count; i++)
		if (takers[i].unknown || region_meets(&takers[i], whole))
			region_add(space, &before, &takers[i]);
	merge_if_many(space, &before);
	region_subtract(space, &left, &before);
	merge_if_many(space, &left);
	region_free(&before);
	return left;
}

static bool
may_step_aside(const struct rule *rule)
{
	return rule->limits.any && rule->limits.on_overload == OVERLOAD_NEXT;
}

static bool
asks_sets(const struct rule *rule)
{
	return rule->from_set_count > 0 || rule->to_set_count > 0;
}

static void
fill(struct reach *reach, struct space *space)
{
	const struct rules *rules = reach->rules;
	bool as_written = reach->view == REACH_AS_WRITTEN;
	struct region all = region_everything(space);
	bool vague = false;

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		vague |=
		    !as_written && (may_step_aside(rule) || asks_sets(rule));
		struct region least = region_of_rule(space, rule, REGION_LEAST);
		reach->own[i] = as_written
				    ? region_copy(space, &least)
				    : region_of_rule(space, rule, REGION_MOST);
		reach->left[i] =
		    left_behind(space, &reach->own[i], reach->sure, i);
		reach->firm[i] = vague
				     ? left_behind(space, &least, reach->own, i)
				     : region_copy(space, &reach->left[i]);
		if (as_written || !may_step_aside(rule))
			reach->sure[i] = region_copy(space, &least);
		region_free(&least);
	}
	reach->none = left_behind(space, &all, reach->sure, rules->count);
	region_free(&all);
}

bool
reach_create(struct reach *reach, struct space *space,
    const struct rules *rules, enum reach_view view)
{
	size_t room = rules->count + 1;

	*reach = (struct reach){
		.rules = rules,
		.view = view,
		.own = calloc(room, sizeof(struct region)),
		.sure = calloc(room, sizeof(struct region)),
		.left = calloc(room, sizeof(struct region)),
		.firm = calloc(room, sizeof(struct region)),
	};
	bool whole = reach->own && reach->sure && reach->left && reach->firm;
	if (whole)
		fill(reach, space);
	return whole;
}

static void
free_regions(struct region *regions, size_t count)
{
	for (size_t i = 0; regions && i < count; i++)
		region_free(&regions[i]);
	free(regions);
}

void
reach_free(struct reach *reach)
{
	size_t count = reach->rules ? reach->rules->count : 0;

	free_regions(reach->own, count);
	free_regions(reach->sure, count);
	free_regions(reach->left, count);
	free_regions(reach->firm, count);
	region_free(&reach->none);
	*reach = (struct reach){ 0 };
}

struct region
reach_allowed(const struct reach *reach, struct space *space,
    bool stateless_only, bool firm)
{
	struct region allowed = region_nothing();

	for (size_t i = 0; i < reach->rules->count; i++) {
		const struct rule *rule = &reach->rules->rule[i];
		if (rule->action == ACTION_ALLOW &&
		    !(stateless_only && rule->stateful))
			region_add(space, &allowed,
			    firm ? &reach->firm[i] : &reach->left[i]);
	}
	merge_if_many(space, &allowed);
	return allowed;
}
