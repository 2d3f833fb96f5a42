/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that change the policy: reload, try, confirm, rollback, allow.  The
 * trial is the daemon's, with its clock: try only watches how it ends, and may
 * go away without harm.  Ctrl-C ends the trial.
 */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "look.h"
#include "row.h"
#include "session.h"
#include "text.h"

#define LOOK_MS       250
#define GRACE_SECONDS 10

/* NULL: not UTF-8, which is said.  A NULL value is left out. */
static json_t *
pack_change(const struct call *call, const char *file)
{
	char *session = session_find();
	bool force = call_option(call, "force") != NULL;
	json_t *arguments = json_pack("{s:s*, s:s*, s:s*, s:s*}", "file", file,
	    "seconds", file ? call_option(call, "timeout") : NULL, "session",
	    session, "force", force ? "yes" : NULL);

	free(session);
	if (!arguments)
		text_complain("an argument is not UTF-8 text");
	return arguments;
}

static void
report_notices(const json_t *row)
{
	size_t i;
	json_t *notice;

	json_array_foreach(json_object_get(row, "notices"), i, notice)
	{
		const char *text = json_string_value(notice);

		text_report(text ? text : "?");
	}
}

/* "generation 5 WHAT, 5 rules: ..." */
static void
say_in_force(const json_t *row, const char *what)
{
	char *counts = row_rule_counts(json_object_get(row, "rules"));

	text_say(text_format("generation %ju %s, %s",
	    (uintmax_t)row_count(row, "generation"), what, counts));
	free(counts);
}

/* What is in force is not what a restart would read. */
static void
say_differs(const json_t *row)
{
	const char *file = row_text(row, "file");

	if (json_is_true(json_object_get(row, "differs_on_disk")))
		text_say(text_format("a reload or a restart reads the config, "
				     "which differs: put %s there to keep it",
		    file ? file : "this one"));
}

/* The question, asked, and told in one sentence. */
static int
change(const struct call *call, json_t *arguments, const char *what)
{
	int code;
	json_t *row = client_ask_one(call, arguments, &code);

	if (row && !call->json) {
		report_notices(row);
		say_in_force(row, what);
		say_differs(row);
	}
	json_decref(row);
	return code;
}

int
command_reload(const struct call *call)
{
	json_t *arguments = pack_change(call, NULL);

	return arguments ? change(call, arguments, "is in force") : EXIT_USAGE;
}

int
command_shadow(const struct call *call)
{
	struct call promote = *call;
	const char *verb = call->argument_count ? call->argument[0] : NULL;
	bool promotes = verb && strcmp(verb, "promote") == 0;

	if ((verb && !promotes) || (promotes && call_option(call, "limit")) ||
	    (!promotes && call_option(call, "force"))) {
		text_complain("shadow %s: accepted are shadow [--limit N] and "
			      "shadow promote [--force]",
		    verb ? verb : "--force");
		return EXIT_USAGE;
	}
	if (!promotes)
		return look_shadow(call);
	promote.command = "shadow-promote";
	json_t *arguments = pack_change(call, NULL);
	return arguments ? change(&promote, arguments, "is in force")
			 : EXIT_USAGE;
}

int
command_confirm(const struct call *call)
{
	return change(call, NULL, "stays in force");
}

int
command_rollback(const struct call *call)
{
	return change(call, NULL, "is in force, as it was before");
}

static volatile sig_atomic_t interrupted;

static void
interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static char *
absolute(const char *file)
{
	char folder[4096];

	if (*file == '/' || !getcwd(folder, sizeof(folder)))
		return text_format("%s", file);
	return text_format("%s/%s", folder, file);
}

/* How the trial stands: NULL, and *code, or its row. */
static json_t *
look_at_trial(const struct call *call, int *code)
{
	struct call ask = { .command = "trial", .socket = call->socket };

	return client_ask_one(&ask, NULL, code);
}

/* Prints the row that says how it ended. */
static int
tell_end(const struct call *call, const json_t *row, uint64_t number)
{
	const char *state = row_text(row, "state");
	bool confirmed = state && strcmp(state, "confirmed") == 0;
	char *text =
	    call->json ? text_need(json_dumps(row, JSON_COMPACT)) : NULL;

	if (row_count(row, "trial") != number) {
		text_complain("the daemon was started anew, and the trial "
			      "ended with the one before");
		confirmed = false;
	} else if (text) {
		puts(text);
	} else if (confirmed) {
		text_say(text_format("confirmed"));
	} else {
		bool late = json_is_true(json_object_get(row, "timed_out"));

		text_say(text_format("%s: the policy before is in force again",
		    late ? "not confirmed in time" : "rolled back"));
	}
	free(text);
	return confirmed ? EXIT_OK : EXIT_TIMED_OUT;
}

static int
roll_back(const struct call *call)
{
	struct call ask = { .command = "rollback", .socket = call->socket };
	int code;

	json_decref(client_ask_one(&ask, NULL, &code));
	if (code == EXIT_OK && !call->json)
		text_say(text_format(
		    "rolled back: the policy before is in force again"));
	return EXIT_TIMED_OUT;
}

/* Until it has ended, or nobody can say whether it has. */
static int
watch_trial(const struct call *call, uint64_t number, double seconds)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	const time_t until = time(NULL) + (time_t)seconds + GRACE_SECONDS;

	for (;;) {
		int code;

		nanosleep(&pause, NULL);
		if (interrupted)
			return roll_back(call);
		json_t *row = look_at_trial(call, &code);
		const char *state = row ? row_text(row, "state") : NULL;
		if (!row && code == EXIT_NOT_RUNNING)
			return EXIT_TIMED_OUT;
		if (row && (row_count(row, "trial") != number || !state ||
			       strcmp(state, "running") != 0))
			code = tell_end(call, row, number);
		else if (time(NULL) < until)
			code = -1;
		json_decref(row);
		if (code >= 0)
			return code;
	}
}

int
command_try(const struct call *call)
{
	struct sigaction action = { .sa_handler = interrupt };
	struct call asked = *call;
	char *file = absolute(call->argument[0]);
	json_t *arguments = pack_change(call, file);
	int code = EXIT_USAGE;
	json_t *row = NULL;

	sigaction(SIGINT, &action, NULL);
	asked.json = false;
	if (arguments)
		row = client_ask_one(&asked, arguments, &code);
	if (!row) {
		free(file);
		return code;
	}
	report_notices(row);
	if (!call->json) {
		char *time =
		    text_duration(row_number(row, "seconds_left"), false);

		say_in_force(row, "is on trial");
		text_say(text_format(
		    "it goes in %s, unless `ephctl confirm` comes: best from a "
		    "new session, which proves that one can be had",
		    time));
		free(time);
		fflush(stdout);
	}
	code = watch_trial(
	    call, row_count(row, "trial"), row_number(row, "seconds_left"));
	json_decref(row);
	free(file);
	return code;
}

/* "8080/tcp from 192.0.2.0/24", of a row. */
static char *
tell_opening(const json_t *row)
{
	const char *port = row_text(row, "port");
	const char *protocol = row_text(row, "protocol");
	const char *from = row_text(row, "from");

	return text_format("%s%s%s%s%s", port ? port : "?", protocol ? "/" : "",
	    protocol ? protocol : "", from ? " from " : "", from ? from : "");
}

static int
open_port(const struct call *call, json_t *arguments)
{
	int code;
	json_t *row = client_ask_one(call, arguments, &code);

	if (row && !call->json) {
		const char *name = row_text(row, "name");
		char *what = tell_opening(row);
		char *time =
		    text_duration(row_number(row, "expires_seconds"), false);

		text_say(text_format("%s is open for %s, by the rule \"%s\"",
		    what, time, name ? name : "?"));
		free(time);
		free(what);
	}
	json_decref(row);
	return code;
}

static int
close_port(const struct call *call, json_t *arguments)
{
	int code;
	json_t *row = client_ask_one(call, arguments, &code);
	const char *what = row ? row_text(row, "what") : NULL;

	if (row && !call->json)
		text_say(text_format(
		    "%s: its temporary rule is gone", what ? what : "?"));
	json_decref(row);
	return code;
}

int
command_allow(const struct call *call)
{
	const char *word = call->argument[0];
	const char *port = call->argument_count > 1 ? call->argument[1] : NULL;
	const char *duration = call_option(call, "for");
	const char *from = call_option(call, "from");
	bool lists = strcmp(word, "list") == 0,
	     closes = strcmp(word, "del") == 0;
	struct call asked = *call;

	if (lists && !port && !duration && !from) {
		asked.command = "allow-list";
		return look_openings(&asked);
	}
	if (lists || closes ? lists || !port || duration : port || !duration) {
		text_complain("allow %s: accepted are PORT --for TIME [--from "
			      "ADDRESS], del PORT [--from ADDRESS], and list",
		    word);
		return EXIT_USAGE;
	}
	json_t *arguments = json_pack("{s:s, s:s*, s:s*}", "what",
	    closes ? port : word, "from", from, "for", duration);
	if (!arguments) {
		text_complain("an argument is not UTF-8 text");
		return EXIT_USAGE;
	}
	if (!closes)
		return open_port(&asked, arguments);
	asked.command = "allow-del";
	return close_port(&asked, arguments);
}
