/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a connection is over because nobody spoke, under virtual time.  The
 * first cases are those of VPP's test of its ACL plugin, test_acl_plugin_conns:
 * a second for what is not established, ten for what is, and packets some
 * tenths of a second apart, opened from either side.  Every scenario begins
 * shortly before the 32-bit tick wraps.
 */
#include "scenario.h"
#include "suites.h"
#include "table.h"

#define BOTH_WAYS                                                              \
	"inbound = ( { port = 22; action = \"allow\"; } );"                    \
	"outbound = ( { port = \"*\"; action = \"allow\"; } );"
#define SHORT                                                                  \
	"conntrack = { timeouts = { udp_one_way = 1; udp_both = 1;"            \
	" syn_sent = 1; syn_received = 1; established = 10; fin_wait = 1;"     \
	" close_wait = 1; last_ack = 1; time_wait = 1; closed = 1; }; "        \
	"};" BOTH_WAYS

/* Our host asks a peer's port 80; a peer asks our port 22. */
#define ASK(protocol, ...)                                                     \
	{                                                                      \
		OUT, protocol, "192.0.2.2:40000", "203.0.113.1:80",            \
		    __VA_ARGS__                                                \
	}
#define ANSWER(protocol, ...)                                                  \
	{                                                                      \
		IN, protocol, "203.0.113.1:80", "192.0.2.2:40000", __VA_ARGS__ \
	}
#define ASKED(protocol, ...)                                                   \
	{                                                                      \
		IN, protocol, "203.0.113.9:51000", "192.0.2.2:22", __VA_ARGS__ \
	}
#define ANSWERED(protocol, ...)                                                \
	{                                                                      \
		OUT, protocol, "192.0.2.2:22", "203.0.113.9:51000",            \
		    __VA_ARGS__                                                \
	}
#define OTHER(...)                                                             \
	{                                                                      \
		OUT, UDP, "192.0.2.2:40001", "203.0.113.1:80", __VA_ARGS__     \
	}
#define OTHER_ANSWER(...)                                                      \
	{                                                                      \
		IN, UDP, "203.0.113.1:80", "192.0.2.2:40001", __VA_ARGS__      \
	}

/* clang-format off */
SCENARIO(answers_three_tenths_apart_go_on, SHORT,
	ASK(UDP, 0, RULE_ALLOW),
	ANSWER(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ANSWER(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ANSWER(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ANSWER(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ANSWER(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ANSWER(UDP, 0, NO_RULE,     .wait_ms = 3000, .state = ""))

SCENARIO(so_do_answers_of_ours, SHORT,
	ASKED(UDP, 0, RULE_ALLOW),
	ANSWERED(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ANSWERED(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ANSWERED(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ANSWERED(UDP, 0, ESTABLISHED, .wait_ms = 300),
	ASKED(UDP, 0, ESTABLISHED,    .wait_ms = 300, .state = "both-ways"),
	/* three seconds later our answer opens a connection of its own */
	ANSWERED(UDP, 0, RULE_ALLOW,  .wait_ms = 3000, .state = "one-way"))

SCENARIO(an_idle_flow_behind_a_busy_one_ends, SHORT,
	OTHER(0, RULE_ALLOW),
	ASK(UDP, 0, RULE_ALLOW),
	ANSWER(UDP, 0, ESTABLISHED, .wait_ms = 400),
	ANSWER(UDP, 0, ESTABLISHED, .wait_ms = 400),
	ANSWER(UDP, 0, ESTABLISHED, .wait_ms = 400),
	OTHER_ANSWER(0, NO_RULE, .state = ""),
	ANSWER(UDP, 0, ESTABLISHED))

SCENARIO(a_handshake_without_its_end_ends_soon, SHORT,
	ASK(TCP, S, RULE_ALLOW),
	ANSWER(TCP, S | A, ESTABLISHED, .state = "syn-received"),
	ASK(TCP, A, NOT_A_START, .wait_ms = 3000, .state = ""))

SCENARIO(a_handshake_of_a_peer_too, SHORT,
	ASKED(TCP, S, RULE_ALLOW),
	ANSWERED(TCP, S | A, ESTABLISHED, .state = "syn-received"),
	ASKED(TCP, A, NOT_A_START, .wait_ms = 3000, .state = ""))

SCENARIO(an_established_one_lives_longer, SHORT,
	ASK(TCP, S, RULE_ALLOW),
	ANSWER(TCP, S | A, ESTABLISHED),
	ASK(TCP, A, ESTABLISHED),
	ANSWER(TCP, A, ESTABLISHED, .wait_ms = 3000, .length = 10),
	ASK(TCP, A, ESTABLISHED, .wait_ms = 9900),
	ANSWER(TCP, A, NOT_A_START, .wait_ms = 13000, .state = ""))

SCENARIO(an_established_one_of_a_peer_too, SHORT,
	ASKED(TCP, S, RULE_ALLOW),
	ANSWERED(TCP, S | A, ESTABLISHED),
	ASKED(TCP, A, ESTABLISHED),
	ANSWERED(TCP, A, ESTABLISHED, .wait_ms = 3000, .length = 10),
	ASKED(TCP, A, NOT_A_START, .wait_ms = 13000, .state = ""))

SCENARIO(a_fin_brings_the_short_time_back, SHORT,
	ASK(TCP, S, RULE_ALLOW),
	ANSWER(TCP, S | A, ESTABLISHED),
	ASK(TCP, A, ESTABLISHED),
	ANSWER(TCP, F | A, ESTABLISHED, .wait_ms = 3000, .state = "fin-wait"),
	ASK(TCP, A, ESTABLISHED, .wait_ms = 900, .state = "close-wait"),
	ASK(TCP, A, NOT_A_START, .wait_ms = 3000, .state = ""))

/* What does not move a connection does not prolong it. */
SCENARIO(no_passed_or_dropped_packet_prolongs, BOTH_WAYS,
	ASK(TCP, S,      RULE_ALLOW,  .raw = true, .seq = 100),
	ANSWER(TCP, S | A, ESTABLISHED, .raw = true, .seq = 500, .ack = 101),
	ASK(TCP, A,      ESTABLISHED, .raw = true, .seq = 101, .ack = 501),
	ANSWER(TCP, F | A, ESTABLISHED, .raw = true, .seq = 501, .ack = 101, .state = "fin-wait"),
	/* 15 minutes from here: a RST in the window, a SYN, an old segment, an
	   ACK of what was never sent, an ICMP error */
	ANSWER(TCP, R,   PASSED,      .raw = true, .seq = 600, .wait_ms = 890000),
	ASK(TCP, S,      PASSED,      .raw = true, .seq = 90000),
	ANSWER(TCP, A,   PASSED,      .raw = true, .seq = 501, .ack = 4294901000),
	ANSWER(TCP, A,   BAD_WINDOW,  .raw = true, .seq = 502, .ack = 200),
	{ IN, ICMP, "198.51.100.1", "192.0.2.2", UNREACHABLE, RELATED, .quoted_protocol = TCP,
	  .quoted_src = "192.0.2.2:40000", .quoted_dst = "203.0.113.1:80", .quoted_seq = 101 },
	ASK(TCP, A,      NOT_A_START, .raw = true, .seq = 101, .ack = 502, .wait_ms = 10000, .state = ""))

SCENARIO(data_does_not_prolong_a_handshake, BOTH_WAYS,
	ASK(TCP, S, RULE_ALLOW),
	ANSWER(TCP, S | A, ESTABLISHED),
	ANSWER(TCP, A, ESTABLISHED, .length = 10, .wait_ms = 239000, .state = "syn-received"),
	ASK(TCP, A, NOT_A_START, .wait_ms = 1000, .state = ""))

SCENARIO(the_clock_may_jump_by_days, BOTH_WAYS,
	ASK(TCP, S, RULE_ALLOW),
	ANSWER(TCP, S | A, ESTABLISHED),
	ASK(TCP, A, ESTABLISHED),
	ASK(UDP, 0, RULE_ALLOW),
	ANSWER(TCP, A, ESTABLISHED, .wait_ms = 4 * 86400 * 1000u, .length = 10),
	ANSWER(UDP, 0, NO_RULE),
	ANSWER(TCP, A, NOT_A_START, .wait_ms = 20 * 86400 * 1000u, .state = ""))

SCENARIO(and_back_without_harm, BOTH_WAYS,
	ASK(UDP, 0, RULE_ALLOW),
	ANSWER(UDP, 0, ESTABLISHED, .back_ms = 3600 * 1000),
	ASK(UDP, 0, ESTABLISHED, .wait_ms = 299000),
	ANSWER(UDP, 0, ESTABLISHED, .back_ms = 7200 * 1000),
	OTHER(0, RULE_ALLOW),
	OTHER_ANSWER(0, ESTABLISHED, .wait_ms = 119000),
	ANSWER(UDP, 0, NO_RULE, .wait_ms = 181000))
/* clang-format on */

/* Whatever was slept: the next sweep sees every slot once. */
START_TEST(a_long_sleep_is_followed_by_one_whole_sweep)
{
	static const uint8_t key[16] = { 1 };
	struct table *table = table_create(NULL, 500, 1, key);
	uint32_t shares = (table_slots(table) + TABLE_SHARE - 1) / TABLE_SHARE;
	uint32_t first;

	ck_assert_uint_gt(shares, 2);
	for (uint64_t due = 1; due < UINT64_C(1) << 40; due = due * 3 + 1) {
		uint64_t seen = 0;
		while (table_next_share(table, due, &first))
			seen |= UINT64_C(1) << first / TABLE_SHARE;
		if (due > 2 * shares)
			ck_assert_uint_eq(seen, (UINT64_C(1) << shares) - 1);
	}
	table_destroy(table);
}
END_TEST

Suite *
suite_timers(void)
{
	Suite *suite = suite_create("timers");
	TCase *tc = tcase_create("scenarios");

	ADD_SCENARIO(tc, answers_three_tenths_apart_go_on);
	ADD_SCENARIO(tc, so_do_answers_of_ours);
	ADD_SCENARIO(tc, an_idle_flow_behind_a_busy_one_ends);
	ADD_SCENARIO(tc, a_handshake_without_its_end_ends_soon);
	ADD_SCENARIO(tc, a_handshake_of_a_peer_too);
	ADD_SCENARIO(tc, an_established_one_lives_longer);
	ADD_SCENARIO(tc, an_established_one_of_a_peer_too);
	ADD_SCENARIO(tc, a_fin_brings_the_short_time_back);
	ADD_SCENARIO(tc, no_passed_or_dropped_packet_prolongs);
	ADD_SCENARIO(tc, data_does_not_prolong_a_handshake);
	ADD_SCENARIO(tc, the_clock_may_jump_by_days);
	ADD_SCENARIO(tc, and_back_without_harm);
	tcase_add_test(tc, a_long_sleep_is_followed_by_one_whole_sweep);
	suite_add_tcase(suite, tc);
	return suite;
}
