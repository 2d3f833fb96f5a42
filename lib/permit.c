/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A permit is kept in flow.challenge, which is free while FLOW_CHALLENGE is not
 * set: flow_permit(epoch), or the same without its lowest bit for a flow that
 * was looked at and is to be judged packet by packet.  So each flow is looked
 * at once an epoch.
 *
 * Why no permit outlives what it rests on: a worker reads the epoch before the
 * policy, the sets and the addresses of this host; who changes one of these
 * stores the change first and then moves the epoch on.  A worker that has seen
 * the new epoch has seen the change, and a permit of an older one is none.
 * Kills need no epoch, for a dead flow has no packets.
 *
 * A flow is of the kind if it is TCP in established, or UDP answered, under a
 * rule of the policy in force that neither logs nor meters; and if the
 * stateless tables, where there are any, let both directions of its tuple pass
 * whatever else a packet is.
 */
#include "permit.h"

#include "standing.h"

bool
permit_by_rule(const struct rule *rule)
{
	return rule && rule->action == ACTION_ALLOW && rule->stateful &&
	       !rule->no_fast_path && !rule->log &&
	       rule->limits.rate.count == 0;
}

static bool
is_plain(const struct rule *rule)
{
	return !rule->log && !rule->limits.any && rule->flags_count == 0 &&
	       rule->interface_count == 0 && rule->out_interface_count == 0;
}

bool
permit_by_acl(const struct policy *policy)
{
	for (enum table_id t = TABLE_ACL_INBOUND; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++)
			if (!is_plain(&policy->tables[t].rule[i]))
				return false;
	return true;
}

static bool
table_passes(const struct policy *policy, enum table_id table,
    const struct packet *packet, const struct interfaces *interfaces)
{
	const struct rules *acl = &policy->tables[table];
	const struct rule *rule;

	if (!acl->present)
		return true;
	rule = rules_match(acl, packet, interfaces);
	return rule && rule->action == ACTION_ALLOW;
}

static bool
acl_passes(const struct policy *policy, const struct packet *packet,
    const struct interfaces *interfaces)
{
	return (packet->direction == OUTBOUND ||
		   table_passes(
		       policy, TABLE_ACL_INBOUND, packet, interfaces)) &&
	       (packet->direction == INBOUND ||
		   table_passes(
		       policy, TABLE_ACL_OUTBOUND, packet, interfaces));
}

static bool
is_settled(const struct regime *regime, const struct interfaces *interfaces,
    struct flow *flow)
{
	const struct connection c = { .flow = flow, .side = RESPONDER };
	static const struct packet nothing;
	struct packet first = conntrack_first_packet(&c, &nothing);
	struct packet answer = first;
	const struct rule *rule;

	answer.direction = (uint8_t)direction_opposite(first.direction);
	answer.tuple.src = first.tuple.dst;
	answer.tuple.dst = first.tuple.src;
	answer.tuple.sport = first.tuple.dport;
	answer.tuple.dport = first.tuple.sport;
	return regime->acl_is_plain &&
	       acl_passes(regime->policy, &first, interfaces) &&
	       acl_passes(regime->policy, &answer, interfaces) &&
	       standing_of(regime->policy, &first, interfaces, &rule) ==
		   STANDS &&
	       permit_by_rule(rule);
}

void
permit_ask(struct permits *permits, const struct regime *regime,
    const struct interfaces *interfaces, const struct lookup *lookup)
{
	struct flow *flow = lookup->hint;
	uint32_t yes = flow_permit(permits->epoch), now;

	if (!table_confirm(flow, &lookup->key))
		return;
	struct flow_word word = flow_word_unpack(flow_word(flow));

	if (word.state != STATE_ESTABLISHED &&
	    (word.state != STATE_BOTH ||
		flowkey_tuple(flow).protocol != PROTOCOL_UDP))
		return;
	now = flow_get(&flow->challenge);
	if (word.flags & (FLOW_NO_WINDOW | FLOW_CHALLENGE) ||
	    (now | 1) == yes || permits->count == 64)
		return;
	permits->permit[permits->count++] = (struct permit){
		.flow = flow,
		.value = is_settled(regime, interfaces, flow) ? yes : yes - 1,
	};
}

void
permit_give(struct permits *permits)
{
	for (unsigned i = 0; i < permits->count; i++) {
		struct flow *flow = permits->permit[i].flow;
		struct flow_word word = flow_word_unpack(flow_word(flow));
		if (!(word.flags & FLOW_CHALLENGE))
			flow_set(&flow->challenge, permits->permit[i].value);
	}
	permits->count = 0;
}
