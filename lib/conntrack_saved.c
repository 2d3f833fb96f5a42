/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which saved flows can be flows.  A process may have been killed between any
 * two of its stores, and a file may say anything; so each field is looked at,
 * and where there is a doubt the flow is none:
 *
 * The key must be what this table would file the tuple in it under; so it can
 * be found, by the packets of that tuple and no others.  The state must be one
 * of its protocol, seen last in the past.  Of a TCP flow, each side that has
 * spoken must have a window (0 is what a kill leaves between the change of the
 * word and the store of the responder's side, conntrack_apply()).
 *
 * Sequence numbers are believed: wrong ones cost that flow its next packets,
 * and let in nothing that its endpoints would not refuse.
 */
#include "conntrack_life.h"

#include <string.h>

static bool
right_family(const struct tuple *t)
{
	bool v4 = t->family == FAMILY_IPV4;

	return (v4 || t->family == FAMILY_IPV6) &&
	       address_is_v4(t->src) == v4 && address_is_v4(t->dst) == v4;
}

static bool
right_kind(const struct tuple *t)
{
	bool v4 = t->family == FAMILY_IPV4;

	switch (t->kind) {
	case KIND_ECHO:
		return t->protocol == (v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
	case KIND_TIMESTAMP:
		return v4 && t->protocol == PROTOCOL_ICMP;
	default:
		return t->kind == KIND_PORTS && t->protocol != PROTOCOL_ICMP &&
		       t->protocol != PROTOCOL_ICMPV6;
	}
}

static bool
right_state(uint8_t state, uint8_t protocol)
{
	if (protocol == PROTOCOL_TCP)
		return state >= STATE_SYN_SENT && state <= STATE_CLOSED;
	return state == STATE_ONE_WAY || state == STATE_BOTH;
}

struct tcp_flow
saved_state(const struct saved_flow *saved)
{
	struct tcp_flow flow = {
		.word = flow_word_unpack(saved->word),
		.challenge = saved->challenge,
	};

	for (unsigned i = 0; i < 2; i++)
		flow.side[i] = (struct tcp_side){
			.end = (uint32_t)saved->window[i],
			.edge = (uint32_t)(saved->window[i] >> 32),
			.una = saved->una[i],
			.isn = saved->isn[i],
			.max_window = saved->max_window[i],
		};
	return flow;
}

static bool
right_windows(const struct tcp_flow *flow)
{
	return flow->word.flags & FLOW_NO_WINDOW ||
	       (flow->side[OPENER].max_window > 0 &&
		   (flow->word.state == STATE_SYN_SENT ||
		       flow->side[RESPONDER].max_window > 0));
}

bool
conntrack_saved(const struct conntrack *ct, const struct saved_flow *saved,
    struct packet *first)
{
	struct tcp_flow flow = saved_state(saved);
	struct lookup lookup;
	struct key key;

	memcpy(&key, saved->key, sizeof(key));
	struct tuple tuple = flowkey_tuple_of(&key);
	enum direction direction = flowkey_direction_of(&key);
	if (!right_family(&tuple) || !right_kind(&tuple) ||
	    direction >= DIRECTION_COUNT ||
	    !right_state(flow.word.state, tuple.protocol) ||
	    (int32_t)(ct->timing.tick - flow.word.seen) < 0 ||
	    (tuple.protocol == PROTOCOL_TCP && !right_windows(&flow)))
		return false;
	flowkey_lookup(ct->table, &tuple, &lookup);
	flowkey_set_origin(&lookup.key, &lookup, (uint8_t)direction);
	struct flow_view view = { .tuple = tuple, .direction = direction };
	*first = conntrack_view_packet(&view);
	return memcmp(&lookup.key, &key, sizeof(key)) == 0;
}
