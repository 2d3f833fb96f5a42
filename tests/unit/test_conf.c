/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What golden files cannot hold: bytes that are no text, texts made to hurt,
 * the defaults one by one, and where a rule says it comes from.  What each
 * key and each error reads like is in tests/conf.
 */
#include "conf.h"

#include "print.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define MEBIBYTE ((size_t)1 << 20)
#define PIECES   20000 /* sanitizers make libconfig's long lists slow */

/* The text ends where a read beyond it is seen by the sanitizer. */
static struct policy *
load(const char *bytes, size_t size, struct diagnostics *diagnostics)
{
	char *exact = malloc(size > 0 ? size : 1);
	struct conf_text text = { "test.conf", exact, size };

	memcpy(exact, bytes, size);
	struct policy *policy = conf_load(&text, 1, diagnostics);
	free(exact);
	ck_assert_msg(policy || diagnostics->count > 0, "refused, no word why");
	return policy;
}

static void
expect_refusal(const char *bytes, size_t size, const char *error)
{
	struct diagnostics diagnostics = { 0 };

	ck_assert_ptr_null(load(bytes, size, &diagnostics));
	ck_assert_str_eq(diagnostics.line[0], error);
	diagnostics_clear(&diagnostics);
	ck_assert_uint_eq(diagnostics.count, 0);
}

static struct policy *
expect_policy(const char *config)
{
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = load(config, strlen(config), &diagnostics);

	ck_assert_msg(policy != NULL, "%s", diagnostics.line[0]);
	diagnostics_clear(&diagnostics);
	return policy;
}

START_TEST(bytes_that_are_no_text_are_refused)
{
	static const char nul[] = "inbound = ( );\n\n\0outbound = ( );";
	static const char late[] = "inbound = ( );\n# \0";
	static const char utf16[] = "\xff\xfei\0n\0";

	expect_refusal(
	    nul, sizeof(nul) - 1, "test.conf:3: a NUL byte, accepted is text");
	expect_refusal(late, sizeof(late) - 1,
	    "test.conf:2: a NUL byte, accepted is text");
	expect_refusal(utf16, sizeof(utf16) - 1,
	    "test.conf:1: a NUL byte, accepted is text");
	expect_refusal("\xef\xbb\xbf", 3,
	    "test.conf:1: a byte order mark, accepted is UTF-8 without one");
	expect_refusal("inbound = ( );\v", 15,
	    "test.conf:1: byte 0x0b is out of place, accepted are such bytes "
	    "in "
	    "strings and comments only");
}
END_TEST

START_TEST(no_text_at_all_is_refused)
{
	struct diagnostics diagnostics = { 0 };

	ck_assert_ptr_null(conf_load(NULL, 0, &diagnostics));
	ck_assert_uint_eq(diagnostics.count, 1);
	diagnostics_clear(&diagnostics);
	struct conf_text empty = { "empty.conf", NULL, 0 };
	ck_assert_ptr_null(conf_load(&empty, 1, &diagnostics));
	ck_assert_str_eq(diagnostics.line[0],
	    "empty.conf:1: no rules, accepted are inbound, outbound or acl, "
	    "one "
	    "of them at least");
	diagnostics_clear(&diagnostics);
}
END_TEST

/* Whatever is cut off, there is a policy or an error, never more of both. */
START_TEST(every_truncation_is_read_or_refused)
{
	static const char config[] =
	    "on_reload = \"keep\"; /* c */ # c\n"
	    "conntrack : { max_flows = 0x100L timeouts = { icmp = \"1m\" } };\n"
	    "inbound = ( { name = \"a\\\"\\x41\"; port = [22, +80]; from = "
	    "\"::/0\"; action = \"allow\" },\n"
	    " { icmp = (\"packet-too-big\" \"/0\"); action = \"block\"; } );\n"
	    "acl = { inbound = ( { protocol = (1, 6); action = \"drop\" } ) };";
	size_t valid = 0;

	for (size_t size = 0; size < sizeof(config); size++) {
		struct diagnostics diagnostics = { 0 };
		struct policy *policy = load(config, size, &diagnostics);
		valid += policy != NULL;
		policy_destroy(policy);
		diagnostics_clear(&diagnostics);
	}
	/* up to `)`, `;`, the end of its line; up to the last `}` and `;` */
	ck_assert_uint_eq(valid, 5);
}
END_TEST

/* The text `piece` over and over, PIECES times between two others, or without
 * an end to a mebibyte. */
static const struct {
	const char *name, *begin, *piece, *end;
	const char *error; /* the first; NULL: valid */
} floods[] = {
	{ "lists in lists", "", "(", "",
	    "test.conf:1: \"(\" is out of place, accepted is a setting such as "
	    "`port = 22;`" },
	{ "deep lists", "inbound = ", "(", "",
	    "test.conf:1: brackets are nested too deep, accepted are 16 "
	    "levels" },
	{ "deep groups", "", "a={", "",
	    "test.conf:1: brackets are nested too deep, accepted are 16 "
	    "levels" },
	{ "one group", "", "a=1;", "",
	    "test.conf:1: a group has too many settings, accepted are 100" },
	{ "one string", "a = ", "\"xxxxxxxx\"", "",
	    "test.conf:1: a string is too long, accepted are 1024 bytes" },
	{ "one word", "a = \"", "x", "\";",
	    "test.conf:1: a string is too long, accepted are 1024 bytes" },
	{ "one open word", "a = \"", "x", "",
	    "test.conf:1: a string does not end on its line, accepted is "
	    "\"...\"" },
	{ "one name", "", "x", "=1;", "test.conf:1: unknown key \"xxx" },
	{ "one open name", "", "x", "",
	    "test.conf:1: the file ends too early, accepted is \"=\"" },
	{ "one number", "a = ", "1", "",
	    "test.conf:1: 1111111111111111111111111111111111111111 is out of "
	    "range, accepted is what 64 bits hold" },
	{ "long comment", "/*", "*", "",
	    "test.conf:1: the comment does not end, accepted is /* ... */" },
	{ "many comments", "", "/**/#\n", "inbound = ( );", NULL },
	{ "many lines", "", "\n", "inbound = ( );", NULL },
	{ "one list", "inbound = (", "1,1,1,1,", "",
	    "test.conf:1: a list is too long, accepted are 65536 values" },
	{ "one array", "inbound = [", "\"\",\"\",", "",
	    "test.conf:1: a list is too long, accepted are 65536 values" },
	{ "empty rules", "inbound = (", "{},", "{});",
	    "test.conf:1: rule inbound 1: action is missing, accepted are "
	    "\"allow\", \"block\" and \"reject\"" },
	{ "wrong rules", "inbound = (", "1,", "1);",
	    "test.conf:1: rule inbound 1: it is 1, accepted is a group { }" },
	{ "rules", "inbound = (", "{action=\"drop\"},", "{action=\"drop\"});",
	    NULL },
	{ "same names", "inbound = (", "{name=\"a\"action=\"drop\"},",
	    "{action=\"drop\"});",
	    "test.conf:1: rule \"a\": the name is taken at test.conf:1, "
	    "accepted "
	    "is one that is unique in its table" },
	{ "unknown keys", "inbound = (", "{b=1 c=1 d=1 e=1 action=\"drop\"},",
	    "{action=\"drop\"});",
	    "test.conf:1: rule inbound 1: unknown key \"b\", accepted are "
	    "name, "
	    "comment, action, stateful, protect, fast_path, protocol, port, "
	    "source_port, "
	    "icmp, "
	    "flags, from, to, interface" },
	{ "ports", "inbound = ({action=\"drop\" port=(", "1,", "2)});", NULL },
	{ "wrong ports", "inbound = ({action=\"drop\" port=(", "\"htttp\",",
	    "2)});",
	    "test.conf:1: rule inbound 1: port \"htttp\" is unknown, did you "
	    "mean \"http\"?" },
	{ "addresses", "inbound = ({action=\"drop\" from=(", "\"192.0.2.1\",",
	    "\"::/0\")});", NULL },
	{ "icmp", "inbound = ({action=\"drop\" protocol=\"icmp\" icmp=(",
	    "\"3/4\",", "1)});", NULL },
	{ "interfaces", "inbound = ({action=\"drop\" interface=(", "\"e\",",
	    "\"f\")});", NULL },
};

START_TEST(a_text_made_to_hurt_is_answered_in_time)
{
	size_t begin = strlen(floods[_i].begin),
	       piece = strlen(floods[_i].piece);
	size_t end = strlen(floods[_i].end);
	char *text = malloc(begin + MEBIBYTE + piece + end);
	struct diagnostics diagnostics = { 0 };
	size_t size = begin;

	memcpy(text, floods[_i].begin, begin);
	for (int i = 0; size < MEBIBYTE && (i < PIECES || !end); i++) {
		memcpy(text + size, floods[_i].piece, piece);
		size += piece;
	}
	memcpy(text + size, floods[_i].end, end);
	struct policy *policy = load(text, size + end, &diagnostics);
	if (!floods[_i].error)
		ck_assert_msg(policy != NULL, "%s: %s", floods[_i].name,
		    diagnostics.line[0]);
	else
		ck_assert_msg(
		    !policy && strncmp(diagnostics.line[0], floods[_i].error,
				   strlen(floods[_i].error)) == 0,
		    "%s: %s", floods[_i].name, diagnostics.line[0]);
	ck_assert_uint_le(diagnostics.count, 1001);
	if (policy) {
		char *printed = policy_print(policy);
		ck_assert_ptr_nonnull(printed);
		free(printed);
		policy_identify(policy, NULL);
	}
	policy_destroy(policy);
	diagnostics_clear(&diagnostics);
	free(text);
}
END_TEST

START_TEST(a_thousand_errors_are_listed_and_the_rest_counted)
{
	char *text = malloc(64 * 1024), *at = text;
	struct diagnostics diagnostics = { 0 };

	at += sprintf(at, "inbound = (\n");
	for (int i = 0; i < 1234; i++)
		at += sprintf(at, "{ port = 0; action = \"allow\"; }%s\n",
		    i < 1233 ? "," : "");
	at += sprintf(at, ");\n");
	ck_assert_ptr_null(load(text, (size_t)(at - text), &diagnostics));
	ck_assert_uint_eq(diagnostics.count, 1001);
	ck_assert_str_eq(diagnostics.line[999],
	    "test.conf:1001: rule inbound 1000: port 0 is out of range, "
	    "accepted "
	    "are 1 to 65535");
	ck_assert_str_eq(
	    diagnostics.line[1000], "test.conf:1001: and 234 more errors");
	diagnostics_clear(&diagnostics);
	free(text);
}
END_TEST

/* clang-format off */
static const struct {
	const char *section, *name;
	uint32_t value;
} defaults[] = {
	{ "", "on_reload", ON_RELOAD_REVALIDATE },
	{ "", "fast_path", FAST_PATH_OFF },
	{ "queue", "first", 0 }, { "queue", "count", 0 }, { "queue", "length", 1024 },
	{ "conntrack", "max_flows", 262144 },
	{ "conntrack", "profile", PROFILE_STANDARD }, { "conntrack", "tcp", TCP_STRICT },
	{ "conntrack.timeouts", "syn_sent", 240 },
	{ "conntrack.timeouts", "syn_received", 240 },
	{ "conntrack.timeouts", "established", 432000 },
	{ "conntrack.timeouts", "fin_wait", 900 },
	{ "conntrack.timeouts", "close_wait", 900 },
	{ "conntrack.timeouts", "last_ack", 240 },
	{ "conntrack.timeouts", "time_wait", 240 },
	{ "conntrack.timeouts", "closed", 240 },
	{ "conntrack.timeouts", "udp_one_way", 120 },
	{ "conntrack.timeouts", "udp_both", 300 },
	{ "conntrack.timeouts", "icmp", 60 },
	{ "conntrack.timeouts", "sctp_established", 7440 },
	{ "conntrack.timeouts", "sctp_other", 480 },
	{ "conntrack.timeouts", "dccp_established", 7440 },
	{ "conntrack.timeouts", "dccp_other", 480 },
	{ "conntrack.timeouts", "other", 600 },
	{ "conntrack.timeouts", "fragment_v4", 30 },
	{ "conntrack.timeouts", "fragment_v6", 60 },
	{ "hook", "leaf", LEAF_AUTO },
	{ "hook", "mark_mask", 0x30000000 },
};
/* clang-format on */

START_TEST(the_defaults_are_these)
{
	struct policy *policy = expect_policy("inbound = ( );");
	size_t n = 0;

	for (const struct option *o = settings_options; o->name; o++, n++) {
		ck_assert_uint_lt(n, sizeof(defaults) / sizeof(defaults[0]));
		ck_assert_str_eq(o->section, defaults[n].section);
		ck_assert_str_eq(o->name, defaults[n].name);
		ck_assert_msg(
		    settings_get(&policy->settings, o) == defaults[n].value,
		    "%s", o->name);
	}
	ck_assert_uint_eq(n, sizeof(defaults) / sizeof(defaults[0]));
	policy_destroy(policy);
}
END_TEST

/* By field, so that a row of the table cannot point at the wrong one. */
START_TEST(a_setting_lands_in_its_field)
{
	struct policy *policy = expect_policy(
	    "inbound = ( ); on_reload = \"keep\";"
	    "queue = { first = 1; count = 2; length = 3; };"
	    "hook = { leaf = \"native\"; mark_mask = 0xc0000000; };"
	    "conntrack = { tcp = \"loose\"; max_flows = 4; timeouts = { "
	    "syn_sent = 5;"
	    " syn_received = 6; established = 7; fin_wait = 8; close_wait = 9;"
	    " last_ack = 10; time_wait = 11; closed = 12; udp_one_way = 13;"
	    " udp_both = 14; icmp = 15; sctp_established = 16; sctp_other = 17;"
	    " dccp_established = 18; dccp_other = 19; other = 20;"
	    " fragment_v4 = 21; fragment_v6 = 22; }; };");
	const struct settings *s = &policy->settings;
	const struct timeouts *t = &s->conntrack.timeouts;
	const uint32_t got[] = { s->queue.first, s->queue.count,
		s->queue.length, s->conntrack.max_flows, t->syn_sent,
		t->syn_received, t->established, t->fin_wait, t->close_wait,
		t->last_ack, t->time_wait, t->closed, t->udp_one_way,
		t->udp_both, t->icmp, t->sctp_established, t->sctp_other,
		t->dccp_established, t->dccp_other, t->other, t->fragment_v4,
		t->fragment_v6 };

	for (uint32_t i = 0; i < sizeof(got) / sizeof(got[0]); i++)
		ck_assert_uint_eq(got[i], i + 1);
	ck_assert_int_eq(s->on_reload, ON_RELOAD_KEEP);
	ck_assert_int_eq(s->conntrack.tcp, TCP_LOOSE);
	ck_assert_int_eq(s->hook.leaf, LEAF_NATIVE);
	ck_assert_uint_eq(s->hook.mark_mask, 0xc0000000);
	policy_destroy(policy);
}
END_TEST

START_TEST(a_rule_knows_where_it_is_written)
{
	static const char main_conf[] =
	    "\ninbound = (\n{ action = \"drop\" } );";
	static const char ten_conf[] =
	    "inbound = ( {\nport = 22\naction = \"allow\" } );";
	static const struct conf_text texts[] = {
		{ "main.conf", main_conf, sizeof(main_conf) - 1 },
		{ "10.conf", ten_conf, sizeof(ten_conf) - 1 },
	};
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = conf_load(texts, 2, &diagnostics);

	ck_assert_ptr_nonnull(policy);
	const struct rules *inbound = &policy->tables[TABLE_INBOUND];
	ck_assert_uint_eq(inbound->count, 2);
	ck_assert_str_eq(inbound->rule[0].file, "main.conf");
	ck_assert_uint_eq(inbound->rule[0].line, 3);
	ck_assert_uint_eq(inbound->rule[0].place, 1);
	ck_assert_str_eq(inbound->rule[0].text, "{ action = \"block\"; }");
	ck_assert_str_eq(inbound->rule[1].file, "10.conf");
	ck_assert_uint_eq(inbound->rule[1].line, 1);
	ck_assert_uint_eq(inbound->rule[1].place, 2);
	ck_assert_str_eq(
	    inbound->rule[1].text, "{ port = 22; action = \"allow\"; }");
	ck_assert_uint_eq(policy->file_count, 2);
	ck_assert_str_eq(policy->files[1], "10.conf");
	policy_destroy(policy);
	diagnostics_clear(&diagnostics);
}
END_TEST

/* With an ACL alone there is nothing that could keep state. */
START_TEST(tables_that_are_not_written_are_absent_or_empty)
{
	static const struct {
		const char *config;
		const char *present; /* in the order of enum table_id */
		size_t notices;
	} cases[] = {
		{ "inbound = ( ); outbound = ( );", "yynnn", 2 },
		{ "outbound = ( { action = \"allow\" } );", "yynnn", 1 },
		{ "acl = { outbound = ( { action = \"allow\" } ); };", "nnnyy",
		    1 },
		{ "acl = { inbound = ( ) }; forward = ( );", "nnyyy", 3 },
		{ "acl = { inbound = ( ) }; inbound = ( );", "yynyy", 4 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diagnostics notices = { 0 };
		struct policy *policy =
		    load(cases[i].config, strlen(cases[i].config), &notices);
		ck_assert_ptr_nonnull(policy);
		for (enum table_id t = 0; t < TABLE_COUNT; t++)
			ck_assert_msg(policy->tables[t].present ==
					  (cases[i].present[t] == 'y'),
			    "%s: %s", cases[i].config, table_name(t));
		ck_assert_uint_eq(notices.count, cases[i].notices);
		policy_destroy(policy);
		diagnostics_clear(&notices);
	}
}
END_TEST

START_TEST(diagnostics_keep_their_order)
{
	struct diagnostics diagnostics = { 0 };

	for (int i = 0; i < 100; i++)
		diagnostics_add(&diagnostics, "file:%d: %s", i, "x");
	ck_assert_uint_eq(diagnostics.count, 100);
	ck_assert_str_eq(diagnostics.line[0], "file:0: x");
	ck_assert_str_eq(diagnostics.line[99], "file:99: x");
	diagnostics_clear(&diagnostics);
	ck_assert_ptr_null(diagnostics.line);
}
END_TEST

Suite *
suite_conf(void)
{
	Suite *suite = suite_create("conf");
	TCase *text = tcase_create("text");
	TCase *meaning = tcase_create("meaning");

	tcase_set_timeout(text, 30); /* a sanitizer is slow */
	tcase_add_test(text, bytes_that_are_no_text_are_refused);
	tcase_add_test(text, no_text_at_all_is_refused);
	tcase_add_test(text, every_truncation_is_read_or_refused);
	tcase_add_loop_test(text, a_text_made_to_hurt_is_answered_in_time, 0,
	    sizeof(floods) / sizeof(floods[0]));
	tcase_add_test(text, a_thousand_errors_are_listed_and_the_rest_counted);
	suite_add_tcase(suite, text);
	tcase_add_test(meaning, the_defaults_are_these);
	tcase_add_test(meaning, a_setting_lands_in_its_field);
	tcase_add_test(meaning, a_rule_knows_where_it_is_written);
	tcase_add_test(
	    meaning, tables_that_are_not_written_are_absent_or_empty);
	tcase_add_test(meaning, diagnostics_keep_their_order);
	suite_add_tcase(suite, meaning);
	return suite;
}
