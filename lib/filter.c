/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data path.  filter_packet() is the firewall on one screen; around it
 * stand the batch, which looks ahead so that memory is there when it is needed,
 * and what the workers share: the table and one pointer to the regime, which
 * is the policy in force with its counters.
 *
 * A batch loads the regime once, so one packet sees one policy.  Judging a
 * packet for real and on trial (explain) is the same code: every change is
 * behind the question whether it is a trial.
 */
#include "filter.h"

#include <urcu-qsbr.h>

#include "filter_shared.h"
#include "fragment.h"
#include "holding.h"
#include "shadow.h"
#include "standing.h"

/* One pass over the table takes this long. */
#define SWEEP_MS 10000
/* At most so many shares a call, under a millisecond: packets wait. */
#define SWEEP_STEP 512

/* What one look at the packets needs; on the stack. */
struct pass {
	struct filter *filter; /* NULL on trial */
	struct conntrack ct, fragments;
	const struct regime *regime;
	const struct policy *policy;
	const struct interfaces *interfaces;
	uint16_t generation; /* of verdicts on flows */
	const struct own *own;
	const struct named_set *banned; /* NULL: nobody is */
	bool trial;
	bool spares; /* what rules refuse is dropped, but its flow stays */
};

/* One stateless table's say; true: go on. */
static bool
acl_allows(const struct pass *pass, enum table_id table,
    const struct packet *packet, struct decision *d)
{
	const struct rules *acl = &pass->policy->tables[table];

	if (!acl->present)
		return true;
	d->rule = rules_match(acl, packet, pass->interfaces);
	if (d->rule && d->rule->action == ACTION_ALLOW)
		return true;
	d->why = d->rule ? ACL_BLOCK : ACL_NO_RULE;
	return false;
}

/* Forwarded packets enter and leave the network behind us: both ways' rules. */
static bool
passes_acl(
    const struct pass *pass, const struct packet *packet, struct decision *d)
{
	return (packet->direction == OUTBOUND ||
		   acl_allows(pass, TABLE_ACL_INBOUND, packet, d)) &&
	       (packet->direction == INBOUND ||
		   acl_allows(pass, TABLE_ACL_OUTBOUND, packet, d));
}

static bool
is_banned(const struct pass *pass, const struct packet *packet)
{
	return pass->banned &&
	       (named_set_has(pass->banned, packet->tuple.src) ||
		   named_set_has(pass->banned, packet->tuple.dst));
}

/* An older policy allowed the flow: it moves to the rule of today that allows
 * it, whatever its limits, or ends.  FALLS: the packet goes with it. */
static enum standing
revalidate(const struct pass *pass, const struct packet *packet,
    struct connection *c, struct decision *d)
{
	struct packet first = conntrack_first_packet(c, packet);
	const struct rule *rule;
	enum standing standing =
	    standing_of(pass->policy, &first, pass->interfaces, &rule);
	if (standing == FALLS) {
		d->why = REVOKED;
		d->rule = rule;
	}
	if (pass->trial || standing == STANDS_BY_OWNER)
		return standing;
	if (standing == STANDS)
		conntrack_revalidate(&pass->ct, c, pass->generation, rule);
	else if (!pass->spares)
		conntrack_kill(&pass->ct, c, END_REVOKED);
	return standing;
}

/* Must today's rules see it before it goes on? */
static bool
outdated(const struct pass *pass, const struct connection *c)
{
	return flow_word_unpack(c->word).generation != pass->generation &&
	       pass->policy->settings.on_reload == ON_RELOAD_REVALIDATE;
}

/* 3. A packet of a connection that is known.  UNDECIDED: there is none, or it
 * has ended and *old is to go if this packet may open a new one. */
static void
judge_known(const struct pass *pass, const struct job *job,
    struct connection *old, struct decision *d)
{
	const struct packet *packet = &job->packet;
	bool error = conntrack_is_error(packet);
	struct tcp_flow after;

	for (;;) {
		struct connection c = conntrack_find(&pass->ct, &job->lookup);
		if (!c.flow)
			return;
		struct outcome o =
		    error ? conntrack_judge_error(&c, packet)
			  : conntrack_judge(&pass->ct, &c, packet, &after);
		/* What asks for a new one does not depend on the old. */
		if (o.effect == EFFECT_REOPEN) {
			*old = c;
			return;
		}
		if (outdated(pass, &c)) {
			enum standing s = revalidate(pass, packet, &c, d);
			if (s >= STANDS_APART)
				return;
			if (s == STANDS && !pass->trial)
				continue;
			/* It does not live on answers; TCP's windows must go
			 * on. */
			if (s == STANDS_BY_OWNER &&
			    packet->tuple.protocol != PROTOCOL_TCP)
				o.effect = EFFECT_NONE;
		}
		if (pass->trial || error ||
		    conntrack_apply(&pass->ct, &c, packet, o, &after)) {
			d->why = o.why;
			return;
		}
	}
}

static bool
opens_flow(
    const struct packet *packet, const struct rule *rule, enum tcp_mode tcp)
{
	return rule->stateful && conntrack_may_open(packet, tcp) &&
	       conntrack_tracks(packet);
}

static struct applicant
applicant_of(const struct packet *packet, const struct rule *rule,
    const struct connection *old, enum tcp_mode tcp)
{
	struct applicant a = {
		.rule = rule,
		.source = packet->tuple.src,
		.opens = opens_flow(packet, rule, tcp),
	};

	if (old->flow) {
		a.replaces = flow_get(&old->flow->rule);
		a.replaces_source = flowkey_tuple(old->flow).src;
	}
	return a;
}

/* The source is to be put into a set: if it is no forger's, for else a forger
 * could ban anybody. */
static void
report_source(const struct pass *pass, const struct rule *rule,
    const struct packet *packet)
{
	struct address source = meter_source(packet->tuple.src);
	struct prefix prefix =
	    prefix_of(source, address_is_v4(source) ? 128 : 64);

	if (holding_is_proven(pass->ct.meters, rule, source))
		filter_set_ask(pass->filter, pass->ct.worker,
		    rule->limits.add.set, &prefix, rule->limits.add.seconds,
		    rule->limits.add.cut);
}

/* The rule allows it: within its limits?  False: not, and what it does then is
 * not to match. */
static bool
admit(const struct pass *pass, const struct packet *packet,
    const struct connection *old, struct decision *d, uint32_t *held)
{
	struct applicant a = applicant_of(packet, d->rule, old, pass->ct.tcp);

	*held = d->rule->identity;
	if (!d->rule->limits.any || !pass->ct.meters)
		return true;
	enum reason why = holding_take(pass->ct.meters, pass->ct.worker, &a,
	    pass->ct.now_us, pass->trial, held);
	if (why != UNDECIDED)
		d->why = why;
	if (why != UNDECIDED && !pass->trial &&
	    d->rule->limits.on_overload == OVERLOAD_ADD)
		report_source(pass, d->rule, packet);
	return why == UNDECIDED || d->rule->limits.on_overload != OVERLOAD_NEXT;
}

/* What a rule that matches, or NULL, makes of the packet.  False: it steps
 * aside for the next one. */
static bool
decide(const struct pass *pass, const struct packet *packet,
    const struct rule *rule, const struct connection *old, struct decision *d,
    uint32_t *held)
{
	bool error = conntrack_is_error(packet);
	/* An error that this host reports itself goes by its outbound rules. */
	bool needs_none =
	    !conntrack_tracks(packet) ||
	    (error && packet->direction == OUTBOUND) ||
	    (rule && rule->action == ACTION_ALLOW && !rule->stateful);

	d->rule = NULL;
	if (!conntrack_may_open(packet, pass->ct.tcp) && !needs_none) {
		d->why = error ? ICMP_UNRELATED : NOT_A_START;
		return true;
	}
	d->rule = rule;
	d->why = !rule                           ? NO_RULE
		 : rule->action == ACTION_ALLOW  ? RULE_ALLOW
		 : rule->action == ACTION_REJECT ? RULE_REJECT
						 : RULE_BLOCK;
	return d->why != RULE_ALLOW || admit(pass, packet, old, d, held);
}

/* 4. A packet of no connection: the first rule that matches decides, if the
 * packet is one that may open a connection or needs none. */
static void
judge_new(const struct pass *pass, const struct packet *packet,
    const struct connection *old, struct decision *d, uint32_t *held)
{
	const struct rules *rules = &pass->policy->tables[packet->direction];
	const struct rule *rule = rules_match(rules, packet, pass->interfaces);

	while (!decide(pass, packet, rule, old, d, held))
		rule = rules_match_after(rules, rule, packet, pass->interfaces);
}

/* 5. Its replies shall pass at step 3. */
static void
remember(const struct pass *pass, const struct job *job,
    const struct connection *old, struct decision *d, uint32_t held)
{
	if (!opens_flow(&job->packet, d->rule, pass->ct.tcp))
		return;
	/* As it asked, so that it gives back the same. */
	struct applicant a =
	    applicant_of(&job->packet, d->rule, old, pass->ct.tcp);
	if (old->flow)
		conntrack_kill(&pass->ct, old, END_REPLACED);
	enum reason why = conntrack_open(
	    &pass->ct, &job->lookup, &job->packet, pass->generation, held);
	if (why != UNDECIDED)
		holding_undo(pass->ct.meters, &a);
	if (why == TABLE_FULL || why == HALF_OPEN_FULL) {
		d->why = why;
		d->rule = NULL;
	}
}

/*
 * The firewall.
 */
static void
filter_packet(
    const struct pass *pass, const struct job *job, struct decision *d)
{
	const struct packet *packet = &job->packet;
	struct connection ended = { 0 };
	uint32_t held = 0; /* of its rule's limits */

	*d = (struct decision){ .why = packet->fault, .packet = packet };
	/* 1. Malformed or forged packets go no further, nor those of the
	      banned; a later fragment, of which no more can be read, goes where
	      its first one went. */
	if (d->why == UNDECIDED && own_is_forged(pass->own, packet))
		d->why = BAD_ADDRESS;
	if (d->why == UNDECIDED && is_banned(pass, packet))
		d->why = BANNED;
	if (d->why == UNDECIDED && packet->is_fragment)
		d->why = fragment_judge(&pass->fragments, packet, pass->trial);
	if (d->why != UNDECIDED)
		return;
	/* What the host cannot live without. */
	if (packet->is_essential) {
		d->why = ESSENTIAL;
		return;
	}
	/* 2. The network ACL sees every other packet and remembers none. */
	if (!passes_acl(pass, packet, d))
		return;
	if (!pass->regime->judges_connections) {
		d->why = ACL_ALLOW;
		return;
	}
	d->rule = NULL;
	/* 3. Part of a known connection? */
	if (pass->ct.table)
		judge_known(pass, job, &ended, d);
	/* 4. If not: what do the rules say of a new one? */
	if (d->why == UNDECIDED) {
		judge_new(pass, packet, &ended, d, &held);
		/* 5. Allowed: remember it. */
		if (d->why == RULE_ALLOW && !pass->trial)
			remember(pass, job, &ended, d, held);
	}
}

/* Whichever of its tuples its connection is filed under. */
static void
look_up(const struct table *table, struct job *job)
{
	const struct packet *packet = &job->packet;

	flowkey_lookup(table,
	    conntrack_is_error(packet) ? &packet->icmp.quoted : &packet->tuple,
	    &job->lookup);
}

static struct pass
pass_of(struct filter *filter, const struct regime *regime, unsigned worker,
    uint64_t now_ms)
{
	struct pass pass = {
		.filter = filter,
		.ct = conntrack_of(filter, regime, worker, now_ms),
		.regime = regime,
		.policy = regime->policy,
		.interfaces = filter->interfaces,
		.generation = (uint16_t)published_read(&regime->generation),
		.own = own_now(filter),
		.banned = banned_by(regime->policy),
		.spares = published_read(&regime->spares),
	};
	pass.fragments = pass.ct;
	pass.fragments.table = filter->fragments;
	pass.fragments.events = NULL;
	pass.fragments.meters = filter->fragment_meters;
	return pass;
}

static void
account(struct filter *filter, unsigned worker, const struct regime *regime,
    const struct decision *d, uint64_t now_ms)
{
	counter_add(
	    &filter->workers[worker].count[d->packet->direction][d->why], 1);
	if (d->rule)
		regime_count(
		    regime, worker, d->rule, d->packet->length, now_ms);
}

void
filter_batch(struct filter *filter, unsigned worker, const struct frame *frames,
    struct decision *decisions, size_t count, uint64_t now_ms)
{
	struct permits *permits = &filter->workers[worker].permits;
	permits->epoch = permit_epoch(filter);
	const struct regime *regime = regime_in_force(filter);
	struct pass pass = pass_of(filter, regime, worker, now_ms);
	struct job *jobs = filter->workers[worker].jobs;

	for (size_t i = 0; i < count; i++) {
		if (packet_parse(&frames[i], &jobs[i].packet) != UNDECIDED)
			continue;
		look_up(filter->table, &jobs[i]);
		table_prefetch_buckets(filter->table, jobs[i].lookup.hash);
	}
	for (size_t i = 0; i < count; i++)
		if (jobs[i].packet.fault == UNDECIDED)
			jobs[i].lookup.hint = table_prefetch_flow(
			    filter->table, jobs[i].lookup.hash);
	for (size_t i = 0; i < count; i++) {
		struct decision *d = &decisions[i];
		filter_packet(&pass, &jobs[i], d);
		if (jobs[i].packet.is_fragment &&
		    !jobs[i].packet.is_later_fragment &&
		    reason_verdict(d->why) == VERDICT_ACCEPT)
			fragment_accept(&pass.fragments, &jobs[i].packet);
		account(filter, worker, regime, d, now_ms);
		if (permits->epoch && d->why == ESTABLISHED)
			permit_ask(
			    permits, regime, pass.interfaces, &jobs[i].lookup);
		if (regime->policy->shadow)
			shadow_ask(regime, worker, pass.interfaces, d, now_ms);
	}
}

/* True: more is due. */
static bool
sweep(const struct conntrack *ct, uint16_t generation, uint64_t now_ms)
{
	uint64_t shares =
	    (table_slots(ct->table) + TABLE_SHARE - 1) / TABLE_SHARE;
	uint64_t due = now_ms * shares / SWEEP_MS;
	uint32_t first;
	unsigned left = SWEEP_STEP;

	for (; left > 0 && table_next_share(ct->table, due, &first); left--)
		conntrack_sweep(ct, first, generation);
	meters_sweep(ct->meters, ct->worker, ct->now_us);
	table_hand_over(ct->table, ct->worker);
	meters_hand_over(ct->meters, ct->worker);
	return left == 0;
}

bool
filter_sweep(struct filter *filter, unsigned worker, uint64_t now_ms)
{
	const struct regime *regime = regime_in_force(filter);
	struct pass pass = pass_of(filter, regime, worker, now_ms);

	if (filter->workers[worker].swept_tick == pass.ct.timing.tick)
		return false;
	bool more = sweep(&pass.ct, pass.generation, now_ms);
	more |= sweep(&pass.fragments, pass.generation, now_ms);
	if (!more)
		filter->workers[worker].swept_tick = pass.ct.timing.tick;
	return more;
}

struct trial
filter_try(const struct filter *filter, const struct policy *policy,
    const struct interfaces *interfaces, const struct packet *packet,
    uint64_t now_ms)
{
	static const struct filter none;
	const struct filter *where = filter ? filter : &none;
	struct regime regime = {
		.judges_connections = regime_judges_connections(policy),
	};
	bool in_force = filter && filter_policy(filter) == policy;
	struct job job = { .packet = *packet };
	struct pass pass = {
		.ct = { .table = where->table,
		    .meters = where->meters,
		    .timing = timing_of(where, policy, now_ms),
		    .now_us = now_ms * 1000,
		    .tcp = policy->settings.conntrack.tcp },
		.regime = &regime,
		.policy = policy,
		.interfaces = interfaces,
		/* Of another policy no flow has been judged yet. */
		.generation = filter_generation(where->generations + !in_force),
		.own = own_now(where),
		.banned = banned_by(policy),
		.trial = true,
	};
	pass.fragments = pass.ct;
	pass.fragments.table = where->fragments;
	pass.fragments.meters = where->fragment_meters;
	struct trial trial = { .why = UNDECIDED };
	if (filter)
		urcu_qsbr_thread_online();
	if (filter && !packet->fault) {
		look_up(where->table, &job);
		struct connection c = conntrack_find(&pass.ct, &job.lookup);
		trial.has_flow = c.flow && conntrack_view(&pass.ct.timing,
					       c.flow, now_ms, &trial.flow);
	}
	struct decision d;
	filter_packet(&pass, &job, &d);
	if (filter)
		urcu_qsbr_thread_offline();
	trial.why = d.why;
	trial.rule = d.rule;
	return trial;
}

const char *
filter_limit_reached(const struct filter *filter, const struct rule *rule,
    const struct packet *packet, uint64_t now_ms)
{
	static const struct connection none;
	uint32_t held;

	if (!filter || !rule->limits.any)
		return NULL;
	struct applicant a = applicant_of(
	    packet, rule, &none, filter_policy(filter)->settings.conntrack.tcp);
	urcu_qsbr_thread_online();
	enum reason why = holding_take(filter->meters, filter->worker_count, &a,
	    now_ms * 1000, true, &held);
	urcu_qsbr_thread_offline();
	return holding_key(why, rule);
}
