/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few addresses and ports, so that tuples meet again; of the flows that the
 * naive engine knows, one is chosen and its numbers are taken as they are, or
 * one off.
 */
#include "storm.h"

#define ACL_ONLY                                                               \
	"acl = { inbound = ( { port = 22; action = \"allow\"; } );"            \
	"        outbound = ( { port = \"*\"; action = \"allow\"; } ); };"

static const char *const configs[] = {
	"inbound = ( { port = (22, 80); action = \"allow\"; } );"
	"outbound = ( { port = \"*\"; action = \"allow\"; } );"
	"forward = ( { port = 80; action = \"allow\"; } );",

	"inbound = ( { port = \"*\"; action = \"allow\"; } );"
	"outbound = ( { port = \"*\"; action = \"allow\"; } );"
	"forward = ( { port = \"*\"; action = \"allow\"; } );",

	"inbound = ( { port = 22; action = \"reject\"; },"
	"            { port = 80; action = \"allow\"; stateful = false; } );"
	"outbound = ( { protocol = \"tcp\"; port = (80, 40000); action = "
	"\"allow\"; },"
	"             { protocol = \"udp\"; port = 22; action = \"allow\"; "
	"stateful = false; },"
	"             { protocol = (\"icmp\", \"icmpv6\"); action = \"allow\"; "
	"} );",

	"on_reload = \"keep\";"
	"inbound = ();"
	"outbound = ( { port = \"*\"; action = \"allow\"; } );",

	"conntrack = { profile = \"linux\"; };"
	"inbound = ( { port = (22, 80); action = \"allow\"; } );"
	"outbound = ( { port = \"*\"; action = \"allow\"; } );",

	"acl = { inbound = ( { port = 22; action = \"block\"; },"
	"                    { port = \"*\"; action = \"allow\"; } );"
	"        outbound = ( { port = \"*\"; action = \"allow\"; } ); };"
	"inbound = ( { port = (22, 80); action = \"allow\"; } );"
	"outbound = ( { port = \"*\"; action = \"allow\"; } );",

	"conntrack = { tcp = \"liberal\"; };"
	"inbound = ( { port = (22, 80); action = \"allow\"; } );"
	"outbound = ( { port = \"*\"; action = \"allow\"; } );",

	"conntrack = { tcp = \"loose\"; };"
	"inbound = ( { port = (22, 80); action = \"allow\"; } );"
	"outbound = ( { port = (80, 40000); action = \"allow\"; } );",

	ACL_ONLY,
};

const char *
storm_config(struct dice *d)
{
	size_t last = sizeof(configs) / sizeof(configs[0]) - 1;

	if (dice_chance(d, 2))
		return configs[last];
	return configs[dice_roll(d, (uint32_t)last)];
}

uint64_t
storm_pause_ms(struct dice *d)
{
	uint32_t way = dice_roll(d, 10000);

	if (way < 6000)
		return 0;
	if (way < 9800)
		return dice_roll(d, 60);
	if (way < 9960)
		return dice_roll(d, 20000);
	if (way < 9997)
		return dice_roll(d, 400000);
	return dice_roll(d, 6 * 86400) * UINT64_C(1000);
}

/* ---- whoever */

static struct address
host(struct dice *d, uint8_t family, bool ours)
{
	uint32_t number = dice_between(d, 1, ours ? 2 : 3);

	if (family == FAMILY_IPV4) /* 192.0.2.N, 203.0.113.N */
		return address_from_v4(
		    (ours ? 0xc0000200 : 0xcb007100) + number);
	return (struct address){ ours ? UINT64_C(0x20010db800010000)
				      : UINT64_C(0x20010db800030000),
		number };
}

static struct tuple
any_tuple(struct dice *d, uint8_t direction, uint8_t protocol)
{
	static const uint16_t ports[] = { 22, 80, 40000, 40001 };
	uint8_t family = dice_chance(d, 50) ? FAMILY_IPV4 : FAMILY_IPV6;
	struct tuple t = { .family = family, .protocol = protocol };

	if (protocol == PROTOCOL_ICMP && family == FAMILY_IPV6)
		t.protocol = PROTOCOL_ICMPV6;
	t.src = host(d, family, direction == OUTBOUND);
	t.dst = host(d, family, direction != OUTBOUND);
	if (direction == FORWARD && dice_chance(d, 50)) {
		struct address src = t.src;
		t.src = t.dst;
		t.dst = src;
	}
	if (protocol_has_ports(protocol)) {
		t.sport = DICE_PICK(d, ports);
		t.dport = DICE_PICK(d, ports);
	}
	return t;
}

static struct tuple
reverse(const struct tuple *t)
{
	struct tuple r = *t;

	r.src = t->dst;
	r.dst = t->src;
	r.sport = t->dport;
	r.dport = t->sport;
	return r;
}

static uint8_t
opposite(uint8_t direction)
{
	return direction == FORWARD   ? FORWARD
	       : direction == INBOUND ? OUTBOUND
				      : INBOUND;
}

/* ---- TCP numbers */

static const struct naive_side unknown_side;

static uint32_t
some_seq(struct dice *d, const struct naive_side *s, const struct naive_side *r,
    const struct naive_flow *f)
{
	const uint32_t numbers[] = { s->isn, s->isn + 1, s->una, s->end,
		s->edge, s->edge + 1, s->end - r->window, f->new_isn,
		s->una + 100, dice_u32(d) };

	if (dice_chance(d, 50))
		return s->end;
	return DICE_PICK(d, numbers) + dice_roll(d, 3) - 1;
}

static uint32_t
some_ack(struct dice *d, const struct naive_side *s, const struct naive_side *r,
    const struct naive_flow *f)
{
	const uint32_t numbers[] = { r->isn, r->isn + 1, r->una, r->end,
		r->end - 66000, r->end - s->window, f->new_isn + 1,
		dice_u32(d) };

	if (dice_chance(d, 60))
		return r->end;
	return DICE_PICK(d, numbers) + dice_roll(d, 3) - 1;
}

static uint8_t
some_flags(struct dice *d)
{
	static const uint8_t legal[] = { TCP_SYN, TCP_SYN, TCP_SYN | TCP_ACK,
		TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK,
		TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST,
		TCP_RST | TCP_ACK, TCP_SYN | TCP_URG, TCP_ACK | TCP_URG,
		TCP_FIN | TCP_ACK | TCP_URG, TCP_SYN | TCP_ECE | TCP_CWR };

	if (dice_chance(d, 1))
		return (uint8_t)dice_roll(d, 256);
	return DICE_PICK(d, legal) | (dice_chance(d, 30) ? TCP_PSH : 0);
}

static struct tcp_facts
some_segment(struct dice *d, const struct naive_flow *f, unsigned side)
{
	static const uint32_t lengths[] = { 0, 0, 0, 1, 10, 1460, 60000 };
	static const uint16_t windows[] = { 0, 1, 100, 1000, 65535 };
	static const uint8_t scales[] = { TCP_NO_SCALE, TCP_NO_SCALE, 0, 1, 7,
		14 };
	const struct naive_side *s = f ? &f->side[side] : &unknown_side;
	const struct naive_side *r = f ? &f->side[!side] : &unknown_side;
	static const struct naive_flow no_flow;
	const struct naive_flow *known = f ? f : &no_flow;
	struct tcp_facts t = {
		.flags = some_flags(d),
		.seq = some_seq(d, s, r, known),
		.length = DICE_PICK(d, lengths),
		.window = DICE_PICK(d, windows),
		.scale = DICE_PICK(d, scales),
	};

	if (t.flags & TCP_ACK || dice_chance(d, 5))
		t.ack = some_ack(d, s, r, known);
	if (t.flags & TCP_ACK && !(t.flags & TCP_SYN) && dice_chance(d, 10)) {
		t.has_sack = true;
		t.sack_edge = some_ack(d, s, r, known);
	}
	return t;
}

/* ---- packets */

static void
fill_icmp(struct dice *d, struct packet *p)
{
	static const uint8_t types_v4[] = { 3, 4, 5, 9, 11, 12, 17 };
	static const uint8_t types_v6[] = { 1, 2, 3, 4, 5, 137, 144 };
	static const uint8_t kinds[] = { KIND_ECHO, KIND_ECHO, KIND_ECHO_REPLY,
		KIND_ECHO_REPLY, KIND_TIMESTAMP, KIND_TIMESTAMP_REPLY };
	bool v4 = p->tuple.family == FAMILY_IPV4;
	uint8_t kind = DICE_PICK(d, kinds);

	p->icmp.code = (uint8_t)dice_roll(d, 3);
	if (dice_chance(d, 20)) {
		p->icmp.type =
		    v4 ? DICE_PICK(d, types_v4) : DICE_PICK(d, types_v6);
		return;
	}
	p->tuple.sport = p->tuple.dport = (uint16_t)dice_between(d, 1, 3);
	if (v4)
		p->icmp.type = kind == KIND_ECHO         ? 8
			       : kind == KIND_ECHO_REPLY ? 0
			       : kind == KIND_TIMESTAMP  ? 13
							 : 14;
	else
		p->icmp.type = kind == KIND_ECHO ? 128 : 129;
}

static struct packet
stranger(struct dice *d)
{
	static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_TCP,
		PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_UDP, PROTOCOL_ICMP,
		PROTOCOL_ICMP, PROTOCOL_ESP, 47, PROTOCOL_SCTP, PROTOCOL_DCCP,
		PROTOCOL_UDPLITE };
	struct packet p = { .direction =
				(uint8_t)dice_roll(d, DIRECTION_COUNT) };
	uint8_t protocol = DICE_PICK(d, protocols);

	p.tuple = any_tuple(d, p.direction, protocol);
	p.opens_sctp_dccp = dice_chance(d, 50);
	if (protocol == PROTOCOL_TCP)
		p.tcp = some_segment(d, NULL, 0);
	else if (protocol == PROTOCOL_ICMP)
		fill_icmp(d, &p);
	else
		p.length = dice_roll(d, 100);
	return p;
}

/* A packet that names the flow, from that side, on the right hook mostly. */
static struct packet
of_flow(struct dice *d, const struct naive_flow *f, unsigned side)
{
	struct packet p = { .tuple = side ? reverse(&f->tuple) : f->tuple };
	bool v4 = f->tuple.family == FAMILY_IPV4;

	p.direction = side ? opposite(f->direction) : f->direction;
	if (dice_chance(d, 2))
		p.direction = (uint8_t)dice_roll(d, DIRECTION_COUNT);
	p.opens_sctp_dccp = dice_chance(d, 20);
	if (f->tuple.protocol == PROTOCOL_TCP) {
		p.tcp = some_segment(d, f, side);
		p.pass_only = p.tcp.flags & TCP_RST && p.tcp.length > 0 &&
			      dice_chance(d, 30);
	} else if (f->tuple.kind == KIND_ECHO) {
		p.icmp.type = v4 ? (side ? 0 : 8) : (side ? 129 : 128);
	} else if (f->tuple.kind == KIND_TIMESTAMP) {
		p.icmp.type = side ? 14 : 13;
	}
	return p;
}

/* An ICMP error about what that side of the flow sent. */
static struct packet
error_about(struct dice *d, const struct naive_flow *f, unsigned side)
{
	static const uint8_t types_v4[] = { 3, 11, 12, 5 };
	const struct naive_side *s = &f->side[side];
	bool v4 = f->tuple.family == FAMILY_IPV4;
	struct tuple quoted = side ? reverse(&f->tuple) : f->tuple;
	uint8_t travelled = side ? opposite(f->direction) : f->direction;
	struct packet p = {
		.direction = opposite(travelled),
		.tuple = { .src = host(d, f->tuple.family, false),
		    .dst = quoted.src,
		    .family = f->tuple.family,
		    .protocol = v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6 },
		.icmp = { .type = v4 ? DICE_PICK(d, types_v4)
				     : (uint8_t)dice_between(d, 1, 4),
		    .code = (uint8_t)dice_roll(d, 5),
		    .quotes = true,
		    .quoted = quoted },
	};
	const uint32_t numbers[] = { s->isn, s->una, s->end, dice_u32(d) };

	if (f->tuple.protocol == PROTOCOL_TCP)
		p.icmp.quoted_seq = DICE_PICK(d, numbers) + dice_roll(d, 3) - 1;
	if (f->tuple.kind != KIND_PORTS && side == 1)
		p.icmp.quoted.kind = f->tuple.kind + 1; /* its answer */
	if (dice_chance(d, 10))
		p.direction = (uint8_t)dice_roll(d, DIRECTION_COUNT);
	if (dice_chance(d, 5))
		p.icmp.quoted.dport++;
	if (dice_chance(d, 5))
		p.tuple.dst = host(d, f->tuple.family, true);
	return p;
}

struct packet
storm_packet(struct dice *d, const struct naive *n)
{
	if (n->count == 0 || dice_chance(d, n->count < 30 ? 20 : 5))
		return stranger(d);
	const struct naive_flow *f = NULL;
	for (unsigned tries = 0; /* most of them TCP */
	     tries < 4 && (!f || f->tuple.protocol != PROTOCOL_TCP); tries++)
		f = &n->flow[dice_roll(d, (uint32_t)n->count)];
	unsigned side = dice_roll(d, 2);
	return dice_chance(d, 7) ? error_about(d, f, side)
				 : of_flow(d, f, side);
}

#define LARGEST_BATCH 4

void
storm_play(struct match *m, struct dice *d, uint64_t packets, uint64_t now_ms)
{
	struct packet batch[LARGEST_BATCH];
	enum reason reasons[LARGEST_BATCH];
	uint64_t last = match_packets(m) + packets;

	match_publish(m, configs[0]);
	while (match_packets(m) < last) {
		size_t count = dice_between(d, 1, LARGEST_BATCH);
		for (size_t i = 0; i < count; i++)
			batch[i] = storm_packet(d, match_naive(m));
		if (dice_roll(d, 1500) == 0)
			now_ms = match_publish(m, storm_config(d));
		now_ms += storm_pause_ms(d);
		match_play(m, batch, count, now_ms, reasons);
		if (dice_roll(d, 500) == 0)
			match_compare_flows(m);
	}
	match_compare_flows(m);
}

void
storm_play_tight(
    struct match *m, struct dice *d, uint64_t packets, uint64_t now_ms)
{
	uint64_t last = match_packets(m) + packets;
	enum reason reason;

	match_publish(m, configs[dice_roll(d, 2)]);
	while (match_packets(m) < last) {
		struct packet p = storm_packet(d, match_naive(m));
		match_play(m, &p, 1, now_ms, &reason);
		now_ms += dice_roll(d, 2);
	}
	match_compare_flows(m);
}
