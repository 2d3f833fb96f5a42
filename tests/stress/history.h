/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Was there an order?  Given what several threads asked of one key of the flow
 * table, when each call began and ended, and what it answered: is there a
 * sequence that respects these times, in which every answer is right?  Plain
 * values, any thread.
 */
#ifndef EPHEMERALD_HISTORY_H
#define EPHEMERALD_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call { FIND, READ, INSERT, CHANGE, KILL };

/* A flow is known by the word that it was born with: `flow`, 0: none.
 *   FIND            got `flow`
 *   READ flow       got `word`, 0: dead
 *   INSERT flow     ok: it is live, with that word; else `other` is live
 *   CHANGE, KILL    of flow with `word`, to `to`, or dead
 */
struct operation {
	enum call call;
	bool ok;
	uint64_t flow, word, to, other;
	uint64_t start, end; /* equal numbers: at the same time */
};

/* The key: which flow is live, and its word; 0, 0: none. */
struct truth {
	uint64_t flow, word;
};

#define HISTORY_MOST 64

/* Up to HISTORY_MOST operations that began when all before them had ended and
 * the key was `truth`.  True: there is such an order; then *truth is what the
 * key is after it.  Put a FIND and a READ last, or it may be one of several. */
bool history_is_linear(
    const struct operation *operations, size_t count, struct truth *truth);
void history_print(const struct operation *operations, size_t count);

#endif
