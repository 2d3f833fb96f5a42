/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded ring of records of one size between two threads, one producer, one
 * consumer, of which neither ever waits.  Full: the newest is counted and
 * forgotten.
 */
#ifndef EPHEMERALD_RING_H
#define EPHEMERALD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* capacity: records, a power of 2.  NULL: out of memory. */
struct ring *ring_create(size_t record_size, size_t capacity);
void ring_destroy(struct ring *ring);                  /* NULL is fine */
bool ring_push(struct ring *ring, const void *record); /* producer */
bool ring_pop(struct ring *ring, void *record);        /* consumer */
uint64_t ring_lost(const struct ring *ring);           /* any thread */

#endif
