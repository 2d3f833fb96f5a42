/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a flow may be idle.  Inside lib; any thread with a read side.
 */
#ifndef EPHEMERALD_TIMEOUT_H
#define EPHEMERALD_TIMEOUT_H

#include "pressure.h"
#include "state.h"
#include "table.h"

/* What decides it, beside the flow. */
struct timing {
	const struct timeouts *timeouts;
	const struct policy *policy; /* NULL: no rule has its own */
	struct haste haste;
	uint32_t tick; /* now */
};

/* Ticks without a refreshing packet after which the flow, whose state is that
 * of the word, has ended. */
uint32_t timeout_of(
    const struct timing *timing, const struct flow *flow, uint64_t word);
bool timeout_over(
    const struct timing *timing, const struct flow *flow, uint64_t word);

#endif
