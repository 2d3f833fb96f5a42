/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of addresses: stories of one set, step by step; then a hundred thousand
 * random steps against a list that is searched from end to end.
 */
#include "set.h"

#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const uint8_t key[16] = "0123456789abcdef";

enum verb {
	END,    /* of the story */
	ADD,    /* text for ever, or until `time`; gives ADDED, ... */
	DEL,    /* text; gives 1: it was there */
	HAS,    /* text; gives 1: it is in the set */
	MATCH,  /* text; `member` is the longest that holds it */
	EXPIRE, /* at `time`; gives how many end */
	SIZE,   /* gives how many members there are */
};

struct step {
	enum verb verb;
	const char *text;
	unsigned gives;
	uint64_t time; /* 0: for ever */
	const char *member;
};

/* clang-format off */
static const struct step what_was_added_is_in_it[] = {
	{ HAS, "192.0.2.1",       0 },
	{ ADD, "192.0.2.1",       SET_ADDED },
	{ HAS, "192.0.2.1",       1 },
	{ HAS, "192.0.2.0",       0 },
	{ HAS, "192.0.2.2",       0 },
	{ ADD, "2001:db8::1",     SET_ADDED },
	{ HAS, "2001:db8::1",     1 },
	{ HAS, "2001:db8::2",     0 },
	{ ADD, "192.0.2.1",       SET_UPDATED },
	{ SIZE, NULL,             2 },
	{ 0 } };

static const struct step a_prefix_holds_its_addresses_and_no_more[] = {
	{ ADD, "192.0.2.0/24",    SET_ADDED },
	{ HAS, "192.0.1.255",     0 },
	{ HAS, "192.0.2.0",       1 },
	{ HAS, "192.0.2.255",     1 },
	{ HAS, "192.0.3.0",       0 },
	{ ADD, "2001:db8:4::/46", SET_ADDED },
	{ HAS, "2001:db8:3:ffff:ffff:ffff:ffff:ffff", 0 },
	{ HAS, "2001:db8:4::",    1 },
	{ HAS, "2001:db8:7:ffff:ffff:ffff:ffff:ffff", 1 },
	{ HAS, "2001:db8:8::",    0 },
	{ ADD, "2001:db8:0:1::/64", SET_ADDED },
	{ HAS, "2001:db8:0:1:ffff:ffff:ffff:ffff", 1 },
	{ HAS, "2001:db8:0:2::",  0 },
	{ ADD, "2001:db8:0:3:8000::/65", SET_ADDED },
	{ HAS, "2001:db8:0:3:7fff:ffff:ffff:ffff", 0 },
	{ HAS, "2001:db8:0:3:8000::", 1 },
	{ 0 } };

static const struct step families_never_mix[] = {
	{ ADD, "::/0",            SET_ADDED },
	{ HAS, "192.0.2.1",       0 },
	{ HAS, "2001:db8::1",     1 },
	{ DEL, "0.0.0.0/0",       0 },
	{ DEL, "::/0",            1 },
	{ ADD, "0.0.0.0/0",       SET_ADDED },
	{ HAS, "192.0.2.1",       1 },
	{ HAS, "255.255.255.255", 1 },
	{ HAS, "2001:db8::1",     0 },
	{ HAS, "::",              0 },
	{ HAS, "::1",             0 },
	{ 0 } };

static const struct step prefixes_stand_within_others[] = {
	{ ADD, "10.0.0.0/8",      SET_ADDED },
	{ ADD, "10.1.0.0/16",     SET_ADDED },
	{ ADD, "10.1.2.3",        SET_ADDED },
	{ MATCH, "10.1.2.3",      1, 0, "10.1.2.3" },
	{ MATCH, "10.1.2.4",      1, 0, "10.1.0.0/16" },
	{ MATCH, "10.2.0.1",      1, 0, "10.0.0.0/8" },
	{ DEL, "10.1.0.0/16",     1 },
	{ DEL, "10.1.0.0/16",     0 },
	{ MATCH, "10.1.2.4",      1, 0, "10.0.0.0/8" },
	{ DEL, "10.0.0.0/8",      1 },
	{ HAS, "10.1.2.4",        0 },
	{ HAS, "10.1.2.3",        1 },
	{ DEL, "10.1.2.0/24",     0 },
	{ DEL, "10.1.2.3",        1 },
	{ HAS, "10.1.2.3",        0 },
	{ SIZE, NULL,             0 },
	{ 0 } };

static const struct step a_member_ends_in_time[] = {
	{ ADD, "192.0.2.1",       SET_ADDED, 1000 },
	{ ADD, "192.0.2.2",       SET_ADDED, 2000 },
	{ ADD, "192.0.2.3",       SET_ADDED },
	{ EXPIRE, NULL,           0, 999 },
	{ HAS, "192.0.2.1",       1 },
	{ EXPIRE, NULL,           1, 1000 },
	{ HAS, "192.0.2.1",       0 },
	{ HAS, "192.0.2.2",       1 },
	{ EXPIRE, NULL,           1, 1000000 },
	{ HAS, "192.0.2.2",       0 },
	{ HAS, "192.0.2.3",       1 },
	{ 0 } };

static const struct step a_new_end_replaces_the_old[] = {
	{ ADD, "192.0.2.1",       SET_ADDED,   1000 },
	{ ADD, "192.0.2.2",       SET_ADDED,   9000 },
	{ ADD, "192.0.2.1",       SET_UPDATED, 5000 },
	{ ADD, "192.0.2.2",       SET_UPDATED, 2000 },
	{ EXPIRE, NULL,           1, 2000 },
	{ HAS, "192.0.2.1",       1 },
	{ HAS, "192.0.2.2",       0 },
	{ ADD, "192.0.2.1",       SET_UPDATED },
	{ EXPIRE, NULL,           0, 9000 },
	{ HAS, "192.0.2.1",       1 },
	{ ADD, "192.0.2.1",       SET_UPDATED, 9500 },
	{ EXPIRE, NULL,           1, 9500 },
	{ HAS, "192.0.2.1",       0 },
	{ 0 } };

/* Four members at most. */
static const struct step a_full_set_drops_whom_is_nearest_its_end[] = {
	{ ADD, "192.0.2.1",       SET_ADDED, 4000 },
	{ ADD, "192.0.2.2",       SET_ADDED, 2000 },
	{ ADD, "192.0.2.3",       SET_ADDED },
	{ ADD, "192.0.2.4",       SET_ADDED, 3000 },
	{ ADD, "192.0.2.5",       SET_ADDED, 1000 },
	{ HAS, "192.0.2.2",       0 },
	{ SIZE, NULL,             4 },
	{ ADD, "192.0.2.6",       SET_ADDED },
	{ HAS, "192.0.2.5",       0 },
	{ HAS, "192.0.2.4",       1 },
	{ ADD, "192.0.2.7",       SET_ADDED },
	{ HAS, "192.0.2.4",       0 },
	{ ADD, "192.0.2.8",       SET_ADDED },
	{ HAS, "192.0.2.1",       0 },
	{ ADD, "192.0.2.9",       SET_FULL },
	{ ADD, "192.0.2.9",       SET_FULL, 9000 },
	{ HAS, "192.0.2.9",       0 },
	{ ADD, "192.0.2.8",       SET_UPDATED, 9000 },
	{ ADD, "192.0.2.9",       SET_ADDED },
	{ HAS, "192.0.2.3",       1 },
	{ HAS, "192.0.2.6",       1 },
	{ SIZE, NULL,             4 },
	{ 0 } };

static const struct {
	const char *claim;
	const struct step *steps;
	uint32_t max;
} stories[] = {
	{ "what was added is in it", what_was_added_is_in_it, 100 },
	{ "a prefix holds its addresses and no more", a_prefix_holds_its_addresses_and_no_more, 100 },
	{ "families never mix", families_never_mix, 100 },
	{ "prefixes stand within others", prefixes_stand_within_others, 100 },
	{ "a member ends in time", a_member_ends_in_time, 100 },
	{ "a new end replaces the old", a_new_end_replaces_the_old, 100 },
	{ "a full set drops whom is nearest its end", a_full_set_drops_whom_is_nearest_its_end, 4 },
};
/* clang-format on */

static struct prefix
prefix(const char *text)
{
	struct prefix p = { 0 };

	if (text)
		ck_assert_msg(prefix_parse(text, &p), "%s", text);
	return p;
}

/* The member's text, with the end that it shows. */
static void
show(const struct set_member *member, char text[2 * ADDRESS_TEXT_SIZE])
{
	struct address_range range = prefix_range(&member->prefix);

	address_range_print(&range, text, 2 * ADDRESS_TEXT_SIZE);
}

static unsigned
take_step(struct set *set, const struct step *step, uint32_t max,
    const char *story, int row)
{
	struct prefix p = prefix(step->text);
	struct set_member member;
	char text[2 * ADDRESS_TEXT_SIZE] = "";

	switch (step->verb) {
	case ADD:
		return set_add(
		    set, &p, step->time ? step->time : SET_FOREVER, max);
	case DEL:
		return set_remove(set, &p);
	case HAS:
		return set_has(set, p.address);
	case MATCH:
		if (!set_match(set, p.address, &member))
			return 0;
		show(&member, text);
		ck_assert_msg(strcmp(text, step->member) == 0,
		    "%s, step %d: %s, not %s", story, row, text, step->member);
		return 1;
	case EXPIRE:
		return (unsigned)set_expire(set, step->time);
	case SIZE:
		return set_count(set);
	case END:
		break;
	}
	return UINT32_MAX;
}

START_TEST(stories_hold)
{
	struct set *set = set_create(key);

	for (int row = 0; stories[_i].steps[row].verb != END; row++) {
		const struct step *step = &stories[_i].steps[row];
		unsigned got = take_step(
		    set, step, stories[_i].max, stories[_i].claim, row);
		ck_assert_msg(got == step->gives, "%s, step %d: %u, not %u",
		    stories[_i].claim, row, got, step->gives);
	}
	set_destroy(set);
}
END_TEST

/* Everything that happens in a table: many members of one length, gone ones
 * that make room, splits, an end and a new beginning. */
/* Whatever its length, a member is one. */
START_TEST(a_set_is_empty_until_it_has_a_member_of_any_length)
{
	static const char *const members[] = { "0.0.0.0/0", "192.0.2.0/24",
		"192.0.2.1", "::/0", "2001:db8::/63", "2001:db8::/64",
		"2001:db8::/65", "2001:db8::1" };
	struct set *set = set_create(key);
	struct prefix prefix;

	for (size_t i = 0; i < COUNT(members); i++) {
		ck_assert(set_is_empty(set));
		ck_assert(prefix_parse(members[i], &prefix));
		set_add(set, &prefix, SET_FOREVER, 10);
		ck_assert_msg(!set_is_empty(set), "%s", members[i]);
		set_remove(set, &prefix);
	}
	ck_assert(set_is_empty(set));
	set_destroy(set);
}
END_TEST

START_TEST(a_table_grows_and_ends)
{
	struct set *set = set_create(key);

	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t n = 0; n < 20000; n++) {
			struct prefix p = prefix_of(address_from_v4(n), 128);
			ck_assert_uint_eq(
			    set_add(set, &p, SET_FOREVER, 20000), SET_ADDED);
		}
		for (uint32_t n = 0; n < 40000; n++)
			ck_assert_msg(
			    set_has(set, address_from_v4(n)) == (n < 20000),
			    "%u", n);
		for (uint32_t n = 0; n < 20000; n++) {
			struct prefix p = prefix_of(address_from_v4(n), 128);
			ck_assert(set_remove(set, &p));
		}
		ck_assert_uint_eq(set_count(set), 0);
		ck_assert_uint_gt(set_retired(set), 20000);
		set_reclaim(set);
		ck_assert_uint_eq(set_retired(set), 0);
	}
	set_destroy(set);
}
END_TEST

/* ---- against a list */

#define LISTED 300

struct list {
	struct set_member member[LISTED];
	size_t count;
};

static uint64_t seed = 42;

static uint64_t
chance(uint64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (seed >> 33) % below;
}

/* So few that members meet: nested, equal, and of both families. */
static struct prefix
any_prefix(void)
{
	bool v6 = chance(2);
	struct address a =
	    v6 ? (struct address){ 0x20010db800000000 | chance(4),
		    chance(4) << 62 | chance(4) }
	       : address_from_v4(
		     0x0a000000u | (uint32_t)(chance(4) << 14 | chance(16)));

	return prefix_of(a, (unsigned)(v6 ? 60 + chance(69) : 96 + chance(33)));
}

static bool
list_has(const struct list *list, struct address a)
{
	for (size_t i = 0; i < list->count; i++) {
		struct address_range range =
		    prefix_range(&list->member[i].prefix);
		if (address_in(a, &range))
			return true;
	}
	return false;
}

/* Its place, or the end of the list. */
static size_t
list_find(const struct list *list, const struct prefix *p)
{
	size_t i = 0;

	while (i < list->count &&
	       (list->member[i].prefix.bits != p->bits ||
		   !address_equal(list->member[i].prefix.address, p->address) ||
		   address_is_v4(list->member[i].prefix.address) !=
		       address_is_v4(p->address)))
		i++;
	return i;
}

static size_t
list_expire(struct list *list, uint64_t now_ms)
{
	size_t before = list->count, kept = 0;

	for (size_t i = 0; i < before; i++)
		if (list->member[i].end_ms > now_ms)
			list->member[kept++] = list->member[i];
	list->count = kept;
	return before - kept;
}

static void
check_walk(const struct set *set, const struct list *list)
{
	struct set_member member;
	uint32_t cursor = 0;
	size_t seen = 0;

	for (; set_next(set, &cursor, &member); seen++) {
		size_t i = list_find(list, &member.prefix);
		ck_assert_uint_lt(i, list->count);
		ck_assert_uint_eq(list->member[i].end_ms, member.end_ms);
	}
	ck_assert_uint_eq(seen, list->count);
	ck_assert_uint_eq(set_count(set), list->count);
}

static void
random_step(struct set *set, struct list *list, uint64_t now_ms)
{
	struct prefix p = any_prefix();
	size_t i = list_find(list, &p);
	uint64_t end_ms = chance(2) ? SET_FOREVER : now_ms + chance(2000);

	switch (chance(4)) {
	case 0:
		if (i == LISTED)
			return;
		ck_assert_uint_eq(set_add(set, &p, end_ms, LISTED),
		    i < list->count ? SET_UPDATED : SET_ADDED);
		list->member[i] = (struct set_member){ p, end_ms };
		list->count += i == list->count;
		break;
	case 1:
		ck_assert(set_remove(set, &p) == (i < list->count));
		if (i < list->count)
			list->member[i] = list->member[--list->count];
		break;
	case 2:
		ck_assert_uint_eq(
		    set_expire(set, now_ms), list_expire(list, now_ms));
		break;
	default:
		p = any_prefix();
		ck_assert(set_has(set, p.address) == list_has(list, p.address));
	}
}

START_TEST(random_steps_agree_with_a_list)
{
	struct set *set = set_create(key);
	struct list list = { .count = 0 };

	for (uint64_t n = 0; n < 100000; n++) {
		random_step(set, &list, n);
		if (n % 1000 == 0)
			check_walk(set, &list);
		if (n % 64 == 0)
			set_reclaim(set);
	}
	set_destroy(set);
}
END_TEST

Suite *
suite_set(void)
{
	Suite *suite = suite_create("set");
	TCase *tcase = tcase_create("set");

	tcase_set_timeout(tcase, 30); /* under sanitizers */

	tcase_add_loop_test(tcase, stories_hold, 0, COUNT(stories));
	tcase_add_test(
	    tcase, a_set_is_empty_until_it_has_a_member_of_any_length);
	tcase_add_test(tcase, a_table_grows_and_ends);
	tcase_add_test(tcase, random_steps_agree_with_a_list);
	suite_add_tcase(suite, tcase);
	return suite;
}
