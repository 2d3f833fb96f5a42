/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule's limits let in, and what a flow holds of them while it lives.
 * Beside the identity of its rule each flow notes which meters count it.
 * Inside lib; worker indices and read sides are those of table.h.
 */
#ifndef EPHEMERALD_HOLDING_H
#define EPHEMERALD_HOLDING_H

#include "meter.h"
#include "reason.h"
#include "rules.h"
#include "table.h"

/* Of flow.rule: identity, and what it holds. */
#define HOLDS_RULE   (UINT32_C(1) << 31)
#define HOLDS_SOURCE (UINT32_C(1) << 30)
#define HOLDS_PROOF  (UINT32_C(1) << 29) /* and its source is no forger's */
static inline uint32_t
holding_identity(uint32_t held)
{
	return held & ~(HOLDS_RULE | HOLDS_SOURCE | HOLDS_PROOF);
}

/* Who asks to be let in. */
struct applicant {
	const struct rule *rule; /* allows, with limits.any */
	struct address source;
	bool opens;        /* a flow; else a packet passes and is forgotten */
	uint32_t replaces; /* what the flow holds whose place it takes */
	struct address replaces_source;
};

/* Take what the rule's limits ask for, all or nothing.  Returns UNDECIDED, and
 * *held for flow.rule; or the reason to refuse.  trial: only ask. */
enum reason holding_take(struct meters *meters, unsigned worker,
    const struct applicant *applicant, uint64_t now_us, bool trial,
    uint32_t *held);
/* Is it a reason of holding_take()? */
static inline bool
holding_refused(enum reason why)
{
	return why >= LIMIT && why <= SOURCES_FULL_REJECT;
}
/* The config key of the limit that this reason is about; NULL: none. */
const char *holding_key(enum reason why, const struct rule *rule);
/* The flow has not come about. */
void holding_undo(struct meters *meters, const struct applicant *applicant);
/* What a flow of the rule holds as a rule. */
uint32_t holding_of(const struct rule *rule);
/* For a flow that is there: counted, whatever the limits. */
uint32_t holding_force(struct meters *meters, unsigned worker,
    const struct rule *rule, struct address source, uint64_t now_us);
/* For the trace of a fragmented datagram.  False: too many of that source. */
bool holding_take_fragment(struct meters *meters, unsigned worker,
    struct address source, uint32_t cap, uint64_t now_us, uint32_t *held);
/* The flow has completed its handshake: note it, if its source is counted. */
void holding_prove(
    struct meters *meters, struct flow *flow, struct address source);
/* Its handshake begins anew.  Returns what it holds still. */
uint32_t holding_unprove(
    struct meters *meters, uint32_t held, struct address source);
/* Has the source completed a handshake of a flow of the rule that lives? */
bool holding_is_proven(const struct meters *meters, const struct rule *rule,
    struct address source);
/* The flow has ended, or moved to another rule. */
void holding_give(struct meters *meters, uint32_t held, struct address source);

#endif
