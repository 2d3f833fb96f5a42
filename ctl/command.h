/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What main() hands to a command, and the commands it knows.  One thread.
 */
#ifndef EPHEMERALD_COMMAND_H
#define EPHEMERALD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The exit status of ephctl; a part of its interface. */
enum exit_code {
	EXIT_OK,
	EXIT_FAILED,
	EXIT_USAGE,
	EXIT_NOT_RUNNING,
	EXIT_NOT_PERMITTED,
	EXIT_INVALID, /* the config */
	EXIT_NO_OBJECT,
	EXIT_TIMED_OUT, /* or rolled back */
	EXIT_UNEXPECTED,
};

#define DEFAULT_CONFIG "/etc/ephemerald/ephemerald.conf"

/* "--NAME VALUE"; a flag, "--NAME", has the value "". */
struct command_option {
	const char *name, *value, *help;
};

#define OPTIONS_MAX 10

/* One command line, taken apart and within the command's limits. */
struct call {
	const char *command;
	const char *socket;
	bool json;
	bool header;
	char **argument;
	size_t argument_count;
	const struct command_option *option; /* of the command; the last has no
						name */
	const char *value[OPTIONS_MAX];      /* of option[i], NULL: not given */
};

/* Value of the option, NULL: not given. */
const char *call_option(const struct call *call, const char *name);

/* Each prints its answer or what went wrong, and returns an exit code or
 * what the daemon said. */
int command_status(const struct call *call);
int command_rules(const struct call *call);
int command_flows(const struct call *call);
int command_kill(const struct call *call);
int command_top(const struct call *call);
int command_watch(const struct call *call);
int command_drops(const struct call *call);
int command_shadow(const struct call *call);
int command_why(const struct call *call);
int command_reload(const struct call *call);
int command_try(const struct call *call);
int command_confirm(const struct call *call);
int command_rollback(const struct call *call);
int command_allow(const struct call *call);
int command_explain(const struct call *call);
int command_metrics(const struct call *call);
int command_set(const struct call *call);
int command_ban(const struct call *call);
int command_check(const struct call *call);
int command_import(const struct call *call);
int command_export(const struct call *call);
int command_lint(const struct call *call);
int command_diff(const struct call *call);
int command_replay(const struct call *call);

#endif
