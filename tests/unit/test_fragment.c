/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams in fragments, through the whole firewall of a gateway: the first
 * one is judged by the rules, the others follow it, and no byte comes twice.
 * Port 80 is open, 53 is not.
 */
#include <stdio.h>
#include <string.h>

#include "scenario.h"
#include "suites.h"

#define GATEWAY                                                                \
	"inbound = (); outbound = ();"                                         \
	"forward = ( { port = 80; action = \"allow\"; } );"

/* Of datagram `number`, the bytes from `start` up to, not including, `end`;
 * UDP's header is bytes 0 to 8. */
#define HERE  "203.0.113.9:51000"
#define THERE "192.0.2.1:80"
#define FIRST_TO(there, number, end, want)                                     \
	FWD, UDP, HERE, there, 0, want, .datagram = number, .more = true,      \
					.length = (end)-8
#define FIRST(number, end, want) FIRST_TO(THERE, number, end, want)
#define MORE(number, start, end, want)                                         \
	FWD, UDP, HERE, THERE, 0, want, .datagram = number, .more = true,      \
					.at = start, .length = (end) - (start)
#define LAST(number, start, end, want)                                         \
	FWD, UDP, HERE, THERE, 0, want, .datagram = number, .at = start,       \
					.length = (end) - (start)

/* clang-format off */
SCENARIO(later_ones_follow_an_accepted_first, GATEWAY,
	{ FIRST(7, 1480, RULE_ALLOW) },
	{ MORE(7, 1480, 2960, FRAGMENT) },
	{ LAST(7, 2960, 4008, FRAGMENT) },
	/* the reply */
	{ FWD, UDP, THERE, HERE, 0, ESTABLISHED, .datagram = 7, .more = true, .length = 1472 },
	{ FWD, UDP, THERE, HERE, 0, FRAGMENT, .datagram = 7, .at = 1480, .length = 2528 },
	/* the connection lives on */
	{ FIRST(8, 1480, ESTABLISHED) },
	{ LAST(8, 1480, 1481, FRAGMENT) })

SCENARIO(without_their_first_they_are_dropped, GATEWAY,
	{ MORE(7, 1480, 2960, FRAGMENT_UNKNOWN) },
	{ LAST(7, 2960, 4008, FRAGMENT_UNKNOWN) },
	/* a first one that is blocked lets none through */
	{ FIRST_TO("192.0.2.1:53", 7, 1480, NO_RULE) },
	{ LAST(7, 1480, 4008, FRAGMENT_UNKNOWN) },
	/* another datagram, protocol, sender, hook; the other way */
	{ FIRST(7, 1480, RULE_ALLOW) },
	{ LAST(8, 1480, 4008, FRAGMENT_UNKNOWN) },
	{ FWD, UDP, "203.0.113.8:51000", THERE, 0, FRAGMENT_UNKNOWN, .datagram = 7, .at = 1480, .length = 8 },
	{ FWD, UDP, THERE, HERE, 0, FRAGMENT_UNKNOWN, .datagram = 7, .at = 1480, .length = 8 },
	{ IN,  UDP, HERE, THERE, 0, WRONG_DIRECTION, .datagram = 7, .at = 1480, .length = 8 },
	{ LAST(7, 1480, 4008, FRAGMENT) })

SCENARIO(any_order_that_leaves_one_gap, GATEWAY,
	/* neighbours swapped, again and again */
	{ FIRST(1, 800, RULE_ALLOW) },
	{ MORE(1, 1600, 2400, FRAGMENT) },
	{ MORE(1, 800, 1600, FRAGMENT) },
	{ MORE(1, 3200, 4000, FRAGMENT) },
	{ MORE(1, 2400, 3200, FRAGMENT) },
	{ LAST(1, 4800, 4900, FRAGMENT) },
	{ MORE(1, 4000, 4800, FRAGMENT) },
	/* the gap closes from behind, grows from its end */
	{ FIRST(2, 800, ESTABLISHED) },
	{ MORE(2, 2400, 3200, FRAGMENT) },
	{ LAST(2, 3200, 3300, FRAGMENT) },
	{ MORE(2, 1600, 2400, FRAGMENT) },
	{ MORE(2, 800, 1600, FRAGMENT) },
	/* a second gap: not now, but later */
	{ FIRST(3, 800, ESTABLISHED) },
	{ MORE(3, 1600, 2400, FRAGMENT) },
	{ LAST(3, 3200, 3300, FRAGMENT_SCATTERED) },
	{ MORE(3, 800, 1600, FRAGMENT) },
	{ LAST(3, 3200, 3300, FRAGMENT) },
	{ MORE(3, 2400, 3200, FRAGMENT) })

SCENARIO(a_copy_is_dropped_and_the_datagram_lives, GATEWAY,
	{ FIRST(7, 1480, RULE_ALLOW) },
	{ FIRST(7, 1480, FRAGMENT_DUPLICATE) },
	{ FIRST(7, 800, FRAGMENT_DUPLICATE) },
	/* whatever it says: the first one wins */
	{ FIRST_TO("192.0.2.1:53", 7, 1480, FRAGMENT_DUPLICATE) },
	{ MORE(7, 2960, 4440, FRAGMENT) },
	{ MORE(7, 2960, 4440, FRAGMENT_DUPLICATE) },
	{ MORE(7, 800, 1480, FRAGMENT_DUPLICATE) },
	{ LAST(7, 4440, 4500, FRAGMENT) },
	{ LAST(7, 4440, 4500, FRAGMENT_DUPLICATE) },
	{ MORE(7, 1480, 2960, FRAGMENT) })

/* After each of them nothing of that datagram passes. */
SCENARIO(an_overlap_loses_the_datagram, GATEWAY,
	{ FIRST(1, 1480, RULE_ALLOW) },
	{ LAST(1, 1472, 4008, FRAGMENT_OVERLAP) },      /* 8 bytes twice */
	{ LAST(1, 1480, 4008, FRAGMENT_OVERLAP) },
	{ FIRST(1, 1480, FRAGMENT_OVERLAP) },
	{ FIRST(2, 1480, ESTABLISHED) },
	{ FIRST(2, 1488, FRAGMENT_OVERLAP) },           /* a longer first */
	{ LAST(2, 1480, 4008, FRAGMENT_OVERLAP) },
	{ FIRST(3, 800, ESTABLISHED) },
	{ MORE(3, 1600, 2400, FRAGMENT) },
	{ MORE(3, 800, 1608, FRAGMENT_OVERLAP) },       /* into the end of the gap */
	{ MORE(3, 800, 1600, FRAGMENT_OVERLAP) },
	{ FIRST(4, 800, ESTABLISHED) },
	{ MORE(4, 1600, 2400, FRAGMENT) },
	{ MORE(4, 2392, 3200, FRAGMENT_OVERLAP) },      /* into the end of the rest */
	{ FIRST(5, 800, ESTABLISHED) },
	{ MORE(5, 1600, 2400, FRAGMENT) },
	{ MORE(5, 1592, 2408, FRAGMENT_OVERLAP) },      /* around it */
	{ FIRST(6, 16, ESTABLISHED) },
	{ MORE(6, 8, 24, FRAGMENT_OVERLAP) })           /* the smallest */

SCENARIO(it_ends_in_one_place, GATEWAY,
	{ FIRST(1, 800, RULE_ALLOW) },
	{ LAST(1, 1600, 1700, FRAGMENT) },
	{ LAST(1, 800, 1604, FRAGMENT_OVERLAP) },       /* another end, before */
	{ FIRST(2, 800, ESTABLISHED) },
	{ LAST(2, 1600, 1700, FRAGMENT) },
	{ LAST(2, 1704, 1800, FRAGMENT_OVERLAP) },      /* and behind it */
	{ MORE(2, 800, 1600, FRAGMENT_OVERLAP) },
	{ FIRST(3, 800, ESTABLISHED) },
	{ LAST(3, 1600, 1700, FRAGMENT) },
	{ LAST(3, 1600, 1699, FRAGMENT_OVERLAP) },      /* within its last 8 bytes */
	{ FIRST(4, 800, ESTABLISHED) },
	{ LAST(4, 1600, 1700, FRAGMENT) },
	{ MORE(4, 1704, 1800, FRAGMENT_OVERLAP) },      /* more behind the end */
	{ FIRST(5, 800, ESTABLISHED) },
	{ MORE(5, 1600, 2400, FRAGMENT) },
	{ LAST(5, 800, 1600, FRAGMENT_OVERLAP) },       /* before what has come */
	{ FIRST(6, 800, ESTABLISHED) },
	{ MORE(6, 1600, 2400, FRAGMENT) },
	{ LAST(6, 1600, 2396, FRAGMENT_OVERLAP) },      /* within its last 8 bytes */
	{ FIRST(7, 800, ESTABLISHED) },
	{ LAST(7, 400, 800, FRAGMENT_DUPLICATE) },      /* says nothing new */
	{ LAST(7, 400, 799, FRAGMENT_OVERLAP) })

SCENARIO(a_complete_one_makes_room_for_the_next_of_its_number, GATEWAY,
	{ FIRST(7, 1480, RULE_ALLOW) },
	{ LAST(7, 1480, 2000, FRAGMENT) },
	{ LAST(7, 1480, 2000, FRAGMENT_UNKNOWN) },
	{ FIRST(7, 1480, ESTABLISHED) },
	{ LAST(7, 1480, 1700, FRAGMENT) },
	/* also if the gap was the last to be filled */
	{ FIRST(7, 800, ESTABLISHED) },
	{ LAST(7, 1600, 1608, FRAGMENT) },
	{ MORE(7, 800, 1600, FRAGMENT) },
	{ FIRST_TO("192.0.2.1:53", 7, 800, NO_RULE) },
	{ LAST(7, 800, 1600, FRAGMENT_UNKNOWN) })

SCENARIO(the_largest_datagram, GATEWAY,
	{ FIRST(7, 32768, RULE_ALLOW) },
	{ LAST(7, 65504, 65515, FRAGMENT) },
	{ MORE(7, 32768, 65504, FRAGMENT) },
	{ LAST(7, 65504, 65515, FRAGMENT_UNKNOWN) })

/* Numbers whose halves are the same: 0x00010001, and 0 of 16 bits in IPv4. */
SCENARIO(both_ends_may_use_the_same_number, GATEWAY,
	{ FIRST(0x10001, 1480, RULE_ALLOW) },
	{ FWD, UDP, THERE, HERE, 0, ESTABLISHED, .datagram = 0x10001, .more = true, .length = 800 },
	{ FWD, UDP, THERE, HERE, 0, FRAGMENT, .datagram = 0x10001, .at = 808, .length = 8 },
	{ LAST(0x10001, 1480, 2000, FRAGMENT) },
	{ FIRST(0x10000, 1480, ESTABLISHED) },
	{ FWD, UDP, THERE, HERE, 0, ESTABLISHED, .datagram = 0x10000, .more = true, .length = 800 },
	{ FWD, UDP, THERE, HERE, 0, FRAGMENT, .datagram = 0x10000, .at = 808, .length = 8 },
	{ LAST(0x10000, 1480, 2000, FRAGMENT) })

SCENARIO(later_ones_renew_nothing, GATEWAY,
	{ FIRST(7, 1480, RULE_ALLOW) },
	{ MORE(7, 1480, 2960, FRAGMENT), .wait_ms = 20000 },
	{ LAST(7, 2960, 4008, FRAGMENT_UNKNOWN), .wait_ms = 40000 },
	{ FIRST(8, 1480, ESTABLISHED) },
	{ MORE(8, 1480, 2960, FRAGMENT), .wait_ms = 20000 },
	{ LAST(8, 2960, 4008, FRAGMENT_UNKNOWN), .wait_ms = 40000 })

#define ONLY_ACL "acl = { inbound = ( { port = 80; action = \"allow\"; } );" \
	" outbound = ( { port = \"*\"; action = \"allow\"; } ); };"

SCENARIO(a_network_acl_alone_lets_them_through_too, ONLY_ACL,
	{ FIRST(7, 1480, ACL_ALLOW) },
	{ LAST(7, 1480, 4008, FRAGMENT) },
	{ FIRST_TO("192.0.2.1:53", 8, 1480, ACL_NO_RULE) },
	{ LAST(8, 1480, 4008, FRAGMENT_UNKNOWN) })

SCENARIO(tcp_and_ping_in_fragments, GATEWAY,
	{ FWD, TCP, HERE, THERE, S, RULE_ALLOW, .datagram = 5, .more = true, .length = 4 },
	/* where it could overwrite the flags */
	{ FWD, TCP, HERE, THERE, 0, BAD_FRAGMENT, .datagram = 5, .at = 8, .length = 32 },
	{ FWD, TCP, HERE, THERE, 0, FRAGMENT_OVERLAP, .datagram = 5, .at = 16, .length = 32 },
	{ FWD, ICMP, "203.0.113.9", "192.0.2.1", PING, NO_RULE, .id = 3, .datagram = 6, .more = true, .length = 8 })
/* clang-format on */

static void
play(unsigned family, struct step last)
{
	struct step steps[] = {
		{ FIRST(7, 1480, RULE_ALLOW) },
		last,
		{ 0 },
	};

	scenario_play(family, GATEWAY, steps);
}

START_TEST(later_ones_have_30_or_60_seconds)
{
	play(FAMILY_IPV4,
	    (struct step){ LAST(7, 1480, 4008, FRAGMENT), .wait_ms = 29900 });
	play(FAMILY_IPV4, (struct step){ LAST(7, 1480, 4008, FRAGMENT_UNKNOWN),
			      .wait_ms = 30000 });
	play(FAMILY_IPV6,
	    (struct step){ LAST(7, 1480, 4008, FRAGMENT), .wait_ms = 59900 });
	play(FAMILY_IPV6, (struct step){ LAST(7, 1480, 4008, FRAGMENT_UNKNOWN),
			      .wait_ms = 60000 });
}
END_TEST

/* max_flows is 100.  Of one source 64 datagrams are waited for, the first 64;
 * and what never ends takes no connection's room. */
START_TEST(a_source_may_begin_64_at_a_time)
{
	enum { COUNT = 1000 };
	static const struct step before[] = {
		{ FIRST(64, 1480, RULE_ALLOW) },
	};
	static const struct step after[] = {
		{ LAST(65, 1480, 4008, FRAGMENT_UNKNOWN) },
		{ LAST(63, 1480, 4008, FRAGMENT) },
		{ FIRST(65, 1480, ESTABLISHED) },
		{ LAST(65, 1480, 4008, FRAGMENT) },
		/* another source */
		{ FWD, UDP, "203.0.113.8:51000", THERE, 0, RULE_ALLOW,
		    .datagram = 1, .more = true, .length = 8 },
		{ FWD, UDP, "203.0.113.8:51000", THERE, 0, FRAGMENT,
		    .datagram = 1, .at = 16, .length = 8 },
		{ 0 },
	};
	static struct step steps[1 + COUNT + sizeof(after) / sizeof(after[0])];

	steps[0] = before[0];
	for (unsigned i = 1; i <= COUNT; i++)
		steps[i] = (struct step){ FIRST(
		    i < 64 ? i : i + 1, 1480, ESTABLISHED) };
	memcpy(steps + 1 + COUNT, after, sizeof(after));
	scenario_play(_i ? FAMILY_IPV6 : FAMILY_IPV4, GATEWAY, steps);
}
END_TEST

/* There is room for 70 datagrams: the latest are waited for.  (In IPv6 all of
 * the scenario's sources are one.) */
START_TEST(of_a_flood_from_everywhere_the_latest_find_room)
{
	enum { COUNT = 90 };
	static char source[COUNT][24];
	static struct step steps[COUNT + 2];

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(
		    source[i], sizeof(source[i]), "203.0.113.%u:51000", i + 1);
		steps[i] = (struct step){ FIRST(1, 1480, ACL_ALLOW) };
		steps[i].src = source[i];
	}
	steps[COUNT] = (struct step){ LAST(1, 1480, 4008, FRAGMENT) };
	steps[COUNT].src = source[COUNT - 1];
	scenario_play(FAMILY_IPV4, ONLY_ACL, steps);
}
END_TEST

Suite *
suite_fragment(void)
{
	Suite *suite = suite_create("fragment");
	TCase *tc = tcase_create("fragment");

	ADD_SCENARIO(tc, later_ones_follow_an_accepted_first);
	ADD_SCENARIO(tc, without_their_first_they_are_dropped);
	ADD_SCENARIO(tc, any_order_that_leaves_one_gap);
	ADD_SCENARIO(tc, a_copy_is_dropped_and_the_datagram_lives);
	ADD_SCENARIO(tc, an_overlap_loses_the_datagram);
	ADD_SCENARIO(tc, it_ends_in_one_place);
	ADD_SCENARIO(tc, a_complete_one_makes_room_for_the_next_of_its_number);
	ADD_SCENARIO(tc, the_largest_datagram);
	ADD_SCENARIO(tc, both_ends_may_use_the_same_number);
	ADD_SCENARIO(tc, later_ones_renew_nothing);
	ADD_SCENARIO(tc, a_network_acl_alone_lets_them_through_too);
	ADD_SCENARIO(tc, tcp_and_ping_in_fragments);
	tcase_add_test(tc, later_ones_have_30_or_60_seconds);
	ADD_SCENARIO(tc, a_source_may_begin_64_at_a_time);
	tcase_add_test(tc, of_a_flood_from_everywhere_the_latest_find_room);
	suite_add_tcase(suite, tc);
	return suite;
}
