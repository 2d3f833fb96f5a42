/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lint finds, row by row.
 */
#include "lint.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "policies.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The rows: a config with ' for ", and what is found in it, as
 * "LINE KIND CLIENTS..." with "; " between, notes in brackets. */

/* clang-format off */
#define V4_PMTU "{ icmp = 'destination-unreachable/fragmentation-needed'; action = 'allow'; },\n"
#define V6_ALL "{ protocol = 'icmpv6'; action = 'allow'; },\n"
#define TABLE "{ port = 22; action = 'allow'; },\n{ port = 80; action = 'allow'; },\n{ port = 443; action = 'allow'; },\n"
#define OPENED "{ port = '32768-60999'; action = 'allow'; },\n"
#define REST "{ port = '*'; action = 'block'; }\n"
#define ALL "{ port = '*'; action = 'allow'; }\n"
/* clang-format on */

static const struct listening sockets[] = {
	{ PROTOCOL_TCP, { 0, 0 }, 50051 }, { PROTOCOL_TCP, { 0, 0 }, 22 },
	{ PROTOCOL_UDP, { 0, 0xffffc0000201 }, 40000 }, /* 192.0.2.1 */
};

/* Nothing is known of the host. */
#define NOTHING                                                                \
	{                                                                      \
		.has_ipv6 = false                                              \
	}

/* clang-format off */
static const struct {
	const char *claim, *config, *want;
	struct lint_options options;
} rows[] = {
	/* the two tables */
	{ "with state they are clean",
	  "inbound = (\n" TABLE REST ");\noutbound = (\n" ALL ");", "", NOTHING },
	{ "without state they lose every reply",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL TABLE REST ");\noutbound = (\n" ALL "); };",
	  "10 reply-lost", NOTHING },
	{ "opened for Linux they are clean, and others lose",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL TABLE OPENED REST ");\noutbound = (\n" ALL "); };",
	  "(7 wide-range); (11 other-clients)", NOTHING },
	{ "opened for Linux, asked for others",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL TABLE OPENED REST ");\noutbound = (\n" ALL "); };",
	  "11 reply-lost; (7 wide-range)", { .clients = &(struct client){ "iana", { 49152, 65535 } } } },
	{ "opened for Linux, on a host with a range of its own",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL TABLE OPENED REST ");\noutbound = (\n" ALL "); };",
	  "11 reply-lost; (7 wide-range)", { .own = { 1024, 4999 } } },
	{ "within the range that is open, all is well",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL TABLE OPENED REST ");\noutbound = (\n" ALL "); };",
	  "(7 wide-range); (11 other-clients)", { .own = { 40000, 40999 } } },
	{ "a server's replies need a way out",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL "{ port = 443; action = 'allow'; }\n);\noutbound = (\n"
	  V6_ALL "{ port = '32768-65535'; action = 'allow'; } ); };", "4 reply-lost", NOTHING },
	{ "an acl for one way blocks the other",
	  "acl = { inbound = (\n" V4_PMTU "{ protocol = 'tcp'; port = 22; from = '0.0.0.0/0'; action = 'allow'; } ); };",
	  "3 reply-lost", NOTHING },

	/* rules without state, beside those with it */
	{ "a stateless allow needs its reply allowed",
	  "outbound = (\n{ port = 443; action = 'allow'; stateful = false; },\n{ port = 80; action = 'allow'; }\n);\n"
	  "inbound = ();", "2 reply-lost", NOTHING },
	{ "a rule with state does not let a TCP reply by, but one of UDP",
	  "outbound = (\n{ protocol = 'tcp'; port = 53; action = 'allow'; stateful = false; },\n"
	  "{ protocol = 'udp'; port = 53; action = 'allow'; stateful = false; }\n);\n"
	  "inbound = ( { source_port = 53; action = 'allow'; } );", "2 reply-lost", NOTHING },
	{ "a stateless allow lets a TCP reply by",
	  "outbound = (\n{ protocol = 'tcp'; port = 53; action = 'allow'; stateful = false; }\n);\n"
	  "inbound = ( { protocol = 'tcp'; source_port = 53; port = '1024-65535'; action = 'allow'; stateful = false; } );",
	  "(4 wide-range)", NOTHING },
	{ "state does not help where the acl blocks the reply",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL "{ port = 22; action = 'allow'; } ); outbound = ( { action = 'allow'; } ); };\n"
	  "outbound = ( { action = 'allow'; } );\ninbound = (\n{ port = 22; action = 'allow'; } );",
	  "5 reply-lost", NOTHING },
	{ "a ping whose answer is blocked",
	  "outbound = (\n{ icmp = 'echo-request'; action = 'allow'; stateful = false; }\n);\ninbound = ();",
	  "2 reply-lost", NOTHING },
	{ "a ping whose answer is allowed",
	  "outbound = (\n{ icmp = 'echo-request'; action = 'allow'; stateful = false; }\n);\n"
	  "inbound = ( { icmp = 'echo-reply'; action = 'allow'; stateful = false; } );", "", NOTHING },
	{ "multicast has no reply",
	  "outbound = (\n{ protocol = 'udp'; port = 5353; to = ('224.0.0.251', 'ff02::fb'); action = 'allow';\n"
	  "stateful = false; } );\ninbound = ();", "", NOTHING },
	{ "the other family's replies are lost",
	  "outbound = (\n{ protocol = 'tcp'; port = 443; action = 'allow'; stateful = false; } );\n"
	  "inbound = ( { protocol = 'tcp'; source_port = 443; from = '0.0.0.0/0'; action = 'allow'; stateful = false; } );",
	  "2 reply-lost", NOTHING },
	{ "forwarded both ways",
	  "inbound = (); forward = (\n{ interface = 'lan0'; out_interface = 'wan0'; port = 443; action = 'allow'; stateful = false; },\n"
	  "{ interface = 'wan0'; out_interface = 'lan0'; source_port = 443; action = 'allow'; stateful = false; } );", "", NOTHING },
	{ "forwarded one way",
	  "inbound = (); forward = (\n{ interface = 'lan0'; out_interface = 'wan0'; port = 443; action = 'allow'; stateful = false; },\n"
	  "{ interface = 'wan1'; out_interface = 'lan0'; source_port = 443; action = 'allow'; stateful = false; } );",
	  "2 reply-lost", NOTHING },

	{ "a range for replies opens no connections",
	  "outbound = (\n{ port = '1024-65535'; action = 'allow'; stateful = false; } );\ninbound = ();", "", NOTHING },
	{ "one with well-known ports does",
	  "outbound = (\n{ port = '1023-65535'; action = 'allow'; stateful = false; } );\ninbound = ();", "2 reply-lost", NOTHING },

	/* rules never reached */
	{ "said twice", "inbound = (\n{ port = 22; action = 'allow'; },\n{ port = 22; action = 'allow'; } );", "3 never-reached", NOTHING },
	{ "said the other way", "inbound = (\n{ port = 22; action = 'allow'; },\n{ port = 22; action = 'block'; } );", "3 never-reached", NOTHING },
	{ "covered by two together",
	  "inbound = (\n{ port = '1-100'; action = 'allow'; },\n{ port = '101-200'; action = 'block'; },\n"
	  "{ port = '50-150'; action = 'allow'; } );", "4 never-reached", NOTHING },
	{ "one port is left",
	  "inbound = (\n{ port = '1-99'; action = 'allow'; },\n{ port = '101-200'; action = 'block'; },\n"
	  "{ port = '50-150'; action = 'allow'; } );", "(4 order)", NOTHING },
	{ "behind all", "inbound = (\n{ action = 'allow'; },\n{ port = 22; action = 'block'; } );", "3 never-reached", NOTHING },
	{ "behind both families",
	  "inbound = (\n{ from = '0.0.0.0/0'; action = 'block'; },\n{ to = '::/0'; action = 'block'; },\n"
	  "{ port = 22; action = 'allow'; } );", "4 never-reached", NOTHING },
	{ "a name within a pattern",
	  "inbound = (\n{ interface = 'wg*'; action = 'allow'; },\n{ interface = 'wg0'; action = 'block'; } );", "3 never-reached", NOTHING },
	{ "an allow behind a reject",
	  "inbound = (\n{ port = 113; action = 'reject'; },\n{ port = 113; action = 'block'; } );", "3 never-reached", NOTHING },
	{ "it changes nothing, and may be wanted",
	  "inbound = (\n{ port = 22; action = 'allow'; },\n{ port = '20-30'; action = 'allow'; } );", "(2 needless)", NOTHING },
	{ "a closing block is not needless", "inbound = (\n{ port = 22; action = 'allow'; },\n{ action = 'block'; } );", "", NOTHING },
	{ "an exception to a rule is no dispute",
	  "inbound = (\n{ port = 25; action = 'block'; },\n{ port = '1-100'; action = 'allow'; } );", "", NOTHING },
	{ "the order of two decides",
	  "inbound = (\n{ from = '192.0.2.0/24'; action = 'allow'; },\n{ port = 25; action = 'block'; },\n{ port = '1-100'; action = 'allow'; } );",
	  "(3 order)", NOTHING },

	/* what an acl must let by */
	{ "IPv4 alone needs no ICMPv6",
	  "acl = { inbound = (\n{ from = '0.0.0.0/0'; action = 'allow'; } ); outbound = ( { to = '0.0.0.0/0'; action = 'allow'; } ); };",
	  "", NOTHING },
	{ "large packets of IPv6",
	  "acl = { inbound = (\n{ protocol = 'tcp'; from = '::/0'; action = 'allow'; } );\noutbound = (\n"
	  "{ protocol = 'tcp'; to = '::/0'; action = 'allow'; } ); };", "2 icmp-missing", NOTHING },
	{ "large packets of IPv4",
	  "acl = { inbound = (\n{ protocol = 'tcp'; from = '0.0.0.0/0'; action = 'allow'; } ); };\n"
	  "inbound = (); outbound = ();", "2 icmp-missing", NOTHING },

	/* what is open beside */
	{ "a range for replies opens what listens in it",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL OPENED REST ");\noutbound = (\n" ALL "); };",
	  "4 exposed-listener; (8 other-clients)",
	  { .listening = sockets, .listening_count = ARRAY_LEN(sockets), .own = { 32768, 60999 } } },
	{ "not if the rules behind the acl close it",
	  "acl = { inbound = (\n" V4_PMTU V6_ALL OPENED REST "); outbound = (\n" ALL "); };\noutbound = (\n" ALL ");\ninbound = ();",
	  "(10 other-clients)", { .listening = sockets, .listening_count = ARRAY_LEN(sockets) } },
	{ "not what is closed before",
	  "inbound = (\n{ port = (50051, 40000); action = 'block'; },\n" OPENED REST "); outbound = (\n" ALL ");",
	  "(3 wide-range)", { .listening = sockets, .listening_count = ARRAY_LEN(sockets) } },
	{ "a socket bound to an address that is closed",
	  "inbound = (\n{ port = 50051; action = 'block'; },\n{ to = '192.0.2.1'; action = 'block'; },\n" OPENED REST "); outbound = (\n" ALL ");",
	  "(4 wide-range); (4 order)", { .listening = sockets, .listening_count = ARRAY_LEN(sockets) } },

	/* one family */
	{ "open for IPv4 alone",
	  "inbound = (\n{ port = 80; from = '0.0.0.0/0'; action = 'allow'; } );", "2 one-family", { .has_ipv6 = true } },
	{ "on a host without IPv6",
	  "inbound = (\n{ port = 80; from = '0.0.0.0/0'; action = 'allow'; } );", "", NOTHING },
	{ "closed for IPv4 alone",
	  "inbound = (\n{ port = 80; to = '0.0.0.0/0'; action = 'block'; },\n{ action = 'allow'; } );", "2 one-family", { .has_ipv6 = true } },
	{ "a rule each",
	  "inbound = (\n{ port = 80; from = '0.0.0.0/0'; action = 'allow'; },\n{ port = 80; from = '::/0'; action = 'allow'; } );",
	  "", { .has_ipv6 = true } },
	{ "for some of IPv6 it is open",
	  "inbound = (\n{ port = 80; from = '0.0.0.0/0'; action = 'allow'; },\n{ from = '2001:db8::/32'; action = 'allow'; } );",
	  "", { .has_ipv6 = true } },
	{ "some addresses are no family",
	  "inbound = (\n{ port = 80; from = '192.0.2.0/24'; action = 'allow'; } );", "", { .has_ipv6 = true } },

	/* rules with limits */
	{ "one that steps aside takes nothing away",
	  "inbound = (\n{ port = 22; limit = '10/s'; on_overload = 'next'; action = 'allow'; },\n{ port = 22; action = 'block'; } );",
	  "", NOTHING },
	{ "one that blocks at its limit takes all",
	  "inbound = (\n{ port = 22; limit = '10/s'; action = 'allow'; },\n{ port = 22; action = 'block'; } );",
	  "3 never-reached", NOTHING },
	{ "the same without a limit is not the same",
	  "inbound = (\n{ port = 22; limit = '10/s'; action = 'allow'; },\n{ action = 'allow'; } );", "", NOTHING },

	/* sets, which may have any live members */
	{ "a set that no rule asks", "sets = {\nlonely = ['192.0.2.1'];\nasked = ['192.0.2.1']; };\ninbound = ( { from = '@asked'; action = 'allow'; } );",
	  "2 unused-set", NOTHING },
	{ "banned is asked by nobody", "sets = { banned = ['192.0.2.1']; }; inbound = ();", "", NOTHING },
	{ "a set that a limit fills is used",
	  "sets = { abusers = { time = '1h'; members = []; }; };\n"
	  "inbound = ( { port = 22; limit = '1/s per source'; on_overload = { add = '@abusers'; }; action = 'allow'; } );", "", NOTHING },
	{ "its members cover, and it may cover no more",
	  "sets = { admins = ['192.0.2.0/24']; };\ninbound = (\n{ from = '@admins'; action = 'allow'; },\n"
	  "{ from = '192.0.2.7'; action = 'block'; },\n{ from = '198.51.100.7'; action = 'block'; },\n{ action = 'allow'; } );",
	  "4 never-reached", NOTHING },
	{ "whoever may be in it later is reached",
	  "sets = { abusers = []; };\ninbound = (\n{ from = '192.0.2.0/24'; action = 'allow'; },\n{ from = '@abusers'; action = 'block'; } );",
	  "", NOTHING },
	{ "replies to members are certainly lost",
	  "sets = { servers = ['192.0.2.1']; };\noutbound = (\n{ to = '@servers'; port = 443; action = 'allow'; stateful = false; } );\ninbound = ();",
	  "3 reply-lost", NOTHING },
	{ "replies from members pass",
	  "sets = { servers = []; };\noutbound = (\n{ to = '@servers'; port = 443; action = 'allow'; stateful = false; } );\n"
	  "inbound = (\n{ from = '@servers'; source_port = 443; action = 'allow'; stateful = false; } );", "", NOTHING },

	/* timeouts */
	{ "of a rule, for TCP", "inbound = (\n{ protocol = 'tcp'; port = 22; timeout = '1h'; action = 'allow'; } );",
	  "2 short-timeout", NOTHING },
	{ "of a rule, for UDP at a well-known port", "inbound = (\n{ protocol = 'udp'; port = 53; timeout = 30; action = 'allow'; } );",
	  "", NOTHING },
	{ "of a rule, for UDP at another one", "inbound = (\n{ protocol = 'udp'; port = '53-1024'; timeout = 30; action = 'allow'; } );",
	  "2 short-timeout", NOTHING },
	{ "of a rule, long enough",
	  "inbound = (\n{ protocol = 'tcp'; timeout = { new = 240; established = '3h'; closing = 240; }; action = 'allow'; } );",
	  "", NOTHING },
	{ "below the floor", "inbound = ();\nconntrack = { timeouts = {\nestablished = '1h';\nudp_both = 120; }; };", "3 short-timeout", NOTHING },
	{ "a profile below the floor", "inbound = ();\nconntrack = {\nprofile = 'linux'; };", "3 short-timeout", NOTHING },
	{ "a profile, mended",
	  "inbound = ();\nconntrack = { profile = 'linux'; timeouts = { syn_sent = 240; syn_received = 240; fin_wait = 240;\n"
	  "close_wait = 240; last_ack = 240; time_wait = 240; closed = 240; udp_one_way = 120; icmp = 60;\n"
	  "sctp_established = 7440; sctp_other = 240; dccp_other = 480; dccp_established = 7440; }; };", "", NOTHING },
};
/* clang-format on */

static char *
found(const struct report *report)
{
	struct phrase text = { 0 };

	for (size_t i = 0; i < report->count; i++) {
		const struct finding *f = &report->finding[i];
		phrase_add(&text, "%s%s%u %s%s", i > 0 ? "; " : "",
		    f->is_note ? "(" : "", f->line, lint_name(f->kind),
		    f->is_note ? ")" : "");
	}
	return phrase_take(&text);
}

static struct policy *
quoted(const char *config)
{
	char *text = strdup(config);

	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	struct policy *policy = policy_of(text);
	free(text);
	return policy;
}

START_TEST(a_row_has_these_findings)
{
	struct policy *policy = quoted(rows[_i].config);
	struct report report;

	ck_assert(lint_policy(policy, &rows[_i].options, &report));
	char *got = found(&report);
	ck_assert_msg(strcmp(got, rows[_i].want) == 0,
	    "%s: got \"%s\", want \"%s\"", rows[_i].claim, got, rows[_i].want);
	free(got);
	report_free(&report);
	policy_destroy(policy);
}
END_TEST

START_TEST(clients_have_names)
{
	ck_assert_ptr_null(lint_client("beos"));
	ck_assert_ptr_null(lint_client(""));
	for (size_t i = 0; lint_client_at(i); i++)
		ck_assert_ptr_eq(
		    lint_client(lint_client_at(i)->name), lint_client_at(i));
	ck_assert_uint_eq(lint_client("linux")->ports.low, 32768);
	ck_assert_uint_eq(lint_client("linux")->ports.high, 60999);
}
END_TEST

Suite *
suite_lint(void)
{
	Suite *suite = suite_create("lint");
	TCase *found_rows = tcase_create("rows");

	tcase_add_loop_test(
	    found_rows, a_row_has_these_findings, 0, ARRAY_LEN(rows));
	tcase_add_test(found_rows, clients_have_names);
	suite_add_tcase(suite, found_rows);
	return suite;
}
