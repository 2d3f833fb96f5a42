/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One worker, who is the keeper as well.  In a tight table the firewall may
 * choose whom to evict, within the rules of the contract (45): the naive engine
 * follows the choice, after it has looked whether it was a lawful one.
 */
#include "match.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "wire.h"

#define HISTORY        8192
#define TOLD           40 /* rows of history in a report */
#define TICK           100
#define WHOLE_SWEEP_MS 11000

struct event {
	uint64_t number, now_ms;
	struct packet packet;
	enum reason firewall, naive;
	bool reload; /* just before it */
};

struct match {
	struct interfaces *interfaces;
	struct filter *filter;
	struct naive *naive;
	uint64_t seed, packets, now_ms;
	uint64_t reasons[REASON_COUNT];
	bool reloaded, tight;
	const struct front *front;
	struct event history[HISTORY];
};

struct match *
match_create(uint32_t max_flows, bool tight, uint64_t seed, uint64_t now_ms,
    const struct front *front)
{
	struct match *m = calloc(1, sizeof(*m));
	struct filter_options options = {
		.max_flows = max_flows,
		.workers = 1,
		.hash_key = { (uint8_t)seed, 2, 3 },
		.interfaces = interfaces_create(),
	};

	m->interfaces = options.interfaces;
	m->front = front;
	if (front) {
		options.memory = front->memory;
		options.fast_path = front->fast_path;
	}
	m->filter = filter_create(&options);
	if (front)
		front->start(front->context, m->filter);
	m->naive = naive_create(max_flows, m->interfaces);
	m->seed = seed;
	m->tight = tight;
	m->now_ms = now_ms;
	filter_enter(m->filter, 0);
	return m;
}

void
match_destroy(struct match *m)
{
	filter_leave(m->filter, 0);
	filter_destroy(m->filter);
	naive_destroy(m->naive);
	interfaces_destroy(m->interfaces);
	free(m);
}

static void
sweep(struct match *m, uint64_t now_ms)
{
	bool pause = now_ms - m->now_ms >= 1000;

	filter_sweep(m->filter, 0, now_ms);
	filter_quiescent(m->filter, 0);
	if (pause || m->packets % 64 == 0)
		filter_reclaim(m->filter);
	m->now_ms = now_ms;
}

/* What has expired under the old timeouts is swept first, or the new ones might
 * bring it back. */
uint64_t
match_publish(struct match *m, const char *config)
{
	struct conf_text text = { "match.conf", config, strlen(config) };
	struct diagnostics diagnostics = { 0 };
	struct policy *old = NULL;
	struct policy *policy = conf_load(&text, 1, &diagnostics);

	if (m->naive->policy) {
		sweep(m, m->now_ms + WHOLE_SWEEP_MS);
		naive_expire(m->naive, m->now_ms);
	}
	if (!policy || !filter_publish(m->filter, policy, &old)) {
		fprintf(stderr, "match: %s\n",
		    diagnostics.count ? diagnostics.line[0] : "no memory");
		exit(EXIT_FAILURE);
	}
	diagnostics_clear(&diagnostics);
	if (m->front)
		m->front->follow(m->front->context, policy);
	naive_publish(m->naive, policy);
	policy_destroy(old);
	m->reloaded = true;
	return m->now_ms;
}

static bool
same_pair(const struct tuple *a, const struct tuple *b)
{
	bool forth = address_equal(a->src, b->src) &&
		     address_equal(a->dst, b->dst) && a->sport == b->sport &&
		     a->dport == b->dport;
	bool back = address_equal(a->src, b->dst) &&
		    address_equal(a->dst, b->src) && a->sport == b->dport &&
		    a->dport == b->sport;

	return a->protocol == b->protocol && (forth || back);
}

static bool
is_icmp(const struct packet *p)
{
	return p->tuple.protocol == PROTOCOL_ICMP ||
	       p->tuple.protocol == PROTOCOL_ICMPV6;
}

/* The connection that a packet belongs to, or that it reports an error of. */
static const struct tuple *
about(const struct packet *p)
{
	return is_icmp(p) && p->icmp.quotes ? &p->icmp.quoted : &p->tuple;
}

/* What is told of a flow: its packets and the errors about them. */
static bool
concerns(const struct event *e, const struct tuple *t)
{
	return same_pair(about(&e->packet), t);
}

static void
tell(const struct event *e)
{
	printf(
	    "%8" PRIu64 " %13.3f s  ", e->number, (double)e->now_ms / 1000.0);
	if (e->reload)
		fputs("(reload) ", stdout);
	wire_print(stdout, &e->packet);
	printf(" = %s", reason_name(e->firewall));
	if (e->firewall != e->naive)
		printf(", naive: %s", reason_name(e->naive));
	putchar('\n');
}

void
match_fail(struct match *m, const struct tuple *t, const char *claim)
{
	uint64_t oldest = m->packets > HISTORY ? m->packets - HISTORY : 0;
	uint64_t from = m->packets;
	unsigned found = 0;

	printf("seed %" PRIu64 ", packet %" PRIu64 ": %s\n", m->seed,
	    m->packets, claim);
	while (from > oldest && found < TOLD)
		found += concerns(&m->history[--from % HISTORY], t);
	for (; from < m->packets; from++)
		if (concerns(&m->history[from % HISTORY], t))
			tell(&m->history[from % HISTORY]);
	unsigned side;
	const struct naive_flow *f = naive_find(m->naive, t, &side);
	if (f) {
		printf("naive: %s\n", naive_state_name(f->state));
		for (side = 0; side < 2; side++)
			printf("  %s: isn %u end %u edge %u una %u window %u "
			       "scale %u\n",
			    side ? "responder" : "opener", f->side[side].isn,
			    f->side[side].end, f->side[side].edge,
			    f->side[side].una, f->side[side].window,
			    f->side[side].scale);
	}
	fflush(stdout);
	abort();
}

/* ---- flow by flow */

static struct naive_flow *
naive_flow_of(struct match *m, const struct flow_view *v)
{
	unsigned side;
	struct naive_flow *f = naive_find(m->naive, &v->tuple, &side);

	return f && side == 0 ? f : NULL;
}

static void
compare_flow(struct match *m, const struct flow_view *v)
{
	const struct naive_flow *f = naive_flow_of(m, v);

	if (!f)
		match_fail(m, &v->tuple, "a flow that the naive one has not");
	if (strcmp(v->state, naive_state_name(f->state)) != 0) {
		printf("%s:\n", v->state);
		match_fail(m, &v->tuple, "its state differs");
	}
	if (f->direction != v->direction)
		match_fail(m, &v->tuple, "its direction differs");
	if (f->packets[0] != v->packets[0] || f->packets[1] != v->packets[1])
		match_fail(m, &v->tuple, "its packet counts differ");
	uint64_t left = (uint64_t)naive_timeout(m->naive, f) * 1000 -
			(m->now_ms / TICK - f->seen) * TICK;
	if (!m->tight &&
	    (v->expires_ms + TICK < left || v->expires_ms > left + TICK)) {
		printf("%" PRIu64 " ms left, naive: %" PRIu64 "\n",
		    v->expires_ms, left);
		match_fail(m, &v->tuple, "its time left differs");
	}
}

void
match_compare_flows(struct match *m)
{
	struct flow_view v;
	uint32_t cursor = 0;
	size_t count = 0;

	naive_expire(m->naive, m->now_ms);
	while (filter_next_flow(m->filter, &cursor, m->now_ms, &v)) {
		compare_flow(m, &v);
		count++;
	}
	filter_online();
	if (count != m->naive->count) {
		printf("%zu flows, naive: %zu\n", count, m->naive->count);
		match_fail(m, &m->naive->flow[0].tuple, "flows are missing");
	}
}

/* ---- a full table */

/* 45: closed or time-wait, else not assured; never a living assured one. */
static bool
may_be_evicted(const struct naive_flow *f)
{
	return f->state == NAIVE_CLOSED || f->state == NAIVE_TIME_WAIT ||
	       f->state < NAIVE_ESTABLISHED || f->state == NAIVE_ONE_WAY;
}

/* What the firewall has no more, the naive engine forgets as well. */
static void
follow_evictions(struct match *m)
{
	bool *alive = calloc(m->naive->count + 1, sizeof(*alive));
	struct flow_view v;
	uint32_t cursor = 0;

	while (filter_next_flow(m->filter, &cursor, m->now_ms, &v)) {
		struct naive_flow *f = naive_flow_of(m, &v);
		if (f)
			alive[f - m->naive->flow] = true;
	}
	filter_online();
	for (size_t i = m->naive->count; i-- > 0;) {
		struct naive_flow *f = &m->naive->flow[i];
		if (alive[i])
			continue;
		if (!may_be_evicted(f))
			match_fail(m, &f->tuple, "evicted, but assured");
		naive_remove(m->naive, f);
	}
	free(alive);
	if (filter_flow_count(m->filter) > filter_flow_limit(m->filter))
		match_fail(m, &m->naive->flow[0].tuple, "too many flows");
}

static bool
is_full(struct match *m, enum reason why, const struct tuple *t)
{
	size_t half_open = 0;

	if (why == TABLE_FULL)
		return filter_flow_count(m->filter) ==
		       filter_flow_limit(m->filter);
	for (size_t i = 0; i < m->naive->count; i++)
		half_open += m->naive->flow[i].tuple.protocol == t->protocol &&
			     m->naive->flow[i].state < NAIVE_ESTABLISHED;
	return half_open >= filter_flow_limit(m->filter) / 4;
}

/* The naive engine has allowed what there is no room for. */
static enum reason
undo_opening(struct match *m, const struct packet *p, enum reason full)
{
	unsigned side;
	struct naive_flow *f = naive_find(m->naive, &p->tuple, &side);

	if (!f || !is_full(m, full, &p->tuple))
		return RULE_ALLOW;
	naive_remove(m->naive, f);
	return full;
}

/* ---- packets */

static void
compare_reason(struct match *m, const struct packet *p, enum reason firewall)
{
	struct event *e = &m->history[m->packets++ % HISTORY];
	bool refused = firewall == TABLE_FULL || firewall == HALF_OPEN_FULL;

	*e = (struct event){ m->packets, m->now_ms, *p, firewall, UNDECIDED,
		m->reloaded };
	m->reloaded = false;
	if (m->tight)
		follow_evictions(m);
	e->naive = naive_judge(m->naive, p, m->now_ms);
	if (m->tight && refused && e->naive == RULE_ALLOW)
		e->naive = undo_opening(m, p, firewall);
	m->reasons[firewall]++;
	if (e->naive != e->firewall)
		match_fail(m, about(p), "the two differ");
}

/* One by one, as the kernel meets them: a batch is judged before the next
 * packet comes. */
static void
play_behind_front(struct match *m, const struct frame *frames, size_t count,
    struct decision *decisions)
{
	for (size_t i = 0; i < count; i++) {
		if (m->front->passes(
			m->front->context, &frames[i], m->now_ms)) {
			decisions[i].why = ESTABLISHED;
			continue;
		}
		filter_batch(
		    m->filter, 0, &frames[i], &decisions[i], 1, m->now_ms);
		filter_permit(m->filter, 0);
	}
}

void
match_play(struct match *m, const struct packet *packets, size_t count,
    uint64_t now_ms, enum reason *reasons)
{
	static uint8_t bytes[FILTER_BATCH][WIRE_SIZE];
	struct frame frames[FILTER_BATCH];
	struct decision decisions[FILTER_BATCH];
	struct packet parsed;

	sweep(m, now_ms);
	for (size_t i = 0; i < count; i++)
		frames[i] = wire_build(&packets[i], bytes[i]);
	if (m->front)
		play_behind_front(m, frames, count, decisions);
	else
		filter_batch(m->filter, 0, frames, decisions, count, now_ms);
	for (size_t i = 0; i < count; i++) {
		packet_parse(&frames[i], &parsed);
		compare_reason(m, &parsed, decisions[i].why);
		reasons[i] = decisions[i].why;
	}
}

struct naive *
match_naive(struct match *m)
{
	return m->naive;
}

const struct filter *
match_filter(const struct match *m)
{
	return m->filter;
}

uint64_t
match_packets(const struct match *m)
{
	return m->packets;
}

const uint64_t *
match_reasons(const struct match *m)
{
	return m->reasons;
}
