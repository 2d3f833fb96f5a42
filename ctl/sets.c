/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that change and ask named sets: set add, set del, set test, set
 * list, and ban.  Each is a command of its own for the daemon.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "look.h"
#include "row.h"
#include "text.h"

/* NULL: not UTF-8, which is said.  A NULL value is left out. */
static json_t *
pack(const char *set, const char *member, const char *duration)
{
	json_t *arguments = json_pack("{s:s*, s:s*, s:s*}", "set", set,
	    "member", member, "for", duration);

	if (!arguments)
		text_complain("an argument is not UTF-8 text");
	return arguments;
}

static const char *
or_unknown(const char *text)
{
	return text ? text : "?";
}

/* "for 2h", "for ever" */
static char *
life(const json_t *row)
{
	if (!row_has(row, "expires_seconds"))
		return text_format("for ever");
	char *time = text_duration(row_number(row, "expires_seconds"), false);
	char *text = text_format("for %s", time);
	free(time);
	return text;
}

static char *
say_added(const json_t *row)
{
	char *time = life(row);
	char *text = text_format("%s: %s is a member, %s",
	    or_unknown(row_text(row, "set")),
	    or_unknown(row_text(row, "member")), time);

	free(time);
	return text;
}

static char *
say_removed(const json_t *row)
{
	return text_format("%s: %s is no member any more",
	    or_unknown(row_text(row, "set")),
	    or_unknown(row_text(row, "member")));
}

static char *
say_found(const json_t *row)
{
	bool fixed = json_is_true(json_object_get(row, "fixed"));
	char *time = life(row);
	char *text =
	    text_format("%s: yes, by %s, %s", or_unknown(row_text(row, "set")),
		or_unknown(row_text(row, "member")),
		fixed ? "which is written in the config" : time);

	free(time);
	return text;
}

static char *
say_banned(const json_t *row)
{
	char *time = life(row);
	char *text = text_format(
	    "%s is banned, %s", or_unknown(row_text(row, "member")), time);

	free(time);
	return text;
}

/* Asks the daemon for that command, and puts its row into words. */
static int
ask(const struct call *call, const char *command, json_t *arguments,
    char *(*words)(const json_t *row))
{
	struct call asked = *call;
	int code;

	if (!arguments)
		return EXIT_USAGE;
	asked.command = command;
	json_t *row = client_ask_one(&asked, arguments, &code);
	if (row && !call->json)
		text_say(words(row));
	json_decref(row);
	return code;
}

static int
list(const struct call *call)
{
	struct call asked = *call;
	bool all = call->argument_count == 1;
	json_t *arguments = pack(all ? NULL : call->argument[1], NULL, NULL);

	if (!arguments)
		return EXIT_USAGE;
	asked.command = "set-list";
	return all ? look_sets(&asked, arguments)
		   : look_members(&asked, arguments);
}

int
command_set(const struct call *call)
{
	static const struct {
		const char *verb, *command;
		char *(*words)(const json_t *row);
	} verbs[] = {
		{ "add", "set-add", say_added },
		{ "del", "set-del", say_removed },
		{ "test", "set-test", say_found },
	};
	const char *verb = call->argument[0];
	const char *duration = call_option(call, "for");
	size_t i = 0;

	if (duration && strcmp(verb, "add") != 0) {
		text_complain("--for goes with set add only");
		return EXIT_USAGE;
	}
	if (strcmp(verb, "list") == 0 && call->argument_count < 3)
		return list(call);
	while (i < ARRAY_LEN(verbs) && strcmp(verbs[i].verb, verb) != 0)
		i++;
	if (i == ARRAY_LEN(verbs) || call->argument_count < 3) {
		text_complain("set %s: accepted are list [SET], add SET "
			      "ADDRESS, del SET ADDRESS and test SET ADDRESS",
		    verb);
		return EXIT_USAGE;
	}
	return ask(call, verbs[i].command,
	    pack(call->argument[1], call->argument[2], duration),
	    verbs[i].words);
}

int
command_ban(const struct call *call)
{
	return ask(call, "ban",
	    pack(NULL, call->argument[0], call_option(call, "for")),
	    say_banned);
}
