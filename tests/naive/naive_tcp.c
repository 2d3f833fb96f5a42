/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP lines of the contract, 3 to 24, each a function under its number.
 * A segment is *accepted* (it moves the connection on), *passed* (the endpoint
 * judges, nothing changes here) or dropped.
 */
#include "naive.h"

enum kind_of_segment { SYN, SYN_ACK, RST, FIN, ACK };

static enum kind_of_segment
kind_of(const struct tcp_facts *t)
{
	if (t->flags & TCP_RST)
		return RST;
	if (t->flags & TCP_SYN)
		return t->flags & TCP_ACK ? SYN_ACK : SYN;
	return t->flags & TCP_FIN ? FIN : ACK;
}

/* 12: modulo 2^32. */
static bool
above(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static void
raise(uint32_t *number, uint32_t to)
{
	if (above(to, *number))
		*number = to;
}

static uint32_t
at_least_one(uint32_t window)
{
	return window ? window : 1;
}

/* Behind the segment's last number. */
static uint32_t
end_of(const struct tcp_facts *t)
{
	return t->seq + t->length + !!(t->flags & TCP_SYN) +
	       !!(t->flags & TCP_FIN);
}

/* 12: scale counts only if both SYNs carry it; in SYNs windows are plain. */
static uint32_t
window_of(const struct naive_flow *f, unsigned side, const struct tcp_facts *t)
{
	uint8_t mine = f->side[side].scale, other = f->side[!side].scale;

	if (t->flags & TCP_SYN || mine == TCP_NO_SCALE || other == TCP_NO_SCALE)
		return t->window;
	return (uint32_t)t->window << mine;
}

/* What a SYN, with or without ACK, says of its sender; a SYN/ACK may repeat a
 * bare SYN. */
static void
begin_side(struct naive_side *s, const struct tcp_facts *syn)
{
	struct naive_side old = *s;

	*s = (struct naive_side){
		.known = true,
		.isn = syn->seq,
		.una = syn->seq,
		.end = end_of(syn),
		.edge = end_of(syn),
		.window = at_least_one(syn->window),
		.scale = syn->scale,
	};
	if (old.known && old.isn == s->isn) {
		raise(&s->end, old.end);
		raise(&s->edge, old.end);
		if (old.window > s->window)
			s->window = old.window;
	}
}

/* The other side offers this much behind the SYN: data may follow it (10). */
static void
grant_by_syn(struct naive_side *s, uint32_t window)
{
	raise(&s->edge, s->isn + 1 + window);
}

void
naive_tcp_open(struct naive_flow *f, const struct tcp_facts *syn)
{
	f->state = NAIVE_SYN_SENT;
	f->has_new_isn = f->unseen = false;
	f->packets[0] = f->packets[1] = 0;
	f->side[1] = (struct naive_side){ .scale = TCP_NO_SCALE };
	f->side[0] = f->side[1];
	begin_side(&f->side[0], syn);
}

/* The responder owes an answer; windows are never known. */
void
naive_tcp_pick_up(struct naive_flow *f, const struct tcp_facts *ack)
{
	naive_tcp_open(f, ack);
	f->state = NAIVE_SYN_RECEIVED;
	f->owes = 1;
	f->unseen = true;
	f->side[0].scale = TCP_NO_SCALE;
	f->side[1].end = f->side[1].edge = ack->ack;
	f->side[1].isn = f->side[1].una = ack->ack;
}

/* 3: ISS < ack <= SND.NXT. */
static bool
acks_the_syn(const struct naive_side *syn_sender, uint32_t ack)
{
	return above(ack, syn_sender->isn) && !above(ack, syn_sender->end);
}

static void
acknowledge(struct naive_side *s, uint32_t ack, uint32_t window)
{
	if (above(ack, s->una))
		s->acked = true;
	raise(&s->una, ack);
	raise(&s->edge, ack + at_least_one(window));
}

/* A good SYN/ACK: its sender begins, the other side owes an ACK. */
static void
answer(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	struct naive_side *sender = &f->side[side], *other = &f->side[!side];

	begin_side(sender, t);
	grant_by_syn(sender, other->window);
	acknowledge(other, t->ack, t->window);
	f->state = NAIVE_SYN_RECEIVED;
	f->owes = !side;
}

static enum reason
line_3_syn_ack(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	if (!acks_the_syn(&f->side[!side], t->ack))
		return BAD_STATE;
	if (side == 0 && t->seq != f->side[0].isn) /* 7: it begins anew */
		f->packets[0] = f->packets[1] = 0;
	answer(f, t, side);
	return ESTABLISHED;
}

static enum reason
close_by_rst(struct naive_flow *f)
{
	f->state = NAIVE_CLOSED;
	return ESTABLISHED;
}

static enum reason
line_5_rst(struct naive_flow *f, const struct tcp_facts *t)
{
	if (t->flags & TCP_ACK && acks_the_syn(&f->side[0], t->ack))
		return close_by_rst(f);
	return BAD_STATE;
}

/* Stricter than 16: or somebody who knows no number ends the attempt.  Else it
 * is the answer to a challenge ACK (4), which the responder judges. */
static enum reason
line_16_openers_rst(struct naive_flow *f, const struct tcp_facts *t)
{
	return acks_the_syn(&f->side[0], t->seq) ? close_by_rst(f) : PASSED;
}

/* 6: a retransmit passes.  7: a new ISN replaces the old. */
static enum reason
line_6_7_syn(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	if (t->seq == f->side[side].isn)
		return PASSED;
	begin_side(&f->side[side], t);
	if (f->side[1].known)
		grant_by_syn(&f->side[1], f->side[0].window);
	if (side == 0) /* the flow begins anew */
		f->packets[0] = f->packets[1] = 0;
	return ESTABLISHED;
}

/* 8, 9: the responder's SYN needs no rule. */
static enum reason
line_8_responders_syn(struct naive_flow *f, const struct tcp_facts *t)
{
	begin_side(&f->side[1], t);
	grant_by_syn(&f->side[1], f->side[0].window);
	f->state = NAIVE_SYN_SENT2;
	return ESTABLISHED;
}

static enum reason
in_syn_sent(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	bool second = f->state == NAIVE_SYN_SENT2;

	switch (kind_of(t)) {
	case SYN:
		if (side == 1 && !second)
			return line_8_responders_syn(f, t);
		return line_6_7_syn(f, t, side);
	case SYN_ACK:
		if (side == 0 && !second)
			return BAD_STATE;
		return line_3_syn_ack(f, t, side);
	case RST:
		return side == 1 ? line_5_rst(f, t) : line_16_openers_rst(f, t);
	case ACK:
		/* 4: the challenge ACK of an old incarnation; 9: the ACK of a
		   split handshake; with data too, as nf_conntrack. */
		return side == 1 ? PASSED : BAD_STATE;
	case FIN:
		break;
	}
	return BAD_STATE;
}

/* UNDECIDED: it fits.  BAD_WINDOW, PASSED: it does not, 11. */
static enum reason
line_11_window(
    const struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	const struct naive_side *s = &f->side[side], *r = &f->side[!side];
	uint32_t ack = t->has_sack ? t->sack_edge : t->ack;
	uint32_t behind = s->window > 66000 ? s->window : 66000;

	if (f->unseen)
		return UNDECIDED;
	if (above(t->seq, s->edge))
		return BAD_WINDOW; /* I */
	if (above(ack, r->end))
		return BAD_WINDOW; /* III */
	if (above(s->end - r->window, end_of(t)))
		return PASSED; /* II */
	if (above(r->end - behind, ack))
		return PASSED; /* IV */
	return UNDECIDED;
}

static void
take_note(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	struct naive_side *s = &f->side[side];
	uint32_t window = at_least_one(window_of(f, side, t));

	raise(&s->end, end_of(t));
	if (window > s->window)
		s->window = window;
	acknowledge(&f->side[!side], t->ack, window);
}

/* The arrows from syn-received to time-wait for what was accepted. */
static void
move_on(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	const struct naive_side *s = &f->side[side], *r = &f->side[!side];

	if (f->state == NAIVE_SYN_RECEIVED && f->owes == side)
		f->state = NAIVE_ESTABLISHED;
	/* A FIN is the last that its sender sends. */
	bool acks_fin = !above(r->end, t->ack);

	switch (f->state) {
	case NAIVE_SYN_RECEIVED:
	case NAIVE_ESTABLISHED:
		if (t->flags & TCP_FIN) {
			f->state = NAIVE_FIN_WAIT;
			f->first_fin = side;
		}
		break;
	case NAIVE_FIN_WAIT:
	case NAIVE_CLOSE_WAIT:
		if (side == f->first_fin)
			break;
		if (t->flags & TCP_FIN)
			f->state = NAIVE_LAST_ACK;
		else if (acks_fin)
			f->state = NAIVE_CLOSE_WAIT;
		break;
	case NAIVE_LAST_ACK:
		/* Both FINs: one alone may come with data outstanding. */
		if (s->una == s->end && r->una == r->end)
			f->state = NAIVE_TIME_WAIT;
		break;
	default:
		break;
	}
}

static enum reason
accept_data(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	enum reason why = line_11_window(f, t, side);

	if (why)
		return why;
	/* "acceptable ACK": it must acknowledge the SYN (9293 3.10.7.4). */
	if (f->state == NAIVE_SYN_RECEIVED && f->owes == side && !f->unseen &&
	    !acks_the_syn(&f->side[!side], t->ack))
		return BAD_STATE;
	take_note(f, t, side);
	/* Of 17: it was not the opener's, or it came late. */
	if (side == 0)
		f->has_new_isn = false;
	move_on(f, t, side);
	return ESTABLISHED;
}

/* Beyond 15, as nf_conntrack: 5 holds as long as the opener may be in syn-sent,
 * or may be there again with the SYN of 17. */
static bool
refuses_a_syn(const struct naive_flow *f, const struct tcp_facts *t)
{
	if (!(t->flags & TCP_ACK))
		return false;
	if (f->state == NAIVE_SYN_RECEIVED && f->owes == 0 &&
	    acks_the_syn(&f->side[0], t->ack))
		return true;
	return f->has_new_isn && t->ack == f->new_isn + 1;
}

static enum reason
line_13_14_15_rst(
    struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	const struct naive_side *s = &f->side[side];
	uint32_t seq = t->seq;
	/* Nothing acknowledged yet: the target waits for ISN + 1. */
	uint32_t next = s->acked ? s->una : s->isn + 1;

	if (f->unseen)
		return PASSED; /* 1 */
	if (side == 1 && refuses_a_syn(f, t))
		return close_by_rst(f);
	if (seq == next || seq == s->end)
		return close_by_rst(f); /* 13 */
	if (above(seq, next) && !above(seq, s->edge))
		return PASSED; /* 14 */
	return BAD_WINDOW;     /* 15 */
}

static bool
repeats_its_syn(
    const struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	return f->side[side].known && !f->unseen && t->seq == f->side[side].isn;
}

static enum reason
line_17_18_syn(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	if (repeats_its_syn(f, t, side))
		return PASSED; /* 6 */
	if (side == 1)
		return BAD_STATE; /* 18 */
	f->has_new_isn = true;
	f->new_isn = t->seq;
	return PASSED;
}

/* The responder has lost the connection and answers the SYN of 17. */
static enum reason
line_19_begin_again(
    struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	struct naive_side *opener = &f->side[0];

	if (side == 0 || !f->has_new_isn || t->ack != f->new_isn + 1)
		return BAD_STATE;
	*opener = (struct naive_side){
		.known = true,
		.isn = f->new_isn,
		.una = f->new_isn,
		.end = f->new_isn + 1,
		.edge = f->new_isn + 1,
		.window = UINT16_MAX, /* not remembered: the largest */
		.scale = 14,
	};
	f->has_new_isn = f->unseen = false;
	f->packets[0] = f->packets[1] = 0;
	answer(f, t, 1);
	return ESTABLISHED;
}

static enum reason
line_19_syn_ack(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	if (repeats_its_syn(f, t, side)) {
		if (f->state == NAIVE_SYN_RECEIVED && f->owes == side &&
		    acks_the_syn(&f->side[!side], t->ack))
			return accept_data(f, t, side); /* 8: it was owed */
		return PASSED;
	}
	return line_19_begin_again(f, t, side);
}

/* syn-received to last-ack. */
static enum reason
in_connection(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	switch (kind_of(t)) {
	case SYN:
		return line_17_18_syn(f, t, side);
	case SYN_ACK:
		return line_19_syn_ack(f, t, side);
	case RST:
		return line_13_14_15_rst(f, t, side);
	case FIN:
	case ACK:
		break;
	}
	return accept_data(f, t, side);
}

/* A duplicate; or, after a RST, the answer that was under way. */
static enum reason
line_23_syn_ack(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	if (repeats_its_syn(f, t, side))
		return PASSED;
	if (line_19_begin_again(f, t, side) == ESTABLISHED)
		return ESTABLISHED;
	return f->state == NAIVE_CLOSED && side == 1 &&
		       acks_the_syn(&f->side[0], t->ack)
		   ? PASSED
		   : BAD_STATE;
}

/* time-wait and closed. */
static enum reason
after_the_end(struct naive_flow *f, const struct tcp_facts *t, unsigned side)
{
	switch (kind_of(t)) {
	case RST:
		return PASSED; /* 16 */
	case SYN_ACK:
		return line_23_syn_ack(f, t, side);
	case SYN:
	case FIN:
	case ACK:
		break;
	}
	if (f->state == NAIVE_CLOSED)
		return PASSED; /* 23 */
	return accept_data(f, t, side);
}

bool
naive_tcp_asks_anew(const struct naive_flow *f, const struct tcp_facts *t)
{
	return f->state >= NAIVE_TIME_WAIT && kind_of(t) == SYN;
}

enum reason
naive_tcp_judge(
    struct naive_flow *f, const struct packet *p, unsigned side, uint64_t tick)
{
	const struct tcp_facts *t = &p->tcp;
	enum naive_state before = f->state;
	uint32_t isn = f->side[0].isn;

	if (p->pass_only) /* 25: a RST whose checksum the host will check */
		return PASSED;
	enum reason why = before <= NAIVE_SYN_SENT2 ? in_syn_sent(f, t, side)
			  : before <= NAIVE_LAST_ACK
			      ? in_connection(f, t, side)
			      : after_the_end(f, t, side);

	/* Section 4, refreshes: what moves it, or is accepted from established
	 * on; never what passes. */
	if (why == ESTABLISHED &&
	    (f->state != before || before >= NAIVE_ESTABLISHED ||
		isn != f->side[0].isn))
		f->seen = tick;
	return why;
}
