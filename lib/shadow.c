/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question to another policy (filter_try) for each packet that the rules in
 * force have decided.  The packets of flows never come here, so it costs them
 * nothing.
 */
#include "shadow.h"

/* By rules, so that others may say otherwise. */
static bool
decided_by_rules(enum reason why)
{
	switch (why) {
	case RULE_ALLOW:
	case RULE_BLOCK:
	case RULE_REJECT:
	case NO_RULE:
	case ACL_ALLOW:
	case ACL_BLOCK:
	case ACL_NO_RULE:
	case NOT_A_START:
	case ICMP_UNRELATED:
		return true;
	default:
		return false;
	}
}

void
shadow_ask(const struct regime *regime, unsigned worker,
    const struct interfaces *interfaces, struct decision *d, uint64_t now_ms)
{
	struct shadow_counters *count = &regime->shadow[worker];

	if (!decided_by_rules(d->why))
		return;
	struct trial t = filter_try(
	    NULL, regime->policy->shadow, interfaces, d->packet, now_ms);
	enum verdict verdict = reason_verdict(d->why);
	enum verdict other = reason_verdict(t.why);

	counter_add(&count->judged, 1);
	if (other == verdict)
		return;
	counter_add(other == VERDICT_ACCEPT     ? &count->would_accept
		    : verdict == VERDICT_ACCEPT ? &count->would_refuse
						: &count->otherwise,
	    1);
	d->shadow_why = t.why;
	d->shadow_rule = t.rule;
}
