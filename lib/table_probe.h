/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a stress test takes part in table.c: nothing at all in the product.
 * Compiled with TABLE_PROBED, table.c calls a point before each step that
 * other threads can see, so that a test can stop a thread there for good, and
 * lets the test choose the hash and look at what is free again.  Only table.c
 * and those tests include it.
 */
#ifndef EPHEMERALD_TABLE_PROBE_H
#define EPHEMERALD_TABLE_PROBE_H

/* name, what comes next */
#define TABLE_POINTS(X)                                                        \
	X(HINT_SLOT, "prefetch: read a slot")                                  \
	X(CONFIRM, "confirm: compare the key and the word")                    \
	X(FIND_SLOT, "find: read a slot")                                      \
	X(FIND_FLOW, "find: compare the key and the word of a candidate")      \
	X(TAKE, "take: count it")                                              \
	X(TAKE_TOO_MANY, "take: over the limit, take it back")                 \
	X(POP, "take: read the top of the free entries")                       \
	X(POP_NEXT, "take: follow a link")                                     \
	X(POP_SWAP, "take: cut the chain off")                                 \
	X(PLACE, "insert: put the pending entry in a slot")                    \
	X(SETTLE_SLOT, "insert: read a slot")                                  \
	X(SETTLE_FLOW, "insert: compare the key of a candidate")               \
	X(SETTLE_WITHDRAW, "insert: empty the pending slot of another")        \
	X(WITHDRAW, "insert: another is live, empty the own slot")             \
	X(PUBLISH, "insert: pending becomes live")                             \
	X(AGAIN, "insert: the slot was emptied by another, start again")       \
	X(CLEAR_SLOT, "insert: no room, read a slot")                          \
	X(KILL, "kill: the word becomes dead")                                 \
	X(KILL_SLOT, "kill: read a slot")                                      \
	X(EMPTY_SLOT, "kill, insert: empty the slot of a dead flow")           \
	X(RETIRE, "retire: count it no more")                                  \
	X(PUSH_LINK, "hand over, reclaim: link the chain to the stack")        \
	X(PUSH_SWAP, "hand over, reclaim: put the chain on the stack")         \
	X(RECLAIM, "reclaim: take what is retired")                            \
	X(RECLAIM_WAIT, "reclaim: wait for the readers")                       \
	X(RECLAIM_NEXT, "reclaim: follow a link")                              \
	X(SHARE, "sweep: take the next share")

enum table_point {
#define TABLE_POINT_ENUM(name, next) POINT_##name,
	TABLE_POINTS(TABLE_POINT_ENUM)
#undef TABLE_POINT_ENUM
	    POINT_COUNT
};

#ifdef TABLE_PROBED

#include "table.h"

/* The test's. */
void table_probe_point(enum table_point point);
uint64_t table_probe_hash(uint64_t hash);
/* The entry has just become free. */
void table_probe_freed(struct flow *flow);

#define TABLE_POINT(name) table_probe_point(POINT_##name)
#define TABLE_HASH(hash)  table_probe_hash(hash)
#define TABLE_FREED(flow) table_probe_freed(flow)

#else

#define TABLE_POINT(name) ((void)0)
#define TABLE_HASH(hash)  (hash)
#define TABLE_FREED(flow) ((void)0)

#endif

#endif
