/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as rows of a table, played through the whole firewall under virtual
 * time.  A row is built into real bytes, parsed and judged; its reason must be
 * the one written.  Every scenario plays in IPv4 as written, and again in IPv6
 * with the addresses, ICMP types and config translated:
 *   192.0.2.N -> 2001:db8:1::N   198.51.100.N -> 2001:db8:2::N
 *   203.0.113.N -> 2001:db8:3::N   /24 -> /120   8/0/3/11 -> 128/129/1/3
 * The table has room for 100 flows, or for what the first config says.
 */
#ifndef EPHEMERALD_SCENARIO_H
#define EPHEMERALD_SCENARIO_H

#include <check.h>

#include "filter.h"

/* Short names, so that a row fits a line. */
enum { IN = INBOUND, OUT = OUTBOUND, FWD = FORWARD };
enum {
	ICMP = PROTOCOL_ICMP,
	TCP = PROTOCOL_TCP,
	UDP = PROTOCOL_UDP,
	ESP = PROTOCOL_ESP
};
enum { F = TCP_FIN, S = TCP_SYN, R = TCP_RST, A = TCP_ACK, P = TCP_PSH };
enum { PING = 8, PONG = 0, UNREACHABLE = 3, TIME_EXCEEDED = 11 };

struct step {
	unsigned direction;
	unsigned protocol;
	const char *src, *dst; /* "192.0.2.2:49152"; ICMP: "192.0.2.2" */
	unsigned flags;        /* TCP flags, or the ICMP type (IPv4's) */
	enum reason want;

	unsigned wait_ms;   /* before the packet */
	unsigned back_ms;   /* the clock is set back by this before that */
	const char *reload; /* config put in force before the packet */
	/* Config of another process, before the packet: the one before ends,
	 * and its flows are taken over from its memory; or from a file. */
	const char *restart, *restart_from_file;
	enum reason
	    shadow;      /* what the shadow policy, which follows "shadow:"
			    in the config, says instead; UNDECIDED: the same */
	bool on_trial;   /* that one */
	bool confirm;    /* it is confirmed before the packet */
	const char *own; /* this host's addresses from now on */
	/* "add SET MEMBER SECONDS", "del SET MEMBER", "ban MEMBER SECONDS",
	 * "ask SET MEMBER SECONDS" (as a worker does), "cut SET MEMBER SECONDS"
	 * (ask, and cut it), "kill ADDRESS" (what it opened): before the
	 * packet.  SECONDS may be missing. */
	const char *keeper;
	const char *state;  /* of its flow afterwards, "" : there is none */
	unsigned expires_s; /* that flow, if nothing comes; 0: not asked */
	unsigned again;     /* times, each from the next source port, or */
	bool to_next;       /* to the next destination port */
	unsigned flows;     /* in the table afterwards; 0: not asked */
	/* What has become of flows since the row before, in order: "new",
	 * "assured", "end CAUSE", "assured, end killed"; NULL: not asked */
	const char *told;

	unsigned user, group; /* of the socket that sends it; 0: not known */

	unsigned length; /* payload */
	unsigned id;     /* ICMP identifier */
	unsigned code;   /* ICMP code */
	/* A fragment of the datagram of that number; 0: it is whole */
	unsigned datagram;
	unsigned at; /* its first byte; > 0: `length` bytes and no ports */
	bool more;   /* it is not the last one */
	/* TCP: numbers as written, else each side's next, from ISN 1000 on */
	bool raw;
	uint32_t seq, ack;
	unsigned window; /* 0: 65535 */
	unsigned scale;  /* window scale option of a SYN, 0: none */
	/* ICMP error: the packet it quotes */
	unsigned quoted_protocol;
	const char *quoted_src, *quoted_dst;
	uint32_t quoted_seq;
	const char *hex; /* the packet as it is, instead of all this */
};

/* Plays the steps up to one with .want == UNDECIDED.  family: FAMILY_IPV4,
 * FAMILY_IPV6.  Fails the test at the first row that comes out otherwise. */
void scenario_play(
    unsigned family, const char *config, const struct step *steps);

/* A test for each family: `SCENARIO(name, config, { row }, ...)`. */
#define SCENARIO(name, config, ...)                                            \
	START_TEST(name)                                                       \
	{                                                                      \
		static const struct step steps[] = { __VA_ARGS__, { 0 } };     \
		scenario_play(_i ? FAMILY_IPV6 : FAMILY_IPV4, config, steps);  \
	}                                                                      \
	END_TEST
#define ADD_SCENARIO(tcase, name) tcase_add_loop_test(tcase, name, 0, 2)

#endif
