/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a table that fills lets in, and how long what is in it lives.  192.0.2.2
 * is our host.
 */
#include "scenario.h"
#include "suites.h"

#include "conf.h"

#include <string.h>

#define INBOUND_UDP(keys)                                                      \
	"inbound = ( { name = \"dns\"; port = 53; protocol = \"udp\";"         \
	"              action = \"allow\"; " keys " } );"                      \
	"outbound = ();"

/* clang-format off */
SCENARIO(the_table_holds_exactly_max_flows, "conntrack = { max_flows = 40; };" INBOUND_UDP(""),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 39 },
	{ OUT, UDP, "192.0.2.2:53", "203.0.113.9:1000", 0, ESTABLISHED, .again = 39, .to_next = true, .flows = 40 },
	{ IN,  UDP, "203.0.113.9:1040", "192.0.2.2:53", 0, TABLE_FULL, .again = 9, .flows = 40 },
	/* none of them was harmed */
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, ESTABLISHED, .again = 39, .flows = 40 })

#define INBOUND_TCP \
	"inbound = ( { port = 22; protocol = \"tcp\"; action = \"allow\"; } );" \
	"outbound = ( { action = \"allow\"; } );"

/* A quarter of the table for half-open connections from outside, another for
 * ours.  In so small a table there is none at hand to evict, for
 * that is how these ports hash: another table or key may want others. */
SCENARIO(half_open_connections_have_a_quota, "conntrack = { max_flows = 4; };" INBOUND_TCP,
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     S,     RULE_ALLOW },
	{ IN,  TCP, "203.0.113.9:1001", "192.0.2.2:22",     S,     HALF_OPEN_FULL, .flows = 1 },
	/* what this host opens has its own */
	{ OUT, TCP, "192.0.2.2:2000",   "203.0.113.1:443",  S,     RULE_ALLOW, .flows = 2 },
	{ OUT, TCP, "192.0.2.2:2001",   "203.0.113.1:443",  S,     HALF_OPEN_FULL },
	{ IN,  TCP, "203.0.113.1:443",  "192.0.2.2:2000",   S | A, ESTABLISHED, .state = "syn-received" },
	{ OUT, TCP, "192.0.2.2:2001",   "203.0.113.1:443",  S,     HALF_OPEN_FULL },
	/* a handshake that completes makes room */
	{ OUT, TCP, "192.0.2.2:2000",   "203.0.113.1:443",  A,     ESTABLISHED, .state = "established" },
	{ OUT, TCP, "192.0.2.2:2001",   "203.0.113.1:443",  S,     RULE_ALLOW, .flows = 3 },
	{ OUT, TCP, "192.0.2.2:2003",   "203.0.113.1:443",  S,     HALF_OPEN_FULL },
	/* so does one that is given up */
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     R,     ESTABLISHED, .state = "closed" },
	{ IN,  TCP, "203.0.113.9:1001", "192.0.2.2:22",     S,     RULE_ALLOW, .flows = 4 },
	{ IN,  TCP, "203.0.113.9:1002", "192.0.2.2:22",     S,     HALF_OPEN_FULL },
	/* and one that runs out; other protocols do not count */
	{ IN,  TCP, "203.0.113.9:1002", "192.0.2.2:22",     S,     RULE_ALLOW, .wait_ms = 10000 },
	{ IN,  TCP, "203.0.113.9:1003", "192.0.2.2:22",     S,     HALF_OPEN_FULL },
	{ OUT, UDP, "192.0.2.2:3000",   "203.0.113.1:53",   0,     RULE_ALLOW })

SCENARIO(a_reopened_connection_is_half_open_again, "conntrack = { max_flows = 4; };" INBOUND_TCP,
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",     "203.0.113.9:1000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     R,     ESTABLISHED, .state = "closed" },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     S,     RULE_ALLOW, .state = "syn-sent" },
	{ IN,  TCP, "203.0.113.9:1001", "192.0.2.2:22",     S,     HALF_OPEN_FULL },
	/* a new ISN takes the place of the old */
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     S,     ESTABLISHED, .raw = true, .seq = 77777, .flows = 1 },
	{ IN,  TCP, "203.0.113.9:1001", "192.0.2.2:22",     S,     HALF_OPEN_FULL },
	{ IN,  TCP, "203.0.113.9:1001", "192.0.2.2:22",     S,     RULE_ALLOW, .wait_ms = 240000, .flows = 1 },
	{ IN,  TCP, "203.0.113.9:1002", "192.0.2.2:22",     S,     HALF_OPEN_FULL })

SCENARIO(what_finds_no_room_spends_nothing,
	"conntrack = { max_flows = 4; };"
	"inbound = ( { port = 22; action = \"allow\"; max_flows = 2; limit = \"2/h\"; max_flows_per_source = 2; } );",
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     S,     RULE_ALLOW },
	{ IN,  TCP, "203.0.113.9:1001", "192.0.2.2:22",     S,     HALF_OPEN_FULL, .again = 4, .flows = 1 },
	{ OUT, TCP, "192.0.2.2:22",     "203.0.113.9:1000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1001", "192.0.2.2:22",     S,     RULE_ALLOW },
	{ IN,  TCP, "203.0.113.9:1002", "192.0.2.2:22",     S,     MAX_FLOWS })

/* The quota is 25: from 15 on they live ten seconds, until there are 7. */
SCENARIO(under_pressure_half_open_connections_live_ten_seconds, INBOUND_TCP,
	{ OUT, TCP, "192.0.2.2:2000",   "203.0.113.1:443", S, RULE_ALLOW,  .raw = true },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",    S, RULE_ALLOW,  .raw = true, .again = 13 },
	{ IN,  TCP, "203.0.113.9:1013", "192.0.2.2:22",    S, PASSED,      .raw = true, .expires_s = 240 },
	{ IN,  TCP, "203.0.113.9:1014", "192.0.2.2:22",    S, RULE_ALLOW,  .raw = true, .expires_s = 10 },
	{ IN,  TCP, "203.0.113.9:1014", "192.0.2.2:22",    S, PASSED,      .raw = true, .expires_s = 5, .wait_ms = 5000 },
	/* 8 are left */
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",    R, ESTABLISHED, .raw = true, .seq = 1, .again = 6 },
	{ IN,  TCP, "203.0.113.9:1014", "192.0.2.2:22",    S, PASSED,      .raw = true, .expires_s = 5 },
	{ IN,  TCP, "203.0.113.9:1007", "192.0.2.2:22",    R, ESTABLISHED, .raw = true, .seq = 1, .state = "closed" },
	{ IN,  TCP, "203.0.113.9:1014", "192.0.2.2:22",    S, PASSED,      .raw = true, .expires_s = 235 },
	/* what this host opens feels nothing of it */
	{ IN,  TCP, "203.0.113.9:2000", "192.0.2.2:22",    S, RULE_ALLOW,  .raw = true, .again = 9, .expires_s = 10 },
	{ OUT, TCP, "192.0.2.2:2000",   "203.0.113.1:443", S, PASSED,      .raw = true, .expires_s = 235 })

SCENARIO(lives_shrink_as_the_table_fills, INBOUND_UDP(""),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 59, .expires_s = 120, .flows = 60 },
	{ IN,  UDP, "203.0.113.9:1060", "192.0.2.2:53", 0, RULE_ALLOW, .again = 14, .expires_s = 90, .flows = 75 },
	{ OUT, UDP, "192.0.2.2:53", "203.0.113.9:1000", 0, ESTABLISHED, .again = 74, .to_next = true, .expires_s = 225 },
	{ IN,  UDP, "203.0.113.9:1075", "192.0.2.2:53", 0, RULE_ALLOW, .again = 24, .expires_s = 40, .flows = 100 },
	/* a third is left at the full table, of an answered flow never less
	   than its floor */
	{ OUT, UDP, "192.0.2.2:53", "203.0.113.9:1000", 0, ESTABLISHED, .expires_s = 120 },
	{ OUT, UDP, "192.0.2.2:53", "203.0.113.9:1001", 0, ESTABLISHED, .wait_ms = 40000, .flows = 75, .expires_s = 225 })

/* Other floors: 7440 s of an established connection, 240 s of a closing one. */
SCENARIO(the_floors_are_those_of_the_rfcs,
	"conntrack = { max_flows = 10; timeouts = { established = 7500; fin_wait = 300; icmp = 90; }; };"
	"inbound = ();"
	"outbound = ( { action = \"allow\"; } );",
	{ OUT, TCP,  "192.0.2.2:2000",   "203.0.113.1:443",  S,     RULE_ALLOW },
	{ IN,  TCP,  "203.0.113.1:443",  "192.0.2.2:2000",   S | A, ESTABLISHED },
	{ OUT, TCP,  "192.0.2.2:2000",   "203.0.113.1:443",  A,     ESTABLISHED, .expires_s = 7500 },
	{ OUT, ICMP, "192.0.2.2",        "203.0.113.1",      PING,  RULE_ALLOW,  .id = 7 },
	{ IN,  ICMP, "203.0.113.1",      "192.0.2.2",        PONG,  ESTABLISHED, .id = 7, .expires_s = 90 },
	{ OUT, UDP,  "192.0.2.2:2000",   "203.0.113.1:53",   0,     RULE_ALLOW,  .again = 7, .flows = 10, .expires_s = 40 },
	{ OUT, TCP,  "192.0.2.2:2000",   "203.0.113.1:443",  A,     ESTABLISHED, .expires_s = 7440 },
	{ IN,  ICMP, "203.0.113.1",      "192.0.2.2",        PONG,  ESTABLISHED, .id = 7, .expires_s = 60 },
	{ OUT, TCP,  "192.0.2.2:2000",   "203.0.113.1:443",  F | A, ESTABLISHED, .expires_s = 240 })

SCENARIO(a_short_life_is_not_cut, "conntrack = { max_flows = 1; timeouts = { udp_both = 20; }; };" INBOUND_UDP(""),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53",     0, RULE_ALLOW,  .expires_s = 40 },
	{ OUT, UDP, "192.0.2.2:53",     "203.0.113.9:1000", 0, ESTABLISHED, .expires_s = 20 })

#define TIMEOUTS(ssh, dns) \
	"inbound = ( { name = \"ssh\"; port = 22; action = \"allow\"; " ssh " }," \
	"            { name = \"dns\"; port = 53; action = \"allow\"; " dns " } );" \
	"outbound = ( { action = \"allow\"; } );"

SCENARIO(a_rule_may_have_its_own_timeouts,
	TIMEOUTS("timeout = { new = 30; established = \"2h\"; closing = 60; };", "timeout = 10;"),
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     S,     RULE_ALLOW,  .expires_s = 30 },
	{ OUT, TCP, "192.0.2.2:22",     "203.0.113.9:1000", S | A, ESTABLISHED, .expires_s = 30 },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     A,     ESTABLISHED, .expires_s = 7200 },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22",     F | A, ESTABLISHED, .expires_s = 60 },
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53",     0,     RULE_ALLOW,  .expires_s = 120 },
	{ OUT, UDP, "192.0.2.2:53",     "203.0.113.9:1000", 0,     ESTABLISHED, .expires_s = 10 },
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53",     0,     ESTABLISHED, .wait_ms = 9900 },
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53",     0,     RULE_ALLOW,  .wait_ms = 10000 },
	{ OUT, UDP, "192.0.2.2:2000",   "203.0.113.1:53",   0,     RULE_ALLOW,  .expires_s = 120 })

SCENARIO(a_reload_changes_the_timeouts_of_a_rule, TIMEOUTS("", ""),
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22", S, RULE_ALLOW, .raw = true, .expires_s = 240 },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22", S, PASSED, .raw = true, .expires_s = 30, .reload = TIMEOUTS("timeout = { new = 30; };", "") },
	{ IN,  TCP, "203.0.113.9:1000", "192.0.2.2:22", S, PASSED, .raw = true, .expires_s = 240, .reload = TIMEOUTS("", "timeout = 5;") })
/* clang-format on */

/* A filter of 400 flows, without scenario: many packets of many sources. */
static enum reason
syn(struct filter *filter, unsigned direction, uint32_t source, uint16_t sport)
{
	uint8_t bytes[40] = { 0x45, 0, 0, 40, [8] = 64, PROTOCOL_TCP, [12] = 10,
		(uint8_t)(source >> 16), (uint8_t)(source >> 8),
		(uint8_t)source, 192, 0, 2, 2, (uint8_t)(sport >> 8),
		(uint8_t)sport, 0, 22, [27] = 1, [32] = 0x50, TCP_SYN };
	struct frame frame = { .bytes = bytes,
		.captured = sizeof(bytes),
		.length = sizeof(bytes),
		.direction = (uint8_t)direction };
	struct decision d;

	filter_batch(filter, 0, &frame, &d, 1, 1000);
	filter_quiescent(filter, 0);
	filter_reclaim(filter);
	return d.why;
}

/* A filter with one worker, this thread. */
static struct filter *
create(uint32_t max_flows, struct interfaces *interfaces, const char *text)
{
	struct filter_options options = {
		.max_flows = max_flows,
		.workers = 1,
		.hash_key = { 4 },
		.interfaces = interfaces,
	};
	struct filter *filter = filter_create(&options);
	struct conf_text conf = { "test.conf", text, strlen(text) };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = conf_load(&conf, 1, &diagnostics), *old;

	ck_assert(policy && filter);
	diagnostics_clear(&diagnostics);
	filter_enter(filter, 0);
	ck_assert(filter_publish(filter, policy, &old));
	return filter;
}

static void
destroy(struct filter *filter, struct interfaces *interfaces)
{
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
}

START_TEST(a_flood_stays_in_its_quota)
{
	struct interfaces *interfaces = interfaces_create();
	struct filter *filter = create(400, interfaces,
	    "inbound = ( { action = \"allow\"; } );"
	    "outbound = ( { action = \"allow\"; } );");
	unsigned let_in = 0, refused = 0;

	for (unsigned i = 0; i < 20000; i++) {
		enum reason why = syn(filter, INBOUND, i, 1024);
		let_in += why == RULE_ALLOW;
		refused += why == HALF_OPEN_FULL;
		ck_assert_uint_le(filter_flow_count(filter), 100);
	}
	/* The newest pushes out the oldest of those at hand, if there are. */
	ck_assert_uint_eq(let_in + refused, 20000);
	ck_assert_uint_gt(let_in, 2000);
	ck_assert_uint_gt(refused, 2000);
	ck_assert_uint_eq(filter_flow_count(filter), 100);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(
		    syn(filter, OUTBOUND, 1 << 20 | i, 1024), RULE_ALLOW);
	ck_assert_uint_eq(filter_flow_count(filter), 200);
	destroy(filter, interfaces);
}
END_TEST

Suite *
suite_pressure(void)
{
	Suite *suite = suite_create("pressure");
	TCase *tc = tcase_create("table");

	ADD_SCENARIO(tc, the_table_holds_exactly_max_flows);
	ADD_SCENARIO(tc, half_open_connections_have_a_quota);
	ADD_SCENARIO(tc, a_reopened_connection_is_half_open_again);
	ADD_SCENARIO(tc, under_pressure_half_open_connections_live_ten_seconds);
	ADD_SCENARIO(tc, what_finds_no_room_spends_nothing);
	ADD_SCENARIO(tc, lives_shrink_as_the_table_fills);
	ADD_SCENARIO(tc, the_floors_are_those_of_the_rfcs);
	ADD_SCENARIO(tc, a_short_life_is_not_cut);
	ADD_SCENARIO(tc, a_rule_may_have_its_own_timeouts);
	ADD_SCENARIO(tc, a_reload_changes_the_timeouts_of_a_rule);
	tcase_add_test(tc, a_flood_stays_in_its_quota);
	suite_add_tcase(suite, tc);
	return suite;
}
