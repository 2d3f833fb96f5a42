/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets in the firewall: rules ask them, the keeper changes them, and what they
 * say holds for new connections at once and for live ones soon.  192.0.2.2 is
 * our host.
 */
#include "scenario.h"
#include "suites.h"

#include <string.h>

#include "conf.h"

#define OUTBOUND_ALL "outbound = ( { port = \"*\"; action = \"allow\"; } );"

/* ssh from admins and one other, web from all but abusers. */
#define CONFIG                                                                 \
	"sets = { admins = [\"198.51.100.0/24\"];"                             \
	"         abusers = { time = 60; max = 2; }; };"                       \
	"inbound = ("                                                          \
	"  { from = \"@abusers\"; action = \"block\"; },"                      \
	"  { port = 22; from = (\"@admins\", \"203.0.113.7\");"                \
	"    action = \"allow\"; },"                                           \
	"  { port = 80; action = \"allow\"; } );" OUTBOUND_ALL

/* Nobody may be reached but those of the set; the rest is stateless. */
#define TO_CONFIG                                                              \
	"sets = { open = []; };"                                               \
	"acl = { inbound = ( { from = \"@open\"; action = \"allow\"; } );"     \
	"        outbound = ( { to = \"@open\"; action = \"allow\"; } ); };"

#define KEEP "on_reload = \"keep\";" CONFIG

/* The same rules, of other names: nobody is in the set. */
#define RENAMED                                                                \
	"sets = { admins = []; others = []; };"                                \
	"inbound = ("                                                          \
	"  { port = 22; from = (\"@admins\", \"@others\");"                    \
	"    action = \"allow\"; },"                                           \
	"  { port = 80; action = \"allow\"; } );" OUTBOUND_ALL

/* clang-format off */
SCENARIO(fixed_members_match_from, CONFIG,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S, RULE_ALLOW },
	{ IN,  TCP, "203.0.113.7:50000",  "192.0.2.2:22", S, RULE_ALLOW },
	{ IN,  TCP, "203.0.113.8:50000",  "192.0.2.2:22", S, NO_RULE })

SCENARIO(live_members_count_at_once_for_new_connections, CONFIG,
	{ IN,  TCP, "203.0.113.8:50000",  "192.0.2.2:22", S, NO_RULE },
	{ IN,  TCP, "203.0.113.8:50001",  "192.0.2.2:22", S, RULE_ALLOW, .keeper = "add admins 203.0.113.8" },
	{ IN,  TCP, "203.0.113.9:50001",  "192.0.2.2:22", S, NO_RULE },
	{ IN,  TCP, "203.0.113.9:50002",  "192.0.2.2:22", S, RULE_ALLOW, .keeper = "add admins 203.0.113.0/24" },
	{ IN,  TCP, "203.0.113.8:50003",  "192.0.2.2:22", S, RULE_ALLOW, .keeper = "del admins 203.0.113.8" },
	{ IN,  TCP, "203.0.113.8:50004",  "192.0.2.2:22", S, NO_RULE,    .keeper = "del admins 203.0.113.0/24" })

SCENARIO(a_set_of_an_acl_is_asked_for_every_packet, TO_CONFIG,
	{ OUT, TCP, "192.0.2.2:50000", "203.0.113.8:80", S,     ACL_NO_RULE },
	{ OUT, TCP, "192.0.2.2:50000", "203.0.113.8:80", S,     ACL_ALLOW, .keeper = "add open 203.0.113.8 10" },
	{ IN,  TCP, "203.0.113.8:80", "192.0.2.2:50000", S | A, ACL_ALLOW },
	{ IN,  TCP, "203.0.113.9:80", "192.0.2.2:50000", S | A, ACL_NO_RULE },
	{ OUT, TCP, "192.0.2.2:50000", "203.0.113.8:80", A,     ACL_ALLOW, .wait_ms = 9999 },
	{ OUT, TCP, "192.0.2.2:50000", "203.0.113.8:80", A,     ACL_NO_RULE, .wait_ms = 1 })

/* The second change waits until a second after the first. */
SCENARIO(live_connections_follow_a_change_once_a_second, CONFIG,
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:22", S,     RULE_ALLOW, .keeper = "add admins 203.0.113.8" },
	{ OUT, TCP, "192.0.2.2:22", "203.0.113.8:50000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:50000", "192.0.2.2:22", S,     RULE_ALLOW, .keeper = "add admins 203.0.113.9", .wait_ms = 500 },
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:22", A,     ESTABLISHED, .keeper = "del admins 203.0.113.8" },
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:22", A,     ESTABLISHED, .wait_ms = 499 },
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:22", A,     REVOKED, .wait_ms = 1, .state = "" },
	{ OUT, TCP, "192.0.2.2:22", "203.0.113.9:50000", S | A, ESTABLISHED })

SCENARIO(live_connections_follow_the_end_of_a_member, CONFIG,
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:22", S,     RULE_ALLOW, .keeper = "add admins 203.0.113.8 30" },
	{ OUT, TCP, "192.0.2.2:22", "203.0.113.8:50000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:22", A,     ESTABLISHED, .wait_ms = 29999 },
	{ OUT, TCP, "192.0.2.2:22", "203.0.113.8:50000", A,     REVOKED, .wait_ms = 1, .state = "" })

SCENARIO(a_set_blocks_a_live_connection_too, CONFIG,
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:80", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.8:50000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:80", A,     REVOKED, .keeper = "add abusers 203.0.113.8" },
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:80", S,     RULE_BLOCK },
	{ IN,  TCP, "203.0.113.8:50002", "192.0.2.2:80", S,     RULE_ALLOW, .wait_ms = 60000 })

SCENARIO(keep_leaves_live_connections_to_themselves, KEEP,
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:80", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.8:50000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:80", A,     ESTABLISHED, .keeper = "add abusers 203.0.113.8" },
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:80", S,     RULE_BLOCK })

SCENARIO(live_members_survive_a_reload_by_the_name_of_their_set, CONFIG,
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:22", S, RULE_ALLOW, .keeper = "add admins 203.0.113.8 100" },
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:22", S, RULE_ALLOW, .reload = RENAMED },
	{ IN,  TCP, "198.51.100.1:50001", "192.0.2.2:22", S, NO_RULE },
	{ IN,  TCP, "203.0.113.9:50000", "192.0.2.2:22", S, RULE_ALLOW, .keeper = "add others 203.0.113.9 100" },
	{ IN,  TCP, "203.0.113.9:50001", "192.0.2.2:22", S, NO_RULE,    .reload = CONFIG },
	{ IN,  TCP, "203.0.113.9:50002", "192.0.2.2:22", S, RULE_ALLOW, .reload = RENAMED },
	{ IN,  TCP, "203.0.113.8:50002", "192.0.2.2:22", S, RULE_ALLOW, .wait_ms = 99999 },
	{ IN,  TCP, "203.0.113.8:50003", "192.0.2.2:22", S, NO_RULE,    .wait_ms = 1 },
	{ IN,  TCP, "203.0.113.9:50003", "192.0.2.2:22", S, NO_RULE })

SCENARIO(a_ban_cuts_at_once_and_both_ways, KEEP,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", S | A, ESTABLISHED },
	{ OUT, TCP, "192.0.2.2:50000", "198.51.100.1:80", S,     RULE_ALLOW, .state = "syn-sent" },
	{ OUT, TCP, "192.0.2.2:50000", "203.0.113.1:80",  S,     RULE_ALLOW },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     BANNED, .keeper = "ban 198.51.100.1 100", .state = "" },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", A,     BANNED },
	{ OUT, TCP, "192.0.2.2:50000", "198.51.100.1:80", S,     BANNED, .state = "" },
	{ OUT, UDP, "192.0.2.2:50000", "198.51.100.1:53", 0,     BANNED },
	{ OUT, ICMP, "192.0.2.2", "198.51.100.1",         PING,  BANNED },
	{ IN,  TCP, "203.0.113.1:80", "192.0.2.2:50000",  S | A, ESTABLISHED },
	/* the neighbour is not banned */
	{ IN,  TCP, "198.51.100.2:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	/* it ends by itself, and what was cut stays so */
	{ IN,  TCP, "198.51.100.1:50001", "192.0.2.2:22", S,     BANNED, .wait_ms = 99999 },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     NOT_A_START, .wait_ms = 1 },
	{ IN,  TCP, "198.51.100.1:50001", "192.0.2.2:22", S,     RULE_ALLOW })

SCENARIO(a_ban_is_taken_back, CONFIG,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S, BANNED, .keeper = "ban 198.51.100.0/24" },
	{ IN,  TCP, "198.51.100.9:50000", "192.0.2.2:22", S, BANNED, .reload = RENAMED },
	{ IN,  TCP, "198.51.100.9:50000", "192.0.2.2:80", S, RULE_ALLOW, .keeper = "del banned 198.51.100.0/24" })

SCENARIO(an_acl_that_allows_does_not_help_the_banned, TO_CONFIG,
	{ OUT, TCP, "192.0.2.2:50000", "203.0.113.8:80", S, ACL_ALLOW, .keeper = "add open 203.0.113.8" },
	{ OUT, TCP, "192.0.2.2:50000", "203.0.113.8:80", S, BANNED, .keeper = "ban 203.0.113.8" })

SCENARIO(the_config_may_ban, "sets = { banned = [\"203.0.113.0/24\"]; }; inbound = ( { action = \"allow\"; } );",
	{ IN,  TCP, "203.0.113.8:50000",  "192.0.2.2:22", S, BANNED },
	{ IN,  TCP, "198.51.100.8:50000", "192.0.2.2:22", S, RULE_ALLOW })

SCENARIO(a_worker_asks_and_the_keeper_does, CONFIG,
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:80", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.8:50000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:80", S,     RULE_BLOCK, .keeper = "cut abusers 203.0.113.8 30" },
	{ IN,  TCP, "203.0.113.8:50000", "192.0.2.2:80", A,     NOT_A_START, .state = "" },
	/* it is not let go earlier than it was */
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:80", S,     RULE_BLOCK, .keeper = "ask abusers 203.0.113.8 3" },
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:80", S,     RULE_BLOCK, .wait_ms = 29000 },
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:80", S,     RULE_BLOCK, .keeper = "ask abusers 203.0.113.8" },
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:80", S,     RULE_BLOCK, .wait_ms = 59999 },
	{ IN,  TCP, "203.0.113.8:50001", "192.0.2.2:80", S,     RULE_ALLOW, .wait_ms = 1 })

/* Two members at most. */
SCENARIO(a_full_set_drops_whom_is_nearest_its_end, CONFIG,
	{ IN,  TCP, "203.0.113.1:50000", "192.0.2.2:80", S, RULE_BLOCK, .keeper = "add abusers 203.0.113.1 20" },
	{ IN,  TCP, "203.0.113.2:50000", "192.0.2.2:80", S, RULE_BLOCK, .keeper = "add abusers 203.0.113.2 10" },
	{ IN,  TCP, "203.0.113.3:50000", "192.0.2.2:80", S, RULE_BLOCK, .keeper = "add abusers 203.0.113.3 30" },
	{ IN,  TCP, "203.0.113.2:50000", "192.0.2.2:80", S, RULE_ALLOW },
	{ IN,  TCP, "203.0.113.1:50000", "192.0.2.2:80", S, RULE_BLOCK })
/* clang-format on */

/* A filter with one policy, this thread its only worker and its keeper. */
static struct filter *
filter_of(const char *config, struct interfaces *interfaces)
{
	struct filter_options options = {
		.max_flows = 10,
		.workers = 1,
		.interfaces = interfaces,
	};
	struct conf_text text = { "test.conf", config, strlen(config) };
	struct diagnostics diagnostics = { NULL, 0 };
	struct policy *old, *policy = conf_load(&text, 1, &diagnostics);
	struct filter *filter = filter_create(&options);

	diagnostics_clear(&diagnostics);
	ck_assert(filter && policy && filter_publish(filter, policy, &old));
	filter_enter(filter, 0);
	return filter;
}

static struct prefix
prefix(const char *text)
{
	struct prefix p = { 0 };

	ck_assert_msg(prefix_parse(text, &p), "%s", text);
	return p;
}

/* clang-format off */
static const struct {
	enum { REMOVE, TEST, INSERT } verb;
	const char *set, *member;
	enum set_answer answer;
} answers[] = {
	{ INSERT, "admins",  "203.0.113.8",      SET_DONE },
	{ INSERT, "admins",  "203.0.113.8",      SET_DONE },
	{ INSERT, "admin",   "203.0.113.8",      SET_NO_SET },
	{ TEST,   "admins",  "203.0.113.8",      SET_DONE },
	{ TEST,   "admins",  "203.0.113.9",      SET_NO_MEMBER },
	{ TEST,   "admins",  "198.51.100.77",    SET_DONE },
	{ TEST,   "admin",   "203.0.113.8",      SET_NO_SET },
	{ REMOVE, "admin",   "203.0.113.8",      SET_NO_SET },
	{ REMOVE, "admins",  "203.0.113.9",      SET_NO_MEMBER },
	{ REMOVE, "admins",  "203.0.113.0/24",   SET_NO_MEMBER },
	{ REMOVE, "admins",  "203.0.113.8",      SET_DONE },
	{ REMOVE, "admins",  "203.0.113.8",      SET_NO_MEMBER },
	{ REMOVE, "admins",  "198.51.100.0/24",  SET_FIXED_MEMBER },
	{ REMOVE, "admins",  "198.51.100.1",     SET_FIXED_MEMBER },
	{ REMOVE, "admins",  "198.51.0.0/16",    SET_NO_MEMBER },
	/* two at most, and they stay */
	{ INSERT, "abusers", "203.0.113.1",      SET_DONE },
	{ INSERT, "abusers", "203.0.113.2",      SET_DONE },
	{ INSERT, "abusers", "203.0.113.3",      SET_NO_ROOM },
	{ INSERT, "banned",  "203.0.113.3",      SET_DONE },
	{ TEST,   "banned",  "203.0.113.3",      SET_DONE },
};
/* clang-format on */

START_TEST(each_question_has_its_answer)
{
	struct interfaces *interfaces = interfaces_create();
	struct filter *filter = filter_of(CONFIG, interfaces);
	struct set_view view;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const char *set = answers[i].set;
		struct prefix p = prefix(answers[i].member);
		enum set_answer got =
		    answers[i].verb == REMOVE
			? filter_set_remove(filter, set, &p)
		    : answers[i].verb == TEST
			? filter_set_test(filter, set, p.address, &view)
			: filter_set_add(filter, set, &p, SET_FOREVER);
		ck_assert_msg(got == answers[i].answer, "row %zu: %d, not %d",
		    i, (int)got, (int)answers[i].answer);
	}
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
}
END_TEST

START_TEST(a_worker_asks_for_no_more_than_can_wait)
{
	struct interfaces *interfaces = interfaces_create();
	struct filter *filter =
	    filter_of("sets = { all = []; }; inbound = ();", interfaces);
	const struct named_set *all =
	    policy_find_set(filter_policy(filter), "all");
	uint32_t asked = 0;
	struct prefix p;

	do {
		p = prefix_of(address_from_v4(++asked), 128);
		/* the same again takes no room */
		if (asked == 1)
			ck_assert(filter_set_ask(filter, 0, all, &p, 0, false));
	} while (
	    asked < 100000 && filter_set_ask(filter, 0, all, &p, 0, false));
	ck_assert_uint_gt(asked, 100);
	ck_assert_uint_lt(asked, 100000);
	filter_tend(filter, 1000);
	ck_assert_uint_eq(set_count(all->live), asked - 1);
	ck_assert(filter_set_ask(filter, 0, all, &p, 0, false));
	filter_tend(filter, 1200);
	ck_assert_uint_eq(set_count(all->live), asked);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
}
END_TEST

Suite *
suite_filter_sets(void)
{
	Suite *suite = suite_create("filter_sets");
	TCase *tc = tcase_create("sets");

	ADD_SCENARIO(tc, fixed_members_match_from);
	ADD_SCENARIO(tc, live_members_count_at_once_for_new_connections);
	ADD_SCENARIO(tc, a_set_of_an_acl_is_asked_for_every_packet);
	ADD_SCENARIO(tc, live_connections_follow_a_change_once_a_second);
	ADD_SCENARIO(tc, live_connections_follow_the_end_of_a_member);
	ADD_SCENARIO(tc, a_set_blocks_a_live_connection_too);
	ADD_SCENARIO(tc, keep_leaves_live_connections_to_themselves);
	ADD_SCENARIO(
	    tc, live_members_survive_a_reload_by_the_name_of_their_set);
	ADD_SCENARIO(tc, a_ban_cuts_at_once_and_both_ways);
	ADD_SCENARIO(tc, a_ban_is_taken_back);
	ADD_SCENARIO(tc, an_acl_that_allows_does_not_help_the_banned);
	ADD_SCENARIO(tc, the_config_may_ban);
	ADD_SCENARIO(tc, a_worker_asks_and_the_keeper_does);
	ADD_SCENARIO(tc, a_full_set_drops_whom_is_nearest_its_end);
	tcase_add_test(tc, each_question_has_its_answer);
	tcase_add_test(tc, a_worker_asks_for_no_more_than_can_wait);
	suite_add_tcase(suite, tc);
	return suite;
}
