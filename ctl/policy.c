/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands about the policy as a whole: reload, check.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "file.h"
#include "row.h"
#include "text.h"

/* Frees it. */
static void
say(char *raw)
{
	char *clean = text_clean(raw);

	text_print(0, clean);
	free(clean);
	free(raw);
}

int
command_reload(const struct call *call)
{
	int code;
	json_t *answer = client_ask_one(call, NULL, &code);
	size_t i;
	json_t *notice;

	if (!answer || call->json) {
		json_decref(answer);
		return code;
	}
	json_array_foreach(json_object_get(answer, "notices"), i, notice)
	{
		const char *text = json_string_value(notice);

		text_report(text ? text : "?");
	}
	char *counts = row_rule_counts(json_object_get(answer, "rules"));
	say(text_format("generation %ju is in force, %s",
	    (uintmax_t)row_count(answer, "generation"), counts));
	free(counts);
	json_decref(answer);
	return code;
}

int
command_check(const struct call *call)
{
	const char *file = call->argument[0];
	int code;
	char *text = file_check(file, &code);
	json_t *answer = client_parse(text, strlen(text), call->json);

	if (answer && code == EXIT_OK && !call->json) {
		char *counts =
		    row_rule_counts(json_object_get(answer, "rules"));
		say(text_format("%s: ok, %s", file, counts));
		free(counts);
	}
	json_decref(answer);
	free(text);
	return code;
}
