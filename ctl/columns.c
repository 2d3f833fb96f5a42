/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells are kept as text, two forms each, in one growing buffer; widths are
 * known once all rows are there.  A table wider than the terminal gives way in
 * this order, a step at a time and no further than needed:
 *   1. columns without a single value go;
 *   2. columns take their brief form, the one that saves most first;
 *   3. columns with a rank go, and columns_left_out() tells;
 *   4. texts that may be cut are, the widest first, not below CUT_LEAST;
 *   5. one blank between columns instead of two.
 */
#include "columns.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define CUT_LEAST 8

enum form { FORM_FULL, FORM_BRIEF, FORM_COUNT };

/* Where its texts begin in the buffer. */
struct cell {
	size_t text[FORM_COUNT];
};

/* How a column is printed. */
struct shape {
	unsigned natural[FORM_COUNT]; /* widest text, heading included */
	unsigned width;
	enum form form;
	bool has_value;
	bool absent;
	bool left_out; /* absent although it has values */
};

struct columns {
	const struct column *column;
	struct shape *shape;
	size_t count;
	struct cell *cell;
	size_t cell_count, cell_size;
	char *text;
	size_t text_used, text_size;
	unsigned gap;
};

struct columns *
columns_create(const struct column *column, size_t count)
{
	struct columns *columns = text_need(calloc(1, sizeof(*columns)));

	columns->column = column;
	columns->count = count;
	columns->shape = text_need(calloc(count, sizeof(*columns->shape)));
	columns->gap = 2;
	for (size_t i = 0; i < count; i++) {
		struct shape *shape = &columns->shape[i];

		shape->natural[FORM_FULL] = text_width(column[i].heading);
		shape->natural[FORM_BRIEF] = shape->natural[FORM_FULL];
	}
	return columns;
}

void
columns_destroy(struct columns *columns)
{
	if (!columns)
		return;
	free(columns->shape);
	free(columns->cell);
	free(columns->text);
	free(columns);
}

static size_t
keep(struct columns *columns, const char *text)
{
	size_t bytes = strlen(text) + 1;
	size_t at = columns->text_used;

	if (columns->text_size - at < bytes) {
		columns->text_size = 2 * (at + bytes);
		columns->text =
		    text_need(realloc(columns->text, columns->text_size));
	}
	memcpy(columns->text + at, text, bytes);
	columns->text_used += bytes;
	return at;
}

void
columns_add(struct columns *columns, const char *full, const char *brief)
{
	size_t place = columns->cell_count % columns->count;
	struct shape *shape = &columns->shape[place];
	const char *raw[FORM_COUNT] = { full, brief ? brief : full };
	struct cell cell;

	for (int form = 0; form < FORM_COUNT; form++) {
		char *clean = text_clean(raw[form] ? raw[form] : "-");
		unsigned width = text_width(clean);

		if (width > shape->natural[form])
			shape->natural[form] = width;
		if (form == FORM_BRIEF && !brief)
			cell.text[form] = cell.text[FORM_FULL];
		else
			cell.text[form] = keep(columns, clean);
		free(clean);
	}
	if (full && *full && strcmp(full, "*") != 0)
		shape->has_value = true;
	if (columns->cell_count == columns->cell_size) {
		columns->cell_size = 2 * columns->cell_size + 64;
		columns->cell = text_need(reallocarray(
		    columns->cell, columns->cell_size, sizeof(*columns->cell)));
	}
	columns->cell[columns->cell_count++] = cell;
}

void
columns_take(struct columns *columns, char *full, char *brief)
{
	columns_add(columns, full, brief);
	free(full);
	free(brief);
}

size_t
columns_rows(const struct columns *columns)
{
	return columns->cell_count / columns->count;
}

static unsigned
total_width(const struct columns *columns, unsigned indent)
{
	unsigned sum = indent;
	bool first = true;

	for (size_t i = 0; i < columns->count; i++) {
		if (columns->shape[i].absent)
			continue;
		sum += columns->shape[i].width + (first ? 0 : columns->gap);
		first = false;
	}
	return sum;
}

static bool
drop_empty(struct columns *columns)
{
	if (columns_rows(columns) == 0)
		return false;
	for (size_t i = 0; i < columns->count; i++) {
		struct shape *shape = &columns->shape[i];

		if (!shape->has_value && !shape->absent) {
			shape->absent = true;
			return true;
		}
	}
	return false;
}

static bool
abbreviate(struct columns *columns)
{
	struct shape *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < columns->count; i++) {
		struct shape *shape = &columns->shape[i];
		unsigned full = shape->natural[FORM_FULL];
		unsigned brief = shape->natural[FORM_BRIEF];

		if (!shape->absent && shape->form == FORM_FULL &&
		    full > brief && full - brief > most) {
			most = full - brief;
			best = shape;
		}
	}
	if (!best)
		return false;
	best->form = FORM_BRIEF;
	best->width = best->natural[FORM_BRIEF];
	return true;
}

static bool
leave_out(struct columns *columns)
{
	size_t worst = columns->count;

	for (size_t i = 0; i < columns->count; i++) {
		unsigned rank = columns->column[i].rank;

		if (rank && !columns->shape[i].absent &&
		    (worst == columns->count ||
			rank > columns->column[worst].rank))
			worst = i;
	}
	if (worst == columns->count)
		return false;
	columns->shape[worst].absent = true;
	columns->shape[worst].left_out = true;
	return true;
}

static bool
shrink(struct columns *columns)
{
	struct shape *widest = NULL;

	for (size_t i = 0; i < columns->count; i++) {
		struct shape *shape = &columns->shape[i];

		if (columns->column[i].cut != CUT_NEVER && !shape->absent &&
		    shape->width > CUT_LEAST &&
		    (!widest || shape->width > widest->width))
			widest = shape;
	}
	if (!widest)
		return false;
	widest->width--;
	return true;
}

static bool
tighten(struct columns *columns)
{
	if (columns->gap == 1)
		return false;
	columns->gap = 1;
	return true;
}

static void
fit(struct columns *columns, unsigned indent)
{
	static bool (*const step[])(struct columns *) = { drop_empty,
		abbreviate, leave_out, shrink, tighten };
	unsigned limit = text_terminal();

	for (size_t i = 0; i < columns->count; i++)
		columns->shape[i].width = columns->shape[i].natural[FORM_FULL];
	if (!limit)
		return;
	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]);) {
		if (total_width(columns, indent) <= limit)
			return;
		if (!step[i](columns))
			i++;
	}
}

char *
columns_cut(const char *text, enum cut cut, unsigned width)
{
	unsigned whole = text_width(text);

	if (whole <= width)
		return text_format("%s", text);
	unsigned head = cut == CUT_START ? 0 : width - 1;
	if (cut == CUT_MIDDLE)
		head /= 2;
	unsigned tail = width - 1 - head;
	size_t skip = text_bytes_within(text, whole - tail);
	if (text_width(text + skip) > tail) /* half of a wide character */
		skip = text_bytes_within(text, whole - tail + 1);
	return text_format("%.*s%s%s", (int)text_bytes_within(text, head), text,
	    text_ellipsis(), text + skip);
}

/* One line; `text` has a text per column. */
static void
print_line(const struct columns *columns, char *const *text, unsigned indent,
    enum tone tone)
{
	const char *blanks = "";
	unsigned pad = indent;

	for (size_t i = 0; i < columns->count; i++) {
		const struct shape *shape = &columns->shape[i];

		if (shape->absent)
			continue;
		char *cut =
		    columns_cut(text[i], columns->column[i].cut, shape->width);
		char *dressed = text_tone(tone, cut);
		unsigned rest = shape->width - text_width(cut);

		if (columns->column[i].right)
			pad += rest;
		printf("%*s%s", (int)pad, blanks, dressed);
		pad = columns->gap + (columns->column[i].right ? 0 : rest);
		free(dressed);
		free(cut);
	}
	putchar('\n');
}

void
columns_print(struct columns *columns, bool header, unsigned indent)
{
	char **text = text_need(calloc(columns->count, sizeof(*text)));

	fit(columns, indent);
	if (header) {
		for (size_t i = 0; i < columns->count; i++)
			text[i] = (char *)columns->column[i].heading;
		print_line(columns, text, indent, TONE_STRONG);
	}
	for (size_t row = 0; row < columns_rows(columns); row++) {
		const struct cell *cell = &columns->cell[row * columns->count];

		for (size_t i = 0; i < columns->count; i++)
			text[i] = columns->text +
				  cell[i].text[columns->shape[i].form];
		print_line(columns, text, indent, TONE_PLAIN);
	}
	free(text);
}

char *
columns_left_out(const struct columns *columns)
{
	char *list = text_format("%s", "");

	for (size_t i = 0; i < columns->count; i++) {
		if (!columns->shape[i].left_out)
			continue;
		char *longer = text_format("%s%s%s", list, *list ? ", " : "",
		    columns->column[i].heading);
		free(list);
		list = longer;
	}
	return list;
}
