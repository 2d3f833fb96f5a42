/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet parser under any bytes.  Byte 0 of the input chooses the
 * direction (low 7 bits modulo 3) and whether checksums are verified (0x80);
 * byte 1 how much longer the packet was on the wire than what was captured.
 * The rest is the packet.
 *
 * Held: no byte beyond the captured ones is read (the sanitizers look); the
 * answer depends on nothing but the frame; what is refused has a reason that
 * drops, and no facts; what is accepted is one thing at most, of the family of
 * its version; and a shorter capture never turns a packet into
 * another, or makes a malformed one good, but for its checksum.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tuple no_tuple;

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static struct packet
parse(struct frame frame, uint32_t captured, uint8_t before)
{
	struct packet p;
	uint8_t *exact = malloc(captured ? captured : 1);

	if (!exact)
		abort();
	if (captured > 0)
		memcpy(exact, frame.bytes, captured);
	frame.bytes = exact;
	frame.captured = captured;
	memset(&p, before, sizeof(p));
	require(packet_parse(&frame, &p) == p.fault);
	free(exact);
	return p;
}

static bool
same_tuple(const struct tuple *a, const struct tuple *b)
{
	return address_equal(a->src, b->src) && address_equal(a->dst, b->dst) &&
	       a->sport == b->sport && a->dport == b->dport &&
	       a->family == b->family && a->protocol == b->protocol &&
	       a->kind == b->kind;
}

static void
check_tuple(const struct tuple *t)
{
	bool icmp =
	    t->protocol == PROTOCOL_ICMP || t->protocol == PROTOCOL_ICMPV6;

	require(t->family == FAMILY_IPV4 || t->family == FAMILY_IPV6);
	require(address_is_v4(t->src) == (t->family == FAMILY_IPV4));
	require(t->kind == KIND_PORTS || icmp);
	require(t->kind == KIND_PORTS || t->sport == t->dport);
	if (!icmp && !protocol_has_ports(t->protocol))
		require(t->sport == 0 && t->dport == 0);
}

static void
check_refused(const struct packet *p)
{
	require(p->fault >= NO_PACKET && p->fault <= BAD_CHECKSUM);
	require(reason_verdict(p->fault) == VERDICT_DROP);
	require(!p->is_fragment && !p->is_later_fragment && !p->is_essential);
	require(!p->opens_sctp_dccp && !p->pass_only);
	require(same_tuple(&p->fragment.datagram, &no_tuple));
	require(p->fragment.start == 0 && p->fragment.end == 0);
	if (p->fault == NO_PACKET || p->fault == NOT_IP)
		require(same_tuple(&p->tuple, &no_tuple));
}

static void
check_icmp(const struct packet *p)
{
	const struct icmp_facts *icmp = &p->icmp;

	require(icmp->is_error + icmp->is_query + icmp->is_answer <= 1);
	require((icmp->is_query || icmp->is_answer) ==
		(p->tuple.kind != KIND_PORTS));
	require(icmp->is_error || !icmp->quotes);
	if (!icmp->quotes) {
		require(same_tuple(&icmp->quoted, &no_tuple));
		require(icmp->quoted_seq == 0);
		return;
	}
	require(icmp->quoted.family == p->tuple.family);
	require(address_equal(icmp->quoted.src, p->tuple.dst));
	check_tuple(&icmp->quoted);
}

static void
check_fragment(const struct fragment_facts *f, const struct tuple *whole)
{
	require(f->datagram.kind == KIND_FRAGMENT);
	require(address_equal(f->datagram.src, whole->src));
	require(address_equal(f->datagram.dst, whole->dst));
	require(f->start < f->end && f->start % 8 == 0);
	require(f->is_last || f->end % 8 == 0);
	require(f->start > 0 || !f->is_last);
}

static void
check_accepted(const struct packet *p, const struct frame *frame)
{
	uint8_t protocol = p->tuple.protocol;

	check_tuple(&p->tuple);
	require(address_is_v4(p->tuple.dst) == address_is_v4(p->tuple.src));
	require(p->tuple.family == frame->bytes[0] >> 4);
	require(p->length > 0 && p->length <= frame->length);
	require(!p->is_essential || p->direction != FORWARD);
	require(!p->opens_sctp_dccp || protocol == PROTOCOL_SCTP ||
		protocol == PROTOCOL_DCCP);
	require(!p->pass_only ||
		(frame->verify_checksum && p->tcp.flags & TCP_RST));
	if (p->is_fragment) {
		check_fragment(&p->fragment, &p->tuple);
		require(p->is_later_fragment == (p->fragment.start > 0));
	}
	if (p->is_later_fragment) {
		require(p->is_fragment && !p->is_essential);
		require(p->tuple.sport == 0 && p->tuple.dport == 0);
	} else if (protocol_has_ports(protocol)) {
		require(p->tuple.sport > 0 && p->tuple.dport > 0);
		if (protocol == PROTOCOL_TCP)
			require(p->tcp.scale <= TCP_NO_SCALE &&
				p->tcp.length < p->length);
	} else if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) {
		check_icmp(p);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 70000)
		return 0;
	uint32_t captured = (uint32_t)size - 2;
	struct frame frame = {
		.bytes = data + 2,
		.captured = captured,
		/* By steps that reach beyond 65575, the least big packet. */
		.length = captured + data[1] * 521u,
		.direction = (data[0] & 0x7f) % DIRECTION_COUNT,
		.verify_checksum = data[0] & 0x80,
	};
	struct packet p = parse(frame, captured, 0xaa);
	struct packet again = parse(frame, captured, 0x55);

	require(memcmp(&p, &again, sizeof(p)) == 0);
	if (p.fault)
		check_refused(&p);
	else
		check_accepted(&p, &frame);
	for (uint32_t cut = captured < 128 ? captured : 128; cut-- > 0;) {
		again = parse(frame, cut, 0);
		if (again.fault)
			check_refused(&again);
		else
			require(
			    p.fault == BAD_CHECKSUM ||
			    (!p.fault && same_tuple(&p.tuple, &again.tuple)));
	}
	return 0;
}
