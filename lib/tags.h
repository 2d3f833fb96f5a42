/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table from tags, 32 bits of a hash, to numbers, several of which may
 * have one tag: what set_index.c looks members up in.  One writer, any number
 * of readers; what the writer replaces waits in its struct waste until no
 * reader looks at it any more.
 */
#ifndef EPHEMERALD_TAGS_H
#define EPHEMERALD_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct directory;
struct bucket;

/* All 0: empty. */
struct tags {
	_Atomic(struct directory *) directory;
};

struct waste {
	struct block *first;
	size_t count; /* blocks */
};

#define TAGS_NONE UINT32_MAX /* no number */

/* Any reader: the numbers of a tag, one after the other.  tags_search() has the
 * memory fetched that the first tags_next() looks at. */
struct tags_search {
	struct bucket *bucket; /* NULL: empty */
	uint32_t tag, steps;
};
struct tags_search tags_search(const struct tags *tags, uint32_t tag);
/* TAGS_NONE: no more. */
uint32_t tags_next(struct tags_search *search);

/* Writer.  False: out of memory. */
bool tags_add(
    struct tags *tags, uint32_t tag, uint32_t number, struct waste *waste);
/* It is there. */
void tags_remove(
    struct tags *tags, uint32_t tag, uint32_t number, struct waste *waste);
bool tags_empty(const struct tags *tags);
void tags_clear(struct tags *tags, struct waste *waste);

void waste_free(struct waste *waste);

#endif
