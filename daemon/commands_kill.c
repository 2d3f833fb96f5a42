/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command `kill`: ends the connections that meet the conditions, each a
 * row.  With `reset` the row has the sequence numbers that a reset needs, and
 * the kernel lets such resets out: who asked sends them, for it takes a raw
 * socket, which the daemon has no privilege for.
 *
 * A connection is ended before its numbers are told, so they stay what they
 * are: none of its packets passes any more.
 */
#include "call.h"

#include "clock.h"
#include "describe.h"
#include "log.h"
#include "rows.h"

#define STEPS_MAX 4096

static void
put_numbers(struct json *json, const uint32_t next[2])
{
	json_open_array(json, NULL);
	json_unsigned(json, NULL, next[0]);
	json_unsigned(json, NULL, next[1]);
	json_close_array(json);
}

static void
put_killed(struct call *call, const struct flow_view *flow,
    const struct flow_numbers *numbers)
{
	const struct commands *commands = call->commands;

	json_open_object(call->out, NULL);
	row_flow_members(call->out, flow, commands->interfaces,
	    filter_policy(commands->filter));
	if (numbers) {
		json_open_array(call->out, "next");
		put_numbers(call->out, numbers->next[OPENER]);
		put_numbers(call->out, numbers->next[RESPONDER]);
		json_close_array(call->out);
	} else {
		json_null(call->out, "next");
	}
	json_close_object(call->out);
	json_newline(call->out);
}

static void
end_flow(struct call *call, const struct flow_view *flow, uint64_t now_ms)
{
	const struct commands *commands = call->commands;
	struct flow_numbers numbers;
	bool known;

	if (!filter_kill(commands->filter, call->progress->kill.cursor, flow,
		now_ms, &numbers, &known))
		return;
	bool reset = call->progress->kill.reset && known;
	if (reset && commands->hook &&
	    !hook_expect_resets(commands->hook, &flow->tuple))
		reset = false;
	call->progress->kill.count++;
	put_killed(call, flow, reset ? &numbers : NULL);
}

static enum exchange_step
conclude(struct call *call)
{
	uint64_t count = call->progress->kill.count;

	if (count == 0)
		return call_fail(call, ANSWER_NO_OBJECT,
		    "no connection meets the conditions");
	log_info("kill asked for by uid %u, pid %d: %llu connection%s ended%s",
	    call->exchange->uid, call->exchange->pid, (unsigned long long)count,
	    count == 1 ? "" : "s",
	    call->progress->kill.reset ? " and to be reset" : "");
	return EXCHANGE_DONE;
}

enum exchange_step
call_kill(struct call *call)
{
	struct flow_filter *filter = &call->progress->kill.filter;
	uint64_t now_ms = clock_ms();
	struct flow_view flow;

	if (call->request) {
		bool all = request_argument(call->request, "all");
		call->progress->kill.reset =
		    request_argument(call->request, "reset");
		if (!call_read_filter(call, filter))
			return EXCHANGE_DONE;
		if (all != flow_filter_is_empty(filter))
			return call_fail(call, ANSWER_USAGE,
			    "kill takes a condition, or --all to end every "
			    "connection");
	}
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		if (call->out->used >= EXCHANGE_CHUNK)
			return EXCHANGE_MORE;
		if (!filter_next_flow(call->commands->filter,
			&call->progress->kill.cursor, now_ms, &flow))
			return conclude(call);
		if (flow_filter_match(filter, &flow))
			end_flow(call, &flow, now_ms);
	}
	return EXCHANGE_MORE;
}
