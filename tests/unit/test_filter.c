/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall as a whole: who may open what, what comes back, and what the
 * stateless firewall of the same rules makes of it.  192.0.2.2 is our host.
 */
#include "scenario.h"
#include "suites.h"

/* The two tables of the shipped config. */
#define SHIPPED                                                                \
	"inbound = ( { port = 22; action = \"allow\"; },"                      \
	"            { port = 80; action = \"allow\"; },"                      \
	"            { port = 443; action = \"allow\"; },"                     \
	"            { port = \"*\"; action = \"block\"; } );"                 \
	"outbound = ( { port = \"*\"; action = \"allow\"; } );"

/* The same, stateless; the second opens the ephemeral ports too. */
#define STATELESS(extra)                                                       \
	"acl = { inbound = ( { port = 22; action = \"allow\"; },"              \
	"                    { port = 80; action = \"allow\"; },"              \
	"                    { port = 443; action = \"allow\"; }," extra       \
	"                    { port = \"*\"; action = \"block\"; } );"         \
	"        outbound = ( { port = \"*\"; action = \"allow\"; } ); };"
#define EPHEMERAL "{ port = \"32768-60999\"; action = \"allow\"; },"

/* clang-format off */
SCENARIO(the_open_ports_answer, SHIPPED,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",    S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",    "203.0.113.9:51000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",    A,     ESTABLISHED, .state = "established" },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:80",    S,     RULE_ALLOW },
	{ IN,  TCP, "203.0.113.9:51002", "192.0.2.2:443",   S,     RULE_ALLOW },
	{ IN,  UDP, "203.0.113.9:51003", "192.0.2.2:443",   0,     RULE_ALLOW },
	{ IN,  TCP, "203.0.113.9:51004", "192.0.2.2:8080",  S,     RULE_BLOCK, .state = "" },
	{ IN,  UDP, "203.0.113.9:51005", "192.0.2.2:53",    0,     RULE_BLOCK, .state = "" })

SCENARIO(replies_come_back_on_ephemeral_ports, SHIPPED,
	{ OUT, TCP, "192.0.2.2:32768", "203.0.113.1:443", S,     RULE_ALLOW },
	{ IN,  TCP, "203.0.113.1:443", "192.0.2.2:32768", S | A, ESTABLISHED },
	{ OUT, TCP, "192.0.2.2:32768", "203.0.113.1:443", A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.1:443", "192.0.2.2:32768", A,     ESTABLISHED, .length = 1000 },
	{ OUT, UDP, "192.0.2.2:60999", "203.0.113.1:53",  0,     RULE_ALLOW, .state = "one-way" },
	{ IN,  UDP, "203.0.113.1:53",  "192.0.2.2:60999", 0,     ESTABLISHED, .state = "both-ways" },
	/* another peer, another port, nothing asked */
	{ IN,  UDP, "203.0.113.2:53",  "192.0.2.2:60999", 0,     RULE_BLOCK },
	{ IN,  UDP, "203.0.113.1:54",  "192.0.2.2:60999", 0,     RULE_BLOCK },
	{ IN,  TCP, "203.0.113.9:443", "192.0.2.2:32768", S | A, NOT_A_START },
	{ IN,  TCP, "203.0.113.9:443", "192.0.2.2:32768", A,     NOT_A_START },
	{ IN,  TCP, "203.0.113.9:443", "192.0.2.2:32768", S,     RULE_BLOCK })

SCENARIO(stateless_loses_the_reply, STATELESS(""),
	{ OUT, TCP, "192.0.2.2:32768", "203.0.113.1:443", S,     ACL_ALLOW },
	{ IN,  TCP, "203.0.113.1:443", "192.0.2.2:32768", S | A, ACL_BLOCK },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",  S,     ACL_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",  "203.0.113.9:51000", S | A, ACL_ALLOW })

SCENARIO(stateless_with_ephemeral_ports_open_passes_it, STATELESS(EPHEMERAL),
	{ OUT, TCP, "192.0.2.2:32768", "203.0.113.1:443", S,     ACL_ALLOW },
	{ IN,  TCP, "203.0.113.1:443", "192.0.2.2:32768", S | A, ACL_ALLOW },
	{ IN,  TCP, "203.0.113.1:443", "192.0.2.2:60999", S | A, ACL_ALLOW },
	{ IN,  TCP, "203.0.113.1:443", "192.0.2.2:61000", S | A, ACL_BLOCK },
	/* and anyone else */
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:32768", S,   ACL_ALLOW, .state = "" })

SCENARIO(only_a_syn_opens, SHIPPED,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", A,     NOT_A_START },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", S | A, NOT_A_START },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", F | A, NOT_A_START },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", R,     NOT_A_START },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", R | A, NOT_A_START },
	{ OUT, TCP, "192.0.2.2:40000", "203.0.113.1:80", A,     NOT_A_START },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", 0,     BAD_TCP_FLAGS },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", F,     BAD_TCP_FLAGS },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", S | F, BAD_TCP_FLAGS },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", S | R, BAD_TCP_FLAGS, .state = "" })

SCENARIO(a_ping_out_admits_no_ping_in, SHIPPED,
	{ OUT, ICMP, "192.0.2.2", "203.0.113.1", PING, RULE_ALLOW, .id = 7 },
	{ IN,  ICMP, "203.0.113.1", "192.0.2.2", PONG, ESTABLISHED, .id = 7 },
	{ IN,  ICMP, "203.0.113.1", "192.0.2.2", PONG, ESTABLISHED, .id = 7 },
	{ IN,  ICMP, "203.0.113.1", "192.0.2.2", PONG, NOT_A_START, .id = 8 },
	{ IN,  ICMP, "203.0.113.9", "192.0.2.2", PONG, NOT_A_START, .id = 7 },
	{ IN,  ICMP, "203.0.113.1", "192.0.2.2", PING, RULE_BLOCK, .id = 7 },
	{ OUT, ICMP, "192.0.2.2", "203.0.113.1", PONG, NOT_A_START, .id = 7 })

SCENARIO(icmp_errors_belong_to_connections, SHIPPED,
	{ OUT, UDP, "192.0.2.2:40000", "203.0.113.1:53", 0, RULE_ALLOW },
	{ IN, ICMP, "198.51.100.1", "192.0.2.2", UNREACHABLE, RELATED,
	  .quoted_protocol = UDP, .quoted_src = "192.0.2.2:40000", .quoted_dst = "203.0.113.1:53" },
	{ IN, ICMP, "198.51.100.1", "192.0.2.2", TIME_EXCEEDED, RELATED,
	  .quoted_protocol = UDP, .quoted_src = "192.0.2.2:40000", .quoted_dst = "203.0.113.1:53" },
	/* another port; and an error about what the peer never sent us */
	{ IN, ICMP, "198.51.100.1", "192.0.2.2", UNREACHABLE, ICMP_UNRELATED,
	  .quoted_protocol = UDP, .quoted_src = "192.0.2.2:40001", .quoted_dst = "203.0.113.1:53" },
	{ OUT, ICMP, "192.0.2.2", "203.0.113.1", UNREACHABLE, RELATED,
	  .quoted_protocol = UDP, .quoted_src = "203.0.113.1:53", .quoted_dst = "192.0.2.2:40000" },
	{ IN, ICMP, "203.0.113.1", "192.0.2.2", UNREACHABLE, ICMP_UNRELATED, .state = "",
	  .quoted_protocol = TCP, .quoted_src = "192.0.2.2:40000", .quoted_dst = "203.0.113.1:53" },
	/* TCP: only with a sequence number that is under way (RFC 5927) */
	{ OUT, TCP, "192.0.2.2:40000", "203.0.113.1:80", S, RULE_ALLOW, .raw = true, .seq = 5000 },
	{ IN, ICMP, "198.51.100.1", "192.0.2.2", UNREACHABLE, RELATED,
	  .quoted_protocol = TCP, .quoted_src = "192.0.2.2:40000", .quoted_dst = "203.0.113.1:80", .quoted_seq = 5000 },
	{ IN, ICMP, "198.51.100.1", "192.0.2.2", UNREACHABLE, ICMP_UNRELATED,
	  .quoted_protocol = TCP, .quoted_src = "192.0.2.2:40000", .quoted_dst = "203.0.113.1:80", .quoted_seq = 4999 },
	/* an error about a ping of ours */
	{ OUT, ICMP, "192.0.2.2", "203.0.113.1", PING, RULE_ALLOW, .id = 9 },
	{ IN, ICMP, "198.51.100.1", "192.0.2.2", UNREACHABLE, RELATED, .id = 9,
	  .quoted_protocol = ICMP, .quoted_src = "192.0.2.2", .quoted_dst = "203.0.113.1" })

SCENARIO(other_protocols_are_connections_of_addresses,
	"inbound = ( { port = 80; action = \"allow\"; } );"
	"outbound = ( { port = \"*\"; action = \"allow\"; } );",
	{ IN,  ESP, "203.0.113.1", "192.0.2.2", 0, NO_RULE },
	{ OUT, ESP, "192.0.2.2", "203.0.113.1", 0, RULE_ALLOW },
	{ IN,  ESP, "203.0.113.1", "192.0.2.2", 0, ESTABLISHED },
	{ IN,  ESP, "203.0.113.2", "192.0.2.2", 0, NO_RULE },
	{ IN,  UDP, "203.0.113.1:500", "192.0.2.2:500", 0, NO_RULE })

SCENARIO(an_empty_inbound_blocks,
	"inbound = ();" "outbound = ( { port = \"*\"; action = \"allow\"; } );",
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22", S, NO_RULE },
	{ OUT, TCP, "192.0.2.2:40000", "203.0.113.1:80", S, RULE_ALLOW },
	{ IN,  TCP, "203.0.113.1:80", "192.0.2.2:40000", S | A, ESTABLISHED })

SCENARIO(stateless_rules_remember_nothing,
	"inbound = ( { port = 53; protocol = \"udp\"; action = \"allow\"; stateful = false; } );"
	"outbound = ( { source_port = 53; protocol = \"udp\"; action = \"allow\"; stateful = false; } );",
	{ IN,  UDP, "203.0.113.9:51000", "192.0.2.2:53", 0, RULE_ALLOW, .state = "" },
	{ OUT, UDP, "192.0.2.2:53", "203.0.113.9:51000", 0, RULE_ALLOW, .state = "" },
	{ OUT, UDP, "192.0.2.2:54", "203.0.113.9:51000", 0, NO_RULE })

SCENARIO(a_packet_from_the_wrong_side_is_no_reply, SHIPPED,
	{ OUT, UDP, "192.0.2.2:40000", "203.0.113.1:53", 0, RULE_ALLOW },
	/* our own address, from outside */
	{ IN,  UDP, "192.0.2.2:40000", "203.0.113.1:53", 0, WRONG_DIRECTION },
	{ FWD, UDP, "203.0.113.1:53", "192.0.2.2:40000", 0, WRONG_DIRECTION, .state = "one-way" })

SCENARIO(reject_is_a_verdict_of_its_own,
	"inbound = ( { port = 25; action = \"reject\"; } );"
	"outbound = ( { port = \"*\"; action = \"allow\"; } );",
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:25", S, RULE_REJECT, .state = "" },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:25", A, NOT_A_START })

#define ONLY_SSH \
	"inbound = ( { port = 22; action = \"allow\"; } );" \
	"outbound = ();"

SCENARIO(a_reload_judges_living_connections_again, SHIPPED,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:80",    "203.0.113.9:51000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:22",    S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",    "203.0.113.9:51001", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:22",    A,     ESTABLISHED },
	/* port 80 is closed, whoever speaks next; ssh lives on */
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.9:51000", A, REVOKED, .reload = ONLY_SSH, .state = "" },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80", A, NOT_A_START },
	{ OUT, TCP, "192.0.2.2:22", "203.0.113.9:51001", A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:22", A, ESTABLISHED, .length = 10 })

SCENARIO(keep_lets_them_live, SHIPPED,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:80",    "203.0.113.9:51000", S | A, ESTABLISHED,
	  .reload = "on_reload = \"keep\";" ONLY_SSH },
	{ IN,  TCP, "203.0.113.9:51002", "192.0.2.2:80",    S,     NO_RULE })

#define WEB_STATELESS \
	"inbound = ( { port = 80; action = \"allow\"; stateful = false; } );" \
	"outbound = ();"

/* Stateless now: its connection is none any more, each packet needs a rule. */
SCENARIO(a_rule_made_stateless_ends_its_connections, SHIPPED,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:80",    "203.0.113.9:51000", S | A, NOT_A_START, .reload = WEB_STATELESS, .state = "" },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    A,     RULE_ALLOW, .state = "" })

#define NOTHING_IN \
	"inbound = (); outbound = ( { port = \"*\"; action = \"allow\"; } );"

/* What was before is over, whatever the rules say of it now. */
SCENARIO(a_reload_does_not_hinder_who_opens_after_the_end, SHIPPED,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:80",    "203.0.113.9:51000", R | A, ESTABLISHED, .state = "closed" },
	{ OUT, TCP, "192.0.2.2:80",    "203.0.113.9:51000", S,     RULE_ALLOW, .reload = NOTHING_IN, .state = "syn-sent" })

SCENARIO(flows_end_when_they_are_idle, SHIPPED,
	{ OUT, UDP, "192.0.2.2:40000", "203.0.113.1:53", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.1:53", "192.0.2.2:40000", 0, ESTABLISHED, .wait_ms = 119000 },
	{ IN,  UDP, "203.0.113.1:53", "192.0.2.2:40000", 0, ESTABLISHED, .wait_ms = 299000 },
	{ IN,  UDP, "203.0.113.1:53", "192.0.2.2:40000", 0, RULE_BLOCK, .wait_ms = 300000, .state = "" },
	/* no answer: a shorter life */
	{ OUT, UDP, "192.0.2.2:40001", "203.0.113.1:53", 0, RULE_ALLOW },
	{ IN,  UDP, "203.0.113.1:53", "192.0.2.2:40001", 0, RULE_BLOCK, .wait_ms = 120000 },
	{ OUT, TCP, "192.0.2.2:40000", "203.0.113.1:80", S, RULE_ALLOW },
	{ IN,  TCP, "203.0.113.1:80", "192.0.2.2:40000", S | A, NOT_A_START, .wait_ms = 240000 },
	{ OUT, ICMP, "192.0.2.2", "203.0.113.1", PING, RULE_ALLOW, .id = 7 },
	{ IN,  ICMP, "203.0.113.1", "192.0.2.2", PONG, NOT_A_START, .id = 7, .wait_ms = 60000 })

#define GATEWAY \
	"inbound = (); outbound = ();" \
	"forward = ( { port = 443; from = \"192.0.2.0/24\"; action = \"allow\"; } );"

SCENARIO(a_gateway_forwards_by_its_own_rules, GATEWAY,
	{ FWD, TCP, "192.0.2.7:40000", "203.0.113.1:443", S,     RULE_ALLOW },
	{ FWD, TCP, "203.0.113.1:443", "192.0.2.7:40000", S | A, ESTABLISHED },
	{ FWD, TCP, "192.0.2.7:40001", "203.0.113.1:80",  S,     NO_RULE },
	{ FWD, TCP, "203.0.113.1:40000", "192.0.2.7:443", S,     NO_RULE })

SCENARIO(nothing_comes_from_our_own_addresses, SHIPPED
	"forward = ( { port = \"*\"; action = \"allow\"; } );",
	/* not known to be ours */
	{ IN,  UDP, "192.0.2.3:51000", "192.0.2.2:22", 0, RULE_ALLOW },
	{ IN,  UDP, "192.0.2.3:51000", "192.0.2.2:22", 0, BAD_ADDRESS, .own = "192.0.2.9 192.0.2.2 192.0.2.3 192.0.2.1" },
	{ IN,  UDP, "192.0.2.3:51001", "192.0.2.2:22", 0, BAD_ADDRESS },
	{ FWD, UDP, "192.0.2.1:51001", "203.0.113.1:22", 0, BAD_ADDRESS },
	{ OUT, UDP, "192.0.2.3:51002", "203.0.113.1:53", 0, RULE_ALLOW },
	{ OUT, UDP, "192.0.2.3:51002", "192.0.2.2:53", 0, RULE_ALLOW },
	/* others are welcome; and to others: our own broadcast comes back */
	{ IN,  UDP, "192.0.2.4:51001", "192.0.2.2:22", 0, RULE_ALLOW },
	{ FWD, UDP, "192.0.2.4:51001", "203.0.113.1:22", 0, RULE_ALLOW },
	{ IN,  UDP, "192.0.2.3:51003", "192.0.2.255:443", 0, RULE_ALLOW },
	/* ours no more */
	{ IN,  UDP, "192.0.2.3:51001", "192.0.2.2:22", 0, RULE_ALLOW, .own = "192.0.2.2" })
#define NOTHING "inbound = (); outbound = ();"
#define NOT_EVEN_BY_ACL NOTHING "acl = { inbound = (); outbound = (); };"
#define FE80 "fe80 0000 0000 0000 0000 0000 0000 "
#define FF02 "ff02 0000 0000 0000 0000 0000 0000 "

START_TEST(what_a_host_cannot_live_without_passes_a_default_block)
{
	static const struct step v6[] = {
		/* neighbour solicitation; hop limit 64 comes from afar */
		{ IN, 0, "", "", 0, ESSENTIAL,
		  .hex = "6000 0000 0018 3aff" FE80 "0001" FF02 "0001 8700 0000 0000 0000" FE80 "0002" },
		{ OUT, 0, "", "", 0, ESSENTIAL,
		  .hex = "6000 0000 0018 3aff" FE80 "0002" FF02 "0001 8700 0000 0000 0000" FE80 "0001" },
		{ IN, 0, "", "", 0, BAD_DISCOVERY,
		  .hex = "6000 0000 0018 3a40" FE80 "0001" FF02 "0001 8700 0000 0000 0000" FE80 "0002" },
		/* a ping is not among them */
		{ IN, 0, "", "", 0, NO_RULE,
		  .hex = "6000 0000 0008 3aff" FE80 "0001" FE80 "0002 8000 0000 0001 0001" },
		{ 0 } };
	static const struct step v6_by_acl[] = {
		{ IN, 0, "", "", 0, ESSENTIAL,
		  .hex = "6000 0000 0018 3aff" FE80 "0001" FF02 "0001 8700 0000 0000 0000" FE80 "0002" },
		{ IN, 0, "", "", 0, ACL_NO_RULE,
		  .hex = "6000 0000 0008 3aff" FE80 "0001" FE80 "0002 8000 0000 0001 0001" },
		{ 0 } };
	static const struct step v4[] = {
		/* DHCP: the client asks, the server answers by broadcast */
		{ OUT, 0, "", "", 0, ESSENTIAL,
		  .hex = "4500 001c 0000 0000 4011 0000 00000000 ffffffff 0044 0043 0008 0000" },
		{ IN, 0, "", "", 0, ESSENTIAL,
		  .hex = "4500 001c 0000 0000 4011 0000 c0000201 ffffffff 0043 0044 0008 0000" },
		{ IN, 0, "", "", 0, NO_RULE,
		  .hex = "4500 001c 0000 0000 4011 0000 c0000201 c0000202 0044 0043 0008 0000" },
		{ 0 } };

	scenario_play(FAMILY_IPV6, NOTHING, v6);
	scenario_play(FAMILY_IPV6, NOT_EVEN_BY_ACL, v6_by_acl);
	scenario_play(FAMILY_IPV4, NOTHING, v4);
}
END_TEST
/* clang-format on */

Suite *
suite_filter(void)
{
	Suite *suite = suite_create("filter");
	TCase *tc = tcase_create("scenarios");

	ADD_SCENARIO(tc, the_open_ports_answer);
	ADD_SCENARIO(tc, replies_come_back_on_ephemeral_ports);
	ADD_SCENARIO(tc, stateless_loses_the_reply);
	ADD_SCENARIO(tc, stateless_with_ephemeral_ports_open_passes_it);
	ADD_SCENARIO(tc, only_a_syn_opens);
	ADD_SCENARIO(tc, a_ping_out_admits_no_ping_in);
	ADD_SCENARIO(tc, icmp_errors_belong_to_connections);
	ADD_SCENARIO(tc, other_protocols_are_connections_of_addresses);
	ADD_SCENARIO(tc, an_empty_inbound_blocks);
	ADD_SCENARIO(tc, stateless_rules_remember_nothing);
	ADD_SCENARIO(tc, a_packet_from_the_wrong_side_is_no_reply);
	ADD_SCENARIO(tc, reject_is_a_verdict_of_its_own);
	ADD_SCENARIO(tc, a_reload_judges_living_connections_again);
	ADD_SCENARIO(tc, keep_lets_them_live);
	ADD_SCENARIO(tc, a_rule_made_stateless_ends_its_connections);
	ADD_SCENARIO(tc, a_reload_does_not_hinder_who_opens_after_the_end);
	ADD_SCENARIO(tc, flows_end_when_they_are_idle);
	ADD_SCENARIO(tc, a_gateway_forwards_by_its_own_rules);
	ADD_SCENARIO(tc, nothing_comes_from_our_own_addresses);
	tcase_add_test(
	    tc, what_a_host_cannot_live_without_passes_a_default_block);
	suite_add_tcase(suite, tc);
	return suite;
}
