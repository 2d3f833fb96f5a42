/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixed members are searched in their order, for they are few and may be any
 * ranges; live ones are a struct set, which changes under its readers.
 */
#include "named_set.h"

#include <stdlib.h>

bool
named_set_has(const struct named_set *set, struct address address)
{
	return (set->live && set_has(set->live, address)) ||
	       address_in_ranges(address, set->fixed, set->fixed_count);
}

bool
named_set_is_empty(const struct named_set *set)
{
	return set->fixed_count == 0 && (!set->live || set_is_empty(set->live));
}

uint64_t
named_set_end(const struct named_set *set, uint64_t now_ms)
{
	return set->time_s ? now_ms + set->time_s * UINT64_C(1000)
			   : SET_FOREVER;
}

void
named_set_free(struct named_set *set)
{
	free(set->name);
	free(set->fixed);
	free(set->members_file);
}
