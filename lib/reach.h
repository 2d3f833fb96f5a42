/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each rule of a table decides: the packets that it matches and that no
 * rule before it takes.  One thread.
 */
#ifndef EPHEMERALD_REACH_H
#define EPHEMERALD_REACH_H

#include "region.h"

/* When rules are at their limits, those that then step aside take nothing away
 * from the ones behind them; else they are as without limits. */
enum reach_load { REACH_AT_LIMITS, REACH_BELOW_LIMITS };

struct reach {
	const struct rules *rules;
	struct region *own;  /* [rule]: all that it matches */
	struct region *left; /* [rule]: what reaches it */
	struct region none;  /* what no rule takes */
	enum reach_load load;
};

/* False: out of memory.  The steps are enough for each rule, or what is left
 * of it is unknown. */
bool reach_create(struct reach *reach, struct space *space,
    const struct rules *rules, enum reach_load load);
void reach_free(struct reach *reach); /* all 0 is fine */

/* At its limits. */
bool reach_steps_aside(const struct rule *rule);
/* What the table's allow rules let by; `stateless_only`: those of them that
 * remember nothing. */
struct region reach_allowed(
    const struct reach *reach, struct space *space, bool stateless_only);

#endif
