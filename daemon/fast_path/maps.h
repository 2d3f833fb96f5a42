/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon and its program in the kernel (kernel.c) both see, as
 * maps that the daemon has in its memory: that of the flow table, in elements
 * of a cache line, and these.
 */
#ifndef EPHEMERALD_MAPS_H
#define EPHEMERALD_MAPS_H

#include <stdint.h>

#define FAST_LINE 64

/* One element.  Written by the daemon. */
struct fast_control {
	uint64_t hash_key[2];                        /* of the flow table */
	uint32_t buckets_at, bucket_count, flows_at; /* in lines */
	uint32_t epoch;      /* of permits; 0: nothing passes */
	uint32_t mark_mask;  /* a packet with any of these bits is queued */
	uint32_t now;        /* ticks, where tests have a clock of their own */
	uint32_t idle_ticks; /* a flow without a packet for longer is queued */
};

/* An element for each processor.  Written by the program. */
struct fast_count {
	uint64_t packets[3]; /* by enum direction */
	uint64_t bytes[3];
	uint64_t spare[2]; /* a cache line */
};

#endif
