/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP and ICMPv6: which messages are queries, answers and errors, which of
 * them keep IPv6 alive, and what packet an error quotes.
 *
 * A quote is data that came with a packet, maybe of an attacker: it is read
 * with the same care as the packet around it, but only searched for a tuple.
 * Whether it makes sense is for the connection table to say.  Anything odd in
 * it means that the error quotes nothing, not that the error is malformed: old
 * routers cut and mangle.  It is never longer than the packet says or than
 * what was captured, and an error about an error is not followed.
 */
#include "checksum.h"
#include "packet_reader.h"

#define ICMP_HEADER 8 /* in both families, up to where an error quotes */

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMP_REPLY = 14,
};

enum icmpv6_type {
	ICMPV6_UNREACHABLE = 1,
	ICMPV6_PARAMETER_PROBLEM = 4,
	ICMPV6_INFORMATIONAL = 128, /* below: errors; it is the echo request */
	ICMPV6_ECHO = 128,
	ICMPV6_ECHO_REPLY = 129,
	ICMPV6_MLD_QUERY = 130,
	ICMPV6_MLD_DONE = 132,
	ICMPV6_ROUTER_SOLICITATION = 133,
	ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136,
	ICMPV6_REDIRECT = 137,
	ICMPV6_MLD2_REPORT = 143,
};

/* What a type is to a flow. */
enum role { ROLE_NONE, ROLE_QUERY, ROLE_ANSWER, ROLE_ERROR };

static enum role
icmp_role(uint8_t family, uint8_t type, enum kind *kind)
{
	*kind = KIND_PORTS;
	if (family == FAMILY_IPV6) {
		if (type < ICMPV6_INFORMATIONAL)
			return ROLE_ERROR;
		if (type > ICMPV6_ECHO_REPLY)
			return ROLE_NONE;
		*kind = type == ICMPV6_ECHO ? KIND_ECHO : KIND_ECHO_REPLY;
		return type == ICMPV6_ECHO ? ROLE_QUERY : ROLE_ANSWER;
	}
	switch (type) {
	case ICMP_ECHO:
	case ICMP_ECHO_REPLY:
		*kind = type == ICMP_ECHO ? KIND_ECHO : KIND_ECHO_REPLY;
		return type == ICMP_ECHO ? ROLE_QUERY : ROLE_ANSWER;
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMP_REPLY:
		*kind = type == ICMP_TIMESTAMP ? KIND_TIMESTAMP
					       : KIND_TIMESTAMP_REPLY;
		return type == ICMP_TIMESTAMP ? ROLE_QUERY : ROLE_ANSWER;
	case ICMP_UNREACHABLE:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		return ROLE_ERROR;
	default:
		return ROLE_NONE;
	}
}

static void
set_identifier(struct tuple *t, const uint8_t *icmp, enum kind kind)
{
	t->kind = (uint8_t)kind;
	if (kind != KIND_PORTS)
		t->sport = t->dport = (uint16_t)be16(icmp + 4);
}

/* Past the IPv4 header of a quote.  Its length and checksum are not judged:
 * routers have changed both on the way. */
static bool
quote_ipv4(struct reader *q, struct tuple *t)
{
	const uint8_t *ip = q->at;

	if (q->captured < 20 || ip[0] >> 4 != 4)
		return false;
	uint32_t header = (ip[0] & 0x0fu) * 4;
	if (header < 20 || header > q->captured || be16(ip + 6) & 0x1fff)
		return false;
	t->protocol = ip[9];
	t->src = address_from_v4(be32(ip + 12));
	t->dst = address_from_v4(be32(ip + 16));
	reader_advance(q, header);
	return true;
}

/* Past the IPv6 header of a quote and its extension headers. */
static bool
quote_ipv6(struct reader *q, struct tuple *t)
{
	const uint8_t *ip = q->at;

	if (q->captured < 40 || ip[0] >> 4 != 6)
		return false;
	t->protocol = ip[6];
	t->src = address_from_bytes(ip + 8);
	t->dst = address_from_bytes(ip + 24);
	reader_advance(q, 40);

	for (unsigned count = 0; extension_known(t->protocol); count++) {
		uint8_t kind = t->protocol;
		if (count == EXTENSIONS_MAX || kind == EXTENSION_NONE ||
		    q->captured < 8)
			return false;
		bool fragment = kind == EXTENSION_FRAGMENT;
		uint32_t size = fragment ? 8 : (q->at[1] + 1u) * 8;
		if (size > q->captured ||
		    (fragment && be16(q->at + 2) & 0xfff8))
			return false;
		if (kind >= EXTENSION_MOBILITY && q->at[0] == EXTENSION_NONE)
			return true; /* as in packet.c: the packet is about it
				      */
		t->protocol = q->at[0];
		reader_advance(q, size);
	}
	return true;
}

/* Ports or identifier of the quoted packet, of TCP its sequence number. */
static bool
quote_transport(struct reader *q, struct icmp_facts *icmp)
{
	struct tuple *t = &icmp->quoted;
	enum kind kind;

	if (protocol_has_ports(t->protocol)) {
		bool tcp = t->protocol == PROTOCOL_TCP;
		if (q->captured < (tcp ? 8 : 4))
			return false;
		t->sport = (uint16_t)be16(q->at);
		t->dport = (uint16_t)be16(q->at + 2);
		icmp->quoted_seq = tcp ? be32(q->at + 4) : 0;
	} else if (t->protocol == PROTOCOL_ICMP ||
		   t->protocol == PROTOCOL_ICMPV6) {
		if (q->captured < ICMP_HEADER ||
		    icmp_role(t->family, q->at[0], &kind) == ROLE_ERROR)
			return false;
		set_identifier(t, q->at, kind);
	}
	return true;
}

static bool
read_quote(const struct reader *r, struct icmp_facts *icmp)
{
	const struct tuple *outer = &r->packet->tuple;
	struct reader q = *r;

	reader_advance(&q, ICMP_HEADER);
	icmp->quoted.family = outer->family;
	bool usable = outer->family == FAMILY_IPV4
			  ? quote_ipv4(&q, &icmp->quoted)
			  : quote_ipv6(&q, &icmp->quoted);
	/* The error goes to whom it is about (RFC 5508 4.2). */
	if (usable && quote_transport(&q, icmp) &&
	    address_equal(icmp->quoted.src, outer->dst))
		return true;
	icmp->quoted = (struct tuple){ .family = 0 };
	icmp->quoted_seq = 0;
	return false;
}

/* Without these messages IPv6 dies: RFC 4890 4.4.1.  Never across a router. */
static bool
is_essential(const struct reader *r, const struct packet *p)
{
	uint8_t type = p->icmp.type;

	if (p->direction == FORWARD)
		return false;
	if (type >= ICMPV6_ROUTER_SOLICITATION &&
	    type <= ICMPV6_NEIGHBOUR_ADVERTISEMENT)
		return p->icmp.code == 0 && !r->has_extensions;
	bool mld = (type >= ICMPV6_MLD_QUERY && type <= ICMPV6_MLD_DONE) ||
		   type == ICMPV6_MLD2_REPORT;
	bool from_link = address_is_link_local(p->tuple.src) ||
			 (p->tuple.src.high == 0 && p->tuple.src.low == 0);
	return mld && p->hop_limit == 1 && from_link && !r->has_fragment_header;
}

static enum reason
read_icmpv6(struct reader *r)
{
	struct packet *p = r->packet;
	uint8_t type = p->icmp.type;

	/* RFC 4861 6.1, 7.1, 8.1; RFC 6980 5. */
	if (type >= ICMPV6_ROUTER_SOLICITATION && type <= ICMPV6_REDIRECT &&
	    (p->hop_limit != 255 || r->has_fragment_header))
		return BAD_DISCOVERY;
	p->icmp.is_error =
	    type >= ICMPV6_UNREACHABLE && type <= ICMPV6_PARAMETER_PROBLEM;
	p->is_essential = is_essential(r, p);
	return UNDECIDED;
}

static enum reason
read_icmpv4(struct reader *r)
{
	struct icmp_facts *icmp = &r->packet->icmp;

	/* They bend routes and rates on nobody's word (RFC 1812 5.2.7.2,
	 * RFC 6633). */
	if (icmp->type == ICMP_REDIRECT || icmp->type == ICMP_SOURCE_QUENCH)
		return BAD_ICMP;
	icmp->is_error = icmp->type == ICMP_UNREACHABLE ||
			 icmp->type == ICMP_TIME_EXCEEDED ||
			 icmp->type == ICMP_PARAMETER_PROBLEM;
	return UNDECIDED;
}

enum reason
packet_read_icmp(struct reader *r)
{
	struct packet *p = r->packet;
	bool v6 = p->tuple.family == FAMILY_IPV6;
	enum kind kind;

	/* The ICMP of the other family has no business here. */
	if (v6 != (p->tuple.protocol == PROTOCOL_ICMPV6))
		return BAD_ICMP;
	enum reason why = reader_lacks(r, ICMP_HEADER, BAD_ICMP);
	if (why)
		return why;
	p->icmp.type = r->at[0];
	p->icmp.code = r->at[1];
	why = v6 ? read_icmpv6(r) : read_icmpv4(r);
	if (why)
		return why;
	if (!checksum_passes(r, r->length, v6))
		return BAD_CHECKSUM;

	enum role role = icmp_role(p->tuple.family, p->icmp.type, &kind);
	set_identifier(&p->tuple, r->at, kind);
	p->icmp.is_query = role == ROLE_QUERY;
	p->icmp.is_answer = role == ROLE_ANSWER;
	if (p->icmp.is_error)
		p->icmp.quotes = read_quote(r, &p->icmp);
	return UNDECIDED;
}
