/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules for a while: what `ephctl allow` opens, each with its end.  As a config
 * text, so that a policy is made of them as of any other.  One thread.
 */
#ifndef EPHEMERALD_TEMPORARY_H
#define EPHEMERALD_TEMPORARY_H

#include "files.h"

#define TEMPORARY_FILE       "temporary" /* what rules say of where they are */
#define TEMPORARY_MAX        100
#define TEMPORARY_ERROR_SIZE 200

struct temporary {
	unsigned number; /* its rule is called "temporary NUMBER" */
	char *port;      /* as written: "8080", "8000-8100", "https" */
	char *protocol;  /* NULL: TCP and UDP */
	char *from;      /* NULL: from everywhere */
	uint64_t end_ms;
};

struct temporaries {
	struct temporary *rule; /* the first of them is the first rule */
	size_t count;
	unsigned last_number;
};

/* Opens `what`, "PORT" or "PORT/PROTOCOL", to `from` (NULL: to everybody), or
 * moves the end of what is open already.  Only words are checked, not what they
 * mean.  False: error says why. */
bool temporary_add(struct temporaries *all, const char *what, const char *from,
    uint64_t end_ms, char error[TEMPORARY_ERROR_SIZE]);
/* NULL: it is not open. */
const struct temporary *temporary_find(
    const struct temporaries *all, const char *what, const char *from);
/* False: it is not open. */
bool temporary_remove(
    struct temporaries *all, const char *what, const char *from);
/* Takes out what has ended; true: something has. */
bool temporary_expire(struct temporaries *all, uint64_t now_ms);
/* `inbound = ( ... );`, rule N in line N; malloc'd, NULL: out of memory. */
char *temporary_print(const struct temporaries *all);
/* The policy of these files with the rules in front, which the tests of the
 * config are not about.  A config of nothing but a network ACL lets in all that
 * the ACL does: rules would only close it, and are left out.  NULL: the report
 * says why. */
struct policy *temporary_load(const struct files *files,
    const struct temporaries *all, struct diagnostics *report);
/* A copy of its own; false: out of memory, *copy is empty. */
bool temporary_copy(const struct temporaries *all, struct temporaries *copy);
void temporary_free(struct temporaries *all);

#endif
