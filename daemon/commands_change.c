/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that change the policy: reload, try, confirm, rollback, allow.  What
 * they do is in changes.c; here is who may ask it how, and the words of the
 * answer.  Each change is logged with who asked.
 */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "rows.h"
#include "status.h"

#define TRY_SECONDS 60

static char *
join_lines(const struct diagnostics *diagnostics)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < diagnostics->count; i++)
		fprintf(stream, "%s%s", i ? "\n" : "", diagnostics->line[i]);
	fclose(stream);
	return text;
}

enum change
commands_reload(struct commands *commands, const struct change_terms *terms,
    struct diagnostics *report)
{
	enum change change = changes_reload(commands->changes, terms, report);
	bool ok = change == CHANGE_DONE;

	free(commands->last_reload.error);
	commands->last_reload.error = ok ? NULL : join_lines(report);
	commands->last_reload.ok = ok;
	commands->last_reload.time_ms = terms->now_ms;
	return change;
}

static struct change_terms
read_terms(const struct call *call)
{
	return (struct change_terms){
		.session = request_argument(call->request, "session"),
		.force = request_argument(call->request, "force") != NULL,
		.now_ms = clock_ms(),
	};
}

static uint64_t
generation(const struct call *call)
{
	return filter_policy(call->commands->filter)->generation;
}

static void
log_change(const struct call *call, const char *what, enum change change)
{
	log_info("%s asked for by uid %u, pid %d: %s, generation %llu is in "
		 "force",
	    what, call->exchange->uid, call->exchange->pid,
	    change == CHANGE_DONE ? "done" : "refused",
	    (unsigned long long)generation(call));
}

static double
seconds_until(uint64_t end_ms, uint64_t now_ms)
{
	return end_ms > now_ms ? (double)(end_ms - now_ms) / 1000 : 0;
}

/* It came to nothing, and the report says why.  Frees the report. */
static enum exchange_step
refuse(struct call *call, enum change change, struct diagnostics *report)
{
	static const enum answer answers[] = {
		[CHANGE_DONE] = ANSWER_OK,
		[CHANGE_INVALID] = ANSWER_INVALID,
		[CHANGE_REFUSED] = ANSWER_FAILED,
		[CHANGE_NOTHING] = ANSWER_NO_OBJECT,
		[CHANGE_FAILED] = ANSWER_FAILED,
	};

	call->answer = answers[change];
	call->error = join_lines(report);
	diagnostics_clear(report);
	return EXCHANGE_DONE;
}

/* The members that tell what is in force now. */
static void
put_in_force(const struct call *call, const struct diagnostics *report)
{
	struct json *json = call->out;

	json_unsigned(json, "generation", generation(call));
	status_rule_counts(json, filter_policy(call->commands->filter));
	json_open_array(json, "notices");
	for (size_t i = 0; i < report->count; i++)
		json_string(json, NULL, report->line[i]);
	json_close_array(json);
}

static enum exchange_step
end_row(struct call *call, struct diagnostics *report)
{
	json_close_object(call->out);
	json_newline(call->out);
	diagnostics_clear(report);
	return EXCHANGE_DONE;
}

enum exchange_step
call_reload(struct call *call)
{
	struct change_terms terms = read_terms(call);
	struct diagnostics report = { 0 };
	enum change change = commands_reload(call->commands, &terms, &report);

	log_change(call, "reload", change);
	if (change != CHANGE_DONE)
		return refuse(call, change, &report);
	json_open_object(call->out, NULL);
	put_in_force(call, &report);
	return end_row(call, &report);
}

enum exchange_step
call_try(struct call *call)
{
	struct changes *changes = call->commands->changes;
	const char *file = request_argument(call->request, "file");
	const char *text = request_argument(call->request, "seconds");
	struct change_terms terms = read_terms(call);
	struct diagnostics report = { 0 };
	uint64_t ms = TRY_SECONDS * 1000;

	if (!file || *file != '/')
		return call_fail(call, ANSWER_USAGE,
		    "no \"file\"; accepted: the whole path of a config");
	if (text && (!call_read_duration(text, &ms) ||
			ms > TRY_SECONDS_MOST * UINT64_C(1000)))
		return call_fail(call, ANSWER_USAGE,
		    "seconds \"%.20s\"; accepted: 1 to %d, also as 90s, 5m, "
		    "1h",
		    text, TRY_SECONDS_MOST);
	enum change change =
	    changes_try(changes, file, ms / 1000, &terms, &report);
	log_change(call, "try", change);
	if (change != CHANGE_DONE)
		return refuse(call, change, &report);
	log_warning("%s is on trial for %llu s; unless it is confirmed, the "
		    "policy before comes back",
	    file, (unsigned long long)ms / 1000);
	json_open_object(call->out, NULL);
	json_unsigned(call->out, "trial", changes_attempt(changes)->number);
	json_real(call->out, "seconds_left", (double)ms / 1000);
	put_in_force(call, &report);
	return end_row(call, &report);
}

/* How the last trial stands. */
enum exchange_step
call_trial(struct call *call)
{
	static const char *const names[] = {
		[ATTEMPT_NONE] = NULL,
		[ATTEMPT_RUNNING] = "running",
		[ATTEMPT_CONFIRMED] = "confirmed",
		[ATTEMPT_ROLLED_BACK] = "rolled-back",
	};
	const struct attempt *attempt =
	    changes_attempt(call->commands->changes);
	struct json *json = call->out;

	json_open_object(json, NULL);
	if (attempt->state == ATTEMPT_NONE)
		json_null(json, "trial");
	else
		json_unsigned(json, "trial", attempt->number);
	json_string(json, "state", names[attempt->state]);
	json_bool(json, "timed_out", attempt->timed_out);
	if (attempt->state == ATTEMPT_RUNNING)
		json_real(json, "seconds_left",
		    seconds_until(attempt->end_ms, clock_ms()));
	else
		json_null(json, "seconds_left");
	json_close_object(json);
	json_newline(json);
	return EXCHANGE_DONE;
}

/* What is in force now need not be what the config says. */
static enum exchange_step
tell_change(struct call *call, const char *what, enum change change,
    struct diagnostics *report)
{
	struct changes *changes = call->commands->changes;

	log_change(call, what, change);
	if (change != CHANGE_DONE)
		return refuse(call, change, report);
	json_open_object(call->out, NULL);
	put_in_force(call, report);
	json_string(call->out, "file", changes_files(changes)->text[0].name);
	json_bool(
	    call->out, "differs_on_disk", changes_differ_on_disk(changes));
	return end_row(call, report);
}

enum exchange_step
call_confirm(struct call *call)
{
	struct diagnostics report = { 0 };
	enum change change = changes_confirm(call->commands->changes, &report);

	return tell_change(call, "confirm", change, &report);
}

enum exchange_step
call_rollback(struct call *call)
{
	struct diagnostics report = { 0 };
	enum change change =
	    changes_rollback(call->commands->changes, clock_ms(), &report);

	return tell_change(call, "rollback", change, &report);
}

enum exchange_step
call_promote(struct call *call)
{
	struct change_terms terms = read_terms(call);
	struct diagnostics report = { 0 };
	enum change change =
	    changes_promote(call->commands->changes, &terms, &report);

	return tell_change(call, "shadow promote", change, &report);
}

static void
put_temporary(struct json *json, const struct temporary *rule, uint64_t now_ms)
{
	char name[40];

	snprintf(name, sizeof(name), "temporary %u", rule->number);
	json_open_object(json, NULL);
	json_string(json, "name", name);
	json_string(json, "port", rule->port);
	json_string(json, "protocol", rule->protocol);
	json_string(json, "from", rule->from);
	json_real(json, "expires_seconds", seconds_until(rule->end_ms, now_ms));
	json_close_object(json);
	json_newline(json);
}

/* False: the answer is an error. */
static bool
read_opening(struct call *call, const char **what, const char **from)
{
	*what = request_argument(call->request, "what");
	*from = request_argument(call->request, "from");
	if (*what)
		return true;
	call_fail(
	    call, ANSWER_USAGE, "no \"what\"; accepted: PORT or PORT/PROTOCOL");
	return false;
}

enum exchange_step
call_allow(struct call *call)
{
	struct changes *changes = call->commands->changes;
	const char *text = request_argument(call->request, "for");
	uint64_t now_ms = clock_ms(), ms;
	struct diagnostics report = { 0 };
	const char *what, *from;

	if (!read_opening(call, &what, &from))
		return EXCHANGE_DONE;
	if (!text || !call_read_duration(text, &ms) || ms == SET_FOREVER)
		return call_fail(call, ANSWER_USAGE,
		    "for \"%.20s\"; accepted: 1 to %d seconds, also as 90s, "
		    "15m, 2h, 5d",
		    text ? text : "", SET_TIME_MAX);
	enum change change =
	    changes_allow(changes, what, from, now_ms + ms, now_ms, &report);
	log_change(call, "allow", change);
	if (change == CHANGE_INVALID) {
		refuse(call, change, &report);
		call->answer = ANSWER_USAGE;
		return EXCHANGE_DONE;
	}
	if (change != CHANGE_DONE)
		return refuse(call, change, &report);
	diagnostics_clear(&report);
	const struct temporaries *all = changes_temporaries(changes);
	log_info("%s is open to %s for %llu s", what, from ? from : "all",
	    (unsigned long long)ms / 1000);
	put_temporary(call->out, temporary_find(all, what, from), now_ms);
	return EXCHANGE_DONE;
}

enum exchange_step
call_allow_del(struct call *call)
{
	struct changes *changes = call->commands->changes;
	struct diagnostics report = { 0 };
	const char *what, *from;

	if (!read_opening(call, &what, &from))
		return EXCHANGE_DONE;
	enum change change =
	    changes_allow_end(changes, what, from, clock_ms(), &report);
	log_change(call, "allow del", change);
	if (change != CHANGE_DONE)
		return refuse(call, change, &report);
	json_open_object(call->out, NULL);
	json_string(call->out, "what", what);
	json_string(call->out, "from", from);
	return end_row(call, &report);
}

enum exchange_step
call_allow_list(struct call *call)
{
	const struct temporaries *all =
	    changes_temporaries(call->commands->changes);
	uint64_t now_ms = clock_ms();

	for (size_t i = 0; i < all->count; i++)
		put_temporary(call->out, &all->rule[i], now_ms);
	return EXCHANGE_DONE;
}
