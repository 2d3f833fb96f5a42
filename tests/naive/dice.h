/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers that a seed repeats (xorshift64*), or that are read from given
 * bytes, for who looks for the interesting ones: a fuzzer.  Plain values.
 */
#ifndef EPHEMERALD_DICE_H
#define EPHEMERALD_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state;       /* never 0 */
	const uint8_t *bytes; /* NULL: by the state */
	size_t left;
};

static inline struct dice
dice_new(uint64_t seed)
{
	return (
	    struct dice){ .state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1 };
}

/* The bytes are borrowed; when they have been read, every roll is 0. */
static inline struct dice
dice_of_bytes(const uint8_t *bytes, size_t size)
{
	return (struct dice){ .state = 1, .bytes = bytes, .left = size };
}

static inline uint32_t
dice_read(struct dice *d, unsigned size)
{
	uint32_t number = 0;

	for (; size > 0 && d->left > 0; size--, d->left--)
		number = number << 8 | *d->bytes++;
	return number;
}

static inline uint32_t
dice_u32(struct dice *d)
{
	if (d->bytes)
		return dice_read(d, 4);
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return (uint32_t)(d->state * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

/* 0 ... count - 1 */
static inline uint32_t
dice_roll(struct dice *d, uint32_t count)
{
	if (d->bytes)
		return dice_read(d, count > 256 ? 4 : 1) % count;
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
