/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services for one family.  A rule for all of IPv4 and nothing of IPv6 is
 * probably one of a time when that was everybody.  It is wrong on a host that
 * has both if the same packets of IPv6 get the opposite, all of them.
 */
#include "lint_work.h"

#include <stdlib.h>

#include "region_space.h"
#include "region_text.h"

/* Nothing said of the address, all of IPv4 and nothing else, or neither. */
enum extent { EXTENT_ALL, EXTENT_V4, EXTENT_OTHER };

static enum extent
extent_of(const struct address_range *ranges, size_t count)
{
	if (count == 0)
		return EXTENT_ALL;
	return count == 1 && address_equal(ranges[0].low, block_v4.low) &&
		       address_equal(ranges[0].high, block_v4.high)
		   ? EXTENT_V4
		   : EXTENT_OTHER;
}

static bool
is_for_all_v4(const struct rule *rule)
{
	enum extent from = extent_of(rule->from, rule->from_count);
	enum extent to = extent_of(rule->to, rule->to_count);

	return rule->from_set_count == 0 && rule->to_set_count == 0 &&
	       from != EXTENT_OTHER && to != EXTENT_OTHER &&
	       (from == EXTENT_V4 || to == EXTENT_V4) && rule->icmp_count == 0;
}

/* What the rule would match if its addresses were those of IPv6. */
static struct region
twin_of(struct lint_work *work, const struct region *own)
{
	struct region twin = region_copy(work->space, own);

	region_widen(work->space, &twin, SIDE_FROM);
	region_widen(work->space, &twin, SIDE_TO);
	region_limit(
	    work->space, &twin, SIDE_FROM, space_of_family(FAMILY_IPV6));
	return twin;
}

static void
say_family(struct lint_work *work, enum table_id table, const struct rule *rule,
    const struct region *twin)
{
	static const char *const actions[] = { "allow", "block", "reject" };
	bool allows = rule->action == ACTION_ALLOW;
	struct phrase text = { 0 }, mend = { 0 };
	char *line =
	    cube_rule(work->space, &twin->cube[0], actions[rule->action]);

	lint_subject(&text, table, rule);
	phrase_add(&text,
	    " %ss IPv4 alone: this host has IPv6 too, of which the same is %s",
	    actions[rule->action], allows ? "blocked" : "allowed");
	if (line) {
		phrase_add(&mend, "after ");
		lint_place(&mend, table, rule, rule->file);
		phrase_add(&mend, " write %s", line);
	}
	free(line);
	lint_say(work, LINT_ONE_FAMILY, table, rule, &text, &mend);
}

/* Does the table do the opposite with the whole twin? */
static bool
is_opposite(struct lint_work *work, enum table_id table, bool allows,
    const struct region *twin)
{
	struct region allowed =
	    reach_allowed(&work->reach[table], work->space, false, !allows);
	struct region rest = region_copy(work->space, twin);
	bool opposite;

	region_subtract(work->space, &rest, &allowed);
	if (allows)
		opposite = !allowed.unknown && !region_meets(twin, &allowed);
	else
		opposite = region_is_empty(&rest);
	region_free(&rest);
	region_free(&allowed);
	return opposite;
}

static void
judge(struct lint_work *work, enum table_id table, size_t i)
{
	const struct rule *rule = &work->policy->tables[table].rule[i];
	const struct reach *reach = &work->reach[table];

	if (!is_for_all_v4(rule) || !region_has_any(&reach->left[i]))
		return;
	struct region twin = twin_of(work, &reach->own[i]);
	if (region_has_any(&twin) &&
	    is_opposite(work, table, rule->action == ACTION_ALLOW, &twin))
		say_family(work, table, rule, &twin);
	region_free(&twin);
}

void
lint_families(struct lint_work *work)
{
	if (!work->options->has_ipv6)
		return;
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < work->policy->tables[t].count; i++)
			judge(work, t, i);
}
