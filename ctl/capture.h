/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IP packets of a capture file, whatever they travelled on: Ethernet (with
 * VLAN tags), Linux cooked (both versions), raw IP, null and loop.  One thread.
 */
#ifndef EPHEMERALD_CAPTURE_H
#define EPHEMERALD_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

struct capture;

/* One packet of the file.  `bytes` lives until the next capture_next(). */
struct captured {
	uint64_t time_us;     /* since the epoch */
	bool is_ip;           /* else the next three are 0 */
	const uint8_t *bytes; /* from the IP header on */
	uint32_t captured;    /* bytes at hand */
	uint32_t length;      /* bytes on the wire, link padding left out */
};

enum capture_status { CAPTURE_PACKET, CAPTURE_END, CAPTURE_BROKEN };

#define CAPTURE_ERROR_SIZE 512

/* NULL: error holds one sentence. */
struct capture *capture_open(const char *file, char error[CAPTURE_ERROR_SIZE]);
/* CAPTURE_BROKEN: error holds one sentence. */
enum capture_status capture_next(struct capture *capture,
    struct captured *packet, char error[CAPTURE_ERROR_SIZE]);
void capture_close(struct capture *capture); /* NULL is fine */

#endif
