/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that mend what was found.  A line lets by what is lost and nothing
 * else that the table blocks; within that it is as short as can be.
 */
#include "lint_work.h"

#include <stdlib.h>

#include "print.h"
#include "region_text.h"

/* Lines offered for one finding. */
#define OFFERED 4

void
lint_say_blockers(struct phrase *text, const struct lint_work *work,
    enum table_id table, const struct region *lost, const char *file)
{
	const struct reach *reach = &work->reach[table];
	size_t said = 0;

	for (size_t i = 0; i < reach->rules->count; i++)
		if (region_meets(&reach->left[i], lost)) {
			phrase_add(text, "%s", said++ > 0 ? " and " : "");
			lint_place(text, table, &reach->rules->rule[i], file);
		}
	if (region_meets(&reach->none, lost)) {
		phrase_add(text, "%s", said > 0 ? " and " : "");
		lint_place(text, table, NULL, file);
	}
}

const struct rule *
lint_first_blocker(const struct lint_work *work, enum table_id table,
    const struct region *lost)
{
	const struct reach *reach = &work->reach[table];

	for (size_t i = 0; i < reach->rules->count; i++)
		if (region_meets(&reach->left[i], lost))
			return &reach->rules->rule[i];
	return NULL;
}

void
lint_mend_before(struct phrase *mend, enum table_id table,
    const struct rule *before, const char *file, const char *rule)
{
	phrase_add(mend, "%s%s ", mend->used > 0 ? "\n" : "",
	    before ? "before" : "at the end of");
	if (before)
		lint_place(mend, table, before, file);
	else
		phrase_add(mend, "%s", table_name(table));
	phrase_add(mend, " write %s", rule);
}

/* Leave out of the cube what it need not ask: a criterion without which all
 * that comes in addition is `passing` anyway. */
static void
simplify(struct space *space, const struct region *passing, struct region *cube)
{
	static const enum side sides[] = { SIDE_USER, SIDE_GROUP, SIDE_FROM,
		SIDE_TO, SIDE_INTERFACE, SIDE_OUT_INTERFACE };

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		struct region wide = region_copy(space, cube);
		region_widen(space, &wide, sides[i]);
		struct region more = region_copy(space, &wide);
		region_subtract(space, &more, cube);
		region_subtract(space, &more, passing);
		if (region_is_empty(&more)) {
			region_free(cube);
			*cube = region_copy(space, &wide);
		}
		region_free(&more);
		region_free(&wide);
	}
}

/* A rule that asks for flags is of TCP alone, so where they matter segments go
 * apart from the rest.  Returns what is left of the cube. */
static struct region
half(struct space *space, const struct region *cube, bool segments)
{
	static const struct address_range others[] = {
		{ { 0, 0 }, { 0, PROTOCOL_TCP - 1 } },
		{ { 0, PROTOCOL_TCP + 1 }, { 0, UINT8_MAX } },
	};
	struct region region = region_copy(space, cube);

	region_limit(space, &region, SIDE_PROTOCOL,
	    segments ? spans_of(PROTOCOL_TCP, PROTOCOL_TCP)
		     : spans_create(others, 2));
	if (segments)
		region_limit(
		    space, &region, SIDE_FLAGS, spans_of(1, FLAGS_VALUE_MOST));
	else
		region_widen(space, &region, SIDE_FLAGS);
	return region;
}

static void
offer(struct phrase *mend, struct lint_work *work, enum table_id table,
    const struct region *passing, struct region *cube,
    const struct rule *before, const char *file)
{
	simplify(work->space, passing, cube);
	char *rule = cube->count == 1
			 ? cube_rule(work->space, &cube->cube[0], "allow")
			 : NULL;
	if (rule)
		lint_mend_before(mend, table, before, file, rule);
	free(rule);
	region_free(cube);
}

void
lint_mend_table(struct phrase *mend, struct lint_work *work,
    enum table_id table, const struct region *passing,
    const struct region *lost, const char *file)
{
	const struct rule *before = lint_first_blocker(work, table, lost);

	for (size_t i = 0; i < lost->count && i < OFFERED; i++) {
		struct region one = { .cube = &lost->cube[i], .count = 1 };
		struct region cube = region_copy(work->space, &one);
		if (spans_within(space_all(work->space, SIDE_FLAGS),
			one.cube->side[SIDE_FLAGS])) {
			offer(mend, work, table, passing, &cube, before, file);
			continue;
		}
		region_free(&cube);
		for (int s = 0; s < 2; s++) {
			cube = half(work->space, &one, s == 0);
			offer(mend, work, table, passing, &cube, before, file);
		}
	}
}

void
lint_mend_state(struct phrase *mend, const struct rule *rule)
{
	struct rule stateful = *rule;

	stateful.stateful = true;
	char *text = rule_print(&stateful);
	if (text)
		phrase_add(mend, "%swrite instead %s",
		    mend->used > 0 ? "\n" : "", text);
	free(text);
}
