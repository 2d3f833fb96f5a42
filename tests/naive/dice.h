/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers that a seed repeats (xorshift64*).  Plain values.
 */
#ifndef EPHEMERALD_DICE_H
#define EPHEMERALD_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state; /* never 0 */
};

static inline struct dice
dice_new(uint64_t seed)
{
	return (struct dice){ seed * UINT64_C(0x9e3779b97f4a7c15) | 1 };
}

static inline uint32_t
dice_u32(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return (uint32_t)(d->state * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

/* 0 ... count - 1 */
static inline uint32_t
dice_roll(struct dice *d, uint32_t count)
{
	return (uint32_t)((uint64_t)dice_u32(d) * count >> 32);
}

static inline uint32_t
dice_between(struct dice *d, uint32_t low, uint32_t high)
{
	return low + dice_roll(d, high - low + 1);
}

/* True `percent` times in a hundred. */
static inline bool
dice_chance(struct dice *d, uint32_t percent)
{
	return dice_roll(d, 100) < percent;
}

#define DICE_PICK(dice, array)                                                 \
	((array)[dice_roll(                                                    \
	    dice, (uint32_t)(sizeof(array) / sizeof((array)[0])))])

#endif
