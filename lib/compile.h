/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a policy quick to search.  One thread, before the policy is used.
 */
#ifndef EPHEMERALD_COMPILE_H
#define EPHEMERALD_COMPILE_H

#include "diagnostics.h"
#include "rules.h"

/* Gives every table that is long enough an index, and holds each against the
 * rules themselves: one that disagrees is not used, and a notice says so. */
void policy_compile(struct policy *policy, struct diagnostics *notices);

/* Do the rules decide the same by their index as in order?  Asked of packets at
 * the ends of what the rules ask for. */
bool index_agrees(const struct rules *rules);

#endif
