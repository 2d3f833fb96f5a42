/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two clocks: the one that only counts on, by which everything is decided
 * and remembered (as in filter_batch()), and the one people read.  Any thread.
 */
#ifndef EPHEMERALD_CLOCK_H
#define EPHEMERALD_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t
clock_read_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Fine enough for what a batch takes. */
static inline uint64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline uint64_t
clock_ms(void)
{
	return clock_read_ms(CLOCK_MONOTONIC);
}

/* What to add to a time of clock_ms() for milliseconds since the epoch. */
static inline int64_t
clock_wall_offset_ms(void)
{
	return (int64_t)(clock_read_ms(CLOCK_REALTIME) - clock_ms());
}

#endif
