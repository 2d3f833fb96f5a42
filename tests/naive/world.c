/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Discrete events: packets on their way to the firewall (leg 0) or from it to
 * the endpoint (leg 1), timers of endpoints, and the attacker's whims.  All
 * packets that reach the firewall in one millisecond are one batch.
 *
 * A pair of addresses and ports is used again and again: in time-wait, after a
 * crash of one end or both, after an abort.  What an old connection has still
 * under way is waited for, as the network's lifetime of segments promises.
 */
#include "world.h"

#include <stdlib.h>

#include "attack.h"
#include "endpoint.h"

#define EXCHANGES 12
#define EVENTS    2048
#define DRAIN_MS  4000u /* longer than any packet is under way */
#define HOUR_MS   3600000u
#define PATIENCE  (30 * HOUR_MS)

enum course {
	COURSE_PLAIN,
	COURSE_BOTH_OPEN,
	COURSE_NOBODY_LISTENS,
	COURSE_SILENCE,
	COURSE_OPENER_CRASHES,
	COURSE_BOTH_CRASH,
	COURSE_BOTH_CRASH_FOR_GOOD, /* nobody listens any more */
};

struct exchange {
	struct tuple tuple; /* as the opener sends */
	uint8_t direction;
	struct endpoint end[2]; /* opener, responder */
	enum course course;
	uint64_t begun, crash_at, again_at;
	bool crashed, attacked;
	/* A forged RST has met the exact number, or a forged SYN found
	   everything acknowledged and began anew (24). */
	bool guessed;
	unsigned loss, jitter_ms; /* percent; of each leg */
	unsigned under_way;
};

struct event {
	uint64_t due;
	unsigned exchange, from;
	bool leg, forged;
	struct packet packet;
};

struct world {
	struct match *match;
	struct dice *dice;
	uint64_t now;
	struct exchange exchange[EXCHANGES];
	struct event event[EVENTS];
	size_t events;
};

/* ---- the network */

static struct tuple
reverse(const struct tuple *t)
{
	struct tuple r = *t;

	r.src = t->dst;
	r.dst = t->src;
	r.sport = t->dport;
	r.dport = t->sport;
	return r;
}

static uint8_t
direction_of(const struct exchange *x, unsigned from)
{
	if (x->direction == FORWARD)
		return FORWARD;
	return (from == 0) == (x->direction == OUTBOUND) ? OUTBOUND : INBOUND;
}

static void
put_under_way(struct world *w, struct event e, unsigned jitter_ms)
{
	if (w->events == EVENTS)
		return; /* a full wire loses */
	e.due = w->now + 1 + dice_roll(w->dice, 1 + jitter_ms);
	w->exchange[e.exchange].under_way++;
	w->event[w->events++] = e;
}

/* A leg of the way: lost, or doubled, or just late. */
static void
transmit(struct world *w, const struct event *e)
{
	const struct exchange *x = &w->exchange[e->exchange];

	if (!e->forged && dice_chance(w->dice, x->loss))
		return;
	put_under_way(w, *e, x->jitter_ms);
	if (!e->forged && dice_roll(w->dice, 200) == 0)
		put_under_way(w, *e, 500);
}

static void
send_all(
    struct world *w, unsigned exchange, unsigned from, const struct outbox *out)
{
	const struct exchange *x = &w->exchange[exchange];

	for (unsigned i = 0; i < out->count; i++) {
		struct event e = {
			.exchange = exchange,
			.from = from,
			.packet = { .tuple =
					from ? reverse(&x->tuple) : x->tuple,
			    .direction = direction_of(x, from),
			    .tcp = out->segment[i] },
		};
		transmit(w, &e);
	}
}

/* ---- connections */

static struct plan
some_plan(struct dice *d)
{
	static const uint32_t bytes[] = { 0, 1, 500, 5000, 60000, 300000 };
	static const uint32_t buffers[] = { 1000, 4096, 65535, 300000,
		4000000 };
	static const uint32_t segments[] = { 536, 1460, 1460, 8960, 60000 };
	static const uint32_t pauses[] = { 0, 0, 0, 0, 2000, 60000,
		3 * HOUR_MS };
	static const uint8_t scales[] = { TCP_NO_SCALE, 0, 2, 7, 14 };
	struct plan p = {
		.bytes = DICE_PICK(d, bytes),
		.buffer = DICE_PICK(d, buffers),
		.segment = DICE_PICK(d, segments),
		.pause_ms = DICE_PICK(d, pauses),
		.scale = DICE_PICK(d, scales),
		.takes_syn_data = dice_chance(d, 50),
		.sack = dice_chance(d, 60),
		.reads_late = dice_chance(d, 15),
		.aborts = dice_chance(d, 5),
		.keepalive = dice_chance(d, 50),
	};

	/* A window that its scale rounds to nothing would never open. */
	if (p.scale == 14 && p.buffer < 300000)
		p.scale = 2;
	if (p.bytes >= 500 && dice_chance(d, 15))
		p.on_syn = 500;
	return p;
}

static enum course
some_course(struct dice *d)
{
	static const enum course courses[] = { COURSE_BOTH_OPEN,
		COURSE_NOBODY_LISTENS, COURSE_SILENCE, COURSE_OPENER_CRASHES,
		COURSE_BOTH_CRASH, COURSE_BOTH_CRASH_FOR_GOOD };

	return dice_chance(d, 60) ? COURSE_PLAIN : DICE_PICK(d, courses);
}

static void
choose_pair(struct world *w, unsigned number)
{
	struct exchange *x = &w->exchange[number];
	bool v4 = dice_chance(w->dice, 50);
	uint32_t us = dice_between(w->dice, 1, 3);
	struct address ours =
	    v4 ? address_from_v4(0xc0000200 + us)
	       : (struct address){ UINT64_C(0x20010db800010000), us };
	struct address theirs =
	    v4 ? address_from_v4(0xcb007100 + number)
	       : (struct address){ UINT64_C(0x20010db800030000), number };

	x->direction = (uint8_t)dice_roll(w->dice, DIRECTION_COUNT);
	bool from_us = x->direction != INBOUND;
	x->tuple = (struct tuple){
		.src = from_us ? ours : theirs,
		.dst = from_us ? theirs : ours,
		.sport = (uint16_t)dice_between(w->dice, 32768, 60999),
		.dport = 22,
		.family = v4 ? FAMILY_IPV4 : FAMILY_IPV6,
		.protocol = PROTOCOL_TCP,
	};
}

static void
open_now(struct world *w, unsigned number, uint32_t iss)
{
	struct exchange *x = &w->exchange[number];
	struct plan plan = some_plan(w->dice);
	struct outbox out = { .count = 0 };

	if (x->course != COURSE_PLAIN)
		plan.aborts = false;
	if (x->course == COURSE_BOTH_OPEN || x->crashed)
		plan.on_syn = 0; /* 19 knows the SYN's ISN, not its length */
	endpoint_open(&x->end[0], &plan, iss, w->now, &out);
	send_all(w, number, 0, &out);
	x->begun = w->now;
}

static void
begin(struct world *w, unsigned number, bool same_pair)
{
	struct exchange *x = &w->exchange[number];
	struct dice *d = w->dice;
	/* A newer ISN, for the responder may be in time-wait (RFC 6191). */
	uint32_t iss = same_pair
			   ? x->end[0].highest + dice_between(d, 100000, 900000)
			   : dice_u32(d);
	bool waits = same_pair && x->end[1].state == TCP_TIME_WAIT;

	if (!same_pair)
		choose_pair(w, number);
	x->course = waits ? COURSE_PLAIN : some_course(d);
	x->crashed = x->guessed = false;
	x->crash_at = 0;
	x->attacked = dice_chance(d, 40);
	x->loss = dice_chance(d, 50) ? 0 : dice_between(d, 1, 12);
	x->jitter_ms = dice_chance(d, 50) ? 0 : dice_between(d, 1, 300);
	open_now(w, number, iss);
	if (waits)
		return; /* its plan goes on */
	struct plan plan = some_plan(d);
	struct outbox out = { .count = 0 };
	plan.on_syn = 0;
	/* Half closed and silent for hours is over, section 4 says. */
	bool patient = x->end[0].plan.pause_ms >= HOUR_MS;
	if (plan.pause_ms >= HOUR_MS)
		plan.pause_ms = 0;
	plan.closes_last =
	    !x->end[0].plan.aborts && (patient || dice_chance(d, 50));
	plan.aborts = plan.aborts && !patient;
	plan.silent = x->course == COURSE_SILENCE;
	if (x->course != COURSE_PLAIN)
		plan.aborts = false;
	endpoint_listen(&x->end[1], &plan, dice_u32(d));
	if (x->course == COURSE_NOBODY_LISTENS || x->course == COURSE_SILENCE)
		x->end[1].state = TCP_CLOSED;
	if (x->course == COURSE_BOTH_OPEN) {
		endpoint_open(&x->end[1], &plan, dice_u32(d), w->now, &out);
		send_all(w, number, 1, &out);
	}
	if (x->course >= COURSE_OPENER_CRASHES)
		x->crash_at = w->now + dice_roll(d, 3000);
}

/* The opener has lost its memory, or both have, and begins anew. */
static void
crash(struct world *w, unsigned number)
{
	struct exchange *x = &w->exchange[number];
	struct plan plan = x->end[1].plan;

	x->crash_at = 0;
	x->crashed = true;
	if (x->course >= COURSE_BOTH_CRASH || x->end[1].state == TCP_CLOSED)
		endpoint_listen(&x->end[1], &plan, dice_u32(w->dice));
	if (x->course == COURSE_BOTH_CRASH_FOR_GOOD)
		x->end[1].state = TCP_CLOSED;
	open_now(w, number, dice_u32(w->dice));
}

static bool
all_arrived(const struct endpoint *from, const struct endpoint *to)
{
	return to->received == from->iss + 1 + from->plan.bytes + 1;
}

static void
check_arrival(struct world *w, const struct exchange *x)
{
	const struct endpoint *a = &x->end[0], *b = &x->end[1];
	bool refused = x->course == COURSE_NOBODY_LISTENS ||
		       x->course == COURSE_BOTH_CRASH_FOR_GOOD;
	bool hopeless = refused || x->course == COURSE_SILENCE ||
			a->plan.aborts || b->plan.aborts || x->guessed;

	if (!hopeless && !(all_arrived(a, b) && all_arrived(b, a)))
		match_fail(w->match, &x->tuple,
		    "it ended without what it was to carry");
	if (refused && !a->refused && !x->guessed)
		match_fail(w->match, &x->tuple, "its refusal got lost");
}

static bool
at_rest(const struct endpoint *e)
{
	return e->state <= TCP_LISTEN || e->state == TCP_TIME_WAIT;
}

/* Has the connection come to its end?  Then there will be another. */
static void
look_after(struct world *w, unsigned number)
{
	struct exchange *x = &w->exchange[number];
	struct endpoint *b = &x->end[1];

	if (x->again_at) {
		if (w->now < x->again_at)
			return;
		x->again_at = 0;
		begin(w, number, dice_chance(w->dice, 60));
		return;
	}
	if (x->crash_at && w->now >= x->crash_at) {
		crash(w, number);
		return;
	}
	/* What the opener's challenge has reset listens again. */
	if (x->crashed && b->state == TCP_CLOSED && b->reset &&
	    x->end[0].state == TCP_SYN_SENT) {
		struct plan plan = b->plan;
		endpoint_listen(b, &plan, dice_u32(w->dice));
	}
	if (x->course == COURSE_SILENCE && x->end[0].tries > 6)
		x->end[0].state = TCP_CLOSED;
	if (w->now - x->begun > PATIENCE)
		match_fail(w->match, &x->tuple, "it never ends");
	if (!x->crash_at && at_rest(&x->end[0]) && at_rest(b) &&
	    x->under_way == 0) {
		check_arrival(w, x);
		x->again_at =
		    w->now + DRAIN_MS + dice_roll(w->dice, 2) * 10 * DRAIN_MS;
	}
}

/* ---- the firewall */

/* A RST is judged by the newest number that its target has sent.  The SYN of a
 * responder that opens too may come first, and then needs a rule, or while the
 * old connection lives (18). */
static bool
may_be_dropped(const struct exchange *x, const struct event *e, enum reason why)
{
	const struct tcp_facts *t = &e->packet.tcp;

	return e->forged || x->crashed || x->guessed || t->flags & TCP_RST ||
	       (t->flags == TCP_SYN && e->from == 1) ||
	       (x->course == COURSE_BOTH_OPEN && why == NOT_A_START);
}

static void
pass_the_firewall(struct world *w, struct event *batch, size_t count)
{
	struct packet packets[FILTER_BATCH];
	enum reason why[FILTER_BATCH];

	for (size_t i = 0; i < count; i++)
		packets[i] = batch[i].packet;
	match_play(w->match, packets, count, w->now, why);
	for (size_t i = 0; i < count; i++) {
		struct event *e = &batch[i];
		struct exchange *x = &w->exchange[e->exchange];
		if (reason_verdict(why[i]) != VERDICT_ACCEPT) {
			if (!may_be_dropped(x, e, why[i]))
				match_fail(w->match, &x->tuple,
				    "a legal packet was dropped");
			continue;
		}
		if (e->forged &&
		    (why[i] == RULE_ALLOW ||
			(why[i] == ESTABLISHED &&
			    e->packet.tcp.seq == x->end[e->from].highest)))
			x->guessed = true;
		e->leg = true;
		transmit(w, e);
	}
}

/* ---- time */

static void
take_out(struct world *w, size_t i)
{
	w->exchange[w->event[i].exchange].under_way--;
	w->event[i] = w->event[--w->events];
}

static void
deliver(struct world *w, const struct event *e)
{
	struct exchange *x = &w->exchange[e->exchange];
	struct outbox out = { .count = 0 };

	if (e->forged && e->packet.tcp.seq == x->end[!e->from].received)
		x->guessed = true;
	endpoint_receive(&x->end[!e->from], &e->packet.tcp, w->now, &out);
	send_all(w, e->exchange, !e->from, &out);
}

/* Everything that is due now. */
static void
step(struct world *w)
{
	struct event batch[FILTER_BATCH];
	size_t count = 0;

	for (size_t i = w->events; i-- > 0;) {
		struct event e = w->event[i];
		if (e.due > w->now || (!e.leg && count == FILTER_BATCH))
			continue;
		take_out(w, i);
		if (e.leg)
			deliver(w, &e);
		else
			batch[count++] = e;
	}
	if (count > 0)
		pass_the_firewall(w, batch, count);
	for (unsigned i = 0; i < EXCHANGES; i++) {
		struct exchange *x = &w->exchange[i];
		for (unsigned side = 0; side < 2; side++) {
			struct outbox out = { .count = 0 };
			if (endpoint_wakes_at(&x->end[side]) > w->now)
				continue;
			endpoint_wake(&x->end[side], w->now, &out);
			send_all(w, i, side, &out);
		}
		look_after(w, i);
	}
}

static uint64_t
next_time(const struct world *w)
{
	uint64_t next = w->now + HOUR_MS;

	for (size_t i = 0; i < w->events; i++)
		if (w->event[i].due < next)
			next = w->event[i].due;
	for (unsigned i = 0; i < EXCHANGES; i++) {
		const struct exchange *x = &w->exchange[i];
		const uint64_t times[] = { endpoint_wakes_at(&x->end[0]),
			endpoint_wakes_at(&x->end[1]),
			x->crash_at ? x->crash_at : UINT64_MAX,
			x->again_at ? x->again_at : UINT64_MAX };
		for (unsigned k = 0; k < 4; k++)
			if (times[k] < next)
				next = times[k];
	}
	return next > w->now ? next : w->now + 1;
}

/* Now and then somebody forges a packet of one end. */
static void
attack(struct world *w)
{
	unsigned number = dice_roll(w->dice, EXCHANGES);
	struct exchange *x = &w->exchange[number];
	unsigned from = x->direction == FORWARD    ? dice_roll(w->dice, 2)
			: x->direction == OUTBOUND ? 1
						   : 0;
	struct event e = { .exchange = number, .from = from, .forged = true };

	if (!x->attacked || x->again_at ||
	    !attack_forge(
		w->dice, &x->end[from], &x->end[!from], &e.packet.tcp))
		return;
	e.packet.tuple = from ? reverse(&x->tuple) : x->tuple;
	e.packet.direction = direction_of(x, from);
	transmit(w, &e);
}

void
world_play(struct match *m, struct dice *d, uint64_t packets, uint64_t now_ms)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t last = match_packets(m) + packets;

	w->match = m;
	w->dice = d;
	w->now = now_ms;
	match_publish(m, "inbound = ( { port = 22; action = \"allow\"; } );"
			 "outbound = ( { port = \"*\"; action = \"allow\"; } );"
			 "forward = ( { port = 22; action = \"allow\"; } );");
	for (unsigned i = 0; i < EXCHANGES; i++)
		begin(w, i, false);
	while (match_packets(m) < last) {
		w->now = next_time(w);
		step(w);
		if (dice_chance(d, 20))
			attack(w);
		if (dice_roll(d, 2000) == 0)
			match_compare_flows(m);
	}
	free(w);
}
