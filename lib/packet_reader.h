/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the packet parser only: the packet that is being read,
 * and the one way forward in it.  packet.c reads what IP says, then hands the
 * rest to packet_transport.c, and that ICMP to packet_icmp.c.
 */
#ifndef EPHEMERALD_PACKET_READER_H
#define EPHEMERALD_PACKET_READER_H

#include "packet.h"

/* Next header values that are no protocol but a header of IPv6. */
enum extension {
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_NONE = 59, /* nothing follows */
	EXTENSION_DESTINATION = 60,
	EXTENSION_MOBILITY = 135,
	EXTENSION_HIP = 139,
	EXTENSION_SHIM6 = 140,
};

#define EXTENSIONS_MAX 8 /* in one packet */

struct reader {
	const struct frame *frame;
	struct packet *packet; /* what is known so far */
	const uint8_t *at;     /* the header in turn */
	uint32_t captured;     /* bytes at hand from there */
	uint32_t length;       /* bytes of the packet from there; >= captured */
	bool has_extensions;   /* IPv6 extension headers were passed */
	bool has_fragment_header; /* IPv6, even of a whole datagram */
	bool readdressed; /* the checksum is not over the addresses seen here */
};

static inline uint32_t
be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* UNDECIDED: `size` bytes can be read.  A packet too short for them has the
 * fault `why`, a first fragment too short is malformed itself (RFC 7112). */
static inline enum reason
reader_lacks(const struct reader *r, uint32_t size, enum reason why)
{
	if (size <= r->captured)
		return UNDECIDED;
	if (size <= r->length)
		return TRUNCATED;
	return r->packet->is_fragment ? BAD_FRAGMENT : why;
}

/* After reader_lacks(r, size, ...) has found nothing lacking. */
static inline void
reader_advance(struct reader *r, uint32_t size)
{
	r->at += size;
	r->captured -= size;
	r->length -= size;
}

/* An IPv6 next header value behind which the walk goes on.  Not so ESP, which
 * hides what follows, and AH: its packets are a flow of that protocol, as in
 * IPv4, and no host believes what follows before AH has proven it. */
static inline bool
extension_known(uint8_t next_header)
{
	switch (next_header) {
	case EXTENSION_HOP_BY_HOP:
	case EXTENSION_ROUTING:
	case EXTENSION_FRAGMENT:
	case EXTENSION_NONE:
	case EXTENSION_DESTINATION:
	case EXTENSION_MOBILITY:
	case EXTENSION_HIP:
	case EXTENSION_SHIM6:
		return true;
	default:
		return false;
	}
}

static inline bool
address_is_link_local(struct address a)
{
	return a.high >> 54 == 0x3fa; /* fe80::/10 */
}

/* The header behind IP and its extensions, of a whole packet or a first
 * fragment. */
enum reason packet_read_transport(struct reader *r);
/* Its ICMP and ICMPv6. */
enum reason packet_read_icmp(struct reader *r);

#endif
