/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data path of the contract, in its order: acl, essentials, known
 * connection (again judged by the rules after a reload), related error, new
 * connection.  One packet at a time, one thread.
 */
#include "naive.h"

#include <stdlib.h>
#include <string.h>

#define TICK 100 /* ms: times are compared in tenths of a second */

struct naive *
naive_create(size_t max_flows, const struct interfaces *interfaces)
{
	struct naive *n = calloc(1, sizeof(*n));

	n->room = max_flows;
	n->flow = calloc(n->room, sizeof(*n->flow));
	n->max_flows = max_flows;
	n->interfaces = interfaces;
	return n;
}

void
naive_destroy(struct naive *n)
{
	free(n->flow);
	free(n);
}

void
naive_publish(struct naive *n, const struct policy *policy)
{
	n->policy = policy;
}

const char *
naive_state_name(enum naive_state state)
{
	static const char *const names[] = { "syn-sent", "syn-sent2",
		"syn-received", "established", "fin-wait", "close-wait",
		"last-ack", "time-wait", "closed", "one-way", "both-ways" };

	return names[state];
}

/* Section 4. */
uint32_t
naive_timeout(const struct naive *n, const struct naive_flow *f)
{
	const struct timeouts *t = &n->policy->settings.conntrack.timeouts;
	const uint32_t tcp[] = { t->syn_sent, t->syn_sent, t->syn_received,
		t->established, t->fin_wait, t->close_wait, t->last_ack,
		t->time_wait, t->closed };
	bool both = f->state == NAIVE_BOTH_WAYS;

	switch (f->tuple.protocol) {
	case PROTOCOL_TCP:
		return tcp[f->state];
	case PROTOCOL_UDP:
	case PROTOCOL_UDPLITE:
		return both ? t->udp_both : t->udp_one_way;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return t->icmp;
	case PROTOCOL_SCTP:
		return both ? t->sctp_established : t->sctp_other;
	case PROTOCOL_DCCP:
		return both ? t->dccp_established : t->dccp_other;
	default:
		return t->other;
	}
}

/* ---- the list of flows */

void
naive_remove(struct naive *n, struct naive_flow *f)
{
	*f = n->flow[--n->count];
}

void
naive_expire(struct naive *n, uint64_t now_ms)
{
	n->tick = now_ms / TICK;
	for (size_t i = 0; i < n->count;) {
		struct naive_flow *f = &n->flow[i];
		if (n->tick - f->seen >=
		    (uint64_t)naive_timeout(n, f) * 1000 / TICK)
			naive_remove(n, f);
		else
			i++;
	}
}

/* Whether an ICMP identifier is that of a request or of an answer. */
static uint8_t
answer_of(uint8_t kind)
{
	switch (kind) {
	case KIND_ECHO:
		return KIND_ECHO_REPLY;
	case KIND_ECHO_REPLY:
		return KIND_ECHO;
	case KIND_TIMESTAMP:
		return KIND_TIMESTAMP_REPLY;
	case KIND_TIMESTAMP_REPLY:
		return KIND_TIMESTAMP;
	default:
		return kind;
	}
}

/* 29: compared in full. */
static bool
same(const struct tuple *a, const struct tuple *b)
{
	return a->family == b->family && a->protocol == b->protocol &&
	       a->kind == b->kind && address_equal(a->src, b->src) &&
	       address_equal(a->dst, b->dst) && a->sport == b->sport &&
	       a->dport == b->dport;
}

struct naive_flow *
naive_find(struct naive *n, const struct tuple *t, unsigned *side)
{
	/* 27, 30: the answer is the exact reverse. */
	struct tuple reverse = { t->dst, t->src, t->dport, t->sport, t->family,
		t->protocol, answer_of(t->kind) };

	for (size_t i = 0; i < n->count; i++) {
		struct naive_flow *f = &n->flow[i];
		if (same(t, &f->tuple)) {
			*side = 0;
			return f;
		}
		if (same(&reverse, &f->tuple)) {
			*side = 1;
			return f;
		}
	}
	return NULL;
}

/* ---- rules */

/* The rule that decides, and what it says. */
static enum reason
by_rules(const struct naive *n, const struct packet *p, enum table_id table,
    const struct rule **rule)
{
	bool acl = table >= TABLE_ACL_INBOUND;
	const struct rules *rules = &n->policy->tables[table];

	*rule = NULL;
	for (size_t i = 0; i < rules->count; i++) {
		if (rule_mismatch(&rules->rule[i], p, n->interfaces))
			continue;
		*rule = &rules->rule[i];
		switch ((*rule)->action) {
		case ACTION_ALLOW:
			return acl ? ACL_ALLOW : RULE_ALLOW;
		case ACTION_BLOCK:
			return acl ? ACL_BLOCK : RULE_BLOCK;
		case ACTION_REJECT:
			return RULE_REJECT;
		}
	}
	return acl ? ACL_NO_RULE : NO_RULE;
}

/* The network ACL: UNDECIDED if it has nothing against the packet. */
static enum reason
by_acl(const struct naive *n, const struct packet *p)
{
	const struct rule *rule;
	bool written = n->policy->tables[TABLE_ACL_INBOUND].present ||
		       n->policy->tables[TABLE_ACL_OUTBOUND].present;
	enum reason why = ACL_ALLOW;

	if (!written)
		return UNDECIDED;
	/* A forwarded packet goes in and out. */
	if (p->direction != OUTBOUND)
		why = by_rules(n, p, TABLE_ACL_INBOUND, &rule);
	if (why == ACL_ALLOW && p->direction != INBOUND)
		why = by_rules(n, p, TABLE_ACL_OUTBOUND, &rule);
	return why == ACL_ALLOW ? UNDECIDED : why;
}

static bool
has_tables(const struct naive *n)
{
	return n->policy->tables[TABLE_INBOUND].present ||
	       n->policy->tables[TABLE_OUTBOUND].present ||
	       n->policy->tables[TABLE_FORWARD].present;
}

/* ---- known connections */

static uint8_t
opposite(uint8_t direction)
{
	return direction == FORWARD   ? FORWARD
	       : direction == INBOUND ? OUTBOUND
				      : INBOUND;
}

enum standing { STANDS, REVOKED_BY_RULES, NOW_STATELESS };

/* After a reload: do the rules still allow the packet that opened it? */
static enum standing
standing_of(struct naive *n, struct naive_flow *f)
{
	const struct rule *rule;
	struct packet first = {
		.tuple = f->tuple,
		.direction = f->direction,
		.in_interface = f->in_interface,
		.out_interface = f->out_interface,
	};
	bool v6 = f->tuple.family == FAMILY_IPV6;

	if (n->policy->settings.on_reload == ON_RELOAD_KEEP ||
	    f->generation == n->policy->generation)
		return STANDS;
	if (f->tuple.kind == KIND_ECHO)
		first.icmp.type = v6 ? 128 : 8;
	else if (f->tuple.kind == KIND_TIMESTAMP)
		first.icmp.type = 13;
	if (by_rules(n, &first, f->direction, &rule) != RULE_ALLOW)
		return REVOKED_BY_RULES;
	if (!rule->stateful)
		return NOW_STATELESS;
	f->generation = n->policy->generation;
	return STANDS;
}

static uint8_t
deciding_flags(const struct packet *p)
{
	return p->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN);
}

/* 1, 30, 34: which packet opens. */
static bool
may_open(const struct naive *n, const struct packet *p)
{
	switch (p->tuple.protocol) {
	case PROTOCOL_TCP:
		return deciding_flags(p) == TCP_SYN ||
		       (n->policy->settings.conntrack.tcp == TCP_LOOSE &&
			   deciding_flags(p) == TCP_ACK);
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return p->icmp.is_query;
	case PROTOCOL_SCTP:
	case PROTOCOL_DCCP:
		return p->opens_sctp_dccp;
	default:
		return true;
	}
}

static bool
is_icmp(const struct packet *p)
{
	return p->tuple.protocol == PROTOCOL_ICMP ||
	       p->tuple.protocol == PROTOCOL_ICMPV6;
}

static void
begin(struct naive *n, struct naive_flow *f, const struct packet *p)
{
	*f = (struct naive_flow){
		.tuple = p->tuple,
		.direction = p->direction,
		.in_interface = p->in_interface,
		.out_interface = p->out_interface,
		.generation = n->policy->generation,
		.seen = n->tick,
		.state = NAIVE_ONE_WAY,
	};
	if (p->tuple.protocol == PROTOCOL_TCP && deciding_flags(p) == TCP_SYN)
		naive_tcp_open(f, &p->tcp);
	else if (p->tuple.protocol == PROTOCOL_TCP)
		naive_tcp_pick_up(f, &p->tcp);
	f->packets[0] = 1;
}

/* Of no connection: the rules decide, and only an opening packet, or one that
 * no connection is made of, profits of them. */
static enum reason
judge_new(struct naive *n, const struct packet *p, struct naive_flow *old)
{
	const struct rule *rule;
	enum reason why = by_rules(n, p, (enum table_id)p->direction, &rule);
	bool untracked = is_icmp(p) && !p->icmp.is_query && !p->icmp.is_answer;

	if (why == RULE_ALLOW && (!rule->stateful || untracked))
		return RULE_ALLOW;
	if (!untracked && !may_open(n, p))
		return NOT_A_START;
	if (why != RULE_ALLOW)
		return why;
	if (!old) {
		if (n->count == n->max_flows)
			return TABLE_FULL;
		old = &n->flow[n->count++];
	}
	begin(n, old, p);
	return RULE_ALLOW;
}

static enum reason
judge_known(struct naive *n, struct naive_flow *f, const struct packet *p,
    unsigned side)
{
	uint8_t expected = side == 0 ? f->direction : opposite(f->direction);

	if (p->direction != expected)
		return WRONG_DIRECTION;
	enum reason why = ESTABLISHED;
	if (p->tuple.protocol == PROTOCOL_TCP) {
		why = naive_tcp_judge(f, p, side, n->tick);
		if (why == BAD_WINDOW && !(p->tcp.flags & TCP_RST) &&
		    n->policy->settings.conntrack.tcp != TCP_STRICT)
			why = PASSED;
	} else {
		f->seen = n->tick;
		if (side == 1)
			f->state = NAIVE_BOTH_WAYS;
	}
	if (reason_verdict(why) == VERDICT_ACCEPT)
		f->packets[side]++;
	return why;
}

/* 31: is the error about a living connection? */
static bool
is_related(const struct naive_flow *f, unsigned side, const struct packet *p)
{
	uint8_t quoted = side == 0 ? f->direction : opposite(f->direction);
	const struct naive_side *s = &f->side[side];

	if (p->direction != opposite(quoted))
		return false;
	if (f->tuple.protocol != PROTOCOL_TCP || f->unseen)
		return true;
	return (int32_t)(p->icmp.quoted_seq - s->una) >= 0 &&
	       (int32_t)(s->end - p->icmp.quoted_seq) >= 0;
}

static enum reason
judge_error(struct naive *n, struct naive_flow *f, unsigned side,
    const struct packet *p)
{
	const struct rule *rule;

	if (f)
		return is_related(f, side, p) ? RELATED : ICMP_UNRELATED;
	enum reason why = by_rules(n, p, (enum table_id)p->direction, &rule);
	if (p->direction == OUTBOUND) /* 33: about what is no connection */
		return why;
	return why == RULE_ALLOW && !rule->stateful ? why : ICMP_UNRELATED;
}

static bool
asks_anew(const struct naive_flow *f, const struct packet *p, unsigned side)
{
	return p->tuple.protocol == PROTOCOL_TCP &&
	       naive_tcp_asks_anew(f, &p->tcp) &&
	       p->direction ==
		   (side == 0 ? f->direction : opposite(f->direction));
}

/* 3 and 4 of the data path. */
static enum reason
judge_connection(struct naive *n, const struct packet *p)
{
	bool error = is_icmp(p) && p->icmp.is_error;
	struct naive_flow *f = NULL;
	unsigned side = 0;

	if (!error)
		f = naive_find(n, &p->tuple, &side);
	else if (p->icmp.quotes)
		f = naive_find(n, &p->icmp.quoted, &side);
	if (f && !error && asks_anew(f, p, side))
		return judge_new(n, p, f); /* 24 */
	enum standing standing = f ? standing_of(n, f) : STANDS;
	if (standing != STANDS)
		naive_remove(n, f);
	if (standing == REVOKED_BY_RULES)
		return REVOKED;
	if (standing == NOW_STATELESS)
		f = NULL;
	if (error)
		return judge_error(n, f, side, p);
	return f ? judge_known(n, f, p, side) : judge_new(n, p, NULL);
}

enum reason
naive_judge(struct naive *n, const struct packet *p, uint64_t now_ms)
{
	naive_expire(n, now_ms);
	if (p->fault)
		return p->fault;
	if (p->is_essential)
		return ESSENTIAL; /* 43 */
	enum reason why = by_acl(n, p);
	if (why)
		return why;
	return has_tables(n) ? judge_connection(n, p) : ACL_ALLOW;
}
