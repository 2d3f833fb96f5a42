/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no change of policy may cut unasked: the session of whoever asks for
 * it, and the flows of rules with `protect`.  Main thread.
 */
#ifndef EPHEMERALD_GUARD_H
#define EPHEMERALD_GUARD_H

#include "diagnostics.h"
#include "filter.h"

struct guard {
	struct filter *filter; /* with the policy in force */
	const struct interfaces *interfaces;
	/* As in $SSH_CONNECTION: "CLIENT PORT SERVER PORT"; NULL: none. */
	const char *session;
	uint64_t now_ms;
};

/* May the policy come into force?  False: the report names each flow, and the
 * rule that would cut it. */
bool guard_admits(const struct guard *guard, const struct policy *next,
    struct diagnostics *report);

#endif
