/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limits and timeouts of a rule as text, for print.c.
 */
#ifndef EPHEMERALD_PRINT_LIMITS_H
#define EPHEMERALD_PRINT_LIMITS_H

#include "rules.h"

#define LIMITS_TEXT_SIZE 384

/* `limit = "10/s"; max_flows = 100; ... `, as rule_print(). */
void limits_print(const struct rule *rule, char out[LIMITS_TEXT_SIZE]);

#endif
