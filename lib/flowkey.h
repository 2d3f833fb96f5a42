/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tuples as the flow table files them, and back.  Inside lib; any thread with
 * a read side (table.h).
 */
#ifndef EPHEMERALD_FLOWKEY_H
#define EPHEMERALD_FLOWKEY_H

#include "packet.h"
#include "state.h"
#include "table.h"

/* Where to look for a packet's connection, computed once. */
struct lookup {
	struct key key;
	uint64_t hash;
	struct flow *hint; /* the flow, perhaps; of the same read side */
	bool src_is_high;  /* the packet's source is the second of the key */
};

/* Under which the tuple's flow is filed, from either direction. */
void flowkey_lookup(const struct table *table, const struct tuple *tuple,
    struct lookup *lookup);
/* Write down that this packet opens the flow, on that hook. */
void flowkey_set_origin(
    struct key *key, const struct lookup *lookup, uint8_t direction);

/* In the spare byte of a key's last word. */
#define OPENER_IS_HIGH  1u
#define DIRECTION_SHIFT 1
#define DIRECTION_BITS  3u

static inline enum direction
flowkey_word_direction(uint64_t last_word)
{
	return last_word >> DIRECTION_SHIFT & DIRECTION_BITS;
}

static inline unsigned
flowkey_word_side(uint64_t last_word, bool src_is_high)
{
	return src_is_high == (last_word & OPENER_IS_HIGH) ? OPENER : RESPONDER;
}

/* Whether OPENER or RESPONDER of the flow sent the packet looked up. */
unsigned flowkey_side(const struct flow *flow, const struct lookup *lookup);
/* Hook and tuple of the packet that opened it. */
enum direction flowkey_direction(const struct flow *flow);
struct tuple flowkey_tuple(const struct flow *flow);
/* The same of a key outside of the table, whose words may be anything. */
enum direction flowkey_direction_of(const struct key *key);
struct tuple flowkey_tuple_of(const struct key *key);

#endif
