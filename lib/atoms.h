/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interface names as numbers, for arithmetic: the names that rules use cut all
 * possible ones, in the order of bytes, into a few intervals, and each name or
 * pattern is a run of them.  One thread.
 */
#ifndef EPHEMERALD_ATOMS_H
#define EPHEMERALD_ATOMS_H

#include <stdbool.h>
#include <stddef.h>

struct atoms;

/* Names as they stand in rules, "eth0" or "wg*"; borrowed.  NULL: out of
 * memory. */
struct atoms *atoms_create(const char *const *names, size_t count);
void atoms_destroy(struct atoms *atoms); /* NULL is fine */

size_t atoms_count(const struct atoms *atoms); /* at least 1 */
/* The numbers, inclusive, that one of those names stands for. */
void atoms_find(
    const struct atoms *atoms, const char *name, size_t *low, size_t *high);
/* The names in any order, without repeats, and NULL behind the last. */
const char *atoms_name(const struct atoms *atoms, size_t i);

#endif
