/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of numbers beside an array of items: open addressing, a slot is
 * 0 if it is free or else a number + 1, never more than half of them taken.
 * The hash needs no secret: items come from the administrator's config.
 */
#include "unique.h"

#include <stdlib.h>
#include <string.h>

static uint64_t
hash_of(const uint8_t *item, size_t size)
{
	uint64_t hash = size, word;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		memcpy(&word, item + i, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return hash;
}

static const uint8_t *
item_of_slot(const struct unique *unique, uint32_t slot)
{
	return unique->items + (slot - 1) * unique->item_size;
}

/* A free slot, or the one of an equal item. */
static uint32_t *
find(const struct unique *unique, const void *item)
{
	size_t mask = 2 * unique->room - 1;
	size_t i = hash_of(item, unique->item_size) & mask;

	while (
	    unique->slots[i] && memcmp(item_of_slot(unique, unique->slots[i]),
				    item, unique->item_size) != 0)
		i = (i + 1) & mask;
	return &unique->slots[i];
}

static bool
grow(struct unique *unique)
{
	size_t room = unique->room ? 2 * unique->room : 64;
	uint32_t *slots = calloc(2 * room, sizeof(*slots));
	uint8_t *items = aligned_alloc(64, room * unique->item_size);

	if (!slots || !items) {
		free(slots);
		free(items);
		return false;
	}
	if (unique->count)
		memcpy(items, unique->items, unique->count * unique->item_size);
	unique_free(unique);
	unique->items = items;
	unique->slots = slots;
	unique->room = room;
	for (uint32_t slot = 1; slot <= unique->count; slot++)
		*find(unique, item_of_slot(unique, slot)) = slot;
	return true;
}

bool
unique_number(struct unique *unique, const void *item, uint32_t *number)
{
	if (unique->count == unique->room && !grow(unique))
		return false;
	uint32_t *slot = find(unique, item);
	if (!*slot) {
		memcpy(unique->items + unique->count * unique->item_size, item,
		    unique->item_size);
		*slot = (uint32_t)++unique->count;
	}
	*number = *slot - 1;
	return true;
}

size_t
unique_bytes(const struct unique *unique)
{
	return unique->room * (unique->item_size + 2 * sizeof(uint32_t));
}

void
unique_free(struct unique *unique)
{
	free(unique->items);
	free(unique->slots);
}
