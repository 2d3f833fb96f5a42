/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of our table, put into a batch.  Part of hook.c.
 */
#ifndef EPHEMERALD_HOOK_RULES_H
#define EPHEMERALD_HOOK_RULES_H

#include <stdbool.h>

#include "hook.h"
#include "hook_batch.h"

/* The table as the plan wants it, with this leaf (not LEAF_AUTO); without
 * `answers` a rejected packet is dropped silently. */
void hook_rules(struct batch *batch, const struct hook_plan *plan,
    enum hook_leaf leaf, bool answers, bool fast_path);

#endif
