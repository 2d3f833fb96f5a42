/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command `watch`: an answer without end, a row for each thing that happens
 * to a connection or a packet that meets the conditions.  The first row says
 * from when on nothing is left out without being told.
 */
#include "call.h"

#include <stdio.h>

#include "clock.h"
#include "describe.h"
#include "rows.h"

/* What is in the way of an answer of bounded parts is looked through, not kept
 * back: no more of it in a part than this. */
#define ITEMS_MAX 4096

static void
open_row(struct call *call, const char *event, uint64_t time_ms)
{
	json_open_object(call->out, NULL);
	json_string(call->out, "event", event);
	row_time(call->out, "time", time_ms + (uint64_t)clock_wall_offset_ms());
}

static void
close_row(struct call *call)
{
	json_close_object(call->out);
	json_newline(call->out);
}

static const char *
event_name(const struct watch_item *item)
{
	switch (item->kind) {
	case WATCH_FLOW:
		return flow_change_name(item->event.change);
	case WATCH_DROP:
		return "drop";
	case WATCH_MISSED:
		break;
	}
	return "missed";
}

static void
put_item(struct call *call, const struct watch_item *item)
{
	const struct policy *policy = filter_policy(call->commands->filter);
	const struct flow_event *event = &item->event;
	bool drop = item->kind == WATCH_DROP;
	bool end = item->kind == WATCH_FLOW && event->change == FLOW_END;
	bool known = event->flow.tuple.family != 0;

	open_row(call, event_name(item), event->time_ms);
	if (item->kind == WATCH_MISSED) {
		json_unsigned(call->out, "count", item->missed);
		close_row(call);
		return;
	}
	json_string(call->out, "cause", end ? flow_end_name(event->end) : NULL);
	json_string(call->out, "reason", drop ? reason_name(item->why) : NULL);
	json_string(
	    call->out, "reason_text", drop ? reason_text(item->why) : NULL);
	row_flow_members(call->out, known ? &event->flow : NULL,
	    call->commands->interfaces, policy);
	close_row(call);
}

static bool
is_wanted(const struct call *call, const struct watch_item *item)
{
	const struct flow_filter *filter = &call->progress->watch.filter;

	return item->kind == WATCH_MISSED ||
	       flow_filter_match(filter, &item->event.flow);
}

enum exchange_step
call_watch(struct call *call)
{
	struct watch *watch = call->commands->watch;
	uint64_t *cursor = &call->progress->watch.cursor;
	uint64_t now_ms = clock_ms();
	const struct watch_item *item;

	if (call->request) {
		if (!call_read_filter(call, &call->progress->watch.filter))
			return EXCHANGE_DONE;
		*cursor = watch_begin(watch, now_ms);
		filter_watch(call->commands->filter, true);
		open_row(call, "watching", now_ms);
		close_row(call);
	}
	for (unsigned i = 0; i < ITEMS_MAX; i++) {
		if (call->out->used >= EXCHANGE_CHUNK)
			return EXCHANGE_MORE;
		item = watch_next(watch, cursor, now_ms);
		if (!item)
			return EXCHANGE_WAIT;
		if (is_wanted(call, item))
			put_item(call, item);
	}
	return EXCHANGE_MORE;
}
