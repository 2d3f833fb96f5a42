/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that ask whose socket sends: what opens a flow, and what becomes of it
 * when the rules change.  An entry does not remember whose it is, so the next
 * packet of its sender decides, and until then what comes back passes.
 */
#include "owner.h"
#include "scenario.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const struct {
	const char *text;
	bool name, number;
} words[] = {
	{ "alice", true, false },
	{ "_apt", true, false },
	{ "systemd-network", true, false },
	{ "EXAMPLE\\bob", true, false },
	{ "user@example.org", true, false },
	{ "machine$", true, false },
	{ "0", false, true },
	{ "4294967293", false, true },
	{ "4294967294", false, false }, /* nobody has these two */
	{ "4294967295", false, false },
	{ "99999999999", false, false },
	{ "", false, false },
	{ "-1", false, false },
	{ "1a", false, false },
	{ "a b", false, false },
	{ "a:b", false, false },
	{ "a\"b", false, false },
	{ "a*", false, false },
	{ "\xc3\xa9", false, false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true, false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false },
};

START_TEST(names_and_numbers_are_told_apart)
{
	uint32_t number;

	ck_assert_int_eq(owner_is_name(words[_i].text), words[_i].name);
	ck_assert_int_eq(
	    owner_parse(words[_i].text, &number), words[_i].number);
}
END_TEST

#define OF_BOTH "outbound = ( { user = [1000, 1001]; action = \"allow\"; } );"
#define OF_1001 "outbound = ( { user = 1001; action = \"allow\"; } );"

SCENARIO(a_rule_asks_whose_socket_sends,
    "outbound = ( { user = 1000; port = 80; action = \"allow\"; },"
    " { group = \"2000-2009\"; port = 443; action = \"allow\"; },"
    " { user = 1001; group = 2000; action = \"allow\"; } );",
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", S, RULE_ALLOW, .user = 1000, .group = 9 },
    { OUT, TCP, "192.0.2.2:40001", "203.0.113.9:80", S, NO_RULE, .user = 999, .group = 9 },
    { OUT, TCP, "192.0.2.2:40001", "203.0.113.9:80", S, NO_RULE, .user = 1001, .group = 9 },
    { OUT, TCP, "192.0.2.2:40001", "203.0.113.9:80", S, NO_RULE },
    { OUT, TCP, "192.0.2.2:40002", "203.0.113.9:443", S, RULE_ALLOW, .user = 1, .group = 2000 },
    { OUT, TCP, "192.0.2.2:40003", "203.0.113.9:443", S, RULE_ALLOW, .user = 1, .group = 2009 },
    { OUT, TCP, "192.0.2.2:40004", "203.0.113.9:443", S, NO_RULE, .user = 1, .group = 2010 },
    { OUT, ICMP, "192.0.2.2", "203.0.113.9", PING, RULE_ALLOW, .user = 1001, .group = 2000 },
    { OUT, ICMP, "192.0.2.2", "203.0.113.8", PING, NO_RULE, .user = 1001, .group = 2001 })

/* The kernel answers for the socket at times. */
SCENARIO(packets_of_a_flow_need_not_say_whose_they_are, OF_BOTH,
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", S, RULE_ALLOW, .user = 1000 },
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40000", S | A, ESTABLISHED },
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", A, ESTABLISHED },
    { OUT, TCP, "192.0.2.2:40001", "203.0.113.9:80", S, NO_RULE })

SCENARIO(a_reload_cuts_one_user_and_leaves_the_other, OF_BOTH,
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", S, RULE_ALLOW, .user = 1000 },
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40000", S | A, ESTABLISHED },
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", A, ESTABLISHED, .user = 1000 },
    { OUT, TCP, "192.0.2.2:40001", "203.0.113.9:80", S, RULE_ALLOW, .user = 1001 },
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40001", S | A, ESTABLISHED },
    { OUT, TCP, "192.0.2.2:40001", "203.0.113.9:80", A, ESTABLISHED, .user = 1001 },
    /* What comes in does not say for whom; it will be acknowledged. */
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40000", A, ESTABLISHED, .length = 9, .reload = OF_1001 },
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40001", A, ESTABLISHED, .length = 9 },
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", A, REVOKED, .user = 1000 },
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40000", A, NOT_A_START },
    { OUT, TCP, "192.0.2.2:40001", "203.0.113.9:80", A, ESTABLISHED, .user = 1001 },
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40001", A, ESTABLISHED, .length = 9, .flows = 1 })

SCENARIO(a_reload_that_leaves_nobody_cuts_at_once, OF_BOTH,
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", S, RULE_ALLOW, .user = 1000 },
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40000", S | A, REVOKED,
	.reload = "outbound = ( { user = 1001; action = \"block\"; } );", .state = "" })

SCENARIO(a_rule_that_takes_a_right_away_is_heeded_too,
    "outbound = ( { action = \"allow\"; } );",
    { OUT, UDP, "192.0.2.2:40000", "203.0.113.9:53", 0, RULE_ALLOW, .user = 1000 },
    { OUT, UDP, "192.0.2.2:40001", "203.0.113.9:53", 0, RULE_ALLOW, .user = 1001 },
    { IN,  UDP, "203.0.113.9:53", "192.0.2.2:40000", 0, ESTABLISHED,
	.reload = "outbound = ( { user = 1000; action = \"block\"; }, { action = \"allow\"; } );" },
    { IN,  UDP, "203.0.113.9:53", "192.0.2.2:40001", 0, ESTABLISHED },
    { OUT, UDP, "192.0.2.2:40000", "203.0.113.9:53", 0, REVOKED, .user = 1000, .state = "" },
    { OUT, UDP, "192.0.2.2:40001", "203.0.113.9:53", 0, ESTABLISHED, .user = 1001 })

/* So nobody goes on with a right that was taken away by listening only. */
SCENARIO(answers_do_not_keep_alive_what_is_in_question, OF_BOTH,
    { OUT, UDP, "192.0.2.2:40000", "203.0.113.9:53", 0, RULE_ALLOW, .user = 1000, .expires_s = 120 },
    { IN,  UDP, "203.0.113.9:53", "192.0.2.2:40000", 0, ESTABLISHED,
	.wait_ms = 10000, .reload = OF_1001, .expires_s = 110 },
    { IN,  UDP, "203.0.113.9:53", "192.0.2.2:40000", 0, ESTABLISHED, .wait_ms = 10000, .expires_s = 100 },
    { IN,  UDP, "203.0.113.9:53", "192.0.2.2:40000", 0, NO_RULE, .wait_ms = 101000 })

SCENARIO(its_owner_keeps_it_alive, OF_BOTH,
    { OUT, UDP, "192.0.2.2:40000", "203.0.113.9:53", 0, RULE_ALLOW, .user = 1001, .expires_s = 120 },
    { OUT, UDP, "192.0.2.2:40000", "203.0.113.9:53", 0, ESTABLISHED,
	.wait_ms = 10000, .reload = OF_1001, .user = 1001, .expires_s = 120 },
    { IN,  UDP, "203.0.113.9:53", "192.0.2.2:40000", 0, ESTABLISHED, .wait_ms = 10000, .expires_s = 300 })

SCENARIO(what_is_kept_is_not_asked, "on_reload = \"keep\"; " OF_BOTH,
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", S, RULE_ALLOW, .user = 1000 },
    { IN,  TCP, "203.0.113.9:80", "192.0.2.2:40000", S | A, ESTABLISHED,
	.reload = "on_reload = \"keep\"; " OF_1001 },
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", A, ESTABLISHED, .user = 1000 })

SCENARIO(a_shadow_may_ask_alone,
    "outbound = ( { action = \"allow\"; } ); shadow:" OF_1001,
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:80", S, RULE_ALLOW, .user = 1001 },
    { OUT, TCP, "192.0.2.2:40001", "203.0.113.9:80", S, RULE_ALLOW, .user = 1000, .shadow = NO_RULE })
/* clang-format on */

Suite *
suite_owners(void)
{
	Suite *suite = suite_create("owners");
	TCase *tests = tcase_create("owners");

	tcase_add_loop_test(
	    tests, names_and_numbers_are_told_apart, 0, ARRAY_LEN(words));
	ADD_SCENARIO(tests, a_rule_asks_whose_socket_sends);
	ADD_SCENARIO(tests, packets_of_a_flow_need_not_say_whose_they_are);
	ADD_SCENARIO(tests, a_reload_cuts_one_user_and_leaves_the_other);
	ADD_SCENARIO(tests, a_reload_that_leaves_nobody_cuts_at_once);
	ADD_SCENARIO(tests, a_rule_that_takes_a_right_away_is_heeded_too);
	ADD_SCENARIO(tests, answers_do_not_keep_alive_what_is_in_question);
	ADD_SCENARIO(tests, its_owner_keeps_it_alive);
	ADD_SCENARIO(tests, what_is_kept_is_not_asked);
	ADD_SCENARIO(tests, a_shadow_may_ask_alone);
	suite_add_tcase(suite, tests);
	return suite;
}
