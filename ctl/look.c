/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists: rules, flows, drops, sets.  Each is a row of columns and a function
 * that fills them from a row of the daemon's; list() does the rest.  The table
 * goes to stdout, the total to stderr, so that a pipe gets rows only.
 */
#include "look.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client.h"
#include "columns.h"
#include "row.h"
#include "text.h"

struct list {
	const struct column *column;
	size_t column_count;
	/* A cell for each column; returns how many of the things that the total
	 * counts this row stands for. */
	uint64_t (*fill)(struct columns *columns, const json_t *row);
	const char *one, *many; /* names of these things */
};

/* What a list has come to, row by row. */
struct listing {
	const struct list *list;
	struct columns *columns;
	uint64_t total;
};

static void
add_text(struct columns *columns, const json_t *row, const char *key)
{
	columns_add(columns, row_text(row, key), NULL);
}

static void
add_rule(struct columns *columns, const json_t *row, const char *key)
{
	char *brief = row_brief_rule(row, key);

	columns_add(columns, row_text(row, key), brief);
	free(brief);
}

static void
add_count(struct columns *columns, const json_t *row, const char *key)
{
	uint64_t count = row_count(row, key);

	if (row_has(row, key))
		columns_take(
		    columns, text_count(count, false), text_count(count, true));
	else
		columns_add(columns, NULL, NULL);
}

static void
add_duration(struct columns *columns, const json_t *row, const char *key)
{
	double seconds = row_number(row, key);

	columns_take(columns, text_duration(seconds, false),
	    text_duration(seconds, true));
}

/* As ISO 8601, brief: how long ago. */
static void
add_time(struct columns *columns, const json_t *row, const char *key,
    const char *iso_key)
{
	char *ago = row_ago(row, key);

	columns_add(columns, row_text(row, iso_key), ago);
	free(ago);
}

/* A time to come as ISO 8601, brief: how long until then. */
static void
add_end(struct columns *columns, const json_t *row, const char *key,
    const char *iso_key)
{
	if (row_has(row, key))
		columns_take(columns, text_format("%s", row_text(row, iso_key)),
		    text_duration(
			row_number(row, key) - (double)time(NULL), true));
	else
		columns_add(columns, NULL, NULL);
}

static void
add_pair(
    struct columns *columns, const json_t *row, const char *key, bool is_size)
{
	columns_take(columns, row_pair(row, key, is_size), NULL);
}

static void
take_row(void *context, const json_t *row)
{
	struct listing *listing = context;

	listing->total += listing->list->fill(listing->columns, row);
}

static void
take_nothing(void *context, const json_t *row)
{
	(void)context;
	(void)row;
}

static int
list(const struct call *call, json_t *arguments, const struct list *list)
{
	if (call->json)
		return client_ask(call, arguments, take_nothing, NULL);

	struct listing listing = {
		.list = list,
		.columns = columns_create(list->column, list->column_count),
	};
	int code = client_ask(call, arguments, take_row, &listing);
	if (code == EXIT_OK) {
		columns_print(listing.columns, call->header, 0);
		fflush(stdout);
		char *left_out = columns_left_out(listing.columns);
		fprintf(stderr, "%ju %s%s%s\n", (uintmax_t)listing.total,
		    listing.total == 1 ? list->one : list->many,
		    *left_out ? "; no room for " : "", left_out);
		free(left_out);
	}
	columns_destroy(listing.columns);
	return code;
}

/* clang-format off */
static const struct column rule_columns[] = {
	{ "#",         true,  CUT_NEVER, 0 },
	{ "DIR",       false, CUT_NEVER, 0 },
	{ "ACTION",    false, CUT_NEVER, 0 },
	{ "PROTO",     false, CUT_END,   0 },
	{ "PORT",      false, CUT_END,   0 },
	{ "FROM",      false, CUT_END,   0 },
	{ "TO",        false, CUT_END,   0 },
	{ "HITS",      true,  CUT_NEVER, 0 },
	{ "BYTES",     true,  CUT_NEVER, 2 },
	{ "LAST-HIT",  false, CUT_NEVER, 1 },
	{ "ENDS",      false, CUT_NEVER, 0 },
	{ "NAME",      false, CUT_END,   0 },
	{ "FILE:LINE", false, CUT_START, 0 },
};
/* clang-format on */

static uint64_t
fill_rule(struct columns *columns, const json_t *row)
{
	bool is_rule = row_has(row, "place"); /* else: what no rule allows */

	if (is_rule)
		add_count(columns, row, "place");
	else
		columns_add(columns, "*", NULL);
	add_rule(columns, row, "table");
	add_text(columns, row, "action");
	add_text(columns, row, "protocol");
	add_text(columns, row, "port");
	add_text(columns, row, "from");
	add_text(columns, row, "to");
	add_count(columns, row, "hits");
	columns_take(columns,
	    row_has(row, "bytes") ? text_size(row_count(row, "bytes")) : NULL,
	    NULL);
	add_time(columns, row, "last_hit", "last_hit_iso");
	add_end(columns, row, "ends", "ends_iso");
	add_text(columns, row, "name");
	columns_take(columns, row_place(row, false), row_place(row, true));
	return is_rule;
}

int
command_rules(const struct call *call)
{
	static const struct list rules = { rule_columns,
		ARRAY_LEN(rule_columns), fill_rule, "rule", "rules" };

	return list(call, NULL, &rules);
}

/* clang-format off */
static const struct column flow_columns[] = {
	{ "PROTO",   false, CUT_NEVER,  0 },
	{ "STATE",   false, CUT_NEVER,  0 },
	{ "SRC",     false, CUT_MIDDLE, 0 },
	{ "DST",     false, CUT_MIDDLE, 0 },
	{ "DIR",     false, CUT_NEVER,  4 },
	{ "RULE",    false, CUT_NEVER,  0 },
	{ "PACKETS", true,  CUT_NEVER,  3 },
	{ "BYTES",   true,  CUT_NEVER,  2 },
	{ "AGE",     true,  CUT_NEVER,  6 },
	{ "IDLE",    true,  CUT_NEVER,  5 },
	{ "EXPIRES", true,  CUT_NEVER,  1 },
};
/* clang-format on */

static uint64_t
fill_flow(struct columns *columns, const json_t *row)
{
	add_text(columns, row, "protocol");
	add_text(columns, row, "state");
	char *source = row_endpoint(row, "source", "source_port");
	if (source && row_has(row, "icmp_id"))
		columns_take(columns,
		    text_format("%s id %ju", source,
			(uintmax_t)row_count(row, "icmp_id")),
		    NULL);
	else
		columns_add(columns, source, NULL);
	free(source);
	columns_take(columns,
	    row_endpoint(row, "destination", "destination_port"), NULL);
	add_rule(columns, row, "direction");
	add_rule(columns, row, "rule");
	add_pair(columns, row, "packets", false);
	add_pair(columns, row, "bytes", true);
	add_duration(columns, row, "age_seconds");
	add_duration(columns, row, "idle_seconds");
	add_duration(columns, row, "expires_seconds");
	return 1;
}

json_t *
look_options(const struct call *call)
{
	json_t *arguments = json_object();

	for (size_t i = 0; call->option[i].name; i++) {
		if (!call->value[i])
			continue;
		json_t *value = json_pack("s", call->value[i]);
		if (!value || json_object_set_new(
				  arguments, call->option[i].name, value) < 0) {
			text_complain("--%s: '%s' is not UTF-8 text",
			    call->option[i].name, call->value[i]);
			json_decref(arguments);
			return NULL;
		}
	}
	return arguments;
}

int
command_flows(const struct call *call)
{
	static const struct list flows = { flow_columns,
		ARRAY_LEN(flow_columns), fill_flow, "flow", "flows" };
	json_t *arguments = look_options(call);

	return arguments ? list(call, arguments, &flows) : EXIT_USAGE;
}

/* clang-format off */
static const struct column drop_columns[] = {
	{ "LAST",   false, CUT_NEVER,  0 },
	{ "FIRST",  false, CUT_NEVER,  3 },
	{ "COUNT",  true,  CUT_NEVER,  0 },
	{ "REASON", false, CUT_NEVER,  0 },
	{ "DIR",    false, CUT_NEVER,  2 },
	{ "PROTO",  false, CUT_NEVER,  0 },
	{ "SRC",    false, CUT_MIDDLE, 0 },
	{ "DST",    false, CUT_MIDDLE, 0 },
	{ "RULE",   false, CUT_NEVER,  0 },
	{ "GEN",    true,  CUT_NEVER,  1 },
};
/* clang-format on */

static void
add_protocol(struct columns *columns, const json_t *row)
{
	columns_take(columns, row_protocol(row), NULL);
}

static uint64_t
fill_drop(struct columns *columns, const json_t *row)
{
	add_time(columns, row, "last", "last_iso");
	add_time(columns, row, "first", "first_iso");
	add_count(columns, row, "count");
	add_text(columns, row, "reason");
	add_rule(columns, row, "direction");
	add_protocol(columns, row);
	columns_take(columns, row_endpoint(row, "source", "source_port"), NULL);
	columns_take(columns,
	    row_endpoint(row, "destination", "destination_port"), NULL);
	add_rule(columns, row, "rule");
	add_count(columns, row, "generation");
	return row_count(row, "count");
}

int
command_drops(const struct call *call)
{
	static const struct list drops = { drop_columns,
		ARRAY_LEN(drop_columns), fill_drop, "packet", "packets" };
	json_t *arguments = look_options(call);

	return arguments ? list(call, arguments, &drops) : EXIT_USAGE;
}

/* clang-format off */
static const struct column shadow_columns[] = {
	{ "LAST",        false, CUT_NEVER,  2 },
	{ "COUNT",       true,  CUT_NEVER,  0 },
	{ "NOW",         false, CUT_NEVER,  0 },
	{ "RULE",        false, CUT_NEVER,  3 },
	{ "SHADOW",      false, CUT_NEVER,  0 },
	{ "SHADOW-RULE", false, CUT_NEVER,  0 },
	{ "DIR",         false, CUT_NEVER,  0 },
	{ "PROTO",       false, CUT_NEVER,  0 },
	{ "SRC",         false, CUT_MIDDLE, 0 },
	{ "DST",         false, CUT_MIDDLE, 0 },
};
/* clang-format on */

/* A rule, or why there is none. */
static void
add_decider(struct columns *columns, const json_t *row)
{
	add_rule(columns, row, row_has(row, "rule") ? "rule" : "reason");
}

static uint64_t
fill_shadow(struct columns *columns, const json_t *row)
{
	const json_t *shadow = json_object_get(row, "shadow");

	add_time(columns, row, "last", "last_iso");
	add_count(columns, row, "count");
	add_text(columns, row, "verdict");
	add_decider(columns, row);
	add_text(columns, shadow, "verdict");
	add_decider(columns, shadow);
	add_rule(columns, row, "direction");
	add_protocol(columns, row);
	columns_take(columns, row_endpoint(row, "source", "source_port"), NULL);
	columns_take(columns,
	    row_endpoint(row, "destination", "destination_port"), NULL);
	return row_count(row, "count");
}

int
look_shadow(const struct call *call)
{
	static const struct list shadow = { shadow_columns,
		ARRAY_LEN(shadow_columns), fill_shadow,
		"packet would get another verdict",
		"packets would get another verdict" };
	json_t *arguments = look_options(call);

	return arguments ? list(call, arguments, &shadow) : EXIT_USAGE;
}

/* clang-format off */
static const struct column set_columns[] = {
	{ "SET",       false, CUT_NEVER, 0 },
	{ "FIXED",     true,  CUT_NEVER, 0 },
	{ "LIVE",      true,  CUT_NEVER, 0 },
	{ "MAX",       true,  CUT_NEVER, 2 },
	{ "TIME",      true,  CUT_NEVER, 1 },
	{ "FILE:LINE", false, CUT_START, 0 },
};

static const struct column member_columns[] = {
	{ "MEMBER", false, CUT_MIDDLE, 0 },
	{ "KIND",   false, CUT_NEVER,  0 },
	{ "ENDS",   false, CUT_NEVER,  0 },
};
/* clang-format on */

static void
add_life(struct columns *columns, const json_t *row, const char *key)
{
	if (row_has(row, key))
		add_duration(columns, row, key);
	else
		columns_add(columns, "never", NULL);
}

static uint64_t
fill_set(struct columns *columns, const json_t *row)
{
	add_text(columns, row, "set");
	add_count(columns, row, "fixed");
	add_count(columns, row, "live");
	add_count(columns, row, "max");
	add_life(columns, row, "time_seconds");
	columns_take(columns, row_place(row, false), row_place(row, true));
	return 1;
}

static uint64_t
fill_member(struct columns *columns, const json_t *row)
{
	bool fixed = json_is_true(json_object_get(row, "fixed"));

	add_text(columns, row, "member");
	columns_add(columns, fixed ? "fixed" : "live", NULL);
	add_life(columns, row, "expires_seconds");
	return 1;
}

int
look_sets(const struct call *call, json_t *arguments)
{
	static const struct list sets = { set_columns, ARRAY_LEN(set_columns),
		fill_set, "set", "sets" };

	return list(call, arguments, &sets);
}

int
look_members(const struct call *call, json_t *arguments)
{
	static const struct list members = { member_columns,
		ARRAY_LEN(member_columns), fill_member, "member", "members" };

	return list(call, arguments, &members);
}

/* clang-format off */
static const struct column opening_columns[] = {
	{ "NAME",  false, CUT_NEVER,  0 },
	{ "PORT",  false, CUT_NEVER,  0 },
	{ "PROTO", false, CUT_NEVER,  0 },
	{ "FROM",  false, CUT_MIDDLE, 0 },
	{ "ENDS",  false, CUT_NEVER,  0 },
};
/* clang-format on */

static uint64_t
fill_opening(struct columns *columns, const json_t *row)
{
	add_text(columns, row, "name");
	add_text(columns, row, "port");
	add_text(columns, row, "protocol");
	add_text(columns, row, "from");
	add_life(columns, row, "expires_seconds");
	return 1;
}

int
look_openings(const struct call *call)
{
	static const struct list openings = { opening_columns,
		ARRAY_LEN(opening_columns), fill_opening, "temporary rule",
		"temporary rules" };

	return list(call, NULL, &openings);
}
