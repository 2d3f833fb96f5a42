/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 and IPv6 headers: lengths, addresses, options, extension headers and
 * fragments; then packet_read_transport() takes over.
 *
 * A reader (packet_reader.h) goes forward only, and each step first asks
 * reader_lacks() for the bytes it is about to read, so no byte beyond
 * `captured` is touched.  `length` is what IP says, never more than the frame:
 * what follows is link padding.  Each header of the packet is read once and
 * their number is bounded, as is that of the options in one, so the cost is
 * linear in a few hundred bytes whatever comes.  The tuple fills up on the way
 * and shows of a refused packet what had been read by then.
 *
 * Malformed is malformed in all directions.  That a source cannot be so
 * (RFC 2827, RFC 3704) is said of packets from outside only: our own come from
 * an address which the kernel chose, or root.
 */
#include "packet.h"

#include <assert.h>

#include "checksum.h"
#include "packet_reader.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define LENGTH_MAX  65535 /* that the length field of either can say */

#define OPTIONS_MAX 8 /* in one IPv6 header, RFC 8504 5.3 */
#define PADDING_MAX 7 /* bytes between two options, RFC 8504 5.3 */

static_assert(UNDECIDED == 0, "a reason is tested as a truth value");

/* The whole packet is one of `length` bytes with the IP header `header`.
 * False: that cannot be. */
static bool
reader_trim(struct reader *r, uint32_t length, uint32_t header)
{
	if (length < header || length > r->length)
		return false;
	r->packet->length = length;
	r->length = length;
	if (r->captured > length)
		r->captured = length;
	return true;
}

/* What is ahead is a part of a datagram, not all of it: `offset` bytes in, of
 * the `before` bytes that count for the datagram's length. */
static enum reason
read_fragment(
    struct reader *r, uint32_t id, uint32_t offset, bool more, uint32_t before)
{
	struct packet *p = r->packet;
	uint8_t protocol = p->tuple.protocol;

	p->is_fragment = true;
	p->is_later_fragment = offset > 0;
	p->fragment.datagram = p->tuple;
	p->fragment.datagram.kind = KIND_FRAGMENT;
	p->fragment.datagram.sport = (uint16_t)(id >> 16);
	p->fragment.datagram.dport = (uint16_t)id;
	/* IPv6 reassembles by addresses and id alone (RFC 8200 4.5). */
	if (p->tuple.family == FAMILY_IPV6)
		p->fragment.datagram.protocol = 0;

	if (r->length == 0 || (more && r->length % 8 != 0) ||
	    r->length > LENGTH_MAX || before + offset + r->length > LENGTH_MAX)
		return BAD_FRAGMENT;
	p->fragment.start = (uint16_t)offset;
	p->fragment.end = (uint16_t)(offset + r->length);
	p->fragment.is_last = !more;
	/* It would overwrite the flags of the first one (RFC 1858, 3128). */
	if (offset == 8 && protocol == PROTOCOL_TCP)
		return BAD_FRAGMENT;
	return UNDECIDED;
}

/* Well formed and without a source route (RFC 7126 4.3, 4.4). */
static bool
ipv4_options_good(const uint8_t *at, uint32_t left)
{
	while (left > 0) {
		uint32_t size = 1;
		switch (at[0]) {
		case 0: /* end of list */
			return true;
		case 1: /* no operation */
			break;
		case 131: /* loose source route */
		case 137: /* strict source route */
			return false;
		default:
			if (left < 2 || at[1] < 2 || at[1] > left)
				return false;
			size = at[1];
		}
		at += size;
		left -= size;
	}
	return true;
}

static bool
ipv4_source_possible(uint32_t source)
{
	return source >> 28 != 0xe && /* multicast */
	       source >> 24 != 127 && /* loopback */
	       source != UINT32_MAX;  /* broadcast */
}

static enum reason
read_ipv4(struct reader *r)
{
	struct packet *p = r->packet;
	const uint8_t *ip = r->at;

	if (r->captured < IPV4_HEADER)
		return TRUNCATED;
	uint32_t header = (ip[0] & 0x0fu) * 4;
	uint32_t length = be16(ip + 2);
	uint32_t source = be32(ip + 12);
	p->tuple.family = FAMILY_IPV4;
	p->tuple.protocol = ip[9];
	p->tuple.src = address_from_v4(source);
	p->tuple.dst = address_from_v4(be32(ip + 16));
	p->hop_limit = ip[8];

	/* The kernel's own big packets (BIG TCP, iph_totlen()) say 0. */
	if (length == 0 && r->length > LENGTH_MAX)
		length = r->length;
	if (header < IPV4_HEADER || !reader_trim(r, length, header))
		return BAD_IP_HEADER;
	if (header > r->captured)
		return TRUNCATED;
	if (r->frame->verify_checksum &&
	    !checksum_good(checksum_sum(ip, header)))
		return BAD_CHECKSUM;
	if (header > IPV4_HEADER &&
	    !ipv4_options_good(ip + IPV4_HEADER, header - IPV4_HEADER))
		return BAD_IP_OPTION;
	if (p->direction != OUTBOUND && !ipv4_source_possible(source))
		return BAD_ADDRESS;
	reader_advance(r, header);

	uint32_t place = be16(ip + 6) & 0x3fff;
	if (place != 0) {
		enum reason why = read_fragment(r, be16(ip + 4),
		    (place & 0x1fff) * 8, place & 0x2000, header);
		if (why || p->is_later_fragment)
			return why;
	}
	return packet_read_transport(r);
}

/* The options of a Hop-by-Hop or Destination Options header are well formed
 * and few.  As ip6_parse_tlv() of Linux, which counts options and padding so.
 */
static bool
ipv6_options_good(struct reader *r, uint32_t size, bool hop_by_hop)
{
	const uint8_t *at = r->at + 2;
	uint32_t left = size - 2, options = 0, padding = 0;

	while (left > 0) {
		uint32_t step = 1; /* Pad1 */
		if (at[0] != 0) {
			if (left < 2 || at[1] + 2u > left)
				return false;
			step = at[1] + 2u;
		}
		if (at[0] <= 1) { /* Pad1, PadN */
			padding += step;
		} else {
			padding = 0;
			options++;
		}
		if (padding > PADDING_MAX || options > OPTIONS_MAX)
			return false;
		/* Jumbo Payload (RFC 2675): the kernel's own big packets have
		 * it, and it may say nothing but what is so. */
		if (at[0] == 0xc2 &&
		    (!hop_by_hop || step != 6 ||
			r->packet->length <= IPV6_HEADER + LENGTH_MAX ||
			be32(at + 2) != r->packet->length - IPV6_HEADER))
			return false;
		/* Home Address (RFC 6275 6.3): the real source is in there. */
		if (at[0] == 0xc9 && !hop_by_hop)
			r->readdressed = true;
		at += step;
		left -= step;
	}
	return true;
}

/* Past the Fragment header at hand. */
static enum reason
read_ipv6_fragment(struct reader *r)
{
	const uint8_t *at = r->at;
	uint32_t place = be16(at + 2);
	/* What the payload length of the reassembled packet counts. */
	uint32_t before = r->packet->length - r->length - IPV6_HEADER;

	if (r->has_fragment_header)
		return BAD_FRAGMENT;
	r->has_fragment_header = true;
	r->packet->tuple.protocol = at[0];
	reader_advance(r, 8);
	/* Offset 0 and no more to come: it is whole, and judged so (RFC 6946),
	 * even if fragments of the same id are about. */
	if ((place & 0xfff9) == 0)
		return UNDECIDED;
	return read_fragment(
	    r, be32(at + 4), place & 0xfff8, place & 1, before);
}

/* Past one extension header.  *last: it is what the packet is about. */
static enum reason
read_ipv6_extension(struct reader *r, bool first, bool *last)
{
	uint8_t kind = r->packet->tuple.protocol;

	if (kind == EXTENSION_NONE || (kind == EXTENSION_HOP_BY_HOP && !first))
		return BAD_EXTENSION;
	enum reason why = reader_lacks(r, 8, BAD_EXTENSION);
	if (why)
		return why;
	if (kind == EXTENSION_FRAGMENT)
		return read_ipv6_fragment(r);
	uint32_t size = (r->at[1] + 1u) * 8;
	why = reader_lacks(r, size, BAD_EXTENSION);
	if (why)
		return why;

	switch (kind) {
	case EXTENSION_HOP_BY_HOP:
	case EXTENSION_DESTINATION:
		if (!ipv6_options_good(r, size, kind == EXTENSION_HOP_BY_HOP))
			return BAD_EXTENSION;
		break;
	case EXTENSION_ROUTING:
		if (r->at[2] == 0) /* RFC 5095 */
			return BAD_EXTENSION;
		if (r->at[3] > 0) /* segments left: not there yet */
			r->readdressed = true;
		break;
	default: /* Mobility, HIP, Shim6: messages of their own, or on the way
		  * to one (RFC 7045) */
		*last = r->at[0] == EXTENSION_NONE;
		if (*last)
			return UNDECIDED;
	}
	r->packet->tuple.protocol = r->at[0];
	reader_advance(r, size);
	return UNDECIDED;
}

static enum reason
read_ipv6_extensions(struct reader *r)
{
	struct packet *p = r->packet;
	bool last = false;

	r->has_extensions = true;
	for (unsigned count = 0; extension_known(p->tuple.protocol) && !last;
	     count++) {
		if (count == EXTENSIONS_MAX)
			return BAD_EXTENSION;
		enum reason why = read_ipv6_extension(r, count == 0, &last);
		if (why || p->is_later_fragment)
			return why;
	}
	return packet_read_transport(r);
}

/* An IPv4 address in IPv6 clothes, mapped or compatible; but :: and ::1 are
 * none (RFC 4291 2.5, RFC 6092 REC-3). */
static bool
address_embeds_v4(struct address a)
{
	return address_is_v4(a) ||
	       (a.high == 0 && a.low >> 32 == 0 && a.low > 1);
}

static bool
ipv6_addresses_possible(struct address src, struct address dst, bool outside)
{
	if (src.high == 0 || dst.high == 0) {
		bool unspecified = dst.high == 0 && dst.low == 0;
		bool loopback = (src.high == 0 && src.low == 1) ||
				(dst.high == 0 && dst.low == 1);
		if (address_embeds_v4(src) || address_embeds_v4(dst) ||
		    unspecified || (outside && loopback))
			return false;
	}
	return !outside || src.high >> 56 != 0xff; /* multicast */
}

static enum reason
read_ipv6(struct reader *r)
{
	struct packet *p = r->packet;
	const uint8_t *ip = r->at;

	if (r->captured < IPV6_HEADER)
		return TRUNCATED;
	uint32_t length = be16(ip + 4) + IPV6_HEADER;
	p->tuple.family = FAMILY_IPV6;
	p->tuple.protocol = ip[6];
	p->tuple.src = address_from_bytes(ip + 8);
	p->tuple.dst = address_from_bytes(ip + 24);
	p->hop_limit = ip[7];

	/* As in IPv4, with or without a Jumbo Payload option. */
	if (length == IPV6_HEADER && r->length > IPV6_HEADER + LENGTH_MAX)
		length = r->length;
	if (!reader_trim(r, length, IPV6_HEADER))
		return BAD_IP_HEADER;
	if (!ipv6_addresses_possible(
		p->tuple.src, p->tuple.dst, p->direction != OUTBOUND))
		return BAD_ADDRESS;
	reader_advance(r, IPV6_HEADER);
	if (extension_known(p->tuple.protocol))
		return read_ipv6_extensions(r);
	return packet_read_transport(r);
}

/* May the packet have no source yet?  DHCP to a server, router solicitation,
 * duplicate address detection, MLD; on the link only (RFC 4291 2.5.2). */
static bool
may_lack_source(const struct packet *p)
{
	if (p->direction != INBOUND || p->is_later_fragment)
		return false;
	if (p->tuple.protocol == PROTOCOL_UDP)
		return p->tuple.family == FAMILY_IPV4 && p->tuple.sport == 68 &&
		       p->tuple.dport == 67;
	return p->tuple.protocol == PROTOCOL_ICMPV6 && p->is_essential &&
	       p->icmp.type != 134 && p->icmp.type != 136;
}

/* What only the whole tuple, or the kind of the packet, can tell. */
static enum reason
check_ends(const struct packet *p)
{
	const struct tuple *t = &p->tuple;

	/* LAND.  The loopback interface is not ours to filter, so from outside
	 * nobody has the address of this host; but a gateway that translates
	 * may send a host's packet back to it, to another port. */
	if (address_equal(t->src, t->dst) &&
	    (p->direction == INBOUND || t->sport == t->dport))
		return BAD_ADDRESS;

	bool unspecified = t->src.high == 0 && (uint32_t)t->src.low == 0 &&
			   (t->src.low == 0 || address_is_v4(t->src));
	if (unspecified && p->direction != OUTBOUND && !may_lack_source(p))
		return BAD_ADDRESS;
	return UNDECIDED;
}

/* Member by member: gcc makes of a memset() of all, or of an initializer, a
 * `rep stos` that costs as much as the whole parse. */
static void
forget_facts(struct packet *p)
{
	p->is_fragment = false;
	p->is_later_fragment = false;
	p->is_essential = false;
	p->opens_sctp_dccp = false;
	p->pass_only = false;
	p->fragment = (struct fragment_facts){ .start = 0 };
	p->icmp = (struct icmp_facts){ .type = 0 }; /* the larger of the two */
}

static_assert(sizeof(struct icmp_facts) >= sizeof(struct tcp_facts),
    "forget_facts() clears the union");

/* Of the facts only what people want to see of a refused packet is kept. */
static enum reason
refuse(struct packet *p, enum reason why)
{
	uint8_t flags = p->tcp.flags;
	uint8_t type = p->icmp.type, code = p->icmp.code;

	p->fault = (uint8_t)why;
	forget_facts(p);
	switch (p->tuple.protocol) {
	case PROTOCOL_TCP:
		p->tcp.flags = flags;
		break;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		p->icmp.type = type;
		p->icmp.code = code;
		break;
	}
	return why;
}

static enum reason
read_ip(struct reader *r)
{
	if (r->captured == 0)
		return NO_PACKET;
	switch (r->at[0] >> 4) {
	case 4:
		return read_ipv4(r);
	case 6:
		return read_ipv6(r);
	default:
		return NOT_IP;
	}
}

enum reason
packet_parse(const struct frame *frame, struct packet *out)
{
	struct reader r = {
		.frame = frame,
		.packet = out,
		.at = frame->bytes,
		.captured = frame->captured,
		.length = frame->length,
	};

	out->tuple = (struct tuple){ .sport = 0 };
	out->direction = frame->direction;
	out->fault = UNDECIDED;
	out->hop_limit = 0;
	out->in_interface = frame->in_interface;
	out->out_interface = frame->out_interface;
	out->user = frame->user;
	out->group = frame->group;
	out->length = frame->length;
	forget_facts(out);

	enum reason why = read_ip(&r);
	if (!why)
		why = check_ends(out);
	return why ? refuse(out, why) : UNDECIDED;
}

const char *
direction_name(enum direction d)
{
	static const char *const names[] = {
		[INBOUND] = "inbound",
		[OUTBOUND] = "outbound",
		[FORWARD] = "forward",
	};
	assert(d < DIRECTION_COUNT);
	return names[d];
}
