/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the control socket: what each may do and what it answers.
 * Main thread, which is the filter's keeper.
 */
#ifndef EPHEMERALD_COMMANDS_H
#define EPHEMERALD_COMMANDS_H

#include "changes.h"
#include "control.h"
#include "drops.h"
#include "fast_path.h"
#include "filter.h"
#include "hook.h"
#include "queue.h"
#include "watch.h"

/* Part of the interface: exit status of ephctl, "exit" in an answer. */
enum answer {
	ANSWER_OK,
	ANSWER_FAILED,
	ANSWER_USAGE,
	ANSWER_NOT_RUNNING, /* ephctl's own */
	ANSWER_NOT_PERMITTED,
	ANSWER_INVALID, /* the config */
	ANSWER_NO_OBJECT,
};

struct commands {
	/* Borrowed. */
	struct filter *filter;
	const struct interfaces *interfaces;
	struct queue *const *queues;
	size_t queue_count;
	const struct drops *drops, *disagreements;
	struct watch *watch;
	struct changes *changes;
	const struct fast_path_kernel *fast_path; /* NULL: none, */
	const char *fast_path_error; /* and why; NULL or "": not asked */

	/* Its own, from commands_begin() on; times are of clock_ms(). */
	const struct hook *hook;
	uint64_t started_ms;
	struct {
		uint64_t time_ms; /* 0: none since the start */
		bool ok;
		char *error;
	} last_reload;
};

/* The firewall is up: its first policy is in force, by this hook (NULL: none).
 * The other fields are set. */
void commands_begin(struct commands *commands, const struct hook *hook);
/* As changes_reload(); remembers for `status` how it went. */
enum change commands_reload(struct commands *commands,
    const struct change_terms *terms, struct diagnostics *report);
/* For control_turn(); the context is a struct commands. */
enum exchange_step commands_answer(void *context, struct exchange *exchange);
/* What it has of its own. */
void commands_free(struct commands *commands);

#endif
