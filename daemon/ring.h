/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker tells the main thread of the packets that it dropped, or that a
 * rule wants to be logged: a bounded ring, one producer, one consumer, neither
 * ever waits.  Full: the newest is counted and forgotten.
 */
#ifndef EPHEMERALD_RING_H
#define EPHEMERALD_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

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

struct ring;

struct ring *ring_create(void); /* NULL: out of memory */
void ring_destroy(struct ring *ring);
bool ring_push(struct ring *ring, const struct drop *drop); /* worker */
bool ring_pop(struct ring *ring, struct drop *drop);        /* main thread */
uint64_t ring_lost(const struct ring *ring);                /* any thread */

#endif
