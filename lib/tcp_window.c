/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The four bounds of "Real Stateful TCP Packet Filtering in IP Filter" (van
 * Rooij), as nf_conntrack has them.  Beyond what was granted, or acknowledging
 * what was never sent: outside.  Too old: behind, which passes, or a lost ACK
 * stalls the stream (nf_conntrack commit 72fe17483).
 *
 * Numbers only grow: an edge, once granted, stays (RFC 9293 3.8.6 discourages
 * shrinking), and reordered segments find it so.
 */
#include "tcp_window.h"

#define SLACK 66000u /* nf_conntrack's MAXACKWINCONST */

uint32_t
segment_end(const struct tcp_facts *t)
{
	return t->seq + t->length + !!(t->flags & TCP_SYN) +
	       !!(t->flags & TCP_FIN);
}

/* Windows count scaled only if both SYNs carried the option, and never in a
 * SYN (RFC 7323 2.2). */
static uint32_t
window_of(const struct flow_word *w, const struct tcp_facts *t, unsigned side)
{
	bool scaled = w->scale[OPENER] != TCP_NO_SCALE &&
		      w->scale[RESPONDER] != TCP_NO_SCALE &&
		      !(t->flags & TCP_SYN);
	return (uint32_t)t->window << (scaled ? w->scale[side] : 0);
}

enum fit
window_judge(const struct tcp_flow *f, const struct tcp_facts *t, unsigned side)
{
	const struct tcp_side *sender = &f->side[side];
	const struct tcp_side *receiver = &f->side[!side];
	uint32_t back = sender->max_window > SLACK ? sender->max_window : SLACK;
	uint32_t ack = t->has_sack ? seq_later(t->ack, t->sack_edge) : t->ack;

	if (f->word.flags & FLOW_NO_WINDOW)
		return FIT_INSIDE;
	if (seq_before(sender->edge, t->seq) || seq_before(receiver->end, ack))
		return FIT_OUTSIDE;
	if (seq_before(segment_end(t), sender->end - receiver->max_window) ||
	    seq_before(ack, receiver->end - back))
		return FIT_BEHIND;
	return FIT_INSIDE;
}

void
window_learn(struct tcp_flow *f, const struct tcp_facts *t, unsigned side)
{
	struct tcp_side *sender = &f->side[side], *receiver = &f->side[!side];
	uint32_t window = window_at_least_one(window_of(&f->word, t, side));

	sender->end = seq_later(sender->end, segment_end(t));
	if (window > sender->max_window)
		sender->max_window = window;
	receiver->una = seq_later(receiver->una, t->ack);
	receiver->edge = seq_later(receiver->edge, t->ack + window);
}
