/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-1-3 (Aumasson, Bernstein; the variant of Linux's hash tables is
 * HalfSipHash, of Rust's and Python's this one) over whole 64-bit words.  Keyed
 * by a secret of each start, so nobody outside can choose tuples that collide.
 * A CRC would be faster and is linear: its collisions hold under every seed.
 */
#ifndef EPHEMERALD_SIPHASH_H
#define EPHEMERALD_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

static inline uint64_t
siphash_rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
siphash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = siphash_rotate(v[1], 13) ^ v[0];
	v[0] = siphash_rotate(v[0], 32);
	v[2] += v[3];
	v[3] = siphash_rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = siphash_rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = siphash_rotate(v[1], 17) ^ v[2];
	v[2] = siphash_rotate(v[2], 32);
}

/* Of the words' bytes in little-endian order, then of the lower bytes of
 * `last`, up to 7; its highest byte is the number of all bytes. */
static inline uint64_t
siphash_ending(const struct siphash_key *key, const uint64_t *words,
    size_t count, uint64_t last)
{
	uint64_t v[4] = {
		key->k0 ^ UINT64_C(0x736f6d6570736575),
		key->k1 ^ UINT64_C(0x646f72616e646f6d),
		key->k0 ^ UINT64_C(0x6c7967656e657261),
		key->k1 ^ UINT64_C(0x7465646279746573),
	};

#pragma GCC unroll 4
	for (size_t i = 0; i < count; i++) {
		v[3] ^= words[i];
		siphash_round(v);
		v[0] ^= words[i];
	}
	v[3] ^= last;
	siphash_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	siphash_round(v);
	siphash_round(v);
	siphash_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline uint64_t
siphash(const struct siphash_key *key, const uint64_t *words, size_t count)
{
	return siphash_ending(key, words, count, (uint64_t)(count * 8) << 56);
}

#endif
