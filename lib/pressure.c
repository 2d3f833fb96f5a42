/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two valves.  Adaptive lives, as pf's: from 60 % of the table on all timeouts
 * shrink in a line that would reach 0 at 120 %, so at a full table a third is
 * left.  Half-open flows: a quarter of the table for each origin; from 60 % of
 * that until back under 30 % they live ten seconds (timeout.c).
 *
 * The counts are exact, for who changes a flow's word by CAS changes them
 * (life.c).  The sign is set by whoever looks; two that look at once may differ
 * by what came in between, and the next look mends it.
 */
#include "pressure.h"

uint32_t
pressure_quota(const struct pressure *pressure)
{
	uint32_t quota = pressure->max_flows / 4;

	return quota ? quota : 1;
}

struct haste
pressure_look(const struct pressure *pressure, uint32_t flows)
{
	uint64_t max = pressure->max_flows, n = flows < max ? flows : max;
	uint64_t quota = pressure_quota(pressure);
	struct haste haste = { .scale = SCALE_WHOLE };

	/* (1.2 max - n) / (0.6 max) */
	if (10 * n > 6 * max)
		haste.scale =
		    (uint32_t)((12 * max - 10 * n) * SCALE_WHOLE / (6 * max));
	for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
		const struct half_open *h = &pressure->half_open[i];
		uint64_t count = budget_read(&h->count);
		haste.pressed[i] =
		    10 * count >= (sign_read(&h->pressed) ? 3 : 6) * quota;
	}
	return haste;
}

void
pressure_note(struct pressure *pressure, const struct haste *haste)
{
	for (unsigned i = 0; i < ORIGIN_COUNT; i++)
		sign_set(&pressure->half_open[i].pressed, haste->pressed[i]);
}
