/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet parser: fragments of both families, and IPv6 extension headers.
 */
#include <stdlib.h>

#include "packet_rows.h"
#include "suites.h"

#define FACTS " seq 100 ack 200 win 65535 len 0"
#define SYN6  "tcp " ENDS6_TCP " S" FACTS
/* An IPv6 packet whose TCP segment comes behind `headers`. */
#define BEHIND(first, headers)  IP6(first, "40") headers TCP("50", "02")
#define HOP(next)               next "00 0104 00000000" /* Hop-by-Hop or Destination */
#define ROUTE(next, type, left) next "00" type left "00000000"
#define FRAG6(next, place)      next "00" place "00001234"
#define LONG_TCP                TCP("50", "10") "00*4" /* 24 bytes */

/* clang-format off */
static const struct row fragments[] = {
	ROW("don't fragment is no fragment", IP4("06", "4000") TCP("50", "02"), "tcp " ENDS4_TCP " S" FACTS),
	ROW("the reserved bit neither", IP4("06", "8000") TCP("50", "02"), "tcp " ENDS4_TCP " S" FACTS),
	ROW("first of TCP", IP4("06", "2000") LONG_TCP, "tcp " ENDS4_TCP " . seq 100 ack 200 win 65535 len 4 first-fragment 4660 0-24"),
	ROW("first of TCP that ends behind the window", IP4("06", "2000") "c7380016 00000064 000000c8 5002ffff",
	  "tcp " ENDS4_TCP " S" FACTS " first-fragment 4660 0-16"),
	ROW("first of TCP whose options go on in the next", IP4("06", "2000") TCP("a0", "02") "03030700",
	  "tcp " ENDS4_TCP " S" FACTS " scale 7 first-fragment 4660 0-24"),
	ROW("first of TCP without the flags", IP4("06", "2000") "c7380016 00000064", "bad-fragment"),
	ROW("first of TCP with illegal flags", IP4("06", "2000") TCP("50", "03") "00*4", "bad-tcp-flags"),
	ROW("first of UDP", IP4("11", "2000") UDP("0100"), "udp " ENDS4_UDP " first-fragment 4660 0-8"),
	ROW("first of UDP, impossible length", IP4("11", "2000") UDP("0007"), "bad-udp-length"),
	ROW("first of a ping", IP4("01", "2000") "0800 0000 0007 0001", "icmp " ENDS4 " echo 7 8/0 query first-fragment 4660 0-8"),
	ROW("first of SCTP without its header", IP4("84", "2000") "00*8", "bad-fragment"),
	ROW("first of DCCP without its header", IP4("21", "2000") "00*8", "bad-fragment"),
	ROW("first of SCTP", IP4("84", "2000") "c7380016 00000000 00000000 01000018 00000000" "00*4", "sctp " ENDS4_TCP " opens first-fragment 4660 0-24"),
	ROW("first of another protocol", IP4("2f", "2000") "00*8", "gre " ENDS4 " first-fragment 4660 0-8"),
	ROW("middle", IP4("06", "2002") "00*8", "tcp " ENDS4 " later-fragment 4660 16-24"),
	ROW("last, of any length", IP4("11", "0001") "00*3", "udp " ENDS4 " later-fragment 4660 8-11 last"),
	ROW("last of TCP at offset 8", IP4("06", "0001") "00*16", "bad-fragment"),
	ROW("middle of TCP at offset 8", IP4("06", "2001") "00*16", "bad-fragment"),
	ROW("length of one that is not the last", IP4("11", "2001") "00*7", "bad-fragment"),
	ROW("empty", IP4("11", "0001"), "bad-fragment"),
	ROW("empty first", IP4("11", "2000"), "bad-fragment"),
	ROW("up to byte 65535 of the datagram", IP4("11", "1ffc") "00*11", "udp " ENDS4 " later-fragment 4660 65504-65515 last"),
	ROW("beyond it", IP4("11", "1ffc") "00*12", "bad-fragment"),
	ROW("beyond it, with options", "4600 LLLL 1234 1ffc 40110000" SRC4 DST4 "01010101" "00*8", "bad-fragment"),
	ROW("the last offset", IP4("11", "1fff") "00*8", "bad-fragment"),
	ROW("one of more than 65535 bytes", "4500 0000 1234 2001 40110000" SRC4 DST4 "00*8", "bad-fragment", .length = 65540),
	ROW("one of 4294967295 bytes", "4500 0000 1234 0001 40110000" SRC4 DST4 "00*8", "bad-fragment", .length = UINT32_MAX),
	ROW("later one, from itself", "4500 LLLL 1234 0003 40110000" DST4 DST4 "00*8", "bad-address"),
	ROW("later one, from 0.0.0.0", "4500 LLLL 1234 0003 40110000 00000000" DST4 "00*8", "bad-address"),
	ROW("a checksum is of the whole datagram", "4500 LLLL 1234 2000 4011 4a92" SRC4 DST4 UDP("0100"), "udp " ENDS4_UDP " first-fragment 4660 0-8", .verify = true),
	ROW("a RST in a fragment cannot be verified", IP6("2c", "40") FRAG6("06", "0001") TCP("50", "04") "00*4",
	  "tcp " ENDS6_TCP " R seq 100 ack 200 win 65535 len 4 pass-only first-fragment 4660 0-24", .verify = true),

	ROW("IPv6: first of TCP", IP6("2c", "40") FRAG6("06", "0001") LONG_TCP, "tcp " ENDS6_TCP " . seq 100 ack 200 win 65535 len 4 first-fragment 4660 0-24"),
	ROW("IPv6: first without all of the TCP header", IP6("2c", "40") FRAG6("06", "0001") "c7380016 00000064 000000c8 5002ffff", "bad-fragment"),
	ROW("IPv6: first without all TCP options", IP6("2c", "40") FRAG6("06", "0001") TCP("70", "02") "03030700", "bad-fragment"),
	ROW("IPv6: first that ends in an extension header", IP6("2c", "40") FRAG6("3c", "0001") "0601 0104 00000000", "bad-fragment"),
	ROW("IPv6: first that ends before an extension header", IP6("2c", "40") FRAG6("3c", "0001") HOP("06"), "bad-fragment"),
	ROW("IPv6: first of UDP behind options", IP6("2c", "40") FRAG6("3c", "0001") HOP("11") UDP("0100"), "udp " ENDS6_UDP " first-fragment 4660 0-16"),
	ROW("IPv6: first of UDP without checksum", IP6("2c", "40") FRAG6("11", "0001") "c7380035 0100 0000", "bad-checksum"),
	ROW("IPv6: middle", IP6("2c", "40") FRAG6("11", "0011") "00*8", "udp " ENDS6 " later-fragment 4660 16-24"),
	ROW("IPv6: an id of 32 bits", IP6("2c", "40") "1100 0010 89abcdef" "00*8", "udp " ENDS6 " later-fragment 2309737967 16-24 last"),
	ROW("IPv6: last of TCP at offset 8", IP6("2c", "40") FRAG6("06", "0008") "00*16", "bad-fragment"),
	ROW("IPv6: reserved bits", IP6("2c", "40") "11ff 0016 00001234 00*8", "udp " ENDS6 " later-fragment 4660 16-24 last"),
	ROW("IPv6: length of one that is not the last", IP6("2c", "40") FRAG6("11", "0011") "00*7", "bad-fragment"),
	ROW("IPv6: empty", IP6("2c", "40") FRAG6("11", "0010"), "bad-fragment"),
	ROW("IPv6: up to byte 65535 of the payload", IP6("2c", "40") FRAG6("11", "fff8") "00*7", "udp " ENDS6 " later-fragment 4660 65528-65535 last"),
	ROW("IPv6: beyond it", IP6("2c", "40") FRAG6("11", "fff8") "00*8", "bad-fragment"),
	ROW("IPv6: beyond it with what is not fragmented", IP6("00", "40") HOP("2c") FRAG6("11", "fff0") "00*8", "bad-fragment"),
	ROW("IPv6: a whole datagram with a Fragment header", IP6("2c", "40") FRAG6("06", "0000") TCP("50", "02"), SYN6),
	ROW("IPv6: the same, with reserved bits", IP6("2c", "40") FRAG6("06", "0006") TCP("50", "02"), SYN6),
	ROW("IPv6: the same, and no TCP", IP6("2c", "40") FRAG6("06", "0000") "00*8", "bad-tcp-header"),
	ROW("IPv6: two Fragment headers", IP6("2c", "40") FRAG6("2c", "0001") FRAG6("06", "0001") TCP("50", "02"), "bad-fragment"),
	ROW("IPv6: two, of a whole datagram", IP6("2c", "40") FRAG6("2c", "0000") FRAG6("06", "0000") TCP("50", "02"), "bad-fragment"),
	ROW("IPv6: two, with another between", IP6("2c", "40") FRAG6("3c", "0000") HOP("2c") FRAG6("06", "0000") TCP("50", "02"), "bad-fragment"),
	ROW("IPv6: half a Fragment header", IP6("2c", "40") "06000001", "bad-extension"),
};

static const struct row extensions[] = {
	ROW("Hop-by-Hop", BEHIND("00", HOP("06")), SYN6),
	ROW("Destination", BEHIND("3c", HOP("06")), SYN6),
	ROW("Hop-by-Hop, Destination, Routing, Destination", BEHIND("00", HOP("3c") HOP("2b") ROUTE("3c", "04", "00") HOP("06")), SYN6),
	ROW("Hop-by-Hop not first", BEHIND("3c", HOP("00") HOP("06")), "bad-extension"),
	ROW("two Hop-by-Hop", BEHIND("00", HOP("00") HOP("06")), "bad-extension"),
	ROW("eight", BEHIND("3c", HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("06")), SYN6),
	ROW("nine", BEHIND("3c", HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("3c") HOP("06")), "bad-extension"),
	ROW("the longest", BEHIND("3c", "06ff c6fe 00*254 c6fe 00*254 c6fe 00*254 c6fe 00*254 c6fe 00*254 c6fe 00*254 c6fe 00*254 c6fc 00*252"), SYN6),
	ROW("longer than the packet", BEHIND("3c", "0603 0104 00000000"), "bad-extension"),
	ROW("longer than what was captured", BEHIND("3c", "0603 0104 00000000"), "truncated", .length = 200),
	ROW("4 bytes", IP6("3c", "40") "06000104", "bad-extension"),
	ROW("none at all", IP6("3c", "40"), "bad-extension"),
	ROW("no next header", IP6("3b", "40"), "bad-extension"),
	ROW("no next header, but bytes", IP6("3b", "40") "00*8", "bad-extension"),
	ROW("no next header, but a header", BEHIND("3b", "0600 0500 00000000"), "bad-extension"),
	ROW("no next header behind options", IP6("3c", "40") HOP("3b"), "bad-extension"),
	ROW("routing header 0", BEHIND("2b", ROUTE("06", "00", "01")), "bad-extension"),
	ROW("routing header 0 that is through", BEHIND("2b", ROUTE("06", "00", "00")), "bad-extension"),
	ROW("routing header 0, going out", BEHIND("2b", ROUTE("06", "00", "00")), "bad-extension", OUTBOUND),
	ROW("segment routing", BEHIND("2b", ROUTE("06", "04", "01")), SYN6),
	ROW("Mobility header alone", IP6("87", "40") "3b00 0500 00000000", "135 " ENDS6),
	ROW("Mobility header before TCP", BEHIND("87", "0600 0500 00000000"), SYN6),
	ROW("Mobility header alone, too long", IP6("87", "40") "3b01 0500 00000000", "bad-extension"),
	ROW("HIP before TCP", BEHIND("8b", "0600 0111 00000000"), SYN6),
	ROW("HIP alone", IP6("8b", "40") "3b00 0111 00000000", "139 " ENDS6),
	ROW("Shim6 before TCP", BEHIND("8c", "0600 8000 00000000"), SYN6),
	ROW("Mobility header is a protocol of IPv4", IP4("87", "0000") "3b000500 00000000", "135 " ENDS4),

	ROW("eight options", BEHIND("3c", "0602 c600 c600 c600 c600 c600 c600 c600 c600 0104 00000000"), SYN6),
	ROW("nine options", BEHIND("3c", "0602 c600 c600 c600 c600 c600 c600 c600 c600 c600 0102 0000"), "bad-extension"),
	ROW("an option and nine bytes in Pad1", BEHIND("3c", "0601 c603 000000 00*9"), "bad-extension"),
	ROW("seven bytes in Pad1", BEHIND("3c", "0601 c605 0000000000 00*7"), SYN6),
	ROW("eight bytes in Pad1", BEHIND("3c", "0601 c604 00000000 00*8"), "bad-extension"),
	ROW("eight bytes in one PadN", BEHIND("3c", "0601 c604 00000000 0106 00*6"), "bad-extension"),
	ROW("seven bytes in two PadN", BEHIND("3c", "0601 c605 0000000000 0101 00 0102 0000"), SYN6),
	ROW("eight bytes in two PadN", BEHIND("3c", "0601 c604 00000000 0102 0000 0102 0000"), "bad-extension"),
	ROW("padding starts anew behind an option", BEHIND("00", "0602 0105 0000000000 c604 00000000 c600 0105 0000000000"), SYN6),
	ROW("option beyond its header", BEHIND("3c", "0600 0105 00000000"), "bad-extension"),
	ROW("option without a length", BEHIND("3c", "0600 0103 000000 c6"), "bad-extension"),
	ROW("padding in a routing header is none", BEHIND("2b", "0601 0400 00*12"), SYN6),

	ROW("Jumbo Payload of a big packet of the kernel", "60000000 0000 0040" SRC6 DST6 "0600 c204 00011170" TCP("50", "10"),
	  "tcp " ENDS6_TCP " . seq 100 ack 200 win 65535 len 69972", .length = 70040),
	ROW("Jumbo Payload that lies", "60000000 0000 0040" SRC6 DST6 "0600 c204 00011171" TCP("50", "10"), "bad-extension", .length = 70040),
	ROW("Jumbo Payload of a small packet", "60000000 001c 0040" SRC6 DST6 "0600 c204 0000001c" TCP("50", "10"), "bad-extension"),
	ROW("Jumbo Payload as a destination option", "60000000 0000 3c40" SRC6 DST6 "0600 c204 00011170" TCP("50", "10"), "bad-extension", .length = 70040),

	ROW("the checksum is of TCP only", BEHIND("00", "0600 0104 00000000"), "bad-checksum", .verify = true),
	ROW("a good one behind options", IP6("3c", "40") HOP("06") "c7380016 00000064 000000c8 5002 ffff 8beb 0000", SYN6, .verify = true),
	ROW("segments left: it is over the address at the end of the route", BEHIND("2b", ROUTE("06", "04", "01")), SYN6, .verify = true),
	ROW("no segment left", BEHIND("2b", ROUTE("06", "04", "00")), "bad-checksum", .verify = true),
	ROW("a home address: it is over that", BEHIND("3c", "0602 c910 20010db8 00000000 00000000 00000007 0102 0000"), SYN6, .verify = true),
};
/* clang-format on */

START_TEST(fragments_of_both_families)
{
	ROWS_CHECK(fragments);
}
END_TEST

START_TEST(extension_headers_are_walked_and_bounded)
{
	ROWS_CHECK(extensions);
}
END_TEST

static struct tuple
fragment_tuple(const char *hex)
{
	struct row row = { .hex = hex };
	uint32_t size;
	uint8_t *bytes = row_bytes(&row, &size);
	struct frame frame = { bytes, size, size, .direction = FORWARD };
	struct packet p;

	ck_assert_int_eq(packet_parse(&frame, &p), UNDECIDED);
	ck_assert(p.is_fragment);
	ck_assert(address_equal(p.fragment.datagram.src, p.tuple.src));
	ck_assert(address_equal(p.fragment.datagram.dst, p.tuple.dst));
	ck_assert_int_eq(p.fragment.datagram.family, p.tuple.family);
	ck_assert_int_eq(p.fragment.datagram.kind, KIND_FRAGMENT);
	free(bytes);
	return p.fragment.datagram;
}

START_TEST(fragments_of_a_datagram_share_a_tuple)
{
	struct tuple first = fragment_tuple(IP4("11", "2000") UDP("0100"));
	struct tuple last = fragment_tuple(IP4("11", "0001") "00*8");
	ck_assert_int_eq(first.protocol, PROTOCOL_UDP);
	ck_assert_int_eq(last.protocol, PROTOCOL_UDP);
	ck_assert_uint_eq(first.sport, 0);
	ck_assert_uint_eq(first.dport, 0x1234);
	ck_assert_uint_eq(last.dport, 0x1234);

	/* IPv6: the next header of a later one may differ (RFC 8200 4.5). */
	first = fragment_tuple(
	    IP6("2c", "40") "3c00 0001 89abcdef" HOP("11") UDP("0100"));
	last = fragment_tuple(IP6("2c", "40") "1100 0010 89abcdef"
					      "00*8");
	ck_assert_int_eq(first.protocol, 0);
	ck_assert_int_eq(last.protocol, 0);
	ck_assert_uint_eq(first.sport, 0x89ab);
	ck_assert_uint_eq(first.dport, 0xcdef);
	ck_assert_uint_eq(last.sport, 0x89ab);
	ck_assert_uint_eq(last.dport, 0xcdef);
}
END_TEST

Suite *
suite_packet_ipv6(void)
{
	Suite *suite = suite_create("packet_ipv6");
	TCase *cases = tcase_create("packet_ipv6");

	tcase_add_test(cases, fragments_of_both_families);
	tcase_add_test(cases, fragments_of_a_datagram_share_a_tuple);
	tcase_add_test(cases, extension_headers_are_walked_and_bounded);
	suite_add_tcase(suite, cases);
	return suite;
}
