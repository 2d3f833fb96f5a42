/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch: a line for each thing that happens.  What comes later is not known
 * yet, so a column is as wide as what usually stands in it, and from the first
 * longer text on as wide as that.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "look.h"
#include "row.h"
#include "text.h"

static const struct {
	const char *heading;
	unsigned width;
} column[] = {
	{ "TIME", 12 },
	{ "EVENT", 7 },
	{ "PROTO", 5 },
	{ "SRC", 21 },
	{ "DST", 21 },
	{ "DIR", 3 },
	{ "RULE", 6 },
	{ "WHAT", 0 },
};

struct screen {
	bool header; /* still to come */
	unsigned width[ARRAY_LEN(column)];
};

/* Takes the texts, NULL: there is nothing to say. */
static void
print_line(struct screen *screen, enum tone tone, char *text[ARRAY_LEN(column)])
{
	unsigned pad = 0;

	for (size_t i = 0; i < ARRAY_LEN(column); i++) {
		char *clean = text_clean(text[i] ? text[i] : "-");
		char *dressed = text_tone(tone, clean);
		unsigned width = text_width(clean);

		if (width > screen->width[i])
			screen->width[i] = width;
		printf("%*s%s", (int)pad, "", dressed);
		pad = screen->width[i] - width + 2;
		free(dressed);
		free(clean);
		free(text[i]);
	}
	putchar('\n');
}

static void
print_header(struct screen *screen)
{
	char *text[ARRAY_LEN(column)];

	for (size_t i = 0; i < ARRAY_LEN(column); i++)
		text[i] = text_format("%s", column[i].heading);
	print_line(screen, TONE_STRONG, text);
	screen->header = false;
}

/* "17:03:21.417", of the day in UTC as all times. */
static char *
clock_of(const json_t *row)
{
	const char *iso = row_text(row, "time_iso");
	const char *time = iso ? strchr(iso, 'T') : NULL;

	return time ? text_format("%.12s", time + 1) : NULL;
}

static char *
copy_of(const json_t *row, const char *key)
{
	const char *text = row_text(row, key);

	return text ? text_format("%s", text) : NULL;
}

/* What an end or a drop came of. */
static char *
what_of(const json_t *row)
{
	const char *cause = row_text(row, "cause");
	const char *reason = row_text(row, "reason");
	const char *state = row_text(row, "state");

	if (reason)
		return text_format("%s", reason);
	if (!cause)
		return state ? text_format("%s", state) : NULL;
	char *age = text_duration(row_number(row, "age_seconds"), false);
	char *packets = row_pair(row, "packets", false);
	char *bytes = row_pair(row, "bytes", true);
	char *what = text_format("%s, %s, %s, %s packets, %s bytes", cause,
	    state ? state : "?", age, packets, bytes);
	free(age);
	free(packets);
	free(bytes);
	return what;
}

static void
print_event(void *context, const json_t *row)
{
	struct screen *screen = context;
	const char *event = row_text(row, "event");

	if (!event)
		return;
	if (screen->header)
		print_header(screen);
	if (strcmp(event, "watching") == 0)
		return;
	if (strcmp(event, "missed") == 0) {
		char *clock = clock_of(row);

		printf("%s  %ju events were not told: more happened than could "
		       "be read\n",
		    clock ? clock : "-", (uintmax_t)row_count(row, "count"));
		free(clock);
		return;
	}
	char *text[] = {
		clock_of(row),
		copy_of(row, "event"),
		row_protocol(row),
		row_endpoint(row, "source", "source_port"),
		row_endpoint(row, "destination", "destination_port"),
		row_brief_rule(row, "direction"),
		row_brief_rule(row, "rule"),
		what_of(row),
	};
	print_line(
	    screen, strcmp(event, "drop") == 0 ? TONE_BAD : TONE_PLAIN, text);
}

static void
print_nothing(void *context, const json_t *row)
{
	(void)context;
	(void)row;
}

int
command_watch(const struct call *call)
{
	struct screen screen = { .header = call->header };
	json_t *arguments = look_options(call);

	if (!arguments)
		return EXIT_USAGE;
	for (size_t i = 0; i < ARRAY_LEN(column); i++)
		screen.width[i] = column[i].width;
	return client_follow(
	    call, arguments, call->json ? print_nothing : print_event, &screen);
}
