/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of drop records between one worker and the main thread.
 *
 * `head` counts records pushed, `tail` records taken; both only grow, a
 * record's slot is its count modulo the capacity.  The worker writes a slot,
 * then publishes head; main reads the slot, then publishes tail, and only then
 * may the worker write that slot again.  So no slot is ever touched by both,
 * and neither side waits.  The worker looks at tail only when the ring seems
 * full, so main's cache line stays out of its way.
 */
#include "ring.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "counter.h"

#define CAPACITY   1024
#define CACHE_LINE 64

static_assert((CAPACITY & (CAPACITY - 1)) == 0, "slots are found by a mask");

struct ring {
	alignas(CACHE_LINE) struct published head; /* written by the worker */
	uint64_t tail_seen;                        /* worker only */
	struct counter lost;
	alignas(CACHE_LINE) struct published tail; /* written by main */
	alignas(CACHE_LINE) struct drop slots[CAPACITY];
};

struct ring *
ring_create(void)
{
	struct ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));

	if (ring)
		memset(ring, 0, sizeof(*ring));
	return ring;
}

void
ring_destroy(struct ring *ring)
{
	free(ring);
}

bool
ring_push(struct ring *ring, const struct drop *drop)
{
	uint64_t head = published_read(&ring->head); /* our own */

	if (head - ring->tail_seen == CAPACITY) {
		/* Acquire; pairs with the release in ring_pop(): main is done
		 * with the slots before tail. */
		ring->tail_seen = published_read(&ring->tail);
		if (head - ring->tail_seen == CAPACITY) {
			counter_add(&ring->lost, 1);
			return false;
		}
	}
	ring->slots[head & (CAPACITY - 1)] = *drop;
	published_set(&ring->head, head + 1);
	return true;
}

bool
ring_pop(struct ring *ring, struct drop *drop)
{
	uint64_t tail = published_read(&ring->tail); /* our own */

	/* Acquire; pairs with the release in ring_push(). */
	if (tail == published_read(&ring->head))
		return false;
	*drop = ring->slots[tail & (CAPACITY - 1)];
	published_set(&ring->tail, tail + 1);
	return true;
}

uint64_t
ring_lost(const struct ring *ring)
{
	return counter_read(&ring->lost);
}
