/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP, UDP, UDP-Lite, SCTP and DCCP headers, and the Internet checksum.
 *
 * What is read here belongs to a whole packet or to a first fragment, whose
 * datagram is longer than what is at hand.  A checksum is judged only where it
 * can be: asked for, all bytes here, no fragment, the addresses it covers
 * known.  Where it cannot, the headers are believed, except a RST: that one
 * passes, the host will check it, but must end no connection in our table.
 * SCTP's and DCCP's are left to their endpoints.
 */
#include "checksum.h"
#include "packet_reader.h"

#define TCP_HEADER          20
#define TCP_HEADER_FRAGMENT 16 /* ports to window, RFC 1858 */
#define UDP_HEADER          8
#define SCTP_HEADER         12
#define DCCP_HEADER         12

static enum reason
read_ports(struct reader *r)
{
	struct tuple *t = &r->packet->tuple;

	t->sport = (uint16_t)be16(r->at);
	t->dport = (uint16_t)be16(r->at + 2);
	return t->sport && t->dport ? UNDECIDED : BAD_PORT;
}

/* The right edge furthest ahead of `ack`, if any (RFC 2018; the first block
 * may lie behind it, RFC 2883). */
static void
read_sack(struct tcp_facts *tcp, const uint8_t *at, uint32_t size)
{
	for (; size >= 8; at += 8, size -= 8) {
		uint32_t edge = be32(at + 4);
		if (!tcp->has_sack)
			tcp->sack_edge = tcp->ack;
		tcp->has_sack = true;
		if ((int32_t)(edge - tcp->sack_edge) > 0)
			tcp->sack_edge = edge;
	}
}

/* Scale and SACK; what is broken ends the list, as for the endpoints. */
static void
read_tcp_options(struct tcp_facts *tcp, const uint8_t *at, uint32_t left)
{
	bool syn = tcp->flags & TCP_SYN;

	/* Nothing but a timestamp: most segments there are. */
	if (left == 12 && be32(at) == 0x0101080a)
		return;
	while (left > 0 && at[0] != 0) {
		uint32_t size = 1;
		if (at[0] != 1) {
			if (left < 2 || at[1] < 2 || at[1] > left)
				return;
			size = at[1];
		}
		if (at[0] == 3 && size == 3 && syn)
			tcp->scale = at[2] > 14 ? 14 : at[2];
		if (at[0] == 5 && !syn && tcp->flags & TCP_ACK)
			read_sack(tcp, at + 2, size - 2);
		at += size;
		left -= size;
	}
}

static enum reason
read_tcp(struct reader *r)
{
	struct packet *p = r->packet;
	struct tcp_facts *tcp = &p->tcp;
	const uint8_t *at = r->at;
	/* IPv4 may cut the header itself in two (RFC 3128), IPv6 not. */
	bool cut = p->is_fragment && p->tuple.family == FAMILY_IPV4;

	enum reason why = reader_lacks(
	    r, cut ? TCP_HEADER_FRAGMENT : TCP_HEADER, BAD_TCP_HEADER);
	if (why)
		return why;
	uint32_t header = (at[12] >> 4) * 4u;
	tcp->flags = at[13];
	why = read_ports(r);
	if (header < TCP_HEADER)
		return BAD_TCP_HEADER;
	if (cut && header > r->length)
		header = r->length;
	if (header > r->captured)
		return reader_lacks(r, header, BAD_TCP_HEADER);
	if (why)
		return why;
	if (!tcp_flags_are_legal(tcp->flags))
		return BAD_TCP_FLAGS;

	tcp->seq = be32(at + 4);
	tcp->ack = be32(at + 8);
	tcp->window = (uint16_t)be16(at + 14);
	tcp->length = r->length - header;
	tcp->scale = TCP_NO_SCALE;
	if (header > TCP_HEADER)
		read_tcp_options(tcp, at + TCP_HEADER, header - TCP_HEADER);
	if (!r->frame->verify_checksum)
		return UNDECIDED;
	p->pass_only = tcp->flags & TCP_RST && !checksum_verifiable(r);
	return checksum_passes(r, r->length, true) ? UNDECIDED : BAD_CHECKSUM;
}

/* A DHCP client's (RFC 2131 4.1, RFC 8415 7.2); its answer has no tuple that
 * is the reverse of what was asked. */
bool
packet_is_dhcp_client(const struct packet *p)
{
	const struct tuple *t = &p->tuple;
	bool v4 = t->family == FAMILY_IPV4;
	uint16_t client = v4 ? 68 : 546, server = v4 ? 67 : 547;

	if (p->direction == OUTBOUND)
		return t->sport == client && t->dport == server;
	return p->direction == INBOUND && t->sport == server &&
	       t->dport == client && (v4 || address_is_link_local(t->src));
}

static enum reason
read_udp(struct reader *r)
{
	struct packet *p = r->packet;

	enum reason why = reader_lacks(r, UDP_HEADER, BAD_UDP_LENGTH);
	if (why)
		return why;
	why = read_ports(r);
	if (why)
		return why;
	uint32_t length = be16(r->at + 4);
	if (length < UDP_HEADER || (length > r->length && !p->is_fragment))
		return BAD_UDP_LENGTH;
	if (be16(r->at + 6) != 0) {
		if (!checksum_passes(r, length, true))
			return BAD_CHECKSUM;
	} else if (p->tuple.family == FAMILY_IPV6 && p->direction == INBOUND) {
		return BAD_CHECKSUM; /* RFC 8200 8.1 */
	}
	p->is_essential = packet_is_dhcp_client(p);
	return UNDECIDED;
}

static enum reason
read_udplite(struct reader *r)
{
	enum reason why = reader_lacks(r, UDP_HEADER, BAD_UDP_LENGTH);
	if (why)
		return why;
	why = read_ports(r);
	if (why)
		return why;
	/* How much the checksum covers, 0: all (RFC 3828 3.1). */
	uint32_t covered = be16(r->at + 4);
	if (covered == 0)
		covered = r->length;
	else if (covered < UDP_HEADER ||
		 (covered > r->length && !r->packet->is_fragment))
		return BAD_UDP_LENGTH;
	return checksum_passes(r, covered, true) ? UNDECIDED : BAD_CHECKSUM;
}

/* Opens with an INIT chunk that is alone and has no tag (RFC 9260 8.5.1). */
static enum reason
read_sctp(struct reader *r)
{
	enum reason why = reader_lacks(r, SCTP_HEADER, BAD_TRANSPORT);
	if (why)
		return why;
	why = read_ports(r);
	if (why || r->captured < SCTP_HEADER + 4)
		return why;
	const uint8_t *chunk = r->at + SCTP_HEADER;
	uint32_t left = r->length - SCTP_HEADER, size = be16(chunk + 2);
	r->packet->opens_sctp_dccp = chunk[0] == 1 && be32(r->at + 4) == 0 &&
				     size >= 20 && (size + 3) / 4 * 4 >= left &&
				     (size <= left || r->packet->is_fragment);
	return UNDECIDED;
}

/* Opens with a Request (RFC 4340 5.1). */
static enum reason
read_dccp(struct reader *r)
{
	enum reason why = reader_lacks(r, DCCP_HEADER, BAD_TRANSPORT);
	if (why)
		return why;
	why = read_ports(r);
	if (why)
		return why;
	bool extended = r->at[8] & 1; /* 48-bit sequence numbers */
	uint32_t header = r->at[4] * 4u, type = r->at[8] >> 1 & 0x0f;
	if (header < (extended ? DCCP_HEADER + 4 : DCCP_HEADER) ||
	    (header > r->length && !r->packet->is_fragment))
		return BAD_TRANSPORT;
	r->packet->opens_sctp_dccp = type == 0 && extended && header >= 20;
	return UNDECIDED;
}

enum reason
packet_read_transport(struct reader *r)
{
	switch (r->packet->tuple.protocol) {
	case PROTOCOL_TCP:
		return read_tcp(r);
	case PROTOCOL_UDP:
		return read_udp(r);
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return packet_read_icmp(r);
	case PROTOCOL_UDPLITE:
		return read_udplite(r);
	case PROTOCOL_SCTP:
		return read_sctp(r);
	case PROTOCOL_DCCP:
		return read_dccp(r);
	default: /* known by its addresses and number alone */
		return UNDECIDED;
	}
}
