/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a space holds; for region*.c alone.
 */
#ifndef EPHEMERALD_REGION_SPACE_H
#define EPHEMERALD_REGION_SPACE_H

#include "atoms.h"
#include "region.h"

struct space {
	struct atoms *atoms; /* interfaces */
	struct cube all;     /* every value of every side */
	uint64_t steps;      /* left */
	bool asks_flags;     /* some rule does */
};

void cube_drop(struct cube *cube);
/* Takes the reference; the old one is dropped. */
void cube_set(struct cube *cube, enum side side, struct spans *values);
/* False: there are not that many left, and the region is unknown. */
bool region_spend(struct space *space, struct region *region, uint64_t steps);
/* Takes the cube. */
struct region region_of_cube(struct space *space, struct cube cube);

/* IPv4 is a block within the numbers of IPv6, which lie on both sides. */
extern const struct address_range block_v4, block_below_v4, block_above_v4;

/* What of the range lies in the block; low > high: nothing. */
struct address_range range_clip(
    struct address_range range, struct address_range block);
static inline bool
range_is_empty(struct address_range range)
{
	return address_compare(range.low, range.high) > 0;
}

/* Is there an address of the family? */
bool space_has_family(const struct spans *addresses, enum family family);

#endif
