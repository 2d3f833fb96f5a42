/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of numbers against a look at each of them, and names of interfaces as
 * intervals.
 */
#include "spans.h"

#include <check.h>

#include "atoms.h"
#include "policies.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define BITS 64

/* Bit n: the set has n. */
static uint64_t
bits_of(const struct spans *spans)
{
	uint64_t bits = 0;

	for (uint64_t n = 0; n < BITS; n++)
		bits |= (uint64_t)spans_has(spans, n) << n;
	return bits;
}

static struct spans *
spans_of_bits(uint64_t bits)
{
	struct address_range list[BITS];
	size_t count = 0;

	for (uint64_t n = BITS; n-- > 0;) /* any order will do */
		if (bits >> n & 1)
			list[count++] =
			    (struct address_range){ { 0, n }, { 0, n } };
	return spans_create(list, count);
}

START_TEST(sets_of_numbers_agree_with_bits)
{
	struct dice dice = { 1 };

	for (unsigned round = 0; round < rounds(20000); round++) {
		uint64_t a = 0, b = 0;
		for (unsigned i = 0; i < 6; i++) {
			uint64_t run =
			    (UINT64_C(1) << dice_throw(&dice, 9)) - 1;
			a ^= run << dice_throw(&dice, BITS);
			b ^= run << dice_throw(&dice, BITS);
		}
		struct spans *x = spans_of_bits(a), *y = spans_of_bits(b);
		struct spans *made[] = { spans_intersect(x, y),
			spans_subtract(x, y), spans_unite(x, y) };
		uint64_t want[] = { a & b, a & ~b, a | b };
		for (size_t i = 0; i < ARRAY_LEN(made); i++) {
			struct spans *same = spans_of_bits(want[i]);
			EXPECT(bits_of(made[i]) == want[i] &&
				   spans_compare(made[i], same) == 0,
			    "round %u, operation %zu", round, i);
			spans_drop(same);
			spans_drop(made[i]);
		}
		EXPECT(spans_overlap(x, y) == ((a & b) != 0) &&
			   spans_within(x, y) == ((a & ~b) == 0),
		    "round %u", round);
		spans_drop(x);
		spans_drop(y);
	}
}
END_TEST

START_TEST(sets_reach_to_both_ends_of_128_bits)
{
	struct address_range all = { { 0, 0 }, { UINT64_MAX, UINT64_MAX } };
	struct address_range low = { { 0, 0 }, { 0, UINT64_MAX } };
	struct address_range high = { { 1, 0 }, { UINT64_MAX, UINT64_MAX } };
	struct spans *whole = spans_create(&all, 1);
	struct spans *lower = spans_create(&low, 1);
	struct spans *upper = spans_subtract(whole, lower);
	struct spans *both = spans_unite(lower, upper);
	struct spans *nothing = spans_subtract(lower, whole);

	ck_assert_uint_eq(upper->count, 1);
	ck_assert(address_equal(upper->at[0].low, high.low));
	ck_assert(address_equal(upper->at[0].high, high.high));
	ck_assert_int_eq(spans_compare(both, whole), 0); /* no seam */
	ck_assert_uint_eq(nothing->count, 0);
	ck_assert(!spans_overlap(upper, lower));
	spans_drop(whole);
	spans_drop(lower);
	spans_drop(upper);
	spans_drop(both);
	spans_drop(nothing);
}
END_TEST

static const struct {
	const char *name, *other; /* as in rules */
	bool meet;
} name_rows[] = {
	{ "eth0", "eth0", true },
	{ "eth0", "eth1", false },
	{ "eth0", "eth*", true },
	{ "eth0", "eth0*", true },
	{ "eth0", "eth00", false },
	{ "eth", "eth*", true },
	{ "et", "eth*", false },
	{ "eti", "eth*", false },
	{ "wg*", "w*", true },
	{ "wg*", "wh*", false },
	{ "wg*", "wg0*", true },
	{ "a\xff*", "a\xff\xff*", true },
	{ "a\xff*", "b", false },
	{ "a\xff*", "a\xfe", false },
	{ "\xff*", "\xff\xff", true },
	/* as long as a name may be: nothing can follow */
	{ "abcdefghijklmno*", "abcdefghijklmno", true },
	{ "abcdefghijklmn*", "abcdefghijklmno", true },
};

START_TEST(names_meet_as_intervals)
{
	const char *names[] = { name_rows[_i].name, name_rows[_i].other, "lan*",
		"eth05" };
	struct atoms *atoms = atoms_create(names, ARRAY_LEN(names));
	size_t low[2], high[2];

	for (size_t i = 0; i < 2; i++)
		atoms_find(atoms, names[i], &low[i], &high[i]);
	ck_assert_uint_eq(
	    low[0] <= high[1] && low[1] <= high[0], name_rows[_i].meet);
	ck_assert_uint_lt(high[0], atoms_count(atoms));
	atoms_destroy(atoms);
}
END_TEST

/* Nothing can follow it, so the two are one. */
START_TEST(a_pattern_as_long_as_a_name_is_that_name)
{
	const char *names[] = { "abcdefghijklmno*", "abcdefghijklmno" };
	struct atoms *atoms = atoms_create(names, ARRAY_LEN(names));
	size_t low[2], high[2];

	for (size_t i = 0; i < 2; i++)
		atoms_find(atoms, names[i], &low[i], &high[i]);
	ck_assert_uint_eq(low[0], low[1]);
	ck_assert_uint_eq(high[0], high[1]);
	atoms_destroy(atoms);
}
END_TEST

Suite *
suite_spans(void)
{
	Suite *suite = suite_create("spans");
	TCase *numbers = tcase_create("numbers");
	TCase *names = tcase_create("names");

	tcase_add_test(numbers, sets_of_numbers_agree_with_bits);
	tcase_add_test(numbers, sets_reach_to_both_ends_of_128_bits);
	suite_add_tcase(suite, numbers);
	tcase_add_loop_test(
	    names, names_meet_as_intervals, 0, ARRAY_LEN(name_rows));
	tcase_add_test(names, a_pattern_as_long_as_a_name_is_that_name);
	suite_add_tcase(suite, names);
	return suite;
}
