/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flow's life.  conntrack_open() files it under the key of its first packet
 * (flowkey.c).  Each packet is judged on a copy (state.c decides), and the
 * result goes back by one CAS of the state word; who loses that race judges
 * again.  The other fields only grow, so mixing two workers' updates is no
 * worse than reordering on the wire.  Only the word decides life: whoever makes
 * it 0 has removed the flow.
 */
#include "conntrack.h"

static enum direction
opposite(enum direction d)
{
	static const enum direction other[] = {
		[INBOUND] = OUTBOUND,
		[OUTBOUND] = INBOUND,
		[FORWARD] = FORWARD,
	};
	return other[d];
}

/* Idle time after which the flow has ended, in ticks. */
static uint32_t
timeout_of(const struct conntrack *ct, const struct flow *flow, uint64_t word)
{
	uint64_t last = flow_get64(&flow->key[KEY_WORDS - 1]);

	return state_timeout(ct->timeouts, last >> 16 & 0xff, last >> 24 & 0xff,
	    last >> 8 & 0x7f, flow_word_unpack(word).state);
}

static bool
expired(const struct conntrack *ct, const struct flow *flow, uint64_t word)
{
	/* Signed: a worker's tick may lag the one that touched the flow. */
	int32_t idle = (int32_t)(ct->tick - flow_word_unpack(word).seen);

	return idle > 0 && (uint32_t)idle >= timeout_of(ct, flow, word);
}

struct connection
conntrack_find(const struct conntrack *ct, const struct lookup *lookup)
{
	struct connection c = { 0 };
	struct flow *flow = table_find(ct->table, &lookup->key, lookup->hash);
	uint64_t word = flow ? flow_word(flow) : 0;

	if (!word || expired(ct, flow, word))
		return c;
	c.flow = flow;
	c.word = word;
	c.side = flowkey_side(flow, lookup);
	return c;
}

bool
conntrack_may_open(const struct packet *p)
{
	switch (p->tuple.protocol) {
	case PROTOCOL_TCP:
		return (p->tcp.flags &
			   (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
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

/* Everything of the side, unconditionally: nobody reads it yet. */
static void
store_side(struct flow *flow, unsigned side, const struct tcp_side *s)
{
	flow_set64(&flow->window[side], s->end | (uint64_t)s->edge << 32);
	flow_set(&flow->una[side], s->una);
	flow_set(&flow->isn[side], s->isn);
	flow_set(&flow->max_window[side], s->max_window);
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
	enum direction expected = c->side == OPENER ? from : opposite(from);

	if (packet->direction != expected)
		return (struct outcome){ WRONG_DIRECTION, EFFECT_NONE };
	after->word = flow_word_unpack(c->word);
	if (packet->tuple.protocol != PROTOCOL_TCP)
		return other_judge(&after->word, c->side, ct->tick);
	after->side[OPENER] = load_side(c->flow, OPENER);
	after->side[RESPONDER] = load_side(c->flow, RESPONDER);
	after->challenge = flow_get(&c->flow->challenge);
	return tcp_judge(after, packet, c->side, ct->tick);
}

/* A taken entry becomes the flow of `after`, not yet visible. */
static void
fill(struct flow *flow, const struct key *key, const struct tcp_flow *after,
    uint32_t rule, uint32_t interfaces, uint32_t tick)
{
	for (unsigned i = 0; i < KEY_WORDS; i++)
		flow_set64(&flow->key[i], key->word[i]);
	store_side(flow, OPENER, &after->side[OPENER]);
	store_side(flow, RESPONDER, &after->side[RESPONDER]);
	for (unsigned side = 0; side < 2; side++) {
		flow_set64(&flow->bytes[side], 0);
		flow_set(&flow->packets[side], 0);
	}
	flow_set(&flow->challenge, after->challenge);
	flow_set(&flow->rule, rule);
	flow_set(&flow->interfaces, interfaces);
	flow_set(&flow->created, tick);
	/* Published with the slot, by table_insert(). */
	flow_set64(&flow->word, flow_word_pack(after->word));
}

/* New sequence numbers: a new entry in the old one's place. */
static bool
replace(const struct conntrack *ct, const struct connection *c,
    const struct packet *packet, struct tcp_flow after)
{
	struct key key;
	uint32_t rule = flow_get(&c->flow->rule);
	uint32_t interfaces = flow_get(&c->flow->interfaces);

	for (unsigned i = 0; i < KEY_WORDS; i++)
		key.word[i] = flow_get64(&c->flow->key[i]);
	after.word.generation = flow_word_unpack(c->word).generation;
	if (!table_kill(ct->table, ct->worker, c->flow, c->word))
		return false;
	struct flow *flow = table_take(ct->table, ct->worker);
	if (!flow)
		return true; /* forgotten: its next SYN opens it again */
	fill(flow, &key, &after, rule, interfaces, ct->tick);
	flow_count(flow, c->side, packet->length);
	if (table_insert(ct->table, ct->worker, flow,
		table_hash(ct->table, &key)) != flow)
		table_give_back(ct->table, ct->worker, flow);
	return true;
}

bool
conntrack_apply(const struct conntrack *ct, const struct connection *c,
    const struct packet *packet, struct outcome outcome,
    const struct tcp_flow *after)
{
	struct flow *flow = c->flow;

	if (outcome.effect == EFFECT_REPLACE)
		return replace(ct, c, packet, *after);
	if (outcome.effect == EFFECT_UPDATE) {
		uint64_t word = flow_word_pack(after->word);
		if (word != c->word && !flow_change(flow, c->word, word))
			return false;
	}
	if (reason_verdict(outcome.why) == VERDICT_ACCEPT)
		flow_count(flow, c->side, packet->length);
	if (outcome.effect != EFFECT_UPDATE ||
	    packet->tuple.protocol != PROTOCOL_TCP)
		return true;

	/* Stored after the CAS: what depends on a first SYN/ACK cannot arrive
	   before its verdict is out. */
	bool learned = flow_word_unpack(c->word).state == STATE_SYN_SENT &&
		       after->word.state != STATE_SYN_SENT;
	advance_side(flow, OPENER, &after->side[OPENER]);
	if (learned)
		store_side(flow, RESPONDER, &after->side[RESPONDER]);
	else
		advance_side(flow, RESPONDER, &after->side[RESPONDER]);
	flow_set(&flow->challenge, after->challenge);
	return true;
}

bool
conntrack_related(const struct connection *c, const struct packet *error)
{
	enum direction from = flowkey_direction(c->flow);
	enum direction quoted = c->side == OPENER ? from : opposite(from);

	/* The error travels against the packet that it quotes. */
	if (error->direction != opposite(quoted))
		return false;
	if (error->icmp.quoted.protocol != PROTOCOL_TCP ||
	    flow_word_unpack(c->word).flags & FLOW_NO_WINDOW)
		return true;
	/* A blind forger does not know what is in flight (RFC 5927 4). */
	struct tcp_side s = load_side(c->flow, c->side);
	return (int32_t)(error->icmp.quoted_seq - s.una) >= 0 &&
	       (int32_t)(s.end - error->icmp.quoted_seq) >= 0;
}

/* Make room where the hash belongs: what has ended first, then the oldest that
 * is not assured.  A live assured flow is never taken. */
static bool
evict(const struct conntrack *ct, uint64_t hash)
{
	struct flow *near[TABLE_NEIGHBOURS], *victim = NULL;
	size_t count = table_neighbours(ct->table, hash, near);
	uint64_t victim_word = 0;
	int32_t victim_age = -1;

	for (size_t i = 0; i < count; i++) {
		uint64_t packed = flow_word(near[i]);
		struct flow_word word = flow_word_unpack(packed);
		bool ended = expired(ct, near[i], packed) ||
			     word.state == STATE_TIME_WAIT ||
			     word.state == STATE_CLOSED;
		int32_t age = (int32_t)(ct->tick - word.seen);
		if (age < 0)
			age = 0;
		if (ended)
			age = INT32_MAX;
		else if (state_assured(word.state))
			continue;
		if (packed && age > victim_age) {
			victim = near[i];
			victim_word = packed;
			victim_age = age;
		}
	}
	return victim && table_kill(ct->table, ct->worker, victim, victim_word);
}

/* File a filled entry.  Returns it, or the live flow that was faster, or NULL:
 * no room. */
static struct flow *
file(const struct conntrack *ct, struct flow *flow, uint64_t hash)
{
	for (;;) {
		struct flow *there =
		    table_insert(ct->table, ct->worker, flow, hash);
		if (there == flow)
			return flow;
		if (!there && evict(ct, hash))
			continue;
		uint64_t word = there ? flow_word(there) : 0;
		if (there && (!word || expired(ct, there, word))) {
			table_kill(ct->table, ct->worker, there, word);
			continue;
		}
		table_give_back(ct->table, ct->worker, flow);
		return there;
	}
}

static struct flow *
open_flow(const struct conntrack *ct, const struct lookup *lookup,
    const struct packet *packet, struct tcp_flow *first, uint32_t rule)
{
	struct key key = lookup->key;
	struct flow *flow = table_take(ct->table, ct->worker);

	if (!flow && evict(ct, lookup->hash))
		flow = table_take(ct->table, ct->worker);
	if (!flow)
		return NULL;
	flowkey_set_origin(&key, lookup, packet->direction);
	first->word.seen = ct->tick;
	fill(flow, &key, first, rule,
	    packet->in_interface | (uint32_t)packet->out_interface << 16,
	    ct->tick);
	flow_count(flow, OPENER, packet->length);
	return file(ct, flow, lookup->hash);
}

struct flow *
conntrack_open(const struct conntrack *ct, const struct lookup *lookup,
    const struct packet *packet, uint16_t generation, uint32_t rule_identity)
{
	struct tcp_flow first = { .word.state = STATE_ONE_WAY };

	if (packet->tuple.protocol == PROTOCOL_TCP)
		first = tcp_open(&packet->tcp);
	first.word.generation = generation;
	return open_flow(ct, lookup, packet, &first, rule_identity);
}

void
conntrack_open_fragment(const struct conntrack *ct, const struct packet *packet)
{
	struct tcp_flow first = { .word.state = STATE_ONE_WAY };
	struct lookup lookup = flowkey_lookup(ct->table, &packet->fragment);

	open_flow(ct, &lookup, packet, &first, 0);
}

struct packet
conntrack_first_packet(const struct flow *flow)
{
	uint32_t interfaces = flow_get(&flow->interfaces);
	struct packet p = {
		.tuple = flowkey_tuple(flow),
		.direction = (uint8_t)flowkey_direction(flow),
		.in_interface = (uint16_t)interfaces,
		.out_interface = (uint16_t)(interfaces >> 16),
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

bool
conntrack_revalidate(
    const struct connection *c, uint16_t generation, uint32_t rule_identity)
{
	struct flow_word word = flow_word_unpack(c->word);

	word.generation = generation;
	if (!flow_change(c->flow, c->word, flow_word_pack(word)))
		return false;
	flow_set(&c->flow->rule, rule_identity);
	return true;
}

void
conntrack_kill(const struct conntrack *ct, const struct connection *c)
{
	uint64_t word = c->word;

	/* A packet may just refresh it: dead all the same. */
	while (word && !table_kill(ct->table, ct->worker, c->flow, word))
		word = flow_word(c->flow);
}

void
conntrack_sweep(
    const struct conntrack *ct, uint32_t first_slot, uint16_t generation)
{
	uint32_t end = first_slot + TABLE_SHARE;

	if (end > table_slots(ct->table))
		end = table_slots(ct->table);
	for (uint32_t slot = first_slot; slot < end; slot++) {
		struct flow *flow = table_at(ct->table, slot);
		uint64_t packed = flow ? flow_word(flow) : 0;
		if (!packed)
			continue;
		if (expired(ct, flow, packed)) {
			table_kill(ct->table, ct->worker, flow, packed);
			continue;
		}
		struct flow_word word = flow_word_unpack(packed);
		if (word.generation && word.generation != generation) {
			word.generation = 0;
			flow_change(flow, packed, flow_word_pack(word));
		}
	}
}

bool
conntrack_view(const struct conntrack *ct, const struct flow *flow,
    uint64_t now_ms, struct flow_view *view)
{
	uint64_t packed = flow_word(flow);
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
		.rule_identity = flow_get(&flow->rule),
	};

	if (!packed || v.tuple.kind == KIND_FRAGMENT ||
	    expired(ct, flow, packed))
		return false;
	for (unsigned side = 0; side < 2; side++) {
		v.packets[side] = flow_get(&flow->packets[side]);
		v.bytes[side] = flow_get64(&flow->bytes[side]);
	}
	int32_t age = (int32_t)(now - flow_get(&flow->created));
	int32_t idle = (int32_t)(now - word.seen);
	v.age_ms = age > 0 ? (uint64_t)age * TICK_MS : 0;
	v.idle_ms = idle > 0 ? (uint64_t)idle * TICK_MS : 0;
	uint64_t timeout_ms = (uint64_t)timeout_of(ct, flow, packed) * TICK_MS;
	v.expires_ms = timeout_ms > v.idle_ms ? timeout_ms - v.idle_ms : 0;
	*view = v;
	return true;
}
