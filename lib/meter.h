/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Meters: how many flows are live and how fast new ones come, of a rule as a
 * whole or of one source under it.  Shared by all workers, lock-free, bounded;
 * a meter that says nothing any more is forgotten.
 *
 * Worker indices and read sides are those of table.h.
 */
#ifndef EPHEMERALD_METER_H
#define EPHEMERALD_METER_H

#include "address.h"

struct meters;
struct flow; /* a meter, as the table knows it */

/* Which meter. */
struct meter_name {
	uint32_t identity; /* of the rule */
	bool per_source;
	struct address source; /* per_source: cut to what counts as one */
};

/* What it lets by. */
struct meter_terms {
	uint32_t cap;         /* live flows; METER_UNCAPPED; 0: not counted */
	uint32_t interval_us; /* between two tokens; 0: no rate */
	uint64_t depth_us;    /* interval_us x burst */
};
#define METER_UNCAPPED UINT32_MAX
/* The most for depth_us: far below half of the clock in the word. */
#define METER_DEPTH_MAX_US (UINT64_C(86400) * 1000000)

enum meter_answer { METER_TAKEN, METER_CAP, METER_NO_TOKEN, METER_NO_ROOM };

/* The word of a meter: live bit, 25 bits of count, and 38 bits of the time at
 * which its bucket will be full again.  Takes one of each that the terms ask
 * for, or leaves the word alone and says what is lacking. */
enum meter_answer meter_step(
    uint64_t *word, const struct meter_terms *terms, uint64_t now_us);
uint64_t meter_fresh(uint64_t now_us);
uint32_t meter_word_count(uint64_t word);
/* Says it nothing that a fresh one would not? */
bool meter_idle(uint64_t word, uint64_t now_us);

/* An IPv4 address counts for itself, of an IPv6 one its /64. */
struct address meter_source(struct address address);

/* NULL: out of memory.  Room for so many sources, and for all rules. */
struct meters *meters_create(
    uint32_t sources, unsigned workers, const uint8_t hash_key[16]);
void meters_destroy(struct meters *meters); /* NULL is fine */

/* METER_NO_ROOM: a new source, and the table is full. */
enum meter_answer meter_take(struct meters *meters, unsigned worker,
    const struct meter_name *name, const struct meter_terms *terms,
    uint64_t now_us);
/* What meter_take() would say; takes nothing. */
enum meter_answer meter_ask(const struct meters *meters,
    const struct meter_name *name, const struct meter_terms *terms,
    uint64_t now_us);
/* Undo a take: one of the count if `counted`, and the token if it had one. */
void meter_give(struct meters *meters, const struct meter_name *name,
    bool counted, uint32_t interval_us);
/* One more of its flows, which is counted, shows that its source is whom it
 * says it is; or, with what that returned, one less.  NULL: it is not counted.
 */
struct flow *meter_prove(
    const struct meters *meters, const struct meter_name *name);
void meter_unprove(struct flow *meter);
struct flow *meter_find(
    const struct meters *meters, const struct meter_name *name);
/* How many flows show it. */
uint32_t meter_proofs(
    const struct meters *meters, const struct meter_name *name);
/* Live flows now. */
uint32_t meter_count(
    const struct meters *meters, const struct meter_name *name);
/* Sources now. */
uint32_t meters_sources(const struct meters *meters);

/* Forget idle meters, a bounded step.  Worker, between batches. */
void meters_sweep(struct meters *meters, unsigned worker, uint64_t now_us);
/* As of the table. */
void meters_hand_over(struct meters *meters, unsigned worker);
void meters_reclaim(struct meters *meters);

#endif
