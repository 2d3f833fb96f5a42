/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an endpoint sends, and when.  Its own numbers lie at: the SYN at iss,
 * the bytes from iss + 1 on, the FIN behind them.  So what a segment at some
 * number holds follows from the number.  Retransmission goes back to SND.UNA.
 */
#include "endpoint_send.h"

#define RESEND_MS       300u
#define RESEND_MAX      60000u
#define KEEPALIVE_AGAIN 75000u
#define SYN_TRIES       12
#define BURST           4 /* segments at a time */

static bool
above(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static uint32_t
lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t
endpoint_window(const struct endpoint *e)
{
	return e->plan.buffer - e->unread;
}

/* Behind the bytes that the application has written so far. */
uint32_t
endpoint_written(const struct endpoint *e)
{
	uint32_t half = e->plan.bytes / 2;

	return e->iss + 1 +
	       (e->plan.pause_ms && !e->sent_first_half ? half : e->plan.bytes);
}

static bool
all_written(const struct endpoint *e)
{
	return endpoint_written(e) == e->iss + 1 + e->plan.bytes;
}

bool
endpoint_has_closed(const struct endpoint *e)
{
	return e->state == TCP_FIN_WAIT_1 || e->state == TCP_FIN_WAIT_2 ||
	       e->state == TCP_CLOSING || e->state == TCP_LAST_ACK ||
	       e->state == TCP_TIME_WAIT;
}

struct tcp_facts *
endpoint_put(struct endpoint *e, struct outbox *out, uint8_t flags,
    uint32_t seq, uint32_t length)
{
	static struct tcp_facts lost;
	struct tcp_facts *t =
	    out->count < OUTBOX ? &out->segment[out->count++] : &lost;
	uint32_t window = endpoint_window(e);

	if (e->scaled && !(flags & TCP_SYN))
		window >>= e->plan.scale;
	*t = (struct tcp_facts){
		.seq = seq,
		.ack = flags & TCP_ACK ? e->received : 0,
		.length = length,
		.flags = flags,
		.window = (uint16_t)lesser(window, UINT16_MAX),
		.scale = flags & TCP_SYN ? e->plan.scale : TCP_NO_SCALE,
	};
	if (e->plan.sack && flags == TCP_ACK && e->gap_from != e->gap_to) {
		t->has_sack = true;
		t->sack_edge = e->gap_to;
	}
	if (flags & TCP_ACK)
		e->ack_at = 0;
	return t;
}

void
endpoint_put_ack(struct endpoint *e, struct outbox *out)
{
	endpoint_put(e, out, TCP_ACK, e->next, 0);
}

void
endpoint_put_syn(struct endpoint *e, struct outbox *out)
{
	bool answers = e->state == TCP_SYN_RECEIVED;

	/* Data only the first time (RFC 7413 4.1.3). */
	endpoint_put(e, out, answers ? TCP_SYN | TCP_ACK : TCP_SYN, e->iss,
	    e->tries == 0 && !answers ? e->plan.on_syn : 0);
	if (answers && e->plan.scale != TCP_NO_SCALE && !e->scaled)
		out->segment[out->count - 1].scale = TCP_NO_SCALE;
}

void
endpoint_start_timer(struct endpoint *e, uint64_t now)
{
	uint32_t wait = RESEND_MS << lesser(e->tries, 10);

	e->resend_at = now + lesser(wait, RESEND_MAX);
}

/* As much as the window takes; a byte into a window of zero when `probe`. */
void
endpoint_send_more(
    struct endpoint *e, uint64_t now, struct outbox *out, bool probe)
{
	uint32_t end = endpoint_written(e),
		 fin = endpoint_has_closed(e) ? 1 : 0;
	bool sent = false;

	if (e->state < TCP_ESTABLISHED || e->state == TCP_FIN_WAIT_2 ||
	    e->state == TCP_TIME_WAIT)
		return;
	for (unsigned burst = 0; burst < BURST; burst++) {
		uint32_t room = e->una + e->window - e->next;
		uint32_t left = end - e->next;
		if (above(e->next, end)) /* the FIN is out */
			break;
		if (e->next - e->una > e->window)
			room = 0;
		if (probe && room == 0)
			room = 1;
		uint32_t length = lesser(lesser(left, room), e->plan.segment);
		bool last = fin && length == left && room > length;
		if (length == 0 && !last)
			break;
		endpoint_put(e, out,
		    last ? TCP_FIN | TCP_ACK
			 : (uint8_t)(length ? TCP_ACK | TCP_PSH : TCP_ACK),
		    e->next, length);
		e->next += length + last;
		if (above(e->next, e->highest))
			e->highest = e->next;
		sent = true;
		probe = false;
	}
	bool pending = e->una != e->highest || e->next != end + fin;
	if (sent || (pending && !e->resend_at))
		endpoint_start_timer(e, now);
}

static void
close_now(struct endpoint *e, uint64_t now, struct outbox *out)
{
	if (e->plan.aborts) {
		endpoint_put(e, out, TCP_RST | TCP_ACK, e->highest, 0);
		e->state = TCP_CLOSED;
		e->reset = true;
		return;
	}
	e->state = e->state == TCP_ESTABLISHED ? TCP_FIN_WAIT_1 : TCP_LAST_ACK;
	endpoint_send_more(e, now, out, false);
}

/* The application's turn: all bytes written, and everything sent? */
void
endpoint_maybe_close(struct endpoint *e, uint64_t now, struct outbox *out)
{
	bool peer_closed = e->state == TCP_CLOSE_WAIT;

	if ((e->state == TCP_ESTABLISHED || peer_closed) && all_written(e) &&
	    e->next == endpoint_written(e) &&
	    (peer_closed || !e->plan.closes_last))
		close_now(e, now, out);
}

void
endpoint_open(struct endpoint *e, const struct plan *plan, uint32_t iss,
    uint64_t now, struct outbox *out)
{
	*e = (struct endpoint){
		.plan = *plan,
		.state = TCP_SYN_SENT,
		.iss = iss,
		.una = iss,
		.next = iss + 1 + plan->on_syn,
		.highest = iss + 1 + plan->on_syn,
	};
	endpoint_put_syn(e, out);
	endpoint_start_timer(e, now);
}

/* ---- timers */

static void
resend(struct endpoint *e, uint64_t now, struct outbox *out)
{
	e->tries++;
	if (e->state == TCP_SYN_SENT && e->tries > SYN_TRIES) {
		e->state = TCP_CLOSED;
		return;
	}
	if (e->state == TCP_SYN_SENT || e->state == TCP_SYN_RECEIVED) {
		endpoint_put_syn(e, out);
		endpoint_start_timer(e, now);
		return;
	}
	e->next = e->una;
	e->resend_at = 0;
	endpoint_send_more(e, now, out, true);
}

static void
application(struct endpoint *e, uint64_t now, struct outbox *out)
{
	e->act_at = 0;
	if (e->state < TCP_ESTABLISHED)
		return;
	if (e->unread) {
		e->unread = 0;
		endpoint_put_ack(e, out); /* the window opens */
	}
	e->sent_first_half = true;
	endpoint_send_more(e, now, out, false);
	endpoint_maybe_close(e, now, out);
}

/* RFC 9293 3.8.4: SND.NXT - 1, with a byte of nothing for old stacks. */
static void
keep_alive(struct endpoint *e, uint64_t now, struct outbox *out)
{
	e->keep_at = now + KEEPALIVE_AGAIN;
	if (e->una == e->next)
		endpoint_put(e, out, TCP_ACK, e->next - 1, e->iss & 1);
	if (e->state != TCP_ESTABLISHED)
		e->keep_at = 0;
}

void
endpoint_wake(struct endpoint *e, uint64_t now, struct outbox *out)
{
	if (e->state <= TCP_LISTEN)
		return;
	if (e->leave_at && now >= e->leave_at) {
		e->state = TCP_CLOSED;
		return;
	}
	if (e->act_at && now >= e->act_at)
		application(e, now, out);
	if (e->ack_at && now >= e->ack_at)
		endpoint_put_ack(e, out);
	if (e->resend_at && now >= e->resend_at)
		resend(e, now, out);
	if (e->keep_at && now >= e->keep_at)
		keep_alive(e, now, out);
}

uint64_t
endpoint_wakes_at(const struct endpoint *e)
{
	const uint64_t times[] = { e->resend_at, e->act_at, e->ack_at,
		e->leave_at, e->keep_at };
	uint64_t first = UINT64_MAX;

	if (e->state <= TCP_LISTEN)
		return first;
	for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] && times[i] < first)
			first = times[i];
	return first;
}
