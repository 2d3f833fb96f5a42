/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items of one size, equal ones stored once, each known by a number from 0.
 * One thread while items are added; then any may read.
 */
#ifndef EPHEMERALD_UNIQUE_H
#define EPHEMERALD_UNIQUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All 0 but item_size, a multiple of 8: empty.  Item n is at
 * items + n * item_size; they are aligned to 64 and move when more are added.
 */
struct unique {
	size_t item_size, count, room;
	uint8_t *items;
	uint32_t *slots; /* twice `room`, a power of two */
};

/* The number of the item, which is stored if it is new.  False: out of memory.
 */
bool unique_number(struct unique *unique, const void *item, uint32_t *number);
size_t unique_bytes(const struct unique *unique);
void unique_free(struct unique *unique);

#endif
