/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker tells the main thread of a packet that it dropped, or that a
 * rule wants to be logged: a record of its ring.
 */
#ifndef EPHEMERALD_DROP_H
#define EPHEMERALD_DROP_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

#define DROPS_WAITING 1024 /* of a worker, at most */

struct drop {
	struct tuple tuple;
	uint64_t time_ms;       /* clock of filter_batch() */
	uint64_t generation;    /* of the policy that decided */
	uint32_t rule_identity; /* 0: none */
	uint32_t length;        /* of the IP packet */
	uint16_t in_interface, out_interface;
	uint8_t direction; /* enum direction */
	uint8_t why;       /* enum reason */
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	bool log; /* as the rule wants */
	/* Dropped or not, the shadow policy would have said this; or
	 * UNDECIDED: a drop, of which the shadow said nothing else. */
	uint8_t shadow_why;
	uint32_t shadow_rule; /* identity in the shadow, 0: none */
};

#endif
