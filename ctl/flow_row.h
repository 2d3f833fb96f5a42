/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows, as the daemon describes them, back into packets.
 */
#ifndef EPHEMERALD_FLOW_ROW_H
#define EPHEMERALD_FLOW_ROW_H

#include <jansson.h>

#include "interfaces.h"
#include "packet.h"

/* The packet that opened the flow, as far as rules can see it.  False: the row
 * does not describe one. */
bool flow_row_packet(
    const json_t *row, struct interfaces *interfaces, struct packet *first);

#endif
