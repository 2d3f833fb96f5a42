/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall: packets and time in, decisions out.  No I/O, no clock, no log.
 *
 * A filter is shared by its workers, one thread each, which share the policy
 * and the connection table and nothing else.  A worker calls filter_enter()
 * once, then for each batch filter_batch() and, when it needs nothing of the
 * decisions any more, filter_quiescent(); before it sleeps, filter_offline(),
 * after it filter_online().  One other thread at a time is the keeper: it
 * publishes policies and recycles what the workers let go.
 */
#ifndef EPHEMERALD_FILTER_H
#define EPHEMERALD_FILTER_H

#include "conntrack.h"
#include "packet.h"
#include "regime.h"
#include "rules.h"

struct filter;

/* Who lets packets of permitted flows pass beside the workers, by the memory of
 * the flows, and notes them there as a worker would. */
struct fast_path {
	struct epoch *epoch; /* of the permits that it goes by; 0: none */
	/* Until it holds no entry any more that it found before. */
	void (*wait)(void *context);
	/* Packets that it has let pass. */
	uint64_t (*passed)(void *context, enum direction direction);
	void *context;
};

struct filter_options {
	uint32_t max_flows;
	unsigned workers;
	uint8_t hash_key[16];              /* random, new at each start */
	struct interfaces *interfaces;     /* borrowed, outlives the filter */
	const struct fast_path *fast_path; /* borrowed, or NULL */
	void *memory; /* for its flows, as of table_create(); or NULL */
};

/* What the firewall says of one packet.  `rule` lives until the worker's next
 * filter_quiescent(), `packet` until its next filter_batch(). */
struct decision {
	enum reason why;
	const struct rule *rule;     /* that decided, or NULL */
	const struct packet *packet; /* what was read of it; NULL: refused */
	/* Had the shadow policy been in force, and the verdict been another;
	 * else UNDECIDED. */
	enum reason shadow_why;
	const struct rule *shadow_rule;
};

#define FILTER_BATCH 64

/* NULL: out of memory. */
struct filter *filter_create(const struct filter_options *options);
/* Its flows: for image_of_table(), and to tell the kernel how their memory is
 * used (at random), before the first packet, or it is in small pages already.
 */
const struct table *filter_table(const struct filter *filter);
/* After all workers have left. */
void filter_destroy(struct filter *filter);

/* Judge up to FILTER_BATCH packets in order, each exactly once.  now_ms: any
 * monotonic clock.  Needs a published policy.  Worker thread. */
void filter_batch(struct filter *filter, unsigned worker,
    const struct frame *frames, struct decision *decisions, size_t count,
    uint64_t now_ms);
/* Drop and count a packet that never became a frame.  Worker thread. */
struct decision filter_refuse(struct filter *filter, unsigned worker,
    enum direction direction, enum reason why);
/* The verdicts of the batch are out: what was accepted of settled flows may go
 * by the fast path from now on.  Worker thread, after each filter_batch(). */
void filter_permit(struct filter *filter, unsigned worker);
/* Remove expired flows, a bounded step of this worker's share of the table.
 * True: more is due already.  Worker thread, between batches. */
bool filter_sweep(struct filter *filter, unsigned worker, uint64_t now_ms);

/* The keeper enters as worker number options.workers, and is offline but in
 * the calls that need it. */
void filter_enter(struct filter *filter, unsigned worker);
void filter_leave(struct filter *filter, unsigned worker);
void filter_quiescent(struct filter *filter, unsigned worker);
void filter_offline(struct filter *filter, unsigned worker);
void filter_online(void);

/* Put the policy in force and wait until no worker uses the one before, which
 * goes to *old for the caller to destroy (NULL the first time).  Takes
 * ownership; sets policy->generation and the rules' identities.  False: out of
 * memory, nothing has changed.  Keeper. */
bool filter_publish(
    struct filter *filter, struct policy *policy, struct policy **old);
/* The policy in force was published with on_trial set: a flow that it refuses
 * loses its packets, but lives, and goes on when a policy that allows it is
 * published.  From now on it ends, as under any other policy.  Keeper. */
void filter_confirm(struct filter *filter);
/* The policy, which is not in force, sees the live members of its sets from now
 * on, so that filter_try() answers as if it were.  It must be published or
 * destroyed next.  False: out of memory.  Keeper. */
bool filter_prepare(struct filter *filter, const struct policy *policy);
/* The policy in force.  Keeper, or a worker before its next quiescence. */
const struct policy *filter_policy(const struct filter *filter);
/* The addresses of this host, from which nothing comes from outside; copied.
 * Waits as filter_publish().  False: out of memory, nothing has changed.
 * Keeper. */
bool filter_set_own(
    struct filter *filter, const struct address *addresses, size_t count);
/* Hand removed flow entries back for use.  Waits for the workers' next
 * quiescence; call it a few times a second or more.  Keeper or a helper of
 * its, one at a time. */
void filter_reclaim(struct filter *filter);

/* Totals over all workers since the start. */
uint64_t filter_count(
    const struct filter *filter, enum direction direction, enum reason why);
/* By rule of the policy in force; kept over reloads by identity.  Keeper. */
struct rule_totals filter_rule_totals(
    const struct filter *filter, const struct rule *rule);

/* Packets that the shadow policy was asked of, and how many of them it would
 * have given another verdict; since the policy in force came into force.
 * Keeper. */
struct shadow_totals {
	uint64_t judged;
	uint64_t would_accept; /* what is refused */
	uint64_t would_refuse; /* what is accepted */
	uint64_t otherwise;    /* refused another way: dropped or rejected */
};
struct shadow_totals filter_shadow_totals(const struct filter *filter);

/* Live flows, and the most there may be. */
uint32_t filter_flow_count(const struct filter *filter);
uint32_t filter_flow_limit(const struct filter *filter);
/* Walk the table: *cursor starts at 0; false: the end.  Sees every flow that
 * lives all the while, at most once; touches nothing.  Keeper. */
bool filter_next_flow(const struct filter *filter, uint32_t *cursor,
    uint64_t now_ms, struct flow_view *view);

/* Take in the flows of an image, as if the packets that opened them had been
 * judged by the policy in force; with on_reload = "keep", what its rules refuse
 * too.  Adds up what became of them.  False: out of memory.  Keeper, before
 * the workers. */
bool filter_restore(struct filter *filter, const struct image_head *image,
    uint64_t now_ms, uint64_t totals[RESTORED_COUNT]);
/* Walk, as filter_next_flow(), for an image. */
bool filter_next_saved(
    const struct filter *filter, uint32_t *cursor, struct saved_flow *saved);
/* End the flow that the walk has just shown.  *known: it is a TCP flow, and
 * *numbers are its.  False: it has ended meanwhile.  Keeper. */
bool filter_kill(struct filter *filter, uint32_t cursor,
    const struct flow_view *view, uint64_t now_ms, struct flow_numbers *numbers,
    bool *known);

/* From now on what becomes of flows (flow_event.h) is told, or no more.  Who
 * turned it on takes it: what finds no room is lost, and counted.  Keeper. */
struct flow_event;
void filter_watch(struct filter *filter, bool on);
bool filter_next_event(struct filter *filter, struct flow_event *event);
uint64_t filter_events_lost(const struct filter *filter); /* since the start */

/* Named sets of the policy in force (rules.h), by name.  Keeper. */
enum set_answer {
	SET_DONE,
	SET_NO_SET,
	SET_NO_MEMBER,
	SET_FIXED_MEMBER, /* the config says so: it stays */
	SET_NO_ROOM,      /* `max` members, and none of them has an end */
	SET_OUT_OF_MEMORY,
};
struct set_view {
	struct address_range range; /* a fixed member may be any */
	bool fixed;
	uint64_t end_ms; /* SET_FOREVER: none */
};
/* Members count at once for packets of no connection; live connections are
 * judged again by the rules soon after, as after a reload. */
enum set_answer filter_set_add(struct filter *filter, const char *set,
    const struct prefix *prefix, uint64_t end_ms);
enum set_answer filter_set_remove(
    struct filter *filter, const char *set, const struct prefix *prefix);
/* The member that holds the address. */
enum set_answer filter_set_test(const struct filter *filter, const char *set,
    struct address address, struct set_view *view);
/* Walk, the fixed members first: *cursor starts at 0; false: the end. */
bool filter_set_next(
    const struct named_set *set, uint64_t *cursor, struct set_view *view);
/* To the set "banned": its packets are dropped at once, whatever the rules
 * say, and its connections are removed. */
enum set_answer filter_ban(
    struct filter *filter, const struct prefix *prefix, uint64_t end_ms);
/* What time brings: members end, what workers ask for is done, connections are
 * cut or judged again.  A few times a second. */
void filter_tend(struct filter *filter, uint64_t now_ms);

/* Put the source into the set, which is one of the policy in force, for so many
 * seconds (0: as long as the set says), and with `cut` remove its connections:
 * at the keeper's next filter_tend().  It never shortens what is there.  False:
 * too much is asked already; ask again with the next packet.  Worker thread. */
bool filter_set_ask(struct filter *filter, unsigned worker,
    const struct named_set *set, const struct prefix *source, uint32_t seconds,
    bool cut);

/* The way of a packet through the stages with nothing counted, opened or
 * changed.  filter: NULL if there are no flows.  Keeper; explain.h has words
 * for it. */
struct trial {
	enum reason why;
	const struct rule *rule; /* that decided, or NULL */
	bool has_flow;
	struct flow_view flow; /* the live flow it belongs to */
};
struct trial filter_try(const struct filter *filter,
    const struct policy *policy, const struct interfaces *interfaces,
    const struct packet *packet, uint64_t now_ms);
/* The config key of the limit at which the rule, of the policy in force, would
 * refuse the packet now; NULL: none.  filter: NULL as above.  Keeper. */
const char *filter_limit_reached(const struct filter *filter,
    const struct rule *rule, const struct packet *packet, uint64_t now_ms);

#endif
