/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bucket a time is in, and what the quantiles are of many.
 */
#include "latency.h"

#include <check.h>

#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(a_time_is_in_the_bucket_with_the_least_bound_that_holds_it)
{
	static const struct {
		uint64_t ns;
		unsigned bucket;
	} rows[] = { { 0, 0 }, { 1, 0 }, { 1000, 0 }, { 1001, 1 }, { 2000, 1 },
		{ 2001, 2 }, { 1000000, 10 }, { 1048576000, 20 },
		{ 1048576001, 21 }, { UINT64_C(1) << 62, 21 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct latency latency = { 0 };
		struct latency_totals totals = { 0 };

		latency_add(&latency, rows[i].ns, 1);
		latency_read(&latency, &totals);
		ck_assert_uint_eq(totals.count, 1);
		ck_assert_uint_eq(totals.sum_ns, rows[i].ns);
		ck_assert_uint_eq(totals.bucket[rows[i].bucket], 1);
		ck_assert_uint_ge(latency_bound_ns(rows[i].bucket), rows[i].ns);
	}
}
END_TEST

START_TEST(quantiles_count_packets_of_all_workers)
{
	struct latency one = { 0 }, other = { 0 };
	struct latency_totals totals = { 0 };

	ck_assert_uint_eq(latency_quantile_ns(&totals, 500), 0);
	latency_add(&one, 1000, 64);
	latency_add(&one, 3000, 34);
	latency_add(&other, 100000, 1);
	latency_add(&other, 2000000000, 1);
	latency_read(&one, &totals);
	latency_read(&other, &totals);
	ck_assert_uint_eq(totals.count, 100);
	ck_assert_uint_eq(totals.sum_ns, 64000 + 102000 + 2000100000);
	ck_assert_uint_eq(latency_quantile_ns(&totals, 500), 1000);
	ck_assert_uint_eq(latency_quantile_ns(&totals, 640), 1000);
	ck_assert_uint_eq(latency_quantile_ns(&totals, 641), 4000);
	ck_assert_uint_eq(latency_quantile_ns(&totals, 990), 128000);
	ck_assert_uint_eq(latency_quantile_ns(&totals, 1000), UINT64_MAX);
}
END_TEST

Suite *
suite_latency(void)
{
	Suite *suite = suite_create("latency");
	TCase *histogram = tcase_create("histogram");

	tcase_add_test(histogram,
	    a_time_is_in_the_bucket_with_the_least_bound_that_holds_it);
	tcase_add_test(histogram, quantiles_count_packets_of_all_workers);
	suite_add_tcase(suite, histogram);
	return suite;
}
