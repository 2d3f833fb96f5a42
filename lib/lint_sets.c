/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets that no rule asks, and into which none puts anybody.  The set "banned"
 * asks for nobody: the firewall itself looks there.
 */
#include "lint_work.h"

#include <stdlib.h>

static bool
names(const struct named_set *const *sets, size_t count,
    const struct named_set *set)
{
	for (size_t i = 0; i < count; i++)
		if (sets[i] == set)
			return true;
	return false;
}

static bool
is_used(const struct policy *policy, const struct named_set *set)
{
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++) {
			const struct rule *rule = &policy->tables[t].rule[i];
			if (names(rule->from_sets, rule->from_set_count, set) ||
			    names(rule->to_sets, rule->to_set_count, set) ||
			    rule->limits.add.set == set)
				return true;
		}
	return set == policy->banned;
}

void
lint_sets(struct lint_work *work)
{
	const struct policy *policy = work->policy;

	for (size_t i = 0; i < policy->set_count; i++) {
		const struct named_set *set = &policy->sets[i];
		struct phrase text = { 0 }, mend = { 0 };
		if (!set->file || is_used(policy, set))
			continue;
		phrase_add(&text, "set \"%s\" is in no rule", set->name);
		phrase_add(&mend, "delete it, or name it in a rule: \"@%s\"",
		    set->name);
		lint_say_at(
		    work, LINT_UNUSED_SET, set->file, set->line, &text, &mend);
	}
}
