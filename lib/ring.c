/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `head` counts records pushed, `tail` records taken; both only grow, a
 * record's slot is its count modulo the capacity.  The producer writes a slot,
 * then publishes head; the consumer reads the slot, then publishes tail, and
 * only then may the producer write that slot again.  So no slot is ever touched
 * by both, and neither side waits.  The producer looks at tail only when the
 * ring seems full, so the consumer's cache line stays out of its way.
 *
 * Pages of slots that are never used cost no memory.
 */
#include "ring.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "counter.h"

#define CACHE_LINE 64

struct ring {
	alignas(CACHE_LINE) struct published head; /* written by the producer */
	uint64_t tail_seen;                        /* producer only */
	struct counter lost;
	alignas(CACHE_LINE) struct published tail; /* written by the consumer */
	size_t record_size, capacity;
	alignas(CACHE_LINE) unsigned char slots[];
};

struct ring *
ring_create(size_t record_size, size_t capacity)
{
	size_t slots = capacity * record_size;
	size_t whole = (slots + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	struct ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring) + whole);

	assert((capacity & (capacity - 1)) == 0); /* slots by a mask */
	if (!ring)
		return NULL;
	memset(ring, 0, sizeof(*ring));
	ring->record_size = record_size;
	ring->capacity = capacity;
	return ring;
}

void
ring_destroy(struct ring *ring)
{
	free(ring);
}

static unsigned char *
slot_of(struct ring *ring, uint64_t count)
{
	return ring->slots + (count & (ring->capacity - 1)) * ring->record_size;
}

bool
ring_push(struct ring *ring, const void *record)
{
	uint64_t head = published_read(&ring->head); /* our own */

	if (head - ring->tail_seen == ring->capacity) {
		/* Acquire; pairs with the release in ring_pop(): the consumer
		 * is done with the slots before tail. */
		ring->tail_seen = published_read(&ring->tail);
		if (head - ring->tail_seen == ring->capacity) {
			counter_add(&ring->lost, 1);
			return false;
		}
	}
	memcpy(slot_of(ring, head), record, ring->record_size);
	published_set(&ring->head, head + 1);
	return true;
}

bool
ring_pop(struct ring *ring, void *record)
{
	uint64_t tail = published_read(&ring->tail); /* our own */

	/* Acquire; pairs with the release in ring_push(). */
	if (tail == published_read(&ring->head))
		return false;
	memcpy(record, slot_of(ring, tail), ring->record_size);
	published_set(&ring->tail, tail + 1);
	return true;
}

uint64_t
ring_lost(const struct ring *ring)
{
	return counter_read(&ring->lost);
}
