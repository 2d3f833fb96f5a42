/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A row per condition: its argument, what reads it, what is accepted.  A rule
 * is turned into its identity here, so that the answer stays right while rules
 * are reordered under it.
 */
#include "flow_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

static bool
read_protocol(const char *text, struct flow_filter *filter)
{
	int number = protocol_parse(text);

	filter->any_protocol = false;
	filter->protocol = (uint8_t)number;
	return number >= 0;
}

static bool
read_src(const char *text, struct flow_filter *filter)
{
	filter->any_src = false;
	return address_range_parse(text, &filter->src);
}

static bool
read_dst(const char *text, struct flow_filter *filter)
{
	filter->any_dst = false;
	return address_range_parse(text, &filter->dst);
}

/* The number that begins *text, which is moved behind it; 0: none from 1 to
 * 65535. */
static unsigned
read_number(const char **text)
{
	unsigned value = 0;

	while (**text >= '0' && **text <= '9' && value <= UINT16_MAX)
		value = value * 10 + (unsigned)(*(*text)++ - '0');
	return value <= UINT16_MAX ? value : 0;
}

static bool
read_ports(const char *text, struct port_range *ports)
{
	unsigned low = read_number(&text), high = low;

	if (*text == '-') {
		text++;
		high = read_number(&text);
	}
	*ports = (struct port_range){ (uint16_t)low, (uint16_t)high };
	return low > 0 && low <= high && !*text;
}

static bool
read_sport(const char *text, struct flow_filter *filter)
{
	return read_ports(text, &filter->sport);
}

static bool
read_dport(const char *text, struct flow_filter *filter)
{
	return read_ports(text, &filter->dport);
}

static bool
read_state(const char *text, struct flow_filter *filter)
{
	for (enum state state = STATE_DEAD + 1; state < STATE_COUNT; state++)
		if (strcmp(text, state_name(state)) == 0)
			filter->state = state_name(state);
	return filter->state != NULL;
}

static bool
read_direction(const char *text, struct flow_filter *filter)
{
	filter->any_direction = false;
	for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++)
		if (strcmp(text, direction_name(d)) == 0) {
			filter->direction = (uint8_t)d;
			return true;
		}
	return false;
}

static const struct {
	const char *argument;
	bool (*read)(const char *text, struct flow_filter *filter);
	const char *accepted;
} conditions[] = {
	/* clang-format off */
	{ "protocol",  read_protocol,  "a name in lower case as tcp, or a number from 0 to 255" },
	{ "src",       read_src,       "ADDRESS, ADDRESS/BITS or ADDRESS-ADDRESS" },
	{ "dst",       read_dst,       "ADDRESS, ADDRESS/BITS or ADDRESS-ADDRESS" },
	{ "sport",     read_sport,     "a number from 1 to 65535, or a range as 1000-2000" },
	{ "dport",     read_dport,     "a number from 1 to 65535, or a range as 1000-2000" },
	{ "state",     read_state,     NULL },
	{ "direction", read_direction, "inbound, outbound or forward" },
	/* clang-format on */
};

static void
say_states(const char *text, char error[FLOW_FILTER_ERROR_SIZE])
{
	size_t used = (size_t)snprintf(
	    error, FLOW_FILTER_ERROR_SIZE, "state \"%.40s\"; accepted:", text);

	for (enum state state = STATE_DEAD + 1;
	     state < STATE_COUNT && used < FLOW_FILTER_ERROR_SIZE; state++)
		used += (size_t)snprintf(error + used,
		    FLOW_FILTER_ERROR_SIZE - used, "%s %s",
		    state > STATE_DEAD + 1 ? "," : "", state_name(state));
}

/* The number after "TABLE ", 0: it is not of that form. */
static unsigned
place_in(enum table_id table, const char *text)
{
	size_t length = strlen(table_name(table));

	if (strncmp(text, table_name(table), length) != 0 ||
	    text[length] != ' ')
		return 0;
	text += length + 1;
	unsigned place = read_number(&text);
	return *text ? 0 : place;
}

/* "inbound 4", or the name of a rule in any table. */
static bool
read_rule(
    const char *text, const struct policy *policy, struct flow_filter *filter)
{
	filter->any_rule = false;
	for (enum table_id t = TABLE_INBOUND; t < TABLE_COUNT; t++) {
		const struct rules *rules = &policy->tables[t];
		unsigned place = place_in(t, text);
		for (size_t i = 0; i < rules->count; i++) {
			const struct rule *rule = &rules->rule[i];
			if (rule->place != place &&
			    (!rule->name || strcmp(rule->name, text) != 0))
				continue;
			filter->rule[filter->rule_count++] = rule->identity;
			break;
		}
	}
	return filter->rule_count > 0;
}

enum flow_filter_result
flow_filter_parse(const struct request *request, const struct policy *policy,
    struct flow_filter *filter, char error[FLOW_FILTER_ERROR_SIZE])
{
	*filter = (struct flow_filter){
		.any_protocol = true,
		.any_direction = true,
		.any_rule = true,
		.any_src = true,
		.any_dst = true,
		.sport = { 0, UINT16_MAX },
		.dport = { 0, UINT16_MAX },
	};
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		const char *name = conditions[i].argument;
		const char *text = request_argument(request, name);
		if (!text || conditions[i].read(text, filter))
			continue;
		if (conditions[i].accepted)
			snprintf(error, FLOW_FILTER_ERROR_SIZE,
			    "%s \"%.80s\"; accepted: %s", name, text,
			    conditions[i].accepted);
		else
			say_states(text, error);
		return FILTER_BAD;
	}
	const char *rule = request_argument(request, "rule");
	if (!rule || read_rule(rule, policy, filter))
		return FILTER_OK;
	snprintf(error, FLOW_FILTER_ERROR_SIZE,
	    "no rule \"%.80s\"; accepted: the table and place of a rule as "
	    "\"inbound 1\", or its name",
	    rule);
	return FILTER_NO_RULE;
}

static bool
any_port(const struct port_range *range)
{
	return range->low == 0;
}

bool
flow_filter_is_empty(const struct flow_filter *filter)
{
	return filter->any_protocol && filter->any_direction &&
	       filter->any_src && filter->any_dst && filter->any_rule &&
	       !filter->state && any_port(&filter->sport) &&
	       any_port(&filter->dport);
}

static bool
port_matches(const struct port_range *range, uint16_t port, bool has_ports)
{
	if (!has_ports)
		return any_port(range);
	return range->low <= port && port <= range->high;
}

static bool
rule_matches(const struct flow_filter *filter, uint32_t identity)
{
	for (size_t i = 0; i < filter->rule_count; i++)
		if (filter->rule[i] == identity)
			return true;
	return filter->any_rule;
}

bool
flow_filter_match(
    const struct flow_filter *filter, const struct flow_view *flow)
{
	const struct tuple *tuple = &flow->tuple;
	bool has_ports =
	    tuple->kind == KIND_PORTS && protocol_has_ports(tuple->protocol);

	return (filter->any_protocol || filter->protocol == tuple->protocol) &&
	       (filter->any_direction ||
		   filter->direction == flow->direction) &&
	       (!filter->state ||
		   (flow->state && strcmp(filter->state, flow->state) == 0)) &&
	       (filter->any_src || address_in(tuple->src, &filter->src)) &&
	       (filter->any_dst || address_in(tuple->dst, &filter->dst)) &&
	       port_matches(&filter->sport, tuple->sport, has_ports) &&
	       port_matches(&filter->dport, tuple->dport, has_ports) &&
	       rule_matches(filter, flow->rule_identity);
}
