/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that grows.  It remembers a failure, so that only the end needs to ask.
 * Not thread-safe.
 */
#ifndef EPHEMERALD_PHRASE_H
#define EPHEMERALD_PHRASE_H

#include <stdbool.h>
#include <stddef.h>

struct phrase {
	char *text; /* NUL-terminated once something was added */
	size_t used, size;
	bool failed;
};

void phrase_add(struct phrase *phrase, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The text, malloc'd, and the phrase is empty again; NULL: out of memory. */
char *phrase_take(struct phrase *phrase);

#endif
