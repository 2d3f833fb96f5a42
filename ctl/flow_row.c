/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other side of lib/describe.c.
 */
#include "flow_row.h"

#include <string.h>

#include "row.h"

static bool
read_direction(const json_t *row, struct packet *first)
{
	const char *name = row_text(row, "direction");

	for (enum direction d = INBOUND; name && d < DIRECTION_COUNT; d++)
		if (strcmp(name, direction_name(d)) == 0) {
			first->direction = (uint8_t)d;
			return true;
		}
	return false;
}

static bool
read_addresses(const json_t *row, struct tuple *tuple)
{
	const char *source = row_text(row, "source");
	const char *destination = row_text(row, "destination");

	if (!source || !destination || !address_parse(source, &tuple->src) ||
	    !address_parse(destination, &tuple->dst) ||
	    address_is_v4(tuple->src) != address_is_v4(tuple->dst))
		return false;
	tuple->family = address_is_v4(tuple->src) ? FAMILY_IPV4 : FAMILY_IPV6;
	return true;
}

static uint16_t
read_interface(
    const json_t *row, const char *key, struct interfaces *interfaces)
{
	const char *name = row_text(row, key);
	return name ? interfaces_intern(interfaces, name) : 0;
}

bool
flow_row_packet(
    const json_t *row, struct interfaces *interfaces, struct packet *first)
{
	const char *protocol = row_text(row, "protocol");
	int number = protocol ? protocol_parse(protocol) : -1;
	struct packet p = { .fault = UNDECIDED };

	if (number < 0 || !read_direction(row, &p) ||
	    !read_addresses(row, &p.tuple))
		return false;
	p.tuple.protocol = (uint8_t)number;
	p.tuple.sport = (uint16_t)row_count(row, "source_port");
	p.tuple.dport = (uint16_t)row_count(row, "destination_port");
	p.in_interface = read_interface(row, "in_interface", interfaces);
	p.out_interface = read_interface(row, "out_interface", interfaces);
	if (row_has(row, "icmp_id")) {
		p.icmp.type = (uint8_t)row_count(row, "icmp_type");
		p.icmp.is_query = true;
		p.tuple.kind = p.icmp.type == 13 ? KIND_TIMESTAMP : KIND_ECHO;
		p.tuple.sport = p.tuple.dport =
		    (uint16_t)row_count(row, "icmp_id");
	} else if (number == PROTOCOL_TCP) {
		p.tcp.flags = TCP_SYN;
	}
	*first = p;
	return true;
}
