/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an endpoint does with what arrives.  One gap is kept of what comes out
 * of order.  Comments cite RFC 9293 3.10.7 unless they say otherwise.
 */
#include "endpoint_send.h"

#define TIME_WAIT_MS 60000u
#define DELAYED_ACK  40u

static bool
above(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static void
become_established(struct endpoint *e, uint64_t now)
{
	e->state = TCP_ESTABLISHED;
	e->tries = 0;
	e->resend_at = 0;
	e->act_at = e->plan.pause_ms ? now + e->plan.pause_ms : 0;
	e->keep_at = e->plan.keepalive ? now + KEEPALIVE_MS : 0;
}

void
endpoint_listen(struct endpoint *e, const struct plan *plan, uint32_t iss)
{
	*e =
	    (struct endpoint){ .plan = *plan, .state = TCP_LISTEN, .iss = iss };
}

/* 3.10.7.1: no socket. */
static void
answer_with_rst(
    struct endpoint *e, const struct tcp_facts *t, struct outbox *out)
{
	if (t->flags & TCP_RST || e->plan.silent)
		return;
	if (t->flags & TCP_ACK) {
		endpoint_put(e, out, TCP_RST, t->ack, 0);
		return;
	}
	struct tcp_facts *rst = endpoint_put(e, out, TCP_RST | TCP_ACK, 0, 0);
	rst->ack = t->seq + t->length + !!(t->flags & TCP_SYN);
}

static void
learn_syn(struct endpoint *e, const struct tcp_facts *t)
{
	e->irs = t->seq;
	e->received = t->seq + 1;
	e->gap_from = e->gap_to = 0;
	e->window = t->window;
	e->peer_scale = t->scale;
	e->scaled = t->scale != TCP_NO_SCALE && e->plan.scale != TCP_NO_SCALE;
}

/* A SYN opens: LISTEN, or SYN-SENT when both open at once. */
static void
accept_syn(struct endpoint *e, const struct tcp_facts *t, uint64_t now,
    struct outbox *out)
{
	learn_syn(e, t);
	if (e->plan.takes_syn_data)
		e->received += t->length;
	e->una = e->iss;
	e->next = e->highest = e->iss + 1;
	e->state = TCP_SYN_RECEIVED;
	e->tries = 0;
	endpoint_put_syn(e, out);
	endpoint_start_timer(e, now);
}

/* 3.10.7.3 */
static void
in_syn_sent(struct endpoint *e, const struct tcp_facts *t, uint64_t now,
    struct outbox *out)
{
	bool ack = t->flags & TCP_ACK;

	if (ack && (!above(t->ack, e->iss) || above(t->ack, e->highest))) {
		if (!(t->flags & TCP_RST))
			endpoint_put(e, out, TCP_RST, t->ack, 0);
		return;
	}
	if (t->flags & TCP_RST) {
		if (ack) {
			e->state = TCP_CLOSED;
			e->refused = true;
		}
		return;
	}
	if (!(t->flags & TCP_SYN))
		return;
	if (!ack) {
		accept_syn(e, t, now, out);
		return;
	}
	learn_syn(e, t);
	e->una = e->next = t->ack;
	become_established(e, now);
	endpoint_put_ack(e, out);
	endpoint_send_more(e, now, out, false);
	endpoint_maybe_close(e, now, out);
}

/* 3.10.7.4, first: does any of it lie in the window? */
static bool
acceptable(const struct endpoint *e, const struct tcp_facts *t)
{
	uint32_t window = endpoint_window(e);
	uint32_t length =
	    t->length + !!(t->flags & TCP_SYN) + !!(t->flags & TCP_FIN);
	uint32_t first = t->seq - e->received;
	uint32_t last = t->seq + length - 1 - e->received;

	if (length == 0)
		return first == 0 || first < window;
	return window > 0 && (first < window || last < window);
}

/* What acknowledging everything of ours leads to. */
static void
fin_acknowledged(struct endpoint *e, uint64_t now)
{
	if (e->state == TCP_FIN_WAIT_1) {
		e->state = TCP_FIN_WAIT_2;
	} else if (e->state == TCP_CLOSING) {
		e->state = TCP_TIME_WAIT;
		e->leave_at = now + TIME_WAIT_MS;
	} else if (e->state == TCP_LAST_ACK) {
		e->state = TCP_CLOSED;
	}
}

static void
take_ack(struct endpoint *e, const struct tcp_facts *t, uint64_t now)
{
	if (above(e->una, t->ack))
		return;
	if (t->ack != e->una) {
		e->tries = 0;
		e->una = t->ack;
		if (above(e->una, e->next))
			e->next = e->una;
		e->resend_at = 0;
		if (e->una != e->highest)
			endpoint_start_timer(e, now);
	}
	e->window = t->window; /* plain in a SYN (RFC 7323 2.2) */
	if (e->scaled && !(t->flags & TCP_SYN))
		e->window <<= e->peer_scale;
	if (endpoint_has_closed(e) && e->una == endpoint_written(e) + 1)
		fin_acknowledged(e, now);
}

static void
take_data(struct endpoint *e, const struct tcp_facts *t)
{
	uint32_t end = t->seq + t->length, edge;

	edge = e->received + endpoint_window(e);
	if (above(end, edge))
		end = edge;
	if (t->flags & TCP_FIN && end == t->seq + t->length) {
		e->fin_known = true;
		e->fin_at = end;
	}
	if (above(t->seq, e->received)) { /* ahead of a gap */
		if (e->gap_from == e->gap_to && end != t->seq) {
			e->gap_from = t->seq;
			e->gap_to = end;
		}
		return;
	}
	uint32_t before = e->received;
	if (above(end, e->received))
		e->received = end;
	if (e->gap_from != e->gap_to && !above(e->gap_from, e->received)) {
		if (above(e->gap_to, e->received))
			e->received = e->gap_to;
		e->gap_from = e->gap_to = 0;
	}
	if (e->plan.reads_late)
		e->unread += e->received - before;
}

static void
take_fin(struct endpoint *e, uint64_t now)
{
	if (!e->fin_known || e->fin_at != e->received)
		return;
	e->received++;
	e->fin_known = false;
	if (e->state == TCP_ESTABLISHED) {
		e->state = TCP_CLOSE_WAIT;
	} else if (e->state == TCP_FIN_WAIT_1) {
		e->state = TCP_CLOSING;
	} else if (e->state == TCP_FIN_WAIT_2) {
		e->state = TCP_TIME_WAIT;
		e->leave_at = now + TIME_WAIT_MS;
	}
}

/* The text of a segment whose ACK is good. */
static void
take_text(struct endpoint *e, const struct tcp_facts *t, uint64_t now,
    struct outbox *out)
{
	bool open = e->state == TCP_ESTABLISHED || e->state == TCP_FIN_WAIT_1 ||
		    e->state == TCP_FIN_WAIT_2;

	if (open && (t->length > 0 || t->flags & TCP_FIN)) {
		bool in_order = t->seq == e->received;
		take_data(e, t);
		take_fin(e, now);
		if (in_order && !(t->flags & TCP_FIN) && !e->ack_at)
			e->ack_at = now + DELAYED_ACK;
		else
			endpoint_put_ack(e, out);
	}
	endpoint_send_more(e, now, out, false);
	endpoint_maybe_close(e, now, out);
	if (e->unread && !e->act_at) /* reads a while later */
		e->act_at = now + 500;
}

/* Not in the window, or a SYN: RFC 5961 4. */
static void
challenge(struct endpoint *e, const struct tcp_facts *t, struct outbox *out)
{
	bool again = e->state == TCP_SYN_RECEIVED && t->seq == e->irs;

	if (t->flags & TCP_RST)
		return;
	if (again && !(t->flags & TCP_ACK))
		endpoint_put_syn(e, out);
	else
		endpoint_put_ack(e, out);
}

/* 3.10.7.4 */
static void
in_connection(struct endpoint *e, const struct tcp_facts *t, uint64_t now,
    struct outbox *out)
{
	/* Both opened at once: the SYN/ACK that acknowledges ours. */
	bool crossing = e->state == TCP_SYN_RECEIVED && t->seq == e->irs &&
			(t->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);

	if (!crossing && !acceptable(e, t)) {
		challenge(e, t, out);
		return;
	}
	if (t->flags & TCP_RST) {
		if (t->seq != e->received) {
			endpoint_put_ack(e, out); /* RFC 5961 3 */
			return;
		}
		e->state = TCP_CLOSED;
		e->reset = true;
		return;
	}
	if (t->flags & TCP_SYN && !crossing) {
		endpoint_put_ack(e, out);
		return;
	}
	if (!(t->flags & TCP_ACK))
		return;
	bool good = above(t->ack, e->una) && !above(t->ack, e->highest);
	if (e->state == TCP_SYN_RECEIVED) {
		if (!good) {
			endpoint_put(e, out, TCP_RST, t->ack, 0);
			return;
		}
		become_established(e, now);
	} else if (above(t->ack, e->highest)) {
		endpoint_put_ack(e, out);
		return;
	}
	take_ack(e, t, now);
	take_text(e, t, now, out);
}

/* RFC 6191: a newer SYN ends TIME-WAIT at once. */
static bool
renews(const struct endpoint *e, const struct tcp_facts *t)
{
	return e->state == TCP_TIME_WAIT &&
	       (t->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
	       above(t->seq, e->received);
}

void
endpoint_receive(struct endpoint *e, const struct tcp_facts *t, uint64_t now,
    struct outbox *out)
{
	if (renews(e, t)) {
		struct plan plan = e->plan;
		endpoint_listen(e, &plan, e->highest + 100000);
	}
	if (e->keep_at)
		e->keep_at = now + KEEPALIVE_MS;
	switch (e->state) {
	case TCP_CLOSED:
		answer_with_rst(e, t, out);
		return;
	case TCP_LISTEN:
		if (t->flags & TCP_ACK)
			answer_with_rst(e, t, out);
		else if (t->flags & TCP_SYN && !(t->flags & TCP_RST))
			accept_syn(e, t, now, out);
		return;
	case TCP_SYN_SENT:
		in_syn_sent(e, t, now, out);
		return;
	default:
		in_connection(e, t, now, out);
	}
}
