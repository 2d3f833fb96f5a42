/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set by its name, as one policy has it: members that the config fixes, and
 * what live ones get that say nothing else.  The live ones belong to the
 * filter, which keeps them over policies by the name.  The set "banned" is in
 * every policy.
 */
#ifndef EPHEMERALD_NAMED_SET_H
#define EPHEMERALD_NAMED_SET_H

#include "set.h"

struct named_set {
	char *name;
	struct address_range *fixed; /* sorted, IPv4 first, no two overlap */
	size_t fixed_count;
	char *members_file; /* that has the fixed ones, as it is written; NULL:
			       the config has them */
	uint32_t time_s;    /* life of a live member; 0: for ever */
	uint32_t max;       /* live members */
	bool revalidates;   /* rules of inbound, outbound or forward ask it */
	struct set *live;   /* of filter_publish(); NULL: there are none */
	const char *file;   /* where it is written; NULL: nowhere */
	unsigned line;
};

#define SET_BANNED       "banned"
#define SET_MAX_STANDARD 1000000
#define SET_NAME_MAX     32        /* bytes */
#define SET_TIME_MAX     315360000 /* seconds: ten years */

/* Is the address in a member of it, fixed or live?  Packet path. */
bool named_set_has(const struct named_set *set, struct address address);
bool named_set_is_empty(const struct named_set *set);
/* When a live member ends that is added now and says nothing else. */
uint64_t named_set_end(const struct named_set *set, uint64_t now_ms);
/* What it has of its own. */
void named_set_free(struct named_set *set);

#endif
