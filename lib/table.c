/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buckets of eight 64-bit slots {pending, tag, index} point into an array of
 * entries.  A key may stand in two buckets, chosen by the two halves of its
 * hash; a newcomer takes the emptier one, so at the load of 1/2 used here a
 * bucket pair is practically never full, and nothing ever moves.
 *
 * Insert, so that a key is never live twice.  The entry goes in as *pending*,
 * which readers ignore.  Then both buckets are scanned: a live entry of the
 * same key wins, ours goes back; a pending one is emptied.  Then pending
 * becomes live by CAS, which fails if another inserter emptied ours: start
 * again.  Proof, all slot operations being seq_cst: of two inserters of one
 * key, let B place its pending slot last.  B's scan comes after both placings
 * and sees A pending (empties it, so A's last CAS fails) or live (B gives up).
 * If A turned live between B's look and B's CAS on it, that CAS fails and B
 * looks again.  Two that keep emptying each other pause by worker number, so
 * they are obstruction-free against each other and wait for nobody: an inserter
 * stopped at any point leaves a pending slot that anyone may empty.
 *
 * Remove.  The word (state, last seen) goes to dead by CAS: a packet that
 * refreshed it in between keeps its flow.  Dead is final and counts as absent.
 * Then the slot is emptied by CAS, by whoever meets it first, and only who
 * emptied it retires the entry: once.
 *
 * Reuse.  A retired entry may still be read by a worker that found it before.
 * It is free again after a grace period of QSBR (liburcu), so a key never
 * changes under a reader and a slot value never returns while someone holds it
 * (no ABA).  Workers collect retired entries in a chain of their own and hand
 * it over whole; a stopped worker delays reuse, and nothing else: inserts live
 * on the reserve, then report a full table.
 *
 * Assumed: 64-bit CAS is lock-free; every thread that calls is a registered
 * QSBR reader and online.
 *
 * Shown, all in tests/stress.  For one key, 2 or 3 slots, up to 3 inserters, a
 * remover and a reader, in every order of their steps (table.pml, spin): never
 * two live, one retirement, no kill of a refreshed flow, no use after reuse,
 * and each alone ends in bounded steps wherever the others stand.  Of this
 * code: no other worker waits for one stopped at any step (progress.c), and
 * answers of threads at once are those of some order (linear.c).  Not shown:
 * weaker memory than that of sequential consistency and of the machines it ran
 * on; how long two inserters of a key can go on emptying each other.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "siphash.h"
#include "table_probe.h"
#include "table_slot.h"

#define CHAIN 32 /* entries handed over at once */

struct bucket {
	_Alignas(64) _Atomic uint64_t slot[SLOTS];
};

/* One thread's own: chains through table.next, 0 ends. */
struct share {
	_Alignas(64) uint32_t free;
	uint32_t retired, retired_last, retired_count;
};

struct table {
	struct siphash_key hash_key;
	struct bucket *buckets;
	struct flow *flows; /* index 1 ... capacity */
	_Atomic uint32_t *next;
	struct share *shares;
	void *own; /* to be freed, if the memory is not the caller's */
	size_t size;
	void (*wait)(void *context); /* table_wait_for(), or NULL */
	void *wait_context;
	uint32_t bucket_count, capacity, limit;
	unsigned workers;
	_Alignas(64) _Atomic uint32_t count;
	_Alignas(64) _Atomic uint64_t free;    /* {version, index} */
	_Alignas(64) _Atomic uint64_t retired; /* {version, index} */
	_Alignas(64) _Atomic uint64_t shares_given;
};

static size_t
round_up(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

/* What is where in a table's memory. */
struct plan {
	uint32_t capacity, bucket_count;
	size_t shares, buckets, flows, next,
	    size; /* from the start, in bytes */
};

/* size 0: too large. */
static struct plan
plan_of(uint32_t max_flows, unsigned workers)
{
	/* A reserve for entries between removal and reuse, and for what each
	   thread holds in chains. */
	uint64_t capacity =
	    (uint64_t)max_flows + max_flows / 32 + (workers + 1) * 4 * CHAIN;
	uint64_t bucket_count = capacity / (SLOTS / 2) + 2;
	struct plan plan = { .size = 0 };

	if (capacity >= UINT32_MAX)
		return plan;
	plan.capacity = (uint32_t)capacity;
	plan.bucket_count = (uint32_t)bucket_count;
	plan.shares = round_up(sizeof(struct table));
	plan.buckets =
	    plan.shares + round_up((workers + 1) * sizeof(struct share));
	plan.flows = plan.buckets + bucket_count * sizeof(struct bucket);
	plan.next = plan.flows + (capacity + 1) * sizeof(struct flow);
	plan.size = plan.next + (capacity + 1) * sizeof(uint32_t);
	return plan;
}

size_t
table_size(uint32_t max_flows, unsigned workers)
{
	return plan_of(max_flows, workers).size;
}

struct table *
table_create(void *memory, uint32_t max_flows, unsigned workers,
    const uint8_t hash_key[16])
{
	struct plan plan = plan_of(max_flows, workers);
	char *at = memory, *own = NULL;

	if (!plan.size)
		return NULL;
	/* calloc, not aligned_alloc: untouched pages cost no memory. */
	if (!memory && !(own = calloc(1, plan.size + 64)))
		return NULL;
	if (own)
		at = own + (64 - (uintptr_t)own % 64);

	struct table *table = (void *)at;
	table->own = own;
	table->size = plan.size;
	table->shares = (void *)(at + plan.shares);
	table->buckets = (void *)(at + plan.buckets);
	table->flows = (void *)(at + plan.flows);
	table->next = (void *)(at + plan.next);
	table->bucket_count = plan.bucket_count;
	table->capacity = plan.capacity;
	table->limit = max_flows;
	table->workers = workers;
	memcpy(&table->hash_key, hash_key, sizeof(table->hash_key));
	for (uint32_t i = 1; i < table->capacity; i++)
		atomic_init(&table->next[i], i + 1);
	atomic_init(&table->free, 1);
	return table;
}

void
table_destroy(struct table *table)
{
	if (table)
		free(table->own);
}

void *
table_memory(const struct table *table, size_t *size)
{
	*size = table->size;
	return (void *)(uintptr_t)table;
}

struct table_places
table_places(const struct table *table)
{
	uintptr_t start = (uintptr_t)table;
	struct table_places places = {
		.slots_at = (uintptr_t)table->buckets - start,
		.slots = table_slots(table),
		.flows_at = (uintptr_t)table->flows - start,
		.flows = (uint64_t)table->capacity + 1,
	};
	return places;
}

uint32_t
table_entry_named(uint64_t slot)
{
	return slot & PENDING ? 0 : (uint32_t)(slot & INDEX_MASK);
}

void
table_hash_key(const struct table *table, uint64_t key[2])
{
	memcpy(key, &table->hash_key, sizeof(table->hash_key));
}

uint64_t
table_hash(const struct table *table, const struct key *key)
{
	return TABLE_HASH(siphash_ending(&table->hash_key, key->word,
	    KEY_WORDS - 1, KEY_ENDING(key->word[KEY_WORDS - 1])));
}

static struct bucket *
bucket_of(const struct table *table, uint64_t hash, unsigned which)
{
	return &table->buckets[slot_bucket(hash, which, table->bucket_count)];
}

void
table_prefetch_buckets(const struct table *table, uint64_t hash)
{
	__builtin_prefetch(bucket_of(table, hash, 0));
	__builtin_prefetch(bucket_of(table, hash, 1));
}

/* Entry 0, which no slot names, is as good as any. */
static void
prefetch_flow(const struct table *table, uint64_t index)
{
	const char *flow = (const char *)&table->flows[index];

	__builtin_prefetch(flow, 1);
	__builtin_prefetch(flow + 64, 1);
}

struct flow *
table_prefetch_flow(const struct table *table, uint64_t hash)
{
	uint64_t tag = slot_tag(hash);

	for (unsigned which = 0; which < 2; which++) {
		const struct bucket *bucket = bucket_of(table, hash, which);
		for (unsigned i = 0; i < SLOTS; i++) {
			TABLE_POINT(HINT_SLOT);
			/* Pairs with the CAS that published the entry. */
			uint64_t slot = atomic_load_explicit(
			    &bucket->slot[i], memory_order_acquire);
			if (!slot_names(slot, tag))
				continue;
			prefetch_flow(table, slot & INDEX_MASK);
			return &table->flows[slot & INDEX_MASK];
		}
	}
	return NULL;
}

static bool
same_key(const struct flow *flow, const struct key *key)
{
	uint64_t differ = 0;

	for (unsigned i = 0; i < KEY_WORDS; i++) {
		uint64_t x = flow_get64(&flow->key[i]) ^ key->word[i];
		differ |= i == KEY_WORDS - 1 ? x & ~KEY_IGNORED : x;
	}
	return !differ;
}

/* A key has one live flow, so who holds it need not search. */
bool
table_confirm(const struct flow *flow, const struct key *key)
{
	TABLE_POINT(CONFIRM);
	return flow && same_key(flow, key) && flow_word(flow);
}

struct flow *
table_find(const struct table *table, const struct key *key, uint64_t hash)
{
	uint64_t tag = slot_tag(hash);

	for (unsigned which = 0; which < 2; which++) {
		const struct bucket *bucket = bucket_of(table, hash, which);
		for (unsigned i = 0; i < SLOTS; i++) {
			TABLE_POINT(FIND_SLOT);
			/* Pairs with the CAS that published the entry. */
			uint64_t slot = atomic_load_explicit(
			    &bucket->slot[i], memory_order_acquire);
			if (!slot_names(slot, tag))
				continue;
			struct flow *flow = &table->flows[slot & INDEX_MASK];
			TABLE_POINT(FIND_FLOW);
			if (same_key(flow, key) && flow_word(flow))
				return flow;
		}
	}
	return NULL;
}

/* Push the chain first ... last on a stack. */
static void
push_chain(
    struct table *table, _Atomic uint64_t *stack, uint32_t first, uint32_t last)
{
	uint64_t top = atomic_load_explicit(stack, memory_order_relaxed);

	do {
		TABLE_POINT(PUSH_LINK);
		atomic_store_explicit(&table->next[last],
		    (uint32_t)(top & INDEX_MASK), memory_order_relaxed);
		TABLE_POINT(PUSH_SWAP);
		/* release: who pops sees the links */
	} while (!atomic_compare_exchange_weak_explicit(stack, &top,
	    ((top >> 32) + 1) << 32 | first, memory_order_acq_rel,
	    memory_order_relaxed));
}

/* Pop up to CHAIN entries; the version in the top word makes a stale walk of
 * the links fail at the CAS. */
static uint32_t
pop_chain(struct table *table, _Atomic uint64_t *stack)
{
	TABLE_POINT(POP);
	uint64_t top = atomic_load_explicit(stack, memory_order_acquire);

	for (;;) {
		uint32_t first = (uint32_t)(top & INDEX_MASK), last = first;
		if (!first)
			return 0;
		for (unsigned n = 1; n < CHAIN; n++) {
			TABLE_POINT(POP_NEXT);
			uint32_t after = flow_get(&table->next[last]);
			if (!after)
				break;
			last = after;
		}
		uint64_t rest = flow_get(&table->next[last]);
		TABLE_POINT(POP_SWAP);
		if (atomic_compare_exchange_weak_explicit(stack, &top,
			((top >> 32) + 1) << 32 | rest, memory_order_acq_rel,
			memory_order_acquire)) {
			atomic_store_explicit(
			    &table->next[last], 0, memory_order_relaxed);
			return first;
		}
	}
}

struct flow *
table_take(struct table *table, unsigned worker)
{
	struct share *share = &table->shares[worker];

	/* The exact limit: add first, take back what is too much. */
	TABLE_POINT(TAKE);
	if (atomic_fetch_add(&table->count, 1) >= table->limit) {
		TABLE_POINT(TAKE_TOO_MANY);
		atomic_fetch_sub(&table->count, 1);
		return NULL;
	}
	if (!share->free)
		share->free = pop_chain(table, &table->free);
	uint32_t index = share->free;
	if (!index) {
		atomic_fetch_sub(&table->count, 1);
		return NULL;
	}
	share->free = flow_get(&table->next[index]);
	prefetch_flow(table, share->free);
	return &table->flows[index];
}

void
table_hand_over(struct table *table, unsigned worker)
{
	struct share *share = &table->shares[worker];

	if (!share->retired)
		return;
	push_chain(table, &table->retired, share->retired, share->retired_last);
	share->retired = share->retired_count = 0;
}

static void
retire(struct table *table, unsigned worker, uint32_t index)
{
	struct share *share = &table->shares[worker];

	if (!share->retired)
		share->retired_last = index;
	atomic_store_explicit(
	    &table->next[index], share->retired, memory_order_relaxed);
	share->retired = index;
	TABLE_POINT(RETIRE);
	atomic_fetch_sub(&table->count, 1);
	if (++share->retired_count >= CHAIN)
		table_hand_over(table, worker);
}

void
table_give_back(struct table *table, unsigned worker, struct flow *flow)
{
	/* Another inserter may be comparing its key: not before a grace. */
	retire(table, worker, (uint32_t)(flow - table->flows));
}

/* Empty a slot that names a dead flow; true if it was this call. */
static bool
empty_slot(struct table *table, unsigned worker, _Atomic uint64_t *slot,
    uint64_t value)
{
	TABLE_POINT(EMPTY_SLOT);
	if (!atomic_compare_exchange_strong(slot, &value, 0))
		return false;
	retire(table, worker, (uint32_t)(value & INDEX_MASK));
	return true;
}

/* The first empty slot of the emptier bucket, or NULL. */
static _Atomic uint64_t *
empty_place(const struct table *table, uint64_t hash)
{
	_Atomic uint64_t *place[2] = { NULL, NULL };
	unsigned empty[2] = { 0, 0 };

	for (unsigned which = 0; which < 2; which++) {
		struct bucket *bucket = bucket_of(table, hash, which);
		for (unsigned i = SLOTS; i-- > 0;) {
			if (flow_get64(&bucket->slot[i]))
				continue;
			place[which] = &bucket->slot[i];
			empty[which]++;
		}
	}
	return place[empty[1] > empty[0]];
}

/* Among both buckets: the live flow of our key, or NULL after every pending
 * slot of it but ours was emptied. */
static struct flow *
settle(struct table *table, unsigned worker, const struct key *key,
    uint64_t hash, const _Atomic uint64_t *ours)
{
	uint64_t tag = slot_tag(hash);

	for (unsigned n = 0; n < 2 * SLOTS; n++) {
		_Atomic uint64_t *slot =
		    &bucket_of(table, hash, n / SLOTS)->slot[n % SLOTS];
		if (slot == ours)
			continue;
		for (;;) {
			TABLE_POINT(SETTLE_SLOT);
			uint64_t value = atomic_load(slot);
			struct flow *flow = &table->flows[value & INDEX_MASK];
			if (!value || (value & TAG_MASK) != tag)
				break;
			TABLE_POINT(SETTLE_FLOW);
			if (!same_key(flow, key))
				break;
			if (value & PENDING) {
				TABLE_POINT(SETTLE_WITHDRAW);
				/* Its owner starts again, and retires it. */
				atomic_compare_exchange_strong(slot, &value, 0);
				continue;
			}
			if (flow_word(flow))
				return flow;
			empty_slot(table, worker, slot, value);
		}
	}
	return NULL;
}

/* Finish what stopped removers began: empty the slots of dead flows where this
 * hash belongs.  True: there is room now. */
static bool
clear_dead(struct table *table, unsigned worker, uint64_t hash)
{
	bool cleared = false;

	for (unsigned n = 0; n < 2 * SLOTS; n++) {
		_Atomic uint64_t *slot =
		    &bucket_of(table, hash, n / SLOTS)->slot[n % SLOTS];
		TABLE_POINT(CLEAR_SLOT);
		uint64_t value = atomic_load(slot);
		if (!value ||
		    (!(value & PENDING) &&
			!flow_word(&table->flows[value & INDEX_MASK]) &&
			empty_slot(table, worker, slot, value)))
			cleared = true;
	}
	return cleared;
}

static void
pause_for(unsigned turns)
{
	for (unsigned i = 0; i < turns; i++)
		atomic_signal_fence(memory_order_seq_cst);
}

struct flow *
table_insert(
    struct table *table, unsigned worker, struct flow *flow, uint64_t hash)
{
	uint64_t live = slot_tag(hash) | (uint64_t)(flow - table->flows);
	struct key key;

	for (unsigned i = 0; i < KEY_WORDS; i++)
		key.word[i] = flow_get64(&flow->key[i]);
	for (unsigned attempt = 0;; attempt++) {
		_Atomic uint64_t *place = empty_place(table, hash);
		uint64_t expected = 0, pending = live | PENDING;
		if (!place && clear_dead(table, worker, hash))
			continue;
		if (!place)
			return settle(table, worker, &key, hash, NULL);
		TABLE_POINT(PLACE);
		if (!atomic_compare_exchange_strong(place, &expected, pending))
			continue;
		struct flow *other = settle(table, worker, &key, hash, place);
		if (other) {
			TABLE_POINT(WITHDRAW);
			atomic_compare_exchange_strong(place, &pending, 0);
			return other;
		}
		TABLE_POINT(PUBLISH);
		if (atomic_compare_exchange_strong(place, &pending, live))
			return flow;
		TABLE_POINT(AGAIN);
		pause_for((worker + 1) * (attempt + 1) * 64);
	}
}

bool
table_kill(
    struct table *table, unsigned worker, struct flow *flow, uint64_t word)
{
	uint32_t index = (uint32_t)(flow - table->flows);
	struct key key;

	TABLE_POINT(KILL);
	if (!word || !flow_change(flow, word, 0))
		return false;
	for (unsigned i = 0; i < KEY_WORDS; i++)
		key.word[i] = flow_get64(&flow->key[i]);
	uint64_t hash = table_hash(table, &key);
	for (unsigned n = 0; n < 2 * SLOTS; n++) {
		_Atomic uint64_t *slot =
		    &bucket_of(table, hash, n / SLOTS)->slot[n % SLOTS];
		TABLE_POINT(KILL_SLOT);
		uint64_t value = atomic_load(slot);
		if ((value & INDEX_MASK) == index && !(value & PENDING))
			empty_slot(table, worker, slot, value);
	}
	return true;
}

size_t
table_neighbours(const struct table *table, uint64_t hash,
    struct flow *out[TABLE_NEIGHBOURS])
{
	size_t count = 0;

	for (unsigned n = 0; n < 2 * SLOTS; n++) {
		const struct bucket *bucket = bucket_of(table, hash, n / SLOTS);
		uint64_t slot = atomic_load_explicit(
		    &bucket->slot[n % SLOTS], memory_order_acquire);
		struct flow *flow = &table->flows[slot & INDEX_MASK];
		if (slot && !(slot & PENDING) && flow_word(flow))
			out[count++] = flow;
	}
	return count;
}

uint32_t
table_count(const struct table *table)
{
	return atomic_load_explicit(&table->count, memory_order_relaxed);
}

uint32_t
table_limit(const struct table *table)
{
	return table->limit;
}

uint32_t
table_slots(const struct table *table)
{
	return table->bucket_count * SLOTS;
}

struct flow *
table_at(const struct table *table, uint32_t n)
{
	uint64_t slot = atomic_load_explicit(
	    &table->buckets[n / SLOTS].slot[n % SLOTS], memory_order_acquire);
	struct flow *flow = &table->flows[slot & INDEX_MASK];

	return slot && !(slot & PENDING) && flow_word(flow) ? flow : NULL;
}

void
table_prefetch_share(const struct table *table, uint32_t first_slot)
{
	uint32_t end = first_slot + TABLE_SHARE;

	for (uint32_t n = first_slot; n < end && n < table_slots(table); n++) {
		uint64_t slot =
		    flow_get64(&table->buckets[n / SLOTS].slot[n % SLOTS]);
		if (slot)
			__builtin_prefetch(&table->flows[slot & INDEX_MASK]);
	}
}

bool
table_next_share(struct table *table, uint64_t due, uint32_t *first_slot)
{
	uint64_t given =
	    atomic_load_explicit(&table->shares_given, memory_order_relaxed);
	uint64_t shares = (table_slots(table) + TABLE_SHARE - 1) / TABLE_SHARE;
	uint64_t share;

	do {
		if (given >= due)
			return false;
		/* After a long sleep one whole pass is enough. */
		share = given + shares < due ? due - shares : given;
		TABLE_POINT(SHARE);
	} while (!atomic_compare_exchange_weak_explicit(&table->shares_given,
	    &given, share + 1, memory_order_relaxed, memory_order_relaxed));
	*first_slot = (uint32_t)(share % shares) * TABLE_SHARE;
	return true;
}

void
table_wait_for(struct table *table, void (*wait)(void *context), void *context)
{
	table->wait = wait;
	table->wait_context = context;
}

void
table_reclaim(struct table *table)
{
	TABLE_POINT(RECLAIM);
	uint64_t top =
	    atomic_load_explicit(&table->retired, memory_order_relaxed);

	while (top & INDEX_MASK &&
	       !atomic_compare_exchange_weak_explicit(&table->retired, &top,
		   ((top >> 32) + 1) << 32, memory_order_acq_rel,
		   memory_order_relaxed))
		;
	uint32_t first = (uint32_t)(top & INDEX_MASK), last = first;
	if (!first)
		return;
	TABLE_POINT(RECLAIM_WAIT);
	urcu_qsbr_synchronize_rcu();
	if (table->wait)
		table->wait(table->wait_context);
	for (uint32_t after = first; after;
	     after = flow_get(&table->next[last])) {
		TABLE_POINT(RECLAIM_NEXT);
		last = after;
		TABLE_FREED(&table->flows[last]);
	}
	push_chain(table, &table->free, first, last);
}

void
flow_advance(_Atomic uint32_t *field, uint32_t value)
{
	uint32_t old = flow_get(field);

	while ((int32_t)(value - old) > 0 &&
	       !atomic_compare_exchange_weak_explicit(field, &old, value,
		   memory_order_relaxed, memory_order_relaxed))
		;
}

void
flow_advance_window(_Atomic uint64_t *window, uint32_t end, uint32_t edge)
{
	uint64_t old = flow_get64(window), new;

	do {
		uint32_t old_end = (uint32_t)old;
		uint32_t old_edge = (uint32_t)(old >> 32);
		if ((int32_t)(end - old_end) < 0)
			end = old_end;
		if ((int32_t)(edge - old_edge) < 0)
			edge = old_edge;
		new = end | (uint64_t)edge << 32;
	} while (
	    new != old && !atomic_compare_exchange_weak_explicit(window, &old,
			      new, memory_order_relaxed, memory_order_relaxed));
}

void
flow_raise(_Atomic uint32_t *field, uint32_t value)
{
	uint32_t old = flow_get(field);

	while (value > old &&
	       !atomic_compare_exchange_weak_explicit(field, &old, value,
		   memory_order_relaxed, memory_order_relaxed))
		;
}
