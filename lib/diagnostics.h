/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config texts, and what is said of them.  Plain values; the lines are owned by
 * the list.
 */
#ifndef EPHEMERALD_DIAGNOSTICS_H
#define EPHEMERALD_DIAGNOSTICS_H

#include <stddef.h>

/* One file; both borrowed for the call.  `size` bytes, may contain a NUL
 * (which is an error to report). */
struct conf_text {
	const char *name;
	const char *text;
	size_t size;
};

/* "file:line: what is wrong, what is accepted", in file order. */
struct diagnostics {
	char **line;
	size_t count;
};

void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnostics_clear(struct diagnostics *diagnostics);

#endif
