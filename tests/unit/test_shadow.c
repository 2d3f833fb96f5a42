/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy and its shadow: the first decides, and where the second would have
 * given another verdict, that is told and counted.
 */
#include "scenario.h"
#include "suites.h"

static const char stricter[] =
    "inbound = ( { port = [22, 80]; action = \"allow\"; } );"
    "outbound = ( { action = \"allow\"; } );"
    "shadow:"
    "inbound = ( { port = 22; from = \"203.0.113.0/24\"; "
    "action = \"allow\"; }, { port = 80; action = \"reject\"; } );"
    "outbound = ( { port = 443; action = \"allow\"; } );";

/* clang-format off */
SCENARIO(what_opens_a_flow_is_compared, stricter,
    { IN,  TCP, "203.0.113.9:40000", "192.0.2.2:22", S, RULE_ALLOW },
    { IN,  TCP, "198.51.100.9:40000", "192.0.2.2:22", S, RULE_ALLOW,
	.shadow = NO_RULE },
    { IN,  TCP, "203.0.113.9:40000", "192.0.2.2:80", S, RULE_ALLOW,
	.shadow = RULE_REJECT },
    { OUT, UDP, "192.0.2.2:40000", "203.0.113.9:53", 0, RULE_ALLOW,
	.shadow = NO_RULE },
    { OUT, ICMP, "192.0.2.2", "203.0.113.9", PING, RULE_ALLOW,
	.shadow = NO_RULE },
    { OUT, TCP, "192.0.2.2:40000", "203.0.113.9:443", S, RULE_ALLOW })

SCENARIO(packets_of_flows_are_not, stricter,
    { IN,  TCP, "203.0.113.9:40000", "192.0.2.2:80", S, RULE_ALLOW,
	.shadow = RULE_REJECT },
    { OUT, TCP, "192.0.2.2:80", "203.0.113.9:40000", S | A, ESTABLISHED },
    { IN,  TCP, "203.0.113.9:40000", "192.0.2.2:80", A, ESTABLISHED },
    /* Nor what no policy decides. */
    { IN,  TCP, "203.0.113.9:40000", "192.0.2.2:80", S | F, BAD_TCP_FLAGS },
    { IN,  TCP, "203.0.113.9:40001", "192.0.2.2:80", A, NOT_A_START })

SCENARIO(what_is_refused_is_compared_too,
    "inbound = ( { port = 22; action = \"reject\"; } );"
    "shadow:"
    "inbound = ( { port = 22; action = \"block\"; }, "
    "{ port = 80; action = \"allow\"; }, "
    "{ port = 99; action = \"allow\"; stateful = false; } );",
    { IN, TCP, "203.0.113.9:40000", "192.0.2.2:99", A, NOT_A_START,
	.shadow = RULE_ALLOW },
    { IN, TCP, "203.0.113.9:40000", "192.0.2.2:22", S, RULE_REJECT,
	.shadow = RULE_BLOCK },
    { IN, TCP, "203.0.113.9:40000", "192.0.2.2:80", S, NO_RULE,
	.shadow = RULE_ALLOW },
    /* It opens nothing, so the second is asked anew. */
    { IN, TCP, "203.0.113.9:40000", "192.0.2.2:80", S, NO_RULE,
	.shadow = RULE_ALLOW },
    { IN, TCP, "203.0.113.9:40000", "192.0.2.2:81", S, NO_RULE })

SCENARIO(of_an_acl_every_packet_is_compared,
    "acl = { inbound = ( { port = \"*\"; action = \"allow\"; } ); "
    "outbound = ( { port = \"1024-65535\"; action = \"allow\"; } ); };"
    "shadow:"
    "acl = { inbound = ( { port = \"*\"; action = \"allow\"; } ); "
    "outbound = ( { port = \"32768-60999\"; action = \"allow\"; } ); };",
    { IN,  TCP, "203.0.113.9:40000", "192.0.2.2:22", S, ACL_ALLOW },
    { OUT, TCP, "192.0.2.2:22", "203.0.113.9:40000", S | A, ACL_ALLOW },
    { IN,  TCP, "203.0.113.9:2000", "192.0.2.2:22", S, ACL_ALLOW },
    { OUT, TCP, "192.0.2.2:22", "203.0.113.9:2000", S | A, ACL_ALLOW,
	.shadow = ACL_NO_RULE })

/* Its sets have the live members of the policy's, and outlive a reload. */
SCENARIO(members_count_in_both,
    "sets = { guests = [\"192.0.2.77\"]; };"
    "inbound = ( { from = \"@guests\"; action = \"allow\"; } );"
    "shadow:"
    "sets = { guests = [\"192.0.2.77\"]; others = [\"192.0.2.77\"]; };"
    "inbound = ( { from = \"@guests\"; action = \"block\"; }, "
    "{ from = \"@others\"; action = \"allow\"; } );",
    { IN, UDP, "203.0.113.9:40000", "192.0.2.2:53", 0, NO_RULE },
    { IN, UDP, "203.0.113.9:40000", "192.0.2.2:53", 0, RULE_ALLOW,
	.shadow = RULE_BLOCK, .keeper = "add guests 203.0.113.9" },
    { IN, UDP, "203.0.113.8:40000", "192.0.2.2:53", 0, NO_RULE,
	.reload =
	    "sets = { guests = [\"192.0.2.77\"]; };"
	    "inbound = ( { from = \"@guests\"; action = \"allow\"; } );"
	    "shadow: sets = { others = [\"192.0.2.77\"]; };"
	    "inbound = ( { from = \"@others\"; action = \"allow\"; } );" },
    { IN, UDP, "203.0.113.9:40001", "192.0.2.2:53", 0, RULE_ALLOW,
	.shadow = NO_RULE })

/* Of a datagram in fragments, the first one is judged as the whole. */
SCENARIO(a_first_fragment_is_compared, stricter,
    { OUT, UDP, "192.0.2.2:40000", "203.0.113.9:53", 0, RULE_ALLOW,
	.datagram = 1, .length = 64, .more = true, .shadow = NO_RULE },
    { OUT, UDP, "192.0.2.2:40000", "203.0.113.9:53", 0, FRAGMENT,
	.datagram = 1, .at = 72, .length = 8 })
/* clang-format on */

Suite *
suite_shadow(void)
{
	Suite *suite = suite_create("shadow");
	TCase *tests = tcase_create("shadow");

	ADD_SCENARIO(tests, what_opens_a_flow_is_compared);
	ADD_SCENARIO(tests, packets_of_flows_are_not);
	ADD_SCENARIO(tests, what_is_refused_is_compared_too);
	ADD_SCENARIO(tests, of_an_acl_every_packet_is_compared);
	ADD_SCENARIO(tests, members_count_in_both);
	ADD_SCENARIO(tests, a_first_fragment_is_compared);
	suite_add_tcase(suite, tests);
	return suite;
}
