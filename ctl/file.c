/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the daemon's own code on a file: what passes here passes there.  This
 * is the only file of ephctl that writes JSON with lib/json.h, whose functions
 * would clash with those of jansson by name.
 */
#include "file.h"

#include <stdlib.h>

#include "command.h"
#include "explain_ports.h"
#include "files.h"
#include "owners.h"
#include "question.h"
#include "text.h"

static void
report(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		text_report(diagnostics->line[i]);
}

struct policy *
file_load(const char *file)
{
	static const struct temporaries none;

	return file_load_behind(file, &none);
}

struct policy *
file_load_behind(const char *file, const struct temporaries *rules)
{
	struct diagnostics diagnostics = { 0 };
	struct files files;
	struct policy *policy =
	    files_read(file, &files, &diagnostics)
		? temporary_load(&files, rules, &diagnostics)
		: NULL;

	report(&diagnostics);
	diagnostics_clear(&diagnostics);
	files_free(&files);
	return policy;
}

bool
file_is_valid(const char *name, const char *text, size_t size)
{
	const struct conf_text conf = { name, text, size };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = policy_load(&conf, 1, &diagnostics);

	if (!policy)
		report(&diagnostics);
	diagnostics_clear(&diagnostics);
	policy_destroy(policy);
	return policy != NULL;
}

/* Rules in tables first to last, or null if none of them is in the config. */
static void
put_count(struct json *json, const char *key, const struct policy *policy,
    enum table_id first, enum table_id last)
{
	uint64_t count = 0;
	bool present = false;

	for (enum table_id table = first; table <= last; table++) {
		count += policy->tables[table].count;
		present |= policy->tables[table].present;
	}
	if (present)
		json_unsigned(json, key, count);
	else
		json_null(json, key);
}

static void
put_rules(struct json *json, const struct policy *policy)
{
	json_open_object(json, "rules");
	put_count(json, "inbound", policy, TABLE_INBOUND, TABLE_INBOUND);
	put_count(json, "outbound", policy, TABLE_OUTBOUND, TABLE_OUTBOUND);
	put_count(json, "forward", policy, TABLE_FORWARD, TABLE_FORWARD);
	put_count(json, "acl", policy, TABLE_ACL_INBOUND, TABLE_ACL_OUTBOUND);
	json_close_object(json);
}

/* The text of *json, which is left empty. */
static char *
take_text(struct json *json)
{
	char *text = text_need(json->failed ? NULL : json->text);

	*json = (struct json){ 0 };
	return text;
}

char *
file_check(const char *file, int *code)
{
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = files_load(file, &diagnostics);
	struct json json = { 0 };

	json_open_object(&json, NULL);
	json_string(&json, "file", file);
	json_bool(&json, "ok", policy != NULL);
	json_open_array(&json, "diagnostics");
	for (size_t i = 0; i < diagnostics.count; i++)
		json_string(&json, NULL, diagnostics.line[i]);
	json_close_array(&json);
	if (policy)
		put_rules(&json, policy);
	else
		json_null(&json, "rules");
	json_close_object(&json);

	*code = policy ? EXIT_OK : EXIT_INVALID;
	report(&diagnostics);
	diagnostics_clear(&diagnostics);
	policy_destroy(policy);
	return take_text(&json);
}

char *
file_explain(const char *file, const char *packet, int *code)
{
	struct policy *policy = file_load(file);
	struct json json = { 0 };
	struct question question;
	struct packet facts;
	char error[QUESTION_ERROR_SIZE];

	if (!policy) {
		*code = EXIT_INVALID;
		return NULL;
	}
	if (!question_read(packet, &question, error) ||
	    !owners_of_question(&question, error)) {
		text_complain("%s", error);
		policy_destroy(policy);
		*code = EXIT_USAGE;
		return NULL;
	}
	struct interfaces *interfaces = text_need(interfaces_create());
	question_know(&question, interfaces);
	question_packet(&question, interfaces, &facts);
	if (question.any_source_port)
		explain_ports_json(NULL, policy, interfaces, &facts, 0, &json);
	else
		explain_json(NULL, policy, interfaces, &facts, 0, &json);
	interfaces_destroy(interfaces);
	policy_destroy(policy);
	*code = EXIT_OK;
	return take_text(&json);
}
