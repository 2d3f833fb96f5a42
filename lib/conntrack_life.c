/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How flows begin, move from rule to rule, and end.  Only the word decides
 * life: whoever makes it 0 by CAS has ended the flow.  With it goes all that is
 * counted elsewhere, so every change of a word goes through here:
 *
 * Half-open TCP flows, by origin.  Counted before the entry is visible;
 * uncounted by the one CAS that takes the word out of these states, to
 * established or to 0.  None leads back: a handshake that begins again is a new
 * entry.  So the count is never below what is in the table.
 *
 * What the flow holds of its rule's limits (holding.c), in flow.rule.  Every
 * change of it is an exchange, and who took a value out gives it back: each
 * value that was put in is taken out at most once.  At least once, too: a flow
 * ends by (K1) word to 0, (K2) exchange for 0.  Who moves it to another rule
 * does (M1) exchange for the new value, (M2) CAS of the word to the new
 * generation.  If M1 comes before K2, K2 takes the new value out.  If after, M1
 * read what K2 wrote and therefore sees K1: M2 fails, the mover sees the word
 * 0 and does K2 itself.  If M2 fails otherwise, the flow is judged again.  The
 * entry is not used again before all of them have passed a quiescent state.
 */
#include "conntrack_life.h"

#include <string.h>

#include "flow_event.h"
#include "holding.h"
#include "ring.h"

/* Datagrams of one source whose later fragments are awaited. */
#define FRAGMENTS_PER_SOURCE 64

const char *
flow_change_name(enum flow_change change)
{
	static const char *const names[] = {
		[FLOW_NEW] = "new",
		[FLOW_ASSURED] = "assured",
		[FLOW_END] = "end",
	};
	return names[change];
}

const char *
flow_end_name(enum flow_end end)
{
	static const char *const names[] = {
		[END_EXPIRED] = "expired",
		[END_REPLACED] = "replaced",
		[END_EVICTED] = "evicted",
		[END_REVOKED] = "revoked",
		[END_BANNED] = "banned",
		[END_KILLED] = "killed",
	};
	return names[end];
}

static void
tell(const struct conntrack *ct, const struct flow *flow, uint64_t word,
    enum flow_change change, enum flow_end end)
{
	struct flow_event event = {
		.time_ms = ct->now_us / 1000,
		.change = (uint8_t)change,
		.end = (uint8_t)end,
	};

	conntrack_look(&ct->timing, flow, word, event.time_ms, &event.flow);
	ring_push(ct->events, &event);
}

static struct half_open *
half_open_of(const struct conntrack *ct, enum direction direction)
{
	return &ct->pressure->half_open[pressure_origin(direction)];
}

void
life_store_side(struct flow *flow, unsigned side, const struct tcp_side *s)
{
	flow_set64(&flow->window[side], s->end | (uint64_t)s->edge << 32);
	flow_set(&flow->una[side], s->una);
	flow_set(&flow->isn[side], s->isn);
	flow_set(&flow->max_window[side], s->max_window);
}

/* A taken entry becomes the flow of `after`, not yet visible. */
static void
fill(struct flow *flow, const struct key *key, const struct tcp_flow *after,
    uint32_t held, uint32_t interfaces, uint32_t tick)
{
	for (unsigned i = 0; i < KEY_WORDS; i++)
		flow_set64(&flow->key[i], key->word[i]);
	life_store_side(flow, OPENER, &after->side[OPENER]);
	life_store_side(flow, RESPONDER, &after->side[RESPONDER]);
	for (unsigned side = 0; side < 2; side++) {
		flow_set64(&flow->bytes[side], 0);
		flow_set(&flow->packets[side], 0);
	}
	flow_set(&flow->challenge, after->challenge);
	flow_set(&flow->rule, held);
	flow_set(&flow->interfaces, interfaces);
	flow_set(&flow->created, tick);
	/* Published with the slot, by table_insert(). */
	flow_set64(&flow->word, flow_word_pack(after->word));
}

/* By the word that it began with: it may have changed, or ended, by now. */
static void
tell_new(const struct conntrack *ct, const struct flow *flow,
    const struct tcp_flow *first)
{
	tell(ct, flow, flow_word_pack(first->word), FLOW_NEW, END_EXPIRED);
}

static void
give_back(const struct conntrack *ct, struct flow *flow)
{
	holding_give(
	    ct->meters, flow_exchange(&flow->rule, 0), flowkey_tuple(flow).src);
}

/* Ends the flow whose word still is `word`; false: it is not. */
static bool
end_flow(const struct conntrack *ct, struct flow *flow, uint64_t word,
    enum flow_end why)
{
	if (!table_kill(ct->table, ct->worker, flow, word))
		return false;
	if (ct->events)
		tell(ct, flow, word, FLOW_END, why);
	if (state_half_open(flow_word_unpack(word).state))
		budget_give(&half_open_of(ct, flowkey_direction(flow))->count);
	give_back(ct, flow);
	return true;
}

/* A TCP flow past its handshake. */
static bool
is_proof(const struct flow *flow, uint64_t word)
{
	return flowkey_tuple(flow).protocol == PROTOCOL_TCP &&
	       state_assured(flow_word_unpack(word).state);
}

bool
life_change(
    const struct conntrack *ct, struct flow *flow, uint64_t old, uint64_t new)
{
	if (!flow_change(flow, old, new))
		return false;
	if (ct->events && state_assured(flow_word_unpack(new).state) &&
	    !state_assured(flow_word_unpack(old).state))
		tell(ct, flow, new, FLOW_ASSURED, END_EXPIRED);
	if (!state_half_open(flow_word_unpack(old).state) ||
	    state_half_open(flow_word_unpack(new).state))
		return true;
	budget_give(&half_open_of(ct, flowkey_direction(flow))->count);
	if (is_proof(flow, new))
		holding_prove(ct->meters, flow, flowkey_tuple(flow).src);
	return true;
}

bool
life_replace(const struct conntrack *ct, const struct connection *c,
    const struct packet *packet, struct tcp_flow after)
{
	struct flow_word old = flow_word_unpack(c->word);
	struct half_open *half_open =
	    half_open_of(ct, flowkey_direction(c->flow));
	uint32_t interfaces = flow_get(&c->flow->interfaces);
	struct key key;

	for (unsigned i = 0; i < KEY_WORDS; i++)
		key.word[i] = flow_get64(&c->flow->key[i]);
	after.word.generation = old.generation;
	if (!table_kill(ct->table, ct->worker, c->flow, c->word))
		return false;
	if (ct->events)
		tell(ct, c->flow, c->word, FLOW_END, END_REPLACED);
	/* All that the old one held goes to the new one, which is half-open
	   whatever the old one was. */
	uint32_t held = holding_unprove(ct->meters,
	    flow_exchange(&c->flow->rule, 0), flowkey_tuple(c->flow).src);
	if (!state_half_open(old.state))
		budget_add(&half_open->count);
	struct flow *flow = table_take(ct->table, ct->worker);
	if (flow) {
		fill(flow, &key, &after, held, interfaces, ct->timing.tick);
		flow_count(flow, c->side, packet->length);
		if (table_insert(ct->table, ct->worker, flow,
			table_hash(ct->table, &key)) == flow) {
			if (ct->events)
				tell_new(ct, flow, &after);
			return true;
		}
		table_give_back(ct->table, ct->worker, flow);
	}
	/* Forgotten: its next SYN opens it again. */
	budget_give(&half_open->count);
	holding_give(ct->meters, held, flowkey_tuple(c->flow).src);
	return true;
}

/* Make room where the hash belongs: what has ended first, then the oldest that
 * is not assured.  A live assured flow is never taken.  half_open: only those
 * of that origin, ORIGIN_COUNT: any. */
static bool
evict(const struct conntrack *ct, uint64_t hash, enum origin half_open)
{
	struct flow *near[TABLE_NEIGHBOURS], *victim = NULL;
	size_t count = table_neighbours(ct->table, hash, near);
	uint64_t victim_word = 0;
	int32_t victim_age = -1;

	for (size_t i = 0; i < count; i++) {
		uint64_t packed = flow_word(near[i]);
		struct flow_word word = flow_word_unpack(packed);
		enum origin origin =
		    pressure_origin(flowkey_direction(near[i]));
		bool ended = timeout_over(&ct->timing, near[i], packed) ||
			     word.state == STATE_TIME_WAIT ||
			     word.state == STATE_CLOSED;
		int32_t age = (int32_t)(ct->timing.tick - word.seen);
		if (half_open != ORIGIN_COUNT &&
		    (origin != half_open || !state_half_open(word.state)))
			continue;
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
	return victim &&
	       end_flow(ct, victim, victim_word,
		   victim_age == INT32_MAX ? END_EXPIRED : END_EVICTED);
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
		if (!there && evict(ct, hash, ORIGIN_COUNT))
			continue;
		uint64_t word = there ? flow_word(there) : 0;
		if (there &&
		    (!word || timeout_over(&ct->timing, there, word))) {
			end_flow(ct, there, word, END_EXPIRED);
			continue;
		}
		table_give_back(ct->table, ct->worker, flow);
		return there;
	}
}

static enum reason
open_flow(const struct conntrack *ct, const struct lookup *lookup,
    const struct packet *packet, struct tcp_flow *first, uint32_t held)
{
	struct key key = lookup->key;
	struct flow *flow = table_take(ct->table, ct->worker);

	if (!flow && evict(ct, lookup->hash, ORIGIN_COUNT))
		flow = table_take(ct->table, ct->worker);
	if (!flow)
		return TABLE_FULL;
	flowkey_set_origin(&key, lookup, packet->direction);
	first->word.seen = ct->timing.tick;
	fill(flow, &key, first, held,
	    packet->in_interface | (uint32_t)packet->out_interface << 16,
	    ct->timing.tick);
	flow_count(flow, OPENER, packet->length);
	struct flow *filed = file(ct, flow, lookup->hash);
	if (filed == flow && ct->events)
		tell_new(ct, flow, first);
	return filed == flow ? UNDECIDED : filed ? ESTABLISHED : TABLE_FULL;
}

enum reason
conntrack_open(const struct conntrack *ct, const struct lookup *lookup,
    const struct packet *packet, uint16_t generation, uint32_t held)
{
	struct tcp_flow first = { .word.state = STATE_ONE_WAY };
	struct half_open *half_open = half_open_of(ct, packet->direction);

	first.word.generation = generation;
	if (packet->tuple.protocol != PROTOCOL_TCP)
		return open_flow(ct, lookup, packet, &first, held);

	first = packet->tcp.flags & TCP_SYN ? tcp_open(&packet->tcp)
					    : tcp_pick_up(&packet->tcp);
	first.word.generation = generation;
	while (!budget_take(&half_open->count, pressure_quota(ct->pressure)))
		if (!evict(
			ct, lookup->hash, pressure_origin(packet->direction)))
			return HALF_OPEN_FULL;
	enum reason why = open_flow(ct, lookup, packet, &first, held);
	if (why != UNDECIDED)
		budget_give(&half_open->count);
	return why;
}

void
conntrack_open_fragment(
    const struct conntrack *ct, const struct packet *packet, uint64_t pieces)
{
	struct tcp_flow first = {
		.word.state = STATE_ONE_WAY,
		.side[OPENER] = { .end = (uint32_t)pieces,
		    .edge = (uint32_t)(pieces >> 32) },
	};
	struct lookup lookup;

	flowkey_lookup(ct->table, &packet->fragment.datagram, &lookup);
	struct address source = packet->tuple.src;
	uint32_t held;

	if (!holding_take_fragment(ct->meters, ct->worker, source,
		FRAGMENTS_PER_SOURCE, ct->now_us, &held))
		return;
	if (open_flow(ct, &lookup, packet, &first, held) != UNDECIDED)
		holding_give(ct->meters, held, source);
}

bool
conntrack_revalidate(const struct conntrack *ct, struct connection *c,
    uint16_t generation, const struct rule *rule)
{
	struct flow_word word = flow_word_unpack(c->word);

	if ((flow_get(&c->flow->rule) & ~HOLDS_PROOF) != holding_of(rule)) {
		struct address source = flowkey_tuple(c->flow).src;
		uint32_t held = holding_force(
		    ct->meters, ct->worker, rule, source, ct->now_us);
		holding_give(
		    ct->meters, flow_exchange(&c->flow->rule, held), source);
	}
	if (is_proof(c->flow, c->word))
		holding_prove(ct->meters, c->flow, flowkey_tuple(c->flow).src);
	word.generation = generation;
	uint64_t packed = flow_word_pack(word);
	if (flow_change(c->flow, c->word, packed)) {
		c->word = packed;
		return true;
	}
	if (!flow_word(c->flow))
		give_back(ct, c->flow);
	return false;
}

void
conntrack_kill(
    const struct conntrack *ct, const struct connection *c, enum flow_end why)
{
	uint64_t word = c->word;

	/* A packet may just refresh it: dead all the same. */
	while (word && !end_flow(ct, c->flow, word, why))
		word = flow_word(c->flow);
}

void
conntrack_sweep(
    const struct conntrack *ct, uint32_t first_slot, uint16_t generation)
{
	uint32_t end = first_slot + TABLE_SHARE;

	if (end > table_slots(ct->table))
		end = table_slots(ct->table);
	table_prefetch_share(ct->table, first_slot);
	for (uint32_t slot = first_slot; slot < end; slot++) {
		struct flow *flow = table_at(ct->table, slot);
		uint64_t packed = flow ? flow_word(flow) : 0;
		if (!packed)
			continue;
		if (timeout_over(&ct->timing, flow, packed)) {
			end_flow(ct, flow, packed, END_EXPIRED);
			continue;
		}
		struct flow_word word = flow_word_unpack(packed);
		if (word.generation && word.generation != generation) {
			word.generation = 0;
			flow_change(flow, packed, flow_word_pack(word));
		}
	}
}

/* Restored, would it be over? */
static bool
was_idle_too_long(const struct conntrack *ct, const struct key *key,
    const struct tcp_flow *as_was, const struct rule *rule)
{
	struct flow flow = { .word = 0 };

	fill(&flow, key, as_was, rule ? rule->identity : 0, 0, 0);
	return timeout_over(&ct->timing, &flow, flow_word(&flow));
}

/* A taken entry; nothing is counted for it yet. */
static enum restored
file_saved(const struct conntrack *ct, struct flow *flow, const struct key *key,
    const struct rule *rule)
{
	struct address source = flowkey_tuple(flow).src;

	if (rule)
		flow_set(&flow->rule, holding_force(ct->meters, ct->worker,
					  rule, source, ct->now_us));
	if (table_insert(ct->table, ct->worker, flow,
		table_hash(ct->table, key)) != flow) {
		give_back(ct, flow);
		table_give_back(ct->table, ct->worker, flow);
		return RESTORED_ODD;
	}
	if (is_proof(flow, flow_word(flow)))
		holding_prove(ct->meters, flow, source);
	return RESTORED;
}

enum restored
conntrack_restore(const struct conntrack *ct, const struct saved_flow *saved,
    const struct packet *first, const struct rule *rule, uint16_t generation)
{
	struct tcp_flow as_was = saved_state(saved);
	struct half_open *half_open = half_open_of(ct, first->direction);
	bool opening = state_half_open(as_was.word.state);
	enum restored what = RESTORED_NO_ROOM;
	struct key key;

	memcpy(&key, saved->key, sizeof(key));
	as_was.word.generation = generation;
	if (was_idle_too_long(ct, &key, &as_was, rule))
		return RESTORED_OVER;
	if (opening &&
	    !budget_take(&half_open->count, pressure_quota(ct->pressure)))
		return RESTORED_NO_ROOM;
	struct flow *flow = table_take(ct->table, ct->worker);
	if (flow) {
		fill(flow, &key, &as_was, 0,
		    first->in_interface | (uint32_t)first->out_interface << 16,
		    saved->created);
		for (unsigned side = 0; side < 2; side++) {
			flow_set64(&flow->bytes[side], saved->bytes[side]);
			flow_set(&flow->packets[side], saved->packets[side]);
		}
		what = file_saved(ct, flow, &key, rule);
	}
	if (opening && what != RESTORED)
		budget_give(&half_open->count);
	return what;
}
