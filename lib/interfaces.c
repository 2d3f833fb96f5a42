/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two append-mostly tables with one writer.  Names: id is the place, a name is
 * written before the count that makes it visible, and never changes.  Kernel
 * index to id: open addressing, one word {index, id} a slot, so a reader sees
 * an old or a new pair and never half of one; a slot whose interface is gone
 * keeps its index with id 0 until another one needs the room.
 */
#include "interfaces.h"

#include <stdlib.h>
#include <string.h>

#include "counter.h"

#define NAME_LIMIT  65535
#define INDEX_SLOTS 8192 /* a power of two */

struct interfaces {
	char name[NAME_LIMIT + 1][INTERFACE_NAME_SIZE]; /* 0 is nobody's */
	struct published count;
	struct published by_index[INDEX_SLOTS]; /* index << 16 | id, 0: free */
};

struct interfaces *
interfaces_create(void)
{
	return calloc(1, sizeof(struct interfaces));
}

void
interfaces_destroy(struct interfaces *interfaces)
{
	free(interfaces);
}

uint16_t
interfaces_find(const struct interfaces *interfaces, const char *name)
{
	uint64_t count = published_read(&interfaces->count);

	for (uint64_t id = 1; id <= count; id++)
		if (!strcmp(interfaces->name[id], name))
			return (uint16_t)id;
	return 0;
}

uint16_t
interfaces_intern(struct interfaces *interfaces, const char *name)
{
	uint64_t count = published_read(&interfaces->count);
	size_t length = strlen(name);
	uint16_t known = interfaces_find(interfaces, name);

	if (known || !length || length >= INTERFACE_NAME_SIZE ||
	    count == NAME_LIMIT)
		return known;
	memcpy(interfaces->name[count + 1], name, length + 1);
	published_set(&interfaces->count, count + 1);
	return (uint16_t)(count + 1);
}

const char *
interfaces_name(const struct interfaces *interfaces, uint16_t id)
{
	return id <= published_read(&interfaces->count) ? interfaces->name[id]
							: "";
}

static uint32_t
home_of(uint32_t index)
{
	return index * 2654435761u % INDEX_SLOTS;
}

void
interfaces_bind(struct interfaces *interfaces, uint32_t index, uint16_t id)
{
	struct published *reusable = NULL;

	for (uint32_t n = 0; index && n < INDEX_SLOTS; n++) {
		struct published *slot =
		    &interfaces->by_index[(home_of(index) + n) % INDEX_SLOTS];
		uint64_t value = published_read(slot);
		if (value >> 16 == index) {
			published_set(slot, (uint64_t)index << 16 | id);
			return;
		}
		if (!reusable && !(value & 0xffff))
			reusable = slot;
		if (!value)
			break;
	}
	if (reusable && id)
		published_set(reusable, (uint64_t)index << 16 | id);
}

uint16_t
interfaces_of_index(const struct interfaces *interfaces, uint32_t index)
{
	for (uint32_t n = 0; index && n < INDEX_SLOTS; n++) {
		uint64_t value = published_read(
		    &interfaces->by_index[(home_of(index) + n) % INDEX_SLOTS]);
		if (value >> 16 == index)
			return (uint16_t)value;
		if (!value)
			break;
	}
	return 0;
}
