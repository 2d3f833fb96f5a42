/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet parser: ICMP and ICMPv6 queries, the packets that errors quote,
 * and the messages without which IPv6 does not work.
 */
#include "packet_rows.h"
#include "suites.h"

#define ICMP4 IP4("01", "0000")
#define ICMP6 IP6("3a", "40")
#define REST  "0000 00000000"

/* A quoted packet of ours, to whom the error comes from. */
#define QUOTE4(place, protocol)                                                \
	"4500 0400 0001" place "01" protocol "0000" DST4 SRC4
#define QUOTE6(next)  "60000000 0400" next "01" DST6 SRC6
#define ERROR4(quote) ICMP4 "0301" REST quote
#define ERROR6(quote) ICMP6 "0104" REST quote
#define QUOTED_TCP    "0016c738 00000064"
#define NO_QUOTE4     "icmp " ENDS4 " 3/1 error"
#define NO_QUOTE6     "icmpv6 " ENDS6 " 1/4 error"
#define ABOUT4        NO_QUOTE4 " about "
#define ABOUT6        NO_QUOTE6 " about "
#define BACK4         "192.0.2.1 > 203.0.113.9"
#define BACK6         "2001:db8:1::1 > 2001:db8::9"
#define BACK4_TCP     "192.0.2.1:22 > 203.0.113.9:51000"
#define BACK6_TCP     "[2001:db8:1::1]:22 > [2001:db8::9]:51000"
#define HOP(next)     next "00 0104 00000000"

/* clang-format off */
static const struct row messages[] = {
	ROW("echo request", ICMP4 "0800 0000 0007 0001", "icmp " ENDS4 " echo 7 8/0 query"),
	ROW("echo reply", ICMP4 "0000 0000 0007 0001", "icmp " ENDS4 " echo-reply 7 0/0 answer"),
	ROW("timestamp", ICMP4 "0d00 0000 ffff 0001" "00*12", "icmp " ENDS4 " timestamp 65535 13/0 query"),
	ROW("timestamp reply", ICMP4 "0e00 0000 ffff 0001" "00*12", "icmp " ENDS4 " timestamp-reply 65535 14/0 answer"),
	ROW("echo with id 0", ICMP4 "0800 0000 0000 0001", "icmp " ENDS4 " echo 0 8/0 query"),
	ROW("IPv6 echo request", ICMP6 "8000 0000 0007 0001", "icmpv6 " ENDS6 " echo 7 128/0 query"),
	ROW("IPv6 echo reply", ICMP6 "8100 0000 0007 0001", "icmpv6 " ENDS6 " echo-reply 7 129/0 answer"),
	ROW("address mask request is no query here", ICMP4 "1100 0000 0007 0001", "icmp " ENDS4 " 17/0"),
	ROW("node information is no query here", ICMP6 "8b00 0000 0007 0001", "icmpv6 " ENDS6 " 139/0"),
	ROW("extended echo is no query here", ICMP4 "2a00 0000 0007 0001", "icmp " ENDS4 " 42/0"),
	ROW("7 bytes", ICMP4 "0800 0000 0007 00", "bad-icmp"),
	ROW("7 bytes, IPv6", ICMP6 "8000 0000 0007 00", "bad-icmp"),
	ROW("no bytes", ICMP6, "bad-icmp"),
	ROW("redirect", ICMP4 "0501 0000" DST4 QUOTE4("0000", "06") QUOTED_TCP, "bad-icmp"),
	ROW("redirect, going out", ICMP4 "0501 0000" DST4 QUOTE4("0000", "06") QUOTED_TCP, "bad-icmp", OUTBOUND),
	ROW("source quench", ICMP4 "0400" REST QUOTE4("0000", "06") QUOTED_TCP, "bad-icmp"),
	ROW("ICMPv6 over IPv4", IP4("3a", "0000") "8000 0000 0007 0001", "bad-icmp"),
	ROW("ICMPv4 over IPv6", IP6("01", "40") "0800 0000 0007 0001", "bad-icmp"),
	ROW("a later fragment is not looked into", IP4("01", "0002") "0501 0000 0007 0001", "icmp " ENDS4 " later-fragment 4660 16-24 last"),
};

static const struct row quotes[] = {
	ROW("TCP", ERROR4(QUOTE4("0000", "06") QUOTED_TCP), ABOUT4 "tcp " BACK4_TCP " seq 100"),
	ROW("TCP, all of it", ERROR4(QUOTE4("4000", "06") QUOTED_TCP "00000000 5010ffff 00000000"), ABOUT4 "tcp " BACK4_TCP " seq 100"),
	ROW("time exceeded", ICMP4 "0b00" REST QUOTE4("0000", "06") QUOTED_TCP, "icmp " ENDS4 " 11/0 error about tcp " BACK4_TCP " seq 100"),
	ROW("parameter problem", ICMP4 "0c00" REST QUOTE4("0000", "06") QUOTED_TCP, "icmp " ENDS4 " 12/0 error about tcp " BACK4_TCP " seq 100"),
	ROW("fragmentation needed, with an MTU", ICMP4 "0304 0000 00000500" QUOTE4("4000", "06") QUOTED_TCP, "icmp " ENDS4 " 3/4 error about tcp " BACK4_TCP " seq 100"),
	ROW("UDP", ERROR4(QUOTE4("0000", "11") "0035c738"), ABOUT4 "udp 192.0.2.1:53 > 203.0.113.9:51000"),
	ROW("SCTP", ERROR4(QUOTE4("0000", "84") "0016c738 00000000"), ABOUT4 "sctp " BACK4_TCP),
	ROW("a ping", ERROR4(QUOTE4("0000", "01") "0800 0000 0007 0001"), ABOUT4 "icmp " BACK4 " echo 7"),
	ROW("an answered ping", ERROR4(QUOTE4("0000", "01") "0000 0000 0007 0001"), ABOUT4 "icmp " BACK4 " echo-reply 7"),
	ROW("a timestamp query", ERROR4(QUOTE4("0000", "01") "0d00 0000 0007 0001"), ABOUT4 "icmp " BACK4 " timestamp 7"),
	ROW("another ICMP message", ERROR4(QUOTE4("0000", "01") "1100 0000 0007 0001"), ABOUT4 "icmp " BACK4),
	ROW("a protocol without ports, not a byte of it", ERROR4(QUOTE4("0000", "2f")), ABOUT4 "gre " BACK4),
	ROW("options", ERROR4("4700 0400 0001 0000 01060000" DST4 SRC4 "83070400 00000000" QUOTED_TCP), ABOUT4 "tcp " BACK4_TCP " seq 100"),
	ROW("a first fragment", ERROR4(QUOTE4("2000", "06") QUOTED_TCP), ABOUT4 "tcp " BACK4_TCP " seq 100"),
	ROW("a later fragment", ERROR4(QUOTE4("2001", "06") QUOTED_TCP), NO_QUOTE4),
	ROW("TCP without all of seq", ERROR4(QUOTE4("0000", "06") "0016c738 000000"), NO_QUOTE4),
	ROW("UDP without all of its ports", ERROR4(QUOTE4("0000", "11") "0035c7"), NO_QUOTE4),
	ROW("a ping without all of its header", ERROR4(QUOTE4("0000", "01") "0800 0000 0007 00"), NO_QUOTE4),
	ROW("an error about an error", ERROR4(QUOTE4("0000", "01") "0301" REST QUOTE4("0000", "06") QUOTED_TCP), NO_QUOTE4),
	ROW("an error about time exceeded", ERROR4(QUOTE4("0000", "01") "0b00" REST), NO_QUOTE4),
	ROW("an error about a parameter problem", ERROR4(QUOTE4("0000", "01") "0c00" REST), NO_QUOTE4),
	ROW("an error about source quench", ERROR4(QUOTE4("0000", "01") "0400" REST), NO_QUOTE4),
	ROW("an error about a redirect", ERROR4(QUOTE4("0000", "01") "0500" REST), NO_QUOTE4),
	ROW("a quote that did not come from here", ERROR4("4500 0400 0001 0000 01060000 c0000202" SRC4 QUOTED_TCP), NO_QUOTE4),
	ROW("a quote as it would come back", ERROR4("4500 0400 0001 0000 01060000" SRC4 DST4 QUOTED_TCP), NO_QUOTE4),
	ROW("IPv6 in an IPv4 error", ERROR4(QUOTE6("06") QUOTED_TCP), NO_QUOTE4),
	ROW("another version in an IPv4 error", ERROR4("6500 0400 0001 0000 01060000" DST4 SRC4 QUOTED_TCP), NO_QUOTE4),
	ROW("a quoted header of 16 bytes", ERROR4("4400 0400 0001 0000 01060000" DST4 SRC4 QUOTED_TCP), NO_QUOTE4),
	ROW("a quoted header beyond the quote", ERROR4("4f00 0400 0001 0000 01060000" DST4 SRC4 QUOTED_TCP), NO_QUOTE4),
	ROW("19 bytes", ERROR4("4500 0400 0001 0000 01060000" DST4 "cb0071"), NO_QUOTE4),
	ROW("nothing", ERROR4(""), NO_QUOTE4),
	ROW("beyond what was captured", ERROR4(QUOTE4("0000", "06") "0016c738"), NO_QUOTE4, .length = 100),
	ROW("from a router on the way", "4500 LLLL 0001 0000 40010000 c6336401" DST4 "0b00" REST QUOTE4("0000", "06") QUOTED_TCP,
	  "icmp 198.51.100.1 > 192.0.2.1 11/0 error about tcp " BACK4_TCP " seq 100"),
	ROW("of an error that goes out", ERROR4(QUOTE4("0000", "06") QUOTED_TCP), ABOUT4 "tcp " BACK4_TCP " seq 100", OUTBOUND),

	ROW("IPv6: TCP", ERROR6(QUOTE6("06") QUOTED_TCP), ABOUT6 "tcp " BACK6_TCP " seq 100"),
	ROW("IPv6: packet too big", ICMP6 "0200 0000 00000500" QUOTE6("06") QUOTED_TCP, "icmpv6 " ENDS6 " 2/0 error about tcp " BACK6_TCP " seq 100"),
	ROW("IPv6: time exceeded", ICMP6 "0300" REST QUOTE6("11") "0016c738", "icmpv6 " ENDS6 " 3/0 error about udp " BACK6_TCP),
	ROW("IPv6: parameter problem", ICMP6 "0401" REST QUOTE6("06") QUOTED_TCP, "icmpv6 " ENDS6 " 4/1 error about tcp " BACK6_TCP " seq 100"),
	ROW("IPv6: a private error is none of them", ICMP6 "6400" REST QUOTE6("06") QUOTED_TCP, "icmpv6 " ENDS6 " 100/0"),
	ROW("IPv6: type 0 neither", ICMP6 "0000" REST QUOTE6("06") QUOTED_TCP, "icmpv6 " ENDS6 " 0/0"),
	ROW("IPv6: a ping", ERROR6(QUOTE6("3a") "8000 0000 0007 0001"), ABOUT6 "icmpv6 " BACK6 " echo 7"),
	ROW("IPv6: an error about an error", ERROR6(QUOTE6("3a") "0100 0000 0007 0001"), NO_QUOTE6),
	ROW("IPv6: an error about a private error", ERROR6(QUOTE6("3a") "7f00 0000 0007 0001"), NO_QUOTE6),
	ROW("IPv6: behind extension headers", ERROR6(QUOTE6("00") HOP("3c") "0601 0104 00000000 00000000 00000000" QUOTED_TCP), ABOUT6 "tcp " BACK6_TCP " seq 100"),
	ROW("IPv6: a whole datagram with a Fragment header", ERROR6(QUOTE6("2c") "06000000 00001234" QUOTED_TCP), ABOUT6 "tcp " BACK6_TCP " seq 100"),
	ROW("IPv6: a first fragment", ERROR6(QUOTE6("2c") "06000001 00001234" QUOTED_TCP), ABOUT6 "tcp " BACK6_TCP " seq 100"),
	ROW("IPv6: a first fragment, reserved bits", ERROR6(QUOTE6("2c") "06ff0007 00001234" QUOTED_TCP), ABOUT6 "tcp " BACK6_TCP " seq 100"),
	ROW("IPv6: a later fragment", ERROR6(QUOTE6("2c") "06000009 00001234" QUOTED_TCP), NO_QUOTE6),
	ROW("IPv6: eight extension headers", ERROR6(QUOTE6("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("06") QUOTED_TCP),
	  ABOUT6 "tcp " BACK6_TCP " seq 100"),
	ROW("IPv6: nine extension headers", ERROR6(QUOTE6("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("06") QUOTED_TCP),
	  NO_QUOTE6),
	ROW("IPv6: Mobility header", ERROR6(QUOTE6("87") "3b00 0500 00000000"), ABOUT6 "135 " BACK6),
	ROW("IPv6: no next header", ERROR6(QUOTE6("3b")), NO_QUOTE6),
	ROW("IPv6: no next header, but a header", ERROR6(QUOTE6("3b") "0600 0500 00000000" QUOTED_TCP), NO_QUOTE6),
	ROW("IPv6: half an extension header", ERROR6(QUOTE6("3c") "06000104"), NO_QUOTE6),
	ROW("IPv6: extension header beyond the quote", ERROR6(QUOTE6("3c") "06020104 00000000"), NO_QUOTE6),
	ROW("IPv6: TCP without all of seq", ERROR6(QUOTE6("06") "0016c738 000000"), NO_QUOTE6),
	ROW("IPv6: IPv4 in an IPv6 error", ERROR6(QUOTE4("0000", "06") QUOTED_TCP "00*40"), NO_QUOTE6),
	ROW("IPv6: another version in an IPv6 error", ERROR6("40000000 0400 0601" DST6 SRC6 QUOTED_TCP), NO_QUOTE6),
	ROW("IPv6: 39 bytes", ERROR6("60000000 0400 0601" DST6 "20010db800000000000000000000 00"), NO_QUOTE6),
	ROW("IPv6: a quote that did not come from here", ERROR6("60000000 0400 0601" SRC6 DST6 QUOTED_TCP), NO_QUOTE6),
};

#define ND(source, hops, type) "60000000 LLLL 3a" hops source DST6 type REST "00*16 "
#define NOWHERE "00*16 "
#define LOCAL "icmpv6 fe80::1 > 2001:db8:1::1 "

static const struct row essentials[] = {
	ROW("router solicitation", ND(LINK6, "ff", "8500"), LOCAL "133/0 essential"),
	ROW("router advertisement", ND(LINK6, "ff", "8600"), LOCAL "134/0 essential"),
	ROW("neighbour solicitation", ND(LINK6, "ff", "8700"), LOCAL "135/0 essential"),
	ROW("neighbour advertisement", ND(LINK6, "ff", "8800"), LOCAL "136/0 essential"),
	ROW("from a global address", ND(SRC6, "ff", "8700"), "icmpv6 " ENDS6 " 135/0 essential"),
	ROW("going out", ND(LINK6, "ff", "8700"), LOCAL "135/0 essential", OUTBOUND),
	ROW("across a router", ND(LINK6, "ff", "8700"), LOCAL "135/0", FORWARD),
	ROW("redirect: by rule", ND(LINK6, "ff", "8900"), LOCAL "137/0"),
	ROW("another code", ND(LINK6, "ff", "8701"), LOCAL "135/1"),
	ROW("has crossed a router", ND(LINK6, "fe", "8700"), "bad-discovery"),
	ROW("advertisement that has crossed a router", ND(LINK6, "40", "8600"), "bad-discovery"),
	ROW("redirect that has crossed a router", ND(LINK6, "fe", "8900"), "bad-discovery"),
	ROW("hop limit 254, going out", ND(LINK6, "fe", "8800"), "bad-discovery", OUTBOUND),
	ROW("behind another header", IP6("3c", "ff") HOP("3a") "8700" REST "00*16 ", "icmpv6 " ENDS6 " 135/0"),
	ROW("behind a Fragment header, whole", IP6("2c", "ff") "3a000000 00001234 8700" REST "00*16 ", "bad-discovery"),
	ROW("behind a Fragment header, a first fragment", IP6("2c", "ff") "3a000001 00001234 8600" REST "00*16 ", "bad-discovery"),
	ROW("duplicate address detection", ND(NOWHERE, "ff", "8700"), "icmpv6 :: > 2001:db8:1::1 135/0 essential"),
	ROW("router solicitation without an address", ND(NOWHERE, "ff", "8500"), "icmpv6 :: > 2001:db8:1::1 133/0 essential"),
	ROW("advertisement without an address", ND(NOWHERE, "ff", "8800"), "bad-address"),
	ROW("router advertisement without an address", ND(NOWHERE, "ff", "8600"), "bad-address"),
	ROW("redirect without an address", ND(NOWHERE, "ff", "8900"), "bad-address"),
	ROW("duplicate address detection across a router", ND(NOWHERE, "ff", "8700"), "bad-address", FORWARD),
	ROW("a ping without an address", ND(NOWHERE, "ff", "8000"), "bad-address"),

	ROW("MLD query", ND(LINK6, "01", "8200"), LOCAL "130/0 essential"),
	ROW("MLD report", ND(LINK6, "01", "8300"), LOCAL "131/0 essential"),
	ROW("MLD done", ND(LINK6, "01", "8400"), LOCAL "132/0 essential"),
	ROW("MLDv2 report", ND(LINK6, "01", "8f00"), LOCAL "143/0 essential"),
	ROW("MLDv2 report behind router alert", "60000000 LLLL 0001" LINK6 DST6 "3a00 0502 0000 0100 8f00" REST, LOCAL "143/0 essential"),
	ROW("MLDv2 report going out", ND(LINK6, "01", "8f00"), LOCAL "143/0 essential", OUTBOUND),
	ROW("MLDv2 report without an address", ND(NOWHERE, "01", "8f00"), "icmpv6 :: > 2001:db8:1::1 143/0 essential"),
	ROW("MLD across a router", ND(LINK6, "01", "8200"), LOCAL "130/0", FORWARD),
	ROW("MLD with hop limit 2", ND(LINK6, "02", "8f00"), LOCAL "143/0"),
	ROW("MLD with hop limit 2, without an address", ND(NOWHERE, "02", "8f00"), "bad-address"),
	ROW("MLD not from the link", ND(SRC6, "01", "8200"), "icmpv6 " ENDS6 " 130/0"),
	ROW("MLD from fec0::, next to the link", ND("fec00000000000000000000000000001", "01", "8200"), "icmpv6 fec0::1 > 2001:db8:1::1 130/0"),
	ROW("MLD behind a Fragment header", "60000000 LLLL 2c01" LINK6 DST6 "3a000000 00001234 8f00" REST, LOCAL "143/0"),
	ROW("multicast router discovery: by rule", ND(LINK6, "01", "9700"), LOCAL "151/0"),
};
/* clang-format on */

START_TEST(queries_answers_and_errors)
{
	ROWS_CHECK(messages);
}
END_TEST

START_TEST(errors_quote_the_packet_they_are_about)
{
	ROWS_CHECK(quotes);
}
END_TEST

START_TEST(discovery_comes_from_the_link)
{
	ROWS_CHECK(essentials);
}
END_TEST

Suite *
suite_packet_icmp(void)
{
	Suite *suite = suite_create("packet_icmp");
	TCase *cases = tcase_create("packet_icmp");

	tcase_add_test(cases, queries_answers_and_errors);
	tcase_add_test(cases, errors_quote_the_packet_they_are_about);
	tcase_add_test(cases, discovery_comes_from_the_link);
	suite_add_tcase(suite, cases);
	return suite;
}
