/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as rows of hex, and what the parser must make of each.
 *
 * In `hex` blanks are ignored, "00*12" is twelve zero bytes, and LLLL is the
 * length field of IP, filled in rightly: what is not a lie of the row need not
 * be counted by hand.  `want` is the name of the reason to refuse it, or the
 * facts in one line, as:
 *
 *   tcp 203.0.113.9:51000 > 192.0.2.1:22 S seq 100 ack 0 win 65535 len 0 scale
 * 7 udp [2001:db8::9]:51000 > [2001:db8:1::1]:53 icmp 203.0.113.9 > 192.0.2.1
 * 3/1 error about tcp 192.0.2.1:22 > ...
 *
 * followed by what else is true of it: "essential", "opens", "pass-only",
 * "first-fragment 1234 0-8" or "later-fragment 1234 8-16 last" (its id, which
 * bytes of the datagram, whether it is the last).
 */
#ifndef EPHEMERALD_PACKET_ROWS_H
#define EPHEMERALD_PACKET_ROWS_H

#include "packet.h"

struct row {
	const char *claim;
	const char *hex;
	const char *want;
	enum direction direction; /* INBOUND if left out */
	bool verify;              /* the checksum */
	uint32_t captured;        /* bytes at hand, 0: all of hex */
	uint32_t length;          /* bytes on the wire, 0: all of hex */
};

/* ROW(claim, hex, want) or ROW(claim, hex, want, direction, .verify = true). */
#define ROW(claim_, hex_, ...)                                                 \
	{                                                                      \
		.claim = (claim_), .hex = hex_, .want = __VA_ARGS__            \
	}

/* 203.0.113.9 to 192.0.2.1, and 2001:db8::9 to 2001:db8:1::1. */
#define SRC4  "cb007109"
#define DST4  "c0000201"
#define SRC6  "20010db8000000000000000000000009"
#define DST6  "20010db8000100000000000000000001"
#define LINK6 "fe800000000000000000000000000001"

/* `place`: flags and offset of the fragment.  Checksums are 0. */
#define IP4(protocol, place)                                                   \
	"4500 LLLL 1234 " place " 40" protocol "0000" SRC4 DST4
#define IP6(next, hops) "60000000 LLLL" next hops SRC6 DST6
/* 51000 to 22; `header`: its length and reserved bits. */
#define TCP(header, flags)                                                     \
	"c7380016 00000064 000000c8" header flags "ffff 0000 0000"
/* 51000 to 53, with a checksum that is not 0. */
#define UDP(length) "c7380035" length "beef"

#define ENDS4_TCP "203.0.113.9:51000 > 192.0.2.1:22"
#define ENDS6_TCP "[2001:db8::9]:51000 > [2001:db8:1::1]:22"
#define ENDS4_UDP "203.0.113.9:51000 > 192.0.2.1:53"
#define ENDS6_UDP "[2001:db8::9]:51000 > [2001:db8:1::1]:53"
#define ENDS4     "203.0.113.9 > 192.0.2.1"
#define ENDS6     "2001:db8::9 > 2001:db8:1::1"

/* Each of the count rows holds; and of each, whatever is cut off its end, the
 * parser says nothing that the whole packet does not say. */
void rows_check(const struct row *rows, size_t count);
#define ROWS_CHECK(rows) rows_check(rows, sizeof(rows) / sizeof((rows)[0]))

/* malloc'd, exactly *size bytes. */
uint8_t *row_bytes(const struct row *row, uint32_t *size);

#endif
