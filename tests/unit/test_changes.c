/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of the policy as stories, under virtual time and in both families:
 * each row is what is asked, what comes of it, and which of the ports 22, 80
 * and 8080 of 192.0.2.2 are open then to 203.0.113.9 (IPv6: 2001:db8::2,
 * 2001:db8::9).
 */
#include "changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "question.h"
#include "suites.h"

enum act { WAIT, RELOAD, TRY, CONFIRM, ROLLBACK, ALLOW, CLOSE, KNOCK };

struct row {
	enum act act;
	/* TRY: the config; RELOAD: what is on disk; ALLOW, CLOSE, KNOCK: a
	 * port; KNOCK opens a connection, from port 51000, and rules may say
	 * what they want of it later. */
	const char *what;
	unsigned seconds; /* WAIT: so long; TRY, ALLOW: for so long */
	enum change want;
	const char *open;
	const char *says; /* the report holds this, IPv4 */
	const char *from; /* ALLOW, CLOSE */
	bool mine;        /* asked in the session to port 22 */
	bool force;
};

/* clang-format off */
#define OUTWARD "outbound = ( { port = \"*\"; action = \"allow\"; } );"
#define BOTH  "inbound = ( { port = 22; action = \"allow\"; name = \"ssh\"; }, { port = 80; action = \"allow\"; } );" OUTWARD
#define SSH   "inbound = ( { port = 22; action = \"allow\"; name = \"ssh\"; } );" OUTWARD
#define WEB   "inbound = (\n { port = 80; action = \"allow\"; },\n { port = 22; action = \"block\"; name = \"no more\"; } );" OUTWARD
#define BAD   "inbound = ( { port = 22; action = \"perhaps\"; } );"
#define SAFE  "inbound = ( { port = 80; protect = true; action = \"allow\"; } );" OUTWARD
#define STOP  "inbound = ( { port = 22; action = \"allow\"; } ); acl = { inbound = ( { port = 80; action = \"block\"; }, { port = \"*\"; action = \"allow\"; } ); outbound = ( { port = \"*\"; action = \"allow\"; } ); };" OUTWARD
#define MUTE  "inbound = ( { port = 22; action = \"allow\"; } ); acl = { inbound = ( { port = \"*\"; action = \"allow\"; } ); outbound = ( { port = 1; action = \"allow\"; } ); };" OUTWARD
#define ACL   "acl = { inbound = ( { port = 22; action = \"allow\"; } ); };"
#define TESTED "tests = ( { packet = \"inbound tcp 203.0.113.9 192.0.2.2:8080\"; expect = \"drop\"; } );" BOTH
#define ADMIN "sets = { admins = [\"203.0.113.9\", \"2001:db8::9\"]; }; inbound = ( { port = 22; from = \"@admins\"; action = \"allow\"; } );" OUTWARD
/* clang-format on */

static struct filter *filter;
static struct interfaces *interfaces;
static struct changes *changes;
static const char *disk;
static uint64_t now_ms;

/* Of a test the path is the text. */
static bool
read_config(const char *path, struct files *files, struct diagnostics *report)
{
	const char *text = strcmp(path, "disk") == 0 ? disk : path;

	(void)report;
	files->count = 1;
	files->text = malloc(sizeof(files->text[0]));
	files->text[0] = (struct conf_text){
		.name = strdup("test.conf"),
		.text = strdup(text),
		.size = strlen(text),
	};
	return true;
}

static bool
enforce(void *context, struct policy *policy, struct diagnostics *report)
{
	struct policy *old = NULL;

	(void)context;
	(void)report;
	ck_assert(filter_publish(filter, policy, &old));
	policy_destroy(old);
	return true;
}

static void
set_up(void)
{
	struct diagnostics none = { 0 };
	struct files files;

	interfaces = interfaces_create();
	struct filter_options options = {
		.max_flows = 100,
		.workers = 1,
		.interfaces = interfaces,
	};
	struct changes_options means = { .interfaces = interfaces,
		.config = "disk",
		.read = read_config,
		.enforce = enforce };
	means.filter = filter = filter_create(&options);
	filter_enter(filter, 0);
	disk = BOTH;
	read_config("disk", &files, &none);
	enforce(NULL, policy_load(files.text, files.count, &none), &none);
	changes = changes_create(&means, &files);
	now_ms = 1000;
	diagnostics_clear(&none);
}

static void
tear_down(void)
{
	changes_destroy(changes);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
}

static struct packet
packet_to(unsigned family, const char *port)
{
	char text[QUESTION_SIZE], error[QUESTION_ERROR_SIZE];
	struct question question;

	snprintf(text, sizeof(text), "inbound tcp [%s]:51000 [%s]:%s",
	    family == FAMILY_IPV4 ? "203.0.113.9" : "2001:db8::9",
	    family == FAMILY_IPV4 ? "192.0.2.2" : "2001:db8::2", port);
	ck_assert_msg(question_read(text, &question, error), "%s", error);
	return question.packet;
}

/* "22 80": of a stranger, who has no connection. */
static void
assert_open(unsigned family, const char *want, size_t number)
{
	static const char *const ports[] = { "22", "80", "8080" };
	char got[20] = "";

	for (size_t i = 0; i < 3; i++) {
		struct packet p = packet_to(family, ports[i]);
		p.tuple.sport = 40000;
		struct trial t = filter_try(
		    filter, filter_policy(filter), interfaces, &p, now_ms);
		if (reason_verdict(t.why) != VERDICT_ACCEPT)
			continue;
		strcat(got, *got ? " " : "");
		strcat(got, ports[i]);
	}
	filter_online();
	ck_assert_msg(strcmp(got, want) == 0,
	    "row %zu: open is \"%s\", not "
	    "\"%s\"",
	    number, got, want);
}

static void
knock(unsigned family, const char *port)
{
	uint8_t bytes[60] = { [0] = family == FAMILY_IPV4 ? 0x45 : 0x60 };
	size_t header = family == FAMILY_IPV4 ? 20 : 40;
	struct packet p = packet_to(family, port);
	struct decision decision;
	uint8_t v4[] = { 203, 0, 113, 9, 192, 0, 2, 2 };
	uint8_t *tcp = bytes + header;

	if (family == FAMILY_IPV4) {
		bytes[3] = 40;
		bytes[8] = 64;
		bytes[9] = PROTOCOL_TCP;
		memcpy(bytes + 12, v4, sizeof(v4));
	} else {
		memcpy(bytes + 4, (uint8_t[]){ 0, 20, PROTOCOL_TCP, 64 }, 4);
		memcpy(bytes + 8, (uint8_t[]){ 0x20, 1, 0xd, 0xb8 }, 4);
		memcpy(bytes + 24, bytes + 8, 4);
		bytes[23] = 9;
		bytes[39] = 2;
	}
	memcpy(tcp, (uint8_t[]){ 51000 >> 8, 51000 & 0xff }, 2);
	tcp[2] = (uint8_t)(p.tuple.dport >> 8);
	tcp[3] = (uint8_t)p.tuple.dport;
	tcp[12] = 0x50;
	tcp[13] = TCP_SYN;
	tcp[14] = 0xff;
	struct frame frame = { .bytes = bytes,
		.captured = (uint32_t)header + 20,
		.length = (uint32_t)header + 20,
		.direction = INBOUND };
	filter_batch(filter, 0, &frame, &decision, 1, now_ms);
	ck_assert_str_eq(reason_name(decision.why), "rule-allow");
	filter_quiescent(filter, 0);
}

static enum change
carry_out(const struct row *row, unsigned family, struct diagnostics *report)
{
	struct change_terms terms = {
		.session = !row->mine              ? NULL
			   : family == FAMILY_IPV4 ? "203.0.113.9 51000 "
						     "192.0.2.2 22"
						   : "2001:db8::9%eth0 51000 "
						     "2001:db8::2 22",
		.force = row->force,
		.now_ms = now_ms,
	};
	uint64_t end_ms = now_ms + row->seconds * UINT64_C(1000);

	switch (row->act) {
	case WAIT:
		now_ms = end_ms;
		changes_tend(changes, now_ms);
		return CHANGE_DONE;
	case RELOAD:
		disk = row->what;
		return changes_reload(changes, &terms, report);
	case TRY:
		return changes_try(
		    changes, row->what, row->seconds, &terms, report);
	case CONFIRM:
		return changes_confirm(changes, report);
	case ROLLBACK:
		return changes_rollback(changes, now_ms, report);
	case ALLOW:
		return changes_allow(
		    changes, row->what, row->from, end_ms, now_ms, report);
	case CLOSE:
		return changes_allow_end(
		    changes, row->what, row->from, now_ms, report);
	case KNOCK:
		knock(family, row->what);
		return CHANGE_DONE;
	}
	return CHANGE_FAILED;
}

static void
play(unsigned family, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct diagnostics report = { 0 };
		enum change got = carry_out(row, family, &report);
		const char *said = report.count ? report.line[0] : "nothing";

		filter_online();
		ck_assert_msg(got == row->want, "row %zu: %d, not %d: %s",
		    i + 1, (int)got, (int)row->want, said);
		ck_assert_msg(!row->says || family != FAMILY_IPV4 ||
				  strstr(said, row->says),
		    "row %zu says: %s", i + 1, said);
		if (row->open)
			assert_open(family, row->open, i + 1);
		diagnostics_clear(&report);
	}
}

#define STORY(name, ...)                                                       \
	START_TEST(name)                                                       \
	{                                                                      \
		static const struct row rows[] = { __VA_ARGS__ };              \
		play(_i ? FAMILY_IPV6 : FAMILY_IPV4, rows,                     \
		    sizeof(rows) / sizeof(rows[0]));                           \
	}                                                                      \
	END_TEST

/* clang-format off */
STORY(a_trial_goes_when_nobody_confirms_it,
	{ WAIT,     .open = "22 80" },
	{ TRY,      SSH, 60, CHANGE_DONE,    "22" },
	{ WAIT,     NULL, 59, CHANGE_DONE,   "22" },
	{ WAIT,     NULL, 1, CHANGE_DONE,    "22 80" },
	{ CONFIRM,  .want = CHANGE_NOTHING, .says = "no policy is on trial" },
	/* and leaves nothing to go back to */
	{ ROLLBACK, .want = CHANGE_NOTHING,  .open = "22 80", .says = "there is none before" })

STORY(a_trial_stays_when_it_is_confirmed,
	{ TRY,      SSH, 60, CHANGE_DONE,    "22" },
	{ CONFIRM,  .open = "22" },
	{ WAIT,     NULL, 100, CHANGE_DONE,  "22" },
	{ ROLLBACK, .open = "22 80" },
	{ ROLLBACK, .want = CHANGE_NOTHING,  .open = "22 80" })

STORY(a_trial_may_be_ended_early,
	{ TRY,      SSH, 60, CHANGE_DONE,    "22" },
	{ ROLLBACK, .open = "22 80" },
	{ TRY,      WEB, 10, CHANGE_DONE,    "80" },
	{ WAIT,     NULL, 10, CHANGE_DONE,   "22 80" })

STORY(there_is_one_trial_at_a_time_and_no_reload,
	{ TRY,      SSH, 60, CHANGE_DONE,    "22" },
	{ TRY,      WEB, 60, CHANGE_REFUSED, "22", "a policy is on trial" },
	{ RELOAD,   WEB, 0, CHANGE_REFUSED,  "22", "a policy is on trial" },
	{ CONFIRM,  .open = "22" },
	{ RELOAD,   WEB, 0, CHANGE_DONE,     "80" })

STORY(a_bad_config_is_not_tried,
	{ TRY,      BAD, 60, CHANGE_INVALID, "22 80", "test.conf:1: rule inbound 1: action is \"perhaps\"" },
	{ CONFIRM,  .want = CHANGE_NOTHING })

STORY(rollback_takes_a_reload_back,
	{ RELOAD,   SSH, 0, CHANGE_DONE,     "22" },
	{ RELOAD,   BAD, 0, CHANGE_INVALID,  "22" },
	{ ROLLBACK, .open = "22 80" },
	{ ROLLBACK, .want = CHANGE_NOTHING })

STORY(my_session_is_not_cut_unasked,
	{ KNOCK,    "22" },
	{ TRY,      WEB, 60, CHANGE_REFUSED, "22 80",
	  "your ssh session 203.0.113.9:51000 -> 192.0.2.2:22: it would be cut (rule-block), by inbound 2 \"no more\" at test.conf:3; --force", .mine = true },
	{ RELOAD,   WEB, 0, CHANGE_REFUSED,  "22 80", .mine = true },
	{ TRY,      MUTE, 60, CHANGE_REFUSED, "22 80", "its replies would be dropped (acl-no-rule)", .mine = true },
	{ TRY,      SSH, 60, CHANGE_DONE,    "22", .mine = true },
	{ ROLLBACK },
	{ TRY,      WEB, 60, CHANGE_DONE,    "80", .mine = true, .force = true },
	{ WAIT,     NULL, 60, CHANGE_DONE,   "22 80" },
	/* who has none cannot lose it */
	{ RELOAD,   WEB, 0, CHANGE_DONE,     "80" })

STORY(a_session_needs_the_members_of_sets_too,
	{ KNOCK,    "22" },
	{ TRY,      ADMIN, 60, CHANGE_DONE,  "22", .mine = true })

/* It goes on by what admits a stranger: none does that now. */
STORY(a_session_that_today_would_not_let_in_either_is_none,
	{ RELOAD,   WEB, 0, CHANGE_DONE,     "80" },
	{ TRY,      WEB, 60, CHANGE_DONE,    "80", .mine = true })

STORY(protected_connections_are_not_cut_unasked,
	{ RELOAD,   SAFE, 0, CHANGE_DONE,    "80" },
	{ RELOAD,   SSH, 0, CHANGE_DONE,     "22" }, /* there is none yet */
	{ RELOAD,   SAFE, 0, CHANGE_DONE,    "80" },
	{ KNOCK,    "80" },
	{ RELOAD,   SSH, 0, CHANGE_REFUSED,  "80",
	  "protected connection 203.0.113.9:51000 -> 192.0.2.2:80: it would be cut, no rule of inbound lets it in; --force" },
	{ TRY,      STOP, 60, CHANGE_REFUSED, "80", "by acl.inbound 1 at test.conf:1; --force" },
	{ RELOAD,   BOTH, 0, CHANGE_DONE,    "22 80" },
	/* today's rule does not protect it any more */
	{ RELOAD,   SSH, 0, CHANGE_DONE,     "22" },
	{ RELOAD,   SAFE, 0, CHANGE_DONE,    "80" },
	{ RELOAD,   SSH, 0, CHANGE_DONE,     "22", .force = true })

STORY(a_port_is_open_for_a_while,
	{ ALLOW,    "8080/tcp", 60, CHANGE_DONE, "22 80 8080" },
	{ WAIT,     NULL, 59, CHANGE_DONE,   "22 80 8080" },
	{ WAIT,     NULL, 1, CHANGE_DONE,    "22 80" })

STORY(each_port_has_its_own_end_and_a_new_one_replaces_it,
	{ RELOAD,   SSH, 0, CHANGE_DONE,     "22" },
	{ ALLOW,    "8080/tcp", 60, CHANGE_DONE, "22 8080" },
	{ ALLOW,    "80", 30, CHANGE_DONE,   "22 80 8080" },
	{ WAIT,     NULL, 30, CHANGE_DONE,   "22 8080" },
	{ ALLOW,    "8080/tcp", 60, CHANGE_DONE, "22 8080" },
	{ WAIT,     NULL, 59, CHANGE_DONE,   "22 8080" },
	{ WAIT,     NULL, 1, CHANGE_DONE,    "22" })

STORY(a_port_may_be_open_to_some_only,
	{ ALLOW,    "8080/tcp", 60, CHANGE_DONE, "22 80", .from = "198.51.100.0/24" },
	{ ALLOW,    "8000-8100", 60, CHANGE_DONE, "22 80", .from = "192.0.2.0-192.0.2.9" },
	{ CLOSE,    "8080/tcp", 0, CHANGE_NOTHING, "22 80", "no temporary rule opens 8080/tcp" },
	{ CLOSE,    "8080/tcp", 0, CHANGE_DONE, .from = "198.51.100.0/24" },
	{ CLOSE,    "8080/tcp", 0, CHANGE_NOTHING, .from = "198.51.100.0/24" },
	{ ALLOW,    "8080/tcp", 60, CHANGE_DONE, "22 80 8080" },
	{ CLOSE,    "8080/tcp", 0, CHANGE_DONE, "22 80" })

STORY(a_temporary_rule_survives_what_is_put_behind_it,
	{ ALLOW,    "8080/tcp", 60, CHANGE_DONE, "22 80 8080" },
	{ RELOAD,   SSH, 0, CHANGE_DONE,     "22 8080" },
	{ TRY,      WEB, 10, CHANGE_DONE,    "80 8080" },
	{ WAIT,     NULL, 10, CHANGE_DONE,   "22 8080" },
	{ TRY,      WEB, 100, CHANGE_DONE,   "80 8080" },
	/* its end does not end the trial, and the trial does not bring it back */
	{ WAIT,     NULL, 50, CHANGE_DONE,   "80" },
	{ WAIT,     NULL, 50, CHANGE_DONE,   "22" })

STORY(the_tests_of_a_config_are_about_the_config,
	{ ALLOW,    "8080/tcp", 60, CHANGE_DONE, "22 80 8080" },
	{ RELOAD,   TESTED, 0, CHANGE_DONE,  "22 80 8080" })

STORY(an_acl_alone_needs_no_rule,
	{ ALLOW,    "8080/tcp", 60, CHANGE_DONE, "22 80 8080" },
	{ RELOAD,   ACL, 0, CHANGE_DONE,     "22" },
	{ ALLOW,    "80", 60, CHANGE_REFUSED, "22", "a network ACL alone" },
	{ RELOAD,   SSH, 0, CHANGE_DONE,     "22 8080" })

STORY(what_no_rule_can_say_is_refused,
	{ ALLOW,    "80;", 60, CHANGE_INVALID, "22 80", "accepted: PORT or PORT/PROTOCOL" },
	{ ALLOW,    "80\"; action = \"block", 60, CHANGE_INVALID, "22 80" },
	{ ALLOW,    "/tcp", 60, CHANGE_INVALID, "22 80" },
	{ ALLOW,    "80/", 60, CHANGE_INVALID, "22 80" },
	{ ALLOW,    "70000", 60, CHANGE_INVALID, "22 80", "temporary:1: rule \"temporary 1\": port \"70000\"" },
	{ ALLOW,    "8080/tpc", 60, CHANGE_INVALID, "22 80" },
	{ ALLOW,    "8080", 60, CHANGE_INVALID, "22 80", .from = "@nobody" },
	{ ALLOW,    "8080", 60, CHANGE_INVALID, "22 80", .from = "" })
/* clang-format on */

START_TEST(temporary_rules_have_their_end_and_their_limit)
{
	struct diagnostics report = { 0 };
	char port[20];

	for (unsigned i = 1; i <= TEMPORARY_MAX; i++) {
		snprintf(port, sizeof(port), "%u", i);
		ck_assert_int_eq(changes_allow(changes, port, NULL,
				     1000 + i * 1000, 1000, &report),
		    CHANGE_DONE);
	}
	ck_assert_int_eq(
	    changes_allow(changes, "200", NULL, 9000, 1000, &report),
	    CHANGE_INVALID);
	const struct rules *in = &filter_policy(filter)->tables[TABLE_INBOUND];
	ck_assert_str_eq(in->rule[0].name, "temporary 100");
	ck_assert_uint_eq(in->rule[0].ends_ms, 101000);
	ck_assert_uint_eq(in->rule[99].ends_ms, 2000);
	ck_assert_str_eq(in->rule[100].name, "ssh");
	ck_assert_uint_eq(in->rule[100].ends_ms, 0);
	changes_tend(changes, 51000);
	ck_assert_uint_eq(changes_temporaries(changes)->count, 50);
	in = &filter_policy(filter)->tables[TABLE_INBOUND];
	ck_assert_str_eq(in->rule[49].name, "temporary 51");
	ck_assert_str_eq(in->rule[50].name, "ssh");
	diagnostics_clear(&report);
}
END_TEST

START_TEST(status_sees_what_a_restart_would_read)
{
	struct change_terms terms = { .now_ms = 1000 };
	struct diagnostics report = { 0 };

	ck_assert(!changes_differ_on_disk(changes));
	ck_assert_int_eq(
	    changes_try(changes, SSH, 60, &terms, &report), CHANGE_DONE);
	ck_assert(changes_differ_on_disk(changes));
	ck_assert_int_eq(changes_confirm(changes, &report), CHANGE_DONE);
	disk = SSH;
	ck_assert(!changes_differ_on_disk(changes));
	diagnostics_clear(&report);
}
END_TEST

Suite *
suite_changes(void)
{
	Suite *suite = suite_create("changes");
	TCase *tests = tcase_create("changes");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_trial_goes_when_nobody_confirms_it, 0, 2);
	tcase_add_loop_test(tests, a_trial_stays_when_it_is_confirmed, 0, 2);
	tcase_add_loop_test(tests, a_trial_may_be_ended_early, 0, 2);
	tcase_add_loop_test(
	    tests, there_is_one_trial_at_a_time_and_no_reload, 0, 2);
	tcase_add_loop_test(tests, a_bad_config_is_not_tried, 0, 2);
	tcase_add_loop_test(tests, rollback_takes_a_reload_back, 0, 2);
	tcase_add_loop_test(tests, my_session_is_not_cut_unasked, 0, 2);
	tcase_add_loop_test(
	    tests, a_session_needs_the_members_of_sets_too, 0, 2);
	tcase_add_loop_test(
	    tests, a_session_that_today_would_not_let_in_either_is_none, 0, 2);
	tcase_add_loop_test(
	    tests, protected_connections_are_not_cut_unasked, 0, 2);
	tcase_add_loop_test(tests, a_port_is_open_for_a_while, 0, 2);
	tcase_add_loop_test(
	    tests, each_port_has_its_own_end_and_a_new_one_replaces_it, 0, 2);
	tcase_add_loop_test(tests, a_port_may_be_open_to_some_only, 0, 2);
	tcase_add_loop_test(
	    tests, a_temporary_rule_survives_what_is_put_behind_it, 0, 2);
	tcase_add_loop_test(
	    tests, the_tests_of_a_config_are_about_the_config, 0, 2);
	tcase_add_loop_test(tests, an_acl_alone_needs_no_rule, 0, 2);
	tcase_add_loop_test(tests, what_no_rule_can_say_is_refused, 0, 2);
	tcase_add_test(tests, temporary_rules_have_their_end_and_their_limit);
	tcase_add_test(tests, status_sees_what_a_restart_would_read);
	suite_add_tcase(suite, tests);
	return suite;
}
