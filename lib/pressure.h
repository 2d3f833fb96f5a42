/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How full the flow table is and what follows: how many flows may be half-open,
 * and how much shorter flows live.  Shared by all workers.  Inside lib.
 */
#ifndef EPHEMERALD_PRESSURE_H
#define EPHEMERALD_PRESSURE_H

#include "counter.h"
#include "packet.h"

/* A flood from outside must not stop what this host opens itself. */
enum origin { FROM_OUTSIDE, FROM_INSIDE, ORIGIN_COUNT };

static inline enum origin
pressure_origin(enum direction direction)
{
	return direction == OUTBOUND ? FROM_INSIDE : FROM_OUTSIDE;
}

struct half_open {
	struct budget count; /* TCP flows that are not complete */
	struct sign pressed; /* over 60 % of the quota, and not yet under 30 */
};

struct pressure {
	struct half_open half_open[ORIGIN_COUNT];
	uint32_t max_flows;
};

/* The pressure during one batch. */
struct haste {
	uint32_t scale; /* of lives, in 65536th */
	bool pressed[ORIGIN_COUNT];
};
#define SCALE_WHOLE 65536

/* Half-open flows there may be of one origin. */
uint32_t pressure_quota(const struct pressure *pressure);
/* What so many flows make of the lives of all.  Any thread. */
struct haste pressure_look(const struct pressure *pressure, uint32_t flows);
/* Remember it for the next look.  Worker. */
void pressure_note(struct pressure *pressure, const struct haste *haste);

#endif
