/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One paragraph for each change: what happens to which packets, and the rules.
 * A rule of the policy in force has no place in a file: its text is shown.
 */
#include "diff_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "region_text.h"
#include "row.h"
#include "text.h"

#define INDENT 4

/* Frees it. */
static void
print_raw(unsigned indent, char *raw)
{
	char *clean = text_clean(raw);
	char *text = text_format("%*s%s", (int)indent, "", clean);

	text_print(indent + INDENT, text);
	free(text);
	free(clean);
	free(raw);
}

/* "inbound 4", "inbound *". */
static char *
place_of(const struct ruling *ruling)
{
	if (ruling->fate == FATE_UNJUDGED)
		return text_format("no forward table");
	if (!ruling->rule)
		return text_format("%s *", table_name(ruling->table));
	return text_format(
	    "%s %u", table_name(ruling->table), ruling->rule->place);
}

/* The one in force comes without file names. */
static bool
has_file(const struct rule *rule)
{
	return rule && *rule->file;
}

/* "old: accept by inbound 1 (FILE:LINE) TEXT" */
static void
print_ruling(const char *whose, const struct ruling *ruling)
{
	const struct rule *rule = ruling->rule;
	char *place = place_of(ruling);
	char *file = has_file(rule)
			 ? text_format(" (%s:%u)", rule->file, rule->line)
			 : text_format("%s", "");

	print_raw(INDENT,
	    text_format("%s: %s by %s%s%s%s", whose, fate_name(ruling->fate),
		place, file, rule ? " " : "", rule ? rule->text : ""));
	free(file);
	free(place);
}

static json_t *
ruling_object(const struct ruling *ruling)
{
	const struct rule *rule = ruling->rule;
	char *place = place_of(ruling);
	json_t *object = json_pack("{s:s, s:s?, s:s?, s:s?, s:o, s:s?}",
	    "verdict", fate_name(ruling->fate), "rule",
	    ruling->fate == FATE_UNJUDGED ? NULL : place, "name",
	    rule ? rule->name : NULL, "file",
	    has_file(rule) ? rule->file : NULL, "line",
	    has_file(rule) ? json_integer(rule->line) : json_pack("n"), "text",
	    rule ? rule->text : NULL);

	free(place);
	return text_need(object);
}

/* Prints it, and lets it go. */
static void
print_object(json_t *object)
{
	char *text = text_need(
	    object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15))
		   : NULL);

	puts(text);
	free(text);
	json_decref(object);
}

static char *
words_of(const struct cube *cube, const struct space *space)
{
	struct phrase phrase = { 0 };

	cube_say(&phrase, space, cube);
	return text_need(phrase_take(&phrase));
}

static void
print_change_json(const struct change *change, const struct space *space)
{
	json_t *packets = text_need(json_array());

	for (size_t i = 0; i < change->packets.count; i++) {
		char *words = words_of(&change->packets.cube[i], space);
		json_array_append_new(packets, json_pack("s", words));
		free(words);
	}
	print_object(json_pack("{s:s, s:s, s:o, s:o, s:o}", "kind", "packets",
	    "direction", direction_name(change->direction), "before",
	    ruling_object(&change->before), "after",
	    ruling_object(&change->after), "packets", packets));
}

void
diff_show_change(
    const struct change *change, const struct space *space, bool json)
{
	if (json) {
		print_change_json(change, space);
		return;
	}
	for (size_t i = 0; i < change->packets.count; i++) {
		char *words = words_of(&change->packets.cube[i], space);
		print_raw(0, text_format("%s %s -> %s: %s",
				 direction_name(change->direction),
				 fate_name(change->before.fate),
				 fate_name(change->after.fate), words));
		free(words);
	}
	print_ruling("old", &change->before);
	print_ruling("new", &change->after);
}

void
diff_show_flow(const json_t *flow, const struct ruling *why, bool json)
{
	if (json) {
		json_t *object = json_pack("{s:s}", "kind", "flow");
		json_object_update(object, (json_t *)flow);
		json_object_set_new(object, "after", ruling_object(why));
		print_object(object);
		return;
	}
	const char *protocol = row_text(flow, "protocol");
	const char *direction = row_text(flow, "direction");
	const char *state = row_text(flow, "state");
	char *from = row_endpoint(flow, "source", "source_port");
	char *to = row_endpoint(flow, "destination", "destination_port");

	print_raw(
	    0, text_format("flow cut: %s %s %s -> %s (%s)",
		   direction ? direction : "?", protocol ? protocol : "?",
		   from ? from : "?", to ? to : "?", state ? state : "?"));
	print_ruling("new", why);
	free(from);
	free(to);
}
