/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lint: what is wrong with a policy that is valid.  Each finding begins with
 * its place, and the lines that mend it follow, so that an editor can jump
 * there.  Needs no daemon.
 */
#include "lint.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "host.h"
#include "text.h"

#define INDENT 4

static void
print_finding(const struct finding *finding)
{
	char *place = finding->line > 0
			  ? text_format("%s:%u", finding->file, finding->line)
			  : text_format("%s", finding->file);
	char *raw = text_format(
	    "%s: %s%s", place, finding->is_note ? "note: " : "", finding->text);
	char *clean = text_clean(raw);

	text_print(INDENT, clean);
	free(clean);
	free(raw);
	free(place);
	for (char *rest = finding->mend, *line;
	     rest && (line = strsep(&rest, "\n"));) {
		raw = text_format("mend: %s", line);
		clean = text_clean(raw);
		printf("%*s%s\n", INDENT, "", clean);
		free(clean);
		free(raw);
	}
}

static json_t *
mend_lines(char *mend)
{
	json_t *lines = text_need(json_array());

	for (char *line; mend && (line = strsep(&mend, "\n"));)
		json_array_append_new(lines, json_pack("s", line));
	return lines;
}

static void
print_json(const struct finding *finding)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:s, s:o}", "kind",
	    lint_name(finding->kind), "severity",
	    finding->is_note ? "note" : "finding", "file", finding->file,
	    "line",
	    finding->line > 0 ? json_integer((json_int_t)finding->line)
			      : json_pack("n"),
	    "text", finding->text, "mend", mend_lines(finding->mend));
	char *text = text_need(row ? json_dumps(row, JSON_COMPACT) : NULL);

	puts(text);
	free(text);
	json_decref(row);
}

/* False: there is no such client, which has been said. */
static bool
choose_clients(const char *name, struct lint_options *options)
{
	if (!name)
		return true;
	options->clients = lint_client(name);
	if (options->clients)
		return true;
	char *list = text_format("%s", "");
	for (size_t i = 0; lint_client_at(i); i++) {
		char *longer = text_format(
		    "%s%s%s", list, i > 0 ? ", " : "", lint_client_at(i)->name);
		free(list);
		list = longer;
	}
	text_complain(
	    "--clients: '%s' is unknown; accepted are %s", name, list);
	free(list);
	return false;
}

static void
print_report(
    const struct call *call, const char *file, const struct report *report)
{
	size_t findings = report->count - report->notes;

	for (size_t i = 0; i < report->count; i++)
		if (call->json)
			print_json(&report->finding[i]);
		else
			print_finding(&report->finding[i]);
	if (call->json)
		return;
	if (findings == 0) {
		char *raw = text_format("%s: clean", file);
		char *clean = text_clean(raw);
		text_print(0, clean);
		free(clean);
		free(raw);
	}
	fprintf(stderr, "%zu finding%s, %zu note%s\n", findings,
	    findings == 1 ? "" : "s", report->notes,
	    report->notes == 1 ? "" : "s");
}

int
command_lint(const struct call *call)
{
	struct lint_options options = { 0 };
	struct report report;

	if (!choose_clients(call_option(call, "clients"), &options))
		return EXIT_USAGE;
	struct policy *policy = file_load(call->argument[0]);
	if (!policy)
		return EXIT_INVALID;
	if (!call_option(call, "elsewhere"))
		host_look(&options);
	if (!lint_policy(policy, &options, &report))
		text_need(NULL);
	print_report(call, call->argument[0], &report);
	int code = report.count > report.notes ? EXIT_FAILED : EXIT_OK;
	report_free(&report);
	host_forget(&options);
	policy_destroy(policy);
	return code;
}
