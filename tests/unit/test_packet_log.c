/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets of logged rules become lines, and what they say, under virtual
 * time.
 */
#include "packet_log.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "policies.h"
#include "question.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* A packet of the only rule, and the line that it makes; NULL: none. */
struct row {
	const char *packet;
	enum reason why;
	unsigned wait_ms; /* before it */
	unsigned times;   /* it comes; 0: once */
	const char *line; /* of the first of them */
	const char *due;  /* the line that time alone makes afterwards */
};

/* clang-format off */
#define TAIL " REASON=rule-block RULE=\"inbound 1\" NAME=\"late\" GEN=3"
static const struct row rows[] = {
	{ "inbound tcp 203.0.113.9:40000 192.0.2.10:3389 in=eth0", RULE_BLOCK, 0, 3,
	  "BLOCK IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40 PROTO=TCP SPT=40000 DPT=3389 SYN" TAIL, NULL },
	/* another port is another line; from another port the same */
	{ "inbound tcp 203.0.113.9:40000 192.0.2.10:22", RULE_BLOCK, 0, 0,
	  "BLOCK IN= OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40 PROTO=TCP SPT=40000 DPT=22 SYN" TAIL, NULL },
	{ "inbound tcp 203.0.113.9:40001 192.0.2.10:3389 flags=rst,ack in=eth0", RULE_BLOCK, 59999, 0, NULL, NULL },
	/* the minute is over: three came after the first one */
	{ "outbound icmpv6 2001:db8::1 2001:db8::2 icmp=128 out=wg0", RULE_ALLOW, 1, 0,
	  "ALLOW IN= OUT=wg0 SRC=2001:db8::1 DST=2001:db8::2 LEN=60 PROTO=ICMPv6 TYPE=128 CODE=0"
	  " REASON=rule-allow RULE=\"inbound 1\" NAME=\"late\" GEN=3",
	  "BLOCK IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40 PROTO=TCP SPT=40001 DPT=3389 RST ACK"
	  TAIL " COUNT=3" },
	/* and a new one begins */
	{ "inbound tcp 203.0.113.9:40000 192.0.2.10:3389 in=eth0", RULE_REJECT, 0, 0,
	  "REJECT IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40 PROTO=TCP SPT=40000 DPT=3389 SYN"
	  " REASON=rule-reject RULE=\"inbound 1\" NAME=\"late\" GEN=3", NULL },
};
/* clang-format on */

static struct drop
drop_of(const char *words, enum reason why, uint64_t now_ms,
    struct interfaces *names)
{
	struct question q;
	struct packet p;
	char error[QUESTION_ERROR_SIZE];

	ck_assert_msg(question_read(words, &q, error), "%s", error);
	question_know(&q, names);
	question_packet(&q, names, &p);
	struct drop drop = {
		.tuple = p.tuple,
		.time_ms = now_ms,
		.generation = 3,
		.rule_identity = 1,
		.length = p.length,
		.in_interface = p.in_interface,
		.out_interface = p.out_interface,
		.direction = p.direction,
		.why = (uint8_t)why,
		.log = true,
	};
	if (p.tuple.protocol == PROTOCOL_TCP) {
		drop.tcp_flags = p.tcp.flags;
	} else {
		drop.icmp_type = p.icmp.type;
		drop.icmp_code = p.icmp.code;
	}
	return drop;
}

static void
check_line(bool any, const char *line, const char *want)
{
	ck_assert_msg(any == (want != NULL) && (!any || !strcmp(line, want)),
	    "got  %s\nwant %s", any ? line : "none", want ? want : "none");
}

START_TEST(the_first_is_a_line_and_a_minute_of_others_one_more)
{
	struct interfaces *names = interfaces_create();
	struct packet_log *log = packet_log_create();
	struct policy *policy =
	    policy_of("inbound = ( { name = \"late\"; "
		      "action = \"block\"; log = true; } );");
	uint64_t now_ms = 5000;
	char line[LOG_LINE_SIZE];

	policy_identify(policy, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		now_ms += r->wait_ms;
		struct drop drop = drop_of(r->packet, r->why, now_ms, names);
		bool any = packet_log_add(log, &drop, policy, names, line);
		check_line(any, line, r->line);
		for (unsigned n = 1; n < r->times; n++)
			ck_assert(
			    !packet_log_add(log, &drop, policy, names, line));
		any = packet_log_due(log, now_ms, line);
		check_line(any, line, r->due);
		ck_assert(!packet_log_due(log, now_ms, line));
	}
	packet_log_destroy(log);
	policy_destroy(policy);
	interfaces_destroy(names);
}
END_TEST

START_TEST(fifty_lines_a_second_and_the_rest_is_counted)
{
	struct interfaces *names = interfaces_create();
	struct packet_log *log = packet_log_create();
	char line[LOG_LINE_SIZE];
	unsigned lines = 0, counted = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct drop drop = drop_of("inbound udp 203.0.113.9:1 "
					   "192.0.2.1:1",
		    NO_RULE, 7000, names);
		drop.tuple.dport = (uint16_t)i;
		lines += packet_log_add(log, &drop, NULL, names, line);
	}
	ck_assert_uint_eq(lines, LOG_LINES_MOST);
	ck_assert(!packet_log_due(log, 7999, line));
	ck_assert(packet_log_due(log, 8000, line));
	ck_assert_int_eq(
	    sscanf(line, "%u packets were not logged", &counted), 1);
	ck_assert_uint_eq(lines + counted, 200);
	ck_assert(!packet_log_due(log, 8000, line));
	packet_log_destroy(log);
	interfaces_destroy(names);
}
END_TEST

Suite *
suite_packet_log(void)
{
	Suite *suite = suite_create("packet_log");
	TCase *lines = tcase_create("lines");

	tcase_add_test(
	    lines, the_first_is_a_line_and_a_minute_of_others_one_more);
	tcase_add_test(lines, fifty_lines_a_second_and_the_rest_is_counted);
	suite_add_tcase(suite, lines);
	return suite;
}
