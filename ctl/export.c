/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export: the rules of a config as another firewall has them, on stdout.  All
 * that it has no way to say is an error, and then nothing is printed.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_export.h"
#include "file.h"
#include "text.h"

static const struct {
	const char *name, *what, *accepted;
	json_t *(*export)(struct export *export);
} kinds[] = {
	{ "aws-network-acls", "a network ACL", "without sets and action",
	    aws_export_network_acl },
	{ "aws-security-groups", "a security group",
	    "without sets but @pl-... and @sg-..., and action = \"allow\"",
	    aws_export_security_groups },
};

int
command_export(const struct call *call)
{
	size_t kind = 0;

	while (kind < ARRAY_LEN(kinds) &&
	       strcmp(kinds[kind].name, call->argument[0]) != 0)
		kind++;
	if (kind == ARRAY_LEN(kinds)) {
		text_complain("export \"%s\", accepted are aws-network-acls "
			      "and aws-security-groups",
		    call->argument[0]);
		return EXIT_USAGE;
	}
	struct policy *policy = file_load(call->argument[1]);
	if (!policy)
		return EXIT_INVALID;
	struct export export = { policy, kinds[kind].what, kinds[kind].accepted,
		false };
	json_t *answer = kinds[kind].export(&export);
	if (!export.failed) {
		char *text = text_need(json_dumps(answer, JSON_INDENT(1)));
		puts(text);
		free(text);
	}
	json_decref(answer);
	policy_destroy(policy);
	return export.failed ? EXIT_INVALID : EXIT_OK;
}
