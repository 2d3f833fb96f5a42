/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of a set by prefix, each with a number: what set.c builds on.
 * Numbers begin at 0, and those of removed members are given again.  Writer
 * and readers as in set.h; this part alone is shared between them.
 */
#ifndef EPHEMERALD_SET_INDEX_H
#define EPHEMERALD_SET_INDEX_H

#include "address.h"

struct set_index;

#define SET_INDEX_NONE UINT32_MAX

/* What the writer notes of a member, all 0 at first. */
struct set_note {
	uint64_t end_ms;
	uint32_t place;
	bool live;
};

/* NULL: out of memory. */
struct set_index *set_index_create(const uint8_t key[16]);
void set_index_destroy(struct set_index *index);

/* The longest member that holds the address, or SET_INDEX_NONE.  Any reader. */
uint32_t set_index_match(const struct set_index *index, struct address address);

/* Has it no member?  Any reader. */
bool set_index_is_empty(const struct set_index *index);

/* This very member, or SET_INDEX_NONE.  The rest is the writer's. */
uint32_t set_index_find(
    const struct set_index *index, const struct prefix *prefix);
struct prefix set_index_prefix(const struct set_index *index, uint32_t number);
struct set_note *set_index_note(const struct set_index *index, uint32_t number);
/* All numbers ever given are below it. */
uint32_t set_index_end(const struct set_index *index);
/* The number of a member that is none so far; SET_INDEX_NONE: out of memory. */
uint32_t set_index_add(struct set_index *index, const struct prefix *prefix);
void set_index_remove(struct set_index *index, uint32_t number);

/* As in set.h. */
size_t set_index_retired(const struct set_index *index);
void set_index_reclaim(struct set_index *index);

#endif
