/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each rule of a table decides: the packets that it matches and that no
 * rule before it takes.  One thread.
 *
 * A set may have any live members, and a rule at its limits may let packets go
 * on to the next one.  So there are two answers: what may come to a rule, and
 * what it decides for certain.
 */
#ifndef EPHEMERALD_REACH_H
#define EPHEMERALD_REACH_H

#include "region.h"

/* AS_WRITTEN: sets have the members of the config, no rule is at its limits,
 * and both answers are the same. */
enum reach_view { REACH_WHATEVER, REACH_AS_WRITTEN };

struct reach {
	const struct rules *rules;
	enum reach_view view;
	/* By rule: */
	struct region *own;  /* what it may match */
	struct region *sure; /* what never goes on to the next rule */
	struct region *left; /* of own: what may come to it */
	struct region *firm; /* what it decides for certain */
	struct region none;  /* what may be left at the end */
};

/* False: out of memory.  The steps are enough for each rule, or what is left
 * of it is unknown. */
bool reach_create(struct reach *reach, struct space *space,
    const struct rules *rules, enum reach_view view);
void reach_free(struct reach *reach); /* all 0 is fine */

/* What the table's allow rules may let by, or if `firm` do; `stateless_only`:
 * those of them that remember nothing. */
struct region reach_allowed(const struct reach *reach, struct space *space,
    bool stateless_only, bool firm);

#endif
