/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two workers at one flow: what each has seen of it is out of date by the time
 * it acts.  The orders in which that can happen are played one by one, and each
 * must leave the limits' counts as if one had come after the other.
 */
#include "suites.h"

#include "conntrack.h"
#include "holding.h"

#include <urcu-qsbr.h>

#define NOW_US UINT64_C(1000000)

static struct timeouts timeouts = { .udp_one_way = 120,
	.udp_both = 120,
	.syn_sent = 240,
	.syn_received = 240,
	.established = 7440 };
static struct rule old_rule = { .identity = 1,
	.action = ACTION_ALLOW,
	.stateful = true,
	.limits = { .max_flows = 9, .max_flows_per_source = 9, .any = true } };
static struct rule new_rule = { .identity = 2,
	.action = ACTION_ALLOW,
	.stateful = true,
	.limits = { .max_flows = 1, .any = true } };
static struct pressure pressure;
static struct conntrack ct;
static struct packet packet;
static struct lookup lookup;

static void
set_up(void)
{
	static const uint8_t key[16] = { 1 };

	urcu_qsbr_register_thread();
	pressure = (struct pressure){ .max_flows = 100 };
	ct = (struct conntrack){
		.table = table_create(NULL, 100, 2, key),
		.meters = meters_create(100, 2, key),
		.pressure = &pressure,
		.timing = { .timeouts = &timeouts,
		    .haste = { .scale = SCALE_WHOLE },
		    .tick = 10 },
		.now_us = NOW_US,
	};
	packet = (struct packet){ .tuple = { .family = FAMILY_IPV4 } };
	ck_assert(address_parse("192.0.2.1", &packet.tuple.src));
	ck_assert(address_parse("192.0.2.2", &packet.tuple.dst));
	packet.tuple.sport = 1000;
	packet.tuple.dport = 53;
}

static void
tear_down(void)
{
	table_destroy(ct.table);
	meters_destroy(ct.meters);
	urcu_qsbr_unregister_thread();
}

static uint32_t
count(const struct rule *rule, bool per_source)
{
	struct meter_name name = { .identity = rule->identity,
		.per_source = per_source };

	if (per_source)
		name.source = packet.tuple.src;
	return meter_count(ct.meters, &name);
}

static void
check_counts(unsigned of_old, unsigned of_new, unsigned half_open)
{
	ck_assert_uint_eq(count(&old_rule, false), of_old);
	ck_assert_uint_eq(count(&old_rule, true), of_old);
	ck_assert_uint_eq(count(&new_rule, false), of_new);
	ck_assert_uint_eq(
	    budget_read(&pressure.half_open[FROM_OUTSIDE].count), half_open);
}

/* A flow under the old rule, as somebody has seen it. */
static struct connection
open_one(uint8_t protocol)
{
	struct applicant a = {
		.rule = &old_rule, .source = packet.tuple.src, .opens = true
	};
	uint32_t held;

	packet.tuple.protocol = protocol;
	packet.tcp.flags = protocol == PROTOCOL_TCP ? TCP_SYN : 0;
	flowkey_lookup(ct.table, &packet.tuple, &lookup);
	ck_assert_int_eq(
	    holding_take(ct.meters, 0, &a, NOW_US, false, &held), UNDECIDED);
	ck_assert_int_eq(
	    conntrack_open(&ct, &lookup, &packet, 1, held), UNDECIDED);
	return conntrack_find(&ct, &lookup);
}

/* Another packet refreshes it. */
static void
refresh(void)
{
	struct connection c = conntrack_find(&ct, &lookup);
	struct tcp_flow after;

	ct.timing.tick++;
	struct outcome o = conntrack_judge(&ct, &c, &packet, &after);
	ck_assert(conntrack_apply(&ct, &c, &packet, o, &after));
}

START_TEST(moved_then_killed)
{
	struct connection mover = open_one(PROTOCOL_UDP), killer = mover;

	check_counts(1, 0, 0);
	ck_assert(conntrack_revalidate(&ct, &mover, 2, &new_rule));
	check_counts(0, 1, 0);
	conntrack_kill(&ct, &killer, END_KILLED);
	check_counts(0, 0, 0);
	ck_assert_uint_eq(table_count(ct.table), 0);
}
END_TEST

START_TEST(killed_then_moved)
{
	struct connection mover = open_one(PROTOCOL_UDP), killer = mover;

	conntrack_kill(&ct, &killer, END_KILLED);
	check_counts(0, 0, 0);
	ck_assert(!conntrack_revalidate(&ct, &mover, 2, &new_rule));
	check_counts(0, 0, 0);
}
END_TEST

START_TEST(killed_twice)
{
	struct connection one = open_one(PROTOCOL_TCP), other = one;

	check_counts(1, 0, 1);
	conntrack_kill(&ct, &one, END_KILLED);
	conntrack_kill(&ct, &other, END_KILLED);
	check_counts(0, 0, 0);
}
END_TEST

START_TEST(moved_twice)
{
	struct connection one = open_one(PROTOCOL_UDP), other = one;

	ck_assert(conntrack_revalidate(&ct, &one, 2, &new_rule));
	ck_assert(!conntrack_revalidate(&ct, &other, 2, &new_rule));
	check_counts(0, 1, 0);
	/* by an older policy: it is told to look again, and so is its twin */
	ck_assert(!conntrack_revalidate(&ct, &other, 1, &old_rule));
	check_counts(1, 0, 0);
	other = conntrack_find(&ct, &lookup);
	ck_assert(conntrack_revalidate(&ct, &other, 1, &old_rule));
	one = conntrack_find(&ct, &lookup);
	ck_assert(conntrack_revalidate(&ct, &one, 2, &new_rule));
	check_counts(0, 1, 0);
}
END_TEST

START_TEST(refreshed_then_moved)
{
	struct connection mover = open_one(PROTOCOL_UDP);

	refresh();
	ck_assert(!conntrack_revalidate(&ct, &mover, 2, &new_rule));
	mover = conntrack_find(&ct, &lookup);
	ck_assert(conntrack_revalidate(&ct, &mover, 2, &new_rule));
	check_counts(0, 1, 0);
}
END_TEST

START_TEST(opened_twice)
{
	struct applicant a = {
		.rule = &old_rule, .source = packet.tuple.src, .opens = true
	};
	uint32_t held;

	open_one(PROTOCOL_TCP);
	ck_assert_int_eq(
	    holding_take(ct.meters, 0, &a, NOW_US, false, &held), UNDECIDED);
	/* the flow is the other worker's */
	ck_assert_int_eq(
	    conntrack_open(&ct, &lookup, &packet, 1, held), ESTABLISHED);
	check_counts(2, 0, 1);
	holding_undo(ct.meters, &a);
	check_counts(1, 0, 1);
}
END_TEST

START_TEST(replaced_then_killed)
{
	struct connection killer = open_one(PROTOCOL_TCP);
	struct connection c = killer;
	struct tcp_flow after;

	packet.tcp.seq = 777; /* a new attempt */
	struct outcome o = conntrack_judge(&ct, &c, &packet, &after);
	ck_assert_int_eq(o.effect, EFFECT_REPLACE);
	ck_assert(conntrack_apply(&ct, &c, &packet, o, &after));
	check_counts(1, 0, 1);
	/* the old one is dead already, the new one is not meant */
	conntrack_kill(&ct, &killer, END_KILLED);
	check_counts(1, 0, 1);
	ck_assert_uint_eq(table_count(ct.table), 1);
	/* and of two that replace it the second looks again */
	ck_assert(!conntrack_apply(&ct, &c, &packet, o, &after));
	check_counts(1, 0, 1);
}
END_TEST

static uint32_t
proofs(const struct rule *rule)
{
	struct meter_name name = { .identity = rule->identity,
		.per_source = true,
		.source = packet.tuple.src };

	return meter_proofs(ct.meters, &name);
}

/* The SYN/ACK and the last ACK of what open_one() has begun. */
static void
complete(void)
{
	static const struct tcp_facts answers[] = {
		{ .seq = 500,
		    .ack = 1,
		    .flags = TCP_SYN | TCP_ACK,
		    .window = 9 },
		{ .seq = 1, .ack = 501, .flags = TCP_ACK, .window = 9 },
	};

	for (unsigned i = 0; i < 2; i++) {
		struct packet p = packet;
		if (i == 0) {
			p.tuple.src = packet.tuple.dst;
			p.tuple.dst = packet.tuple.src;
			p.tuple.sport = packet.tuple.dport;
			p.tuple.dport = packet.tuple.sport;
			p.direction = OUTBOUND;
		}
		p.tcp = answers[i];
		struct lookup l;
		flowkey_lookup(ct.table, &p.tuple, &l);
		struct connection c = conntrack_find(&ct, &l);
		struct tcp_flow after;
		struct outcome o = conntrack_judge(&ct, &c, &p, &after);
		ck_assert_int_eq(o.why, ESTABLISHED);
		ck_assert(conntrack_apply(&ct, &c, &p, o, &after));
	}
}

START_TEST(a_proof_lives_as_long_as_its_flow)
{
	struct connection c = open_one(PROTOCOL_TCP);

	ck_assert_uint_eq(proofs(&old_rule), 0);
	complete();
	ck_assert_uint_eq(proofs(&old_rule), 1);
	check_counts(1, 0, 0);
	/* noted once, whoever notes it */
	holding_prove(ct.meters, c.flow, packet.tuple.src);
	ck_assert_uint_eq(proofs(&old_rule), 1);
	/* what begins anew holds all but that, and may show it again */
	uint32_t held = holding_unprove(
	    ct.meters, flow_get(&c.flow->rule), packet.tuple.src);
	ck_assert_uint_eq(held, holding_of(&old_rule));
	ck_assert_uint_eq(proofs(&old_rule), 0);
	flow_set(&c.flow->rule, held);
	holding_prove(ct.meters, c.flow, packet.tuple.src);
	ck_assert_uint_eq(proofs(&old_rule), 1);
	conntrack_kill(&ct, &c, END_KILLED);
	ck_assert_uint_eq(proofs(&old_rule), 0);
	check_counts(0, 0, 0);
	/* too late */
	holding_prove(ct.meters, c.flow, packet.tuple.src);
	ck_assert_uint_eq(proofs(&old_rule), 0);
}
END_TEST

START_TEST(a_proof_moves_and_comes_back)
{
	open_one(PROTOCOL_TCP);
	complete();
	/* the new rule does not count sources */
	struct connection c = conntrack_find(&ct, &lookup);
	ck_assert(conntrack_revalidate(&ct, &c, 2, &new_rule));
	ck_assert_uint_eq(proofs(&old_rule), 0);
	ck_assert_uint_eq(proofs(&new_rule), 0);
	ck_assert(conntrack_revalidate(&ct, &c, 1, &old_rule));
	ck_assert_uint_eq(proofs(&old_rule), 1);
	check_counts(1, 0, 0);
	conntrack_kill(&ct, &c, END_KILLED);
	ck_assert_uint_eq(proofs(&old_rule), 0);
}
END_TEST

Suite *
suite_life(void)
{
	Suite *suite = suite_create("life");
	TCase *tc = tcase_create("orders");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, moved_then_killed);
	tcase_add_test(tc, killed_then_moved);
	tcase_add_test(tc, killed_twice);
	tcase_add_test(tc, moved_twice);
	tcase_add_test(tc, refreshed_then_moved);
	tcase_add_test(tc, opened_twice);
	tcase_add_test(tc, replaced_then_killed);
	tcase_add_test(tc, a_proof_lives_as_long_as_its_flow);
	tcase_add_test(tc, a_proof_moves_and_comes_back);
	suite_add_tcase(suite, tc);
	return suite;
}
