/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands answer with, as JSON objects of one line each.  Whatever is
 * not known or not there is null, never 0.
 */
#ifndef EPHEMERALD_ROWS_H
#define EPHEMERALD_ROWS_H

#include "drops.h"
#include "filter.h"
#include "json.h"

/* KEY: epoch seconds, KEY_iso: ISO 8601 in UTC.  0: null. */
void row_time(struct json *json, const char *key, uint64_t epoch_ms);

/* wall_offset_ms: see clock.h. */
void row_rule(struct json *json, enum table_id table, const struct rule *rule,
    const struct rule_totals *totals, int64_t wall_offset_ms);
/* What no rule of the table allows. */
void row_rest(struct json *json, enum table_id table, uint64_t hits);
/* A line of text. */
void row_line(struct json *json, const char *line);
/* policy: that names the rule which let it in, if it still has that. */
void row_flow_members(struct json *json, const struct flow_view *flow,
    const struct interfaces *interfaces, const struct policy *policy);
void row_flow(struct json *json, const struct flow_view *flow,
    const struct interfaces *interfaces, const struct policy *policy);
void row_drop(struct json *json, const struct drop_row *row,
    const struct interfaces *interfaces);

#endif
