/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moments in time as they are written, and rules that end at one.
 */
#include <string.h>

#include "conf.h"
#include "moment.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* -1: is none. */
static const struct {
	const char *text;
	int64_t seconds;
} moments[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1970-01-01T00:00:01Z", 1 },
	{ "1999-12-31T23:59:59Z", 946684799 },
	{ "2000-02-29T12:00:00Z", 951825600 },
	{ "2024-02-29T00:00:00Z", 1709164800 },
	{ "2026-11-25T15:04:05Z", 1795619045 },
	{ "2038-01-19T03:14:08Z", INT64_C(2147483648) },
	{ "2100-03-01T00:00:00Z", INT64_C(4107542400) },
	{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
	{ "", -1 },
	{ "2026-11-25", -1 },
	{ "2026-11-25T15:04:05", -1 },
	{ "2026-11-25T15:04:05+01:00", -1 },
	{ "2026-11-25t15:04:05z", -1 },
	{ "2026-11-25T15:04:05Zx", -1 },
	{ "2026-00-25T15:04:05Z", -1 },
	{ "2026-13-25T15:04:05Z", -1 },
	{ "2026-11-00T15:04:05Z", -1 },
	{ "2026-11-31T15:04:05Z", -1 },
	{ "2026-02-29T15:04:05Z", -1 },
	{ "2100-02-29T15:04:05Z", -1 },
	{ "2026-11-25T24:00:00Z", -1 },
	{ "2026-11-25T23:60:00Z", -1 },
	{ "2026-12-31T23:59:60Z", -1 },
	{ "1969-12-31T23:59:59Z", -1 },
};

START_TEST(moments_are_read_and_written)
{
	int64_t seconds = -1;
	char text[MOMENT_TEXT_SIZE];

	ck_assert_int_eq(
	    moment_parse(moments[_i].text, &seconds), moments[_i].seconds >= 0);
	ck_assert_int_eq(seconds, moments[_i].seconds);
	if (seconds >= 0)
		ck_assert_str_eq(moment_print(seconds, text), moments[_i].text);
}
END_TEST

/* Of two rules, the first until 10:00:00 and the second until 11:00:00, at
 * that time of the day: which decides of port 22, 0: none; and what is the
 * next one to end. */
static const struct {
	const char *now;
	unsigned place;
	const char *next;
} clocks[] = {
	{ "2026-11-25T09:59:59Z", 1, "2026-11-25T10:00:00Z" },
	{ "2026-11-25T10:00:00Z", 2, "2026-11-25T11:00:00Z" },
	{ "2026-11-25T11:00:00Z", 0, NULL },
	/* It goes back when the clock is set back and the rules are read. */
	{ "2026-11-25T08:00:00Z", 1, "2026-11-25T10:00:00Z" },
};

START_TEST(a_rule_matches_until_it_ends)
{
	static const char text[] = "inbound = ("
				   " { port = 22; action = \"allow\";"
				   "   expires = \"2026-11-25T10:00:00Z\"; },"
				   " { port = 22; action = \"reject\";"
				   "   expires = \"2026-11-25T11:00:00Z\"; } );"
				   "outbound = ( { action = \"allow\"; } );";
	struct conf_text file = { "test.conf", text, strlen(text) };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = conf_load(&file, 1, &diagnostics);
	struct interfaces *interfaces = interfaces_create();
	struct packet packet = {
		.tuple = { .family = _i ? FAMILY_IPV6 : FAMILY_IPV4,
		    .protocol = PROTOCOL_TCP,
		    .dport = 22 },
		.direction = INBOUND,
		.tcp.flags = TCP_SYN,
	};

	ck_assert_ptr_nonnull(policy);
	for (size_t i = 0; i < ARRAY_LEN(clocks); i++) {
		int64_t now, next = 0;
		ck_assert(moment_parse(clocks[i].now, &now));
		policy_expire(policy, now);
		const struct rule *rule = rules_match(
		    &policy->tables[TABLE_INBOUND], &packet, interfaces);
		ck_assert_uint_eq(rule ? rule->place : 0, clocks[i].place);
		ck_assert(
		    !clocks[i].next || moment_parse(clocks[i].next, &next));
		ck_assert_int_eq(policy->next_expiry, next);
	}
	interfaces_destroy(interfaces);
	policy_destroy(policy);
	diagnostics_clear(&diagnostics);
}
END_TEST

Suite *
suite_expires(void)
{
	Suite *suite = suite_create("expires");
	TCase *tests = tcase_create("expires");

	tcase_add_loop_test(
	    tests, moments_are_read_and_written, 0, ARRAY_LEN(moments));
	tcase_add_loop_test(tests, a_rule_matches_until_it_ends, 0, 2);
	suite_add_tcase(suite, tests);
	return suite;
}
