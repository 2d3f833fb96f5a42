/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors, types and suggestions for the readers of the config.
 *
 * The first FINDINGS_LISTED errors are kept with the place they belong to,
 * the rest is counted: a hostile file must not fill the memory with
 * complaints.  An error that quotes control characters or broken UTF-8 shows
 * them as `?`, so that a file cannot play with the terminal or the log.
 */
#include "conf_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_LISTED 1000
#define FINDING_SIZE    512
#define WORD_MAX        32 /* longer ones get no suggestion */

bool
reader_listens(const struct reader *reader)
{
	return reader->finding_count < FINDINGS_LISTED;
}

bool
reader_fail(struct reader *reader, unsigned line, const char *format, ...)
{
	char text[FINDING_SIZE];
	va_list arguments;

	reader->error_count++;
	if (!reader_listens(reader))
		return false;
	int start = snprintf(text, sizeof(text), "%s:%u: %s",
	    reader->texts[reader->file].name, line, reader->subject);
	if (start >= 0 && (size_t)start < sizeof(text)) {
		va_start(arguments, format);
		vsnprintf(text + start, sizeof(text) - (size_t)start, format,
		    arguments);
		va_end(arguments);
	}
	bool plain = text_is_plain(text);
	for (char *c = text; *c && !plain; c++)
		if (*c < ' ' || *c >= 0x7f)
			*c = '?';

	if (!reader->findings)
		reader->findings = reader_allocate(
		    reader, FINDINGS_LISTED, sizeof(reader->findings[0]));
	char *copy = reader_copy(reader, text);
	if (!reader->findings || !copy) {
		free(copy);
		return false;
	}
	reader->findings[reader->finding_count] = (struct finding){
		.text = copy,
		.file = reader->file,
		.line = line,
		.order = reader->finding_count,
	};
	reader->finding_count++;
	return false;
}

static int
compare_findings(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void
reader_report(struct reader *reader, struct diagnostics *diagnostics)
{
	size_t count = reader->finding_count;

	if (count > 0)
		qsort(reader->findings, count, sizeof(reader->findings[0]),
		    compare_findings);
	for (size_t i = 0; i < count; i++) {
		diagnostics_add(diagnostics, "%s", reader->findings[i].text);
		free(reader->findings[i].text);
	}
	if (count > 0 && reader->error_count > count) {
		const struct finding *last = &reader->findings[count - 1];
		diagnostics_add(diagnostics, "%s:%u: and %zu more errors",
		    reader->texts[last->file].name, last->line,
		    reader->error_count - count);
	}
	free(reader->findings);
	reader->findings = NULL;
	reader->finding_count = 0;
}

void *
reader_allocate(struct reader *reader, size_t count, size_t size)
{
	void *memory = calloc(count, size);
	if (!memory)
		reader->out_of_memory = true;
	return memory;
}

char *
reader_copy(struct reader *reader, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = reader_allocate(reader, size, 1);
	if (copy)
		memcpy(copy, text, size);
	return copy;
}

const char *
setting_string(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_STRING
		   ? config_setting_get_string(setting)
		   : NULL;
}

bool
setting_number(const config_setting_t *setting, int64_t *value)
{
	if (config_setting_type(setting) != CONFIG_TYPE_INT64)
		return false; /* CONFIG_TYPE_INT: conf_scan leaves none */
	*value = config_setting_get_int64(setting);
	return true;
}

bool
setting_seconds(const config_setting_t *setting, int64_t *value)
{
	const char *text = setting_string(setting);

	return text ? parse_time(text, value) : setting_number(setting, value);
}

static const char *
kind_of(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	case CONFIG_TYPE_LIST:
		return "a list";
	default:
		return "a group";
	}
}

const char *
setting_show(const config_setting_t *setting, char *buffer)
{
	const char *string = setting_string(setting);
	int64_t number;

	if (string)
		snprintf(buffer, SETTING_SHOW_SIZE, "\"%.*s\"",
		    SETTING_SHOW_SIZE - 3, string);
	else if (setting_number(setting, &number))
		snprintf(buffer, SETTING_SHOW_SIZE, "%" PRId64, number);
	else
		snprintf(buffer, SETTING_SHOW_SIZE, "%s", kind_of(setting));
	return buffer;
}

bool
text_is_plain(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	while (*c) {
		uint32_t code = *c;
		unsigned more = code < 0x80         ? 0
				: code >> 5 == 0x6  ? 1
				: code >> 4 == 0xe  ? 2
				: code >> 3 == 0x1e ? 3
						    : 4;
		static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
		if (more == 4)
			return false;
		if (more > 0)
			code &= 0x3fu >> more;
		for (unsigned i = 0; i < more; i++) {
			if (*++c >> 6 != 2)
				return false;
			code = code << 6 | (*c & 0x3f);
		}
		c++;
		if (code < least[more] || code > 0x10ffff || code < 0x20 ||
		    (code >= 0x7f && code < 0xa0) || code >> 11 == 0x1b)
			return false;
	}
	return true;
}

bool
parse_digits(const char **at, uint32_t *value)
{
	const char *c = *at;
	uint64_t sum = 0;

	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9'; c++)
		if (sum < UINT32_MAX)
			sum = sum * 10 + (uint64_t)(*c - '0');
	*value = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
	*at = c;
	return true;
}

bool
parse_time(const char *text, int64_t *seconds)
{
	static const struct {
		const char *suffix;
		int64_t seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	uint32_t count;

	if (!parse_digits(&text, &count))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text, units[i].suffix) == 0) {
			*seconds = count * units[i].seconds;
			return true;
		}
	return false;
}

/* Edits that turn one word into the other; a swap of neighbours is one edit,
 * as "prot" for "port" (optimal string alignment). */
static unsigned
edit_distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MAX + 1]; /* row[i % 3]: first i letters of a */
	size_t a_length = strlen(a), b_length = strlen(b);

	for (size_t j = 0; j <= b_length; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *now = row[i % 3], *above = row[(i + 2) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] &&
			    row[(i + 1) % 3][j - 2] + 1 < best)
				best = row[(i + 1) % 3][j - 2] + 1;
			now[j] = best;
		}
	}
	return row[a_length % 3][b_length];
}

void
guess_try(struct guess *guess, const char *name)
{
	size_t length = strlen(guess->word), other = strlen(name);
	size_t used = strlen(guess->names);

	snprintf(guess->names + used, sizeof(guess->names) - used, "%s%s",
	    used > 0 ? ", " : "", name);
	/* short words are all near each other: allow them less */
	unsigned limit = length < 3 ? 0 : length < 5 ? 1 : 2;
	if (length > WORD_MAX || other > WORD_MAX || length > other + limit ||
	    other > length + limit)
		return;
	unsigned distance = edit_distance(guess->word, name);
	if (distance <= limit && (!guess->best || distance < guess->distance)) {
		guess->best = name;
		guess->distance = distance;
	}
}

const char *
guess_text(const struct guess *guess, char *buffer)
{
	if (guess->best)
		snprintf(buffer, GUESS_TEXT_SIZE, "did you mean \"%s\"?",
		    guess->best);
	else
		snprintf(
		    buffer, GUESS_TEXT_SIZE, "accepted are %s", guess->names);
	return buffer;
}
