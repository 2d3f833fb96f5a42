/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a flow may be idle: by its state, or as its rule says, and less when
 * the table fills.  Looked up at each packet and not stored in the flow, so a
 * reload, or the end of a flood, changes the life of those that are there.
 *
 * An assured flow is never cut below what the RFCs leave it.  Half-open ones
 * under pressure are: what has not answered within ten seconds was a flood.
 */
#include "timeout.h"

#include "flowkey.h"
#include "holding.h"

#define PRESSED_TICKS (10 * TICKS_PER_SECOND)

static uint32_t
other_timeout(const struct timeouts *t, uint8_t family, uint8_t protocol,
    uint8_t kind, bool both)
{
	if (kind == KIND_FRAGMENT)
		return family == FAMILY_IPV4 ? t->fragment_v4 : t->fragment_v6;
	switch (protocol) {
	case PROTOCOL_UDP:
	case PROTOCOL_UDPLITE:
		return both ? t->udp_both : t->udp_one_way;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return t->icmp;
	case PROTOCOL_SCTP:
		return both ? t->sctp_established : t->sctp_other;
	case PROTOCOL_DCCP:
		return both ? t->dccp_established : t->dccp_other;
	default:
		return t->other;
	}
}

/* By the settings, in seconds. */
static uint32_t
usual_timeout(const struct timeouts *t, uint8_t family, uint8_t protocol,
    uint8_t kind, enum state state)
{
	const uint32_t tcp[] = {
		[STATE_DEAD] = 0,
		[STATE_SYN_SENT] = t->syn_sent,
		[STATE_SYN_SENT2] = t->syn_sent,
		[STATE_SYN_RECEIVED] = t->syn_received,
		[STATE_ESTABLISHED] = t->established,
		[STATE_FIN_WAIT] = t->fin_wait,
		[STATE_CLOSE_WAIT] = t->close_wait,
		[STATE_LAST_ACK] = t->last_ack,
		[STATE_TIME_WAIT] = t->time_wait,
		[STATE_CLOSED] = t->closed,
	};

	return state <= STATE_CLOSED ? tcp[state]
				     : other_timeout(t, family, protocol, kind,
					   state == STATE_BOTH);
}

/* By the rule that let the flow in, in seconds; 0: it says nothing. */
static uint32_t
rule_timeout(
    const struct policy *policy, const struct flow *flow, enum state state)
{
	enum table_id table;
	const struct rule *rule = policy_find_rule(
	    policy, holding_identity(flow_get(&flow->rule)), &table);

	if (!rule)
		return 0;
	if (state == STATE_ESTABLISHED || state == STATE_BOTH)
		return rule->timeouts.established;
	return state == STATE_ONE_WAY || state_half_open(state)
		   ? rule->timeouts.new
		   : rule->timeouts.closing;
}

/* What the RFCs leave an assured flow at least, in seconds: RFC 5382 REQ-5, RFC
 * 4787 REQ-5, RFC 5508 REQ-2, RFC 6092 REC-12, 40, 44. */
static uint32_t
floor_of(uint8_t protocol, enum state state)
{
	if (!state_assured(state))
		return 0;
	switch (protocol) {
	case PROTOCOL_TCP:
		return state == STATE_ESTABLISHED ? 7440 : 240;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return 60;
	case PROTOCOL_SCTP:
	case PROTOCOL_DCCP:
		return 7440;
	default:
		return 120;
	}
}

uint32_t
timeout_of(const struct timing *timing, const struct flow *flow, uint64_t word)
{
	uint64_t key = flow_get64(&flow->key[KEY_WORDS - 1]);
	uint8_t protocol = key >> 24 & 0xff;
	enum state state = flow_word_unpack(word).state;
	uint32_t seconds = 0, least = floor_of(protocol, state);

	if (timing->policy)
		seconds = rule_timeout(timing->policy, flow, state);
	if (!seconds)
		seconds = usual_timeout(timing->timeouts, key >> 16 & 0xff,
		    protocol, key >> 8 & 0x7f, state);
	uint32_t ticks = seconds * TICKS_PER_SECOND;
	if (state_half_open(state) &&
	    timing->haste.pressed[pressure_origin(flowkey_direction(flow))] &&
	    ticks > PRESSED_TICKS)
		return PRESSED_TICKS;
	/* A life set shorter than the floor is not shortened further. */
	if (timing->haste.scale == SCALE_WHOLE || seconds <= least)
		return ticks;
	uint64_t scaled = (uint64_t)ticks * timing->haste.scale;
	ticks = (uint32_t)((scaled + SCALE_WHOLE / 2) / SCALE_WHOLE);
	least *= TICKS_PER_SECOND;
	return ticks > least ? ticks : least;
}

bool
timeout_over(
    const struct timing *timing, const struct flow *flow, uint64_t word)
{
	/* Signed: a worker's tick may lag the one that touched the flow. */
	int32_t idle = (int32_t)(timing->tick - flow_word_unpack(word).seen);

	return idle > 0 && (uint32_t)idle >= timeout_of(timing, flow, word);
}
