/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a packet does to the connection it belongs to, as plain values: no
 * memory is shared here, no clock read.  The TCP machine follows RFC 9293 as a
 * watcher in the middle can, stricter than nf_conntrack where an RFC asks.
 */
#ifndef EPHEMERALD_STATE_H
#define EPHEMERALD_STATE_H

#include <assert.h>

#include "packet.h"
#include "rules.h"

enum state {
	STATE_DEAD, /* removed: final, never looked at again */
	/* TCP */
	STATE_SYN_SENT,     /* opener's SYN */
	STATE_SYN_SENT2,    /* and the responder's bare SYN */
	STATE_SYN_RECEIVED, /* SYN/ACK, the other side owes an ACK */
	STATE_ESTABLISHED,
	STATE_FIN_WAIT,   /* one FIN */
	STATE_CLOSE_WAIT, /* that FIN acknowledged */
	STATE_LAST_ACK,   /* both FINs */
	STATE_TIME_WAIT,  /* second FIN acknowledged */
	STATE_CLOSED,     /* by RST */
	/* everything else */
	STATE_ONE_WAY, /* no answer yet */
	STATE_BOTH,    /* answered */
	STATE_COUNT
};

enum { OPENER, RESPONDER };

enum flow_flag {
	FLOW_OWED_BY_RESPONDER = 1, /* syn-received: who owes the ACK */
	FLOW_FIN_BY_RESPONDER = 2,  /* who sent the first FIN */
	FLOW_NO_WINDOW = 4,         /* opened unseen: windows are not known */
	FLOW_CHALLENGE = 8,         /* tcp_flow.challenge is set */
};

/* What must change together: packed into one 64-bit word of the table. */
struct flow_word {
	uint8_t state;       /* enum state, 4 bits */
	uint8_t flags;       /* enum flow_flag, 4 bits */
	uint8_t scale[2];    /* window scales, 4 bits each, TCP_NO_SCALE */
	uint16_t generation; /* of the policy that last allowed it, 0: none */
	uint32_t seen;       /* tick of the last packet that refreshed it */
};

static inline uint64_t
flow_word_pack(struct flow_word w)
{
	assert(w.state < 16 && w.flags < 16);
	assert(w.scale[OPENER] < 16 && w.scale[RESPONDER] < 16);
	return (uint64_t)w.state | (uint64_t)w.flags << 4 |
	       (uint64_t)w.scale[OPENER] << 8 |
	       (uint64_t)w.scale[RESPONDER] << 12 |
	       (uint64_t)w.generation << 16 | (uint64_t)w.seen << 32;
}

static inline struct flow_word
flow_word_unpack(uint64_t packed)
{
	struct flow_word w = {
		.state = packed & 15,
		.flags = packed >> 4 & 15,
		.scale = { packed >> 8 & 15, packed >> 12 & 15 },
		.generation = (uint16_t)(packed >> 16),
		.seen = (uint32_t)(packed >> 32),
	};
	return w;
}

/* The epoch in which packets of a flow may pass where nobody judges them; kept
 * as the challenge of a flow that has none.  Never 0, which is no permit. */
static inline uint32_t
flow_permit(uint32_t epoch)
{
	return epoch << 1 | 1;
}

/* One side of a TCP connection; its own sequence numbers. */
struct tcp_side {
	uint32_t end;  /* highest sequence number + length it sent */
	uint32_t edge; /* highest acknowledgement + window granted to it */
	uint32_t una;  /* highest acknowledgement of its data; first its ISN */
	uint32_t isn;
	uint32_t max_window; /* largest window it offered, scaled, at least 1 */
};

/* A TCP flow as one packet finds it. */
struct tcp_flow {
	struct flow_word word;
	struct tcp_side side[2]; /* opener, responder */
	/* the ISN of a SYN that the opener sent into the living connection */
	uint32_t challenge;
};

enum effect {
	EFFECT_NONE,    /* leave the flow alone */
	EFFECT_UPDATE,  /* the flow becomes `flow` */
	EFFECT_REPLACE, /* a new flow, `flow`, takes its place: new ISN */
	EFFECT_REOPEN,  /* the old one has ended; a new connection asks to open
			 */
};

struct outcome {
	enum reason why;
	enum effect effect;
};

/* The flow that an opening SYN starts.  word.generation and .seen are 0. */
struct tcp_flow tcp_open(const struct tcp_facts *syn);
/* The same for an ACK in mid-stream, if the mode is TCP_LOOSE. */
struct tcp_flow tcp_pick_up(const struct tcp_facts *ack);
/* What the segment of that side (OPENER, RESPONDER) does; *flow is as found,
 * and changed to what it becomes.  .seen is renewed to `tick` where the segment
 * counts as a sign of life. */
struct outcome tcp_judge(struct tcp_flow *flow, const struct packet *segment,
    unsigned side, enum tcp_mode mode, uint32_t tick);
/* The same for everything that is not TCP. */
struct outcome other_judge(
    struct flow_word *word, unsigned side, uint32_t tick);

/* Handshake completed, or answered: not evicted for newcomers. */
bool state_assured(enum state state);
/* TCP, and the handshake not completed. */
bool state_half_open(enum state state);
const char *state_name(enum state state); /* "syn-sent", ... */

/* Ticks of the table's clock: wrap after 13 years, compared modulo 2^32. */
#define TICKS_PER_SECOND 10
#define TICK_MS          100

#endif
