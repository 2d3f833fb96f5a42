/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines of packets, and the entries of the journal that they become.
 */
#include "journal.h"

#include <check.h>
#include <string.h>

#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define HEAD(line)                                                             \
	"MESSAGE=ephemerald: " line "\nPRIORITY=6\n"                           \
	"SYSLOG_IDENTIFIER=ephemerald\nMESSAGE_ID=" JOURNAL_MESSAGE_ID "\n"

/* clang-format off */
#define TCP_LINE "BLOCK IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40 PROTO=TCP SPT=40000 " \
	"DPT=3389 RST ACK REASON=rule-block RULE=\"inbound 1\" NAME=\"too late\" GEN=3 COUNT=7"
#define ICMP_LINE "ALLOW IN= OUT=wg0 SRC=2001:db8::1 DST=2001:db8::2 LEN=60 PROTO=ICMPv6 TYPE=128 " \
	"CODE=0 REASON=rule-allow RULE=\"outbound 1\" GEN=3"
#define FORWARD_LINE "REJECT IN=eth0 OUT=eth1 SRC=192.0.2.1 DST=198.51.100.1 LEN=28 PROTO=UDP SPT=1 " \
	"DPT=2 REASON=rule-reject GEN=1"

static const struct { const char *line, *entry; } rows[] = {
	{ TCP_LINE, HEAD(TCP_LINE)
	  "EPHEMERALD_ACTION=drop\nEPHEMERALD_IN=eth0\nEPHEMERALD_SRC=203.0.113.9\n"
	  "EPHEMERALD_DST=192.0.2.10\nEPHEMERALD_PROTOCOL=tcp\nEPHEMERALD_SPORT=40000\n"
	  "EPHEMERALD_DPORT=3389\nEPHEMERALD_REASON=rule-block\nEPHEMERALD_RULE=inbound 1\n"
	  "EPHEMERALD_NAME=too late\nEPHEMERALD_GENERATION=3\nEPHEMERALD_COUNT=7\n"
	  "EPHEMERALD_DIRECTION=inbound\n" },
	{ ICMP_LINE, HEAD(ICMP_LINE)
	  "EPHEMERALD_ACTION=accept\nEPHEMERALD_OUT=wg0\nEPHEMERALD_SRC=2001:db8::1\n"
	  "EPHEMERALD_DST=2001:db8::2\nEPHEMERALD_PROTOCOL=icmpv6\nEPHEMERALD_REASON=rule-allow\n"
	  "EPHEMERALD_RULE=outbound 1\nEPHEMERALD_GENERATION=3\nEPHEMERALD_DIRECTION=outbound\n" },
	{ FORWARD_LINE, HEAD(FORWARD_LINE)
	  "EPHEMERALD_ACTION=reject\nEPHEMERALD_IN=eth0\nEPHEMERALD_OUT=eth1\n"
	  "EPHEMERALD_SRC=192.0.2.1\nEPHEMERALD_DST=198.51.100.1\nEPHEMERALD_PROTOCOL=udp\n"
	  "EPHEMERALD_SPORT=1\nEPHEMERALD_DPORT=2\nEPHEMERALD_REASON=rule-reject\n"
	  "EPHEMERALD_GENERATION=1\nEPHEMERALD_DIRECTION=forward\n" },
	{ "9 packets were not logged", HEAD("9 packets were not logged") },
};
/* clang-format on */

START_TEST(each_part_of_a_line_is_a_field)
{
	char entry[2048];
	size_t bytes =
	    journal_entry(6, rows[_i].line, entry, sizeof(entry) - 1);

	entry[bytes] = '\0';
	ck_assert_str_eq(entry, rows[_i].entry);
	/* what does not fit whole is no entry */
	for (size_t size = 1; size <= bytes; size++)
		ck_assert_uint_eq(
		    journal_entry(6, rows[_i].line, entry, size), 0);
}
END_TEST

Suite *
suite_journal(void)
{
	Suite *suite = suite_create("journal");
	TCase *entries = tcase_create("entries");

	tcase_add_loop_test(
	    entries, each_part_of_a_line_is_a_field, 0, ARRAY_LEN(rows));
	suite_add_tcase(suite, entries);
	return suite;
}
