/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of connections, for whoever wants to know: a record of a
 * worker's ring.  Plain values.
 */
#ifndef EPHEMERALD_FLOW_EVENT_H
#define EPHEMERALD_FLOW_EVENT_H

#include "conntrack.h"

enum flow_change {
	FLOW_NEW,
	FLOW_ASSURED, /* handshake completed, or answered */
	FLOW_END,
};

struct flow_event {
	uint64_t time_ms; /* clock of filter_batch() */
	uint8_t change;   /* enum flow_change */
	uint8_t end;      /* enum flow_end, with FLOW_END */
	struct flow_view flow;
};

const char *flow_change_name(enum flow_change change); /* "new", ... */
const char *flow_end_name(enum flow_end end);          /* "expired", ... */

#endif
