/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command `states`: how many flows there are in each state.  Counted in
 * bounded steps, so that a large table holds up nobody; what opens or ends
 * meanwhile may be missed.  Main thread.
 */
#include "call.h"

#include <string.h>

#include "clock.h"

#define STEPS_MAX 4096

static void
count(uint64_t flows[STATE_COUNT], const char *name)
{
	for (enum state state = STATE_DEAD + 1; state < STATE_COUNT; state++)
		if (strcmp(state_name(state), name) == 0)
			flows[state]++;
}

enum exchange_step
call_states(struct call *call)
{
	uint64_t *flows = call->progress->states.flows;
	uint64_t now_ms = clock_ms();
	struct flow_view flow;

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		if (filter_next_flow(call->commands->filter,
			&call->progress->states.cursor, now_ms, &flow)) {
			count(flows, flow.state);
			continue;
		}
		for (enum state s = STATE_DEAD + 1; s < STATE_COUNT; s++) {
			json_open_object(call->out, NULL);
			json_string(call->out, "state", state_name(s));
			json_unsigned(call->out, "flows", flows[s]);
			json_close_object(call->out);
			json_newline(call->out);
		}
		return EXCHANGE_DONE;
	}
	return EXCHANGE_MORE;
}
