/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table of commands.  A command is asked for its answer part by part: each
 * call adds whole rows up to about EXCHANGE_CHUNK bytes, or looks at STEPS_MAX
 * flows, so that neither memory nor time of the main thread grows with the
 * number of flows.  What it needs to go on is in struct progress: plain data,
 * as the client may be gone before the end.
 *
 * The request is checked against the table before the command runs: exact
 * name, known arguments, permission.  A change is logged with who asked.
 */
#include "commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "clock.h"
#include "explain_ports.h"
#include "log.h"
#include "owners.h"
#include "print.h"
#include "question.h"
#include "rows.h"
#include "status.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define STEPS_MAX        4096

struct command {
	const char *name;
	bool changes; /* something: not for everyone */
	enum exchange_step (*run)(struct call *call);
	const char *const *arguments; /* NULL-terminated */
};

enum exchange_step
call_fail(struct call *call, enum answer answer, const char *format, ...)
{
	va_list arguments;

	call->answer = answer;
	va_start(arguments, format);
	if (vasprintf(&call->error, format, arguments) < 0)
		call->error = NULL;
	va_end(arguments);
	return EXCHANGE_DONE;
}

static enum exchange_step
status(struct call *call)
{
	status_write(call->out, call->commands);
	return EXCHANGE_DONE;
}

static void
put_rest(const struct call *call, enum table_id table)
{
	bool acl = table >= TABLE_ACL_INBOUND;
	enum direction direction =
	    (enum direction)(acl ? table - TABLE_ACL_INBOUND : table);

	row_rest(call->out, table,
	    filter_count(call->commands->filter, direction,
		acl ? ACL_NO_RULE : NO_RULE));
}

static enum exchange_step
rules(struct call *call)
{
	const struct filter *filter = call->commands->filter;
	const struct policy *policy = filter_policy(filter);
	int64_t offset_ms = clock_wall_offset_ms();
	enum table_id *table = &call->progress->rules.table;
	size_t *next = &call->progress->rules.next;

	if (call->request)
		call->progress->rules.generation = policy->generation;
	if (call->progress->rules.generation != policy->generation)
		return call_fail(call, ANSWER_FAILED,
		    "the rules were replaced while they were listed; ask "
		    "again");
	for (; *table < TABLE_COUNT; ++*table, *next = 0) {
		const struct rules *list = &policy->tables[*table];
		if (!list->present)
			continue;
		for (; *next < list->count; ++*next) {
			if (call->out->used >= EXCHANGE_CHUNK)
				return EXCHANGE_MORE;
			const struct rule *rule = &list->rule[*next];
			struct rule_totals totals =
			    filter_rule_totals(filter, rule);
			row_rule(call->out, *table, rule, &totals, offset_ms);
		}
		put_rest(call, *table);
	}
	return EXCHANGE_DONE;
}

/* The policy in force as a config, a line in each row. */
static enum exchange_step
policy(struct call *call)
{
	const struct policy *in_force = filter_policy(call->commands->filter);
	size_t *next = &call->progress->rules.next;

	if (call->request)
		call->progress->rules.generation = in_force->generation;
	char *text = policy_print(in_force);
	bool same = call->progress->rules.generation == in_force->generation;
	size_t length = text ? strlen(text) : 0;
	while (text && same && *next < length &&
	       call->out->used < EXCHANGE_CHUNK) {
		char *line = text + *next;
		*next += strcspn(line, "\n") + 1;
		text[*next - 1] = '\0';
		row_line(call->out, line);
	}
	free(text);
	if (!text || !same)
		return call_fail(call, ANSWER_FAILED,
		    text ? "the policy was replaced while it was listed; ask "
			   "again"
			 : "out of memory");
	return *next < length ? EXCHANGE_MORE : EXCHANGE_DONE;
}

bool
call_read_filter(struct call *call, struct flow_filter *filter)
{
	char error[FLOW_FILTER_ERROR_SIZE];

	switch (flow_filter_parse(call->request,
	    filter_policy(call->commands->filter), filter, error)) {
	case FILTER_OK:
		return true;
	case FILTER_BAD:
		call_fail(call, ANSWER_USAGE, "%s", error);
		break;
	case FILTER_NO_RULE:
		call_fail(call, ANSWER_NO_OBJECT, "%s", error);
		break;
	}
	return false;
}

static enum exchange_step
flows(struct call *call)
{
	const struct commands *commands = call->commands;
	const struct policy *policy = filter_policy(commands->filter);
	struct flow_filter *filter = &call->progress->flows.filter;
	uint64_t now_ms = clock_ms();
	struct flow_view flow;

	if (call->request && !call_read_filter(call, filter))
		return EXCHANGE_DONE;
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		if (call->out->used >= EXCHANGE_CHUNK)
			return EXCHANGE_MORE;
		if (!filter_next_flow(commands->filter,
			&call->progress->flows.cursor, now_ms, &flow))
			return EXCHANGE_DONE;
		if (flow_filter_match(filter, &flow))
			row_flow(
			    call->out, &flow, commands->interfaces, policy);
	}
	return EXCHANGE_MORE;
}

/* "1000"; false: not a number. */
static bool
read_limit(const char *text, uint64_t *limit)
{
	if (!*text || strlen(text) > 9 || text[strspn(text, "0123456789")])
		return false;
	*limit = strtoul(text, NULL, 10);
	return true;
}

static enum exchange_step
list_drops(struct call *call, const struct drops *drops)
{
	const struct drop_row *row;

	if (call->request) {
		const char *text = request_argument(call->request, "limit");
		uint64_t limit = DROPS_MAX;
		if (text && !read_limit(text, &limit))
			return call_fail(call, ANSWER_USAGE,
			    "limit \"%.40s\"; accepted: a number", text);
		call->progress->drops = drops_begin(drops, limit);
	}
	while (call->out->used < EXCHANGE_CHUNK) {
		row = drops_next(drops, &call->progress->drops);
		if (!row)
			return EXCHANGE_DONE;
		row_drop(call->out, row, call->commands->interfaces);
	}
	return EXCHANGE_MORE;
}

static enum exchange_step
drops(struct call *call)
{
	return list_drops(call, call->commands->drops);
}

/* What the shadow policy would have given another verdict. */
static enum exchange_step
shadow(struct call *call)
{
	if (!filter_policy(call->commands->filter)->shadow)
		return call_fail(call, ANSWER_NO_OBJECT,
		    "no shadow policy; the config names one as shadow = "
		    "\"FILE\"");
	return list_drops(call, call->commands->disagreements);
}

void
commands_begin(struct commands *commands, const struct hook *hook)
{
	commands->hook = hook;
	commands->started_ms = clock_ms();
}

static const char *const explain_arguments[] = { "direction", "protocol",
	"source", "destination", "packet", NULL };

static enum exchange_step
explain(struct call *call)
{
	const struct commands *commands = call->commands;
	const char *text[4];
	char error[QUESTION_ERROR_SIZE];
	const char *whole = request_argument(call->request, "packet");
	char joined[QUESTION_SIZE];
	struct question question;
	struct packet packet;

	for (size_t i = 0; !whole && i < ARRAY_LEN(text); i++) {
		text[i] = request_argument(call->request, explain_arguments[i]);
		if (!text[i])
			return call_fail(call, ANSWER_USAGE,
			    "no \"%s\"; accepted: direction, protocol, source "
			    "and destination, or packet",
			    explain_arguments[i]);
	}
	if (!whole) {
		snprintf(joined, sizeof(joined), "%s %s %s %s", text[0],
		    text[1], text[2], text[3]);
		whole = joined;
	}
	if (!question_read(whole, &question, error) ||
	    !owners_of_question(&question, error))
		return call_fail(call, ANSWER_USAGE, "%s", error);
	if (!question_packet(&question, commands->interfaces, &packet))
		return call_fail(call, ANSWER_USAGE,
		    "in \"%s\", out \"%s\": accepted are interfaces that this "
		    "host has or had since the start",
		    question.in, question.out);
	if (question.any_source_port)
		explain_ports_json(commands->filter,
		    filter_policy(commands->filter), commands->interfaces,
		    &packet, clock_ms(), call->out);
	else
		explain_json(commands->filter, filter_policy(commands->filter),
		    commands->interfaces, &packet, clock_ms(), call->out);
	json_newline(call->out);
	return EXCHANGE_DONE;
}

static const char *const set_member[] = { "set", "member", NULL };
static const char *const set_member_for[] = { "set", "member", "for", NULL };
static const char *const set_list[] = { "set", NULL };
static const char *const member_for[] = { "member", "for", NULL };
static const char *const terms_arguments[] = { "session", "force", NULL };
static const char *const try_arguments[] = { "file", "seconds", "session",
	"force", NULL };
static const char *const allow_arguments[] = { "what", "from", "for", NULL };
static const char *const allow_del_arguments[] = { "what", "from", NULL };
static const char *const no_arguments[] = { NULL };
static const char *const flows_arguments[] = { FLOW_FILTER_ARGUMENTS, NULL };
static const char *const kill_arguments[] = { FLOW_FILTER_ARGUMENTS, "all",
	"reset", NULL };
static const char *const drops_arguments[] = { "limit", NULL };

static const struct command table[] = {
	/* clang-format off */
	/* name     changes run      arguments */
	{ "status",  false, status,  no_arguments },
	{ "rules",   false, rules,   no_arguments },
	{ "policy",  false, policy,  no_arguments },
	{ "flows",   false, flows,   flows_arguments },
	{ "watch",   false, call_watch, flows_arguments },
	{ "kill",    true,  call_kill,  kill_arguments },
	{ "states",  false, call_states, no_arguments },
	{ "drops",   false, drops,   drops_arguments },
	{ "shadow",  false, shadow,  drops_arguments },
	{ "explain", false, explain, explain_arguments },
	{ "set-add",  true,  call_set_add,  set_member_for },
	{ "set-del",  true,  call_set_del,  set_member },
	{ "set-test", false, call_set_test, set_member },
	{ "set-list", false, call_set_list, set_list },
	{ "ban",      true,  call_ban,      member_for },
	{ "reload",     true,  call_reload,     terms_arguments },
	{ "try",        true,  call_try,        try_arguments },
	{ "trial",      false, call_trial,      no_arguments },
	{ "confirm",    true,  call_confirm,    no_arguments },
	{ "rollback",   true,  call_rollback,   no_arguments },
	{ "shadow-promote", true, call_promote, terms_arguments },
	{ "allow",      true,  call_allow,      allow_arguments },
	{ "allow-del",  true,  call_allow_del,  allow_del_arguments },
	{ "allow-list", false, call_allow_list, no_arguments },
	/* clang-format on */
};

static const struct command *
find_command(struct call *call)
{
	char known[512] = "";

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (strcmp(table[i].name, call->request->command) == 0)
			return &table[i];
		strcat(known, i ? ", " : "");
		strcat(known, table[i].name);
	}
	call_fail(call, ANSWER_USAGE, "unknown command \"%.40s\"; accepted: %s",
	    call->request->command, known);
	return NULL;
}

static bool
arguments_are_known(struct call *call, const struct command *command)
{
	for (size_t i = 0; i < call->request->argument_count; i++) {
		const char *name = call->request->argument[i].name;
		const char *const *known = command->arguments;
		while (*known && strcmp(*known, name) != 0)
			known++;
		if (*known)
			continue;
		call_fail(call, ANSWER_USAGE, "%s: unknown argument \"%.40s\"",
		    command->name, name);
		return false;
	}
	return true;
}

/* The command is known, and may be run with what is asked. */
static bool
admit(struct call *call)
{
	const struct command *command = find_command(call);

	if (!command || !arguments_are_known(call, command))
		return false;
	if (command->changes && !call->exchange->may_change) {
		call_fail(call, ANSWER_NOT_PERMITTED,
		    "%s is for root and the user of the daemon; uid %u may "
		    "only look",
		    command->name, call->exchange->uid);
		return false;
	}
	call->progress->command = command;
	return true;
}

/* The object that ends an answer. */
static void
put_end(const struct call *call)
{
	const struct progress *progress = call->progress;
	struct json *json = call->out;

	json_open_object(json, NULL);
	switch (progress->id) {
	case ID_NONE:
		json_null(json, "id");
		break;
	case ID_NUMBER:
		json_unsigned(json, "id", progress->id_number);
		break;
	case ID_TEXT:
		json_string(json, "id", progress->id_text);
		break;
	}
	json_bool(json, "ok", call->answer == ANSWER_OK);
	json_unsigned(json, "exit", (uint64_t)call->answer);
	if (call->answer != ANSWER_OK)
		json_string(
		    json, "error", call->error ? call->error : "out of memory");
	json_close_object(json);
	json_newline(json);
}

static enum exchange_step
answer_first(struct call *call)
{
	struct progress *progress = call->progress;
	char error[REQUEST_ERROR_SIZE];
	enum exchange_step step = EXCHANGE_DONE;
	struct request request;

	if (!request_parse(call->exchange->line, call->exchange->length,
		&request, error)) {
		call_fail(call, ANSWER_USAGE, "%s", error);
		return EXCHANGE_CLOSE;
	}
	call->request = &request;
	progress->id = request.id;
	progress->id_number = request.id_number;
	memcpy(progress->id_text, request.id_text, sizeof(request.id_text));
	if (admit(call))
		step = progress->command->run(call);
	request_free(&request);
	return step;
}

enum exchange_step
commands_answer(void *context, struct exchange *exchange)
{
	bool first = !exchange->progress;
	enum exchange_step step;

	if (first)
		exchange->progress = calloc(1, sizeof(struct progress));
	if (!exchange->progress)
		return EXCHANGE_CLOSE;
	struct call call = {
		.commands = context,
		.exchange = exchange,
		.progress = exchange->progress,
		.out = exchange->out,
	};
	if (first)
		step = answer_first(&call);
	else
		step = call.progress->command->run(&call);
	if (step == EXCHANGE_DONE || step == EXCHANGE_CLOSE)
		put_end(&call);
	free(call.error);
	return step;
}

void
commands_free(struct commands *commands)
{
	free(commands->last_reload.error);
}
