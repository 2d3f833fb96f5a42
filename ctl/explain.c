/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain: what a packet would get, why, and whether its reply would pass.
 * The answer comes from the daemon or, with --config, from lib/explain.h right
 * here; both are the same object, shown by the same code.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "columns.h"
#include "file.h"
#include "pasted.h"
#include "row.h"
#include "text.h"

#define INDENT 2

static char *
tell_verdict(const json_t *from)
{
	const char *verdict = row_text(from, "verdict");
	char *clean = text_clean(verdict ? verdict : "?");
	char *dressed = text_tone(
	    strcmp(clean, "accept") == 0 ? TONE_GOOD : TONE_BAD, clean);

	free(clean);
	return dressed;
}

static char *
tell_reason(const json_t *from)
{
	const char *reason = row_text(from, "reason");
	const char *text = row_text(from, "reason_text");
	char *raw = text_format("%s%s%s", reason ? reason : "?",
	    text ? ": " : "", text ? text : "");
	char *clean = text_clean(raw);

	free(raw);
	return clean;
}

/* "192.0.2.1:1024-65535", "[2001:db8::1]:(1024-32767, 61000-65535)" */
static char *
tell_ports(const char *address, const char *ports)
{
	bool v6 = address && strchr(address, ':');
	bool many = strchr(ports, ' ');

	return text_format("%s%s%s:%s%s%s", v6 ? "[" : "",
	    address ? address : "?", v6 ? "]" : "", many ? "(" : "", ports,
	    many ? ")" : "");
}

/* "192.0.2.1:22 -> 203.0.113.9:51000", the other way round if `reply`. */
static char *
tell_tuple(const json_t *answer, bool reply)
{
	const char *ports = row_text(answer, "source_ports");
	char *end[2] = {
		ports ? tell_ports(row_text(answer, "source"), ports)
		      : row_endpoint(answer, "source", "source_port"),
		row_endpoint(answer, "destination", "destination_port"),
	};
	char *raw = text_format("%s -> %s", end[reply] ? end[reply] : "?",
	    end[!reply] ? end[!reply] : "?");
	char *clean = text_clean(raw);

	free(end[0]);
	free(end[1]);
	free(raw);
	return clean;
}

static void
print_packet(const json_t *answer)
{
	const char *direction = row_text(answer, "direction");
	const char *protocol = row_text(answer, "protocol");
	char *raw = text_format(
	    "%s %s", direction ? direction : "?", protocol ? protocol : "?");
	char *kind = text_clean(raw);
	char *tuple = tell_tuple(answer, false);
	char *verdict = tell_verdict(answer);
	char *reason = tell_reason(answer);
	char *text =
	    text_format("%s %s: %s (%s)", kind, tuple, verdict, reason);

	text_print(INDENT, text);
	free(text);
	free(reason);
	free(verdict);
	free(tuple);
	free(kind);
	free(raw);
}

/* The live flow that the packet belongs to, if there is one. */
static void
print_flow(const json_t *flow)
{
	const char *state = row_text(flow, "state");
	const char *direction = row_text(flow, "direction");

	if (!json_is_object(flow))
		return;
	char *tuple = tell_tuple(flow, false);
	char *idle = text_duration(row_number(flow, "idle_seconds"), false);
	char *expires =
	    text_duration(row_number(flow, "expires_seconds"), false);
	char *raw = text_format("  live flow: %s, opened %s, %s, idle for %s, "
				"expires in %s",
	    state ? state : "?", direction ? direction : "?", tuple, idle,
	    expires);
	char *clean = text_clean(raw);
	text_print(2 * INDENT, clean);
	free(clean);
	free(raw);
	free(expires);
	free(idle);
	free(tuple);
}

static void
print_tried(const json_t *answer)
{
	static const struct column column[] = {
		{ "RULE", false, CUT_NEVER, 0 },
		{ "FILE:LINE", false, CUT_START, 0 },
		{ "TEXT", false, CUT_END, 0 },
		{ "OUTCOME", false, CUT_NEVER, 0 },
	};
	struct columns *columns = columns_create(column, ARRAY_LEN(column));
	size_t i;
	json_t *rule;

	json_array_foreach(json_object_get(answer, "tried"), i, rule)
	{
		const char *failed = row_text(rule, "failed");

		char *brief = row_brief_rule(rule, "rule");

		columns_add(columns, row_text(rule, "rule"), brief);
		free(brief);
		columns_take(
		    columns, row_place(rule, false), row_place(rule, true));
		columns_add(columns, row_text(rule, "text"), NULL);
		columns_take(columns,
		    failed ? text_format("fails at %s", failed)
			   : text_format("matches"),
		    NULL);
	}
	columns_print(columns, false, INDENT);
	columns_destroy(columns);
}

static void
print_reply(const json_t *answer)
{
	const json_t *reply = json_object_get(answer, "reply");
	const char *by = row_text(reply, "by");
	const char *rule = row_text(reply, "rule");

	if (!json_is_object(reply))
		return;
	char *tuple = tell_tuple(answer, true);
	char *verdict = tell_verdict(reply);
	char *reason = tell_reason(reply);
	char *place = row_place(reply, false);
	char *why;
	if (by && strcmp(by, "state") == 0)
		why = text_format("by state");
	else if (rule)
		why = text_format(
		    "by %s at %s (%s)", rule, place ? place : "?", reason);
	else
		why = text_format("%s", reason);
	char *clean = text_clean(why);
	char *text = text_format("the reply %s: %s, %s", tuple, verdict, clean);
	text_print(INDENT, text);
	free(text);
	free(clean);
	free(why);
	free(place);
	free(reason);
	free(verdict);
	free(tuple);
}

static void
print_case(const json_t *answer)
{
	print_packet(answer);
	print_flow(json_object_get(answer, "flow"));
	print_tried(answer);
	print_reply(answer);
}

static void
print_answer(const json_t *answer)
{
	uintmax_t unlisted = row_count(answer, "unlisted_ports");
	size_t i;
	json_t *other;

	print_case(answer);
	json_array_foreach(json_object_get(answer, "others"), i, other)
	    print_case(other);
	if (unlisted > 0)
		text_say(text_format("%ju source ports more have other rules, "
				     "with the same verdicts",
		    unlisted));
}

/* Has every source port that verdict?  If not, *is is one that has not. */
static bool
is_all(const json_t *answer, const char *expected, const char **is)
{
	size_t i;
	json_t *other;

	*is = row_text(answer, "verdict");
	bool all = *is && strcmp(*is, expected) == 0;
	json_array_foreach(json_object_get(answer, "others"), i, other)
	{
		if (!all)
			break;
		*is = row_text(other, "verdict");
		all = *is && strcmp(*is, expected) == 0;
	}
	return all;
}

static json_t *
ask_daemon(const struct call *call, int *code)
{
	char *words = pasted_question(call->argument, call->argument_count);
	json_t *arguments = json_pack("{s:s}", "packet", words);

	free(words);

	if (!arguments) {
		text_complain("the packet is not described in UTF-8 text");
		*code = EXIT_USAGE;
		return NULL;
	}
	return client_ask_one(call, arguments, code);
}

static json_t *
ask_file(const struct call *call, const char *file, int *code)
{
	char *words = pasted_question(call->argument, call->argument_count);
	char *text = file_explain(file, words, code);

	free(words);
	if (!text)
		return NULL;
	json_t *answer = client_parse(text, strlen(text), call->json);
	if (!answer)
		*code = EXIT_FAILED;
	free(text);
	return answer;
}

/* Four words, or something pasted, which is one with blanks or many. */
static bool
is_question(const struct call *call)
{
	const char *first = call->argument[0];

	return call->argument_count >= 4 || *first == '{' ||
	       (call->argument_count == 1 && strchr(first, ' '));
}

int
command_explain(const struct call *call)
{
	static const char *const verdicts[] = { "accept", "drop", "reject" };
	const char *file = call_option(call, "config");
	const char *expected = call_option(call, "expect");
	bool known = !expected;
	int code;

	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
		known |= expected && strcmp(expected, verdicts[i]) == 0;
	if (!is_question(call)) {
		text_complain("explain needs DIRECTION PROTOCOL SRC[:PORT] "
			      "DST[:PORT]; see `ephctl explain --help`");
		return EXIT_USAGE;
	}
	if (!known) {
		text_complain("--expect: '%s' is no verdict; "
			      "accept, drop and reject are",
		    expected);
		return EXIT_USAGE;
	}
	json_t *answer =
	    file ? ask_file(call, file, &code) : ask_daemon(call, &code);
	if (!answer)
		return code;
	if (!call->json)
		print_answer(answer);
	const char *verdict;
	if (expected && !is_all(answer, expected, &verdict)) {
		text_complain("expected %s, and it is %s", expected,
		    verdict ? verdict : "unknown");
		code = EXIT_UNEXPECTED;
	}
	json_decref(answer);
	return code;
}
