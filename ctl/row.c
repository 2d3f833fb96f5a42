/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts are still as the daemon sent them: whoever prints cleans them.
 */
#include "row.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "text.h"

const char *
row_text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

bool
row_has(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	return value && !json_is_null(value);
}

uint64_t
row_count(const json_t *row, const char *key)
{
	json_int_t count = json_integer_value(json_object_get(row, key));

	return count > 0 ? (uint64_t)count : 0;
}

double
row_number(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

char *
row_endpoint(const json_t *row, const char *key, const char *port_key)
{
	const char *address = row_text(row, key);

	if (!address)
		return NULL;
	if (!row_has(row, port_key))
		return text_format("%s", address);
	return text_format(strchr(address, ':') ? "[%s]:%ju" : "%s:%ju",
	    address, (uintmax_t)row_count(row, port_key));
}

char *
row_protocol(const json_t *row)
{
	const char *protocol = row_text(row, "protocol");

	if (protocol && row_has(row, "icmp_type") && row_has(row, "icmp_code"))
		return text_format("%s %ju/%ju", protocol,
		    (uintmax_t)row_count(row, "icmp_type"),
		    (uintmax_t)row_count(row, "icmp_code"));
	return protocol ? text_format("%s", protocol) : NULL;
}

char *
row_pair(const json_t *row, const char *key, bool is_size)
{
	char *text[2];

	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		json_int_t value = json_integer_value(
		    json_array_get(json_object_get(row, key), i));
		uint64_t count = value > 0 ? (uint64_t)value : 0;

		text[i] = is_size ? text_size(count) : text_count(count, true);
	}
	char *pair = text_format("%s/%s", text[0], text[1]);
	free(text[0]);
	free(text[1]);
	return pair;
}

char *
row_place(const json_t *row, bool brief)
{
	const char *file = row_text(row, "file");

	if (!file)
		return NULL;
	const char *slash = brief ? strrchr(file, '/') : NULL;
	return text_format("%s:%ju", slash ? slash + 1 : file,
	    (uintmax_t)row_count(row, "line"));
}

char *
row_ago(const json_t *row, const char *key)
{
	if (!row_has(row, key))
		return NULL;
	char *age =
	    text_duration((double)time(NULL) - row_number(row, key), true);
	char *ago = text_format("%s ago", age);
	free(age);
	return ago;
}

char *
row_brief_rule(const json_t *row, const char *key)
{
	static const struct {
		const char *table, *brief;
	} name[] = {
		{ "inbound", "in" },
		{ "outbound", "out" },
		{ "forward", "fwd" },
		{ "acl.inbound", "acl.in" },
		{ "acl.outbound", "acl.out" },
	};
	const char *rule = row_text(row, key);

	if (!rule)
		return NULL;
	size_t length = strcspn(rule, " ");
	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		if (strlen(name[i].table) == length &&
		    strncmp(rule, name[i].table, length) == 0)
			return text_format(
			    "%s%s", name[i].brief, rule + length);
	return text_format("%s", rule);
}

char *
row_rule_counts(const json_t *rules)
{
	char *list = text_format("%s", "");
	uint64_t total = 0;
	const char *table;
	json_t *count;

	json_object_foreach((json_t *)rules, table, count)
	{
		if (!json_is_integer(count))
			continue;
		total += row_count(rules, table);
		char *longer =
		    text_format("%s%s%s %ju", list, *list ? ", " : "", table,
			(uintmax_t)row_count(rules, table));
		free(list);
		list = longer;
	}
	char *counts = text_format("%ju %s%s%s", (uintmax_t)total,
	    total == 1 ? "rule" : "rules", *list ? ": " : "", list);
	free(list);
	return counts;
}
