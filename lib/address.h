/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, tuples and the names of protocols.  Plain values in host order;
 * any thread.  An IPv4 address is held as ::ffff:a.b.c.d, so that one interval
 * type serves both families; packets that carry such an address on the wire
 * are malformed (RFC 6092 REC-3), so the two never meet.
 */
#ifndef EPHEMERALD_ADDRESS_H
#define EPHEMERALD_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum family { FAMILY_IPV4 = 4, FAMILY_IPV6 = 6 };

/* IP protocol numbers that the firewall knows more of than their number. */
enum protocol {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_DCCP = 33,
	PROTOCOL_ESP = 50,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_SCTP = 132,
	PROTOCOL_UDPLITE = 136,
};

struct address {
	uint64_t high, low;
};

/* Inclusive. */
struct address_range {
	struct address low, high;
};

/* What begins with these bits; the rest of address is 0. */
struct prefix {
	struct address address;
	uint8_t bits; /* of all 128: an IPv4 prefix has 96 and more */
};

/*
 * Who speaks to whom.  Ports are those of TCP, UDP, UDP-Lite, SCTP and DCCP;
 * for an ICMP query both ports hold its identifier; else both are 0.
 */
struct tuple {
	struct address src, dst;
	uint16_t sport, dport;
	uint8_t family;   /* enum family */
	uint8_t protocol; /* IANA number */
	uint8_t kind;     /* enum kind */
};

/* What the ports of a tuple mean, so that two meanings never share a flow. */
enum kind {
	KIND_PORTS,           /* ports, or none */
	KIND_ECHO,            /* ICMP 8, ICMPv6 128: identifier, src asks */
	KIND_ECHO_REPLY,      /* ICMP 0, ICMPv6 129: identifier, src answers */
	KIND_TIMESTAMP,       /* ICMP 13 */
	KIND_TIMESTAMP_REPLY, /* ICMP 14 */
	KIND_FRAGMENT,        /* ports hold the fragment identification */
};

#define ADDRESS_TEXT_SIZE  46
#define ENDPOINT_TEXT_SIZE 56

struct address address_from_bytes(const uint8_t bytes[16]);
static inline struct address
address_from_v4(uint32_t host_order)
{
	return (struct address){ 0, UINT64_C(0xffff00000000) | host_order };
}
static inline bool
address_is_v4(struct address a)
{
	return a.high == 0 && a.low >> 32 == 0xffff;
}
static inline int
address_compare(struct address a, struct address b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return (a.low > b.low) - (a.low < b.low);
}
static inline bool
address_equal(struct address a, struct address b)
{
	return a.high == b.high && a.low == b.low;
}
bool address_in(struct address a, const struct address_range *range);
/* In any of these, which are sorted, IPv4 first, and do not overlap. */
bool address_in_ranges(
    struct address a, const struct address_range *ranges, size_t count);

/* Sorts them, IPv4 first, and joins what overlaps.  Returns how many are left.
 */
size_t address_ranges_join(struct address_range *list, size_t count);

/* "192.0.2.1", "2001:db8::1".  False: not an address; *out untouched. */
bool address_parse(const char *text, struct address *out);
/* An address, "ADDRESS/BITS" or "ADDRESS-ADDRESS" of one family.  Host bits
 * after the prefix are cut off.  False: none of these; *out untouched. */
bool address_range_parse(const char *text, struct address_range *out);
/* An address or "ADDRESS/BITS", likewise. */
bool prefix_parse(const char *text, struct prefix *out);
/* Cuts off the host bits. */
struct prefix prefix_of(struct address a, unsigned bits);
struct address_range prefix_range(const struct prefix *prefix);
/* The shortest of the three forms that means the range.  size >= 2 *
 * ADDRESS_TEXT_SIZE. */
void address_range_print(const struct address_range *r, char *out, size_t size);
void address_print(struct address a, char *out, size_t size);
/* "192.0.2.1:22", "[2001:db8::1]:22"; without port if ports is false.
 * size >= ENDPOINT_TEXT_SIZE. */
void endpoint_print(
    struct address a, uint16_t port, bool ports, char *out, size_t size);

/* -1: unknown.  Accepts a name in lower case, or a number from 0 to 255. */
int protocol_parse(const char *text);
/* NULL: has no name here.  Static string. */
const char *protocol_name(uint8_t protocol);
/* Name, or else the number as text. */
void protocol_print(uint8_t protocol, char *out, size_t size);
/* Does the protocol carry source and destination ports? */
bool protocol_has_ports(uint8_t protocol);

#endif
