/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to connections and packets, for clients that watch it as it
 * happens: the last of it, in one store for all of them.  A client has a cursor
 * and no more; who falls behind is told how much went by.  Main thread.
 */
#ifndef EPHEMERALD_WATCH_H
#define EPHEMERALD_WATCH_H

#include "drop.h"
#include "flow_event.h"

#define WATCH_KEPT 8192

enum watch_kind { WATCH_FLOW, WATCH_DROP, WATCH_MISSED };

struct watch_item {
	enum watch_kind kind;
	enum reason why;         /* WATCH_DROP */
	uint64_t missed;         /* WATCH_MISSED: so many that were not told */
	struct flow_event event; /* of a drop, as far as a packet is a flow */
};

struct watch;

struct watch *watch_create(void); /* NULL: out of memory */
void watch_destroy(struct watch *watch);
/* Has anybody asked for news of late?  If not, none need be brought. */
bool watch_is_on(const struct watch *watch, uint64_t now_ms);

void watch_add_flow(struct watch *watch, const struct flow_event *event);
void watch_add_drop(struct watch *watch, const struct drop *drop);
void watch_add_missed(struct watch *watch, uint64_t count, uint64_t now_ms);

/* What comes from now on.  Turns it on. */
uint64_t watch_begin(struct watch *watch, uint64_t now_ms);
/* The next one, and *cursor behind it; NULL: nothing yet.  What went by is an
 * item of its own.  Valid until the next call. */
const struct watch_item *watch_next(
    struct watch *watch, uint64_t *cursor, uint64_t now_ms);

#endif
