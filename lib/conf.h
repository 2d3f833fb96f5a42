/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config text to policy, all or nothing.  Sees (name, text) pairs; the caller
 * reads the files.  Not on the packet path; one thread at a time.
 */
#ifndef EPHEMERALD_CONF_H
#define EPHEMERALD_CONF_H

#include "rules.h"

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

/* The policy of these texts merged in order, or NULL and at least one
 * diagnostic.  On success diagnostics may hold notices ("inbound is missing:
 * everything inbound is blocked").  Caller owns the policy. */
struct policy *conf_load(const struct conf_text *texts, size_t count,
    struct diagnostics *diagnostics);
void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnostics_clear(struct diagnostics *diagnostics);

#endif
