/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of a rule what those before it match is subtracted; only those that meet it
 * matter.  They are merged first: a thousand rules that differ in their
 * addresses are one cube, and taking that away is one step, not a thousand.
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

bool
reach_steps_aside(const struct rule *rule)
{
	return rule->limits.any && rule->limits.on_overload == OVERLOAD_NEXT;
}

static bool
takes(const struct reach *reach, const struct rule *rule)
{
	return reach->load == REACH_BELOW_LIMITS || !reach_steps_aside(rule);
}

/* What is left of `whole` behind the first `count` rules. */
static struct region
left_behind(const struct reach *reach, struct space *space,
    const struct region *whole, size_t count)
{
	struct region before = region_nothing();

	space_begin(space, REGION_STEPS);
	struct region left = region_copy(space, whole);
	for (size_t i = 0; i < count; i++)
		if (takes(reach, &reach->rules->rule[i]) &&
		    (reach->own[i].unknown ||
			region_meets(&reach->own[i], whole)))
			region_add(space, &before, &reach->own[i]);
	merge_if_many(space, &before);
	region_subtract(space, &left, &before);
	merge_if_many(space, &left);
	region_free(&before);
	return left;
}

bool
reach_create(struct reach *reach, struct space *space,
    const struct rules *rules, enum reach_load load)
{
	struct region all = region_everything(space);

	*reach = (struct reach){ .rules = rules, .load = load };
	reach->own = calloc(rules->count + 1, sizeof(reach->own[0]));
	reach->left = calloc(rules->count + 1, sizeof(reach->left[0]));
	if (reach->own && reach->left) {
		for (size_t i = 0; i < rules->count; i++) {
			reach->own[i] = region_of_rule(space, &rules->rule[i]);
			reach->left[i] =
			    left_behind(reach, space, &reach->own[i], i);
		}
		reach->none = left_behind(reach, space, &all, rules->count);
	}
	region_free(&all);
	return reach->own && reach->left;
}

void
reach_free(struct reach *reach)
{
	size_t count = reach->rules ? reach->rules->count : 0;

	for (size_t i = 0; i < count && reach->own && reach->left; i++) {
		region_free(&reach->own[i]);
		region_free(&reach->left[i]);
	}
	region_free(&reach->none);
	free(reach->own);
	free(reach->left);
	*reach = (struct reach){ 0 };
}

struct region
reach_allowed(
    const struct reach *reach, struct space *space, bool stateless_only)
{
	struct region allowed = region_nothing();

	for (size_t i = 0; i < reach->rules->count; i++) {
		const struct rule *rule = &reach->rules->rule[i];
		if (rule->action == ACTION_ALLOW &&
		    !(stateless_only && rule->stateful))
			region_add(space, &allowed, &reach->left[i]);
	}
	merge_if_many(space, &allowed);
	return allowed;
}
