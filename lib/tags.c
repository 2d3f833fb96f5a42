/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extendible hashing (Fagin et al. 1979): a directory of 2^depth pointers,
 * found by the first bits of the tag, to buckets of SLOTS slots.  A full bucket
 * is split in two; when it must, the directory doubles.  So an add costs a
 * bucket or a directory at most, not the whole table.
 *
 * Readers: the slot, the directory entry and the directory are each one atomic,
 * stored with release when what it leads to is whole, loaded with acquire.  A
 * number never moves within its bucket, and a bucket or directory that is
 * replaced stays as it is until waste_free(); so a reader finds every number
 * that is there all the while.
 */
#include "tags.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS       128 /* of a bucket */
#define SLOTS_TAKEN 96  /* at most, so that a search ends soon */
#define DEPTH_MAX   25  /* the bits of a tag, without those for a slot */

/* What a slot can hold; any other is tag << 32 | (number + 2). */
#define SLOT_EMPTY 0 /* a search ends here */
#define SLOT_GONE  1 /* and goes on here */

/* Heads what is freed as one. */
struct block {
	struct block *next;
};

struct bucket {
	struct block block;
	unsigned depth; /* first bits that its tags share */
	unsigned taken; /* slots that are not empty */
	unsigned live;  /* that hold a number */
	_Alignas(64) _Atomic uint64_t slot[SLOTS];
};

struct directory {
	struct block block;
	unsigned depth;
	uint32_t count; /* numbers in the table */
	_Atomic(struct bucket *) bucket[];
};

static struct directory *
directory_of(const struct tags *tags)
{
	/* Acquire; pairs with the release in set_directory(). */
	return atomic_load_explicit(&tags->directory, memory_order_acquire);
}

static void
set_directory(struct tags *tags, struct directory *d)
{
	/* Release; pairs with the acquire in directory_of(). */
	atomic_store_explicit(&tags->directory, d, memory_order_release);
}

static size_t
entry_of(const struct directory *d, uint32_t tag)
{
	return (size_t)((uint64_t)tag >> (32 - d->depth));
}

static struct bucket *
bucket_at(const struct directory *d, size_t entry)
{
	/* Acquire; pairs with the release in set_entry(). */
	return atomic_load_explicit(&d->bucket[entry], memory_order_acquire);
}

static void
set_entry(struct directory *d, size_t entry, struct bucket *b)
{
	/* Release; pairs with the acquire in bucket_at(). */
	atomic_store_explicit(&d->bucket[entry], b, memory_order_release);
}

struct tags_search
tags_search(const struct tags *tags, uint32_t tag)
{
	const struct directory *d = directory_of(tags);
	struct tags_search s = { .tag = tag };

	if (d) {
		s.bucket = bucket_at(d, entry_of(d, tag));
		__builtin_prefetch(&s.bucket->slot[tag % SLOTS]);
	}
	return s;
}

uint32_t
tags_next(struct tags_search *s)
{
	if (!s->bucket)
		return TAGS_NONE;
	for (;;) {
		uint32_t place = (s->tag + s->steps) % SLOTS;
		/* Acquire; pairs with the release in put(). */
		uint64_t word = atomic_load_explicit(
		    &s->bucket->slot[place], memory_order_acquire);
		if (word == SLOT_EMPTY)
			return TAGS_NONE;
		s->steps++;
		if (word != SLOT_GONE && word >> 32 == s->tag)
			return (uint32_t)word - 2;
	}
}

static void
throw_away(struct waste *waste, struct block *block)
{
	block->next = waste->first;
	waste->first = block;
	waste->count++;
}

void
waste_free(struct waste *waste)
{
	while (waste->first) {
		struct block *next = waste->first->next;
		free(waste->first);
		waste->first = next;
	}
	waste->count = 0;
}

static struct bucket *
bucket_create(unsigned depth)
{
	struct bucket *b = aligned_alloc(64, sizeof(*b));

	if (b) {
		memset(b, 0, sizeof(*b));
		b->depth = depth;
	}
	return b;
}

static struct directory *
directory_create(unsigned depth)
{
	struct directory *d =
	    calloc(1, sizeof(*d) + ((size_t)1 << depth) * sizeof(d->bucket[0]));

	if (d)
		d->depth = depth;
	return d;
}

/* False: the bucket is full. */
static bool
put(struct bucket *b, uint64_t word)
{
	for (uint32_t i = (uint32_t)(word >> 32);; i++) {
		_Atomic uint64_t *slot = &b->slot[i % SLOTS];
		uint64_t there =
		    atomic_load_explicit(slot, memory_order_relaxed);
		if (there > SLOT_GONE)
			continue;
		if (there == SLOT_EMPTY && b->taken == SLOTS_TAKEN)
			return false;
		b->taken += there == SLOT_EMPTY;
		b->live++;
		/* Release; pairs with the acquire in tags_next(). */
		atomic_store_explicit(slot, word, memory_order_release);
		return true;
	}
}

/* Twice as large, with the same buckets. */
static struct directory *
grow(struct tags *tags, struct waste *waste)
{
	struct directory *old = directory_of(tags), *d = NULL;

	if (old->depth < DEPTH_MAX)
		d = directory_create(old->depth + 1);
	if (!d)
		return NULL;
	d->count = old->count;
	for (size_t i = 0; i < (size_t)2 << old->depth; i++)
		set_entry(d, i, bucket_at(old, i / 2));
	set_directory(tags, d);
	throw_away(waste, &old->block);
	return d;
}

/* The bucket for that tag is full: without what is gone it has room, or else it
 * is split.  False: out of memory. */
static bool
make_room(struct tags *tags, uint32_t tag, struct waste *waste)
{
	struct directory *d = directory_of(tags);
	struct bucket *old = bucket_at(d, entry_of(d, tag));
	bool split = old->live > SLOTS_TAKEN / 2;
	unsigned depth = old->depth + split;

	if (depth > d->depth && !(d = grow(tags, waste)))
		return false;
	struct bucket *half[2] = { bucket_create(depth) };
	half[1] = split ? bucket_create(depth) : half[0];
	if (!half[0] || !half[1]) {
		free(half[0]);
		if (split)
			free(half[1]);
		return false;
	}
	for (size_t i = 0; i < SLOTS; i++) {
		uint64_t word =
		    atomic_load_explicit(&old->slot[i], memory_order_relaxed);
		if (word > SLOT_GONE)
			put(half[split && word >> (64 - depth) & 1], word);
	}
	/* The directory entries that lead to the old one. */
	size_t span = (size_t)1 << (d->depth - old->depth);
	size_t first = entry_of(d, tag) & ~(span - 1);
	for (size_t i = 0; i < span; i++)
		set_entry(d, first + i, half[i >= span / 2]);
	throw_away(waste, &old->block);
	return true;
}

static bool
begin(struct tags *tags)
{
	struct directory *d = directory_create(0);
	struct bucket *b = bucket_create(0);

	if (!d || !b) {
		free(d);
		free(b);
		return false;
	}
	set_entry(d, 0, b);
	set_directory(tags, d);
	return true;
}

bool
tags_add(struct tags *tags, uint32_t tag, uint32_t number, struct waste *waste)
{
	uint64_t word = (uint64_t)tag << 32 | ((uint64_t)number + 2);

	if (tags_empty(tags) && !begin(tags))
		return false;
	for (;;) {
		struct directory *d = directory_of(tags);
		if (put(bucket_at(d, entry_of(d, tag)), word)) {
			d->count++;
			return true;
		}
		if (!make_room(tags, tag, waste))
			return false;
	}
}

void
tags_remove(
    struct tags *tags, uint32_t tag, uint32_t number, struct waste *waste)
{
	struct directory *d = directory_of(tags);
	struct tags_search s = tags_search(tags, tag);

	while (tags_next(&s) != number)
		;
	/* Relaxed: it leads nowhere. */
	atomic_store_explicit(&s.bucket->slot[(tag + s.steps - 1) % SLOTS],
	    SLOT_GONE, memory_order_relaxed);
	s.bucket->live--;
	if (--d->count == 0)
		tags_clear(tags, waste);
}

bool
tags_empty(const struct tags *tags)
{
	return !directory_of(tags);
}

void
tags_clear(struct tags *tags, struct waste *waste)
{
	struct directory *d = directory_of(tags);

	if (!d)
		return;
	set_directory(tags, NULL);
	for (size_t entry = 0; entry < (size_t)1 << d->depth;) {
		struct bucket *b = bucket_at(d, entry);
		entry += (size_t)1 << (d->depth - b->depth);
		throw_away(waste, &b->block);
	}
	throw_away(waste, &d->block);
}
