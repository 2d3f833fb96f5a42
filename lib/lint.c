/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The questions asked, and what they say put in order.  Each lives in a file
 * of its own, lint_*.c, and all of them ask reach.c what really comes to a
 * rule.  Findings are for the exit status; notes are true as well, but may be
 * just what is wanted.
 */
#include "lint.h"

#include <stdlib.h>
#include <string.h>

#include "lint_work.h"
#include "regime.h"

static const struct client clients[] = {
	{ "linux", { 32768, 60999 } },
	{ "iana", { 49152, 65535 } }, /* RFC 6335 6 */
	{ "freebsd", { 10000, 65535 } },
	{ "windows2003", { 1025, 5000 } },
	{ "any", { 1024, 65535 } },
	{ "npf", { 1024, 49151 } }, /* behind its address translation */
	{ "pf", { 50001, 65535 } },
	/* others that do as one of them */
	{ "windows", { 49152, 65535 } },
	{ "macos", { 49152, 65535 } },
	{ "nat", { 1024, 65535 } },
	{ "elb", { 1024, 65535 } },
};

#define CLIENT_COUNT (sizeof(clients) / sizeof(clients[0]))

const struct client *
lint_client_at(size_t i)
{
	return i < CLIENT_COUNT ? &clients[i] : NULL;
}

const struct client *
lint_client(const char *name)
{
	for (size_t i = 0; i < CLIENT_COUNT; i++)
		if (strcmp(clients[i].name, name) == 0)
			return &clients[i];
	return NULL;
}

const char *
lint_name(enum lint kind)
{
	static const char *const names[] = {
#define LINT_NAME(symbol, name) [LINT_##symbol] = name,
		LINTS(LINT_NAME)
#undef LINT_NAME
	};
	return names[kind];
}

bool
lint_is_note(enum lint kind)
{
	switch (kind) {
	case LINT_REPLY_LOST:
	case LINT_NEVER_REACHED:
	case LINT_EXPOSED:
	case LINT_ICMP_MISSING:
	case LINT_ONE_FAMILY:
	case LINT_SHORT_TIMEOUT:
	case LINT_UNUSED_SET:
		return false;
	case LINT_OTHER_CLIENTS:
	case LINT_WIDE_RANGE:
	case LINT_ORDER:
	case LINT_NEEDLESS:
	case LINT_UNDECIDED:
		break;
	}
	return true;
}

void
lint_say_at(struct lint_work *work, enum lint kind, const char *file,
    unsigned line, struct phrase *text, struct phrase *mend)
{
	struct report *report = work->report;
	struct finding finding = {
		.kind = kind,
		.is_note = lint_is_note(kind),
		.file = file,
		.line = line,
		.mend = mend->used > 0 ? phrase_take(mend) : NULL,
		.text = phrase_take(text),
	};
	struct finding *larger =
	    realloc(report->finding, (report->count + 1) * sizeof(larger[0]));

	if (larger)
		report->finding = larger;
	if (!larger || !finding.text) {
		work->failed = true;
		free(finding.text);
		free(finding.mend);
		return;
	}
	report->finding[report->count++] = finding;
	report->notes += finding.is_note;
}

void
lint_say(struct lint_work *work, enum lint kind, enum table_id table,
    const struct rule *rule, struct phrase *text, struct phrase *mend)
{
	const struct rules *rules = &work->policy->tables[table];

	if (!rule && rules->count > 0)
		rule = &rules->rule[rules->count - 1];
	lint_say_at(work, kind, rule ? rule->file : work->policy->files[0],
	    rule ? rule->line : 0, text, mend);
}

void
lint_subject(
    struct phrase *phrase, enum table_id table, const struct rule *rule)
{
	phrase_add(phrase, "%s %u", table_name(table), rule->place);
	if (rule->name)
		phrase_add(phrase, " \"%s\"", rule->name);
}

void
lint_place(struct phrase *phrase, enum table_id table, const struct rule *rule,
    const char *from)
{
	if (!rule) {
		phrase_add(phrase, "%s *", table_name(table));
		return;
	}
	lint_subject(phrase, table, rule);
	if (from && strcmp(from, rule->file) == 0)
		phrase_add(phrase, " (line %u)", rule->line);
	else
		phrase_add(phrase, " (%s:%u)", rule->file, rule->line);
}

/* A config that has one table of a stage has both. */
size_t
lint_way(
    const struct policy *policy, enum direction direction, enum table_id way[3])
{
	size_t count = 0;

	if (direction != OUTBOUND && policy->tables[TABLE_ACL_INBOUND].present)
		way[count++] = TABLE_ACL_INBOUND;
	if (direction != INBOUND && policy->tables[TABLE_ACL_OUTBOUND].present)
		way[count++] = TABLE_ACL_OUTBOUND;
	if (regime_judges_connections(policy))
		way[count++] = (enum table_id)direction;
	return count;
}

struct region
lint_allowed(
    struct lint_work *work, enum direction direction, enum table_id but)
{
	enum table_id way[3];
	size_t count = lint_way(work->policy, direction, way);
	struct region allowed = region_everything(work->space);

	for (size_t i = 0; i < count; i++) {
		if (way[i] == but)
			continue;
		struct region here = reach_allowed(
		    &work->reach[way[i]], work->space, false, true);
		region_intersect(work->space, &allowed, &here);
		region_free(&here);
	}
	return allowed;
}

static bool
is_for_answers(struct port_range range)
{
	static const char *const systems[] = { "linux", "iana", "pf" };

	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		struct port_range ports = lint_client(systems[i])->ports;
		if (range.low >= 1024 && range.low <= ports.low &&
		    ports.high <= range.high)
			return true;
	}
	return false;
}

struct spans *
lint_ports_for_answers(const struct rule *rule)
{
	struct spans *ports = spans_create(NULL, 0);

	for (size_t i = 0; ports && i < rule->port_count; i++) {
		if (!is_for_answers(rule->ports[i]))
			continue;
		struct spans *these =
		    spans_of(rule->ports[i].low, rule->ports[i].high);
		struct spans *all = these ? spans_unite(ports, these) : NULL;
		spans_drop(these);
		spans_drop(ports);
		ports = all;
	}
	return ports;
}

struct spans *
lint_unicast(void)
{
	static const struct address_range ranges[] = {
		/* RFC 4291 2.7: below ff00::/8; not :: and ::1 */
		{ { 0, 2 }, { 0, 0xfffeffffffff } },
		/* RFC 6890: not 0/8, 127/8 and from 224/3 on */
		{ { 0, 0xffff01000000 }, { 0, 0xffff7effffff } },
		{ { 0, 0xffff80000000 }, { 0, 0xffffdfffffff } },
		{ { 0, 0x1000000000000 }, { 0xfeffffffffffffff, UINT64_MAX } },
	};
	return spans_create(ranges, sizeof(ranges) / sizeof(ranges[0]));
}

static int
compare_findings(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;

	if (a->is_note != b->is_note)
		return a->is_note - b->is_note;
	int order = strcmp(a->file, b->file);
	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->kind != b->kind ? (int)a->kind - (int)b->kind
				  : strcmp(a->text, b->text);
}

/* Rules of which something is unknown, in one note. */
static void
say_undecided(struct lint_work *work)
{
	struct phrase text = { 0 }, mend = { 0 };
	size_t count = 0;

	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < work->policy->tables[t].count; i++)
			count += work->reach[t].left[i].unknown;
	if (count == 0)
		return;
	phrase_add(&text,
	    "%zu rule%s cut up by so many others that what is left of %s is "
	    "unknown, and nothing is said of %s",
	    count, count > 1 ? "s are" : " is", count > 1 ? "them" : "it",
	    count > 1 ? "them" : "it");
	lint_say_at(
	    work, LINT_UNDECIDED, work->policy->files[0], 0, &text, &mend);
}

static void
ask(struct lint_work *work)
{
	static void (*const questions[])(struct lint_work * work) = {
		lint_rules,
		lint_replies,
		lint_ranges,
		lint_families,
		lint_icmp,
		lint_timeouts,
		lint_sets,
		say_undecided,
	};

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		space_begin(work->space, REGION_STEPS);
		questions[i](work);
	}
	if (work->report->count > 0)
		qsort(work->report->finding, work->report->count,
		    sizeof(work->report->finding[0]), compare_findings);
}

bool
lint_policy(const struct policy *policy, const struct lint_options *options,
    struct report *report)
{
	struct lint_work work = {
		.policy = policy,
		.options = options,
		.space = space_create(&policy, 1),
		.report = report,
	};

	*report = (struct report){ 0 };
	work.failed = !work.space;
	for (enum table_id t = 0; t < TABLE_COUNT && !work.failed; t++)
		work.failed = !reach_create(&work.reach[t], work.space,
		    &policy->tables[t], REACH_WHATEVER);
	if (!work.failed)
		ask(&work);
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		reach_free(&work.reach[t]);
	space_destroy(work.space);
	if (work.failed)
		report_free(report);
	return !work.failed;
}

void
report_free(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->finding[i].text);
		free(report->finding[i].mend);
	}
	free(report->finding);
	*report = (struct report){ 0 };
}
