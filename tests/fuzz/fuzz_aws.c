/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON as AWS's, or any other, imported as both kinds, and exported again.
 *
 * Held: nothing beyond the bytes is read (the sanitizers look); what is
 * imported and is a config can be exported; and what was exported comes out the
 * same once it is imported and exported again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "aws_export.h"
#include "load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LENGTH_MAX (1 << 16)

static const struct trade {
	bool (*import)(
	    struct aws_place *place, const json_t *answer, FILE *out);
	json_t *(*export)(struct export *export);
} kinds[] = {
	{ aws_import_network_acl, aws_export_network_acl },
	{ aws_import_security_groups, aws_export_security_groups },
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* NULL: it cannot be, or is no config. */
static struct policy *
import(const struct trade *kind, const json_t *answer)
{
	struct aws_place place = { .file = "answer" };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	require(out != NULL);
	bool whole = kind->import(&place, answer, out);
	require(fclose(out) == 0 && whole == !place.failed);
	struct conf_text conf = { "imported", text, size };
	if (whole)
		policy = policy_load(&conf, 1, &diagnostics);
	diagnostics_clear(&diagnostics);
	free(text);
	return policy;
}

static json_t *export(const struct trade *kind, struct policy *policy)
{
	struct export export = { policy, "a thing of AWS", "and more", false };
	json_t *answer = kind->export(&export);

	require(answer && !export.failed);
	policy_destroy(policy);
	return answer;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *answer = size <= LENGTH_MAX
			     ? json_loadb((const char *)data, size,
				   JSON_REJECT_DUPLICATES, NULL)
			     : NULL;

	for (size_t i = 0; answer && i < 2; i++) {
		struct policy *policy = import(&kinds[i], answer);
		if (!policy)
			continue;
		json_t *once = export(&kinds[i], policy);
		policy = import(&kinds[i], once);
		require(policy != NULL);
		json_t *twice = export(&kinds[i], policy);
		require(json_equal(once, twice));
		json_decref(once);
		json_decref(twice);
	}
	json_decref(answer);
	return 0;
}
