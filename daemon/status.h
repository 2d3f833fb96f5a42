/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the firewall is doing, as one JSON object.  Main thread.
 */
#ifndef EPHEMERALD_STATUS_H
#define EPHEMERALD_STATUS_H

#include "json.h"
#include "rules.h"

struct commands;

/* The object, on a line. */
void status_write(struct json *json, const struct commands *commands);
/* Its member "rules": how many each table has, null: no such table. */
void status_rule_counts(struct json *json, const struct policy *policy);

#endif
