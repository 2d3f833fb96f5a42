/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permits: which flows' packets may pass without a look of ours, where someone
 * else (the kernel, struct fast_path of filter.h) knows how to tell them.  A
 * permit holds for an epoch, so one step to the next takes all of them back.
 * Inside lib.
 */
#ifndef EPHEMERALD_PERMIT_H
#define EPHEMERALD_PERMIT_H

#include "conntrack.h"
#include "regime.h"

/* A worker's, of one batch. */
struct permits {
	uint32_t epoch; /* as it was before anything else was read; 0: none */
	unsigned count;
	struct permit {
		struct flow *flow;
		uint32_t value;
	} permit[64];
};

/* May packets of flows of this rule pass unseen? */
bool permit_by_rule(const struct rule *rule);
/* Is what the stateless tables say the same for all packets of a flow? */
bool permit_by_acl(const struct policy *policy);

/* A packet of the flow there was accepted: have it permitted at the end of the
 * batch, if it is of the kind, or remember that it is not. */
void permit_ask(struct permits *permits, const struct regime *regime,
    const struct interfaces *interfaces, const struct lookup *lookup);
/* The verdicts of the batch are out.  Before the quiescent state. */
void permit_give(struct permits *permits);

#endif
