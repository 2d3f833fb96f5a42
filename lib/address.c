/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as 128-bit values, in and out of text, and protocol names.
 *
 * A range belongs to the family of its low end: ::/0 holds no IPv4 address
 * although ::ffff:0:0/96 lies within it, and no text gives an IPv6 range that
 * begins or ends there, since ::ffff:a.b.c.d is refused as an address.  Text
 * is read strictly: decimal without sign, blanks or leading zeros, which some
 * would read as octal.  Pure functions: no memory, no locale, any thread.
 */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static uint64_t
be32(const uint8_t *p)
{
	return (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 |
	       (uint64_t)p[2] << 8 | p[3];
}

struct address
address_from_bytes(const uint8_t bytes[16])
{
	return (struct address){
		.high = be32(bytes) << 32 | be32(bytes + 4),
		.low = be32(bytes + 8) << 32 | be32(bytes + 12),
	};
}

static void
address_to_bytes(struct address a, uint8_t bytes[16])
{
	for (int i = 7; i >= 0; i--) {
		bytes[i] = (uint8_t)a.high;
		bytes[i + 8] = (uint8_t)a.low;
		a.high >>= 8;
		a.low >>= 8;
	}
}

bool
address_in(struct address a, const struct address_range *range)
{
	return address_compare(a, range->low) >= 0 &&
	       address_compare(a, range->high) <= 0 &&
	       address_is_v4(a) == address_is_v4(range->low);
}

/* The first range that does not end before the address is the only one that may
 * hold it. */
bool
address_in_ranges(
    struct address address, const struct address_range *ranges, size_t count)
{
	bool v4 = address_is_v4(address);
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		bool range_v4 = address_is_v4(ranges[middle].low);
		bool before =
		    v4 == range_v4
			? address_compare(ranges[middle].high, address) < 0
			: range_v4;
		if (before)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && address_in(address, &ranges[low]);
}

/* IPv4 before IPv6, although ::/0 begins below all of IPv4. */
static int
compare_ranges(const void *left, const void *right)
{
	const struct address_range *a = left, *b = right;
	bool a_v4 = address_is_v4(a->low), b_v4 = address_is_v4(b->low);

	return a_v4 != b_v4 ? b_v4 - a_v4 : address_compare(a->low, b->low);
}

size_t
address_ranges_join(struct address_range *list, size_t count)
{
	size_t kept = 0;

	qsort(list, count, sizeof(list[0]), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		struct address_range *last = &list[kept > 0 ? kept - 1 : 0];
		if (kept == 0 ||
		    address_is_v4(last->low) != address_is_v4(list[i].low) ||
		    address_compare(list[i].low, last->high) > 0)
			list[kept++] = list[i];
		else if (address_compare(list[i].high, last->high) > 0)
			last->high = list[i].high;
	}
	return kept;
}

bool
address_parse(const char *text, struct address *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*out = address_from_v4((uint32_t)be32(bytes));
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return false;
	struct address a = address_from_bytes(bytes);
	if (address_is_v4(a))
		return false;
	*out = a;
	return true;
}

/* -1: not a number from 0 to most. */
static int
number_parse(const char *text, int most)
{
	int value = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
		if (value > most)
			return -1;
	}
	return value;
}

/* The bits that a prefix of that length leaves free; bits: 0 to 128. */
static struct address
host_mask(int bits)
{
	uint64_t high = bits < 64 ? UINT64_MAX >> bits : 0;
	uint64_t low = UINT64_MAX;
	if (bits > 64)
		low = bits < 128 ? UINT64_MAX >> (bits - 64) : 0;
	return (struct address){ high, low };
}

static struct address_range
range_of_prefix(struct address a, int bits)
{
	struct address mask = host_mask(bits);
	return (struct address_range){
		.low = { a.high & ~mask.high, a.low & ~mask.low },
		.high = { a.high | mask.high, a.low | mask.low },
	};
}

struct prefix
prefix_of(struct address a, unsigned bits)
{
	return (struct prefix){
		.address = range_of_prefix(a, (int)bits).low,
		.bits = (uint8_t)bits,
	};
}

struct address_range
prefix_range(const struct prefix *prefix)
{
	return range_of_prefix(prefix->address, prefix->bits);
}

bool
prefix_parse(const char *text, struct prefix *out)
{
	struct address_range range;
	const char *slash = strchr(text, '/');

	if (strchr(text, '-') || !address_range_parse(text, &range))
		return false;
	bool v4 = address_is_v4(range.low);
	int bits = slash ? number_parse(slash + 1, 128) : v4 ? 32 : 128;
	*out = prefix_of(range.low, (unsigned)(v4 ? 96 + bits : bits));
	return true;
}

bool
address_range_parse(const char *text, struct address_range *out)
{
	char first[ADDRESS_TEXT_SIZE];
	struct address low, high;

	size_t length = strcspn(text, "/-");
	if (length >= sizeof(first))
		return false;
	memcpy(first, text, length);
	first[length] = '\0';
	if (!address_parse(first, &low))
		return false;

	const char *rest = text + length;
	bool v4 = address_is_v4(low);
	if (*rest == '/') {
		int bits = number_parse(rest + 1, v4 ? 32 : 128);
		if (bits < 0)
			return false;
		*out = range_of_prefix(low, v4 ? 96 + bits : bits);
		return true;
	}
	high = low;
	if (*rest == '-' &&
	    (!address_parse(rest + 1, &high) || address_is_v4(high) != v4 ||
		address_compare(low, high) > 0))
		return false;
	*out = (struct address_range){ low, high };
	return true;
}

void
address_print(struct address a, char *out, size_t size)
{
	uint8_t bytes[16];
	char text[ADDRESS_TEXT_SIZE];

	address_to_bytes(a, bytes);
	if (address_is_v4(a))
		inet_ntop(AF_INET, bytes + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, bytes, text, sizeof(text));
	snprintf(out, size, "%s", text);
}

void
address_range_print(const struct address_range *r, char *out, size_t size)
{
	char low[ADDRESS_TEXT_SIZE], high[ADDRESS_TEXT_SIZE];
	int least = address_is_v4(r->low) ? 96 : 0;

	address_print(r->low, low, sizeof(low));
	if (address_equal(r->low, r->high)) {
		snprintf(out, size, "%s", low);
		return;
	}
	for (int bits = least; bits < 128; bits++) {
		struct address_range prefix = range_of_prefix(r->low, bits);
		if (!address_equal(prefix.low, r->low) ||
		    !address_equal(prefix.high, r->high))
			continue;
		snprintf(out, size, "%s/%d", low, bits - least);
		return;
	}
	address_print(r->high, high, sizeof(high));
	snprintf(out, size, "%s-%s", low, high);
}

void
endpoint_print(
    struct address a, uint16_t port, bool ports, char *out, size_t size)
{
	char text[ADDRESS_TEXT_SIZE];

	address_print(a, text, sizeof(text));
	if (!ports)
		snprintf(out, size, "%s", text);
	else if (address_is_v4(a))
		snprintf(out, size, "%s:%u", text, (unsigned)port);
	else
		snprintf(out, size, "[%s]:%u", text, (unsigned)port);
}

/* Of IANA's names those that people filter by; tcp and udp first, they are
 * asked for most. */
static const struct {
	const char *name;
	uint8_t protocol;
} protocol_names[] = {
	{ "tcp", PROTOCOL_TCP },
	{ "udp", PROTOCOL_UDP },
	{ "icmp", PROTOCOL_ICMP },
	{ "icmpv6", PROTOCOL_ICMPV6 },
	{ "igmp", 2 },
	{ "ipip", 4 },
	{ "dccp", PROTOCOL_DCCP },
	{ "ipv6", 41 },
	{ "gre", 47 },
	{ "esp", PROTOCOL_ESP },
	{ "ah", PROTOCOL_AH },
	{ "ospf", 89 },
	{ "pim", 103 },
	{ "vrrp", 112 },
	{ "l2tp", 115 },
	{ "sctp", PROTOCOL_SCTP },
	{ "udplite", PROTOCOL_UDPLITE },
};

#define NAME_COUNT (sizeof(protocol_names) / sizeof(protocol_names[0]))

int
protocol_parse(const char *text)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (strcmp(text, protocol_names[i].name) == 0)
			return protocol_names[i].protocol;
	return number_parse(text, 255);
}

const char *
protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (protocol == protocol_names[i].protocol)
			return protocol_names[i].name;
	return NULL;
}

void
protocol_print(uint8_t protocol, char *out, size_t size)
{
	const char *name = protocol_name(protocol);
	if (name)
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%u", (unsigned)protocol);
}

bool
protocol_has_ports(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP:
	case PROTOCOL_UDP:
	case PROTOCOL_DCCP:
	case PROTOCOL_SCTP:
	case PROTOCOL_UDPLITE:
		return true;
	default:
		return false;
	}
}
