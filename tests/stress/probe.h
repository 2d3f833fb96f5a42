/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stress tests that take part in table.c share (lib/table_probe.h):
 * flows with the key of a number, and entries that are poisoned while they are
 * free, so that a reader or a writer that comes too late is seen.
 */
#ifndef EPHEMERALD_PROBE_H
#define EPHEMERALD_PROBE_H

#include "table.h"
#include "table_probe.h"

struct key probe_key(unsigned n);
/* Is it the flow of that key, whole? */
bool probe_is(const struct flow *flow, unsigned n);

/* A taken entry, with that key and word; NULL: none.  Fails the test if
 * somebody wrote to it while it was free. */
struct flow *probe_take(
    struct table *table, unsigned worker, unsigned n, uint64_t word);
/* Told of each entry that is free again; NULL: nobody is. */
extern void (*probe_freed)(struct flow *flow);

/* How many live flows have that key. */
unsigned probe_live(const struct table *table, unsigned n);
/* Flows that can be reached, by walking all slots. */
uint32_t probe_reachable(const struct table *table);

/* Print what is wrong and end the test. */
_Noreturn void probe_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
