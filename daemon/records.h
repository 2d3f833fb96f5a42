/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the workers tell of packets, sorted: recent drops, what the shadow
 * policy would have decided otherwise, lines for the log, and news for who
 * watches.  Main thread.
 */
#ifndef EPHEMERALD_RECORDS_H
#define EPHEMERALD_RECORDS_H

#include "drops.h"
#include "filter.h"
#include "packet_log.h"
#include "ring.h"
#include "watch.h"

struct records {
	struct watch *watch;
	uint64_t lost; /* records, as far as told */
	struct drops *drops, *disagreements;
	struct packet_log *log;
};

/* False: out of memory; to be freed all the same. */
bool records_create(struct records *records);
void records_free(struct records *records);
/* Empties the ring, but for what comes meanwhile, under one of these two
 * policies (`old` may be NULL), whose texts of rules are copied. */
void records_take(struct records *records, struct ring *ring,
    const struct policy *policy, const struct policy *old,
    const struct interfaces *interfaces);
/* What became of connections, as far as anybody wants to know. */
void records_take_flows(struct records *records, struct filter *filter);
/* `lost`: records that found no room in their rings, since the start.  To be
 * called when the rings are empty, to do what time brings. */
void records_tend(struct records *records, uint64_t lost);

#endif
