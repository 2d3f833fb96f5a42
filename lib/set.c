/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set_index.c knows the members by prefix, and is all that readers see; here is
 * what the writer knows of each by its number: its end, and its place in a heap
 * of those that have one, the nearest first.  Members that stay are in no heap.
 */
#include "set.h"

#include <stdlib.h>

#include "set_index.h"

#define FIRST_SIZE 64
#define NONE       SET_INDEX_NONE

struct set {
	struct set_index *index;
	uint32_t *heap; /* numbers; note.place: where in it, or NONE */
	uint32_t heap_size, heap_count;
	uint32_t count;
};

static struct set_note *
note_of(const struct set *set, uint32_t number)
{
	return set_index_note(set->index, number);
}

struct set *
set_create(const uint8_t key[16])
{
	struct set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->index = set_index_create(key);
	if (!set->index) {
		free(set);
		return NULL;
	}
	return set;
}

void
set_destroy(struct set *set)
{
	if (!set)
		return;
	set_index_destroy(set->index);
	free(set->heap);
	free(set);
}

bool
set_has(const struct set *set, struct address address)
{
	return set_index_match(set->index, address) != NONE;
}

bool
set_is_empty(const struct set *set)
{
	return set_index_is_empty(set->index);
}

static bool
ends_before(const struct set *set, uint32_t a, uint32_t b)
{
	return note_of(set, a)->end_ms < note_of(set, b)->end_ms;
}

static void
heap_put(struct set *set, uint32_t place, uint32_t number)
{
	set->heap[place] = number;
	note_of(set, number)->place = place;
}

/* From that place up or down to where it belongs. */
static void
heap_settle(struct set *set, uint32_t place, uint32_t number)
{
	while (
	    place > 0 && ends_before(set, number, set->heap[(place - 1) / 2])) {
		heap_put(set, place, set->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * place + 1;
		if (child + 1 < set->heap_count &&
		    ends_before(set, set->heap[child + 1], set->heap[child]))
			child++;
		if (child >= set->heap_count ||
		    !ends_before(set, set->heap[child], number))
			break;
		heap_put(set, place, set->heap[child]);
		place = child;
	}
	heap_put(set, place, number);
}

static void
heap_add(struct set *set, uint32_t number)
{
	if (note_of(set, number)->end_ms != SET_FOREVER)
		heap_settle(set, set->heap_count++, number);
}

static void
heap_remove(struct set *set, uint32_t number)
{
	uint32_t place = note_of(set, number)->place;

	if (place == NONE)
		return;
	note_of(set, number)->place = NONE;
	uint32_t last = set->heap[--set->heap_count];
	if (last != number)
		heap_settle(set, place, last);
}

/* A place for one member more. */
static bool
heap_reserve(struct set *set)
{
	if (set->heap_count < set->heap_size)
		return true;
	uint32_t size = set->heap_size ? 2 * set->heap_size : FIRST_SIZE;
	uint32_t *heap = realloc(set->heap, size * sizeof(heap[0]));
	if (!heap)
		return false;
	set->heap = heap;
	set->heap_size = size;
	return true;
}

static void
remove_member(struct set *set, uint32_t number)
{
	heap_remove(set, number);
	note_of(set, number)->live = false;
	set_index_remove(set->index, number);
	set->count--;
}

enum set_change
set_add(
    struct set *set, const struct prefix *prefix, uint64_t end_ms, uint32_t max)
{
	uint32_t number = set_index_find(set->index, prefix);

	if (!heap_reserve(set))
		return SET_NO_MEMORY;
	if (number != NONE) {
		heap_remove(set, number);
		note_of(set, number)->end_ms = end_ms;
		heap_add(set, number);
		return SET_UPDATED;
	}
	while (set->count >= max) {
		if (!set->heap_count)
			return SET_FULL;
		remove_member(set, set->heap[0]);
	}
	number = set_index_add(set->index, prefix);
	if (number == NONE)
		return SET_NO_MEMORY;
	*note_of(set, number) = (struct set_note){ end_ms, NONE, true };
	heap_add(set, number);
	set->count++;
	return SET_ADDED;
}

bool
set_remove(struct set *set, const struct prefix *prefix)
{
	uint32_t number = set_index_find(set->index, prefix);

	if (number != NONE)
		remove_member(set, number);
	return number != NONE;
}

size_t
set_expire(struct set *set, uint64_t now_ms)
{
	size_t count = 0;

	while (
	    set->heap_count && note_of(set, set->heap[0])->end_ms <= now_ms) {
		remove_member(set, set->heap[0]);
		count++;
	}
	return count;
}

static bool
view(const struct set *set, uint32_t number, struct set_member *member)
{
	if (number == NONE)
		return false;
	member->prefix = set_index_prefix(set->index, number);
	member->end_ms = note_of(set, number)->end_ms;
	return true;
}

bool
set_get(const struct set *set, const struct prefix *prefix,
    struct set_member *member)
{
	return view(set, set_index_find(set->index, prefix), member);
}

bool
set_match(
    const struct set *set, struct address address, struct set_member *member)
{
	return view(set, set_index_match(set->index, address), member);
}

bool
set_next(const struct set *set, uint32_t *cursor, struct set_member *member)
{
	while (*cursor < set_index_end(set->index)) {
		uint32_t number = (*cursor)++;
		if (note_of(set, number)->live)
			return view(set, number, member);
	}
	return false;
}

uint32_t
set_count(const struct set *set)
{
	return set->count;
}

size_t
set_retired(const struct set *set)
{
	return set_index_retired(set->index);
}

void
set_reclaim(struct set *set)
{
	set_index_reclaim(set->index);
}
