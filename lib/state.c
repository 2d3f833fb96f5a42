/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machines.  Which state follows is a table, next_state[], one arrow a
 * line; whether the segment may take the arrow is decided by tcp_judge() from
 * its sequence numbers, with tcp_window.c for those of data.
 *
 * A segment is *accepted* (moves the machine, renews the timer), *passed* (its
 * endpoint shall judge it; nothing changes here) or *dropped* (the flow is not
 * harmed).  Passing keeps endpoints in step where a watcher may be wrong: a
 * challenge ACK (RFC 5961), an old retransmit, a lost acknowledgement.
 */
#include "state.h"

#include "tcp_window.h"

enum event { EVENT_SYN, EVENT_SYN_ACK, EVENT_ACK, EVENT_FIN, EVENT_RST };
#define EVENT_COUNT 5

/* What the table knows beside states: the arrow needs a look of its own. */
enum { DROP_IT = STATE_COUNT, PASS_IT, REOPEN_IT };

/* clang-format off */
#define S_SS STATE_SYN_SENT
#define S_S2 STATE_SYN_SENT2
#define S_SR STATE_SYN_RECEIVED
#define S_ES STATE_ESTABLISHED
#define S_FW STATE_FIN_WAIT
#define S_CW STATE_CLOSE_WAIT
#define S_LA STATE_LAST_ACK
#define S_TW STATE_TIME_WAIT
#define S_CL STATE_CLOSED

/*
 * next_state[state][side][event].  FIN arrows are for the *first* FIN; the
 * other side's FIN and acknowledgements of FINs are in after_fin().
 */
static const uint8_t next_state[STATE_COUNT][2][EVENT_COUNT] = {
	/*                          SYN        SYN_ACK  ACK      FIN      RST */
	/* opener: a retransmit or a new ISN (RFC 6056); its RST gives up */
	[S_SS][OPENER]         = { S_SS,      DROP_IT, DROP_IT, DROP_IT, S_CL },
	/* responder: bare SYN = simultaneous open (RFC 9293 3.5); a pure ACK
	   is a challenge of an older connection (RFC 5961 4) */
	[S_SS][RESPONDER]      = { S_S2,      S_SR,    PASS_IT, DROP_IT, S_CL },
	/* both sent SYN: the SYN/ACK of either goes on (RFC 5382 REQ-2) */
	[S_S2][OPENER]         = { S_S2,      S_SR,    DROP_IT, DROP_IT, S_CL },
	[S_S2][RESPONDER]      = { S_S2,      S_SR,    PASS_IT, DROP_IT, S_CL },
	/* who owes the ACK completes it, data allowed (RFC 9293 3.5) */
	[S_SR][OPENER]         = { S_SR,      S_SR,    S_ES,    S_FW,    S_CL },
	[S_SR][RESPONDER]      = { S_SR,      S_SR,    S_ES,    S_FW,    S_CL },
	[S_ES][OPENER]         = { S_ES,      S_ES,    S_ES,    S_FW,    S_CL },
	[S_ES][RESPONDER]      = { DROP_IT,   S_ES,    S_ES,    S_FW,    S_CL },
	[S_FW][OPENER]         = { S_FW,      S_FW,    S_FW,    S_FW,    S_CL },
	[S_FW][RESPONDER]      = { DROP_IT,   S_FW,    S_FW,    S_FW,    S_CL },
	[S_CW][OPENER]         = { S_CW,      S_CW,    S_CW,    S_CW,    S_CL },
	[S_CW][RESPONDER]      = { DROP_IT,   S_CW,    S_CW,    S_CW,    S_CL },
	[S_LA][OPENER]         = { S_LA,      S_LA,    S_LA,    S_LA,    S_CL },
	[S_LA][RESPONDER]      = { DROP_IT,   S_LA,    S_LA,    S_LA,    S_CL },
	/* ended: a SYN of either side asks anew (RFC 9293 3.6.1, RFC 6191) */
	[S_TW][OPENER]         = { REOPEN_IT, S_TW,    S_TW,    S_TW,    PASS_IT },
	[S_TW][RESPONDER]      = { REOPEN_IT, S_TW,    S_TW,    S_TW,    PASS_IT },
	/* data that was under way when the RST passed */
	[S_CL][OPENER]         = { REOPEN_IT, S_CL,    PASS_IT, PASS_IT, PASS_IT },
	[S_CL][RESPONDER]      = { REOPEN_IT, S_CL,    PASS_IT, PASS_IT, PASS_IT },
};
/* clang-format on */

static const struct outcome accepted = { ESTABLISHED, EFFECT_UPDATE };
static const struct outcome replaced = { ESTABLISHED, EFFECT_REPLACE };
static const struct outcome passed = { PASSED, EFFECT_NONE };
static const struct outcome bad_state = { BAD_STATE, EFFECT_NONE };
static const struct outcome bad_window = { BAD_WINDOW, EFFECT_NONE };

/* Legal combinations were checked by packet_parse(). */
static enum event
event_of(uint8_t flags)
{
	if (flags & TCP_RST)
		return EVENT_RST;
	if (flags & TCP_SYN)
		return flags & TCP_ACK ? EVENT_SYN_ACK : EVENT_SYN;
	return flags & TCP_FIN ? EVENT_FIN : EVENT_ACK;
}

static struct tcp_side
side_from_syn(const struct tcp_facts *t)
{
	struct tcp_side side = {
		.end = segment_end(t),
		.edge = segment_end(t),
		.una = t->seq,
		.isn = t->seq,
		.max_window = window_at_least_one(t->window),
	};
	return side;
}

struct tcp_flow
tcp_open(const struct tcp_facts *syn)
{
	struct tcp_flow flow = {
		.word = { .state = STATE_SYN_SENT,
		    .scale = { syn->scale, TCP_NO_SCALE } },
		.side[OPENER] = side_from_syn(syn),
	};
	return flow;
}

/* Its responder owes an answer.  What the ACK acknowledges is all that is known
 * of that side, and nothing of the scales: windows never count. */
struct tcp_flow
tcp_pick_up(const struct tcp_facts *t)
{
	struct tcp_flow flow = {
		.word = { .state = STATE_SYN_RECEIVED,
		    .flags = FLOW_OWED_BY_RESPONDER | FLOW_NO_WINDOW,
		    .scale = { TCP_NO_SCALE, TCP_NO_SCALE } },
		.side[OPENER] = side_from_syn(t),
		.side[RESPONDER] = { .end = t->ack,
		    .edge = t->ack,
		    .una = t->ack,
		    .isn = t->ack },
	};
	return flow;
}

/* ISN < number <= what its sender has sent. */
static bool
lies_behind_syn(const struct tcp_side *syn_sender, uint32_t number)
{
	return seq_before(syn_sender->isn, number) &&
	       !seq_before(syn_sender->end, number);
}

/* RFC 9293 3.10.7.3 */
static bool
acks_syn(const struct tcp_side *syn_sender, const struct tcp_facts *t)
{
	return (t->flags & TCP_ACK) && lies_behind_syn(syn_sender, t->ack);
}

/* The SYN or SYN/ACK that answers another SYN: both sides are known now. */
static void
learn_syn(struct tcp_flow *f, const struct tcp_facts *t, unsigned side)
{
	struct tcp_side *peer = &f->side[!side], before_it = f->side[side];
	struct tcp_side *own = &f->side[side];

	*own = side_from_syn(t);
	if (before_it.max_window > 0 && before_it.isn == own->isn) {
		own->end = seq_later(own->end, before_it.end);
		if (before_it.max_window > own->max_window)
			own->max_window = before_it.max_window;
	}
	/* The SYN's window lets the answer carry data (RFC 7413, T/TCP). */
	own->edge = seq_later(own->end, t->seq + 1 + peer->max_window);
	f->word.scale[side] = t->scale;
	if (t->flags & TCP_ACK) {
		peer->una = t->ack;
		peer->edge = seq_later(
		    peer->edge, t->ack + window_at_least_one(t->window));
	}
}

/* The opener speaks with a new ISN: its newest numbers and options count, and
 * a SYN of the peer as before. */
static void
renew_opener(struct tcp_flow *f, const struct tcp_facts *t)
{
	struct tcp_flow old = *f;
	struct tcp_side *peer = &f->side[RESPONDER];

	*f = tcp_open(t);
	if (old.word.state != STATE_SYN_SENT2)
		return;
	*peer = old.side[RESPONDER];
	peer->edge =
	    seq_later(peer->edge, peer->isn + 1 + f->side[OPENER].max_window);
	f->word.scale[RESPONDER] = old.word.scale[RESPONDER];
	f->word.state = STATE_SYN_SENT2;
}

/* SYN/ACK in syn-sent or syn-sent2: the other side owes an ACK now.  Its ISN
 * may differ from that of a bare SYN seen before, which may have been forged,
 * or of an earlier attempt; what it acknowledges cannot be guessed. */
static struct outcome
handshake_answer(
    struct tcp_flow *f, const struct tcp_facts *t, unsigned side, uint32_t tick)
{
	bool renews = side == OPENER && t->seq != f->side[OPENER].isn;

	if (!acks_syn(&f->side[!side], t))
		return bad_state; /* stale SYN/ACK: the flow stays */
	if (renews)
		renew_opener(f, t);
	learn_syn(f, t, side);
	f->word.state = STATE_SYN_RECEIVED;
	f->word.flags = side == OPENER ? FLOW_OWED_BY_RESPONDER : 0;
	f->word.seen = tick;
	return renews ? replaced : accepted;
}

/* A bare SYN in syn-sent or syn-sent2.  A retransmit changes nothing; of new
 * numbers and options the newest count. */
static struct outcome
judge_opening_syn(
    struct tcp_flow *f, const struct tcp_facts *t, unsigned side, uint32_t tick)
{
	bool known = side == OPENER || f->word.state == STATE_SYN_SENT2;

	if (known && t->seq == f->side[side].isn)
		return passed;
	if (side == OPENER) {
		renew_opener(f, t);
		f->word.seen = tick;
		return replaced;
	}
	learn_syn(f, t, RESPONDER);
	f->word.state = STATE_SYN_SENT2;
	if (!known)
		f->word.seen = tick;
	return accepted;
}

/* Before anything was acknowledged: syn-sent and syn-sent2. */
static struct outcome
judge_opening(
    struct tcp_flow *f, const struct tcp_facts *t, unsigned side, uint32_t tick)
{
	enum event event = event_of(t->flags);
	uint8_t next = next_state[f->word.state][side][event];

	if (next == DROP_IT)
		return bad_state;
	switch (event) {
	case EVENT_SYN:
		return judge_opening_syn(f, t, side, tick);
	case EVENT_SYN_ACK:
		return handshake_answer(f, t, side, tick);
	case EVENT_ACK:
		return passed;
	case EVENT_RST:
		/* A blind RST must not end an attempt (RFC 9293 3.10.7.3);
		   nf_conntrack deletes the flow here.  Another one of the
		   opener answers a challenge ACK (RFC 5961 4). */
		if (side == RESPONDER && !acks_syn(&f->side[OPENER], t))
			return bad_state;
		if (side == OPENER &&
		    !lies_behind_syn(&f->side[OPENER], t->seq))
			return passed;
		f->word.state = next;
		f->word.seen = tick;
		return accepted;
	case EVENT_FIN:
		break;
	}
	return bad_state;
}

/* syn-received: whose ACK is missing. */
static unsigned
owing_side(const struct tcp_flow *f)
{
	return f->word.flags & FLOW_OWED_BY_RESPONDER ? RESPONDER : OPENER;
}

/* The opener may still be in syn-sent, as its ACK has not come, or be there
 * again: then a RST is as exact as there. */
static bool
refuses_syn(const struct tcp_flow *f, const struct tcp_facts *t)
{
	if (f->word.state == STATE_SYN_RECEIVED && owing_side(f) == OPENER &&
	    acks_syn(&f->side[OPENER], t))
		return true;
	return f->word.flags & FLOW_CHALLENGE && t->flags & TCP_ACK &&
	       t->ack == f->challenge + 1;
}

/* RST from syn-received to last-ack (RFC 9293 3.10.7.4, RFC 5961 3). */
static struct outcome
judge_reset(
    struct tcp_flow *f, const struct tcp_facts *t, unsigned side, uint32_t tick)
{
	const struct tcp_side *s = &f->side[side];
	/* The target waits for the number behind the SYN until it has
	   acknowledged one. */
	uint32_t next = s->una != s->isn ? s->una : s->isn + 1;

	if (f->word.flags & FLOW_NO_WINDOW)
		return passed;
	if (t->seq == next || t->seq == s->end ||
	    (side == RESPONDER && refuses_syn(f, t))) {
		f->word.state = STATE_CLOSED;
		f->word.seen = tick;
		return accepted;
	}
	if (seq_before(next, t->seq) && !seq_before(s->edge, t->seq))
		return passed; /* the target answers with a challenge ACK */
	return bad_window;
}

/* SYN or SYN/ACK into a connection that is past syn-sent: it can harm nothing,
 * but both endpoints may have to see it (RFC 5961 4). */
static struct outcome
judge_late_syn(
    struct tcp_flow *f, const struct tcp_facts *t, unsigned side, uint32_t tick)
{
	bool known =
	    f->side[side].max_window > 0 && !(f->word.flags & FLOW_NO_WINDOW);

	if (known && t->seq == f->side[side].isn)
		return passed; /* a retransmit */
	if (event_of(t->flags) == EVENT_SYN) {
		if (side == RESPONDER)
			return bad_state;
		f->challenge = t->seq;
		f->word.flags |= FLOW_CHALLENGE;
		return (struct outcome){ PASSED, EFFECT_UPDATE };
	}
	/* The responder had lost the old connection and answers the new SYN:
	   begin again (nf_conntrack commit 8104dcdb7). */
	if (side == RESPONDER && f->word.flags & FLOW_CHALLENGE &&
	    t->ack == f->challenge + 1) {
		struct tcp_facts syn = {
			.seq = f->challenge,
			.flags = TCP_SYN,
			/* Not remembered: the largest.  It counts only if the
			   SYN/ACK scales, which then the SYN did too. */
			.window = UINT16_MAX,
			.scale = TCP_NO_SCALE - 1,
		};
		*f = tcp_open(&syn);
		struct outcome o = handshake_answer(f, t, RESPONDER, tick);
		o.effect = EFFECT_REPLACE;
		return o;
	}
	/* It crossed the RST of an opener that gave up. */
	if (f->word.state == STATE_CLOSED && side == RESPONDER &&
	    acks_syn(&f->side[OPENER], t))
		return passed;
	return bad_state;
}

static bool
all_acknowledged(const struct tcp_side *side)
{
	return side->una == side->end;
}

/* Where FINs and their acknowledgements lead, from fin-wait on. */
static enum state
after_fin(const struct tcp_flow *f, const struct tcp_facts *t, unsigned side)
{
	unsigned first =
	    f->word.flags & FLOW_FIN_BY_RESPONDER ? RESPONDER : OPENER;
	bool acks_all = !seq_before(t->ack, f->side[!side].end);

	/* Whoever acknowledges last: data may still be resent ahead of the
	   first FIN when the second one is acknowledged. */
	if (f->word.state == STATE_LAST_ACK)
		return all_acknowledged(&f->side[OPENER]) &&
			       all_acknowledged(&f->side[RESPONDER])
			   ? STATE_TIME_WAIT
			   : STATE_LAST_ACK;
	if (f->word.state == STATE_TIME_WAIT || side == first)
		return f->word.state;
	if (t->flags & TCP_FIN)
		return STATE_LAST_ACK;
	return acks_all ? STATE_CLOSE_WAIT : f->word.state;
}

static enum state
next_of(const struct tcp_flow *f, const struct tcp_facts *t, unsigned side)
{
	enum event event = t->flags & TCP_FIN ? EVENT_FIN : EVENT_ACK;

	if (f->word.state == STATE_SYN_RECEIVED && owing_side(f) != side &&
	    event == EVENT_ACK)
		return STATE_SYN_RECEIVED; /* data before the last ACK */
	if (f->word.state >= STATE_FIN_WAIT)
		return after_fin(f, t, side);
	return next_state[f->word.state][side][event];
}

struct outcome
tcp_judge(struct tcp_flow *f, const struct packet *segment, unsigned side,
    enum tcp_mode mode, uint32_t tick)
{
	const struct tcp_facts *t = &segment->tcp;
	enum state state = f->word.state;
	enum event event = event_of(t->flags);
	uint8_t next = next_state[state][side][event];

	if (next == REOPEN_IT)
		return (struct outcome){ NOT_A_START, EFFECT_REOPEN };
	if (next == PASS_IT && state != STATE_SYN_SENT &&
	    state != STATE_SYN_SENT2)
		return passed;
	if (event == EVENT_RST && segment->pass_only)
		return passed; /* unverified checksum: the host judges it */
	if (state == STATE_SYN_SENT || state == STATE_SYN_SENT2)
		return judge_opening(f, t, side, tick);
	if (event == EVENT_RST)
		return judge_reset(f, t, side, tick);

	/* A SYN/ACK may be the ACK that is owed (RFC 9293 3.5, figure 8).  In
	   a flow picked up in mid-stream any ACK will do. */
	bool owes = state == STATE_SYN_RECEIVED && owing_side(f) == side &&
		    !(f->word.flags & FLOW_NO_WINDOW);
	bool completes = owes && acks_syn(&f->side[!side], t);
	if (t->flags & TCP_SYN && !(completes && t->seq == f->side[side].isn))
		return judge_late_syn(f, t, side, tick);

	enum fit fit = window_judge(f, t, side);
	if (fit != FIT_INSIDE)
		return fit == FIT_OUTSIDE && mode == TCP_STRICT ? bad_window
								: passed;
	/* The window reaches back behind the SYN; what is owed does not. */
	if (owes && !completes)
		return bad_state;
	window_learn(f, t, side);
	/* The opener goes on: that SYN was a forger's, or an old one. */
	if (side == OPENER && f->word.flags & FLOW_CHALLENGE) {
		f->word.flags &= (uint8_t)~FLOW_CHALLENGE;
		f->challenge = 0;
	}
	next = next_of(f, t, side);
	if (next == STATE_FIN_WAIT && state < STATE_FIN_WAIT)
		f->word.flags = side == RESPONDER
				    ? f->word.flags | FLOW_FIN_BY_RESPONDER
				    : f->word.flags & ~FLOW_FIN_BY_RESPONDER;
	/* The half-open time runs on while the last ACK is owed. */
	if (next != STATE_SYN_RECEIVED)
		f->word.seen = tick;
	f->word.state = next;
	return accepted;
}

struct outcome
other_judge(struct flow_word *word, unsigned side, uint32_t tick)
{
	if (side == RESPONDER)
		word->state = STATE_BOTH;
	word->seen = tick;
	return accepted;
}

bool
state_assured(enum state state)
{
	return (state >= STATE_ESTABLISHED && state <= STATE_LAST_ACK) ||
	       state == STATE_BOTH;
}

bool
state_half_open(enum state state)
{
	return state >= STATE_SYN_SENT && state <= STATE_SYN_RECEIVED;
}

const char *
state_name(enum state state)
{
	static const char *const name[STATE_COUNT] = {
		[STATE_DEAD] = "dead",
		[STATE_SYN_SENT] = "syn-sent",
		[STATE_SYN_SENT2] = "syn-sent2",
		[STATE_SYN_RECEIVED] = "syn-received",
		[STATE_ESTABLISHED] = "established",
		[STATE_FIN_WAIT] = "fin-wait",
		[STATE_CLOSE_WAIT] = "close-wait",
		[STATE_LAST_ACK] = "last-ack",
		[STATE_TIME_WAIT] = "time-wait",
		[STATE_CLOSED] = "closed",
		[STATE_ONE_WAY] = "one-way",
		[STATE_BOTH] = "both-ways",
	};
	return name[state];
}
