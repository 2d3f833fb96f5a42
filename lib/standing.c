/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * If the sender is known, the first rule that matches decides.  If not, rules
 * that ask for one match too, each perhaps: those that refuse are passed over,
 * since they refuse others perhaps, and the first that is left is the best that
 * the flow may hope for.
 */
#include "standing.h"

/* *depends: for some senders the answer is another one. */
static const struct rule *
best_match(const struct rules *rules, const struct packet *first,
    const struct interfaces *interfaces, bool *depends)
{
	const struct rule *rule = rules_match(rules, first, interfaces);

	for (*depends = false;
	     rule && first->user == OWNER_ANYBODY && rule_asks_owner(rule);
	     rule = rules_match_after(rules, rule, first, interfaces)) {
		*depends = true;
		if (rule->action == ACTION_ALLOW)
			break;
	}
	return rule;
}

enum standing
standing_of(const struct policy *policy, const struct packet *first,
    const struct interfaces *interfaces, const struct rule **rule)
{
	struct packet opener = *first;
	bool depends;

	if (first->direction == OUTBOUND && !first->user)
		opener.user = opener.group = OWNER_ANYBODY;
	*rule = best_match(
	    &policy->tables[first->direction], &opener, interfaces, &depends);
	if (!*rule || (*rule)->action != ACTION_ALLOW)
		return FALLS;
	if (depends)
		return STANDS_BY_OWNER;
	return (*rule)->stateful ? STANDS : STANDS_APART;
}
