/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live members of the daemon's sets, for policies that are read here.
 */
#ifndef EPHEMERALD_DIFF_SETS_H
#define EPHEMERALD_DIFF_SETS_H

#include "command.h"
#include "rules.h"

/* Give the sets of the policies those live members that the sets of that name
 * have in the daemon.  Returns the exit code. */
int diff_sets_fetch(
    const struct call *call, struct policy *const *policies, size_t count);
void diff_sets_forget(struct policy *policy); /* NULL is fine */

#endif
