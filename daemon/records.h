/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the workers tell of packets, sorted: recent drops, what the shadow
 * policy would have decided otherwise, and lines for the log.  Main thread.
 */
#ifndef EPHEMERALD_RECORDS_H
#define EPHEMERALD_RECORDS_H

#include "drops.h"
#include "packet_log.h"

struct records {
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
/* The lines whose time has come. */
void records_tend(struct records *records);

#endif
