/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections: which packet belongs to one, which may open one, and when one
 * ends.  Policy is not known here; the caller says which generation of it
 * allowed a flow.
 */
#ifndef EPHEMERALD_CONNTRACK_H
#define EPHEMERALD_CONNTRACK_H

#include "flowkey.h"
#include "image.h"
#include "meter.h"
#include "packet.h"
#include "rules.h"
#include "state.h"
#include "table.h"
#include "timeout.h"

/* The connection a packet belongs to, as it finds it. */
struct connection {
	struct flow *flow; /* NULL: none */
	unsigned side;     /* OPENER or RESPONDER sent the packet */
	uint64_t word;     /* of the flow, when found */
};

/* One worker's means; on its stack for a batch. */
struct conntrack {
	struct table *table;
	struct ring *events; /* of struct flow_event; NULL: nobody watches */
	struct meters *meters;
	struct pressure *pressure;
	struct timing timing;
	uint64_t now_us;
	unsigned worker;
	enum tcp_mode tcp;
};

/* Why a flow is no more. */
enum flow_end {
	END_EXPIRED,  /* nothing came for too long, or it was over */
	END_REPLACED, /* the same addresses and ports began anew */
	END_EVICTED,  /* unassured, and the table needed its room */
	END_REVOKED,  /* today's rules do not let it in */
	END_BANNED,   /* or its source is to be cut off */
	END_KILLED,
};

/* A flow as people see it.  Times are those of the caller's clock. */
struct flow_view {
	struct tuple tuple;                   /* of the packet that opened it */
	enum direction direction;             /* of that packet */
	uint16_t in_interface, out_interface; /* of that packet */
	const char *state;                    /* "established", ... static */
	bool assured;
	uint16_t generation;           /* of the policy that last allowed it */
	uint32_t rule_identity;        /* 0: none */
	uint64_t packets[2], bytes[2]; /* opener's, responder's */
	uint64_t age_ms, idle_ms, expires_ms;
};

/* The live, unexpired connection. */
struct connection conntrack_find(
    const struct conntrack *ct, const struct lookup *lookup);
/* May a packet that belongs to no connection open one? */
bool conntrack_may_open(const struct packet *packet, enum tcp_mode tcp);
/* Does a packet of its kind ever belong to a connection?  Else rules alone
 * decide (router advertisements, redirects, ...). */
bool conntrack_tracks(const struct packet *packet);

bool conntrack_is_error(const struct packet *packet); /* ICMP error */

/* Would the packet be part of that connection, and with what effect?  Changes
 * nothing.  *after: the flow as it would be, for conntrack_apply(). */
struct outcome conntrack_judge(const struct conntrack *ct,
    const struct connection *c, const struct packet *packet,
    struct tcp_flow *after);
/* Carry it out and count the packet.  False: the flow changed meanwhile, find
 * and judge again. */
bool conntrack_apply(const struct conntrack *ct, const struct connection *c,
    const struct packet *packet, struct outcome outcome,
    const struct tcp_flow *after);
/* Is the ICMP error, found under its quoted tuple, plausible for it?  It never
 * changes anything. */
struct outcome conntrack_judge_error(
    const struct connection *c, const struct packet *error);

/* Remember the packet's connection, under that rule (holding.h).  UNDECIDED: it
 * is.  Else what was held is still the caller's; ESTABLISHED: another worker
 * opened it just now; or why there is no room. */
enum reason conntrack_open(const struct conntrack *ct,
    const struct lookup *lookup, const struct packet *packet,
    uint16_t generation, uint32_t held);
/* Remember the datagram of this first fragment, for fragment.c, which finds
 * `pieces` in window[OPENER].  No room, or too many datagrams of its source: it
 * is not remembered. */
void conntrack_open_fragment(
    const struct conntrack *ct, const struct packet *packet, uint64_t pieces);

/* The packet that opened the flow, as far as rules can see it; whose it was, if
 * this one of it says so. */
struct packet conntrack_first_packet(
    const struct connection *c, const struct packet *packet);
/* What becomes of a saved flow. */
enum restored {
	RESTORED,
	RESTORED_OVER,    /* was idle too long meanwhile */
	RESTORED_REFUSED, /* by today's rules */
	RESTORED_ODD,     /* can be no flow, or was there already */
	RESTORED_NO_ROOM,
	RESTORED_COUNT
};
/* Can it be a flow of this table?  Then *first is the packet that opened it,
 * without its interfaces.  It may be over. */
bool conntrack_saved(const struct conntrack *ct, const struct saved_flow *saved,
    struct packet *first);
/* Files such a flow again, under that rule; NULL: as one that no policy has
 * allowed. */
enum restored conntrack_restore(const struct conntrack *ct,
    const struct saved_flow *saved, const struct packet *first,
    const struct rule *rule, uint16_t generation);

struct packet conntrack_view_packet(const struct flow_view *view);
/* Mark it as allowed by that rule of that policy, and *c with it.  False: it
 * changed meanwhile, find and judge again. */
bool conntrack_revalidate(const struct conntrack *ct, struct connection *c,
    uint16_t generation, const struct rule *rule);
void conntrack_kill(
    const struct conntrack *ct, const struct connection *c, enum flow_end why);

/* Of each side of a TCP flow the sequence numbers that the other may wait for:
 * what it has acknowledged, as far as was seen, and all that was sent. */
struct flow_numbers {
	uint32_t next[2][2];
};
/* False: they are not known. */
bool conntrack_numbers(const struct flow *flow, struct flow_numbers *numbers);

/* Remove what has expired in one share of the table; older generations than
 * `generation` become 0, so that their number can be used again. */
void conntrack_sweep(
    const struct conntrack *ct, uint32_t first_slot, uint16_t generation);
/* Whatever has become of it; packed: its word. */
void conntrack_look(const struct timing *timing, const struct flow *flow,
    uint64_t packed, uint64_t now_ms, struct flow_view *view);
/* False: the flow has just ended. */
bool conntrack_view(const struct timing *timing, const struct flow *flow,
    uint64_t now_ms, struct flow_view *view);

#endif
