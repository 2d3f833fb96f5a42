/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet parser: lengths and IPv4 options, addresses, TCP, UDP, the other
 * protocols, checksums.  IPv6's own headers are in test_packet_ipv6.c, ICMP in
 * test_packet_icmp.c, the language of the rows in packet_rows.h.
 */
#include <stdlib.h>

#include "packet_rows.h"
#include "suites.h"

#define TCP4  IP4("06", "0000")
#define TCP6  IP6("06", "40")
#define UDP4  IP4("11", "0000")
#define UDP6  IP6("11", "40")
#define FACTS " seq 100 ack 200 win 65535 len 0"
#define SYN4  "tcp " ENDS4_TCP " S" FACTS
#define SYN6  "tcp " ENDS6_TCP " S" FACTS
#define IP4_OPTIONS(first, options)                                            \
	first "00 LLLL 0001 0000 40060000" SRC4 DST4 options

/* clang-format off */
static const struct row lengths[] = {
	ROW("nothing at all", "", "no-packet"),
	ROW("version 5", "5500 LLLL" "00*36", "not-ip"),
	ROW("version 0", "0000 LLLL" "00*36", "not-ip"),
	ROW("IPv4, 19 bytes", "4500 0013" "00*15", "truncated"),
	ROW("IPv4 header of 16 bytes", "4400 LLLL 0001 0000 40060000" SRC4 DST4 TCP("50", "02"), "bad-ip-header"),
	ROW("IPv4 header beyond the packet", "4600 LLLL 0001 0000 40fd0000" SRC4 DST4, "bad-ip-header"),
	ROW("IPv4 length less than its header", "4500 0013 0001 0000 40060000" SRC4 DST4 TCP("50", "02"), "bad-ip-header"),
	ROW("IPv4 length beyond the frame", "4500 0029 0001 0000 40060000" SRC4 DST4 TCP("50", "02"), "bad-ip-header"),
	ROW("IPv4 length 0", "4500 0000 0001 0000 40060000" SRC4 DST4 TCP("50", "02"), "bad-ip-header"),
	ROW("IPv4 length 0 of 65535 bytes", "4500 0000 0001 0000 40060000" SRC4 DST4 TCP("50", "10"), "bad-ip-header", .length = 65535),
	ROW("IPv4 length 0 of 65536 bytes: a big one of the kernel", "4500 0000 0001 0000 40060000" SRC4 DST4 TCP("50", "10"),
	  "tcp " ENDS4_TCP " . seq 100 ack 200 win 65535 len 65496", .length = 65536),
	ROW("what follows the IPv4 packet is padding", "4500 0028 0001 0000 40060000" SRC4 DST4 TCP("50", "02") "ff*6", SYN4),
	ROW("payload that was not captured counts", TCP4 TCP("50", "10"), "tcp " ENDS4_TCP " . seq 100 ack 200 win 65535 len 1460", .length = 1500),

	ROW("IPv6, 39 bytes", "60000000 0000 fd40" "00*31", "truncated"),
	ROW("IPv6 length beyond the frame", "60000000 0015 0640" SRC6 DST6 TCP("50", "02"), "bad-ip-header"),
	ROW("IPv6 length 0: no TCP", "60000000 0000 0640" SRC6 DST6 TCP("50", "02"), "bad-tcp-header"),
	ROW("IPv6 length 0 of 65575 bytes", "60000000 0000 0640" SRC6 DST6 TCP("50", "10"), "bad-tcp-header", .length = 65575),
	ROW("IPv6 length 0 of 65576 bytes: a big one of the kernel", "60000000 0000 0640" SRC6 DST6 TCP("50", "10"),
	  "tcp " ENDS6_TCP " . seq 100 ack 200 win 65535 len 65516", .length = 65576),
	ROW("what follows the IPv6 packet is padding", "60000000 0014 0640" SRC6 DST6 TCP("50", "02") "ff*6", SYN6),
	ROW("IPv6 payload that was not captured counts", TCP6 TCP("50", "10"), "tcp " ENDS6_TCP " . seq 100 ack 200 win 65535 len 1440", .length = 1500),
};

static const struct row ipv4_options[] = {
	ROW("no-operation and end of list", IP4_OPTIONS("46", "01010000") TCP("50", "02"), SYN4),
	ROW("what follows the end of list is not read", IP4_OPTIONS("46", "00830300") TCP("50", "02"), SYN4),
	ROW("router alert", IP4_OPTIONS("46", "94040000") TCP("50", "02"), SYN4),
	ROW("the longest header", IP4_OPTIONS("4f", "0728 00*38") TCP("50", "02"), SYN4),
	ROW("record route is no source route", IP4_OPTIONS("47", "0707040000000000") TCP("50", "02"), SYN4),
	ROW("loose source route", IP4_OPTIONS("47", "830704c000020900") TCP("50", "02"), "bad-ip-option"),
	ROW("strict source route", IP4_OPTIONS("47", "890704c000020900") TCP("50", "02"), "bad-ip-option"),
	ROW("source route behind another option", IP4_OPTIONS("48", "94040000 830704c000020900") TCP("50", "02"), "bad-ip-option"),
	ROW("source route going out", IP4_OPTIONS("47", "830704c000020900") TCP("50", "02"), "bad-ip-option", OUTBOUND),
	ROW("option of length 0", IP4_OPTIONS("46", "94000000") TCP("50", "02"), "bad-ip-option"),
	ROW("option of length 1", IP4_OPTIONS("46", "94010000") TCP("50", "02"), "bad-ip-option"),
	ROW("option beyond the header", IP4_OPTIONS("46", "94050000") TCP("50", "02"), "bad-ip-option"),
	ROW("option without a length", IP4_OPTIONS("46", "01010194") TCP("50", "02"), "bad-ip-option"),
};

#define FROM4(source) "4500 LLLL 0001 0000 40060000" source DST4 TCP("50", "02")
#define FROM6(source) "60000000 LLLL 0640" source DST6 TCP("50", "02")
#define TO4(destination) "4500 LLLL 0001 0000 40110000" SRC4 destination UDP("0008")
#define TO6(destination) "60000000 LLLL 1140" SRC6 destination UDP("0008")
#define DHCP4(source, ports) "4500 LLLL 0001 0000 40110000" source "ffffffff" ports "0008 beef"

static const struct row addresses[] = {
	ROW("from 223.255.255.255, the last unicast", FROM4("dfffffff"), "tcp 223.255.255.255:51000 > 192.0.2.1:22 S" FACTS),
	ROW("from multicast", FROM4("e0000001"), "bad-address"),
	ROW("from the last multicast", FROM4("efffffff"), "bad-address"),
	ROW("from broadcast", FROM4("ffffffff"), "bad-address"),
	ROW("from loopback", FROM4("7f000001"), "bad-address"),
	ROW("from loopback, forwarded", FROM4("7fffffff"), "bad-address", FORWARD),
	ROW("from loopback, going out: the kernel chose it", FROM4("7f000001"), "tcp 127.0.0.1:51000 > 192.0.2.1:22 S" FACTS, OUTBOUND),
	ROW("from 0.0.0.0", FROM4("00000000"), "bad-address"),
	ROW("from 0.0.0.0, forwarded", FROM4("00000000"), "bad-address", FORWARD),
	ROW("from 0.0.0.0, going out", FROM4("00000000"), "tcp 0.0.0.0:51000 > 192.0.2.1:22 S" FACTS, OUTBOUND),
	ROW("to multicast", TO4("e00000fb"), "udp 203.0.113.9:51000 > 224.0.0.251:53"),
	ROW("to broadcast", TO4("ffffffff"), "udp 203.0.113.9:51000 > 255.255.255.255:53"),
	ROW("DHCP from 0.0.0.0 to a server here", DHCP4("00000000", "00440043"), "udp 0.0.0.0:68 > 255.255.255.255:67"),
	ROW("DHCP from 0.0.0.0, forwarded", DHCP4("00000000", "00440043"), "bad-address", FORWARD),
	ROW("to a DHCP server from 0.0.0.0, but no client", DHCP4("00000000", "c7380043"), "bad-address"),
	ROW("the answer of DHCP does not come from 0.0.0.0", DHCP4("00000000", "00430044"), "bad-address"),

	ROW("from multicast, IPv6", FROM6("ff020000000000000000000000000001"), "bad-address"),
	ROW("from loopback, IPv6", FROM6("00000000000000000000000000000001"), "bad-address"),
	ROW("from loopback, IPv6, going out", FROM6("00000000000000000000000000000001"), "tcp [::1]:51000 > [2001:db8:1::1]:22 S" FACTS, OUTBOUND),
	ROW("from ::", FROM6("00*16 "), "bad-address"),
	ROW("from ::, forwarded", FROM6("00*16 "), "bad-address", FORWARD),
	ROW("from a mapped address", FROM6("00000000000000000000ffff cb007109"), "bad-address"),
	ROW("from a mapped address, going out", FROM6("00000000000000000000ffff cb007109"), "bad-address", OUTBOUND),
	ROW("from a compatible address", FROM6("000000000000000000000000 cb007109"), "bad-address"),
	ROW("from 1::, no compatible address", FROM6("0000000000000000 00010000 cb007109"), "tcp [::1:0:cb00:7109]:51000 > [2001:db8:1::1]:22 S" FACTS),
	ROW("to a mapped address", TO6("00000000000000000000ffff c0000201"), "bad-address"),
	ROW("to a compatible address", TO6("000000000000000000000000 c0000201"), "bad-address"),
	ROW("to ::", TO6("00*16 "), "bad-address"),
	ROW("to loopback, from outside", TO6("00000000000000000000000000000001"), "bad-address"),
	ROW("to multicast, IPv6", TO6("ff0200000000000000000000000000fb"), "udp [2001:db8::9]:51000 > [ff02::fb]:53"),

	ROW("LAND", "4500 LLLL 0001 0000 40060000" DST4 DST4 "00160016 00000064 000000c8 5002 ffff 00000000", "bad-address"),
	ROW("LAND going out", "4500 LLLL 0001 0000 40060000" DST4 DST4 "00160016 00000064 000000c8 5002 ffff 00000000", "bad-address", OUTBOUND),
	ROW("LAND over IPv6", "60000000 LLLL 0640" DST6 DST6 "00160016 00000064 000000c8 5002 ffff 00000000", "bad-address"),
	ROW("our own address from outside, another port", FROM4(DST4), "bad-address"),
	ROW("a host behind us speaks to itself by our translation", FROM4(DST4), "tcp 192.0.2.1:51000 > 192.0.2.1:22 S" FACTS, FORWARD),
	ROW("a ping of our own address from outside", "4500 LLLL 0001 0000 40010000" DST4 DST4 "0800 0000 0001 0001", "bad-address"),
};

static const struct row tcp[] = {
	ROW("a SYN", TCP4 TCP("50", "02"), SYN4),
	ROW("a SYN over IPv6", TCP6 TCP("50", "02"), SYN6),
	ROW("a SYN that asks for ECN", TCP4 TCP("50", "c2"), "tcp " ENDS4_TCP " SEW" FACTS),
	ROW("reserved bits are ignored", TCP4 TCP("5f", "18"), "tcp " ENDS4_TCP " P." FACTS),
	ROW("header of 16 bytes", TCP4 TCP("40", "02"), "bad-tcp-header"),
	ROW("header of 16 bytes over IPv6", TCP6 TCP("40", "02"), "bad-tcp-header"),
	ROW("header beyond the packet", TCP4 TCP("60", "02"), "bad-tcp-header"),
	ROW("header beyond the packet over IPv6", TCP6 TCP("60", "02"), "bad-tcp-header"),
	ROW("header beyond what was captured", TCP4 TCP("60", "02"), "truncated", .length = 44),
	ROW("19 bytes of header", TCP4 "c7380016 00000064 000000c8 5002 ffff 0000 00", "bad-tcp-header"),
	ROW("no header", TCP4, "bad-tcp-header"),
	ROW("source port 0", TCP4 "00000016 00000064 000000c8 5002 ffff 00000000", "bad-port"),
	ROW("destination port 0", TCP4 "c7380000 00000064 000000c8 5002 ffff 00000000", "bad-port"),
	ROW("port 0 over IPv6, going out", TCP6 "c7380000 00000064 000000c8 5002 ffff 00000000", "bad-port", OUTBOUND),
	ROW("data on the SYN", TCP4 TCP("50", "02") "00*10", "tcp " ENDS4_TCP " S seq 100 ack 200 win 65535 len 10"),
};

#define SYN_WITH(length, options) TCP4 TCP(length, "02") options
#define ACK_WITH(length, options) TCP6 TCP(length, "10") options
#define ACKED "tcp " ENDS6_TCP " ." FACTS

static const struct row tcp_options[] = {
	ROW("window scale", SYN_WITH("60", "01030307"), SYN4 " scale 7"),
	ROW("window scale 0", SYN_WITH("60", "03030000"), SYN4 " scale 0"),
	ROW("window scale 14", SYN_WITH("60", "0303 0e00"), SYN4 " scale 14"),
	ROW("window scale 15 is 14", SYN_WITH("60", "03030f00"), SYN4 " scale 14"),
	ROW("window scale 255 is 14", SYN_WITH("60", "0303ff00"), SYN4 " scale 14"),
	ROW("all that Linux sends", SYN_WITH("a0", "020405b4 0402080a 00000001 00000000 01030307"), SYN4 " scale 7"),
	ROW("the longest header", SYN_WITH("f0", "01*37 030309"), SYN4 " scale 9"),
	ROW("behind the end of list", SYN_WITH("70", "00020303 07000000"), SYN4),
	ROW("scale of the wrong length", SYN_WITH("60", "03040700"), SYN4),
	ROW("option of length 0 ends the list", SYN_WITH("70", "0800 0000 03030701"), SYN4),
	ROW("option of length 1 ends the list", SYN_WITH("70", "0801 0000 03030701"), SYN4),
	ROW("option beyond the header ends the list", SYN_WITH("60", "0303070b"), SYN4 " scale 7"),
	ROW("scale beyond the header", SYN_WITH("60", "01010303") "07070707", "tcp " ENDS4_TCP " S seq 100 ack 200 win 65535 len 4"),
	ROW("scale only counts in a SYN", ACK_WITH("60", "01030307"), ACKED),
	ROW("scale in a SYN/ACK", TCP6 TCP("60", "12") "01030307", "tcp " ENDS6_TCP " S." FACTS " scale 7"),
	ROW("timestamp alone", ACK_WITH("80", "0101080a 00000001 00000002"), ACKED),
	ROW("a SACK block", ACK_WITH("80", "0101050a 0000012c 00000190"), ACKED " sack 400"),
	ROW("SACK behind a timestamp", ACK_WITH("b0", "0101080a 0000000100000002 0101050a 0000012c 00000190"), ACKED " sack 400"),
	ROW("the highest of two blocks", ACK_WITH("a0", "01010512 0000012c00000190 000001f400000258"), ACKED " sack 600"),
	ROW("the highest of two blocks, other order", ACK_WITH("a0", "01010512 000001f400000258 0000012c00000190"), ACKED " sack 600"),
	ROW("a block behind the ack", ACK_WITH("80", "0101050a 00000032 00000064"), ACKED " sack 200"),
	ROW("a block across 2^32", TCP4 "c7380016 00000064 fffffff0 8010 ffff 00000000 0101050a fffffff8 00000008",
	  "tcp " ENDS4_TCP " . seq 100 ack 4294967280 win 65535 len 0 sack 8"),
	ROW("SACK without a whole block", ACK_WITH("70", "01010506 0000012c"), ACKED),
	ROW("SACK of a SYN means nothing", SYN_WITH("80", "0101050a 0000012c 00000190"), SYN4),
	ROW("SACK of a SYN/ACK neither", TCP6 TCP("80", "12") "0101050a 0000012c 00000190", "tcp " ENDS6_TCP " S." FACTS),
	ROW("SACK of a RST without ACK means nothing", TCP6 TCP("80", "04") "0101050a 0000012c 00000190", "tcp " ENDS6_TCP " R" FACTS),
};

static const struct row udp[] = {
	ROW("a datagram", UDP4 UDP("000c") "00*4", "udp " ENDS4_UDP),
	ROW("a datagram over IPv6", UDP6 UDP("000c") "00*4", "udp " ENDS6_UDP),
	ROW("the least", UDP4 UDP("0008"), "udp " ENDS4_UDP),
	ROW("length 7", UDP4 UDP("0007"), "bad-udp-length"),
	ROW("length 0", UDP6 UDP("0000"), "bad-udp-length"),
	ROW("length beyond the packet", UDP4 UDP("0009"), "bad-udp-length"),
	ROW("length beyond the packet, IPv6", UDP6 UDP("0009"), "bad-udp-length"),
	ROW("length less than the packet", UDP4 UDP("0008") "00*4", "udp " ENDS4_UDP),
	ROW("7 bytes", UDP4 "c73800350007be", "bad-udp-length"),
	ROW("source port 0", UDP4 "00000035 0008 beef", "bad-port"),
	ROW("destination port 0", UDP6 "c7380000 0008 beef", "bad-port"),
	ROW("no checksum", UDP4 "c7380035 0008 0000", "udp " ENDS4_UDP),
	ROW("no checksum, IPv6, to this host", UDP6 "c7380035 0008 0000", "bad-checksum"),
	ROW("no checksum, IPv6, forwarded", UDP6 "c7380035 0008 0000", "udp " ENDS6_UDP, FORWARD),
	ROW("no checksum, IPv6, going out", UDP6 "c7380035 0008 0000", "udp " ENDS6_UDP, OUTBOUND),
	ROW("UDP-Lite that covers its header", IP4("88", "0000") UDP("0008") "00*4", "udplite " ENDS4_UDP),
	ROW("UDP-Lite that covers all", IP6("88", "40") UDP("0000") "00*4", "udplite " ENDS6_UDP),
	ROW("UDP-Lite that covers half its header", IP4("88", "0000") UDP("0007") "00*4", "bad-udp-length"),
	ROW("UDP-Lite that covers more than there is", IP6("88", "40") UDP("000d") "00*4", "bad-udp-length"),
	ROW("UDP-Lite from port 0", IP4("88", "0000") "00000035 0008 beef", "bad-port"),
	ROW("a DHCP client asks", DHCP4("00000000", "00440043"), "udp 0.0.0.0:68 > 255.255.255.255:67 essential", OUTBOUND),
	ROW("a DHCP client is answered", DHCP4(SRC4, "00430044"), "udp 203.0.113.9:67 > 255.255.255.255:68 essential"),
	ROW("DHCP across a router", DHCP4(SRC4, "00430044"), "udp 203.0.113.9:67 > 255.255.255.255:68", FORWARD),
	ROW("a DHCP server answers", DHCP4(SRC4, "00430044"), "udp 203.0.113.9:67 > 255.255.255.255:68", OUTBOUND),
	ROW("a DHCPv6 client asks", IP6("11", "40") "02220223 0008 beef", "udp [2001:db8::9]:546 > [2001:db8:1::1]:547 essential", OUTBOUND),
	ROW("a DHCPv6 client is answered", "60000000 LLLL 1140" LINK6 DST6 "02230222 0008 beef", "udp [fe80::1]:547 > [2001:db8:1::1]:546 essential"),
	ROW("DHCPv6 not from the link", IP6("11", "40") "02230222 0008 beef", "udp [2001:db8::9]:547 > [2001:db8:1::1]:546"),
	ROW("DHCPv4 ports over IPv6", IP6("11", "40") "00440043 0008 beef", "udp [2001:db8::9]:68 > [2001:db8:1::1]:67", OUTBOUND),
};

#define SCTP(tag, chunk) "c7380016" tag "00000000" chunk
#define INIT "01000014 00000001 00010000 00010001 00000001"
#define DCCP(header, type) "c7380016" header "000000" type "000000 00000000 00000000"

static const struct row others[] = {
	ROW("SCTP INIT", IP4("84", "0000") SCTP("00000000", INIT), "sctp " ENDS4_TCP " opens"),
	ROW("SCTP INIT over IPv6", IP6("84", "40") SCTP("00000000", INIT), "sctp " ENDS6_TCP " opens"),
	ROW("INIT with padding", IP4("84", "0000") SCTP("00000000", "01000015 00000001 00010000 00010001 00000001 00*4"), "sctp " ENDS4_TCP " opens"),
	ROW("INIT with a tag", IP4("84", "0000") SCTP("00000001", INIT), "sctp " ENDS4_TCP),
	ROW("INIT and another chunk", IP4("84", "0000") SCTP("00000000", INIT "0a000004"), "sctp " ENDS4_TCP),
	ROW("INIT longer than the packet", IP4("84", "0000") SCTP("00000000", "01000018 00000001 00010000 00010001 00000001"), "sctp " ENDS4_TCP),
	ROW("INIT too short", IP6("84", "40") SCTP("00000000", "01000010 00000001 00010000 00010001"), "sctp " ENDS6_TCP),
	ROW("SCTP data", IP4("84", "0000") SCTP("00000001", "00030014 00000001 00010000 00010001 00000001"), "sctp " ENDS4_TCP),
	ROW("SCTP data without a tag", IP4("84", "0000") SCTP("00000000", "00030014 00000001 00010000 00010001 00000001"), "sctp " ENDS4_TCP),
	ROW("SCTP without a chunk", IP4("84", "0000") SCTP("00000000", ""), "sctp " ENDS4_TCP),
	ROW("SCTP, 11 bytes", IP4("84", "0000") "c7380016 00000000 000000", "bad-transport"),
	ROW("SCTP port 0", IP6("84", "40") "00000016 00000000 00000000" INIT, "bad-port"),
	ROW("DCCP Request", IP4("21", "0000") DCCP("05", "01"), "dccp " ENDS4_TCP " opens"),
	ROW("DCCP Request over IPv6", IP6("21", "40") DCCP("05", "01"), "dccp " ENDS6_TCP " opens"),
	ROW("DCCP Request without long numbers", IP4("21", "0000") DCCP("05", "00"), "dccp " ENDS4_TCP),
	ROW("DCCP Request without a service code", IP4("21", "0000") DCCP("04", "01"), "dccp " ENDS4_TCP),
	ROW("DCCP Response", IP4("21", "0000") DCCP("05", "03"), "dccp " ENDS4_TCP),
	ROW("DCCP header of 8 bytes", IP4("21", "0000") DCCP("02", "04"), "bad-transport"),
	ROW("DCCP header of 12 bytes with long numbers", IP4("21", "0000") DCCP("03", "05"), "bad-transport"),
	ROW("DCCP header beyond the packet", IP6("21", "40") DCCP("06", "01"), "bad-transport"),
	ROW("DCCP, 11 bytes", IP4("21", "0000") "c7380016 05000000 010000", "bad-transport"),
	ROW("DCCP port 0", IP4("21", "0000") "c7380000 05000000 01000000 0000000000000000", "bad-port"),
	ROW("GRE", IP4("2f", "0000") "00000800", "gre " ENDS4),
	ROW("ESP over IPv6", IP6("32", "40") "00000001 00000001", "esp " ENDS6),
	ROW("AH", IP4("33", "0000") "0604 0000 00000001 00000001 00*12" TCP("50", "02"), "ah " ENDS4),
	ROW("AH over IPv6 is no header to look behind", IP6("33", "40") "0604 0000 00000001 00000001 00*12" TCP("50", "02"), "ah " ENDS6),
	ROW("an unknown protocol", IP4("fd", "0000") "00*8", "253 " ENDS4),
	ROW("an unknown protocol over IPv6 without a byte", IP6("fd", "40"), "253 " ENDS6),
	ROW("one that is an extension header of IPv6 only", IP4("3c", "0000") "00*8", "60 " ENDS4),
};

/* The sums are those of another program. */
#define SUM4(protocol, sum) "4500 LLLL 1234 0000 40" protocol sum SRC4 DST4
#define TCP_SUM(flags, sum) "c7380016 00000064 000000c8 50" flags "ffff" sum "0000"
#define UDP_SUM(length, sum) "c7380035" length sum "deadbeef"
#define YES INBOUND, true

static const struct row checksums[] = {
	ROW("TCP", SUM4("06", "6a91") TCP_SUM("02", "e95c"), SYN4, YES),
	ROW("TCP over IPv6", TCP6 TCP_SUM("02", "8beb"), SYN6, YES),
	ROW("TCP, one bit", SUM4("06", "6a91") TCP_SUM("02", "e95d"), "bad-checksum", YES),
	ROW("TCP over IPv6, one bit", TCP6 TCP_SUM("02", "8bea"), "bad-checksum", YES),
	ROW("TCP, one bit, nobody asks", SUM4("06", "6a91") TCP_SUM("02", "e95d"), SYN4),
	ROW("an odd number of bytes", SUM4("06", "6a8e") TCP_SUM("02", "729d") "aabbcc", "tcp " ENDS4_TCP " S seq 100 ack 200 win 65535 len 3", YES),
	ROW("an odd number of bytes, IPv6", TCP6 TCP_SUM("02", "152c") "aabbcc", "tcp " ENDS6_TCP " S seq 100 ack 200 win 65535 len 3", YES),
	ROW("the last of them is wrong", TCP6 TCP_SUM("02", "152c") "aabbcd", "bad-checksum", YES),
	ROW("padding of the link is not part of it", "4500 0028 1234 0000 4006 6a91" SRC4 DST4 TCP_SUM("02", "e95c") "ffffff", SYN4, YES),
	ROW("a RST that can be verified", SUM4("06", "6a91") TCP_SUM("04", "e95a"), "tcp " ENDS4_TCP " R" FACTS, YES),
	ROW("a RST with a bad one", TCP6 TCP_SUM("04", "8be8"), "bad-checksum", YES),
	ROW("captured in part: the headers are believed", "4500 LLLL 1234 0000 4006 66dd" SRC4 DST4 TCP_SUM("10", "0000"),
	  "tcp " ENDS4_TCP " . seq 100 ack 200 win 65535 len 948", YES, .length = 988),
	ROW("captured in part, but a RST", "4500 LLLL 1234 0000 4006 66dd" SRC4 DST4 TCP_SUM("04", "0000"),
	  "tcp " ENDS4_TCP " R seq 100 ack 200 win 65535 len 948 pass-only", YES, .length = 988),
	ROW("captured in part over IPv6, but a RST", TCP6 TCP_SUM("14", "0000"),
	  "tcp " ENDS6_TCP " R. seq 100 ack 200 win 65535 len 948 pass-only", YES, .length = 1008),
	ROW("captured in part, nobody asks", TCP6 TCP_SUM("14", "0000"), "tcp " ENDS6_TCP " R. seq 100 ack 200 win 65535 len 948", .length = 1008),
	ROW("IPv4 header", SUM4("06", "6a92") TCP_SUM("02", "e95c"), "bad-checksum", YES),
	ROW("IPv4 header with options", "4600 LLLL 1234 0000 4006 d588" SRC4 DST4 "94040000" TCP_SUM("02", "e95c"), SYN4, YES),
	ROW("IPv4 header with a bad option word", "4600 LLLL 1234 0000 4006 d588" SRC4 DST4 "94040001" TCP_SUM("02", "e95c"), "bad-checksum", YES),

	ROW("UDP", SUM4("11", "6a8e") UDP_SUM("000c", "9cbf"), "udp " ENDS4_UDP, YES),
	ROW("UDP over IPv6", UDP6 UDP_SUM("000c", "3f4e"), "udp " ENDS6_UDP, YES),
	ROW("UDP, one bit", SUM4("11", "6a8e") UDP_SUM("000c", "9cbe"), "bad-checksum", YES),
	ROW("UDP over IPv6, one bit", UDP6 UDP_SUM("000c", "bf4e"), "bad-checksum", YES),
	ROW("UDP shorter than IP covers itself only", SUM4("11", "6a8e") UDP_SUM("0008", "3a65"), "udp " ENDS4_UDP, YES),
	ROW("UDP shorter than IP covers itself only, IPv6", UDP6 UDP_SUM("0008", "dcf3"), "udp " ENDS6_UDP, YES),
	ROW("UDP without", SUM4("11", "6a8e") UDP_SUM("000c", "0000"), "udp " ENDS4_UDP, YES),
	ROW("UDP whose sum is 0 says ffff", SUM4("11", "6a90") "c7380035 000a ffff 3a61", "udp " ENDS4_UDP, YES),
	ROW("UDP-Lite, its header", SUM4("88", "6a17") UDP_SUM("0008", "39ea"), "udplite " ENDS4_UDP, YES),
	ROW("UDP-Lite, its header, IPv6", IP6("88", "40") UDP_SUM("0008", "dc78"), "udplite " ENDS6_UDP, YES),
	ROW("UDP-Lite, all", SUM4("88", "6a17") UDP_SUM("0000", "9c54"), "udplite " ENDS4_UDP, YES),
	ROW("UDP-Lite, all, bad", IP6("88", "40") UDP_SUM("0000", "3ee2"), "bad-checksum", YES),
	ROW("UDP-Lite without: there is no such thing", SUM4("88", "6a17") UDP_SUM("0008", "0000"), "bad-checksum", YES),
	ROW("ICMP", SUM4("01", "6aa0") "0800 4d3c 0007 0001 aabb", "icmp " ENDS4 " echo 7 8/0 query", YES),
	ROW("ICMP, one bit", SUM4("01", "6aa0") "0800 4d3d 0007 0001 aabb", "bad-checksum", YES),
	ROW("ICMPv6 covers the addresses", IP6("3a", "40") "8000 797a 0007 0001 aabb", "icmpv6 " ENDS6 " echo 7 128/0 query", YES),
	ROW("ICMPv6, one bit", IP6("3a", "40") "8000 797b 0007 0001 aabb", "bad-checksum", YES),
	ROW("SCTP has another one, for its endpoints", SUM4("84", "6a1b") SCTP("00000001", ""), "sctp " ENDS4_TCP, YES),
};
/* clang-format on */

START_TEST(ip_lengths)
{
	ROWS_CHECK(lengths);
}
END_TEST

START_TEST(ipv4_options_are_walked)
{
	ROWS_CHECK(ipv4_options);
}
END_TEST

START_TEST(impossible_addresses_are_refused)
{
	ROWS_CHECK(addresses);
}
END_TEST

START_TEST(tcp_headers)
{
	ROWS_CHECK(tcp);
}
END_TEST

START_TEST(tcp_options_tell_scale_and_sack)
{
	ROWS_CHECK(tcp_options);
}
END_TEST

START_TEST(udp_headers)
{
	ROWS_CHECK(udp);
}
END_TEST

START_TEST(other_protocols)
{
	ROWS_CHECK(others);
}
END_TEST

START_TEST(only_nine_combinations_of_tcp_flags_are_legal)
{
	static const unsigned legal[] = { 0x02, 0x22, 0x12, 0x04, 0x14, 0x11,
		0x31, 0x10, 0x30 };

	for (unsigned flags = 0; flags < 256; flags++) {
		struct row row = { .hex = TCP4 TCP("50", "00") };
		uint32_t size;
		uint8_t *bytes = row_bytes(&row, &size);
		bytes[20 + 13] = (uint8_t)flags;
		struct frame frame = { bytes, size, size, .direction = 0 };
		struct packet p;
		enum reason want = BAD_TCP_FLAGS;
		for (size_t i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
			if ((flags & 0x37) == legal[i])
				want = UNDECIDED;
		ck_assert_msg(packet_parse(&frame, &p) == want,
		    "flags 0x%02x: want %s", flags, reason_name(want));
		ck_assert_uint_eq(p.tcp.flags, flags);
		free(bytes);
	}
}
END_TEST

START_TEST(checksums_are_verified_where_they_can_be)
{
	ROWS_CHECK(checksums);
}
END_TEST

static struct packet
refused(const char *hex, enum reason want)
{
	struct row row = { .hex = hex };
	uint32_t size;
	uint8_t *bytes = row_bytes(&row, &size);
	struct frame frame = { bytes, size, size, .direction = FORWARD,
		.in_interface = 1, .out_interface = 2 };
	struct packet p;

	ck_assert_int_eq(packet_parse(&frame, &p), want);
	ck_assert_int_eq(p.fault, want);
	ck_assert_int_eq(p.direction, FORWARD);
	ck_assert_int_eq(p.in_interface, 1);
	ck_assert_int_eq(p.out_interface, 2);
	ck_assert_uint_eq(p.length, size);
	free(bytes);
	return p;
}

START_TEST(a_refused_packet_still_tells_whose_it_was)
{
	struct packet p = refused(TCP4 TCP("60", "02"), BAD_TCP_HEADER);
	struct address any;
	ck_assert(address_parse("203.0.113.9", &any));
	ck_assert(address_equal(p.tuple.src, any));
	ck_assert_int_eq(p.tuple.family, FAMILY_IPV4);
	ck_assert_int_eq(p.tuple.protocol, PROTOCOL_TCP);
	ck_assert_uint_eq(p.tuple.sport, 51000);
	ck_assert_uint_eq(p.tcp.flags, TCP_SYN);
	ck_assert_uint_eq(p.hop_limit, 64);

	p = refused(FROM6("ff020000000000000000000000000001"), BAD_ADDRESS);
	ck_assert(address_parse("ff02::1", &any));
	ck_assert(address_equal(p.tuple.src, any));
	ck_assert_int_eq(p.tuple.family, FAMILY_IPV6);
	ck_assert_uint_eq(p.tuple.sport, 0);

	p = refused(IP4("01", "0000") "05010000" DST4, BAD_ICMP);
	ck_assert_uint_eq(p.icmp.type, 5);
	ck_assert_uint_eq(p.icmp.code, 1);
}
END_TEST

START_TEST(nothing_else_is_said_of_a_refused_packet)
{
	/* A SYN in a first fragment, from nowhere: the fault is found last. */
	struct packet p = refused("4500 LLLL 1234 2000 40060000"
				  "00*4 " DST4 TCP("60", "02") "03030700",
	    BAD_ADDRESS);
	ck_assert(!p.is_fragment && !p.is_later_fragment && !p.is_essential);
	ck_assert(!p.opens_sctp_dccp && !p.pass_only);
	ck_assert_uint_eq(p.fragment.datagram.family, 0);
	ck_assert_uint_eq(p.fragment.datagram.dport, 0);
	ck_assert_uint_eq(p.tcp.seq, 0);
	ck_assert_uint_eq(p.tcp.window, 0);
	ck_assert_uint_eq(p.tcp.scale, 0);
}
END_TEST

START_TEST(directions_have_names)
{
	ck_assert_str_eq(direction_name(INBOUND), "inbound");
	ck_assert_str_eq(direction_name(OUTBOUND), "outbound");
	ck_assert_str_eq(direction_name(FORWARD), "forward");
}
END_TEST

Suite *
suite_packet(void)
{
	Suite *suite = suite_create("packet");
	TCase *cases = tcase_create("packet");

	tcase_add_test(cases, ip_lengths);
	tcase_add_test(cases, ipv4_options_are_walked);
	tcase_add_test(cases, impossible_addresses_are_refused);
	tcase_add_test(cases, tcp_headers);
	tcase_add_test(cases, tcp_options_tell_scale_and_sack);
	tcase_add_test(cases, only_nine_combinations_of_tcp_flags_are_legal);
	tcase_add_test(cases, udp_headers);
	tcase_add_test(cases, other_protocols);
	tcase_add_test(cases, checksums_are_verified_where_they_can_be);
	tcase_add_test(cases, a_refused_packet_still_tells_whose_it_was);
	tcase_add_test(cases, nothing_else_is_said_of_a_refused_packet);
	tcase_add_test(cases, directions_have_names);
	suite_add_tcase(suite, cases);
	return suite;
}
