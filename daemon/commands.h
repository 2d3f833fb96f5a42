/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the control socket: what each may do and what it answers.
 * Main thread, which is the filter's keeper.
 */
#ifndef EPHEMERALD_COMMANDS_H
#define EPHEMERALD_COMMANDS_H

#include "conf.h"
#include "control.h"
#include "drops.h"
#include "filter.h"
#include "hook.h"
#include "queue.h"

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
	const struct drops *drops;
	/* Reads the config and puts it in force; diagnostics may hold notices.
	 * False: nothing has changed, diagnostics say why. */
	bool (*reload)(void *context, struct diagnostics *diagnostics);
	void *reload_context;

	/* Its own, from commands_begin() on; times are of clock_ms(). */
	const struct hook *hook;
	uint64_t started_ms;
	uint64_t loaded_ms; /* when the policy in force came into force */
	struct {
		uint64_t time_ms; /* 0: none since the start */
		bool ok;
		char *error;
	} last_reload;
};

/* The firewall is up: its first policy is in force, by this hook (NULL: none).
 * The other fields are set. */
void commands_begin(struct commands *commands, const struct hook *hook);
/* Calls commands->reload and remembers for `status` how it went. */
bool commands_reload(
    struct commands *commands, struct diagnostics *diagnostics);
/* For control_turn(); the context is a struct commands. */
enum exchange_step commands_answer(void *context, struct exchange *exchange);
/* What it has of its own. */
void commands_free(struct commands *commands);

#endif
