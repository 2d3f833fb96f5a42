/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only atomics outside table.c and the policy pointer of filter.c.
 *
 * struct counter: one writer thread, any reader, no order implied: the sums
 * of a few may lag each other by a packet.  struct published: one writer makes
 * what it wrote before visible to who sees the new value.
 */
#ifndef EPHEMERALD_COUNTER_H
#define EPHEMERALD_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
	_Atomic uint64_t value;
};

/* Writer only.  A load and a store, no locked instruction. */
static inline void
counter_add(struct counter *counter, uint64_t n)
{
	uint64_t old =
	    atomic_load_explicit(&counter->value, memory_order_relaxed);
	atomic_store_explicit(&counter->value, old + n, memory_order_relaxed);
}

/* Writer only. */
static inline void
counter_set(struct counter *counter, uint64_t value)
{
	atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}

static inline uint64_t
counter_read(const struct counter *counter)
{
	return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

struct published {
	_Atomic uint64_t value;
};

/* Writer only.  Release; pairs with the acquire in published_read(). */
static inline void
published_set(struct published *published, uint64_t value)
{
	atomic_store_explicit(&published->value, value, memory_order_release);
}

/* Acquire; pairs with the release in published_set(). */
static inline uint64_t
published_read(const struct published *published)
{
	return atomic_load_explicit(&published->value, memory_order_acquire);
}

#endif
