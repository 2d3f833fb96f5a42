/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequences of packets through the whole firewall.  Byte 0 chooses between a
 * table with room (even) and one that is nearly always full; the rest is what
 * the storm of tests/naive rolls instead of dice, so that the fuzzer composes
 * packets next to the numbers that living flows turn on, pauses and reloads.
 *
 * Held after each packet, beside what the naive engine says of it: an inbound
 * packet is accepted only by a rule, or if its connection, or the one that an
 * error quotes, had a packet accepted before; a dropped packet adds no flow;
 * there are never more flows than max_flows; every packet is counted once.
 */
#include <stdint.h>
#include <stdlib.h>

#include "storm.h"
#include "wire.h"

#define PACKETS 250

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct match *match;
	struct tuple accepted[PACKETS]; /* both directions */
	unsigned count;
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static bool
same_ends(const struct tuple *a, const struct tuple *b, bool reversed)
{
	return a->family == b->family && a->protocol == b->protocol &&
	       address_equal(a->src, reversed ? b->dst : b->src) &&
	       address_equal(a->dst, reversed ? b->src : b->dst) &&
	       a->sport == (reversed ? b->dport : b->sport) &&
	       a->dport == (reversed ? b->sport : b->dport);
}

static bool
known(const struct run *r, const struct tuple *t)
{
	for (unsigned i = 0; i < r->count; i++)
		if (same_ends(&r->accepted[i], t, false) ||
		    same_ends(&r->accepted[i], t, true))
			return true;
	return false;
}

/* Of the table in force, whatever came before. */
static bool
allowed_by_rule(const struct run *r, const struct packet *p)
{
	const struct naive *n = match_naive(r->match);
	const struct rule *rule =
	    rules_match(&n->policy->tables[TABLE_INBOUND], p, n->interfaces);

	return rule && rule->action == ACTION_ALLOW;
}

static void
check_packet(struct run *r, const struct packet *told, enum reason why,
    uint32_t flows_before)
{
	uint8_t bytes[WIRE_SIZE];
	struct frame frame = wire_build(told, bytes);
	struct packet packet, *p = &packet;
	const struct filter *filter = match_filter(r->match);
	uint32_t flows = filter_flow_count(filter);
	bool accepted = reason_verdict(why) == VERDICT_ACCEPT;

	require(flows <= filter_flow_limit(filter));
	require(accepted || flows <= flows_before);
	if (!accepted)
		return;
	packet_parse(&frame, p);
	if (p->direction == INBOUND && why != ACL_ALLOW && why != ESSENTIAL)
		require(why == RELATED      ? known(r, &p->icmp.quoted)
			: why == RULE_ALLOW ? allowed_by_rule(r, p)
					    : known(r, &p->tuple));
	if (why != ACL_ALLOW) /* which makes no connection */
		r->accepted[r->count++] = p->tuple;
}

static void
check_counts(const struct run *r)
{
	const struct filter *filter = match_filter(r->match);
	uint64_t sum = 0;

	for (unsigned d = 0; d < DIRECTION_COUNT; d++)
		for (unsigned why = 0; why < REASON_COUNT; why++)
			sum += filter_count(
			    filter, (enum direction)d, (enum reason)why);
	require(sum == match_packets(r->match));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	uint64_t now_ms = (uint64_t)UINT32_MAX * TICK_MS - 500;

	if (size < 2)
		return 0;
	struct dice dice = dice_of_bytes(data + 1, size - 1);
	bool tight = data[0] & 1;
	run.match = match_create(tight ? 12 : 1024, tight, 0, now_ms, NULL);
	run.count = 0;
	match_publish(run.match, storm_config(&dice));
	for (unsigned i = 0; i < PACKETS && dice.left > 0; i++) {
		enum reason why;
		struct packet p = storm_packet(&dice, match_naive(run.match));
		if (!tight)
			now_ms += storm_pause_ms(&dice);
		if (!tight && dice_roll(&dice, 32) == 31)
			now_ms = match_publish(run.match, storm_config(&dice));
		uint32_t flows = filter_flow_count(match_filter(run.match));
		match_play(run.match, &p, 1, now_ms, &why);
		check_packet(&run, &p, why, flows);
	}
	if (!tight)
		match_compare_flows(run.match);
	check_counts(&run);
	match_destroy(run.match);
	return 0;
}
