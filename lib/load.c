/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests of a config are questions (explain.h) with the answer beside them.
 * They are asked of the new policy with no connection alive, before anything of
 * it is in force.
 */
#include "load.h"

#include "explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECIDED_SIZE 200

/* "by inbound 3 at FILE:LINE" */
static const char *
decided_by(const struct policy *policy, const struct rule *rule,
    char text[DECIDED_SIZE])
{
	if (rule)
		snprintf(text, DECIDED_SIZE, "by %s %u at %.120s:%u",
		    table_name(policy_table_of(policy, rule)), rule->place,
		    rule->file, rule->line);
	else
		snprintf(text, DECIDED_SIZE, "by no rule");
	return text;
}

static bool
is_rule(
    const struct policy *policy, const struct rule *rule, const char *wanted)
{
	char place[40];

	if (!rule)
		return false;
	snprintf(place, sizeof(place), "%s %u",
	    table_name(policy_table_of(policy, rule)), rule->place);
	return strcmp(wanted, place) == 0 ||
	       (rule->name && strcmp(wanted, rule->name) == 0);
}

/* False: it fails, and why is in the diagnostics. */
static bool
holds(const struct policy *policy, const struct policy_test *test,
    struct interfaces *interfaces, struct diagnostics *diagnostics)
{
	struct packet packet;

	question_know(&test->question, interfaces);
	if (!question_packet(&test->question, interfaces, &packet)) {
		diagnostics_add(diagnostics,
		    "%s:%u: too many interfaces are named in tests", test->file,
		    test->line);
		return false;
	}
	struct trial t = filter_try(NULL, policy, interfaces, &packet, 0);
	enum verdict verdict = reason_verdict(t.why);
	char decided[DECIDED_SIZE];

	if (verdict != test->expect) {
		diagnostics_add(diagnostics,
		    "%s:%u: test \"%s\" fails: %s (%s) %s, expected is %s",
		    test->file, test->line, test->words, verdict_name(verdict),
		    reason_name(t.why), decided_by(policy, t.rule, decided),
		    verdict_name(test->expect));
		return false;
	}
	if (test->rule && !is_rule(policy, t.rule, test->rule)) {
		diagnostics_add(diagnostics,
		    "%s:%u: test \"%s\" fails: %s %s, expected is by \"%s\"",
		    test->file, test->line, test->words, verdict_name(verdict),
		    decided_by(policy, t.rule, decided), test->rule);
		return false;
	}
	if (!test->asks_reply)
		return true;
	t = explain_reply(NULL, policy, interfaces, &packet, &t, 0);
	if (reason_verdict(t.why) == test->reply)
		return true;
	diagnostics_add(diagnostics,
	    "%s:%u: test \"%s\" fails: its reply gets %s (%s) %s, expected is "
	    "%s",
	    test->file, test->line, test->words,
	    verdict_name(reason_verdict(t.why)), reason_name(t.why),
	    decided_by(policy, t.rule, decided), verdict_name(test->reply));
	return false;
}

/* A set whose members are elsewhere is none without them. */
static bool
has_all_members(const struct policy *policy, struct diagnostics *diagnostics)
{
	bool whole = true;

	for (size_t i = 0; i < policy->set_count; i++) {
		const struct named_set *set = &policy->sets[i];
		if (!set->members_file)
			continue;
		diagnostics_add(diagnostics,
		    "%s:%u: set \"%s\": no file is read here, accepted are "
		    "members",
		    set->file, set->line, set->name);
		whole = false;
	}
	return whole;
}

bool
policy_test(const struct policy *policy, struct diagnostics *diagnostics)
{
	struct interfaces *interfaces;
	bool passed = true;

	if (policy->test_count == 0)
		return true;
	interfaces = interfaces_create();
	if (!interfaces) {
		diagnostics_add(
		    diagnostics, "%s:1: out of memory", policy->files[0]);
		return false;
	}
	for (size_t i = 0; i < policy->test_count; i++)
		if (!holds(policy, &policy->tests[i], interfaces, diagnostics))
			passed = false;
	interfaces_destroy(interfaces);
	return passed;
}

struct policy *
policy_load(const struct conf_text *texts, size_t count,
    struct diagnostics *diagnostics)
{
	struct policy *policy = conf_load(texts, count, diagnostics);

	if (!policy || (has_all_members(policy, diagnostics) &&
			   policy_test(policy, diagnostics)))
		return policy;
	policy_destroy(policy);
	return NULL;
}
