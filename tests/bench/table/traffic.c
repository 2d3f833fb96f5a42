/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A template with the few bytes filled in that differ.
 */
#include "traffic.h"

#include <string.h>

#define CLIENT      0x0a000000u /* 10.0.0.0 and up */
#define SERVER      0xc6336401u /* 198.51.100.1 */
#define SERVER_PORT 443
#define CLIENT_ISN  1000
#define SERVER_ISN  5000

static void
put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void
put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

static uint32_t
client_address(uint32_t id)
{
	return CLIENT + (id & 0xffff);
}

static uint32_t
client_port(uint32_t id)
{
	return 32768 + (id >> 16);
}

struct frame
traffic_make(struct traffic *out, uint32_t id, enum segment segment)
{
	static const uint8_t template[40] = {
		0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, PROTOCOL_TCP, /* IPv4 */
		[32] = 0x50, [34] = 0xff, 0xff,                  /* TCP */
	};
	bool inbound =
	    segment == SEGMENT_SYN_ACK || (segment == SEGMENT_EITHER && id % 2);
	uint8_t *p = out->bytes;

	memcpy(p, template, sizeof(template));
	put32(p + (inbound ? 16 : 12), client_address(id));
	put32(p + (inbound ? 12 : 16), SERVER);
	put16(p + (inbound ? 22 : 20), client_port(id));
	put16(p + (inbound ? 20 : 22), SERVER_PORT);
	bool syn = segment == SEGMENT_SYN || segment == SEGMENT_SYN_ACK;
	put32(p + 24, (inbound ? SERVER_ISN : CLIENT_ISN) + !syn);
	if (segment != SEGMENT_SYN)
		put32(p + 28, (inbound ? CLIENT_ISN : SERVER_ISN) + 1);
	p[33] = (uint8_t)((syn ? TCP_SYN : 0) |
			  (segment != SEGMENT_SYN ? TCP_ACK : 0));
	return (struct frame){
		.bytes = p,
		.captured = sizeof(out->bytes),
		.length = sizeof(out->bytes),
		.direction = inbound ? INBOUND : OUTBOUND,
	};
}

struct key
traffic_key(uint32_t id)
{
	return (struct key){ .word = { 0xffff00000000, client_address(id),
				 0xffff00000000, SERVER,
				 (uint64_t)client_port(id) << 48 |
				     (uint64_t)SERVER_PORT << 32 |
				     (uint64_t)PROTOCOL_TCP << 24 } };
}
