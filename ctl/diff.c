/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff: what a config would change.  The policy in force comes from the daemon
 * as a config, and the flows as `ephctl flows` shows them; both are compared
 * with the file here, so that the daemon need not be able to read it.  With
 * --config two files are compared, and there are no flows.
 */
#include "diff.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "command.h"
#include "conf.h"
#include "diff_sets.h"
#include "diff_show.h"
#include "file.h"
#include "flow_row.h"
#include "row.h"
#include "text.h"

/* What the rows of an answer are put together to. */
struct lines {
	char *text;
	size_t size;
	FILE *stream;
};

static void
take_line(void *context, const json_t *row)
{
	struct lines *lines = context;
	const char *line = json_string_value(json_object_get(row, "line"));

	fprintf(lines->stream, "%s\n", line ? line : "");
}

/* The policy in force; NULL: *code says why there is none. */
static struct policy *
policy_in_force(const struct call *call, int *code)
{
	struct call ask = { .command = "policy", .socket = call->socket };
	struct diagnostics diagnostics = { 0 };
	struct lines lines = { 0 };

	lines.stream = text_need(open_memstream(&lines.text, &lines.size));
	*code = client_ask(&ask, NULL, take_line, &lines);
	fclose(lines.stream);
	struct conf_text conf = { "", lines.text, lines.size };
	struct policy *policy =
	    *code == EXIT_OK ? conf_load(&conf, 1, &diagnostics) : NULL;
	if (!policy && *code == EXIT_OK) {
		for (size_t i = 0; i < diagnostics.count; i++)
			text_report(diagnostics.line[i]);
		*code = EXIT_FAILED;
	}
	if (policy)
		policy_expire(policy, time(NULL));
	diagnostics_clear(&diagnostics);
	free(lines.text);
	return policy;
}

static void
take_opening(void *context, const json_t *row)
{
	struct temporaries *all = context;
	const char *name = row_text(row, "name");
	const char *protocol = row_text(row, "protocol");
	const char *from = row_text(row, "from");
	const char *port = row_text(row, "port");
	struct temporary opening = {
		.port = text_format("%s", port ? port : ""),
		.protocol = protocol ? text_format("%s", protocol) : NULL,
		.from = from ? text_format("%s", from) : NULL,
	};

	if (name)
		sscanf(name, "temporary %u", &opening.number);
	all->rule =
	    text_need(reallocarray(all->rule, all->count + 1, sizeof(opening)));
	all->rule[all->count++] = opening;
}

/* What a reload would make of the file: temporary rules survive it. */
static struct policy *
policy_to_come(const struct call *call, const char *file, int *code)
{
	struct call ask = { .command = "allow-list", .socket = call->socket };
	struct temporaries all = { 0 };

	*code = client_ask(&ask, NULL, take_opening, &all);
	struct policy *policy =
	    *code == EXIT_OK ? file_load_behind(file, &all) : NULL;
	if (!policy && *code == EXIT_OK)
		*code = EXIT_INVALID;
	temporary_free(&all);
	return policy;
}

/* Flows as they come, held against both policies. */
struct judging {
	const struct policy *before, *after;
	struct interfaces *interfaces;
	bool json;
	size_t flows, cut;
};

static void
judge_flow(void *context, const json_t *row)
{
	struct judging *judging = context;
	struct packet first;
	struct ruling why;

	judging->flows++;
	if (!flow_row_packet(row, judging->interfaces, &first) ||
	    !policy_cuts(judging->before, judging->after, judging->interfaces,
		&first, &why))
		return;
	judging->cut++;
	diff_show_flow(row, &why, judging->json);
}

static int
judge_flows(const struct call *call, struct judging *judging)
{
	struct call ask = { .command = "flows", .socket = call->socket };

	judging->interfaces = text_need(interfaces_create());
	int code = client_ask(&ask, NULL, judge_flow, judging);
	interfaces_destroy(judging->interfaces);
	return code;
}

static void
show_changes(const struct difference *difference, bool json)
{
	for (size_t i = 0; i < difference->count; i++)
		diff_show_change(
		    &difference->change[i], difference->space, json);
	if (!difference->complete)
		text_complain("some rules are cut up by so many others that "
			      "what changes by them is unknown");
}

/* Returns the exit code. */
static int
compare(const struct call *call, const struct policy *before,
    const struct policy *after, bool in_force)
{
	struct judging judging = {
		.before = before, .after = after, .json = call->json
	};
	struct difference difference;
	int code = EXIT_OK;

	if (!policy_diff(before, after, &difference))
		text_need(NULL);
	show_changes(&difference, call->json);
	if (in_force)
		code = judge_flows(call, &judging);
	if (code == EXIT_OK && !call->json) {
		fprintf(stderr, "%zu change%s", difference.count,
		    difference.count == 1 ? "" : "s");
		if (in_force)
			fprintf(stderr, ", %zu of %zu flow%s cut", judging.cut,
			    judging.flows, judging.flows == 1 ? "" : "s");
		fputc('\n', stderr);
	}
	if (code == EXIT_OK && !difference.complete)
		code = EXIT_FAILED;
	difference_free(&difference);
	return code;
}

int
command_diff(const struct call *call)
{
	const char *old = call_option(call, "config");
	struct policy *before = NULL;
	const char *file = call->argument[0];
	int code = EXIT_INVALID;

	struct policy *after =
	    old ? file_load(file) : policy_to_come(call, file, &code);
	if (after)
		before = old ? file_load(old) : policy_in_force(call, &code);
	struct policy *const both[] = { before, after };
	if (before)
		code = old ? EXIT_OK : diff_sets_fetch(call, both, 2);
	if (before && code == EXIT_OK)
		code = compare(call, before, after, !old);
	diff_sets_forget(before);
	diff_sets_forget(after);
	policy_destroy(before);
	policy_destroy(after);
	return code;
}
