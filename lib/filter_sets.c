/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live members of named sets, kept by name from policy to policy.  The
 * keeper alone changes them; workers look at them without a lock, and ask for
 * changes by a ring each, in which one writes and the other reads.
 *
 * What a change leaves behind is freed in filter_tend(), all sets at once after
 * one grace period, or when a lot has gathered.  filter_tend() also makes flows
 * follow: those of a banned source are removed, once every worker has seen the
 * ban; and when a set has changed that rules ask, the generation of verdicts
 * moves on, so that each flow is judged again at its next packet.
 */
#include "filter_shared.h"

#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#define OUTDATE_EVERY_MS 1000
#define CUT_EVERY_MS     100  /* a walk over all flows */
#define RETIRED_MAX      4096 /* more do not wait for filter_tend() */

/* Of the policy in force, or NULL. */
static const struct named_set *
find_set(const struct filter *filter, const char *name)
{
	return policy_find_set(filter_policy(filter), name);
}

static struct live_set *
find_live(const struct filter *filter, const char *name)
{
	for (size_t i = 0; i < filter->live_count; i++)
		if (strcmp(filter->lives[i].name, name) == 0)
			return &filter->lives[i];
	return NULL;
}

static struct live_set *
create_live(struct filter *filter, const char *name)
{
	struct live_set *lives =
	    realloc(filter->lives, (filter->live_count + 1) * sizeof(lives[0]));

	if (!lives)
		return NULL;
	filter->lives = lives;
	size_t size = strlen(name) + 1;
	struct live_set live = { malloc(size), set_create(filter->hash_key) };
	if (!live.name || !live.set) {
		free(live.name);
		set_destroy(live.set);
		return NULL;
	}
	memcpy(live.name, name, size);
	lives[filter->live_count] = live;
	return &lives[filter->live_count++];
}

bool
filter_sets_bind(struct filter *filter, const struct policy *policy)
{
	for (size_t i = 0; i < policy->set_count; i++) {
		struct named_set *set = &policy->sets[i];
		struct live_set *live = find_live(filter, set->name);
		if (!live)
			live = create_live(filter, set->name);
		if (!live)
			return false;
		set->live = live->set;
	}
	return true;
}

/* A name that comes back, as when a reload is taken back, finds its members.
 * What workers asked for meanwhile is forgotten, for it may be about a set that
 * goes; they will ask again. */
void
filter_sets_settle(struct filter *filter, const struct policy *policy,
    const struct policy *old)
{
	size_t kept = 0;

	for (unsigned i = 0; i < filter->worker_count; i++)
		published_set(&filter->workers[i].answered,
		    published_read(&filter->workers[i].asked));
	for (const struct policy *p = old; p; p = p->shadow)
		for (size_t i = 0; i < p->set_count; i++)
			p->sets[i].live = NULL;
	for (size_t i = 0; i < filter->live_count; i++) {
		struct live_set *live = &filter->lives[i];
		if (policy_find_set(policy, live->name) ||
		    (policy->shadow &&
			policy_find_set(policy->shadow, live->name)) ||
		    set_count(live->set) > 0) {
			filter->lives[kept++] = *live;
			continue;
		}
		free(live->name);
		set_destroy(live->set);
	}
	filter->live_count = kept;
}

void
filter_sets_destroy(struct filter *filter)
{
	for (size_t i = 0; i < filter->live_count; i++) {
		free(filter->lives[i].name);
		set_destroy(filter->lives[i].set);
	}
	free(filter->lives);
	set_destroy(filter->cuts);
}

/* What rules say of live flows may be another now. */
static void
note_change(struct filter *filter, const struct named_set *set)
{
	filter->outdated = filter->outdated || set->revalidates;
}

static enum set_answer
add(struct filter *filter, const struct named_set *set,
    const struct prefix *prefix, uint64_t end_ms)
{
	enum set_change change = set_add(set->live, prefix, end_ms, set->max);

	if (set_retired(set->live) > RETIRED_MAX) {
		filter_wait(filter);
		set_reclaim(set->live);
	}
	switch (change) {
	case SET_ADDED:
		note_change(filter, set);
		if (set == filter_policy(filter)->banned)
			filter_revoke(filter);
		return SET_DONE;
	case SET_UPDATED:
		return SET_DONE;
	case SET_FULL:
		return SET_NO_ROOM;
	case SET_NO_MEMORY:
		break;
	}
	return SET_OUT_OF_MEMORY;
}

enum set_answer
filter_set_add(struct filter *filter, const char *name,
    const struct prefix *prefix, uint64_t end_ms)
{
	const struct named_set *set = find_set(filter, name);

	return set ? add(filter, set, prefix, end_ms) : SET_NO_SET;
}

/* The fixed range that holds all of these, or NULL. */
static const struct address_range *
find_fixed(const struct named_set *set, const struct address_range *range)
{
	for (size_t i = 0; i < set->fixed_count; i++)
		if (address_in(range->low, &set->fixed[i]) &&
		    address_in(range->high, &set->fixed[i]))
			return &set->fixed[i];
	return NULL;
}

enum set_answer
filter_set_remove(
    struct filter *filter, const char *name, const struct prefix *prefix)
{
	const struct named_set *set = find_set(filter, name);
	struct address_range range = prefix_range(prefix);

	if (!set)
		return SET_NO_SET;
	if (set_remove(set->live, prefix)) {
		note_change(filter, set);
		return SET_DONE;
	}
	return find_fixed(set, &range) ? SET_FIXED_MEMBER : SET_NO_MEMBER;
}

static struct set_view
view_of_live(const struct set_member *member)
{
	return (struct set_view){
		.range = prefix_range(&member->prefix),
		.end_ms = member->end_ms,
	};
}

static struct set_view
view_of_fixed(const struct address_range *range)
{
	return (struct set_view){
		.range = *range,
		.fixed = true,
		.end_ms = SET_FOREVER,
	};
}

enum set_answer
filter_set_test(const struct filter *filter, const char *name,
    struct address address, struct set_view *view)
{
	const struct named_set *set = find_set(filter, name);
	struct address_range range = { address, address };
	struct set_member member;

	if (!set)
		return SET_NO_SET;
	const struct address_range *fixed = find_fixed(set, &range);
	if (fixed)
		*view = view_of_fixed(fixed);
	else if (set_match(set->live, address, &member))
		*view = view_of_live(&member);
	else
		return SET_NO_MEMBER;
	return SET_DONE;
}

bool
filter_set_next(
    const struct named_set *set, uint64_t *cursor, struct set_view *view)
{
	struct set_member member;

	if (*cursor < set->fixed_count) {
		*view = view_of_fixed(&set->fixed[(*cursor)++]);
		return true;
	}
	uint32_t number = (uint32_t)(*cursor - set->fixed_count);
	if (!set_next(set->live, &number, &member))
		return false;
	*cursor = set->fixed_count + number;
	*view = view_of_live(&member);
	return true;
}

/* At the next filter_tend(). */
static bool
ask_to_cut(struct filter *filter, const struct prefix *prefix)
{
	return set_add(filter->cuts, prefix, 0, UINT32_MAX) < SET_FULL;
}

enum set_answer
filter_ban(struct filter *filter, const struct prefix *prefix, uint64_t end_ms)
{
	const struct named_set *banned = filter_policy(filter)->banned;
	enum set_answer answer = add(filter, banned, prefix, end_ms);

	if (answer == SET_DONE && !ask_to_cut(filter, prefix))
		return SET_OUT_OF_MEMORY;
	return answer;
}

bool
filter_set_ask(struct filter *filter, unsigned worker,
    const struct named_set *set, const struct prefix *source, uint32_t seconds,
    bool cut)
{
	struct worker *w = &filter->workers[worker];
	uint64_t asked = published_read(&w->asked); /* our own */
	/* Acquire; the keeper is done with what it has answered. */
	uint64_t answered = published_read(&w->answered);
	const struct ask *last = &w->ask[(asked - 1) % ASKS];

	/* A source that floods asks with each packet. */
	if (asked > answered && last->live == set->live &&
	    last->source.bits == source->bits &&
	    address_equal(last->source.address, source->address))
		return true;
	if (asked - answered == ASKS)
		return false;
	w->ask[asked % ASKS] = (struct ask){
		.live = set->live,
		.source = *source,
		.seconds = seconds,
		.cut = cut,
	};
	published_set(&w->asked, asked + 1);
	return true;
}

/* Unless its set has gone with the policy that it was asked for under. */
static void
do_ask(struct filter *filter, const struct ask *ask, uint64_t now_ms)
{
	const struct policy *policy = filter_policy(filter);
	const struct named_set *set = policy->sets;
	struct set_member member;

	while (set < policy->sets + policy->set_count && set->live != ask->live)
		set++;
	if (set == policy->sets + policy->set_count)
		return;
	uint64_t end_ms = ask->seconds ? now_ms + ask->seconds * UINT64_C(1000)
				       : named_set_end(set, now_ms);
	if (!set_get(set->live, &ask->source, &member) ||
	    member.end_ms < end_ms)
		add(filter, set, &ask->source, end_ms);
	if (ask->cut)
		ask_to_cut(filter, &ask->source);
}

static void
do_asks(struct filter *filter, uint64_t now_ms)
{
	for (unsigned i = 0; i < filter->worker_count; i++) {
		struct worker *w = &filter->workers[i];
		uint64_t answered = published_read(&w->answered); /* our own */
		uint64_t asked = published_read(&w->asked);
		for (; answered < asked; answered++)
			do_ask(filter, &w->ask[answered % ASKS], now_ms);
		published_set(&w->answered, answered);
	}
}

static void
expire(struct filter *filter, uint64_t now_ms)
{
	for (size_t i = 0; i < filter->live_count; i++) {
		const struct live_set *live = &filter->lives[i];
		const struct named_set *set = find_set(filter, live->name);
		if (set_expire(live->set, now_ms) > 0 && set)
			note_change(filter, set);
	}
}

/* Every worker has seen what was added before. */
static void
cut(struct filter *filter, uint64_t now_ms)
{
	struct conntrack ct = conntrack_of(
	    filter, regime_in_force(filter), filter->worker_count, now_ms);
	bool online = urcu_qsbr_read_ongoing();

	if (!online)
		urcu_qsbr_thread_online();
	for (uint32_t slot = 0; slot < table_slots(filter->table); slot++) {
		struct connection c = { .flow = table_at(filter->table, slot) };
		if (!c.flow)
			continue;
		c.word = flow_word(c.flow);
		struct tuple tuple = flowkey_tuple(c.flow);
		if (set_has(filter->cuts, tuple.src) ||
		    set_has(filter->cuts, tuple.dst))
			conntrack_kill(&ct, &c, END_BANNED);
	}
	table_hand_over(filter->table, filter->worker_count);
	meters_hand_over(filter->meters, filter->worker_count);
	if (!online)
		urcu_qsbr_thread_offline();
	set_expire(filter->cuts, 0);
	set_reclaim(filter->cuts);
	filter->cut_ms = now_ms;
}

void
filter_tend(struct filter *filter, uint64_t now_ms)
{
	struct regime *regime = regime_in_force(filter);
	size_t retired = 0;

	do_asks(filter, now_ms);
	expire(filter, now_ms);
	bool cuts =
	    set_count(filter->cuts) > 0 &&
	    (!filter->cut_ms || now_ms - filter->cut_ms >= CUT_EVERY_MS);
	for (size_t i = 0; i < filter->live_count; i++)
		retired += set_retired(filter->lives[i].set);
	if (cuts || retired > 0)
		filter_wait(filter);
	for (size_t i = 0; i < filter->live_count; i++)
		set_reclaim(filter->lives[i].set);
	if (cuts)
		cut(filter, now_ms);
	if (!filter->outdated ||
	    (filter->outdated_ms &&
		now_ms - filter->outdated_ms < OUTDATE_EVERY_MS))
		return;
	published_set(
	    &regime->generation, filter_generation(++filter->generations));
	filter_revoke(filter);
	filter->outdated = false;
	filter->outdated_ms = now_ms;
}
