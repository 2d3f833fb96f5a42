/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shell cuts what is pasted without quotes into words; here they are one text
 * again.  Rows are brought into the order that people write: what is no row
 * stays as it is, and lib/question.h says what is wrong with it.
 */
#include "pasted.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "row.h"
#include "text.h"

static char *
join(char *const *argument, size_t count)
{
	char *text = text_format("%s", "");

	for (size_t i = 0; i < count; i++) {
		char *longer =
		    text_format("%s%s%s", text, i > 0 ? " " : "", argument[i]);
		free(text);
		text = longer;
	}
	return text;
}

/* `text`, which is freed, and " KEY=VALUE" if there is a value. */
static char *
add_field(char *text, const char *key, const char *value)
{
	if (!value || !*value)
		return text;
	char *longer = text_format("%s %s=%s", text, key, value);
	free(text);
	return longer;
}

static char *
of_json(const json_t *row)
{
	const char *direction = row_text(row, "direction");
	const char *protocol = row_text(row, "protocol");
	char *from = row_endpoint(row, "source", "source_port");
	char *to = row_endpoint(row, "destination", "destination_port");
	char *words = text_format("%s %s %s %s", direction ? direction : "?",
	    protocol ? protocol : "?", from ? from : "?", to ? to : "?");

	free(from);
	free(to);
	if (row_has(row, "icmp_type")) {
		char type[48];
		snprintf(type, sizeof(type), "%u/%u",
		    (unsigned)row_count(row, "icmp_type"),
		    (unsigned)row_count(row, "icmp_code"));
		words = add_field(words, "icmp", type);
	}
	if (!direction || strcmp(direction, "outbound") != 0)
		words = add_field(words, "in", row_text(row, "in_interface"));
	if (!direction || strcmp(direction, "inbound") != 0)
		words = add_field(words, "out", row_text(row, "out_interface"));
	return words;
}

/* "... inbound icmp 8/0 SRC DST RULE GEN": from the direction on.  NULL: the
 * text is no such row. */
static char *
of_row(const char *text)
{
	static const char *const directions[] = { " inbound ", " outbound ",
		" forward " };
	char protocol[17], word[3][57];

	for (size_t i = 0; i < 3; i++) {
		const char *at = strstr(text, directions[i]);
		if (!at)
			continue;
		int count =
		    sscanf(at + strlen(directions[i]), " %16s %56s %56s %56s",
			protocol, word[0], word[1], word[2]);
		bool icmp = count == 4 && strncmp(protocol, "icmp", 4) == 0 &&
			    strspn(word[0], "0123456789/") == strlen(word[0]);
		if (icmp)
			return text_format("%s %s %s %s icmp=%s",
			    directions[i] + 1, protocol, word[1], word[2],
			    word[0]);
		if (count >= 3)
			return text_format("%s %s %s %s", directions[i] + 1,
			    protocol, word[0], word[1]);
	}
	return NULL;
}

char *
pasted_question(char *const *argument, size_t count)
{
	char *text = join(argument, count), *words = NULL;

	if (*text == '{') {
		json_t *row = json_loads(text, 0, NULL);
		if (json_is_object(row))
			words = of_json(row);
		json_decref(row);
	} else if (!strstr(text, "SRC=")) {
		words = of_row(text);
	}
	if (!words)
		return text;
	free(text);
	return words;
}
