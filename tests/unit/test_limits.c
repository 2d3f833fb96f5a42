/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the limits of rules let in.  192.0.2.2 is our host.
 */
#include "scenario.h"
#include "suites.h"

#include "conf.h"
#include "explain.h"
#include "question.h"

#include <stdio.h>
#include <string.h>

#define INBOUND_UDP(keys)                                                      \
	"inbound = ( { name = \"dns\"; port = 53; protocol = \"udp\";"         \
	"              action = \"allow\"; " keys " } );"                      \
	"outbound = ();"

/* clang-format off */
SCENARIO(a_rate_counts_connections, INBOUND_UDP("limit = \"3/s\";"),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 2 },
	{ IN,  UDP, "203.0.113.9:1003", "192.0.2.2:53", 0, LIMIT, .state = "", .flows = 3 },
	/* what is open costs nothing */
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, ESTABLISHED, .again = 2 },
	{ OUT, UDP, "192.0.2.2:53", "203.0.113.9:1000", 0, ESTABLISHED, .again = 2, .to_next = true },
	/* a third of a second, a token */
	{ IN,  UDP, "203.0.113.9:1003", "192.0.2.2:53", 0, LIMIT,      .wait_ms = 333 },
	{ IN,  UDP, "203.0.113.9:1003", "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 1 },
	{ IN,  UDP, "203.0.113.9:1004", "192.0.2.2:53", 0, LIMIT },
	/* never more than the burst */
	{ IN,  UDP, "203.0.113.9:2000", "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 60000, .again = 2 },
	{ IN,  UDP, "203.0.113.9:2003", "192.0.2.2:53", 0, LIMIT })

SCENARIO(a_burst_is_ahead_of_the_rate, INBOUND_UDP("limit = \"60/m burst 5\";"),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 4 },
	{ IN,  UDP, "203.0.113.9:1005", "192.0.2.2:53", 0, LIMIT },
	{ IN,  UDP, "203.0.113.9:1005", "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 1000 },
	{ IN,  UDP, "203.0.113.9:1006", "192.0.2.2:53", 0, LIMIT },
	{ IN,  UDP, "203.0.113.9:1006", "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 2000, .again = 1 },
	{ IN,  UDP, "203.0.113.9:1008", "192.0.2.2:53", 0, LIMIT })

SCENARIO(each_source_has_its_own_rate, INBOUND_UDP("limit = \"2/30s per source\";"),
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "203.0.113.9:1002",  "192.0.2.2:53", 0, LIMIT },
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "198.51.100.9:1002", "192.0.2.2:53", 0, LIMIT },
	{ IN,  UDP, "203.0.113.9:1002",  "192.0.2.2:53", 0, LIMIT, .wait_ms = 14900 },
	{ IN,  UDP, "203.0.113.9:1002",  "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 100 },
	{ IN,  UDP, "203.0.113.9:1003",  "192.0.2.2:53", 0, LIMIT })

SCENARIO(a_stateless_rule_counts_packets,
	"inbound = ( { port = 53; protocol = \"udp\"; action = \"allow\"; stateful = false; limit = \"3/s\"; } );"
	"outbound = ();",
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .state = "" },
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, LIMIT },
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 400 })

SCENARIO(max_flows_counts_what_lives, INBOUND_UDP("max_flows = 3;"),
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, RULE_ALLOW, .again = 2 },
	{ IN,  UDP, "203.0.113.9:1003",  "192.0.2.2:53", 0, MAX_FLOWS, .again = 9, .flows = 3 },
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:53", 0, MAX_FLOWS },
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, ESTABLISHED, .wait_ms = 60000, .again = 1 },
	/* one of the three has ended */
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 61000, .flows = 3 },
	{ IN,  UDP, "198.51.100.9:1001", "192.0.2.2:53", 0, MAX_FLOWS })

SCENARIO(max_flows_per_source_counts_a_source, INBOUND_UDP("max_flows_per_source = 2;"),
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "203.0.113.9:1002",  "192.0.2.2:53", 0, MAX_FLOWS_PER_SOURCE },
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "198.51.100.9:1002", "192.0.2.2:53", 0, MAX_FLOWS_PER_SOURCE, .flows = 4 },
	{ IN,  UDP, "203.0.113.9:1002",  "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 120000 })

SCENARIO(two_limits_are_taken_both_or_none, INBOUND_UDP("max_flows = 3; limit = \"3/m\"; max_flows_per_source = 1;"),
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.9:1001",  "192.0.2.2:53", 0, MAX_FLOWS_PER_SOURCE, .again = 9 },
	/* neither the places nor the tokens of the rule are spent */
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "192.0.2.9:1000",    "192.0.2.2:53", 0, RULE_ALLOW, .flows = 3 },
	{ IN,  UDP, "192.0.2.9:1001",    "192.0.2.2:53", 0, MAX_FLOWS })

SCENARIO(reject_answers_at_the_limit,
	INBOUND_UDP("max_flows = 3; max_flows_per_source = 2; limit = \"2/s per source\"; on_overload = \"reject\";"),
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "203.0.113.9:1002",  "192.0.2.2:53", 0, MAX_FLOWS_PER_SOURCE_REJECT },
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "198.51.100.9:1001", "192.0.2.2:53", 0, MAX_FLOWS_REJECT },
	{ IN,  UDP, "198.51.100.9:1001", "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 300000 },
	{ IN,  UDP, "198.51.100.9:1002", "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "198.51.100.9:1003", "192.0.2.2:53", 0, MAX_FLOWS_PER_SOURCE_REJECT })

SCENARIO(a_rate_can_reject, INBOUND_UDP("limit = \"1/s\"; on_overload = \"reject\";"),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.9:1001", "192.0.2.2:53", 0, LIMIT_REJECT })

SCENARIO(next_steps_aside,
	"inbound = ( { port = 53; action = \"allow\"; limit = \"1/m\"; on_overload = \"next\"; },"
	"            { port = 53; action = \"allow\"; max_flows = 1; on_overload = \"next\"; },"
	"            { port = 53; from = \"203.0.113.0/24\"; action = \"reject\"; } );"
	"outbound = ();",
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "203.0.113.9:1002",  "192.0.2.2:53", 0, RULE_REJECT },
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:53", 0, NO_RULE, .flows = 2 })

SCENARIO(at_its_cap_an_ended_connection_opens_anew,
	"inbound = ( { port = 22; action = \"allow\"; max_flows = 1; max_flows_per_source = 1; } );"
	"outbound = ();",
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",      S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",      "203.0.113.9:51000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",      A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:22",      S,     MAX_FLOWS },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",      R,     ESTABLISHED, .state = "closed" },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:22",      S,     MAX_FLOWS },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",      S,     RULE_ALLOW, .state = "syn-sent" },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:22",      S,     MAX_FLOWS, .flows = 1 })

SCENARIO(a_new_isn_keeps_its_place,
	"inbound = ( { port = 22; action = \"allow\"; max_flows = 1; } );"
	"outbound = ();",
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", S, RULE_ALLOW,  .raw = true, .seq = 1000 },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", S, ESTABLISHED, .raw = true, .seq = 5000, .flows = 1 },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:22", S, MAX_FLOWS },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:22", S, RULE_ALLOW, .wait_ms = 240000, .flows = 1 },
	{ IN,  TCP, "203.0.113.9:51002", "192.0.2.2:22", S, MAX_FLOWS })

#define ADDING(keys) \
	"sets = { abusers = { time = \"1h\"; members = []; }; };" \
	"inbound = ( { port = 22; from = \"@abusers\"; action = \"block\"; }," \
	"            { name = \"ssh\"; port = 22; action = \"allow\"; " keys " } );" \
	"outbound = ();"
#define ADD_AND_CUT "on_overload = { add = \"@abusers\"; cut = true; };"

SCENARIO(a_source_that_overdoes_it_is_added_and_cut, ADDING("max_flows_per_source = 2;" ADD_AND_CUT),
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",      "203.0.113.9:1000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1001",  "192.0.2.2:22",     S,     RULE_ALLOW },
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     A,     ESTABLISHED, .flows = 2 },
	{ IN,  TCP, "203.0.113.9:1002",  "192.0.2.2:22",     S,     MAX_FLOWS_PER_SOURCE },
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     A,     NOT_A_START, .state = "" },
	{ IN,  TCP, "203.0.113.9:1002",  "192.0.2.2:22",     S,     RULE_BLOCK },
	{ IN,  TCP, "198.51.100.9:1000", "192.0.2.2:22",     S,     RULE_ALLOW, .flows = 1 },
	/* for an hour */
	{ IN,  TCP, "203.0.113.9:1002",  "192.0.2.2:22",     S,     RULE_BLOCK, .wait_ms = 3590000 },
	{ IN,  TCP, "203.0.113.9:1002",  "192.0.2.2:22",     S,     RULE_ALLOW, .wait_ms = 10000 })

SCENARIO(a_forger_bans_nobody, ADDING("max_flows_per_source = 2;" ADD_AND_CUT),
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     S,     RULE_ALLOW, .again = 1 },
	{ IN,  TCP, "203.0.113.9:1002",  "192.0.2.2:22",     S,     MAX_FLOWS_PER_SOURCE, .again = 2 },
	{ IN,  TCP, "203.0.113.9:1005",  "192.0.2.2:22",     S,     MAX_FLOWS_PER_SOURCE, .flows = 2 },
	/* not even one who answers for this host: the last ACK is missing */
	{ OUT, TCP, "192.0.2.2:22",      "203.0.113.9:1000", S | A, ESTABLISHED, .state = "syn-received" },
	{ IN,  TCP, "203.0.113.9:1005",  "192.0.2.2:22",     S,     MAX_FLOWS_PER_SOURCE },
	{ IN,  TCP, "203.0.113.9:1005",  "192.0.2.2:22",     S,     MAX_FLOWS_PER_SOURCE },
	/* nor one who begins and gives up */
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     R,     ESTABLISHED, .state = "closed" },
	{ IN,  TCP, "203.0.113.9:1005",  "192.0.2.2:22",     S,     MAX_FLOWS_PER_SOURCE },
	{ IN,  TCP, "203.0.113.9:1005",  "192.0.2.2:22",     S,     MAX_FLOWS_PER_SOURCE },
	/* a UDP datagram back proves nothing */
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:22",     0,     RULE_ALLOW, .again = 1 },
	{ OUT, UDP, "192.0.2.2:22",      "198.51.100.9:1000", 0,    ESTABLISHED },
	{ IN,  UDP, "198.51.100.9:1002", "192.0.2.2:22",     0,     MAX_FLOWS_PER_SOURCE },
	{ IN,  UDP, "198.51.100.9:1002", "192.0.2.2:22",     0,     MAX_FLOWS_PER_SOURCE })

SCENARIO(a_proof_ends_with_its_connection, ADDING("limit = \"2/h\";" ADD_AND_CUT),
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",      "203.0.113.9:1000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     A,     ESTABLISHED },
	{ OUT, TCP, "192.0.2.2:22",      "203.0.113.9:1000", R,     ESTABLISHED, .state = "closed" },
	/* it is open anew, and has not been completed */
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     S,     RULE_ALLOW },
	{ IN,  TCP, "203.0.113.9:1001",  "192.0.2.2:22",     S,     LIMIT, .again = 1 },
	{ IN,  TCP, "203.0.113.9:1001",  "192.0.2.2:22",     S,     LIMIT, .flows = 1 },
	{ OUT, TCP, "192.0.2.2:22",      "203.0.113.9:1000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1001",  "192.0.2.2:22",     S,     LIMIT },
	{ IN,  TCP, "203.0.113.9:1001",  "192.0.2.2:22",     S,     RULE_BLOCK })

SCENARIO(a_proof_moves_with_its_connection, ADDING(""),
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",      "203.0.113.9:1000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:1000",  "192.0.2.2:22",     A,     ESTABLISHED, .reload = ADDING("max_flows_per_source = 1;" ADD_AND_CUT) },
	{ IN,  TCP, "203.0.113.9:1001",  "192.0.2.2:22",     S,     MAX_FLOWS_PER_SOURCE },
	{ IN,  TCP, "203.0.113.9:1001",  "192.0.2.2:22",     S,     RULE_BLOCK })

#define TWO_RULES(a, b) \
	"inbound = ( { name = \"a\"; port = 53; action = \"allow\"; " a " }," \
	"            { name = \"b\"; port = (53, 54); action = \"allow\"; " b " } );" \
	"outbound = ();"

SCENARIO(budgets_stay_with_the_name, TWO_RULES("max_flows = 2; limit = \"2/h\";", ""),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:53", 0, MAX_FLOWS },
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:53", 0, MAX_FLOWS,
	  .reload = TWO_RULES("max_flows = 2; limit = \"2/h\"; comment = \"as before\";", "") },
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:53", 0, LIMIT,
	  .reload = TWO_RULES("max_flows = 3; limit = \"2/h\";", "") })

SCENARIO(a_reload_moves_connections_whatever_the_limits, TWO_RULES("max_flows = 2;", "max_flows_per_source = 1;"),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:53", 0, MAX_FLOWS },
	/* to b, over its cap, with their next packet */
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, ESTABLISHED, .again = 1,
	  .reload = "inbound = ( { name = \"b\"; port = (53, 54); action = \"allow\"; max_flows_per_source = 1; } ); outbound = ();" },
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:53", 0, MAX_FLOWS_PER_SOURCE },
	/* and back: their places in a are there, and theirs in b are free */
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, ESTABLISHED, .again = 1,
	  .reload = TWO_RULES("max_flows = 2;", "max_flows_per_source = 1;") },
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:53", 0, MAX_FLOWS },
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:54", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.9:1003", "192.0.2.2:54", 0, MAX_FLOWS_PER_SOURCE, .flows = 3 })

SCENARIO(a_new_cap_counts_what_is_there, TWO_RULES("", ""),
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .again = 1 },
	{ IN,  UDP, "203.0.113.9:1000", "192.0.2.2:53", 0, ESTABLISHED, .again = 1,
	  .reload = TWO_RULES("max_flows = 2;", "") },
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:53", 0, MAX_FLOWS },
	/* a cap that goes leaves nothing behind */
	{ IN,  UDP, "203.0.113.9:1002", "192.0.2.2:53", 0, RULE_ALLOW, .reload = TWO_RULES("", "") },
	{ IN,  UDP, "203.0.113.9:1003", "192.0.2.2:53", 0, RULE_ALLOW, .wait_ms = 120000,
	  .reload = TWO_RULES("max_flows = 2;", "") },
	{ IN,  UDP, "203.0.113.9:1004", "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.9:1005", "192.0.2.2:53", 0, MAX_FLOWS, .flows = 2 })

SCENARIO(a_revoked_connection_gives_its_place_back, TWO_RULES("max_flows = 1;", ""),
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.9:1000",  "192.0.2.2:53", 0, REVOKED,
	  .reload = TWO_RULES("max_flows = 1; from = \"198.51.100.9\";", "from = \"198.51.100.9\";") },
	{ IN,  UDP, "198.51.100.9:1000", "192.0.2.2:53", 0, RULE_ALLOW, .flows = 1 })
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

/* Rules that step aside at their limits are told with that limit's key. */
START_TEST(explain_names_the_limit)
{
	static const char *const keys[] = { "limit", "max_flows",
		"max_flows_per_source", NULL };
	struct interfaces *interfaces = interfaces_create();
	struct filter *filter = create(400, interfaces,
	    "inbound = ("
	    "{ action = \"allow\"; limit = \"1/m\"; on_overload = \"next\"; },"
	    "{ action = \"allow\"; max_flows = 1; on_overload = \"next\"; },"
	    "{ action = \"allow\"; max_flows_per_source = 1;"
	    "  on_overload = \"next\"; },"
	    "{ port = 22; action = \"allow\"; limit = \"1/m\"; } );");
	struct question question;
	char error[QUESTION_ERROR_SIZE], want[64];

	ck_assert(question_read(
	    "inbound tcp 10.0.0.1:99 192.0.2.2:22", &question, error));
	for (uint16_t i = 0; i <= 4; i++) {
		struct json json = { 0 };
		explain_json(filter, filter_policy(filter), interfaces,
		    &question.packet, 1000, &json);
		filter_online();
		ck_assert(!json.failed);
		ck_assert_msg(
		    strstr(json.text, i < 4 ? "\"reason\":\"rule-allow\""
					    : "\"reason\":\"limit\""),
		    "%s", json.text);
		for (unsigned k = 0; k < i && keys[k]; k++) {
			snprintf(
			    want, sizeof(want), "\"failed\":\"%s\"", keys[k]);
			ck_assert_msg(strstr(json.text, want), "%s", json.text);
		}
		json_free(&json);
		ck_assert_int_eq(syn(filter, INBOUND, 1, 1024 + i),
		    i < 4 ? RULE_ALLOW : LIMIT);
	}
	destroy(filter, interfaces);
}
END_TEST

Suite *
suite_limits(void)
{
	Suite *suite = suite_create("limits");
	TCase *tc = tcase_create("rules");

	ADD_SCENARIO(tc, a_rate_counts_connections);
	ADD_SCENARIO(tc, a_burst_is_ahead_of_the_rate);
	ADD_SCENARIO(tc, each_source_has_its_own_rate);
	ADD_SCENARIO(tc, a_stateless_rule_counts_packets);
	ADD_SCENARIO(tc, max_flows_counts_what_lives);
	ADD_SCENARIO(tc, max_flows_per_source_counts_a_source);
	ADD_SCENARIO(tc, two_limits_are_taken_both_or_none);
	ADD_SCENARIO(tc, reject_answers_at_the_limit);
	ADD_SCENARIO(tc, a_rate_can_reject);
	ADD_SCENARIO(tc, next_steps_aside);
	ADD_SCENARIO(tc, at_its_cap_an_ended_connection_opens_anew);
	ADD_SCENARIO(tc, a_new_isn_keeps_its_place);
	ADD_SCENARIO(tc, a_source_that_overdoes_it_is_added_and_cut);
	ADD_SCENARIO(tc, a_forger_bans_nobody);
	ADD_SCENARIO(tc, a_proof_ends_with_its_connection);
	ADD_SCENARIO(tc, a_proof_moves_with_its_connection);
	ADD_SCENARIO(tc, budgets_stay_with_the_name);
	ADD_SCENARIO(tc, a_reload_moves_connections_whatever_the_limits);
	ADD_SCENARIO(tc, a_new_cap_counts_what_is_there);
	ADD_SCENARIO(tc, a_revoked_connection_gives_its_place_back);
	tcase_add_test(tc, explain_names_the_limit);
	suite_add_tcase(suite, tc);
	return suite;
}
