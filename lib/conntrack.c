/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of a flow.  Each is judged on a copy (state.c decides), and the
 * result goes back by one CAS of the state word; who loses that race judges
 * again.  The other fields only grow, so mixing two workers' updates is no
 * worse than reordering on the wire.  How flows begin and end is in
 * conntrack_life.c.
 */
#include "conntrack.h"

#include "conntrack_life.h"
#include "holding.h"

struct connection
conntrack_find(const struct conntrack *ct, const struct lookup *lookup)
{
	struct connection c = { 0 };
	struct flow *flow =
	    table_confirm(lookup->hint, &lookup->key)
		? lookup->hint
		: table_find(ct->table, &lookup->key, lookup->hash);
	uint64_t word = flow ? flow_word(flow) : 0;

	if (!word || timeout_over(&ct->timing, flow, word))
		return c;
	c.flow = flow;
	c.word = word;
	c.side = flowkey_side(flow, lookup);
	return c;
}

bool
conntrack_may_open(const struct packet *p, enum tcp_mode tcp)
{
	uint8_t flags = TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN;

	switch (p->tuple.protocol) {
	case PROTOCOL_TCP:
		flags &= p->tcp.flags;
		return flags == TCP_SYN ||
		       (tcp == TCP_LOOSE && flags == TCP_ACK);
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return p->icmp.is_query;
	case PROTOCOL_SCTP:
	case PROTOCOL_DCCP:
		return p->opens_sctp_dccp;
	default:
		return true;
	}
}

static bool
is_icmp(const struct packet *p)
{
	return p->tuple.protocol == PROTOCOL_ICMP ||
	       p->tuple.protocol == PROTOCOL_ICMPV6;
}

bool
conntrack_is_error(const struct packet *p)
{
	return is_icmp(p) && p->icmp.is_error;
}

bool
conntrack_tracks(const struct packet *p)
{
	if (!is_icmp(p))
		return true;
	return p->icmp.is_query || p->icmp.is_answer || p->icmp.is_error;
}

static struct tcp_side
load_side(const struct flow *flow, unsigned side)
{
	uint64_t window = flow_get64(&flow->window[side]);
	struct tcp_side s = {
		.end = (uint32_t)window,
		.edge = (uint32_t)(window >> 32),
		.una = flow_get(&flow->una[side]),
		.isn = flow_get(&flow->isn[side]),
		.max_window = flow_get(&flow->max_window[side]),
	};
	return s;
}

bool
conntrack_numbers(const struct flow *flow, struct flow_numbers *numbers)
{
	for (unsigned side = 0; side < 2; side++) {
		struct tcp_side s = load_side(flow, side);
		numbers->next[side][0] = s.una != s.isn ? s.una : s.isn + 1;
		numbers->next[side][1] = s.end;
	}
	return flowkey_tuple(flow).protocol == PROTOCOL_TCP &&
	       !(flow_word_unpack(flow_word(flow)).flags & FLOW_NO_WINDOW);
}

static void
advance_side(struct flow *flow, unsigned side, const struct tcp_side *s)
{
	flow_advance_window(&flow->window[side], s->end, s->edge);
	flow_advance(&flow->una[side], s->una);
	flow_raise(&flow->max_window[side], s->max_window);
}

struct outcome
conntrack_judge(const struct conntrack *ct, const struct connection *c,
    const struct packet *packet, struct tcp_flow *after)
{
	enum direction from = flowkey_direction(c->flow);
	enum direction expected =
	    c->side == OPENER ? from : direction_opposite(from);

	if (packet->direction != expected)
		return (struct outcome){ WRONG_DIRECTION, EFFECT_NONE };
	after->word = flow_word_unpack(c->word);
	if (packet->tuple.protocol != PROTOCOL_TCP)
		return other_judge(&after->word, c->side, ct->timing.tick);
	after->side[OPENER] = load_side(c->flow, OPENER);
	after->side[RESPONDER] = load_side(c->flow, RESPONDER);
	after->challenge = flow_get(&c->flow->challenge);
	return tcp_judge(after, packet, c->side, ct->tcp, ct->timing.tick);
}

bool
conntrack_apply(const struct conntrack *ct, const struct connection *c,
    const struct packet *packet, struct outcome outcome,
    const struct tcp_flow *after)
{
	struct flow *flow = c->flow;

	if (outcome.effect == EFFECT_REPLACE)
		return life_replace(ct, c, packet, *after);
	if (outcome.effect == EFFECT_UPDATE) {
		uint64_t word = flow_word_pack(after->word);
		if (word != c->word && !life_change(ct, flow, c->word, word))
			return false;
	}
	if (reason_verdict(outcome.why) == VERDICT_ACCEPT)
		flow_count(flow, c->side, packet->length);
	if (outcome.effect != EFFECT_UPDATE ||
	    packet->tuple.protocol != PROTOCOL_TCP)
		return true;

	/* Stored after the CAS: what depends on a first SYN/ACK cannot arrive
	   before its verdict is out. */
	bool learned = flow_word_unpack(c->word).state <= STATE_SYN_SENT2 &&
		       after->word.state != STATE_SYN_SENT;
	advance_side(flow, OPENER, &after->side[OPENER]);
	if (learned)
		life_store_side(flow, RESPONDER, &after->side[RESPONDER]);
	else
		advance_side(flow, RESPONDER, &after->side[RESPONDER]);
	flow_set(&flow->challenge, after->challenge);
	return true;
}

struct outcome
conntrack_judge_error(const struct connection *c, const struct packet *error)
{
	static const struct outcome related = { RELATED, EFFECT_NONE };
	static const struct outcome unrelated = { ICMP_UNRELATED, EFFECT_NONE };
	enum direction from = flowkey_direction(c->flow);
	enum direction quoted =
	    c->side == OPENER ? from : direction_opposite(from);

	/* The error travels against the packet that it quotes. */
	if (error->direction != direction_opposite(quoted))
		return unrelated;
	if (error->icmp.quoted.protocol != PROTOCOL_TCP ||
	    flow_word_unpack(c->word).flags & FLOW_NO_WINDOW)
		return related;
	/* A blind forger does not know what is in flight (RFC 5927 4). */
	struct tcp_side s = load_side(c->flow, c->side);
	return (int32_t)(error->icmp.quoted_seq - s.una) >= 0 &&
		       (int32_t)(s.end - error->icmp.quoted_seq) >= 0
		   ? related
		   : unrelated;
}

static struct packet
opening_packet(const struct tuple *tuple, enum direction direction,
    uint16_t in_interface, uint16_t out_interface)
{
	struct packet p = {
		.tuple = *tuple,
		.direction = (uint8_t)direction,
		.in_interface = in_interface,
		.out_interface = out_interface,
	};

	if (p.tuple.kind == KIND_ECHO || p.tuple.kind == KIND_TIMESTAMP) {
		p.icmp.is_query = true;
		p.icmp.type = p.tuple.kind == KIND_TIMESTAMP  ? 13
			      : p.tuple.family == FAMILY_IPV4 ? 8
							      : 128;
	} else if (p.tuple.protocol == PROTOCOL_TCP) {
		p.tcp.flags = TCP_SYN;
	}
	return p;
}

struct packet
conntrack_first_packet(const struct connection *c, const struct packet *packet)
{
	uint32_t interfaces = flow_get(&c->flow->interfaces);
	struct tuple tuple = flowkey_tuple(c->flow);
	struct packet first = opening_packet(&tuple, flowkey_direction(c->flow),
	    (uint16_t)interfaces, (uint16_t)(interfaces >> 16));

	if (c->side == OPENER && packet->direction == OUTBOUND) {
		first.user = packet->user;
		first.group = packet->group;
	}
	return first;
}

struct packet
conntrack_view_packet(const struct flow_view *view)
{
	return opening_packet(&view->tuple, view->direction, view->in_interface,
	    view->out_interface);
}

void
conntrack_look(const struct timing *timing, const struct flow *flow,
    uint64_t packed, uint64_t now_ms, struct flow_view *view)
{
	struct flow_word word = flow_word_unpack(packed);
	uint32_t interfaces = flow_get(&flow->interfaces);
	uint32_t now = (uint32_t)(now_ms / TICK_MS);
	struct flow_view v = {
		.tuple = flowkey_tuple(flow),
		.direction = flowkey_direction(flow),
		.in_interface = (uint16_t)interfaces,
		.out_interface = (uint16_t)(interfaces >> 16),
		.state = state_name(word.state),
		.assured = state_assured(word.state),
		.generation = word.generation,
		.rule_identity = holding_identity(flow_get(&flow->rule)),
	};

	for (unsigned side = 0; side < 2; side++) {
		v.packets[side] = flow_get(&flow->packets[side]);
		v.bytes[side] = flow_get64(&flow->bytes[side]);
	}
	int32_t age = (int32_t)(now - flow_get(&flow->created));
	int32_t idle = (int32_t)(now - word.seen);
	v.age_ms = age > 0 ? (uint64_t)age * TICK_MS : 0;
	v.idle_ms = idle > 0 ? (uint64_t)idle * TICK_MS : 0;
	uint64_t timeout_ms =
	    (uint64_t)timeout_of(timing, flow, packed) * TICK_MS;
	v.expires_ms = timeout_ms > v.idle_ms ? timeout_ms - v.idle_ms : 0;
	*view = v;
}

bool
conntrack_view(const struct timing *timing, const struct flow *flow,
    uint64_t now_ms, struct flow_view *view)
{
	uint64_t packed = flow_word(flow);

	if (!packed || timeout_over(timing, flow, packed))
		return false;
	conntrack_look(timing, flow, packed, now_ms, view);
	return true;
}
