/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about sets as a story: each row is a request, its exit status,
 * and what the answer must hold.
 */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char config[] =
    "sets = {\n"
    "  admins = [\"192.0.2.0/24\", \"2001:db8::1-2001:db8::9\"];\n"
    "  abusers = { time = \"1h\"; max = 2; };\n"
    "};\n"
    "inbound = ( { port = 22; from = \"@admins\"; action = \"allow\"; } );\n";

#define SET(command, set, member)                                              \
	"{\"command\":\"" command "\",\"args\":{\"set\":\"" set                \
	"\",\"member\":\"" member "\"}}"
#define SET_FOR(set, member, time)                                             \
	"{\"command\":\"set-add\",\"args\":{\"set\":\"" set                    \
	"\",\"member\":\"" member "\",\"for\":\"" time "\"}}"
#define BAN(member, time)                                                      \
	"{\"command\":\"ban\",\"args\":{\"member\":\"" member                  \
	"\",\"for\":\"" time "\"}}"
#define LIST(set) "{\"command\":\"set-list\",\"args\":{\"set\":\"" set "\"}}"

/* clang-format off */
static const struct {
	const char *request;
	unsigned exit;
	const char *holds;
} story[] = {
	{ "{\"command\":\"set-list\"}", 0,
	  "{\"set\":\"abusers\",\"fixed\":0,\"live\":0,\"max\":2,\"time_seconds\":3600,\"file\":\"test.conf\",\"line\":3}\n"
	  "{\"set\":\"admins\",\"fixed\":2,\"live\":0,\"max\":1000000,\"time_seconds\":null,\"file\":\"test.conf\",\"line\":2}\n"
	  "{\"set\":\"banned\",\"fixed\":0,\"live\":0,\"max\":1000000,\"time_seconds\":null,\"file\":null,\"line\":null}\n" },
	{ LIST("abusers"), 0, "{\"id\":null,\"ok\":true" },
	{ LIST("admin"), 6, "no set \\\"admin\\\"; `set list` shows which there are" },
	/* a member without a word about its end */
	{ SET("set-add", "admins", "203.0.113.7"), 0,
	  "{\"set\":\"admins\",\"member\":\"203.0.113.7\",\"fixed\":false,\"expires_seconds\":null}\n" },
	{ SET("set-add", "abusers", "203.0.113.99/24"), 0,
	  "{\"set\":\"abusers\",\"member\":\"203.0.113.0/24\",\"fixed\":false,\"expires_seconds\":3600}\n" },
	{ SET("set-add", "admin", "203.0.113.7"), 6, "no set \\\"admin\\\"" },
	{ SET("set-add", "admins", "203.0.113"), 2, "member \\\"203.0.113\\\"; accepted: an address or prefix" },
	{ SET("set-add", "admins", "203.0.113.1-203.0.113.9"), 2, "accepted: an address or prefix" },
	{ "{\"command\":\"set-add\",\"args\":{\"set\":\"admins\"}}", 2, "no \\\"member\\\"; accepted: the name of a set, and" },
	{ "{\"command\":\"set-add\",\"args\":{\"member\":\"::1\"}}", 2, "no \\\"set\\\"; accepted" },
	{ "{\"command\":\"ban\"}", 2, "no \\\"member\\\"; accepted" },
	/* how long */
	{ SET_FOR("abusers", "2001:db8::f", "90"), 0, "\"2001:db8::f\",\"fixed\":false,\"expires_seconds\":90}\n" },
	{ SET_FOR("abusers", "2001:db8::f", "15m"), 0, "\"expires_seconds\":900}\n" },
	{ SET_FOR("abusers", "2001:db8::f", "2h"), 0, "\"expires_seconds\":7200}\n" },
	{ SET_FOR("abusers", "2001:db8::f", "3650d"), 0, "\"expires_seconds\":315360000}\n" },
	{ SET_FOR("abusers", "2001:db8::f", "3651d"), 2, "for \\\"3651d\\\"; accepted: 1 to 315360000 seconds, also as 90s, 15m, 2h, 5d, or -1 for ever" },
	{ SET_FOR("abusers", "2001:db8::f", "0"), 2, "for \\\"0\\\"" },
	{ SET_FOR("abusers", "2001:db8::f", "-2"), 2, "for \\\"-2\\\"" },
	{ SET_FOR("abusers", "2001:db8::f", "1w"), 2, "for \\\"1w\\\"" },
	{ SET_FOR("abusers", "2001:db8::f", ""), 2, "for \\\"\\\"" },
	{ SET_FOR("abusers", "2001:db8::f", "1h "), 2, "for \\\"1h \\\"" },
	{ SET_FOR("abusers", "2001:db8::f", "9999999999"), 2, "for \\\"9999999999\\\"" },
	{ SET_FOR("abusers", "2001:db8::f", "-1"), 0, "\"expires_seconds\":null}\n" },
	/* the other one goes, then nobody may */
	{ SET_FOR("abusers", "2001:db8::e", "-1"), 0, "\"expires_seconds\":null}\n" },
	{ SET_FOR("abusers", "2001:db8::d", "-1"), 1, "\\\"abusers\\\" is full: it has 2 live members (max), all of them for ever" },
	/* who is in it */
	{ SET("set-test", "admins", "203.0.113.7"), 0, "\"member\":\"203.0.113.7\",\"fixed\":false,\"expires_seconds\":null}\n" },
	{ SET("set-test", "admins", "192.0.2.9"), 0, "\"member\":\"192.0.2.0/24\",\"fixed\":true,\"expires_seconds\":null}\n" },
	{ SET("set-test", "admins", "2001:db8::9"), 0, "\"member\":\"2001:db8::1-2001:db8::9\",\"fixed\":true" },
	{ SET("set-test", "admins", "203.0.113.8"), 6, "203.0.113.8 is in no member of \\\"admins\\\"" },
	{ SET("set-test", "admins", "203.0.113.0/24"), 2, "member \\\"203.0.113.0/24\\\"; accepted: an address" },
	{ SET("set-test", "admin", "203.0.113.8"), 6, "no set \\\"admin\\\"" },
	{ LIST("admins"), 0,
	  "{\"set\":\"admins\",\"member\":\"192.0.2.0/24\",\"fixed\":true,\"expires_seconds\":null}\n"
	  "{\"set\":\"admins\",\"member\":\"2001:db8::1-2001:db8::9\",\"fixed\":true,\"expires_seconds\":null}\n"
	  "{\"set\":\"admins\",\"member\":\"203.0.113.7\",\"fixed\":false,\"expires_seconds\":null}\n" },
	/* who is in it no more */
	{ SET("set-del", "admins", "203.0.113.7"), 0, "{\"set\":\"admins\",\"member\":\"203.0.113.7\"}\n" },
	{ SET("set-del", "admins", "203.0.113.7"), 6, "203.0.113.7 is no member of \\\"admins\\\"" },
	{ SET("set-del", "admins", "192.0.2.0/24"), 1, "192.0.2.0/24 is a fixed member of \\\"admins\\\": change it in the config, test.conf:2" },
	{ SET("set-del", "admin", "192.0.2.0/24"), 6, "no set \\\"admin\\\"" },
	/* bans are members of a set that is always there */
	{ BAN("203.0.113.7", "10"), 0, "{\"set\":\"banned\",\"member\":\"203.0.113.7\",\"fixed\":false,\"expires_seconds\":10}\n" },
	{ SET("set-test", "banned", "203.0.113.7"), 0, "\"member\":\"203.0.113.7\",\"fixed\":false,\"expires_seconds\":" },
	{ SET("set-add", "banned", "203.0.113.8"), 0, "\"set\":\"banned\",\"member\":\"203.0.113.8\"" },
	{ SET("set-del", "banned", "203.0.113.7"), 0, "\"member\":\"203.0.113.7\"}\n" },
	{ SET("set-test", "banned", "203.0.113.7"), 6, "in no member" },
	{ BAN("everyone", "10"), 2, "member \\\"everyone\\\"" },
};

static const char *const changes[] = { BAN("203.0.113.7", "10"), SET("set-add", "admins", "::1"), SET("set-del", "admins", "::1") };
static const char *const looks[] = { LIST("admins"), "{\"command\":\"set-list\"}", SET("set-test", "admins", "192.0.2.1") };
/* clang-format on */

static struct filter *filter;
static struct interfaces *interfaces;
static struct commands commands;
static char text[65536 * 4]; /* the last answer */

static void
set_up(void)
{
	struct conf_text conf = { "test.conf", config, strlen(config) };
	struct diagnostics diagnostics = { 0 };
	struct filter_options options = {
		.max_flows = 10,
		.workers = 1,
		.interfaces = interfaces = interfaces_create(),
	};
	struct policy *old, *policy = conf_load(&conf, 1, &diagnostics);

	diagnostics_clear(&diagnostics);
	filter = filter_create(&options);
	ck_assert(filter && policy && filter_publish(filter, policy, &old));
	filter_enter(filter, 0);
	commands = (struct commands){
		.filter = filter,
		.interfaces = interfaces,
	};
	commands_begin(&commands, NULL);
}

static void
tear_down(void)
{
	commands_free(&commands);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
}

/* Returns in how many parts the answer came. */
static unsigned
ask(const char *line, bool may_change)
{
	struct json out = { 0 };
	struct exchange exchange = {
		.line = line,
		.length = strlen(line),
		.may_change = may_change,
		.out = &out,
	};
	enum exchange_step step;
	size_t used = 0;
	unsigned parts = 0;

	do {
		step = commands_answer(&commands, &exchange);
		ck_assert_uint_lt(used + out.used, sizeof(text));
		memcpy(text + used, out.text, out.used);
		used += out.used;
		json_reset(&out);
		parts++;
	} while (step == EXCHANGE_MORE);
	text[used] = '\0';
	free(exchange.progress);
	json_free(&out);
	return parts;
}

static void
assert_exit(const char *request, unsigned code)
{
	char want[32];

	snprintf(want, sizeof(want), "\"exit\":%u", code);
	ck_assert_msg(
	    strstr(text, want) != NULL, "%s: got %.2000s", request, text);
}

START_TEST(the_story_goes_as_written)
{
	for (size_t i = 0; i < COUNT(story); i++) {
		ask(story[i].request, true);
		assert_exit(story[i].request, story[i].exit);
		ck_assert_msg(strstr(text, story[i].holds) != NULL,
		    "%s: got %.2000s", story[i].request, text);
	}
}
END_TEST

START_TEST(a_reader_may_look_and_not_change)
{
	for (size_t i = 0; i < COUNT(changes); i++) {
		ask(changes[i], false);
		assert_exit(changes[i], 4);
	}
	for (size_t i = 0; i < COUNT(looks); i++) {
		ask(looks[i], false);
		assert_exit(looks[i], 0);
	}
}
END_TEST

START_TEST(a_long_list_comes_in_parts)
{
	unsigned lines = 0;

	for (uint32_t n = 0; n < 2500; n++) {
		struct prefix p =
		    prefix_of(address_from_v4(0x0a000000 + n), 128);
		ck_assert_int_eq(
		    filter_set_add(filter, "admins", &p, SET_FOREVER),
		    SET_DONE);
	}
	ck_assert_uint_gt(ask(LIST("admins"), false), 2);
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	ck_assert_uint_eq(lines, 2 + 2500 + 1);
}
END_TEST

Suite *
suite_commands_sets(void)
{
	Suite *suite = suite_create("commands_sets");
	TCase *tcase = tcase_create("sets");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_story_goes_as_written);
	tcase_add_test(tcase, a_reader_may_look_and_not_change);
	tcase_add_test(tcase, a_long_list_comes_in_parts);
	suite_add_tcase(suite, tcase);
	return suite;
}
