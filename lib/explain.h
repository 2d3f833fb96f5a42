/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would happen to a packet, and to its answer, asked without sending it.
 * Nothing is counted, opened or changed.
 */
#ifndef EPHEMERALD_EXPLAIN_H
#define EPHEMERALD_EXPLAIN_H

#include "filter.h"
#include "json.h"

#define EXPLAIN_ERROR_SIZE 160

/* The packet that the words describe, one that may open a connection (TCP: a
 * SYN, ICMP: an echo request).  Directions "inbound", "outbound", "forward";
 * protocol by name or number; endpoints "ADDRESS", "ADDRESS:PORT",
 * "[ADDRESS]:PORT"; without source port an ephemeral one is taken.  False:
 * error says what is wrong and what is accepted. */
bool explain_parse(const char *direction, const char *protocol,
    const char *source, const char *destination, struct packet *out,
    char error[EXPLAIN_ERROR_SIZE]);
/* The whole answer as one JSON object (no newline).  filter: NULL if there are
 * no live flows to look at.  Keeper thread.  Returns the verdict. */
enum verdict explain_json(const struct filter *filter,
    const struct policy *policy, const struct interfaces *interfaces,
    const struct packet *packet, uint64_t now_ms, struct json *json);

#endif
