/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only atomics outside table.c, tags.c and the policy pointer of filter.c.
 *
 * struct counter: one writer thread, any reader, no order implied: the sums
 * of a few may lag each other by a packet.  struct published: one writer makes
 * what it wrote before visible to who sees the new value.  struct budget: any
 * thread takes and gives, exactly.  struct sign: any thread sets, the last one
 * stays; no order implied.  struct epoch: one writer says that what was said
 * before counts no more; also in memory that is shared with the kernel.
 */
#ifndef EPHEMERALD_COUNTER_H
#define EPHEMERALD_COUNTER_H

#include <stdatomic.h>
#include <stdbool.h>
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

struct budget {
	_Alignas(64) _Atomic uint32_t used;
};

/* Relaxed, all of them: a budget guards a number, no memory. */
static inline void
budget_add(struct budget *budget)
{
	atomic_fetch_add_explicit(&budget->used, 1, memory_order_relaxed);
}

static inline void
budget_give(struct budget *budget)
{
	atomic_fetch_sub_explicit(&budget->used, 1, memory_order_relaxed);
}

/* False: `limit` are taken.  Adds first and takes back what is too much, so
 * that more than `limit` never take. */
static inline bool
budget_take(struct budget *budget, uint32_t limit)
{
	if (atomic_fetch_add_explicit(&budget->used, 1, memory_order_relaxed) <
	    limit)
		return true;
	budget_give(budget);
	return false;
}

static inline uint32_t
budget_read(const struct budget *budget)
{
	return atomic_load_explicit(&budget->used, memory_order_relaxed);
}

struct sign {
	_Atomic bool value;
};

/* Stores only changes: an unchanged line stays shared between cores. */
static inline void
sign_set(struct sign *sign, bool value)
{
	if (atomic_load_explicit(&sign->value, memory_order_relaxed) != value)
		atomic_store_explicit(
		    &sign->value, value, memory_order_relaxed);
}

static inline bool
sign_read(const struct sign *sign)
{
	return atomic_load_explicit(&sign->value, memory_order_relaxed);
}

/* Never moved: 0. */
struct epoch {
	_Atomic uint32_t value;
};

/* Acquire; pairs with the release in epoch_move(). */
static inline uint32_t
epoch_read(const struct epoch *epoch)
{
	return atomic_load_explicit(&epoch->value, memory_order_acquire);
}

/* Writer only: to the next one, 1 to INT32_MAX in turn.  Release: who sees it
 * sees all that was changed before. */
static inline void
epoch_move(struct epoch *epoch)
{
	uint32_t next = (epoch_read(epoch) + 1) & INT32_MAX;

	atomic_store_explicit(
	    &epoch->value, next ? next : 1, memory_order_release);
}

#endif
