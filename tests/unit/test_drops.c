/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folded drops: what is one row, which row goes, what a row remembers of a
 * policy that is gone, and what a walk sees while the rows change.
 */
#include "drops.h"

#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "suites.h"

#define OFFSET INT64_C(1764000000000)

static struct drops *drops;

static void
set_up(void)
{
	drops = drops_create();
	ck_assert_ptr_nonnull(drops);
}

static void
tear_down(void)
{
	drops_destroy(drops);
}

static struct drop
some_drop(void)
{
	return (struct drop){
		.tuple = { .src = address_from_v4(0xcb007109),
		    .dst = address_from_v4(0xc0000201),
		    .sport = 40000,
		    .dport = 23,
		    .family = FAMILY_IPV4,
		    .protocol = PROTOCOL_TCP },
		.time_ms = 1000,
		.generation = 1,
		.direction = INBOUND,
		.why = NO_RULE,
	};
}

static void
add(struct drop drop)
{
	drops_add(drops, &drop, NULL, OFFSET);
}

/* The rows from the oldest on, and how many. */
static size_t
list(const struct drop_row *row[DROPS_MAX])
{
	struct drops_cursor cursor = drops_begin(drops, UINT64_MAX);
	size_t count = 0;

	while (count <= DROPS_MAX) {
		const struct drop_row *next = drops_next(drops, &cursor);
		if (!next)
			break;
		ck_assert_uint_lt(count, DROPS_MAX);
		row[count++] = next;
	}
	return count;
}

static size_t
count_rows(void)
{
	const struct drop_row *row[DROPS_MAX];

	return list(row);
}

/* A policy whose rule "it" is at that place, after the policy `old`. */
static struct policy *
make_policy(
    uint64_t generation, unsigned place, const char *action, struct policy *old)
{
	char text[1024] = "inbound = (";
	struct conf_text conf = { .name = "test.conf", .text = text };
	struct diagnostics diagnostics = { 0 };

	for (unsigned i = 1; i < place; i++)
		strcat(text, "{ port = 1; action = \"allow\"; },");
	snprintf(text + strlen(text), 200,
	    "{ name = \"it\"; port = 2; action = \"%s\"; });", action);
	conf.size = strlen(text);
	struct policy *policy = conf_load(&conf, 1, &diagnostics);
	ck_assert_ptr_nonnull(policy);
	diagnostics_clear(&diagnostics);
	policy_identify(policy, old);
	policy->generation = generation;
	policy_destroy(old);
	return policy;
}

static uint32_t
identity_of_it(const struct policy *policy)
{
	const struct rules *inbound = &policy->tables[TABLE_INBOUND];

	return inbound->rule[inbound->count - 1].identity;
}

START_TEST(same_packet_again_is_one_row)
{
	const struct drop_row *row[DROPS_MAX];
	struct drop drop = some_drop();
	add(drop);
	drop.time_ms = 3500;
	drop.tuple.sport = 40001;
	drop.length = 52;
	add(drop);
	ck_assert_uint_eq(list(row), 1);
	ck_assert_uint_eq(row[0]->count, 2);
	ck_assert_uint_eq(row[0]->first_ms, (uint64_t)OFFSET + 1000);
	ck_assert_uint_eq(row[0]->last_ms, (uint64_t)OFFSET + 3500);
	ck_assert_uint_eq(row[0]->last.tuple.sport, 40001);
	ck_assert_uint_eq(row[0]->last.length, 52);
	ck_assert_ptr_null(row[0]->rule);
}
END_TEST

START_TEST(each_field_of_the_key_tells_rows_apart)
{
	struct drop drop = some_drop();
	add(drop);
	drop.tuple.src = address_from_v4(0xcb00710a);
	add(drop);
	drop.tuple.dst = address_from_v4(0xc0000202);
	add(drop);
	drop.tuple.dport = 24;
	add(drop);
	drop.tuple.protocol = PROTOCOL_UDP;
	add(drop);
	drop.direction = FORWARD;
	add(drop);
	drop.why = RULE_BLOCK;
	add(drop);
	drop.rule_identity = 5;
	add(drop);
	drop.tuple.src = (struct address){ 0x20010db800000000, 1 };
	add(drop);
	drop.tuple.src = (struct address){ 0x20010db800000001, 1 };
	add(drop);
	ck_assert_uint_eq(count_rows(), 10);
}
END_TEST

START_TEST(pings_are_told_apart_by_type_not_by_identifier)
{
	struct drop drop = some_drop();
	drop.tuple.protocol = PROTOCOL_ICMP;
	drop.tuple.kind = KIND_ECHO;
	drop.icmp_type = 8;
	for (uint16_t id = 1; id < 10; id++) {
		drop.tuple.sport = drop.tuple.dport = id;
		add(drop);
	}
	ck_assert_uint_eq(count_rows(), 1);
	drop.icmp_type = 13;
	add(drop);
	drop.icmp_code = 1;
	add(drop);
	ck_assert_uint_eq(count_rows(), 3);
}
END_TEST

START_TEST(fragments_are_one_row_whatever_their_identification)
{
	struct drop drop = some_drop();
	drop.tuple.kind = KIND_FRAGMENT;
	for (uint16_t id = 1; id < 10; id++) {
		drop.tuple.sport = drop.tuple.dport = id;
		add(drop);
	}
	ck_assert_uint_eq(count_rows(), 1);
}
END_TEST

START_TEST(newest_row_is_last)
{
	const struct drop_row *row[DROPS_MAX];
	struct drop drop = some_drop();
	for (uint16_t port = 1; port <= 5; port++) {
		drop.tuple.dport = port;
		add(drop);
	}
	static const uint16_t again[] = { 2, 5, 1, 1 };
	for (size_t i = 0; i < 4; i++) {
		drop.tuple.dport = again[i];
		add(drop);
	}
	static const uint16_t want[] = { 3, 4, 2, 5, 1 };
	ck_assert_uint_eq(list(row), 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_uint_eq(row[i]->last.tuple.dport, want[i]);
}
END_TEST

START_TEST(oldest_row_goes)
{
	const struct drop_row *row[DROPS_MAX];
	struct drop drop = some_drop();
	for (unsigned i = 0; i < 5 * DROPS_MAX; i++) {
		drop.tuple.dport = (uint16_t)(1 + i);
		drop.time_ms = i;
		add(drop);
		drop.tuple.dport = 1; /* stays: it is hit again and again */
		add(drop);
	}
	ck_assert_uint_eq(list(row), DROPS_MAX);
	ck_assert_uint_eq(row[DROPS_MAX - 1]->last.tuple.dport, 1);
	ck_assert_uint_eq(row[DROPS_MAX - 1]->count, 5 * DROPS_MAX + 1);
	for (unsigned i = 0; i + 1 < DROPS_MAX; i++)
		ck_assert_uint_eq(
		    row[i]->last.tuple.dport, 4 * DROPS_MAX + 2 + i);
}
END_TEST

START_TEST(row_keeps_the_text_of_the_policy_that_decided)
{
	const struct drop_row *row[DROPS_MAX];
	struct drop drop = some_drop();
	drop.why = RULE_BLOCK;
	struct policy *policy = make_policy(1, 4, "block", NULL);
	drop.rule_identity = identity_of_it(policy);
	drops_add(drops, &drop, policy, OFFSET);

	/* reordered since; another packet was dropped by the same rule */
	policy = make_policy(2, 2, "reject", policy);
	ck_assert_uint_eq(identity_of_it(policy), drop.rule_identity);
	drop.tuple.dport = 25;
	drop.generation = 2;
	drops_add(drops, &drop, policy, OFFSET);
	policy_destroy(policy);

	ck_assert_uint_eq(list(row), 2);
	ck_assert_uint_eq(row[0]->last.generation, 1);
	ck_assert_str_eq(row[0]->rule, "inbound 4");
	ck_assert_ptr_nonnull(strstr(row[0]->rule_text, "\"block\""));
	ck_assert_uint_eq(row[1]->last.generation, 2);
	ck_assert_str_eq(row[1]->rule, "inbound 2");
	ck_assert_ptr_nonnull(strstr(row[1]->rule_text, "\"reject\""));
}
END_TEST

START_TEST(row_follows_its_last_packet_to_a_new_policy)
{
	const struct drop_row *row[DROPS_MAX];
	struct drop drop = some_drop();
	struct policy *policy = NULL;
	for (unsigned generation = 1; generation <= 3; generation++) {
		policy =
		    make_policy(generation, 6 - generation, "block", policy);
		drop.rule_identity = identity_of_it(policy);
		drop.generation = generation;
		drops_add(drops, &drop, policy, OFFSET);
		drops_add(drops, &drop, policy, OFFSET);
	}
	policy_destroy(policy);
	ck_assert_uint_eq(list(row), 1);
	ck_assert_uint_eq(row[0]->count, 6);
	ck_assert_str_eq(row[0]->rule, "inbound 3");
}
END_TEST

START_TEST(rule_of_a_forgotten_policy_has_no_text)
{
	const struct drop_row *row[DROPS_MAX];
	struct drop drop = some_drop();
	struct policy *policy = make_policy(1, 1, "block", NULL);
	drop.rule_identity = identity_of_it(policy) + 1;
	drops_add(drops, &drop, policy, OFFSET);
	policy_destroy(policy);
	drop.tuple.dport++;
	add(drop);
	ck_assert_uint_eq(list(row), 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_null(row[i]->rule);
		ck_assert_ptr_null(row[i]->rule_text);
	}
}
END_TEST

START_TEST(limit_takes_the_newest)
{
	struct drop drop = some_drop();
	for (uint16_t port = 1; port <= 5; port++) {
		drop.tuple.dport = port;
		add(drop);
	}
	struct drops_cursor cursor = drops_begin(drops, 2);
	ck_assert_uint_eq(drops_next(drops, &cursor)->last.tuple.dport, 4);
	ck_assert_uint_eq(drops_next(drops, &cursor)->last.tuple.dport, 5);
	ck_assert_ptr_null(drops_next(drops, &cursor));
	cursor = drops_begin(drops, 0);
	ck_assert_ptr_null(drops_next(drops, &cursor));
}
END_TEST

/* Each step of the walk is followed by a few drops: of rows seen, of rows not
 * yet seen, and of new ones. */
START_TEST(walk_sees_every_row_once_while_rows_change)
{
	struct drop drop = some_drop();
	static bool seen[DROPS_MAX];
	for (uint16_t port = 0; port < DROPS_MAX / 2; port++) {
		drop.tuple.dport = port;
		add(drop);
	}
	struct drops_cursor cursor = drops_begin(drops, UINT64_MAX);
	const struct drop_row *row;
	uint16_t step = 0;
	while ((row = drops_next(drops, &cursor)) != NULL) {
		uint16_t port = row->last.tuple.dport;
		ck_assert(!seen[port]);
		seen[port] = true;
		ck_assert_uint_lt(step, DROPS_MAX);
		drop.tuple.dport = step / 2;
		add(drop);
		drop.tuple.dport = (uint16_t)(DROPS_MAX / 2 - 1 - step / 3);
		add(drop);
		if (step % 2 == 0) {
			drop.tuple.dport = (uint16_t)(DROPS_MAX / 2 + step / 2);
			add(drop);
		}
		step++;
	}
	for (uint16_t port = 0; port < DROPS_MAX / 2; port++)
		ck_assert_msg(seen[port], "port %u was missed", port);
}
END_TEST

Suite *
suite_drops(void)
{
	Suite *suite = suite_create("drops");
	TCase *tests = tcase_create("drops");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, same_packet_again_is_one_row);
	tcase_add_test(tests, each_field_of_the_key_tells_rows_apart);
	tcase_add_test(tests, pings_are_told_apart_by_type_not_by_identifier);
	tcase_add_test(
	    tests, fragments_are_one_row_whatever_their_identification);
	tcase_add_test(tests, newest_row_is_last);
	tcase_add_test(tests, oldest_row_goes);
	tcase_add_test(tests, row_keeps_the_text_of_the_policy_that_decided);
	tcase_add_test(tests, row_follows_its_last_packet_to_a_new_policy);
	tcase_add_test(tests, rule_of_a_forgotten_policy_has_no_text);
	tcase_add_test(tests, limit_takes_the_newest);
	tcase_add_test(tests, walk_sees_every_row_once_while_rows_change);
	suite_add_tcase(suite, tests);
	return suite;
}
