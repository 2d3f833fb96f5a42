/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interval sets.  Every operation is a walk along both lists, lowest interval
 * first; what it yields is appended in order, and an interval that touches the
 * one before becomes part of it, which keeps the form unique.  Where the result
 * is one of the operands that very set is returned: most intersections are with
 * the set of everything, and a reference costs nothing.
 */
#include "spans.h"

#include <stdlib.h>
#include <string.h>

static struct spans *
allocate(size_t room)
{
	struct spans *spans =
	    malloc(sizeof(*spans) + room * sizeof(spans->at[0]));

	if (spans) {
		spans->references = 1;
		spans->count = 0;
	}
	return spans;
}

/* Not for the largest number, which has none. */
static struct address
after(struct address a)
{
	a.low++;
	a.high += a.low == 0;
	return a;
}

/* Not for 0. */
static struct address
before(struct address a)
{
	a.high -= a.low == 0;
	a.low--;
	return a;
}

static bool
is_last(struct address a)
{
	return a.high == UINT64_MAX && a.low == UINT64_MAX;
}

/* `range` does not begin before the last one in `spans`. */
static void
append(struct spans *spans, struct address_range range)
{
	struct address_range *last =
	    spans->count > 0 ? &spans->at[spans->count - 1] : NULL;

	if (!last || (!is_last(last->high) &&
			 address_compare(range.low, after(last->high)) > 0))
		spans->at[spans->count++] = range;
	else if (address_compare(range.high, last->high) > 0)
		last->high = range.high;
}

static int
compare_lows(const void *left, const void *right)
{
	const struct address_range *a = left, *b = right;
	return address_compare(a->low, b->low);
}

struct spans *
spans_create(const struct address_range *ranges, size_t count)
{
	struct spans *spans = allocate(count + 1);

	if (!spans)
		return NULL;
	if (count > 0)
		memcpy(spans->at, ranges, count * sizeof(ranges[0]));
	qsort(spans->at, count, sizeof(spans->at[0]), compare_lows);
	for (size_t i = 0; i < count; i++)
		append(spans, spans->at[i]);
	return spans;
}

struct spans *
spans_of(uint64_t low, uint64_t high)
{
	struct address_range range = { { 0, low }, { 0, high } };
	return spans_create(&range, 1);
}

struct spans *
spans_keep(struct spans *spans)
{
	spans->references++;
	return spans;
}

void
spans_drop(struct spans *spans)
{
	if (spans && --spans->references == 0)
		free(spans);
}

struct spans *
spans_intersect(struct spans *a, struct spans *b)
{
	if (spans_within(a, b))
		return spans_keep(a);
	if (spans_within(b, a))
		return spans_keep(b);
	struct spans *both = allocate(a->count + b->count);
	for (size_t i = 0, j = 0; both && i < a->count && j < b->count;) {
		struct address_range x = a->at[i], y = b->at[j];
		bool x_ends_first = address_compare(x.high, y.high) < 0;
		struct address_range common = {
			address_compare(x.low, y.low) > 0 ? x.low : y.low,
			x_ends_first ? x.high : y.high,
		};
		if (address_compare(common.low, common.high) <= 0)
			append(both, common);
		if (x_ends_first)
			i++;
		else
			j++;
	}
	return both;
}

struct spans *
spans_subtract(struct spans *a, struct spans *b)
{
	if (!spans_overlap(a, b))
		return spans_keep(a);
	struct spans *rest = allocate(a->count + b->count);
	size_t j = 0;
	for (size_t i = 0; rest && i < a->count; i++) {
		struct address_range x = a->at[i];
		bool left = true;
		while (
		    j < b->count && address_compare(b->at[j].high, x.low) < 0)
			j++;
		/* b->at[j] may reach into the next of a as well */
		for (size_t k = j; left && k < b->count &&
				   address_compare(b->at[k].low, x.high) <= 0;
		     k++) {
			struct address_range y = b->at[k];
			if (address_compare(x.low, y.low) < 0)
				append(rest, (struct address_range){
						 x.low, before(y.low) });
			left = address_compare(y.high, x.high) < 0;
			if (left)
				x.low = after(y.high);
		}
		if (left)
			append(rest, x);
	}
	return rest;
}

struct spans *
spans_unite(struct spans *a, struct spans *b)
{
	if (spans_within(a, b))
		return spans_keep(b);
	if (spans_within(b, a))
		return spans_keep(a);
	struct spans *all = allocate(a->count + b->count);
	for (size_t i = 0, j = 0; all && (i < a->count || j < b->count);) {
		bool from_a =
		    j == b->count ||
		    (i < a->count && compare_lows(&a->at[i], &b->at[j]) <= 0);
		append(all, from_a ? a->at[i++] : b->at[j++]);
	}
	return all;
}

bool
spans_overlap(const struct spans *a, const struct spans *b)
{
	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		if (address_compare(a->at[i].high, b->at[j].low) < 0)
			i++;
		else if (address_compare(b->at[j].high, a->at[i].low) < 0)
			j++;
		else
			return true;
	}
	return false;
}

bool
spans_within(const struct spans *inner, const struct spans *outer)
{
	size_t j = 0;

	if (inner == outer)
		return true;
	for (size_t i = 0; i < inner->count; i++) {
		while (j < outer->count &&
		       address_compare(outer->at[j].high, inner->at[i].low) < 0)
			j++;
		if (j == outer->count ||
		    address_compare(inner->at[i].low, outer->at[j].low) < 0 ||
		    address_compare(inner->at[i].high, outer->at[j].high) > 0)
			return false;
	}
	return true;
}

bool
spans_meet(const struct spans *spans, struct address_range range)
{
	for (size_t i = 0; i < spans->count; i++)
		if (address_compare(spans->at[i].high, range.low) >= 0)
			return address_compare(spans->at[i].low, range.high) <=
			       0;
	return false;
}

bool
spans_has(const struct spans *spans, uint64_t value)
{
	struct address_range one = { { 0, value }, { 0, value } };
	return spans_meet(spans, one);
}

int
spans_compare(const struct spans *a, const struct spans *b)
{
	if (a == b)
		return 0;
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (size_t i = 0; i < a->count; i++) {
		int order = address_compare(a->at[i].low, b->at[i].low);
		if (order == 0)
			order = address_compare(a->at[i].high, b->at[i].high);
		if (order != 0)
			return order;
	}
	return 0;
}
