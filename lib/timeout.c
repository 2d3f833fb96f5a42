/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a flow may be idle, by its state.  Looked up at each packet and not
 * stored in the flow, so a reload changes the life of those that are there.
 */
#include "state.h"

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

uint32_t
state_timeout(const struct timeouts *t, uint8_t family, uint8_t protocol,
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
	uint32_t seconds =
	    state <= STATE_CLOSED
		? tcp[state]
		: other_timeout(t, family, protocol, kind, state == STATE_BOTH);

	return seconds * TICKS_PER_SECOND;
}
