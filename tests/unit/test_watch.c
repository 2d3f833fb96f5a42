/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told of connections as they begin and end, and what of it a watcher
 * gets that reads slower than things happen.
 */
#include "watch.h"

#include "scenario.h"
#include "suites.h"

static const char rules[] =
    "inbound = ( { port = 22; action = \"allow\"; },"
    "            { protocol = \"icmp\"; action = \"allow\"; } );"
    "outbound = ( { port = \"*\"; action = \"allow\"; } );";

static const char closed[] =
    "inbound = (); outbound = ( { port = \"*\"; action = \"allow\"; } );";

#define HERE  "192.0.2.2:22"
#define THERE "198.51.100.9:40000"

/* clang-format off */
SCENARIO(tcp_is_new_then_assured_then_ends_when_its_time_is_over, rules,
	{ IN,  TCP, THERE, HERE, S,   RULE_ALLOW,  .told = "new" },
	{ OUT, TCP, HERE, THERE, S|A, ESTABLISHED, .told = "" },
	{ IN,  TCP, THERE, HERE, A,   ESTABLISHED, .told = "assured" },
	{ IN,  TCP, THERE, HERE, F|A, ESTABLISHED, .told = "" },
	{ OUT, TCP, HERE, THERE, F|A, ESTABLISHED, .told = "" },
	{ IN,  TCP, THERE, HERE, A,   ESTABLISHED, .told = "" },
	{ IN,  UDP, "198.51.100.9:1", "192.0.2.2:53", 0, NO_RULE,
	  .wait_ms = 241000, .told = "end expired" })

SCENARIO(a_packet_after_the_end_begins_anew, rules,
	{ OUT, UDP, "192.0.2.2:5000", "198.51.100.9:53", 0, RULE_ALLOW,  .told = "new" },
	{ IN,  UDP, "198.51.100.9:53", "192.0.2.2:5000", 0, ESTABLISHED, .told = "assured" },
	{ OUT, UDP, "192.0.2.2:5000", "198.51.100.9:53", 0, RULE_ALLOW,
	  .wait_ms = 301000, .told = "end expired, new" })

SCENARIO(a_new_handshake_in_the_old_place_replaces_it, rules,
	{ IN,  TCP, THERE, HERE, S,   RULE_ALLOW,  .told = "new" },
	{ OUT, TCP, HERE, THERE, R|A, ESTABLISHED, .told = "" },
	{ IN,  TCP, THERE, HERE, S,   RULE_ALLOW, .raw = true, .seq = 900000,
	  .wait_ms = 2000, .told = "end replaced, new" })

SCENARIO(a_reload_revokes_at_the_next_packet, rules,
	{ IN,  ICMP, "198.51.100.9", "192.0.2.2", PING, RULE_ALLOW, .told = "new" },
	{ OUT, ICMP, "192.0.2.2", "198.51.100.9", PONG, REVOKED,
	  .reload = closed, .told = "end revoked" })

SCENARIO(a_ban_ends_it_at_once, rules,
	{ IN,  TCP, THERE, HERE, S,   RULE_ALLOW, .told = "new" },
	{ OUT, TCP, HERE, THERE, S|A, BANNED,
	  .keeper = "ban 198.51.100.9", .told = "end banned" })

SCENARIO(what_is_killed_stays_dead_unless_it_may_open_anew, rules,
	{ IN,  TCP, THERE, HERE, S,   RULE_ALLOW,  .told = "new" },
	{ OUT, TCP, HERE, THERE, S|A, ESTABLISHED, .told = "" },
	{ IN,  TCP, THERE, HERE, A,   ESTABLISHED, .told = "assured" },
	{ OUT, UDP, "192.0.2.2:5000", "198.51.100.9:53", 0, RULE_ALLOW, .told = "new" },
	{ IN,  TCP, THERE, HERE, A|P, NOT_A_START, .length = 5,
	  .keeper = "kill 198.51.100.9", .told = "end killed", .flows = 1 },
	{ OUT, TCP, HERE, THERE, A,   NOT_A_START, .told = "" },
	{ IN,  UDP, "198.51.100.9:53", "192.0.2.2:5000", 0, NO_RULE,
	  .keeper = "kill 192.0.2.2", .told = "end killed" },
	{ OUT, UDP, "192.0.2.2:5000", "198.51.100.9:53", 0, RULE_ALLOW, .told = "new" })
/* clang-format on */

static const struct flow_event begun = { .time_ms = 5 };

static void
add_many(struct watch *watch, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		watch_add_flow(watch, &begun);
}

/* Until there is no more; *missed: as far as it was told. */
static unsigned
read_all(struct watch *watch, uint64_t *cursor, uint64_t *missed)
{
	const struct watch_item *item;
	unsigned count = 0;

	*missed = 0;
	while ((item = watch_next(watch, cursor, 1000))) {
		if (item->kind == WATCH_MISSED)
			*missed += item->missed;
		else
			count++;
	}
	return count;
}

/* Two watchers of one store, and what each has of it. */
START_TEST(who_is_slow_is_told_how_much_went_by)
{
	struct watch *watch = watch_create();
	uint64_t missed;

	add_many(watch, 3);
	uint64_t quick = watch_begin(watch, 1000), slow = quick;
	ck_assert_uint_eq(read_all(watch, &quick, &missed), 0);
	add_many(watch, WATCH_KEPT);
	ck_assert_uint_eq(read_all(watch, &quick, &missed), WATCH_KEPT);
	ck_assert_uint_eq(missed, 0);
	add_many(watch, 10);
	ck_assert_uint_eq(read_all(watch, &quick, &missed), 10);
	ck_assert_uint_eq(read_all(watch, &slow, &missed), WATCH_KEPT);
	ck_assert_uint_eq(missed, 10);
	/* what no ring had room for, each is told */
	watch_add_missed(watch, 7, 1000);
	ck_assert_uint_eq(read_all(watch, &quick, &missed), 0);
	ck_assert_uint_eq(missed, 7);
	ck_assert_uint_eq(read_all(watch, &slow, &missed), 0);
	ck_assert_uint_eq(missed, 7);
	watch_destroy(watch);
}
END_TEST

START_TEST(it_is_off_when_nobody_has_asked_for_three_seconds)
{
	struct watch *watch = watch_create();

	ck_assert(!watch_is_on(watch, 1));
	uint64_t cursor = watch_begin(watch, 1000);
	ck_assert(watch_is_on(watch, 3999));
	ck_assert(!watch_is_on(watch, 4000));
	watch_next(watch, &cursor, 5000);
	ck_assert(watch_is_on(watch, 5001));
	watch_destroy(watch);
}
END_TEST

Suite *
suite_watch(void)
{
	Suite *suite = suite_create("watch");
	TCase *events = tcase_create("events"), *store = tcase_create("store");

	ADD_SCENARIO(
	    events, tcp_is_new_then_assured_then_ends_when_its_time_is_over);
	ADD_SCENARIO(events, a_packet_after_the_end_begins_anew);
	ADD_SCENARIO(events, a_new_handshake_in_the_old_place_replaces_it);
	ADD_SCENARIO(events, a_reload_revokes_at_the_next_packet);
	ADD_SCENARIO(events, a_ban_ends_it_at_once);
	ADD_SCENARIO(events, what_is_killed_stays_dead_unless_it_may_open_anew);
	tcase_add_test(store, who_is_slow_is_told_how_much_went_by);
	tcase_add_test(
	    store, it_is_off_when_nobody_has_asked_for_three_seconds);
	suite_add_tcase(suite, events);
	suite_add_tcase(suite, store);
	return suite;
}
