/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One step of a meter's word, and the table of meters.  A row is a moment and
 * what is asked then; the word goes on from row to row.
 */
#include "suites.h"

#include "meter.h"

#include <urcu-qsbr.h>

#define SECOND UINT64_C(1000000)
#define DAY    (86400 * SECOND)
/* Where the clock in the word begins anew. */
#define WRAP (UINT64_C(1) << 38)

struct row {
	uint64_t at_us;
	enum meter_answer want;
	uint32_t cap, interval_us;
	uint64_t depth_us;
	uint32_t count; /* afterwards */
};

/* clang-format off */
static const struct row counts[] = {
	{ 0, METER_TAKEN, .cap = 2, .count = 1 },
	{ 0, METER_TAKEN, .cap = 2, .count = 2 },
	{ 0, METER_CAP,   .cap = 2, .count = 2 },
	{ 0, METER_TAKEN, .cap = 3, .count = 3 },
	{ 0, METER_CAP,   .cap = 1, .count = 3 },
	{ 0, METER_TAKEN, .cap = METER_UNCAPPED, .count = 4 },
	/* what does not ask is not counted */
	{ 0, METER_TAKEN, .count = 4 },
	{ 9 * DAY, METER_CAP, .cap = 4, .count = 4 },
};

static const struct row a_bucket_of_two[] = {
	{ 0,          METER_TAKEN,    .interval_us = 10, .depth_us = 20 },
	{ 0,          METER_TAKEN,    .interval_us = 10, .depth_us = 20 },
	{ 0,          METER_NO_TOKEN, .interval_us = 10, .depth_us = 20 },
	{ 9,          METER_NO_TOKEN, .interval_us = 10, .depth_us = 20 },
	{ 10,         METER_TAKEN,    .interval_us = 10, .depth_us = 20 },
	{ 19,         METER_NO_TOKEN, .interval_us = 10, .depth_us = 20 },
	{ 1000,       METER_TAKEN,    .interval_us = 10, .depth_us = 20 },
	{ 1000,       METER_TAKEN,    .interval_us = 10, .depth_us = 20 },
	{ 1000,       METER_NO_TOKEN, .interval_us = 10, .depth_us = 20 },
};

static const struct row the_largest_bucket[] = {
	{ 0,          METER_TAKEN,    .interval_us = UINT32_MAX, .depth_us = METER_DEPTH_MAX_US },
	{ 1,          METER_TAKEN,    .interval_us = 1, .depth_us = METER_DEPTH_MAX_US },
	{ DAY / 2,    METER_TAKEN,    .interval_us = UINT32_MAX, .depth_us = UINT32_MAX },
};

static const struct row over_the_wrap[] = {
	{ WRAP - 5,   METER_TAKEN,    .interval_us = 10, .depth_us = 10 },
	{ WRAP - 5,   METER_NO_TOKEN, .interval_us = 10, .depth_us = 10 },
	{ WRAP + 4,   METER_NO_TOKEN, .interval_us = 10, .depth_us = 10 },
	{ WRAP + 5,   METER_TAKEN,    .interval_us = 10, .depth_us = 10 },
	/* long past is past, as far as the sweep lets it come */
	{ WRAP + DAY, METER_TAKEN,    .interval_us = 10, .depth_us = 10 },
	{ WRAP + 3 * DAY, METER_TAKEN, .interval_us = 10, .depth_us = 10 },
};

/* Refused for either, nothing is spent of the other. */
static const struct row both[] = {
	{ 0,  METER_TAKEN,    .cap = 1, .interval_us = 10, .depth_us = 20, .count = 1 },
	{ 0,  METER_CAP,      .cap = 1, .interval_us = 10, .depth_us = 20, .count = 1 },
	{ 0,  METER_TAKEN,    .cap = 2, .interval_us = 10, .depth_us = 20, .count = 2 },
	{ 0,  METER_NO_TOKEN, .cap = 3, .interval_us = 10, .depth_us = 20, .count = 2 },
};
/* clang-format on */

static void
play(const struct row *rows, size_t n)
{
	uint64_t word = meter_fresh(rows[0].at_us);

	for (size_t i = 0; i < n; i++) {
		struct meter_terms terms = { rows[i].cap, rows[i].interval_us,
			rows[i].depth_us };
		uint64_t before = word;
		enum meter_answer got =
		    meter_step(&word, &terms, rows[i].at_us);
		ck_assert_msg(got == rows[i].want, "row %zu: %d, not %d", i,
		    got, rows[i].want);
		ck_assert_uint_eq(meter_word_count(word), rows[i].count);
		ck_assert(got == METER_TAKEN || word == before);
	}
}

START_TEST(a_step_is_whole)
{
	play(counts, sizeof(counts) / sizeof(counts[0]));
	play(a_bucket_of_two,
	    sizeof(a_bucket_of_two) / sizeof(a_bucket_of_two[0]));
	play(the_largest_bucket,
	    sizeof(the_largest_bucket) / sizeof(the_largest_bucket[0]));
	play(over_the_wrap, sizeof(over_the_wrap) / sizeof(over_the_wrap[0]));
	play(both, sizeof(both) / sizeof(both[0]));
}
END_TEST

static const struct meter_terms one_a_second = { .interval_us = 1000000,
	.depth_us = 1000000 };
static const struct meter_terms counted = { .cap = METER_UNCAPPED };

static struct meter_name
source(uint32_t identity, const char *text)
{
	struct meter_name name = { .identity = identity, .per_source = true };

	ck_assert(address_parse(text, &name.source));
	name.source = meter_source(name.source);
	return name;
}

/* A sweep of all, ten seconds after the last one. */
static uint64_t
pass_over(struct meters *meters, uint64_t now_us)
{
	for (unsigned i = 0; i < 100; i++)
		meters_sweep(meters, 0, now_us + 10 * SECOND);
	meters_hand_over(meters, 0);
	urcu_qsbr_quiescent_state();
	meters_reclaim(meters);
	return now_us + 10 * SECOND;
}

static struct meters *
create(uint32_t sources)
{
	static const uint8_t key[16] = { 1 };
	struct meters *meters = meters_create(sources, 1, key);

	ck_assert(meters != NULL);
	urcu_qsbr_register_thread();
	return meters;
}

static void
destroy(struct meters *meters)
{
	urcu_qsbr_unregister_thread();
	meters_destroy(meters);
}

START_TEST(an_idle_meter_is_forgotten)
{
	struct meters *meters = create(10);
	struct meter_name a = source(1, "192.0.2.1");
	uint64_t now = 1000 * SECOND;

	/* counted: it stays until given back */
	ck_assert_int_eq(meter_take(meters, 0, &a, &counted, now), METER_TAKEN);
	now = pass_over(meters, now);
	ck_assert_uint_eq(meter_count(meters, &a), 1);
	meter_give(meters, &a, true, 0);
	now = pass_over(meters, now);
	ck_assert_uint_eq(meters_sources(meters), 0);
	/* a token spent: until the bucket is full */
	struct meter_terms slow = { .interval_us = 15000000,
		.depth_us = 15000000 };
	ck_assert_int_eq(meter_take(meters, 0, &a, &slow, now), METER_TAKEN);
	now = pass_over(meters, now);
	ck_assert_uint_eq(meters_sources(meters), 1);
	now = pass_over(meters, now);
	ck_assert_uint_eq(meters_sources(meters), 0);
	destroy(meters);
}
END_TEST

START_TEST(a_held_meter_outlives_its_clock)
{
	struct meters *meters = create(10);
	struct meter_name a = source(1, "192.0.2.1");
	struct meter_terms both_terms = { .cap = METER_UNCAPPED,
		.interval_us = 1000000,
		.depth_us = 1000000 };
	uint64_t now = WRAP - DAY;

	ck_assert_int_eq(
	    meter_take(meters, 0, &a, &both_terms, now), METER_TAKEN);
	/* until the 38 bits have come round to just before that */
	for (unsigned day = 0; day < 16; day++)
		now = pass_over(meters, now + (WRAP - SECOND) / 16);
	ck_assert_int_eq(
	    meter_take(meters, 0, &a, &both_terms, WRAP - DAY + WRAP - SECOND),
	    METER_TAKEN);
	ck_assert_uint_eq(meter_count(meters, &a), 2);
	destroy(meters);
}
END_TEST

START_TEST(a_full_table_refuses_new_sources_only)
{
	struct meters *meters = create(2);
	struct meter_name a = source(1, "192.0.2.1");
	struct meter_name b = source(1, "192.0.2.2");
	struct meter_name c = source(1, "192.0.2.3");
	struct meter_name rule = { .identity = 1 };
	uint64_t now = 1000 * SECOND;

	ck_assert_int_eq(meter_take(meters, 0, &a, &counted, now), METER_TAKEN);
	ck_assert_int_eq(meter_take(meters, 0, &b, &counted, now), METER_TAKEN);
	ck_assert_int_eq(meter_ask(meters, &c, &counted, now), METER_NO_ROOM);
	ck_assert_int_eq(
	    meter_take(meters, 0, &c, &counted, now), METER_NO_ROOM);
	ck_assert_int_eq(meter_take(meters, 0, &a, &counted, now), METER_TAKEN);
	ck_assert_int_eq(
	    meter_take(meters, 0, &rule, &counted, now), METER_TAKEN);
	meter_give(meters, &b, true, 0);
	now = pass_over(meters, now);
	ck_assert_int_eq(meter_take(meters, 0, &c, &counted, now), METER_TAKEN);
	ck_assert_uint_eq(meters_sources(meters), 2);
	destroy(meters);
}
END_TEST

START_TEST(names_are_told_apart)
{
	static const struct {
		uint32_t identity;
		const char *source; /* NULL: the rule */
		bool same;          /* as rule 1, 2001:db8::1 */
	} names[] = {
		{ 1, "2001:db8::1", true },
		{ 1, "2001:db8::ffff:2", true }, /* one /64 */
		{ 1, "2001:db8:0:1::1", false },
		{ 2, "2001:db8::1", false },
		{ 1, "::", false },
		{ 1, "192.0.2.1", false },
		{ 1, "192.0.2.2", false },
		{ 1, NULL, false },
	};
	struct meters *meters = create(10);
	uint64_t now = 1000 * SECOND;
	unsigned different = 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct meter_name name = { .identity = names[i].identity };
		if (names[i].source)
			name = source(names[i].identity, names[i].source);
		bool first = i == 0 || !names[i].same;
		ck_assert_msg(
		    meter_take(meters, 0, &name, &one_a_second, now) ==
			(first ? METER_TAKEN : METER_NO_TOKEN),
		    "%s", names[i].source ? names[i].source : "the rule");
		different += i > 0 && first && names[i].source;
	}
	ck_assert_uint_eq(meters_sources(meters), different);
	destroy(meters);
}
END_TEST

START_TEST(asking_takes_nothing)
{
	struct meters *meters = create(10);
	struct meter_name a = source(1, "192.0.2.1");
	uint64_t now = 1000 * SECOND;

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(
		    meter_ask(meters, &a, &one_a_second, now), METER_TAKEN);
	ck_assert_uint_eq(meters_sources(meters), 0);
	ck_assert_int_eq(
	    meter_take(meters, 0, &a, &one_a_second, now), METER_TAKEN);
	ck_assert_int_eq(
	    meter_ask(meters, &a, &one_a_second, now), METER_NO_TOKEN);
	/* a token that was not used comes back */
	meter_give(meters, &a, false, one_a_second.interval_us);
	ck_assert_int_eq(
	    meter_take(meters, 0, &a, &one_a_second, now), METER_TAKEN);
	destroy(meters);
}
END_TEST

Suite *
suite_meter(void)
{
	Suite *suite = suite_create("meter");
	TCase *tc = tcase_create("word");

	tcase_add_test(tc, a_step_is_whole);
	suite_add_tcase(suite, tc);
	tc = tcase_create("table");
	tcase_add_test(tc, an_idle_meter_is_forgotten);
	tcase_add_test(tc, a_held_meter_outlives_its_clock);
	tcase_add_test(tc, a_full_table_refuses_new_sources_only);
	tcase_add_test(tc, names_are_told_apart);
	tcase_add_test(tc, asking_takes_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
