/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of the policy: reload, trial, rollback, rules for a while.  Knows the
 * texts that the policy in force was made of and those before it, and when to
 * go back.  Asks the guard before each change; only people overrule it.  Main
 * thread; times are those of one monotonic clock.
 */
#ifndef EPHEMERALD_CHANGES_H
#define EPHEMERALD_CHANGES_H

#include "files.h"
#include "filter.h"
#include "temporary.h"

struct changes;

struct changes_options {
	/* Borrowed. */
	struct filter *filter; /* its first policy is in force */
	const struct interfaces *interfaces;
	const char *config; /* path of the config */
	/* As files_read(). */
	bool (*read)(const char *path, struct files *files,
	    struct diagnostics *diagnostics);
	/* Puts the policy, which it takes, in force; diagnostics may hold
	 * notices.  False: nothing has changed, diagnostics say why. */
	bool (*enforce)(void *context, struct policy *policy,
	    struct diagnostics *diagnostics);
	void *context;
};

enum change {
	CHANGE_DONE,
	CHANGE_INVALID, /* the config */
	CHANGE_REFUSED, /* by the guard, or for a trial is running */
	CHANGE_NOTHING, /* to confirm, to go back to, to take out */
	CHANGE_FAILED,
};

/* Who asks: see guard.h. */
struct change_terms {
	const char *session;
	bool force;
	uint64_t now_ms;
};

enum attempt_state {
	ATTEMPT_NONE, /* since the start */
	ATTEMPT_RUNNING,
	ATTEMPT_CONFIRMED,
	ATTEMPT_ROLLED_BACK,
};

/* The last trial. */
struct attempt {
	enum attempt_state state;
	uint64_t number; /* generation of its policy at first */
	uint64_t end_ms; /* when the policy before comes back */
	bool timed_out;  /* and that is why it did */
};

#define TRY_SECONDS_MOST 86400

/* Takes the texts of the policy in force.  NULL: out of memory. */
struct changes *changes_create(
    const struct changes_options *options, struct files *files);
void changes_destroy(struct changes *changes); /* NULL is fine */

/* Each says in the report what there is to say, in any case. */
enum change changes_reload(struct changes *changes,
    const struct change_terms *terms, struct diagnostics *report);
/* The config at `path` until it is confirmed, for that long at most. */
enum change changes_try(struct changes *changes, const char *path,
    uint64_t seconds, const struct change_terms *terms,
    struct diagnostics *report);
enum change changes_confirm(
    struct changes *changes, struct diagnostics *report);
/* Ends the trial; without one, back to the policy before the last reload or
 * confirmed trial. */
enum change changes_rollback(
    struct changes *changes, uint64_t now_ms, struct diagnostics *report);
/* See temporary_add(). */
enum change changes_allow(struct changes *changes, const char *what,
    const char *from, uint64_t end_ms, uint64_t now_ms,
    struct diagnostics *report);
enum change changes_allow_end(struct changes *changes, const char *what,
    const char *from, uint64_t now_ms, struct diagnostics *report);
/* The shadow policy is read anew and takes the place of the one in force. */
enum change changes_promote(struct changes *changes,
    const struct change_terms *terms, struct diagnostics *report);
/* What time brings; a few times a second. */
void changes_tend(struct changes *changes, uint64_t now_ms);

const struct attempt *changes_attempt(const struct changes *changes);
const struct temporaries *changes_temporaries(const struct changes *changes);
/* Of the policy in force, without temporary rules. */
const struct files *changes_files(const struct changes *changes);
/* When it came into force; 0: at the start. */
uint64_t changes_loaded_ms(const struct changes *changes);
/* Would a restart come up with other texts?  Reads the files. */
bool changes_differ_on_disk(const struct changes *changes);

#endif
