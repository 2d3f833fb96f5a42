/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The partner: the flows of the benchmark in liburcu's cds_lfht, as a program
 * would use it that needs a lock-free table and writes none.  Same key, same
 * hash, same touch, one allocation for each flow.  One thread, a QSBR reader.
 */
#ifndef EPHEMERALD_LFHT_H
#define EPHEMERALD_LFHT_H

#include "table.h"

struct lfht;

/* Pre-sized: it never grows. */
struct lfht *lfht_create(size_t flows);
void lfht_destroy(struct lfht *lfht);
/* NULL: not there. */
struct flow *lfht_find(struct lfht *lfht, const struct key *key, uint64_t hash);
/* False: it is there already. */
bool lfht_insert(
    struct lfht *lfht, const struct key *key, uint64_t hash, uint64_t word);
bool lfht_remove(struct lfht *lfht, const struct key *key, uint64_t hash);
/* After lfht_remove(): free them. */
void lfht_reclaim(struct lfht *lfht);

#endif
