/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question that names no source port is one of every ephemeral port.
 * Threads as explain.h.
 */
#ifndef EPHEMERALD_EXPLAIN_PORTS_H
#define EPHEMERALD_EXPLAIN_PORTS_H

#include "explain.h"

/* As explain_json(), of source ports 1024-65535: for each answer of its own, or
 * fate of the reply, the ports that have it.  The object is of those that most
 * clients use, with the others in its array "others". */
void explain_ports_json(const struct filter *filter,
    const struct policy *policy, const struct interfaces *interfaces,
    const struct packet *packet, uint64_t now_ms, struct json *json);

#endif
