/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * That a rule keeps its number over reloads, and is found by it.
 */
#include "rules.h"

#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

static struct policy *
load(const char *config)
{
	struct conf_text text = { "test.conf", config, strlen(config) };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = conf_load(&text, 1, &diagnostics);

	ck_assert_msg(policy != NULL, "%s\nin %s",
	    diagnostics.count > 0 ? diagnostics.line[0] : "", config);
	diagnostics_clear(&diagnostics);
	return policy;
}

/*
 * Policies one after the other, and the numbers that their rules get, in
 * order: inbound, then outbound.  0 ends.
 */
static const struct {
	const char *config;
	uint32_t want[8];
} reloads[] = {
	{ "inbound = ( { port = 22; action = \"allow\"; },"
	  " { port = 80; action = \"allow\"; },"
	  " { name = \"web\"; port = 443; action = \"allow\"; } );"
	  "outbound = ( { action = \"allow\"; } );",
	    { 1, 2, 3, 4 } },
	/* reordered; a named one changed; one gone, one new */
	{ "inbound = ( { name = \"web\"; port = 8443; action = \"block\"; },"
	  " { port = 25; action = \"allow\"; },"
	  " { port = \"ssh\"; action = \"accept\"; } );"
	  "outbound = ( { action = \"allow\"; } );",
	    { 3, 5, 1, 4 } },
	/* what comes back is new; so is what moves to another table */
	{ "inbound = ( { port = 80; action = \"allow\"; },"
	  " { action = \"allow\"; } );"
	  "outbound = ( { name = \"web\"; port = 8443; action = \"block\"; } "
	  ");",
	    { 6, 7, 8 } },
	/* rules that say the same are told apart by their order */
	{ "inbound = ( { port = 80; action = \"allow\"; },"
	  " { port = 80; action = \"allow\"; },"
	  " { port = 80; action = \"allow\"; } );",
	    { 6, 9, 10 } },
	{ "inbound = ( { port = 22; action = \"allow\"; },"
	  " { port = 80; action = \"allow\"; },"
	  " { port = 80; action = \"allow\"; } );",
	    { 11, 6, 9 } },
	/* a name is not a text that looks like it */
	{ "inbound = ( { name = \"{ port = 80; action = \\\"allow\\\"; }\";"
	  " port = 1; action = \"allow\"; } );",
	    { 12 } },
	{ "inbound = ( );", { 0 } },
	/* numbers of policies long gone are not given again */
	{ "inbound = ( { port = 22; action = \"allow\"; } );", { 13 } },
};

START_TEST(a_rule_keeps_its_number_over_reloads)
{
	struct policy *old = NULL;

	for (size_t i = 0; i < sizeof(reloads) / sizeof(reloads[0]); i++) {
		struct policy *policy = load(reloads[i].config);
		const uint32_t *want = reloads[i].want;
		policy_identify(policy, old);
		for (enum table_id t = 0; t < TABLE_COUNT; t++)
			for (size_t r = 0; r < policy->tables[t].count; r++) {
				const struct rule *rule =
				    &policy->tables[t].rule[r];
				enum table_id table = TABLE_COUNT;
				ck_assert_msg(rule->identity == *want,
				    "policy %zu, %s %u: %u, want %u", i,
				    table_name(t), rule->place,
				    (unsigned)rule->identity, (unsigned)*want);
				want++;
				ck_assert_ptr_eq(policy_find_rule(policy,
						     rule->identity, &table),
				    rule);
				ck_assert_int_eq(table, t);
				ck_assert_int_eq(
				    policy_table_of(policy, rule), t);
			}
		ck_assert_uint_eq(*want, 0);
		policy_destroy(old);
		old = policy;
	}
	policy_destroy(old);
}
END_TEST

START_TEST(ten_thousand_rules_are_found_by_number)
{
	enum { RULES = 10000 };
	char *config = malloc(RULES * 64), *at = config;

	at += sprintf(at, "inbound = ( { action = \"block\"; }");
	for (int i = 1; i < RULES; i++)
		at += sprintf(at, ",{ port = %d; action = \"allow\"; }", i);
	strcpy(at, ");");
	struct policy *old = load(config), *policy = load(config);
	policy_identify(old, NULL);
	policy_identify(policy, old);
	for (uint32_t i = 1; i <= RULES; i++) {
		enum table_id table;
		const struct rule *rule = policy_find_rule(policy, i, &table);
		ck_assert_ptr_eq(
		    rule, &policy->tables[TABLE_INBOUND].rule[i - 1]);
	}
	enum table_id table = TABLE_FORWARD;
	ck_assert_ptr_null(policy_find_rule(policy, 0, &table));
	ck_assert_ptr_null(policy_find_rule(policy, RULES + 1, &table));
	ck_assert_int_eq(table, TABLE_FORWARD);
	policy_identify(policy, NULL); /* anew: all are fresh */
	ck_assert_uint_eq(policy->tables[TABLE_INBOUND].rule[0].identity, 1);
	policy_destroy(policy);
	policy_destroy(old);
	policy_destroy(NULL);
	free(config);
}
END_TEST

START_TEST(a_policy_without_numbers_finds_none)
{
	struct policy *policy = load("inbound = ( { action = \"allow\"; } );");
	enum table_id table;

	ck_assert_ptr_null(policy_find_rule(policy, 1, &table));
	policy_destroy(policy);
}
END_TEST

START_TEST(tables_have_their_names)
{
	static const char *const names[TABLE_COUNT] = { "inbound", "outbound",
		"forward", "acl.inbound", "acl.outbound" };

	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		ck_assert_str_eq(table_name(t), names[t]);
}
END_TEST

Suite *
suite_policy(void)
{
	Suite *suite = suite_create("policy");
	TCase *identity = tcase_create("identity");

	tcase_set_timeout(identity, 20);
	tcase_add_test(identity, a_rule_keeps_its_number_over_reloads);
	tcase_add_test(identity, ten_thousand_rules_are_found_by_number);
	tcase_add_test(identity, a_policy_without_numbers_finds_none);
	tcase_add_test(identity, tables_have_their_names);
	suite_add_tcase(suite, identity);
	return suite;
}
