/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would happen to a packet, and to its answer, asked without sending it.
 * Nothing is counted, opened or changed.
 */
#ifndef EPHEMERALD_EXPLAIN_H
#define EPHEMERALD_EXPLAIN_H

#include "filter.h"
#include "json.h"

/* What becomes of the answer to a packet that `trial` accepted: ESTABLISHED
 * if it passes by state.  filter: as below. */
struct trial explain_reply(const struct filter *filter,
    const struct policy *policy, const struct interfaces *interfaces,
    const struct packet *packet, const struct trial *trial, uint64_t now_ms);
/* The whole answer as one JSON object (no newline).  filter: NULL if there are
 * no live flows to look at.  Keeper thread.  Returns the verdict. */
enum verdict explain_json(const struct filter *filter,
    const struct policy *policy, const struct interfaces *interfaces,
    const struct packet *packet, uint64_t now_ms, struct json *json);

/* The members of that object; source_ports: those that the packet may have
 * instead of its own, NULL: none. */
enum verdict explain_members(const struct filter *filter,
    const struct policy *policy, const struct interfaces *interfaces,
    const struct packet *packet, uint64_t now_ms, const char *source_ports,
    struct json *json);

#endif
