/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tuples and flows as members of a JSON object that is open.  Any thread.
 */
#ifndef EPHEMERALD_DESCRIBE_H
#define EPHEMERALD_DESCRIBE_H

#include "conntrack.h"
#include "interfaces.h"
#include "json.h"

/* "protocol", "source", "source_port", "destination", "destination_port"; ports
 * are null where the protocol has none, all if the packet could not be read
 * that far, and so has no family. */
void describe_tuple(struct json *json, const struct tuple *tuple);
/* All of a flow but its rule. */
void describe_flow(struct json *json, const struct flow_view *flow,
    const struct interfaces *interfaces);

#endif
