/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of text, aligned.  On a terminal it is made to fit: hides how.
 * Everywhere else all of it is printed.
 */
#ifndef EPHEMERALD_COLUMNS_H
#define EPHEMERALD_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

enum cut { CUT_NEVER, CUT_START, CUT_MIDDLE, CUT_END };

struct column {
	const char *heading;
	bool right;    /* flush right */
	enum cut cut;  /* where to shorten its texts when nothing else helps */
	unsigned rank; /* 0: always shown, else the highest goes first */
};

struct columns;

/* `column` is borrowed. */
struct columns *columns_create(const struct column *column, size_t count);
/* Clean text, or as much of it as the width allows.  malloc'd. */
char *columns_cut(const char *clean, enum cut cut, unsigned width);

void columns_destroy(struct columns *columns);
/* The next cell, row by row; any bytes.  `brief`: what says the same in less
 * space, NULL: nothing does.  NULL for `full`: there is no value. */
void columns_add(struct columns *columns, const char *full, const char *brief);
/* Same, and frees both. */
void columns_take(struct columns *columns, char *full, char *brief);
size_t columns_rows(const struct columns *columns);
/* Each line `indent` wide to the right, below the headings if `header`. */
void columns_print(struct columns *columns, bool header, unsigned indent);
/* After columns_print(): headings of what was left out, as "AGE, IDLE", ""
 * for none.  malloc'd. */
char *columns_left_out(const struct columns *columns);

#endif
