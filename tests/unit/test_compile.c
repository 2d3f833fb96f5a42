/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which tables get an index when a policy is loaded, and that an index which
 * misses a rule is found out before it is used.
 */
#include "compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier.h"
#include "conf.h"
#include "suites.h"

#define RULE_TEXT 128

/* So many rules, each with something in every field. */
static struct policy *
policy_of(unsigned rules)
{
	char *config = malloc((rules + 2) * RULE_TEXT), *at = config;
	struct diagnostics diagnostics = { 0 };

	ck_assert_ptr_nonnull(config);
	at += sprintf(at, "inbound = (");
	for (unsigned i = 0; i < rules; i++)
		at += sprintf(at,
		    "%s{ port = %u; protocol = \"tcp\"; from = "
		    "\"198.18.%u.%u\"; to = \"198.19.0.0/16\"; action = "
		    "\"allow\"; }",
		    i > 0 ? "," : "", 1000 + i, i / 256, i % 256);
	strcpy(at, ");");
	struct conf_text text = { "test.conf", config, strlen(config) };
	struct policy *policy = conf_load(&text, 1, &diagnostics);
	ck_assert_ptr_nonnull(policy);
	for (size_t i = 0; i < diagnostics.count; i++)
		ck_assert_msg(!strstr(diagnostics.line[i], "in order"), "%s",
		    diagnostics.line[i]);
	diagnostics_clear(&diagnostics);
	free(config);
	return policy;
}

static const struct {
	unsigned rules;
	bool indexed;
} tables[] = { { 1, false }, { 39, false }, { 40, true }, { 3000, true } };

START_TEST(long_tables_have_an_index_that_agrees)
{
	struct policy *policy = policy_of(tables[_i].rules);
	struct rules *rules = &policy->tables[TABLE_INBOUND];

	ck_assert(!rules->classifier == !tables[_i].indexed);
	ck_assert(index_agrees(rules));
	ck_assert_ptr_null(policy->tables[TABLE_FORWARD].classifier);
	ck_assert_ptr_null(classifier_create(&policy->tables[TABLE_FORWARD]));
	policy_destroy(policy);
}
END_TEST

/* What an index does not know that was made before. */
static void
change(struct rule *rule, int criterion)
{
	struct address_range elsewhere = { address_from_v4(1),
		address_from_v4(1) };

	if (criterion == 0)
		rule->hull = rule->ports[0] =
		    (struct port_range){ 40000, 40000 };
	if (criterion == 1)
		rule->from[0] = elsewhere;
	if (criterion == 2)
		rule->to[0] = elsewhere;
	if (criterion == 3)
		rule->protocols[0] = UINT64_C(1) << PROTOCOL_UDP;
}

START_TEST(an_index_that_misses_a_rule_is_found_out)
{
	struct policy *policy = policy_of(100);
	struct rules *rules = &policy->tables[TABLE_INBOUND];

	change(&rules->rule[57], _i);
	ck_assert(!index_agrees(rules));
	policy_destroy(policy);
}
END_TEST

Suite *
suite_compile(void)
{
	Suite *suite = suite_create("compile");
	TCase *tests = tcase_create("compile");

	tcase_add_loop_test(tests, long_tables_have_an_index_that_agrees, 0,
	    (int)(sizeof(tables) / sizeof(tables[0])));
	tcase_add_loop_test(
	    tests, an_index_that_misses_a_rule_is_found_out, 0, 4);
	suite_add_tcase(suite, tests);
	return suite;
}
