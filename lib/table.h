/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow table: fixed capacity, shared by all workers, lock-free.  One entry
 * a flow, found from either direction by one canonical key.  It knows keys,
 * liveness and room; what a flow means is conntrack's.
 *
 * Calls that take a worker index need that worker's own thread (index `workers`
 * is the keeper's) and its read side: a flow pointer is good until the thread's
 * next quiescent state.  A worker stopped anywhere blocks no other.
 */
#ifndef EPHEMERALD_TABLE_H
#define EPHEMERALD_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two (address, port) pairs in a fixed order, protocol, family and kind.  The
 * low byte of the last word is free for the flow's owner: not compared. */
#define KEY_WORDS 5
struct key {
	uint64_t word[KEY_WORDS];
};
#define KEY_IGNORED UINT64_C(0xff)

/* 128 bytes: what every packet needs first. */
struct flow {
	_Atomic uint64_t key[KEY_WORDS]; /* fixed while anyone may look */
	_Atomic uint64_t word;           /* struct flow_word; 0: dead */
	_Atomic uint64_t window[2];      /* end | edge << 32, forward only */
	/* second cache line */
	_Atomic uint64_t bytes[2];
	_Atomic uint32_t packets[2];
	_Atomic uint32_t max_window[2];
	_Atomic uint32_t una[2];
	_Atomic uint32_t isn[2];
	_Atomic uint32_t challenge;
	_Atomic uint32_t rule;    /* identity, and what is held under it */
	_Atomic uint32_t created; /* tick */
	_Atomic uint32_t
	    interfaces; /* in | out << 16, ids of the first packet */
};
_Static_assert(sizeof(struct flow) == 128, "two cache lines");

struct table;

/* The memory of such a table, in one piece: large, and used at random.  0: so
 * many flows are too many. */
size_t table_size(uint32_t max_flows, unsigned workers);
/* In that much memory, zeroed and aligned to 64 bytes, which stays the
 * caller's; or NULL, to have it allocated.  NULL: out of memory. */
struct table *table_create(void *memory, uint32_t max_flows, unsigned workers,
    const uint8_t hash_key[16]);
void table_destroy(struct table *table); /* NULL is fine */
void *table_memory(const struct table *table, size_t *size);

/* For who reads that memory when the table is no more: where in it the slots
 * and the entries are, in bytes from its start.  Entry 0 is nobody's. */
struct table_places {
	uint64_t slots_at, slots, flows_at, flows;
};
struct table_places table_places(const struct table *table);
/* The entry that a slot of that value names, if it is live; 0: none. */
uint32_t table_entry_named(uint64_t slot);

void table_hash_key(const struct table *table, uint64_t key[2]);
uint64_t table_hash(const struct table *table, const struct key *key);
/* Two steps ahead of table_find(), a batch at a time: fetch the buckets, then
 * the entry they name, if any.  It may be the flow. */
void table_prefetch_buckets(const struct table *table, uint64_t hash);
struct flow *table_prefetch_flow(const struct table *table, uint64_t hash);
/* Is it the live flow of that key?  NULL is not. */
bool table_confirm(const struct flow *flow, const struct key *key);
/* The live flow of that key, or NULL. */
struct flow *table_find(
    const struct table *table, const struct key *key, uint64_t hash);

/* An entry to fill (relaxed stores), counted against max_flows.  NULL: none.
 * Ends in table_insert() or table_give_back(). */
struct flow *table_take(struct table *table, unsigned worker);
/* Makes it visible.  Returns it; or the live flow that has this key already
 * (the entry is still the caller's); or NULL: no room where it hashes to (still
 * the caller's). */
struct flow *table_insert(
    struct table *table, unsigned worker, struct flow *flow, uint64_t hash);
void table_give_back(struct table *table, unsigned worker, struct flow *flow);
/* Ends a live flow whose word still is `word`; false: it is not. */
bool table_kill(
    struct table *table, unsigned worker, struct flow *flow, uint64_t word);

/* The live flows that share both buckets of a hash, for eviction. */
#define TABLE_NEIGHBOURS 16
size_t table_neighbours(const struct table *table, uint64_t hash,
    struct flow *out[TABLE_NEIGHBOURS]);

/* Flows now, and at most. */
uint32_t table_count(const struct table *table);
uint32_t table_limit(const struct table *table);
/* Walk: the live flow in slot 0 ... table_slots() - 1, or NULL. */
uint32_t table_slots(const struct table *table);
struct flow *table_at(const struct table *table, uint32_t slot);
/* Whichever worker comes first gets the next TABLE_SHARE slots to sweep, as
 * long as fewer than `due` shares were given out since the start.  False: none
 * is due. */
#define TABLE_SHARE 64
bool table_next_share(struct table *table, uint64_t due, uint32_t *first_slot);
/* The entries that a share names, ahead of a look at each. */
void table_prefetch_share(const struct table *table, uint32_t first_slot);

/* Let the keeper have what this worker has retired so far. */
void table_hand_over(struct table *table, unsigned worker);
/* Waits for a quiescent state of every worker, then makes retired entries free
 * again.  One thread at a time; not inside a read side. */
void table_reclaim(struct table *table);
/* Someone beside the readers looks at the memory too: table_reclaim() calls
 * this after their grace period, and it waits for the other's. */
void table_wait_for(
    struct table *table, void (*wait)(void *context), void *context);

/* Flow fields, relaxed: each is whole by itself, and windows only grow. */
static inline uint64_t
flow_word(const struct flow *flow)
{
	return atomic_load_explicit(&flow->word, memory_order_acquire);
}

/* Acquire and release: who sees the new word sees what was stored before. */
static inline bool
flow_change(struct flow *flow, uint64_t old, uint64_t new)
{
	return atomic_compare_exchange_strong_explicit(
	    &flow->word, &old, new, memory_order_acq_rel, memory_order_acquire);
}

static inline uint32_t
flow_get(const _Atomic uint32_t *field)
{
	return atomic_load_explicit(field, memory_order_relaxed);
}

/* Stores only changes: an unchanged line stays shared between cores. */
static inline void
flow_set(_Atomic uint32_t *field, uint32_t value)
{
	if (flow_get(field) != value)
		atomic_store_explicit(field, value, memory_order_relaxed);
}

/* What was there.  Acquire and release: who takes a value out sees what its
 * bringer did before, and what the one did who took out the value before. */
static inline uint32_t
flow_exchange(_Atomic uint32_t *field, uint32_t value)
{
	return atomic_exchange_explicit(field, value, memory_order_acq_rel);
}

/* False: *old is what it is now.  Orders as the exchange does. */
static inline bool
flow_swap(_Atomic uint32_t *field, uint32_t *old, uint32_t new)
{
	return atomic_compare_exchange_strong_explicit(
	    field, old, new, memory_order_acq_rel, memory_order_acquire);
}

/* Any thread; exact. */
static inline void
flow_add(_Atomic uint32_t *field, int n)
{
	atomic_fetch_add_explicit(field, (uint32_t)n, memory_order_relaxed);
}

static inline uint64_t
flow_get64(const _Atomic uint64_t *field)
{
	return atomic_load_explicit(field, memory_order_relaxed);
}

static inline void
flow_set64(_Atomic uint64_t *field, uint64_t value)
{
	atomic_store_explicit(field, value, memory_order_relaxed);
}

/* False: *old is what it is now.  No order: the word is whole by itself. */
static inline bool
flow_change_window(
    struct flow *flow, unsigned side, uint64_t *old, uint64_t new)
{
	return atomic_compare_exchange_weak_explicit(&flow->window[side], old,
	    new, memory_order_relaxed, memory_order_relaxed);
}

/* A flow's packets come by one queue, so two workers meet here only while that
 * changes, and may lose a count then: a locked addition for each packet would
 * cost a seventh of all it takes. */
static inline void
flow_count(struct flow *flow, unsigned side, uint32_t bytes)
{
	_Atomic uint32_t *packets = &flow->packets[side];
	_Atomic uint64_t *octets = &flow->bytes[side];

	atomic_store_explicit(
	    packets, flow_get(packets) + 1, memory_order_relaxed);
	atomic_store_explicit(
	    octets, flow_get64(octets) + bytes, memory_order_relaxed);
}

/* To the later of old and new, modulo 2^32. */
void flow_advance(_Atomic uint32_t *field, uint32_t value);
void flow_advance_window(_Atomic uint64_t *window, uint32_t end, uint32_t edge);
/* To the larger. */
void flow_raise(_Atomic uint32_t *field, uint32_t value);

#endif
