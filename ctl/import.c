/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import: another firewall's rules as a config of ours, on stdout.  What comes
 * out is loaded before it is printed, so it is valid, or nothing is printed.
 */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "file.h"
#include "text.h"

#define INPUT_MAX (64u << 20) /* bytes */

static const struct {
	const char *name;
	bool (*import)(
	    struct aws_place *place, const json_t *answer, FILE *out);
} kinds[] = {
	{ "aws-network-acls", aws_import_network_acl },
	{ "aws-security-groups", aws_import_security_groups },
};

/* NULL: it was said why, and *code is set. */
static json_t *
read_json(const char *path, int *code)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = file ? text_need(malloc(INPUT_MAX + 1)) : NULL;
	size_t size = file ? fread(text, 1, INPUT_MAX + 1, file) : 0;
	json_t *json = NULL;
	json_error_t error;

	*code = EXIT_FAILED;
	if (!file || ferror(file)) {
		text_complain("%s: %s", path, strerror(errno));
	} else if (size > INPUT_MAX) {
		text_complain(
		    "%s: accepted are files to %u MiB", path, INPUT_MAX >> 20);
	} else if (!(json = json_loadb(
			 text, size, JSON_REJECT_DUPLICATES, &error))) {
		text_complain("%s:%d: %s, accepted is JSON", path, error.line,
		    error.text);
		*code = EXIT_INVALID;
	}
	free(text);
	if (file && file != stdin)
		fclose(file);
	return json;
}

int
command_import(const struct call *call)
{
	struct aws_place place = { .file = call->argument[1] };
	size_t kind = 0;
	int code;
	char *text = NULL;
	size_t size = 0;

	while (kind < ARRAY_LEN(kinds) &&
	       strcmp(kinds[kind].name, call->argument[0]) != 0)
		kind++;
	if (kind == ARRAY_LEN(kinds)) {
		text_complain("import \"%s\", accepted are aws-network-acls "
			      "and aws-security-groups",
		    call->argument[0]);
		return EXIT_USAGE;
	}
	json_t *answer = read_json(place.file, &code);
	if (!answer)
		return code;
	code = EXIT_INVALID;
	FILE *out = text_need(open_memstream(&text, &size));
	bool whole = kinds[kind].import(&place, answer, out);
	fclose(out);
	json_decref(answer);
	if (whole && file_is_valid("imported", text, size)) {
		fputs(text, stdout);
		code = EXIT_OK;
	}
	free(text);
	return code;
}
