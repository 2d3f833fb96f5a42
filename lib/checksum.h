/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum (RFC 1071) of what a reader stands at.  Inside lib.
 */
#ifndef EPHEMERALD_CHECKSUM_H
#define EPHEMERALD_CHECKSUM_H

#include "packet_reader.h"

/* Is verification asked for, and is all there that it covers? */
bool checksum_verifiable(const struct reader *r);
/* False: verification is asked for, possible, and fails.  Covers the first
 * `covered` bytes at r->at (RFC 1071), and the pseudo header if `pseudo`. */
bool checksum_passes(const struct reader *r, uint32_t covered, bool pseudo);
/* Sum of the bytes, not folded (RFC 1071). */
uint64_t checksum_sum(const uint8_t *bytes, uint32_t size);
/* Is what the sum covers, its checksum included, intact? */
bool checksum_good(uint64_t sum);

#endif
