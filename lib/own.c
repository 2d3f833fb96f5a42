/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sorted array.  Of what arrives, only packets to an address of this host
 * are judged: its own multicasts and broadcasts come back to it by the
 * interface on which they left, and whoever defends an address that this host
 * would like to have says so to all (RFC 4862 5.4).
 */
#include "own.h"

#include <stdlib.h>
#include <string.h>

struct own {
	size_t count;
	struct address address[];
};

static int
compare(const void *a, const void *b)
{
	const struct address *left = a, *right = b;

	return address_compare(*left, *right);
}

struct own *
own_create(const struct address *addresses, size_t count)
{
	size_t size = count * sizeof(*addresses);
	struct own *own = malloc(sizeof(*own) + size);

	if (!own)
		return NULL;
	own->count = count;
	if (count > 0)
		memcpy(own->address, addresses, size);
	qsort(own->address, count, sizeof(*addresses), compare);
	return own;
}

void
own_destroy(struct own *own)
{
	free(own);
}

static bool
has(const struct own *own, struct address a)
{
	size_t low = 0, high = own->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = address_compare(own->address[middle], a);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool
own_is_forged(const struct own *own, const struct packet *packet)
{
	if (!own || packet->direction == OUTBOUND ||
	    !has(own, packet->tuple.src))
		return false;
	return packet->direction == FORWARD || has(own, packet->tuple.dst);
}
