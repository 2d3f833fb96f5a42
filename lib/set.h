/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of addresses and prefixes, of both families, that changes while it is
 * asked.  An IPv4 address is in IPv4 prefixes only, an IPv6 address in IPv6
 * ones only.
 *
 * One writer thread; any number of readers, who wait for nothing.  What the
 * writer removes it keeps until set_reclaim(), for a reader may still look at
 * it.  A member may have an end: a time of the writer's clock, at which the
 * writer removes it; readers know no time.
 */
#ifndef EPHEMERALD_SET_H
#define EPHEMERALD_SET_H

#include "address.h"

struct set;

#define SET_FOREVER UINT64_MAX /* end_ms of a member that stays */

struct set_member {
	struct prefix prefix;
	uint64_t end_ms;
};

enum set_change {
	SET_ADDED,
	SET_UPDATED, /* it was there: end_ms is what is new */
	SET_FULL,    /* `max` members, and none of them has an end */
	SET_NO_MEMORY,
};

/* NULL: out of memory.  The key is secret, so that nobody outside can choose
 * members that collide. */
struct set *set_create(const uint8_t key[16]);
void set_destroy(struct set *set); /* no readers are left; NULL is fine */

/* Is the address in any member?  Any reader. */
bool set_has(const struct set *set, struct address address);
/* Any reader. */
bool set_is_empty(const struct set *set);

/* The rest is the writer's. */

/* Makes room in a set of max members or more by removing those nearest their
 * end. */
enum set_change set_add(struct set *set, const struct prefix *prefix,
    uint64_t end_ms, uint32_t max);
/* This very member; false: it is none. */
bool set_remove(struct set *set, const struct prefix *prefix);
/* Remove those whose end has come.  Returns how many. */
size_t set_expire(struct set *set, uint64_t now_ms);
/* This very member. */
bool set_get(const struct set *set, const struct prefix *prefix,
    struct set_member *member);
/* The longest member that holds the address. */
bool set_match(
    const struct set *set, struct address address, struct set_member *member);
/* Walk: *cursor starts at 0; false: the end.  Sees every member that stays all
 * the while once. */
bool set_next(
    const struct set *set, uint32_t *cursor, struct set_member *member);
uint32_t set_count(const struct set *set);

/* Blocks of memory, and members, that wait for set_reclaim(). */
size_t set_retired(const struct set *set);
/* Every reader has been without a look at the set since the last change. */
void set_reclaim(struct set *set);

#endif
