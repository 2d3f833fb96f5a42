/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeping keeps up with a table that is far larger than a step: calls that are
 * told "more is due" and go on within a tick visit all of it, pass for pass.
 */
#include <string.h>

#include "conf.h"
#include "filter.h"
#include "suites.h"

#define MAX_FLOWS 1000000 /* over 30,000 shares of 64 slots */
#define FLOWS     4096
#define LENGTH    28 /* IPv4 and UDP, empty */
#define DAY_MS    86400000
#define PASS_MS   10000

/* A datagram that opens flow number `flow`. */
static struct frame
datagram(uint8_t bytes[LENGTH], unsigned flow)
{
	const uint8_t header[LENGTH] = { 0x45, 0, 0, LENGTH, 0, 0, 0, 0, 64,
		PROTOCOL_UDP, 0, 0, 198, 18, (uint8_t)(flow >> 8),
		(uint8_t)flow, 192, 0, 2, 1, 0x9c, 0x40, 0, 53, 0, 8 };

	memcpy(bytes, header, LENGTH);
	return (struct frame){
		.bytes = bytes,
		.captured = LENGTH,
		.length = LENGTH,
		.direction = INBOUND,
	};
}

static struct filter *
start(struct interfaces *interfaces)
{
	const char text[] = "inbound = ( { port = 53; action = \"allow\"; } );";
	struct conf_text file = { "test.conf", text, strlen(text) };
	struct diagnostics diagnostics = { 0 };
	struct policy *old, *policy = conf_load(&file, 1, &diagnostics);
	struct filter_options options = {
		.max_flows = MAX_FLOWS,
		.workers = 1,
		.hash_key = { 42 },
		.interfaces = interfaces,
	};
	struct filter *filter = filter_create(&options);

	diagnostics_clear(&diagnostics);
	ck_assert(policy && filter && filter_publish(filter, policy, &old));
	filter_enter(filter, 0);
	return filter;
}

static void
open_flows(struct filter *filter, uint64_t now_ms)
{
	for (unsigned i = 0; i < FLOWS; i++) {
		uint8_t bytes[LENGTH];
		struct frame frame = datagram(bytes, i);
		struct decision decision;

		filter_batch(filter, 0, &frame, &decision, 1, now_ms);
		ck_assert_int_eq(decision.why, RULE_ALLOW);
		filter_quiescent(filter, 0);
	}
	ck_assert_uint_eq(filter_flow_count(filter), FLOWS);
}

/* As a worker does that wakes but once in that time. */
static const unsigned wakes_ms[] = { 100, 400, 5000, DAY_MS };

START_TEST(a_large_table_is_swept_within_two_passes)
{
	struct interfaces *interfaces = interfaces_create();
	struct filter *filter = start(interfaces);
	uint64_t now_ms = DAY_MS, expired_ms;

	while (filter_sweep(filter, 0, now_ms))
		;
	open_flows(filter, now_ms);
	expired_ms = now_ms += DAY_MS;
	do {
		unsigned calls = 0;
		while (filter_sweep(filter, 0, now_ms))
			ck_assert_uint_lt(++calls, 10000);
		/* Again in the same tick: there is nothing to do. */
		ck_assert(!filter_sweep(filter, 0, now_ms));
		now_ms += wakes_ms[_i];
	} while (now_ms < expired_ms + 2 * PASS_MS);
	ck_assert_uint_eq(filter_flow_count(filter), 0);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
}
END_TEST

Suite *
suite_sweep(void)
{
	Suite *suite = suite_create("sweep");
	TCase *tests = tcase_create("sweep");

	tcase_set_timeout(tests, 30);
	tcase_add_loop_test(tests, a_large_table_is_swept_within_two_passes, 0,
	    (int)(sizeof(wakes_ms) / sizeof(wakes_ms[0])));
	suite_add_tcase(suite, tests);
	return suite;
}
