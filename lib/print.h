/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies as text.  What is printed reads back as the same policy.
 */
#ifndef EPHEMERALD_PRINT_H
#define EPHEMERALD_PRINT_H

#include "rules.h"

/* The rule on one line, config syntax without file and line, as
 * `{ port = (80, "8000-8100"); action = "allow"; }`: keys in a fixed order,
 * defaults left out, canonical values.  malloc'd; NULL: out of memory. */
char *rule_print(const struct rule *rule);
/* The whole policy in config syntax.  malloc'd; NULL: out of memory. */
char *policy_print(const struct policy *policy);

#endif
