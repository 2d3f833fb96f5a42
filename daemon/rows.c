/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function per kind of row.  Lists inside a value ("22,8000-8100") are put
 * together in a memory stream; without memory for it the value is null.
 */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "describe.h"

void
row_time(struct json *json, const char *key, uint64_t epoch_ms)
{
	char iso_key[32], text[64];
	time_t seconds = (time_t)(epoch_ms / 1000);
	struct tm utc;

	snprintf(iso_key, sizeof(iso_key), "%s_iso", key);
	if (epoch_ms == 0 || !gmtime_r(&seconds, &utc)) {
		json_null(json, key);
		json_null(json, iso_key);
		return;
	}
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
	    utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
	    utc.tm_min, utc.tm_sec, (unsigned)(epoch_ms % 1000));
	json_real(json, key, (double)epoch_ms / 1000);
	json_string(json, iso_key, text);
}

void
row_line(struct json *json, const char *line)
{
	json_open_object(json, NULL);
	json_string(json, "line", line);
	json_close_object(json);
	json_newline(json);
}

static const char *
action_name(enum action action)
{
	switch (action) {
	case ACTION_ALLOW:
		return "allow";
	case ACTION_BLOCK:
		return "block";
	case ACTION_REJECT:
		return "reject";
	}
	return NULL;
}

/* A list being written as text; "*" if it stays empty. */
struct list {
	FILE *stream;
	char *text;
	size_t size, count;
};

/* The stream keeps pointers into the list: it must stay where it is. */
static void
list_begin(struct list *list)
{
	*list = (struct list){ 0 };
	list->stream = open_memstream(&list->text, &list->size);
}

static void
list_add(struct list *list, const char *item)
{
	if (list->stream)
		fprintf(list->stream, "%s%s", list->count++ ? "," : "", item);
}

static void
list_end(struct list *list, struct json *json, const char *key)
{
	if (list->stream && list->count == 0)
		fputc('*', list->stream);
	bool whole = list->stream && fclose(list->stream) == 0;
	json_string(json, key, whole ? list->text : NULL);
	free(list->text);
}

static void
put_protocols(struct json *json, const struct rule *rule)
{
	struct list list;
	char text[16];
	bool all = true;

	list_begin(&list);
	for (int word = 0; word < 4; word++)
		all &= rule->protocols[word] == UINT64_MAX;
	for (unsigned number = 0; !all && number <= UINT8_MAX; number++) {
		if (!(rule->protocols[number / 64] >> number % 64 & 1))
			continue;
		protocol_print((uint8_t)number, text, sizeof(text));
		list_add(&list, text);
	}
	list_end(&list, json, "protocol");
}

static void
put_ports(struct json *json, const struct rule *rule)
{
	struct list list;
	char text[16];

	list_begin(&list);
	for (size_t i = 0; i < rule->port_count; i++) {
		unsigned low = rule->ports[i].low, high = rule->ports[i].high;
		int used = snprintf(text, sizeof(text), "%u", low);
		if (high != low)
			snprintf(text + used, sizeof(text) - (size_t)used,
			    "-%u", high);
		list_add(&list, text);
	}
	list_end(&list, json, "port");
}

static void
put_addresses(struct json *json, const char *key,
    const struct address_range *range, size_t count,
    const struct named_set *const *set, size_t set_count)
{
	struct list list;
	char text[2 * ADDRESS_TEXT_SIZE];

	list_begin(&list);
	for (size_t i = 0; i < set_count; i++) {
		snprintf(text, sizeof(text), "@%s", set[i]->name);
		list_add(&list, text);
	}
	for (size_t i = 0; i < count; i++) {
		address_range_print(&range[i], text, sizeof(text));
		list_add(&list, text);
	}
	list_end(&list, json, key);
}

static void
put_text_or_null(struct json *json, const char *key, const char *text)
{
	json_string(json, key, text && *text ? text : NULL);
}

void
row_rule(struct json *json, enum table_id table, const struct rule *rule,
    const struct rule_totals *totals, int64_t wall_offset_ms)
{
	char place[32];
	uint64_t last_hit_ms =
	    totals->last_hit_ms ? totals->last_hit_ms + (uint64_t)wall_offset_ms
				: 0;

	snprintf(place, sizeof(place), "%s %u", table_name(table), rule->place);
	json_open_object(json, NULL);
	json_string(json, "rule", place);
	json_string(json, "name", rule->name);
	json_string(json, "comment", rule->comment);
	json_string(json, "table", table_name(table));
	json_unsigned(json, "place", rule->place);
	json_string(json, "action", action_name(rule->action));
	put_protocols(json, rule);
	put_ports(json, rule);
	put_addresses(json, "from", rule->from, rule->from_count,
	    rule->from_sets, rule->from_set_count);
	put_addresses(json, "to", rule->to, rule->to_count, rule->to_sets,
	    rule->to_set_count);
	json_string(json, "text", rule->text);
	json_unsigned(json, "hits", totals->hits);
	json_unsigned(json, "bytes", totals->bytes);
	row_time(json, "last_hit", last_hit_ms);
	json_bool(json, "protect", rule->protect);
	row_time(json, "ends",
	    rule->expires   ? (uint64_t)rule->expires * 1000
	    : rule->ends_ms ? rule->ends_ms + (uint64_t)wall_offset_ms
			    : 0);
	json_string(json, "file", rule->file);
	json_unsigned(json, "line", rule->line);
	json_close_object(json);
	json_newline(json);
}

void
row_rest(struct json *json, enum table_id table, uint64_t hits)
{
	static const char *const all[] = { "protocol", "port", "from", "to" };
	char place[32];

	snprintf(place, sizeof(place), "%s *", table_name(table));
	json_open_object(json, NULL);
	json_string(json, "rule", place);
	json_null(json, "name");
	json_null(json, "comment");
	json_string(json, "table", table_name(table));
	json_null(json, "place");
	json_string(json, "action", action_name(ACTION_BLOCK));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		json_string(json, all[i], "*");
	json_null(json, "text");
	json_unsigned(json, "hits", hits);
	json_null(json, "bytes");
	row_time(json, "last_hit", 0);
	json_bool(json, "protect", false);
	row_time(json, "ends", 0);
	json_null(json, "file");
	json_null(json, "line");
	json_close_object(json);
	json_newline(json);
}

void
row_flow_members(struct json *json, const struct flow_view *flow,
    const struct interfaces *interfaces, const struct policy *policy)
{
	char place[32];
	enum table_id table;
	const struct rule *rule =
	    policy_find_rule(policy, flow->rule_identity, &table);

	describe_flow(json, flow, interfaces);
	if (rule)
		snprintf(place, sizeof(place), "%s %u", table_name(table),
		    rule->place);
	json_string(json, "rule", rule ? place : NULL);
	json_string(json, "name", rule ? rule->name : NULL);
}

void
row_flow(struct json *json, const struct flow_view *flow,
    const struct interfaces *interfaces, const struct policy *policy)
{
	json_open_object(json, NULL);
	row_flow_members(json, flow, interfaces, policy);
	json_close_object(json);
	json_newline(json);
}

static void
put_icmp(struct json *json, const struct drop *drop)
{
	bool is_icmp = drop->tuple.protocol == PROTOCOL_ICMP ||
		       drop->tuple.protocol == PROTOCOL_ICMPV6;

	if (is_icmp && drop->tuple.kind != KIND_FRAGMENT) {
		json_unsigned(json, "icmp_type", drop->icmp_type);
		json_unsigned(json, "icmp_code", drop->icmp_code);
	} else {
		json_null(json, "icmp_type");
		json_null(json, "icmp_code");
	}
}

/* What it gets, which may be accept, and what the shadow policy says. */
static void
put_shadow(struct json *json, const struct drop_row *row)
{
	enum reason why = row->last.why, other = row->last.shadow_why;

	json_string(json, "verdict", verdict_name(reason_verdict(why)));
	json_open_object(json, "shadow");
	json_string(json, "verdict", verdict_name(reason_verdict(other)));
	json_string(json, "reason", reason_name(other));
	json_string(json, "reason_text", reason_text(other));
	json_string(json, "rule", row->shadow_rule);
	json_string(json, "rule_text", row->shadow_rule_text);
	json_close_object(json);
}

void
row_drop(struct json *json, const struct drop_row *row,
    const struct interfaces *interfaces)
{
	const struct drop *drop = &row->last;

	json_open_object(json, NULL);
	row_time(json, "last", row->last_ms);
	row_time(json, "first", row->first_ms);
	json_unsigned(json, "count", row->count);
	json_string(json, "reason", reason_name(drop->why));
	json_string(json, "reason_text", reason_text(drop->why));
	json_string(json, "direction", direction_name(drop->direction));
	describe_tuple(json, &drop->tuple);
	put_icmp(json, drop);
	put_text_or_null(json, "in_interface",
	    interfaces_name(interfaces, drop->in_interface));
	json_string(json, "rule", row->rule);
	json_string(json, "rule_text", row->rule_text);
	json_unsigned(json, "generation", drop->generation);
	if (drop->shadow_why != UNDECIDED)
		put_shadow(json, row);
	json_close_object(json);
	json_newline(json);
}
