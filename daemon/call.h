/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands.c and the files of its commands share: a call of a command and
 * what it needs to go on.  Nobody else includes this.
 */
#ifndef EPHEMERALD_CALL_H
#define EPHEMERALD_CALL_H

#include "commands.h"
#include "flow_filter.h"
#include "request.h"

struct progress {
	const struct command *command;
	enum request_id id; /* as in struct request */
	uint64_t id_number;
	char id_text[ID_TEXT_SIZE];
	union {
		struct {
			struct flow_filter filter;
			uint32_t cursor;
		} flows;
		struct {
			uint64_t generation;
			enum table_id table;
			size_t next;
		} rules;
		struct drops_cursor drops;
		struct {
			uint64_t generation;
			char name[SET_NAME_MAX + 1]; /* "": all sets */
			uint64_t cursor;
		} sets;
		struct {
			uint32_t cursor;
			uint64_t flows[STATE_COUNT];
		} states;
		struct {
			struct flow_filter filter;
			uint64_t cursor;
		} watch;
		struct {
			struct flow_filter filter;
			uint32_t cursor;
			bool reset;
			uint64_t count;
		} kill;
	};
};

/* One call of a command. */
struct call {
	struct commands *commands;
	const struct exchange *exchange;
	const struct request *request; /* in the first call, else NULL */
	struct progress *progress;
	struct json *out;
	enum answer answer; /* ANSWER_OK at first */
	char *error;        /* owned; with any other answer */
};

/* The answer is an error. */
enum exchange_step call_fail(struct call *call, enum answer answer,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The conditions of the request.  False: the answer is an error. */
bool call_read_filter(struct call *call, struct flow_filter *filter);
/* "3600", "90s", "15m", "2h", "5d", and "-1": SET_FOREVER. */
bool call_read_duration(const char *text, uint64_t *ms);

/* Of commands_change.c. */
enum exchange_step call_reload(struct call *call);
enum exchange_step call_try(struct call *call);
enum exchange_step call_trial(struct call *call);
enum exchange_step call_confirm(struct call *call);
enum exchange_step call_rollback(struct call *call);
enum exchange_step call_promote(struct call *call);
enum exchange_step call_allow(struct call *call);
enum exchange_step call_allow_del(struct call *call);
enum exchange_step call_allow_list(struct call *call);

/* Of commands_states.c. */
enum exchange_step call_states(struct call *call);

/* Of commands_kill.c. */
enum exchange_step call_kill(struct call *call);

/* Of commands_watch.c. */
enum exchange_step call_watch(struct call *call);

/* Of commands_sets.c. */
enum exchange_step call_set_add(struct call *call);
enum exchange_step call_set_del(struct call *call);
enum exchange_step call_set_test(struct call *call);
enum exchange_step call_set_list(struct call *call);
enum exchange_step call_ban(struct call *call);

#endif
