/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second connection tracker, to judge the first: a plain list of flows, a
 * loop to find one, a function for each numbered line of the contract (naive.c
 * quotes the numbers).  No hash, no packed words, no sharing, no wrap of the
 * clock.  What it shares with the firewall is the parser and the rules.
 */
#ifndef EPHEMERALD_NAIVE_H
#define EPHEMERALD_NAIVE_H

#include "packet.h"
#include "rules.h"

enum naive_state {
	NAIVE_SYN_SENT,
	NAIVE_SYN_SENT2,
	NAIVE_SYN_RECEIVED,
	NAIVE_ESTABLISHED,
	NAIVE_FIN_WAIT,
	NAIVE_CLOSE_WAIT,
	NAIVE_LAST_ACK,
	NAIVE_TIME_WAIT,
	NAIVE_CLOSED,
	NAIVE_ONE_WAY,
	NAIVE_BOTH_WAYS,
};

/* One side of a TCP connection, in its own sequence numbers. */
struct naive_side {
	uint32_t isn;
	uint32_t end;    /* highest number sent, and one */
	uint32_t edge;   /* how far the other side lets it send */
	uint32_t una;    /* highest acknowledgement of it; first the ISN */
	uint32_t window; /* largest it offered */
	uint8_t scale;   /* as its SYN says */
	bool known;      /* its SYN was seen */
	bool acked;      /* una is an acknowledgement */
};

struct naive_flow {
	struct tuple tuple; /* of the packet that opened it */
	uint8_t direction;
	uint16_t in_interface, out_interface;
	uint64_t generation; /* of the policy that last allowed it */
	uint64_t seen;       /* tick of the last refresh */
	enum naive_state state;
	struct naive_side side[2]; /* opener, responder */
	unsigned owes;             /* syn-received: whose ACK is missing */
	unsigned first_fin;        /* from fin-wait on */
	bool unseen; /* picked up in mid-stream: windows are not known */
	bool has_new_isn;
	uint32_t new_isn; /* of a SYN into the living connection (17) */
	uint64_t packets[2];
};

struct naive {
	struct naive_flow *flow; /* in no order */
	size_t count, room;
	size_t max_flows;
	const struct policy *policy; /* borrowed */
	const struct interfaces *interfaces;
	uint64_t tick;
};

struct naive *naive_create(
    size_t max_flows, const struct interfaces *interfaces);
void naive_destroy(struct naive *naive);
/* Which policy is in force from now on; its generation is set. */
void naive_publish(struct naive *naive, const struct policy *policy);
/* What the packet gets. */
enum reason naive_judge(
    struct naive *naive, const struct packet *packet, uint64_t now_ms);
/* Forget what has expired. */
void naive_expire(struct naive *naive, uint64_t now_ms);
/* The live flow of these addresses and ports, from either side, or NULL. */
struct naive_flow *naive_find(
    struct naive *naive, const struct tuple *tuple, unsigned *side);
void naive_remove(struct naive *naive, struct naive_flow *flow);
/* Seconds that it may be idle. */
uint32_t naive_timeout(
    const struct naive *naive, const struct naive_flow *flow);
const char *naive_state_name(enum naive_state state);

/* naive_tcp.c: a SYN to a connection that has ended asks for a new one (24). */
bool naive_tcp_asks_anew(
    const struct naive_flow *flow, const struct tcp_facts *segment);
void naive_tcp_open(struct naive_flow *flow, const struct tcp_facts *syn);
/* tcp = "loose": an ACK in mid-stream opens. */
void naive_tcp_pick_up(struct naive_flow *flow, const struct tcp_facts *ack);
/* What a segment, but such a SYN, does to its connection. */
enum reason naive_tcp_judge(struct naive_flow *flow,
    const struct packet *segment, unsigned side, uint64_t tick);

#endif
