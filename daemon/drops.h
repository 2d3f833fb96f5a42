/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recent drops, folded: one row for what has the same direction, protocol,
 * addresses, destination port (ICMP: type and code), reason and rule, and what
 * the shadow policy says.  Bounded:
 * the row whose last packet is the oldest goes.  Main thread.
 */
#ifndef EPHEMERALD_DROPS_H
#define EPHEMERALD_DROPS_H

#include <stdbool.h>
#include <stdint.h>

#include "drop.h"
#include "rules.h"

#define DROPS_MAX 1024

struct drops;

struct drop_row {
	struct drop last; /* the newest of them */
	uint64_t count;
	uint64_t first_ms, last_ms; /* since the epoch */
	const char *rule;           /* "inbound 4", NULL: no rule */
	const char *rule_text; /* as it was when it decided, NULL: unknown */
	const char *shadow_rule, *shadow_rule_text; /* the same of the shadow */
};

struct drops *drops_create(void);        /* NULL: out of memory */
void drops_destroy(struct drops *drops); /* NULL is fine */
/* `policy`: the one of drop->generation, whose texts are copied, or NULL if
 * that is gone.  wall_offset_ms: from the clock of drop->time_ms to the
 * epoch's.  Without memory for a text the row goes without it. */
void drops_add(struct drops *drops, const struct drop *drop,
    const struct policy *policy, int64_t wall_offset_ms);

/* Walk from the oldest to the newest, with drops_add() in between allowed:
 * sees every row that stays all the while, and none twice. */
struct drops_cursor {
	uint64_t after;
	uint64_t seen[DROPS_MAX / 64];
};
/* Before the newest `limit` rows. */
struct drops_cursor drops_begin(const struct drops *drops, uint64_t limit);
/* NULL: the end.  Valid until the next drops_add(). */
const struct drop_row *drops_next(
    const struct drops *drops, struct drops_cursor *cursor);

#endif
