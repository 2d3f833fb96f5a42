/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands about named sets: live members come and go, and who is banned.  The
 * connections that a change concerns follow in the filter_tend() of the same
 * turn.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"

static enum exchange_step
fail_missing(struct call *call, const char *name, const char *accepted)
{
	return call_fail(
	    call, ANSWER_USAGE, "no \"%s\"; accepted: %s", name, accepted);
}

bool
call_read_duration(const char *text, uint64_t *ms)
{
	static const struct {
		const char *suffix;
		uint64_t seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 } };
	size_t digits = strspn(text, "0123456789");

	if (strcmp(text, "-1") == 0) {
		*ms = SET_FOREVER;
		return true;
	}
	if (digits == 0 || digits > 9)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].suffix) != 0)
			continue;
		uint64_t seconds = strtoul(text, NULL, 10) * units[i].seconds;
		*ms = seconds * 1000;
		return seconds >= 1 && seconds <= SET_TIME_MAX;
	}
	return false;
}

/* What the request names: the set, or `name` if that is given. */
struct wanted {
	const char *name;
	const struct named_set *set;
	struct prefix member;
	char text[2 * ADDRESS_TEXT_SIZE]; /* of the member */
	uint64_t now_ms, end_ms;
};

/* False: the answer is an error. */
static bool
read_wanted(struct call *call, const char *name, struct wanted *w)
{
	const struct policy *policy = filter_policy(call->commands->filter);
	const char *member = request_argument(call->request, "member");
	const char *duration = request_argument(call->request, "for");
	uint64_t ms;

	w->name = name ? name : request_argument(call->request, "set");
	if (!w->name || !member) {
		fail_missing(call, w->name ? "member" : "set",
		    "the name of a set, and an address or prefix");
		return false;
	}
	w->set = policy_find_set(policy, w->name);
	if (!w->set) {
		call_fail(call, ANSWER_NO_OBJECT,
		    "no set \"%.40s\"; `set list` shows which there are",
		    w->name);
		return false;
	}
	if (!prefix_parse(member, &w->member)) {
		call_fail(call, ANSWER_USAGE,
		    "member \"%.50s\"; accepted: an address or prefix, as "
		    "192.0.2.1, 192.0.2.0/24, 2001:db8::/32",
		    member);
		return false;
	}
	struct address_range range = prefix_range(&w->member);
	address_range_print(&range, w->text, sizeof(w->text));
	w->now_ms = clock_ms();
	w->end_ms = named_set_end(w->set, w->now_ms);
	if (!duration)
		return true;
	if (!call_read_duration(duration, &ms)) {
		call_fail(call, ANSWER_USAGE,
		    "for \"%.20s\"; accepted: 1 to %d seconds, also as 90s, "
		    "15m, 2h, 5d, or -1 for ever",
		    duration, SET_TIME_MAX);
		return false;
	}
	w->end_ms = ms == SET_FOREVER ? SET_FOREVER : w->now_ms + ms;
	return true;
}

static void
put_end(struct json *json, uint64_t end_ms, uint64_t now_ms)
{
	if (end_ms == SET_FOREVER)
		json_null(json, "expires_seconds");
	else
		json_real(json, "expires_seconds",
		    end_ms > now_ms ? (double)(end_ms - now_ms) / 1000 : 0);
}

static void
put_member(struct call *call, const char *name, const struct set_view *view,
    uint64_t now_ms)
{
	char text[2 * ADDRESS_TEXT_SIZE];

	address_range_print(&view->range, text, sizeof(text));
	json_open_object(call->out, NULL);
	json_string(call->out, "set", name);
	json_string(call->out, "member", text);
	json_bool(call->out, "fixed", view->fixed);
	put_end(call->out, view->end_ms, now_ms);
	json_close_object(call->out);
	json_newline(call->out);
}

static enum exchange_step
fail_set(struct call *call, const struct wanted *w, enum set_answer answer)
{
	switch (answer) {
	case SET_NO_MEMBER:
		return call_fail(call, ANSWER_NO_OBJECT,
		    "%s is no member of \"%s\"", w->text, w->name);
	case SET_FIXED_MEMBER:
		return call_fail(call, ANSWER_FAILED,
		    "%s is a fixed member of \"%s\": change it in the config, "
		    "%s:%u",
		    w->text, w->name, w->set->file, w->set->line);
	case SET_NO_ROOM:
		return call_fail(call, ANSWER_FAILED,
		    "\"%s\" is full: it has %u live members (max), all of "
		    "them for ever",
		    w->name, w->set->max);
	case SET_NO_SET:
	case SET_OUT_OF_MEMORY:
	case SET_DONE:
		break;
	}
	return call_fail(call, ANSWER_FAILED, "out of memory");
}

/* A change is logged with who asked for it. */
static void
log_change(const struct call *call, const char *what, const struct wanted *w)
{
	log_info("%s %s%s%s asked for by uid %u, pid %d: done", what,
	    strcmp(what, "ban") ? w->name : "", strcmp(what, "ban") ? " " : "",
	    w->text, call->exchange->uid, call->exchange->pid);
}

static enum exchange_step
put_in(struct call *call, const char *name, const char *what)
{
	struct filter *filter = call->commands->filter;
	struct wanted w;

	if (!read_wanted(call, name, &w))
		return EXCHANGE_DONE;
	enum set_answer answer =
	    strcmp(w.name, SET_BANNED) == 0
		? filter_ban(filter, &w.member, w.end_ms)
		: filter_set_add(filter, w.name, &w.member, w.end_ms);
	if (answer != SET_DONE)
		return fail_set(call, &w, answer);
	log_change(call, what, &w);
	struct set_view view = {
		.range = prefix_range(&w.member),
		.end_ms = w.end_ms,
	};
	put_member(call, w.name, &view, w.now_ms);
	return EXCHANGE_DONE;
}

enum exchange_step
call_set_add(struct call *call)
{
	return put_in(call, NULL, "set add");
}

enum exchange_step
call_ban(struct call *call)
{
	return put_in(call, SET_BANNED, "ban");
}

enum exchange_step
call_set_del(struct call *call)
{
	struct wanted w;

	if (!read_wanted(call, NULL, &w))
		return EXCHANGE_DONE;
	enum set_answer answer =
	    filter_set_remove(call->commands->filter, w.name, &w.member);
	if (answer != SET_DONE)
		return fail_set(call, &w, answer);
	log_change(call, "set del", &w);
	json_open_object(call->out, NULL);
	json_string(call->out, "set", w.name);
	json_string(call->out, "member", w.text);
	json_close_object(call->out);
	json_newline(call->out);
	return EXCHANGE_DONE;
}

enum exchange_step
call_set_test(struct call *call)
{
	struct set_view view;
	struct wanted w;

	if (!read_wanted(call, NULL, &w))
		return EXCHANGE_DONE;
	if (w.member.bits != 128)
		return call_fail(call, ANSWER_USAGE,
		    "member \"%s\"; accepted: an address", w.text);
	enum set_answer answer = filter_set_test(
	    call->commands->filter, w.name, w.member.address, &view);
	if (answer != SET_DONE)
		return call_fail(call, ANSWER_NO_OBJECT,
		    "%s is in no member of \"%s\"", w.text, w.name);
	put_member(call, w.name, &view, w.now_ms);
	return EXCHANGE_DONE;
}

static void
put_set(struct json *json, const struct named_set *set)
{
	json_open_object(json, NULL);
	json_string(json, "set", set->name);
	json_unsigned(json, "fixed", set->fixed_count);
	json_unsigned(json, "live", set_count(set->live));
	json_unsigned(json, "max", set->max);
	if (set->time_s)
		json_unsigned(json, "time_seconds", set->time_s);
	else
		json_null(json, "time_seconds");
	json_string(json, "file", set->file);
	if (set->file)
		json_unsigned(json, "line", set->line);
	else
		json_null(json, "line");
	json_close_object(json);
	json_newline(json);
}

static enum exchange_step
list_members(struct call *call, const struct named_set *set, uint64_t *cursor)
{
	uint64_t now_ms = clock_ms();
	struct set_view view;

	while (call->out->used < EXCHANGE_CHUNK) {
		if (!filter_set_next(set, cursor, &view))
			return EXCHANGE_DONE;
		put_member(call, set->name, &view, now_ms);
	}
	return EXCHANGE_MORE;
}

/* All sets, or the members of one. */
enum exchange_step
call_set_list(struct call *call)
{
	const struct policy *policy = filter_policy(call->commands->filter);
	char *name = call->progress->sets.name;
	uint64_t *cursor = &call->progress->sets.cursor;

	if (call->request) {
		const char *text = request_argument(call->request, "set");
		if (text && !policy_find_set(policy, text))
			return call_fail(call, ANSWER_NO_OBJECT,
			    "no set \"%.40s\"; `set list` shows which there "
			    "are",
			    text);
		if (text)
			strcpy(name, text);
		call->progress->sets.generation = policy->generation;
	}
	if (call->progress->sets.generation != policy->generation)
		return call_fail(call, ANSWER_FAILED,
		    "the sets were replaced while they were listed; ask again");
	if (*name)
		return list_members(
		    call, policy_find_set(policy, name), cursor);
	for (; *cursor < policy->set_count; ++*cursor) {
		if (call->out->used >= EXCHANGE_CHUNK)
			return EXCHANGE_MORE;
		put_set(call->out, &policy->sets[*cursor]);
	}
	return EXCHANGE_DONE;
}
