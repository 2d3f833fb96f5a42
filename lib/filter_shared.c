/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter around its data path: birth and end, policies coming into force,
 * and what people ask of it.  The keeper's side; nothing here is on the packet
 * path.
 *
 * A regime (policy and counters) is swapped by filter_publish(); the old one
 * goes after a grace period of QSBR, when no worker uses it any more.
 */
#include "filter_shared.h"

#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "flow_event.h"

/* Datagrams in fragments at a time: a share of max_flows, but some at least. */
#define FRAGMENTS_PER_FLOW 16
#define FRAGMENTS_LEAST    64

#define EVENTS_WAITING 4096 /* of a worker, at most */

/* Of each worker, and of the keeper.  False: out of memory. */
static bool
create_events(struct filter *filter)
{
	for (unsigned i = 0; i <= filter->worker_count; i++) {
		filter->workers[i].events =
		    ring_create(sizeof(struct flow_event), EVENTS_WAITING);
		if (!filter->workers[i].events)
			return false;
	}
	return true;
}

struct filter *
filter_create(const struct filter_options *options)
{
	struct filter *filter = aligned_alloc(64, sizeof(*filter));

	if (!filter)
		return NULL;
	memset(filter, 0, sizeof(*filter));
	filter->interfaces = options->interfaces;
	filter->fast_path = options->fast_path;
	memcpy(filter->hash_key, options->hash_key, sizeof(filter->hash_key));
	filter->worker_count = options->workers;
	/* And the keeper's. */
	size_t size = (options->workers + 1) * sizeof(struct worker);
	filter->workers = aligned_alloc(64, size);
	if (filter->workers)
		memset(filter->workers, 0, size);
	filter->table = table_create(options->memory, options->max_flows,
	    options->workers, options->hash_key);
	filter->fragments = table_create(NULL,
	    options->max_flows / FRAGMENTS_PER_FLOW + FRAGMENTS_LEAST,
	    options->workers, options->hash_key);
	filter->meters = meters_create(
	    options->max_flows, options->workers, options->hash_key);
	filter->fragment_meters = meters_create(
	    options->max_flows, options->workers, options->hash_key);
	filter->pressure.max_flows = options->max_flows;
	filter->cuts = set_create(options->hash_key);
	if (!filter->workers || !create_events(filter) || !filter->table ||
	    !filter->meters || !filter->fragments || !filter->fragment_meters ||
	    !filter->cuts) {
		filter_destroy(filter);
		return NULL;
	}
	if (filter->fast_path)
		table_wait_for(filter->table, filter->fast_path->wait,
		    filter->fast_path->context);
	return filter;
}

void
filter_destroy(struct filter *filter)
{
	if (!filter)
		return;
	struct regime *regime = regime_in_force(filter);

	if (regime)
		policy_destroy(regime->policy);
	regime_destroy(regime);
	filter_sets_destroy(filter);
	table_destroy(filter->table);
	table_destroy(filter->fragments);
	meters_destroy(filter->meters);
	meters_destroy(filter->fragment_meters);
	own_destroy(own_now(filter));
	for (unsigned i = 0; filter->workers && i <= filter->worker_count; i++)
		ring_destroy(filter->workers[i].events);
	free(filter->workers);
	free(filter);
}

const struct table *
filter_table(const struct filter *filter)
{
	return filter->table;
}

void
filter_wait(const struct filter *filter)
{
	urcu_qsbr_synchronize_rcu();
	for (unsigned i = 0; i < filter->worker_count; i++)
		published_read(&filter->workers[i].quiet);
}

void
filter_revoke(const struct filter *filter)
{
	if (filter->fast_path)
		epoch_move(filter->fast_path->epoch);
}

void
filter_permit(struct filter *filter, unsigned worker)
{
	permit_give(&filter->workers[worker].permits);
}

uint16_t
filter_generation(uint64_t number)
{
	return (uint16_t)(number % UINT16_MAX + 1);
}

bool
filter_publish(
    struct filter *filter, struct policy *policy, struct policy **old_policy)
{
	struct regime *old =
	    atomic_load_explicit(&filter->regime, memory_order_relaxed);
	struct regime *regime = regime_create(policy, filter->worker_count);

	if (!regime || !filter_sets_bind(filter, policy) ||
	    (policy->shadow && !filter_sets_bind(filter, policy->shadow))) {
		regime_destroy(regime);
		return false;
	}
	policy_identify(policy, old ? old->policy : NULL);
	if (policy->shadow)
		policy_identify(policy->shadow, NULL);
	policy->generation = old ? old->policy->generation + 1 : 1;
	published_set(
	    &regime->generation, filter_generation(++filter->generations));
	/* Release; pairs with the acquire in filter_batch(). */
	atomic_store_explicit(&filter->regime, regime, memory_order_release);
	filter_revoke(filter);
	*old_policy = old ? old->policy : NULL;
	if (old) {
		filter_wait(filter);
		filter_sets_settle(filter, policy, old->policy);
		regime_inherit(regime, old);
		regime_destroy(old);
	}
	return true;
}

void
filter_confirm(struct filter *filter)
{
	struct regime *regime = regime_in_force(filter);

	regime->policy->on_trial = false;
	published_set(&regime->spares, false);
}

bool
filter_prepare(struct filter *filter, const struct policy *policy)
{
	return filter_sets_bind(filter, policy);
}

bool
filter_set_own(
    struct filter *filter, const struct address *addresses, size_t count)
{
	struct own *old = own_now(filter);
	struct own *own = own_create(addresses, count);

	if (!own)
		return false;
	/* Release; pairs with the acquire in own_now(). */
	atomic_store_explicit(&filter->own, own, memory_order_release);
	filter_revoke(filter);
	if (old)
		filter_wait(filter);
	own_destroy(old);
	return true;
}

const struct policy *
filter_policy(const struct filter *filter)
{
	const struct regime *regime = regime_in_force(filter);

	return regime ? regime->policy : NULL;
}

void
filter_reclaim(struct filter *filter)
{
	table_reclaim(filter->table);
	table_reclaim(filter->fragments);
	meters_reclaim(filter->meters);
	meters_reclaim(filter->fragment_meters);
}

/* QSBR orders what this thread did before what follows a grace period.  Tools
 * that watch memory cannot see into liburcu; for them the worker says it in a
 * word of its own, which filter_wait() reads. */
static void
say_quiet(struct filter *filter, unsigned worker)
{
	struct published *quiet = &filter->workers[worker].quiet;

	published_set(quiet, published_read(quiet) + 1);
}

void
filter_enter(struct filter *filter, unsigned worker)
{
	urcu_qsbr_register_thread();
	if (worker == filter->worker_count)
		urcu_qsbr_thread_offline();
}

void
filter_leave(struct filter *filter, unsigned worker)
{
	if (worker == filter->worker_count)
		urcu_qsbr_thread_online();
	else
		say_quiet(filter, worker);
	table_hand_over(filter->table, worker);
	table_hand_over(filter->fragments, worker);
	meters_hand_over(filter->meters, worker);
	meters_hand_over(filter->fragment_meters, worker);
	urcu_qsbr_unregister_thread();
}

void
filter_quiescent(struct filter *filter, unsigned worker)
{
	say_quiet(filter, worker);
	urcu_qsbr_quiescent_state();
}

void
filter_offline(struct filter *filter, unsigned worker)
{
	/* What they name may be another flow afterwards. */
	filter->workers[worker].permits.count = 0;
	say_quiet(filter, worker);
	urcu_qsbr_thread_offline();
}

void
filter_online(void)
{
	urcu_qsbr_thread_online();
}

struct decision
filter_refuse(struct filter *filter, unsigned worker, enum direction direction,
    enum reason why)
{
	struct decision d = { .why = why };

	counter_add(&filter->workers[worker].count[direction][why], 1);
	return d;
}

uint64_t
filter_count(
    const struct filter *filter, enum direction direction, enum reason why)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < filter->worker_count; i++)
		sum += counter_read(&filter->workers[i].count[direction][why]);
	if (why == ESTABLISHED && filter->fast_path)
		sum += filter->fast_path->passed(
		    filter->fast_path->context, direction);
	return sum;
}

struct rule_totals
filter_rule_totals(const struct filter *filter, const struct rule *rule)
{
	const struct regime *regime = regime_in_force(filter);

	return regime_totals(regime, rule);
}

struct shadow_totals
filter_shadow_totals(const struct filter *filter)
{
	const struct regime *regime = regime_in_force(filter);
	struct shadow_totals t = { 0 };

	for (unsigned i = 0; i < filter->worker_count; i++) {
		const struct shadow_counters *c = &regime->shadow[i];
		t.judged += counter_read(&c->judged);
		t.would_accept += counter_read(&c->would_accept);
		t.would_refuse += counter_read(&c->would_refuse);
		t.otherwise += counter_read(&c->otherwise);
	}
	return t;
}

uint32_t
filter_flow_count(const struct filter *filter)
{
	return table_count(filter->table);
}

uint32_t
filter_flow_limit(const struct filter *filter)
{
	return table_limit(filter->table);
}

bool
filter_next_flow(const struct filter *filter, uint32_t *cursor, uint64_t now_ms,
    struct flow_view *view)
{
	const struct regime *regime = regime_in_force(filter);
	struct timing timing = timing_of(filter, regime->policy, now_ms);
	bool found = false;

	urcu_qsbr_thread_online();
	while (!found && *cursor < table_slots(filter->table)) {
		const struct flow *flow = table_at(filter->table, (*cursor)++);
		found = flow && conntrack_view(&timing, flow, now_ms, view);
	}
	urcu_qsbr_thread_offline();
	return found;
}

/* The slot may hold another flow by now. */
bool
filter_kill(struct filter *filter, uint32_t cursor,
    const struct flow_view *view, uint64_t now_ms, struct flow_numbers *numbers,
    bool *known)
{
	const struct tuple *wanted = &view->tuple;
	struct conntrack ct = conntrack_of(
	    filter, regime_in_force(filter), filter->worker_count, now_ms);
	struct lookup lookup;

	urcu_qsbr_thread_online();
	struct connection c = { .flow = table_at(filter->table, cursor - 1) };
	flowkey_lookup(filter->table, wanted, &lookup);
	c.word = c.flow ? flow_word(c.flow) : 0;
	bool same = c.word && table_confirm(c.flow, &lookup.key) &&
		    flowkey_direction(c.flow) == view->direction;
	if (same) {
		*known = conntrack_numbers(c.flow, numbers);
		conntrack_kill(&ct, &c, END_KILLED);
		table_hand_over(filter->table, filter->worker_count);
		meters_hand_over(filter->meters, filter->worker_count);
	}
	urcu_qsbr_thread_offline();
	return same;
}

void
filter_watch(struct filter *filter, bool on)
{
	sign_set(&filter->watched, on);
}

/* From one worker after the other, so that none is kept waiting. */
bool
filter_next_event(struct filter *filter, struct flow_event *event)
{
	for (unsigned i = 0; i <= filter->worker_count; i++) {
		unsigned worker = filter->next_events;
		filter->next_events = (worker + 1) % (filter->worker_count + 1);
		if (ring_pop(filter->workers[worker].events, event))
			return true;
	}
	return false;
}

uint64_t
filter_events_lost(const struct filter *filter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i <= filter->worker_count; i++)
		sum += ring_lost(filter->workers[i].events);
	return sum;
}
