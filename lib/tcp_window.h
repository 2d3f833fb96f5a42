/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequence numbers and windows of TCP as a watcher sees them.  Plain values.
 * Inside lib.
 */
#ifndef EPHEMERALD_TCP_WINDOW_H
#define EPHEMERALD_TCP_WINDOW_H

#include "state.h"

/* Modulo 2^32 (RFC 9293 3.4). */
static inline bool
seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline uint32_t
seq_later(uint32_t a, uint32_t b)
{
	return seq_before(a, b) ? b : a;
}

/* Of what a segment offers at least a byte is taken: the probe of a closed
 * window (RFC 9293 3.8.6.1). */
static inline uint32_t
window_at_least_one(uint32_t window)
{
	return window ? window : 1;
}

/* Behind the last number of the segment; SYN and FIN take one each. */
uint32_t segment_end(const struct tcp_facts *segment);

enum fit {
	FIT_INSIDE,
	FIT_BEHIND, /* too old: an endpoint may need it all the same */
	FIT_OUTSIDE
};
enum fit window_judge(const struct tcp_flow *flow,
    const struct tcp_facts *segment, unsigned side);
/* What an accepted segment teaches of both sides. */
void window_learn(
    struct tcp_flow *flow, const struct tcp_facts *segment, unsigned side);

#endif
