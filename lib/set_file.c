/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of others' making may be long, so the work is what sorting them takes,
 * memory what their members take, and of many bad lines the first are shown:
 * a file of another kind is not worth a million errors.
 */
#include "set_file.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE (2 * ADDRESS_TEXT_SIZE)
#define ERRORS_SHOWN  20
#define BLANKS        " \t\r"

struct members {
	struct address_range *range;
	size_t count, room;
	bool out_of_memory;
};

static void
add(struct members *members, const struct address_range *range)
{
	if (members->count == members->room) {
		size_t room = members->room ? 2 * members->room : 64;
		struct address_range *larger =
		    realloc(members->range, room * sizeof(larger[0]));
		if (!larger) {
			members->out_of_memory = true;
			return;
		}
		members->range = larger;
		members->room = room;
	}
	members->range[members->count++] = *range;
}

/* What is left of the line without comment and blanks around it. */
static size_t
strip(const char **line, size_t length)
{
	const char *comment = length > 0 ? memchr(*line, '#', length) : NULL;

	if (comment)
		length = (size_t)(comment - *line);
	while (length > 0 && strchr(BLANKS, **line) && **line) {
		++*line;
		length--;
	}
	while (length > 0 && (*line)[length - 1] &&
	       strchr(BLANKS, (*line)[length - 1]))
		length--;
	return length;
}

/* False: it is no member, nor empty. */
static bool
read_line(struct members *members, const char *line, size_t length)
{
	char text[LINE_MAX_SIZE];
	struct address_range range;

	length = strip(&line, length);
	if (length == 0)
		return true;
	if (length >= sizeof(text) || memchr(line, '\0', length))
		return false;
	memcpy(text, line, length);
	text[length] = '\0';
	if (!address_range_parse(text, &range))
		return false;
	add(members, &range);
	return true;
}

static size_t
read_lines(struct members *members, const struct conf_text *text,
    struct diagnostics *diagnostics)
{
	const char *at = text->text, *end = at + text->size;
	size_t errors = 0;

	for (unsigned line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		if (!read_line(members, at, (size_t)(stop - at)) &&
		    errors++ < ERRORS_SHOWN)
			diagnostics_add(diagnostics,
			    "%s:%u: it is no member, accepted are an address, "
			    "\"192.0.2.0/24\", \"192.0.2.1-192.0.2.9\", "
			    "likewise for IPv6, without quotes, and # before "
			    "a comment",
			    text->name, line);
		at = stop + 1;
	}
	if (errors > ERRORS_SHOWN)
		diagnostics_add(diagnostics, "%s:1: and %zu lines more",
		    text->name, errors - ERRORS_SHOWN);
	return errors;
}

bool
set_file_read(struct named_set *set, const struct conf_text *text,
    struct diagnostics *diagnostics)
{
	struct members members = { 0 };
	size_t errors = read_lines(&members, text, diagnostics);

	if (members.out_of_memory)
		diagnostics_add(diagnostics, "%s:1: out of memory", text->name);
	if (errors > 0 || members.out_of_memory) {
		free(members.range);
		return false;
	}
	free(set->fixed);
	set->fixed = members.range;
	set->fixed_count = members.count > 0 ? address_ranges_join(
						   members.range, members.count)
					     : 0;
	return true;
}
