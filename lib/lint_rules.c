/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules among each other.  One that nothing reaches is wrong: what it says is
 * said already, or is not obeyed.  Two more are notes: a rule without which
 * each packet would get the same from those behind it, and two rules of which
 * neither holds the other, that disagree about packets of both, so that their
 * order decides.
 */
#include "lint_work.h"

#include "region_text.h"

/* Rules named in one sentence; the others are counted. */
#define NAMED 3

static bool
same_verdict(const struct rule *a, const struct rule *b)
{
	return a->action == b->action && a->stateful == b->stateful &&
	       !a->limits.any && !b->limits.any;
}

/* Who takes what the rule matches, and do all of them do what it would? */
struct cover {
	size_t count;
	const struct rule *named[NAMED];
	bool agrees;
};

static struct cover
cover_of(const struct reach *reach, size_t i)
{
	struct cover cover = { .agrees = true };
	const struct rule *rules = reach->rules->rule;

	for (size_t j = 0; j < i; j++) {
		if (!region_meets(&reach->sure[j], &reach->own[i]))
			continue;
		if (cover.count < NAMED)
			cover.named[cover.count] = &rules[j];
		cover.count++;
		cover.agrees =
		    cover.agrees && same_verdict(&rules[j], &rules[i]);
	}
	return cover;
}

static void
say_never_reached(struct lint_work *work, enum table_id table, size_t i)
{
	const struct rule *rule = &work->policy->tables[table].rule[i];
	struct cover cover = cover_of(&work->reach[table], i);
	struct phrase text = { 0 }, mend = { 0 };

	lint_subject(&text, table, rule);
	if (rule->expired) {
		phrase_add(&text, " has expired, and matches nothing");
		phrase_add(&mend, "delete it");
		lint_say(work, LINT_NEVER_REACHED, table, rule, &text, &mend);
		return;
	}
	phrase_add(
	    &text, " is never reached: all that it matches is taken by ");
	for (size_t n = 0; n < NAMED && n < cover.count; n++) {
		phrase_add(&text, "%s",
		    n == 0                 ? ""
		    : n + 1 == cover.count ? " and "
					   : ", ");
		lint_place(&text, table, cover.named[n], rule->file);
	}
	if (cover.count > NAMED)
		phrase_add(&text, " and %zu more", cover.count - NAMED);
	if (cover.agrees) {
		phrase_add(&text, ", to the same effect");
		phrase_add(&mend, "delete it");
	} else {
		phrase_add(&text, ", to another effect");
		phrase_add(&mend, "delete it, or put it before ");
		lint_place(&mend, table, cover.named[0], rule->file);
		phrase_add(&mend, ": %s", rule->text);
	}
	lint_say(work, LINT_NEVER_REACHED, table, rule, &text, &mend);
}

/* Would each packet that the rule decides get the same without it, from rules
 * that are reached?  The last rule, if it blocks, is the closing line. */
static bool
is_needless(struct lint_work *work, const struct reach *reach, size_t i)
{
	const struct rule *rules = reach->rules->rule;
	struct region rest = region_copy(work->space, &reach->left[i]);
	bool same = region_has_any(&rest);

	for (size_t j = i + 1; same && j < reach->rules->count; j++) {
		if (!region_meets(&rest, &reach->own[j]))
			continue;
		same = same_verdict(&rules[i], &rules[j]) &&
		       region_has_any(&reach->left[j]);
		region_subtract(work->space, &rest, &reach->sure[j]);
	}
	if (!region_is_empty(&rest))
		same = same && !rest.unknown &&
		       rules[i].action == ACTION_BLOCK &&
		       i + 1 < reach->rules->count;
	region_free(&rest);
	return same;
}

static void
say_needless(struct lint_work *work, enum table_id table, size_t i)
{
	const struct rule *rule = &work->policy->tables[table].rule[i];
	struct phrase text = { 0 }, mend = { 0 };

	lint_subject(&text, table, rule);
	phrase_add(&text, " changes nothing: without it the rules behind it, "
			  "or none, would do the same");
	lint_say(work, LINT_NEEDLESS, table, rule, &text, &mend);
}

static bool
is_within(struct lint_work *work, const struct region *inner,
    const struct region *outer)
{
	struct region rest = region_copy(work->space, inner);
	region_subtract(work->space, &rest, outer);
	bool within = !region_has_any(&rest);

	region_free(&rest);
	return within;
}

/* Rule i comes before j; swapped, packets of both would get something else. */
static void
say_order(struct lint_work *work, enum table_id table, size_t i, size_t j)
{
	const struct reach *reach = &work->reach[table];
	const struct rule *rules = reach->rules->rule;
	struct phrase text = { 0 }, mend = { 0 };
	struct region both = region_copy(work->space, &reach->left[i]);

	region_intersect(work->space, &both, &reach->own[j]);
	region_merge(work->space, &both);
	if (region_has_any(&both)) {
		lint_subject(&text, table, &rules[j]);
		phrase_add(&text, " disagrees with ");
		lint_place(&text, table, &rules[i], rules[j].file);
		phrase_add(&text,
		    ", which decides only because it comes first, about ");
		cube_say(&text, work->space, &both.cube[0]);
		if (both.count > 1)
			phrase_add(&text, ", and more");
		lint_say(work, LINT_ORDER, table, &rules[j], &text, &mend);
	}
	region_free(&both);
}

static bool
asks_sets(const struct rule *rule)
{
	return rule->from_set_count > 0 || rule->to_set_count > 0;
}

static void
find_orders(struct lint_work *work, enum table_id table, size_t j)
{
	const struct reach *reach = &work->reach[table];
	const struct rule *rules = reach->rules->rule;

	for (size_t i = 0; i < j; i++)
		if (rules[i].action != rules[j].action &&
		    !asks_sets(&rules[i]) && !asks_sets(&rules[j]) &&
		    region_has_any(&reach->left[j]) &&
		    region_meets(&reach->left[i], &reach->own[j]) &&
		    !is_within(work, &reach->own[i], &reach->own[j]) &&
		    !is_within(work, &reach->own[j], &reach->own[i]))
			say_order(work, table, i, j);
}

void
lint_rules(struct lint_work *work)
{
	for (enum table_id t = 0; t < TABLE_COUNT; t++) {
		const struct reach *reach = &work->reach[t];
		for (size_t i = 0; i < work->policy->tables[t].count; i++) {
			space_begin(work->space, REGION_STEPS);
			if (region_is_empty(&reach->left[i]))
				say_never_reached(work, t, i);
			else if (is_needless(work, reach, i))
				say_needless(work, t, i);
			else
				find_orders(work, t, i);
		}
	}
}
