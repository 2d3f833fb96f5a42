/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that these keys can say fits a buffer: ten numbers of at most ten digits,
 * the name of a set, and the words.  Defaults are left out.
 */
#include "print_limits.h"

#include <stdarg.h>
#include <stdio.h>

struct line {
	char *text;
	size_t used;
};

static void add(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line->used += (size_t)vsnprintf(line->text + line->used,
	    LIMITS_TEXT_SIZE - line->used, format, arguments);
	va_end(arguments);
}

/* "6/30s burst 12 per source" */
static void
add_rate(struct line *line, const struct rule_limits *limits)
{
	static const struct {
		uint32_t seconds;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint32_t seconds = limits->rate.seconds;
	size_t u = 0;

	if (!limits->rate.count)
		return;
	while (seconds % units[u].seconds != 0)
		u++;
	add(line, "limit = \"%u/", (unsigned)limits->rate.count);
	if (seconds != units[u].seconds)
		add(line, "%u", (unsigned)(seconds / units[u].seconds));
	add(line, "%c", units[u].name);
	if (limits->rate.burst != limits->rate.count)
		add(line, " burst %u", (unsigned)limits->rate.burst);
	add(line, "%s\"; ", limits->rate.per_source ? " per source" : "");
}

static void
add_number(struct line *line, const char *key, uint32_t value)
{
	if (value)
		add(line, "%s = %u; ", key, (unsigned)value);
}

static void
add_overload(struct line *line, const struct rule_limits *limits)
{
	switch (limits->on_overload) {
	case OVERLOAD_BLOCK:
		break;
	case OVERLOAD_REJECT:
		add(line, "on_overload = \"reject\"; ");
		break;
	case OVERLOAD_NEXT:
		add(line, "on_overload = \"next\"; ");
		break;
	case OVERLOAD_ADD:
		add(line, "on_overload = { add = \"@%s\"; ",
		    limits->add.set->name);
		add_number(line, "time", limits->add.seconds);
		add(line, "%s}; ", limits->add.cut ? "cut = true; " : "");
		break;
	}
}

static void
add_timeouts(struct line *line, const struct rule_timeouts *t)
{
	if (!t->new && !t->closing) {
		add_number(line, "timeout", t->established);
		return;
	}
	add(line, "timeout = { ");
	add_number(line, "new", t->new);
	add_number(line, "established", t->established);
	add_number(line, "closing", t->closing);
	add(line, "}; ");
}

void
limits_print(const struct rule *rule, char out[LIMITS_TEXT_SIZE])
{
	const struct rule_limits *limits = &rule->limits;
	struct line line = { .text = out };

	out[0] = '\0';
	add_rate(&line, limits);
	add_number(&line, "max_flows", limits->max_flows);
	add_number(&line, "max_flows_per_source", limits->max_flows_per_source);
	add_overload(&line, limits);
	add_timeouts(&line, &rule->timeouts);
}
