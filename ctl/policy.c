/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check: is a config valid?
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "file.h"
#include "row.h"
#include "text.h"

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
		text_say(text_format("%s: ok, %s", file, counts));
		free(counts);
	}
	json_decref(answer);
	free(text);
	return code;
}
