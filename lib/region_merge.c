/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same region in fewer cubes.  Two that differ in one side are one: along
 * each side in turn the cubes are sorted by all others, so that those that can
 * be united are neighbours.  Not the least number of cubes there could be, but
 * what a list of rules that differ in their addresses, or in their ports, comes
 * to, in n log n.
 */
#include "region.h"

#include <stdlib.h>

#include "region_space.h"

/* A cube in the order of all sides but one. */
struct sorted {
	struct cube cube;
	enum side but;
};

static int
compare_sorted(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;

	for (enum side s = 0; s < SIDE_COUNT; s++) {
		int order = s == a->but ? 0
					: spans_compare(
					      a->cube.side[s], b->cube.side[s]);
		if (order != 0)
			return order;
	}
	return 0;
}

/* Unite cubes that differ in this side only.  False: not enough memory. */
static bool
merge_along(struct space *space, struct region *region, enum side side)
{
	struct sorted *list = calloc(region->count, sizeof(list[0]));
	size_t kept = 0;

	if (!list)
		return false;
	for (size_t i = 0; i < region->count; i++)
		list[i] = (struct sorted){ region->cube[i], side };
	qsort(list, region->count, sizeof(list[0]), compare_sorted);
	for (size_t i = 0; i < region->count; i++) {
		struct cube *last = &region->cube[kept > 0 ? kept - 1 : 0];
		struct sorted before = { *last, side };
		/* the types of one ICMP are not those of the other */
		bool apart =
		    kept == 0 || (side == SIDE_PROTOCOL &&
				     spans_compare(last->side[SIDE_ICMP],
					 space->all.side[SIDE_ICMP]) != 0);
		struct spans *both =
		    !apart && compare_sorted(&before, &list[i]) == 0
			? spans_unite(last->side[side], list[i].cube.side[side])
			: NULL;
		if (both) {
			cube_set(last, side, both);
			cube_drop(&list[i].cube);
		} else {
			region->cube[kept++] = list[i].cube;
		}
	}
	region->count = kept;
	free(list);
	return true;
}

void
region_merge(struct space *space, struct region *region)
{
	size_t before;

	do {
		before = region->count;
		for (enum side s = 0; s < SIDE_COUNT && region->count > 1; s++)
			if (!region_spend(space, region, region->count) ||
			    !merge_along(space, region, s))
				region->unknown = true;
	} while (region->count < before && !region->unknown);
}
