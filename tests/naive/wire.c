/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers are written front to back with put functions; the lengths in them
 * are those of the announced packet.  Checksums stay 0: only a RST cut short
 * (pass_only) asks for one, and it cannot be verified.
 */
#include "wire.h"

struct pen {
	uint8_t *at;
};

static void
put8(struct pen *pen, unsigned value)
{
	*pen->at++ = (uint8_t)value;
}

static void
put16(struct pen *pen, unsigned value)
{
	put8(pen, value >> 8 & 0xff);
	put8(pen, value & 0xff);
}

static void
put32(struct pen *pen, uint32_t value)
{
	put16(pen, value >> 16);
	put16(pen, value & 0xffff);
}

static void
put_address(struct pen *pen, struct address a)
{
	if (!address_is_v4(a)) {
		put32(pen, (uint32_t)(a.high >> 32));
		put32(pen, (uint32_t)a.high);
		put32(pen, (uint32_t)(a.low >> 32));
	}
	put32(pen, (uint32_t)a.low);
}

/* `payload`: bytes behind the IP header. */
static void
put_ip(struct pen *pen, const struct tuple *t, unsigned payload)
{
	if (t->family == FAMILY_IPV4) {
		put16(pen, 0x4500);
		put16(pen, 20 + payload);
		put32(pen, 0);
		put8(pen, 64);
		put8(pen, t->protocol);
		put16(pen, 0);
	} else {
		put32(pen, 0x60000000);
		put16(pen, payload);
		put8(pen, t->protocol);
		put8(pen, 64);
	}
	put_address(pen, t->src);
	put_address(pen, t->dst);
}

static unsigned
tcp_header(const struct packet *p)
{
	unsigned size = 20;

	if (p->tcp.flags & TCP_SYN && p->tcp.scale != TCP_NO_SCALE)
		size += 4;
	if (p->tcp.has_sack)
		size += 12;
	return size;
}

static void
put_tcp(struct pen *pen, const struct packet *p)
{
	const struct tcp_facts *t = &p->tcp;

	put32(pen, t->seq);
	put32(pen, t->ack);
	put8(pen, tcp_header(p) / 4 << 4);
	put8(pen, t->flags);
	put16(pen, t->window);
	put32(pen, 0);
	if (t->flags & TCP_SYN && t->scale != TCP_NO_SCALE) {
		put16(pen, 0x0103);
		put8(pen, 3);
		put8(pen, t->scale);
	}
	if (t->has_sack) {
		put32(pen, 0x0101050a);
		put32(pen, t->sack_edge - 1);
		put32(pen, t->sack_edge);
	}
}

static unsigned
icmp_type_of(const struct tuple *t)
{
	bool v6 = t->family == FAMILY_IPV6;

	switch (t->kind) {
	case KIND_ECHO:
		return v6 ? 128 : 8;
	case KIND_ECHO_REPLY:
		return v6 ? 129 : 0;
	default:
		return t->kind == KIND_TIMESTAMP ? 13 : 14;
	}
}

static bool
is_icmp(const struct tuple *t)
{
	return t->protocol == PROTOCOL_ICMP || t->protocol == PROTOCOL_ICMPV6;
}

static void
put_icmp(struct pen *pen, const struct packet *p)
{
	const struct tuple *q = &p->icmp.quoted;

	put8(pen, p->icmp.type);
	put8(pen, p->icmp.code);
	put16(pen, 0);
	put16(pen, p->tuple.sport);
	put16(pen, 0);
	if (!p->icmp.quotes)
		return;
	put_ip(pen, q, 20);
	if (is_icmp(q)) {
		put16(pen, icmp_type_of(q) << 8);
		put16(pen, 0);
	}
	put16(pen, q->sport);
	put16(pen, q->dport);
	put32(pen, p->icmp.quoted_seq);
}

/* Header size without payload; 0: none of its own. */
static unsigned
transport_header(const struct packet *p)
{
	switch (p->tuple.protocol) {
	case PROTOCOL_TCP:
		return tcp_header(p);
	case PROTOCOL_UDP:
	case PROTOCOL_UDPLITE:
		return 8;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		if (!p->icmp.quotes)
			return 8;
		return (p->tuple.family == FAMILY_IPV4 ? 36 : 56) +
		       (is_icmp(&p->icmp.quoted) ? 4 : 0);
	case PROTOCOL_SCTP:
		return 32;
	case PROTOCOL_DCCP:
		return 20;
	default:
		return 8;
	}
}

static void
put_transport(struct pen *pen, const struct packet *p, unsigned payload)
{
	const struct tuple *t = &p->tuple;

	if (protocol_has_ports(t->protocol)) {
		put16(pen, t->sport);
		put16(pen, t->dport);
	}
	switch (t->protocol) {
	case PROTOCOL_TCP:
		put_tcp(pen, p);
		break;
	case PROTOCOL_UDP:
		put16(pen, 8 + payload);
		put16(pen, 1);
		break;
	case PROTOCOL_UDPLITE:
		put16(pen, 8);
		put16(pen, 1);
		break;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		put_icmp(pen, p);
		break;
	case PROTOCOL_SCTP: /* INIT without a tag, or DATA with one */
		put32(pen, p->opens_sctp_dccp ? 0 : 1);
		put32(pen, 0);
		put8(pen, p->opens_sctp_dccp ? 1 : 0);
		put8(pen, 0);
		put16(pen, 20 + payload);
		for (int i = 0; i < 4; i++)
			put32(pen, 0);
		break;
	case PROTOCOL_DCCP: /* Request, or Data */
		put8(pen, 5);
		put8(pen, 0);
		put16(pen, 0);
		put8(pen, (p->opens_sctp_dccp ? 0 : 2) << 1 | 1);
		for (int i = 0; i < 11; i++)
			put8(pen, 0);
		break;
	default:
		put32(pen, 0);
		put32(pen, 0);
	}
}

struct frame
wire_build(const struct packet *p, uint8_t bytes[WIRE_SIZE])
{
	struct pen pen = { bytes };
	unsigned payload =
	    p->tuple.protocol == PROTOCOL_TCP ? p->tcp.length : p->length;

	put_ip(&pen, &p->tuple, transport_header(p) + payload);
	put_transport(&pen, p, payload);
	return (struct frame){
		.bytes = bytes,
		.captured = (uint32_t)(pen.at - bytes),
		.length = (uint32_t)(pen.at - bytes) + payload,
		.direction = p->direction,
		.verify_checksum = p->pass_only,
		.in_interface = p->in_interface,
		.out_interface = p->out_interface,
	};
}

static void
print_tcp(FILE *out, const struct tcp_facts *t)
{
	fprintf(out, " %s%s%s%s seq %u ack %u len %u win %u",
	    t->flags & TCP_SYN ? "S" : "", t->flags & TCP_FIN ? "F" : "",
	    t->flags & TCP_RST ? "R" : "", t->flags & TCP_ACK ? "." : "",
	    t->seq, t->ack, t->length, t->window);
	if (t->flags & TCP_SYN && t->scale != TCP_NO_SCALE)
		fprintf(out, " scale %u", t->scale);
	if (t->has_sack)
		fprintf(out, " sack %u", t->sack_edge);
}

static void
print_tuple(FILE *out, const struct tuple *t)
{
	char protocol[16], src[ENDPOINT_TEXT_SIZE], dst[ENDPOINT_TEXT_SIZE];
	bool ports = t->sport || t->dport;

	protocol_print(t->protocol, protocol, sizeof(protocol));
	endpoint_print(t->src, t->sport, ports, src, sizeof(src));
	endpoint_print(t->dst, t->dport, ports, dst, sizeof(dst));
	fprintf(out, "%-6s %s > %s", protocol, src, dst);
}

void
wire_print(FILE *out, const struct packet *p)
{
	static const char *const directions[] = { "IN ", "OUT", "FWD" };

	fprintf(out, "%s ", directions[p->direction]);
	print_tuple(out, &p->tuple);
	if (p->tuple.protocol == PROTOCOL_TCP)
		print_tcp(out, &p->tcp);
	if (is_icmp(&p->tuple))
		fprintf(out, " type %u code %u", p->icmp.type, p->icmp.code);
	if (is_icmp(&p->tuple) && p->icmp.quotes) {
		fputs(" quotes ", out);
		print_tuple(out, &p->icmp.quoted);
		fprintf(out, " seq %u", p->icmp.quoted_seq);
	}
	if (p->pass_only)
		fputs(" (cut)", out);
}
