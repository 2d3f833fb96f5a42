/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All the firewall that the partners of a benchmark are: one port is closed,
 * inbound, the rest is open.
 */
#ifndef EPHEMERALD_STATELESS_H
#define EPHEMERALD_STATELESS_H

#include <stdbool.h>
#include <stdint.h>

#define STATELESS_IPV4_HEADER 20

/* IPv4 without options, or anything else, which is open. */
static inline bool
stateless_closed(const uint8_t *bytes, uint32_t length, unsigned closed_port)
{
	const uint8_t *ports = bytes + STATELESS_IPV4_HEADER;

	return length >= STATELESS_IPV4_HEADER + 4 && bytes[0] == 0x45 &&
	       ((unsigned)ports[2] << 8 | ports[3]) == closed_port;
}

#endif
