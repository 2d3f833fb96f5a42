/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands that change the policy as a story: each row is a request, its
 * exit status, and what the answer must hold; then what is on disk for the next
 * one.
 */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

/* clang-format off */
#define OUTWARD "outbound = ( { port = \"*\"; action = \"allow\"; } );"
#define SSH "inbound = ( { port = 22; action = \"allow\"; } );" OUTWARD
#define WEB "inbound = ( { port = 80; action = \"allow\"; }, { port = 443; action = \"allow\"; } );" OUTWARD
#define BAD "inbound = (\n  { port = 0; action = \"allow\"; },\n  { port = 22; action = \"permit\"; }\n);\n"

#define ASK(command) "{\"id\":1,\"command\":\"" command "\"}"
#define ASK_FOR(command, arguments) "{\"id\":1,\"command\":\"" command "\",\"args\":{" arguments "}}"
#define OK "{\"id\":1,\"ok\":true,\"exit\":0}\n"
#define RULES(inbound) "\"rules\":{\"inbound\":" inbound ",\"outbound\":1,\"forward\":null,\"acl\":null},\"notices\":[]"

static const struct {
	const char *request;
	unsigned exit;
	const char *holds;
	const char *disk; /* from now on */
} story[] = {
	/* reload */
	{ ASK("reload"), 0, "{\"generation\":2," RULES("2") "}\n" OK },
	{ ASK("status"), 0, "\"policy\":{\"generation\":2," },
	{ ASK("status"), 0, "\"last_reload\":{\"ok\":true,\"time\":1" },
	{ ASK("status"), 0, "Z\",\"error\":null},", OUTWARD },
	{ ASK("reload"), 0, "\"inbound\":0,\"outbound\":1,\"forward\":null,\"acl\":null},\"notices\":[\"disk:1: notice: inbound is missing", BAD },
	{ ASK("reload"), 5, "{\"id\":1,\"ok\":false,\"exit\":5,\"error\":\"disk:2: " },
	{ ASK("reload"), 5, "\\ndisk:3: " },
	{ ASK("status"), 0, "\"policy\":{\"generation\":3," },
	{ ASK("status"), 0, "\"last_reload\":{\"ok\":false,\"time\":1" },
	{ ASK("status"), 0, "\"error\":\"disk:2: ", WEB },
	{ ASK("rollback"), 0, "{\"generation\":4," RULES("2") ",\"file\":\"disk\",\"differs_on_disk\":false}\n" OK },
	{ ASK("rollback"), 6, "\"no policy is on trial, and there is none before the one in force\"", SSH },
	/* try */
	{ ASK("trial"), 0, "{\"trial\":null,\"state\":null,\"timed_out\":false,\"seconds_left\":null}\n" OK },
	{ ASK("status"), 0, "\"trial\":null," },
	{ ASK("confirm"), 6, "\"no policy is on trial\"" },
	{ ASK("try"), 2, "no \\\"file\\\"; accepted: the whole path of a config" },
	{ ASK_FOR("try", "\"file\":\"web\""), 2, "no \\\"file\\\"" },
	{ ASK_FOR("try", "\"file\":\"/new\",\"seconds\":\"0\""), 2, "seconds \\\"0\\\"; accepted: 1 to 86400, also as 90s, 5m, 1h" },
	{ ASK_FOR("try", "\"file\":\"/new\",\"seconds\":\"2d\""), 2, "seconds \\\"2d\\\"" },
	{ ASK_FOR("try", "\"file\":\"/new\",\"seconds\":\"-1\""), 2, "seconds \\\"-1\\\"" },
	{ ASK_FOR("try", "\"file\":\"/new\",\"seconds\":\"5m\""), 0, "{\"trial\":5,\"seconds_left\":300,\"generation\":5," RULES("1") "}\n" OK },
	{ ASK("trial"), 0, "{\"trial\":5,\"state\":\"running\",\"timed_out\":false,\"seconds_left\":" },
	{ ASK("status"), 0, "\"trial\":{\"number\":5,\"seconds_left\":" },
	{ ASK_FOR("try", "\"file\":\"/new\""), 1, "a policy is on trial: confirm it or roll it back first" },
	{ ASK("reload"), 1, "a policy is on trial", WEB },
	{ ASK("confirm"), 0, "{\"generation\":5," RULES("1") ",\"file\":\"/new\",\"differs_on_disk\":true}\n" OK },
	{ ASK("trial"), 0, "{\"trial\":5,\"state\":\"confirmed\",\"timed_out\":false,\"seconds_left\":null}\n" },
	{ ASK("status"), 0, "\"files\":[\"/new\"],\"differs_on_disk\":true,", SSH },
	{ ASK_FOR("try", "\"file\":\"/new\""), 0, "\"trial\":6,\"seconds_left\":60," },
	{ ASK("rollback"), 0, "{\"generation\":7," RULES("1") },
	{ ASK("trial"), 0, "{\"trial\":6,\"state\":\"rolled-back\",\"timed_out\":false,", WEB },
	/* a session that would be lost */
	{ ASK_FOR("reload", "\"session\":\"203.0.113.9 51000 192.0.2.2 22\""), 1,
	  "your ssh session 203.0.113.9:51000 -> 192.0.2.2:22: it would be cut (no-rule), no rule of inbound lets it in; --force does it all the same" },
	{ ASK_FOR("reload", "\"session\":\"203.0.113.9 51000 192.0.2.2 22\",\"force\":\"yes\""), 0, "{\"generation\":8," RULES("2") },
	{ ASK_FOR("reload", "\"session\":\"nonsense\""), 0, "{\"generation\":9," },
	/* allow */
	{ ASK("allow-list"), 0, OK },
	{ ASK("allow"), 2, "no \\\"what\\\"; accepted: PORT or PORT/PROTOCOL" },
	{ ASK_FOR("allow", "\"what\":\"8080\""), 2, "for \\\"\\\"; accepted: 1 to 315360000 seconds" },
	{ ASK_FOR("allow", "\"what\":\"8080\",\"for\":\"-1\""), 2, "for \\\"-1\\\"" },
	{ ASK_FOR("allow", "\"what\":\"8080;\",\"for\":\"1h\""), 2, "allow \\\"8080;\\\"; accepted: PORT" },
	{ ASK_FOR("allow", "\"what\":\"8080/tpc\",\"for\":\"1h\""), 2, "temporary:1: rule \\\"temporary 1\\\": protocol" },
	{ ASK_FOR("allow", "\"what\":\"8080/tcp\",\"from\":\"192.0.2.0/24\",\"for\":\"1h\""), 0,
	  "{\"name\":\"temporary 1\",\"port\":\"8080\",\"protocol\":\"tcp\",\"from\":\"192.0.2.0/24\",\"expires_seconds\":3600}\n" OK },
	{ ASK("rules"), 0, "{\"rule\":\"inbound 1\",\"name\":\"temporary 1\"," },
	{ ASK("rules"), 0, "\"ends\":1" },
	{ ASK("rules"), 0, "\"file\":\"temporary\",\"line\":1}\n{\"rule\":\"inbound 2\",\"name\":null," },
	{ ASK("status"), 0, "\"files\":[\"disk\"],\"differs_on_disk\":false,\"rules\":{\"inbound\":3," },
	{ ASK_FOR("allow", "\"what\":\"53\",\"for\":\"1h\""), 0, "{\"name\":\"temporary 2\",\"port\":\"53\",\"protocol\":null,\"from\":null," },
	{ ASK("allow-list"), 0, "{\"name\":\"temporary 2\",\"port\":\"53\"," },
	{ ASK_FOR("allow-del", "\"what\":\"8080/tcp\""), 6, "no temporary rule opens 8080/tcp" },
	{ ASK_FOR("allow-del", "\"what\":\"8080/tcp\",\"from\":\"192.0.2.0/24\""), 0, "{\"what\":\"8080/tcp\",\"from\":\"192.0.2.0/24\"}\n" OK },
	{ ASK("allow-list"), 0, "\"expires_seconds\":" },
};

static const char *const changing[] = { ASK("reload"), ASK("try"), ASK("confirm"), ASK("rollback"), ASK("allow"), ASK("allow-del") };
/* clang-format on */

static struct filter *filter;
static struct interfaces *interfaces;
static struct commands commands;
static const char *disk;
static char text[65536]; /* the last answer */

static bool
read_config(const char *path, struct files *files, struct diagnostics *report)
{
	const char *config = strcmp(path, "disk") == 0 ? disk : SSH;

	(void)report;
	files->count = 1;
	files->text = malloc(sizeof(files->text[0]));
	files->text[0] = (struct conf_text){
		.name = strdup(path),
		.text = strdup(config),
		.size = strlen(config),
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
		.max_flows = 10,
		.workers = 1,
		.interfaces = interfaces,
	};
	filter = filter_create(&options);
	filter_enter(filter, 0);
	disk = WEB;
	read_config("disk", &files, &none);
	enforce(NULL, policy_load(files.text, files.count, &none), &none);
	struct changes_options means = { filter, interfaces, "disk",
		read_config, enforce, NULL };
	commands = (struct commands){
		.filter = filter,
		.interfaces = interfaces,
		.changes = changes_create(&means, &files),
	};
	commands_begin(&commands, NULL);
}

static void
tear_down(void)
{
	commands_free(&commands);
	changes_destroy(commands.changes);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
}

static void
ask(const char *line, bool may_change)
{
	struct json out = { 0 };
	struct exchange exchange = {
		.line = line,
		.length = strlen(line),
		.may_change = may_change,
		.out = &out,
	};

	ck_assert_int_eq(commands_answer(&commands, &exchange), EXCHANGE_DONE);
	ck_assert(out.used < sizeof(text));
	memcpy(text, out.text, out.used);
	text[out.used] = '\0';
	free(exchange.progress);
	json_free(&out);
	filter_online();
}

START_TEST(each_request_has_its_answer)
{
	char want[40];

	for (size_t i = 0; i < sizeof(story) / sizeof(story[0]); i++) {
		ask(story[i].request, true);
		snprintf(want, sizeof(want), "\"exit\":%u", story[i].exit);
		ck_assert_msg(
		    strstr(text, want) && strstr(text, story[i].holds),
		    "row %zu, %s: %s", i + 1, story[i].request, text);
		if (story[i].disk)
			disk = story[i].disk;
	}
}
END_TEST

START_TEST(who_may_only_look_changes_nothing)
{
	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
		ask(changing[i], false);
		ck_assert_msg(strstr(text, "\"exit\":4"), "%s", text);
	}
	ck_assert_uint_eq(filter_policy(filter)->generation, 1);
	ask(ASK("trial"), false);
	ck_assert_ptr_nonnull(strstr(text, "\"ok\":true"));
}
END_TEST

Suite *
suite_commands_change(void)
{
	Suite *suite = suite_create("commands_change");
	TCase *tests = tcase_create("commands");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, each_request_has_its_answer);
	tcase_add_test(tests, who_may_only_look_changes_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}
