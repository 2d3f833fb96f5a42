/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets of numbered TCP connections that this host opens: each number
 * is one connection.  IPv4, 40 bytes each.
 */
#ifndef EPHEMERALD_TRAFFIC_H
#define EPHEMERALD_TRAFFIC_H

#include "packet.h"
#include "table.h"

enum segment {
	SEGMENT_SYN,
	SEGMENT_SYN_ACK,
	SEGMENT_ACK,
	SEGMENT_EITHER, /* an ACK of one side or the other */
};

struct traffic {
	uint8_t bytes[40];
};

/* The frame points into *out. */
struct frame traffic_make(
    struct traffic *out, uint32_t id, enum segment segment);
/* A key for the tables alone: as many bits differ as in a real one. */
struct key traffic_key(uint32_t id);

#endif
