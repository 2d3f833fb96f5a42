/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a hash leads to an entry of the flow table: for table.c, and for whoever
 * reads the same memory by other means.  Plain values.
 */
#ifndef EPHEMERALD_TABLE_SLOT_H
#define EPHEMERALD_TABLE_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#define SLOTS 8 /* per bucket: one cache line */

/* A slot is {pending, tag, index of an entry}; 0: empty. */
#define PENDING    (UINT64_C(1) << 63)
#define TAG_MASK   (UINT64_C(0x7fffffff) << 32)
#define INDEX_MASK UINT64_C(0xffffffff)

/* The ignored byte left out, a key has 39: they end the hashed message. */
#define KEY_ENDING(last_word) (UINT64_C(39) << 56 | (last_word) >> 8)

/* Multiply-shift: the upper bits of each half choose the bucket, which leaves
 * the lower ones for the tag. */
static inline uint32_t
slot_bucket(uint64_t hash, unsigned which, uint32_t bucket_count)
{
	uint32_t half = (uint32_t)(which ? hash : hash >> 32);

	return (uint32_t)((uint64_t)half * bucket_count >> 32);
}

/* Never 0, so that an empty slot has no tag. */
static inline uint64_t
slot_tag(uint64_t hash)
{
	return ((hash & 0xffff) | (hash >> 32 & 0x7fff) << 16 | 1) << 32;
}

/* Is there a live entry in a slot of that value, and has it that tag? */
static inline bool
slot_names(uint64_t slot, uint64_t tag)
{
	return slot >> 32 == tag >> 32;
}

#endif
