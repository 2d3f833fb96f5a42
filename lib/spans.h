/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of numbers of up to 128 bits, as sorted intervals with gaps between
 * them: equal sets look equal.  A set never changes, so it may be shared: who
 * holds a reference gives it back with spans_drop().  One thread at a time.
 */
#ifndef EPHEMERALD_SPANS_H
#define EPHEMERALD_SPANS_H

#include "address.h"

struct spans {
	unsigned references;
	size_t count;
	struct address_range at[];
};

/* All of these return a new reference, or NULL: out of memory. */
/* Ranges in any order, which may overlap. */
struct spans *spans_create(const struct address_range *ranges, size_t count);
struct spans *spans_of(uint64_t low, uint64_t high);
struct spans *spans_keep(struct spans *spans);
struct spans *spans_intersect(struct spans *a, struct spans *b);
struct spans *spans_subtract(struct spans *a, struct spans *b);
struct spans *spans_unite(struct spans *a, struct spans *b);

void spans_drop(struct spans *spans); /* NULL is fine */

bool spans_overlap(const struct spans *a, const struct spans *b);
bool spans_within(const struct spans *inner, const struct spans *outer);
bool spans_meet(const struct spans *spans, struct address_range range);
bool spans_has(const struct spans *spans, uint64_t value);
/* 0: the same set; else an order of all sets. */
int spans_compare(const struct spans *a, const struct spans *b);

#endif
