/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of a process before: taken over, judged by today's rules, counted for
 * what they are; and every kind of damage to them, which costs the damaged flow
 * and nothing else.  192.0.2.2 is our host.
 */
#include "scenario.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "policies.h"

#define OUTBOUND_ALL "outbound = ( { port = \"*\"; action = \"allow\"; } );"
#define SSH          "inbound = ( { port = 22; action = \"allow\"; } );" OUTBOUND_ALL
#define NOTHING      "inbound = ( ); outbound = ( );"
#define KEEP_NOTHING "on_reload = \"keep\";" NOTHING
#define STATELESS                                                              \
	"inbound = ( { port = 22; action = \"allow\"; stateful = false; } );"  \
	"outbound = ( );"
#define TWO_FLOWS                                                              \
	"inbound = ( { name = \"ssh\"; port = 22; action = \"allow\";"         \
	"              max_flows = 2; max_flows_per_source = 1; } );"          \
	"outbound = ( );"
#define SMALL "conntrack = { max_flows = 64; };" OUTBOUND_ALL

/* clang-format off */
SCENARIO(connections_go_on, SSH,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", S | A, ESTABLISHED },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     ESTABLISHED },
	{ OUT, UDP, "192.0.2.2:40000", "203.0.113.1:53",  0,     RULE_ALLOW },
	{ OUT, ICMP, "192.0.2.2", "203.0.113.1", PING,           RULE_ALLOW, .id = 7 },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", P | A, ESTABLISHED, .length = 10, .restart = SSH, .state = "established", .flows = 3 },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", A,     ESTABLISHED },
	{ IN,  UDP, "203.0.113.1:53", "192.0.2.2:40000",  0,     ESTABLISHED },
	{ IN,  ICMP, "203.0.113.1", "192.0.2.2", PONG,           ESTABLISHED, .id = 7 },
	{ IN,  UDP, "203.0.113.9:53", "192.0.2.2:40000",  0,     NO_RULE },
	{ IN,  TCP, "198.51.100.1:50001", "192.0.2.2:22", A,     NOT_A_START },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", F | A, ESTABLISHED, .restart_from_file = SSH, .flows = 3 },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", F | A, ESTABLISHED, .restart = SSH, .state = "last-ack" })

SCENARIO(a_handshake_goes_on, SSH,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", S | A, ESTABLISHED, .restart = SSH, .state = "syn-received" },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     ESTABLISHED, .restart = SSH, .state = "established" })

SCENARIO(windows_are_remembered, SSH,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", S | A, ESTABLISHED },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     ESTABLISHED },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", R,     BAD_WINDOW, .raw = true, .seq = 900000, .restart = SSH, .state = "established" })

SCENARIO(what_the_rules_of_today_refuse_does_not, SSH,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ OUT, UDP, "192.0.2.2:40000", "203.0.113.1:53",  0,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", S | A, NOT_A_START, .restart = NOTHING, .state = "" },
	{ IN,  UDP, "203.0.113.1:53", "192.0.2.2:40000",  0,     NO_RULE,     .restart = SSH })

SCENARIO(under_keep_it_does, SSH,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", S | A, ESTABLISHED, .restart_from_file = KEEP_NOTHING, .flows = 1 },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     REVOKED, .reload = NOTHING })

SCENARIO(a_rule_that_is_stateless_now_has_no_flows, SSH,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     RULE_ALLOW, .restart = STATELESS, .state = "" },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", A,     NOT_A_START })

SCENARIO(it_is_judged_again_when_the_rules_change_later, SSH,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", S | A, ESTABLISHED, .restart = SSH },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     REVOKED, .reload = NOTHING, .state = "" })

SCENARIO(time_goes_on_meanwhile, SSH,
	{ OUT, UDP, "192.0.2.2:40000", "203.0.113.1:53",  0,     RULE_ALLOW, .expires_s = 120 },
	{ OUT, UDP, "192.0.2.2:40001", "203.0.113.1:53",  0,     RULE_ALLOW, .wait_ms = 100000, .flows = 2 },
	{ IN,  UDP, "203.0.113.1:53", "192.0.2.2:40000",  0,     NO_RULE,    .wait_ms = 20000, .restart = SSH, .flows = 1 },
	{ IN,  UDP, "203.0.113.1:53", "192.0.2.2:40001",  0,     ESTABLISHED })

SCENARIO(flows_are_counted_again_and_given_back, TWO_FLOWS,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22", "198.51.100.1:50000", S | A, ESTABLISHED },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", A,     ESTABLISHED },
	{ IN,  TCP, "198.51.100.1:50001", "192.0.2.2:22", S,     MAX_FLOWS_PER_SOURCE, .restart = TWO_FLOWS },
	{ IN,  TCP, "203.0.113.2:50000", "192.0.2.2:22",  S,     RULE_ALLOW },
	{ IN,  TCP, "192.0.2.3:50000", "192.0.2.2:22",    S,     MAX_FLOWS,  .restart_from_file = TWO_FLOWS },
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", R,     ESTABLISHED, .state = "closed" },
	{ IN,  TCP, "198.51.100.1:50001", "192.0.2.2:22", S,     RULE_ALLOW, .wait_ms = 240000, .flows = 1 },
	{ IN,  TCP, "192.0.2.3:50000", "192.0.2.2:22",    S,     RULE_ALLOW, .flows = 2 })

SCENARIO(a_flow_moves_to_the_rule_that_allows_it_today, SSH,
	{ IN,  TCP, "198.51.100.1:50000", "192.0.2.2:22", S,     RULE_ALLOW },
	{ IN,  TCP, "198.51.100.1:50001", "192.0.2.2:22", S,     MAX_FLOWS_PER_SOURCE, .restart = TWO_FLOWS })

/* A quarter of 64 may be half-open, those before included. */
SCENARIO(half_open_ones_are_counted_again, SMALL,
	{ OUT, TCP, "192.0.2.2:40000", "203.0.113.1:80",  S,     RULE_ALLOW, .again = 9, .flows = 10 },
	{ OUT, TCP, "192.0.2.2:50000", "203.0.113.2:80",  S,     RULE_ALLOW, .restart = SMALL, .again = 5, .flows = 16 })

SCENARIO(a_smaller_table_takes_what_it_can, OUTBOUND_ALL,
	{ OUT, UDP, "192.0.2.2:40000", "203.0.113.1:53",  0,     RULE_ALLOW, .again = 79, .flows = 80 },
	{ OUT, UDP, "192.0.2.2:41000", "203.0.113.1:53",  0,     RULE_ALLOW, .restart = SMALL, .flows = 64 })
/* clang-format on */

/* ---- damage */

#define MAX_FLOWS_HERE 64
#define NAMES          4

static struct interfaces *interfaces;
static struct filter *filter;
static void *image;
static size_t image_size;
static const uint64_t now_ms = UINT64_C(1000000000);

static void
make_filter(void *memory)
{
	struct filter_options options = {
		.max_flows = MAX_FLOWS_HERE,
		.workers = 1,
		.interfaces = interfaces,
		.memory = memory,
	};
	struct policy *old;

	filter = filter_create(&options);
	ck_assert(filter != NULL);
	filter_enter(filter, 0);
	ck_assert(filter_publish(filter, policy_of(SSH), &old));
}

static void
end_filter(void)
{
	filter_leave(filter, 0);
	filter_destroy(filter);
}

/* ssh from 198.51.100.1, of which both sides have spoken, on "eth0". */
static void
open_ssh(void)
{
	struct packet p = {
		.tuple = { .family = FAMILY_IPV4,
		    .protocol = PROTOCOL_TCP,
		    .sport = 50000,
		    .dport = 22 },
		.direction = INBOUND,
		.in_interface = interfaces_intern(interfaces, "eth0"),
	};
	struct saved_flow saved = {
		.word = flow_word_pack(
		    (struct flow_word){ .state = STATE_ESTABLISHED,
			.seen = (uint32_t)(now_ms / TICK_MS) }),
		.max_window = { 1000, 1000 },
		.interfaces = p.in_interface,
	};
	struct lookup lookup;

	ck_assert(address_parse("198.51.100.1", &p.tuple.src));
	ck_assert(address_parse("192.0.2.2", &p.tuple.dst));
	flowkey_lookup(filter_table(filter), &p.tuple, &lookup);
	flowkey_set_origin(&lookup.key, &lookup, INBOUND);
	memcpy(saved.key, &lookup.key, sizeof(saved.key));
	ck_assert_uint_eq(saved.interfaces, 1);
	void *one = calloc(1, image_of_flows(NULL, NAMES, 1));
	image_of_flows(one, NAMES, 1);
	image_put_name(one, 1, "eth0");
	image_put(one, 0, &saved);
	uint64_t totals[RESTORED_COUNT] = { 0 };
	ck_assert(filter_restore(filter, one, now_ms, totals));
	ck_assert_uint_eq(totals[RESTORED], 1);
	free(one);
}

/* An image of a table with that flow alone, whose process has ended. */
static void
set_up(void)
{
	size_t front = image_front_size(NAMES);

	interfaces = interfaces_create();
	image_size = front + table_size(MAX_FLOWS_HERE, 1);
	image = aligned_alloc(64, (image_size + 63) & ~(size_t)63);
	memset(image, 0, image_size);
	make_filter((char *)image + front);
	image_of_table(image, NAMES, filter_table(filter));
	image_put_name(image, 1, "eth0");
	open_ssh();
	end_filter();
	interfaces_destroy(interfaces);
	interfaces = interfaces_create();
	interfaces_intern(interfaces, "another");
	make_filter(NULL);
}

static void
tear_down(void)
{
	end_filter();
	interfaces_destroy(interfaces);
	free(image);
}

/* What becomes of the one flow of the image. */
static enum restored
fate(void)
{
	uint64_t totals[RESTORED_COUNT] = { 0 };
	unsigned what = RESTORED_COUNT;
	const char *why;
	const struct image_head *head = image_read(image, image_size, &why);

	ck_assert_msg(head != NULL, "%s", why);
	ck_assert(filter_restore(filter, head, now_ms, totals));
	for (unsigned i = 0; i < RESTORED_COUNT; i++)
		if (totals[i])
			what = i;
	ck_assert_uint_eq(filter_flow_count(filter), totals[RESTORED]);
	return what;
}

/* The entry that the only slot names, and that slot. */
static struct saved_flow *
entry(uint64_t **slot)
{
	const struct image_head *head = image;
	uint64_t *slots = (void *)((char *)image + head->slots_at);
	struct saved_flow *flows = (void *)((char *)image + head->flows_at);

	for (uint64_t i = 0; i < head->slots; i++)
		if (slots[i]) {
			*slot = &slots[i];
			return &flows[table_entry_named(slots[i])];
		}
	ck_abort_msg("no slot names an entry");
}

/* A word of the entry, at this place, with these bits turned. */
#define WORD_OF(field) offsetof(struct saved_flow, field)
static const struct {
	const char *what;
	size_t at;
	uint64_t turned;
	enum restored want;
} damages[] = {
	{ "nothing", WORD_OF(word), 0, RESTORED },
	{ "an address is of no family's kind", WORD_OF(key[0]), 1,
	    RESTORED_ODD },
	{ "the two ends change places", WORD_OF(key[1]), 0x0f000000,
	    RESTORED_ODD },
	{ "the family is 5", WORD_OF(key[4]), UINT64_C(1) << 16, RESTORED_ODD },
	{ "it says UDP, in a state of TCP", WORD_OF(key[4]),
	    (UINT64_C(6) ^ 17) << 24, RESTORED_ODD },
	{ "it says ICMP, with ports", WORD_OF(key[4]), (UINT64_C(6) ^ 1) << 24,
	    RESTORED_ODD },
	{ "it is a datagram in fragments", WORD_OF(key[4]), UINT64_C(5) << 8,
	    RESTORED_ODD },
	{ "it is an echo, of TCP", WORD_OF(key[4]), UINT64_C(1) << 8,
	    RESTORED_ODD },
	{ "its hook is none", WORD_OF(key[4]), 6, RESTORED_ODD },
	{ "its spare bits are used", WORD_OF(key[4]), 0x40, RESTORED_ODD },
	{ "its port is another, which no rule opens", WORD_OF(key[4]),
	    UINT64_C(1) << 48, RESTORED_REFUSED },
	{ "its state is none", WORD_OF(word), STATE_ESTABLISHED, RESTORED_ODD },
	{ "its state is beyond all", WORD_OF(word), STATE_ESTABLISHED ^ 15,
	    RESTORED_ODD },
	{ "its state is UDP's", WORD_OF(word), STATE_ESTABLISHED ^ STATE_BOTH,
	    RESTORED_ODD },
	{ "it was seen tomorrow", WORD_OF(word), UINT64_C(1) << 54,
	    RESTORED_ODD },
	{ "it was seen years ago", WORD_OF(word), UINT64_C(1) << 63,
	    RESTORED_ODD },
	{ "it was seen days ago", WORD_OF(word), (UINT64_C(10000000) ^ 2) << 32,
	    RESTORED_OVER },
	{ "it ends", WORD_OF(word), UINT64_MAX, RESTORED_COUNT },
	{ "another policy allowed it", WORD_OF(word), UINT64_C(77) << 16,
	    RESTORED },
	{ "the opener has no window", WORD_OF(max_window), 1000, RESTORED_ODD },
	{ "the responder has no window", WORD_OF(max_window),
	    UINT64_C(1000) << 32, RESTORED_ODD },
	{ "its numbers are others", WORD_OF(window), UINT64_MAX / 3, RESTORED },
	{ "its rule is another", WORD_OF(challenge), UINT64_MAX, RESTORED },
	{ "its interface is one without a name", WORD_OF(created),
	    UINT64_C(3) << 32, RESTORED_ODD },
	{ "its interface is beyond all", WORD_OF(created), UINT64_C(99) << 32,
	    RESTORED_ODD },
	{ "its second interface is none's", WORD_OF(created), UINT64_C(1) << 51,
	    RESTORED_ODD },
};

START_TEST(damage_costs_the_flow)
{
	uint64_t *slot, word;
	char *place = (char *)entry(&slot) + damages[_i].at;

	memcpy(&word, place, sizeof(word));
	/* All bits of what is there: it is 0 then. */
	word =
	    damages[_i].want == RESTORED_COUNT ? 0 : word ^ damages[_i].turned;
	memcpy(place, &word, sizeof(word));
	enum restored what = fate();
	ck_assert_msg(what == damages[_i].want, "%s: %u, not %u",
	    damages[_i].what, what, damages[_i].want);
}
END_TEST

START_TEST(its_interface_is_found_by_name)
{
	struct flow_view view;
	uint32_t cursor = 0;

	ck_assert_int_eq(fate(), RESTORED);
	ck_assert(filter_next_flow(filter, &cursor, now_ms, &view));
	ck_assert_uint_eq(
	    view.in_interface, interfaces_find(interfaces, "eth0"));
	ck_assert_uint_eq(view.in_interface, 2);
}
END_TEST

START_TEST(a_pending_slot_names_nothing)
{
	uint64_t *slot;

	entry(&slot);
	*slot |= UINT64_C(1) << 63;
	ck_assert_int_eq(fate(), RESTORED_COUNT);
}
END_TEST

START_TEST(a_slot_may_name_what_is_not_there)
{
	uint64_t *slot;

	entry(&slot);
	*slot |= UINT32_MAX;
	ck_assert_int_eq(fate(), RESTORED_COUNT);
	*slot = ((struct image_head *)image)->flows;
	ck_assert_int_eq(fate(), RESTORED_COUNT);
}
END_TEST

/* The flow lives once. */
START_TEST(two_slots_may_name_one_entry)
{
	uint64_t totals[RESTORED_COUNT] = { 0 }, *slot;

	entry(&slot);
	const struct image_head *head = image;
	uint64_t *first = (void *)((char *)image + head->slots_at);
	*(slot == first ? slot + 1 : first) = *slot;
	ck_assert(filter_restore(filter, head, now_ms, totals));
	ck_assert_uint_eq(totals[RESTORED], 1);
	ck_assert_uint_eq(totals[RESTORED_ODD], 1);
	ck_assert_uint_eq(filter_flow_count(filter), 1);
}
END_TEST

/* A word of the head, in its place. */
#define HEAD_AT(field) offsetof(struct image_head, field)
static const struct {
	const char *what;
	size_t at;
	uint64_t value;
	const char *why; /* part of it */
} heads[] = {
	{ "no magic", HEAD_AT(magic), 0, "not of ephemerald" },
	{ "another version", HEAD_AT(version), 128 * (UINT64_C(1) << 32) + 2,
	    "another version" },
	{ "another size of flows", HEAD_AT(version),
	    120 * (UINT64_C(1) << 32) + 1, "another version" },
	{ "a size of 0", HEAD_AT(size), 0, "cut off" },
	{ "too many names", HEAD_AT(names), 65537, "cut off" },
	{ "names into the slots", HEAD_AT(names), 64, "cut off" },
	{ "names beyond all", HEAD_AT(names), UINT64_MAX, "cut off" },
	{ "slots in the head", HEAD_AT(slots_at), 0, "cut off" },
	{ "slots not aligned", HEAD_AT(slots_at), 2049, "cut off" },
	{ "slots behind the flows", HEAD_AT(slots_at), 1 << 20, "cut off" },
	{ "slots into the flows", HEAD_AT(slots), 1 << 20, "cut off" },
	{ "slots without number", HEAD_AT(slots), UINT64_MAX, "cut off" },
	{ "flows in the head", HEAD_AT(flows_at), 0, "cut off" },
	{ "flows beyond the end", HEAD_AT(flows_at), UINT64_MAX - 63,
	    "cut off" },
	{ "one flow too many", HEAD_AT(flows), 1 << 20, "cut off" },
	{ "flows without number", HEAD_AT(flows), UINT64_MAX, "cut off" },
};

START_TEST(a_damaged_head_is_refused_in_words)
{
	const char *why;

	memcpy((char *)image + heads[_i].at, &heads[_i].value,
	    sizeof(heads[_i].value));
	ck_assert_msg(
	    !image_read(image, image_size, &why), "%s", heads[_i].what);
	ck_assert_msg(
	    strstr(why, heads[_i].why), "%s: %s", heads[_i].what, why);
}
END_TEST

START_TEST(a_cut_image_is_refused)
{
	const char *why;

	for (size_t size = 0; size < image_size; size++)
		ck_assert(!image_read(image, size, &why));
}
END_TEST

Suite *
suite_restore(void)
{
	Suite *suite = suite_create("restore");
	TCase *flows = tcase_create("flows");
	TCase *damage = tcase_create("damage");

	ADD_SCENARIO(flows, connections_go_on);
	ADD_SCENARIO(flows, a_handshake_goes_on);
	ADD_SCENARIO(flows, windows_are_remembered);
	ADD_SCENARIO(flows, what_the_rules_of_today_refuse_does_not);
	ADD_SCENARIO(flows, under_keep_it_does);
	ADD_SCENARIO(flows, a_rule_that_is_stateless_now_has_no_flows);
	ADD_SCENARIO(flows, it_is_judged_again_when_the_rules_change_later);
	ADD_SCENARIO(flows, time_goes_on_meanwhile);
	ADD_SCENARIO(flows, flows_are_counted_again_and_given_back);
	ADD_SCENARIO(flows, a_flow_moves_to_the_rule_that_allows_it_today);
	ADD_SCENARIO(flows, half_open_ones_are_counted_again);
	ADD_SCENARIO(flows, a_smaller_table_takes_what_it_can);
	suite_add_tcase(suite, flows);
	tcase_add_checked_fixture(damage, set_up, tear_down);
	tcase_add_loop_test(damage, damage_costs_the_flow, 0,
	    sizeof(damages) / sizeof(damages[0]));
	tcase_add_test(damage, its_interface_is_found_by_name);
	tcase_add_test(damage, a_pending_slot_names_nothing);
	tcase_add_test(damage, a_slot_may_name_what_is_not_there);
	tcase_add_test(damage, two_slots_may_name_one_entry);
	tcase_add_loop_test(damage, a_damaged_head_is_refused_in_words, 0,
	    sizeof(heads) / sizeof(heads[0]));
	tcase_add_test(damage, a_cut_image_is_refused);
	suite_add_tcase(suite, damage);
	return suite;
}
