/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule from its group: a table of keys, each with its reader, then what
 * the keys mean together.  Keys are read in the order of the table, not of
 * the text: `icmp` needs to know the protocol.  Every mistake in a rule is
 * noted, and the rule is kept all the same; with an error noted, no policy is
 * made.
 */
#include "conf_rule.h"

#include "moment.h"
#include "print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SIZE 64
#define COMMENT_MAX   256

#define PROTOCOLS_SIZE sizeof(((struct rule *)0)->protocols)

static void
add_protocol(uint64_t protocols[4], unsigned protocol)
{
	protocols[protocol / 64] |= (uint64_t)1 << (protocol % 64);
}

static bool
is_acl(enum table_id table)
{
	return table == TABLE_ACL_INBOUND || table == TABLE_ACL_OUTBOUND;
}

/* "inbound 3" and "inbound *" are what rules without a name are called. */
static bool
is_place(const char *name)
{
	for (enum table_id t = 0; t < TABLE_COUNT; t++) {
		size_t length = strlen(table_name(t));
		const char *at = name + length;
		uint32_t place;
		if (strncmp(name, table_name(t), length) != 0 || *at++ != ' ')
			continue;
		if (strcmp(at, "*") == 0 || (parse_digits(&at, &place) && !*at))
			return true;
	}
	return false;
}

static char *
read_text(struct rule_reader *r, const config_setting_t *value, size_t most)
{
	const char *text = setting_string(value);
	char shown[SETTING_SHOW_SIZE];

	if (text && *text && strlen(text) <= most && text_is_plain(text))
		return reader_copy(r->reader, text);
	reader_fail(r->reader, config_setting_source_line(value),
	    "%s is %s, accepted are 1 to %zu bytes of UTF-8 without control "
	    "characters",
	    r->key, setting_show(value, shown), most);
	return NULL;
}

static void
read_name(struct rule_reader *r, const config_setting_t *value)
{
	r->rule->name = read_text(r, value, NAME_MAX_SIZE);
	if (!r->rule->name)
		return;
	snprintf(r->reader->subject, sizeof(r->reader->subject),
	    "rule \"%s\": ", r->rule->name);
	if (is_place(r->rule->name))
		reader_fail(r->reader, config_setting_source_line(value),
		    "name \"%s\" reads like the place of a rule, accepted is "
		    "another one",
		    r->rule->name);
}

static void
read_comment(struct rule_reader *r, const config_setting_t *value)
{
	r->rule->comment = read_text(r, value, COMMENT_MAX);
}

static void
read_action(struct rule_reader *r, const config_setting_t *value)
{
	static const struct {
		const char *word;
		enum action action;
	} words[] = {
		{ "allow", ACTION_ALLOW },
		{ "allowed", ACTION_ALLOW },
		{ "accept", ACTION_ALLOW },
		{ "block", ACTION_BLOCK },
		{ "blocked", ACTION_BLOCK },
		{ "drop", ACTION_BLOCK },
		{ "reject", ACTION_REJECT },
	};
	const char *text = setting_string(value);
	char shown[SETTING_SHOW_SIZE];
	char lower[16] = "";

	for (size_t i = 0; text && text[i] && i < sizeof(lower) - 1; i++)
		lower[i] = text[i] >= 'A' && text[i] <= 'Z'
			       ? (char)(text[i] | 0x20)
			       : text[i];
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(lower, words[i].word) == 0) {
			r->rule->action = words[i].action;
			return;
		}
	reader_fail(r->reader, config_setting_source_line(value),
	    "action is %s, accepted are \"allow\", \"block\" and \"reject\"",
	    setting_show(value, shown));
}

static void
read_bool(struct rule_reader *r, const config_setting_t *value, bool *into)
{
	char shown[SETTING_SHOW_SIZE];

	if (config_setting_type(value) == CONFIG_TYPE_BOOL)
		*into = config_setting_get_bool(value);
	else
		reader_fail(r->reader, config_setting_source_line(value),
		    "%s is %s, accepted are true and false", r->key,
		    setting_show(value, shown));
}

static void
read_stateful(struct rule_reader *r, const config_setting_t *value)
{
	read_bool(r, value, &r->rule->stateful);
}

static void
read_log(struct rule_reader *r, const config_setting_t *value)
{
	read_bool(r, value, &r->rule->log);
}

static void
read_fast_path(struct rule_reader *r, const config_setting_t *value)
{
	bool may = true;

	read_bool(r, value, &may);
	r->rule->no_fast_path = !may;
}

static void
read_protect(struct rule_reader *r, const config_setting_t *value)
{
	read_bool(r, value, &r->rule->protect);
}

static void
read_expires(struct rule_reader *r, const config_setting_t *value)
{
	const char *text = setting_string(value);
	char shown[SETTING_SHOW_SIZE];

	if (!text || !moment_parse(text, &r->rule->expires))
		reader_fail(r->reader, config_setting_source_line(value),
		    "expires is %s, accepted is a moment in UTC as "
		    "\"2026-12-31T23:59:00Z\"",
		    setting_show(value, shown));
}

#define EVERYWHERE ((1u << TABLE_COUNT) - 1)
#define NOT_ACL                                                                \
	(1u << TABLE_INBOUND | 1u << TABLE_OUTBOUND | 1u << TABLE_FORWARD)
#define FORWARD_ONLY  (1u << TABLE_FORWARD)
#define OUTBOUND_ONLY (1u << TABLE_OUTBOUND)

static const char no_limits[] = "a network ACL has no limits";
static const char no_owner[] =
    "it is accepted in outbound only, of what this host sends";

static const struct key {
	const char *name;
	unsigned tables; /* bits, where it may stand */
	void (*read)(struct rule_reader *r, const config_setting_t *value);
	const char *elsewhere; /* what to say in the other tables */
} keys[] = {
	{ "name", EVERYWHERE, read_name, NULL },
	{ "comment", EVERYWHERE, read_comment, NULL },
	{ "action", EVERYWHERE, read_action, NULL },
	{ "stateful", NOT_ACL, read_stateful, "a network ACL keeps no state" },
	{ "protect", NOT_ACL, read_protect, "a network ACL keeps no state" },
	{ "fast_path", NOT_ACL, read_fast_path,
	    "a network ACL keeps no state" },
	{ "protocol", EVERYWHERE, conf_match_protocol, NULL },
	{ "port", EVERYWHERE, conf_match_port, NULL },
	{ "source_port", EVERYWHERE, conf_match_source_port, NULL },
	{ "icmp", EVERYWHERE, conf_match_icmp, NULL },
	{ "flags", EVERYWHERE, conf_match_flags, NULL },
	{ "user", OUTBOUND_ONLY, conf_match_user, no_owner },
	{ "group", OUTBOUND_ONLY, conf_match_group, no_owner },
	{ "from", EVERYWHERE, conf_match_from, NULL },
	{ "to", EVERYWHERE, conf_match_to, NULL },
	{ "interface", EVERYWHERE, conf_match_interface, NULL },
	{ "out_interface", FORWARD_ONLY, conf_match_out_interface,
	    "it is accepted in forward only" },
	{ "log", EVERYWHERE, read_log, NULL },
	{ "expires", EVERYWHERE, read_expires, NULL },
	{ "limit", NOT_ACL, conf_limit_rate, no_limits },
	{ "max_flows", NOT_ACL, conf_limit_flows, no_limits },
	{ "max_flows_per_source", NOT_ACL, conf_limit_flows_per_source,
	    no_limits },
	{ "on_overload", NOT_ACL, conf_limit_overload, no_limits },
	{ "timeout", NOT_ACL, conf_limit_timeout,
	    "a network ACL keeps no state" },
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static void
check_keys(
    struct reader *reader, enum table_id table, const config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *member =
		    config_setting_get_elem(group, (unsigned)i);
		struct guess guess = { .word = config_setting_name(member) };
		char hint[GUESS_TEXT_SIZE];
		bool known = false;
		for (size_t k = 0; k < KEY_COUNT && !known; k++) {
			known = strcmp(keys[k].name, guess.word) == 0;
			if (keys[k].tables >> table & 1)
				guess_try(&guess, keys[k].name);
		}
		if (!known)
			reader_fail(reader, config_setting_source_line(member),
			    "unknown key \"%s\", %s", guess.word,
			    guess_text(&guess, hint));
	}
}

/* The protocols of a rule that names none. */
static void
default_protocols(const struct rule *rule, uint64_t protocols[4])
{
	memset(protocols, 0, PROTOCOLS_SIZE);
	if (rule->flags_count > 0) {
		add_protocol(protocols, PROTOCOL_TCP);
	} else if (rule->port_count > 0 || rule->source_port_count > 0) {
		add_protocol(protocols, PROTOCOL_TCP);
		add_protocol(protocols, PROTOCOL_UDP);
	} else if (rule->icmp_count > 0) {
		for (size_t i = 0; i < rule->icmp_count; i++)
			add_protocol(
			    protocols, rule->icmp[i].family == FAMILY_IPV4
					   ? PROTOCOL_ICMP
					   : PROTOCOL_ICMPV6);
	} else {
		memset(protocols, 0xff, PROTOCOLS_SIZE);
	}
}

/* Every named protocol must carry what the key asks for. */
static void
check_protocols(struct reader *reader, const struct rule *rule,
    const config_setting_t *value)
{
	const char *key = config_setting_name(value);
	bool icmp = strcmp(key, "icmp") == 0;
	bool flags = strcmp(key, "flags") == 0;

	for (unsigned p = 0; rule->names_protocol && p < 256; p++) {
		char name[16];
		bool fits = icmp    ? p == PROTOCOL_ICMP || p == PROTOCOL_ICMPV6
			    : flags ? p == PROTOCOL_TCP
				    : protocol_has_ports((uint8_t)p);
		if (fits || !(rule->protocols[p / 64] >> (p % 64) & 1))
			continue;
		protocol_print((uint8_t)p, name, sizeof(name));
		reader_fail(reader, config_setting_source_line(value),
		    "%s with protocol \"%s\", accepted are %s", key, name,
		    icmp    ? "\"icmp\" and \"icmpv6\""
		    : flags ? "\"tcp\" alone"
			    : "\"tcp\", \"udp\", \"udplite\", \"sctp\" and "
			      "\"dccp\"");
	}
}

/* Which keys go together. */
static void
check_rule(struct reader *reader, enum table_id table, const struct rule *rule,
    const config_setting_t *group)
{
	static const char *const port_keys[] = { "port", "source_port" };
	const config_setting_t *action =
	    config_setting_get_member(group, "action");
	const config_setting_t *icmp = config_setting_get_member(group, "icmp");
	const config_setting_t *flags =
	    config_setting_get_member(group, "flags");

	if (!action)
		reader_fail(reader, config_setting_source_line(group),
		    "action is missing, accepted are \"allow\"%s",
		    is_acl(table) ? " and \"block\""
				  : ", \"block\" and \"reject\"");
	else if (is_acl(table) && rule->action == ACTION_REJECT)
		reader_fail(reader, config_setting_source_line(action),
		    "action is \"reject\" in a network ACL, accepted are "
		    "\"allow\" and \"block\"");
	if (rule->protect && (rule->action != ACTION_ALLOW || !rule->stateful))
		reader_fail(reader,
		    config_setting_source_line(
			config_setting_get_member(group, "protect")),
		    "protect is true, accepted with action \"allow\", and not "
		    "with stateful = false");
	for (size_t i = 0; i < 2; i++) {
		const config_setting_t *port =
		    config_setting_get_member(group, port_keys[i]);
		size_t count =
		    i == 0 ? rule->port_count : rule->source_port_count;
		if (!port || count == 0)
			continue;
		if (icmp)
			reader_fail(reader, config_setting_source_line(port),
			    "%s and icmp in one rule, accepted is one of them",
			    port_keys[i]);
		else
			check_protocols(reader, rule, port);
	}
	if (icmp)
		check_protocols(reader, rule, icmp);
	if (icmp && flags)
		reader_fail(reader, config_setting_source_line(flags),
		    "flags and icmp in one rule, accepted is one of them");
	else if (flags)
		check_protocols(reader, rule, flags);
	conf_limit_check(reader, rule, group);
}

/* Fill in what follows from the keys, and forget what they say needlessly. */
static void
settle_rule(struct rule *rule)
{
	uint64_t standard[4];

	default_protocols(rule, standard);
	/* an ICMP match says its protocol, whatever else is named */
	if (!rule->names_protocol || rule->icmp_count > 0)
		memcpy(rule->protocols, standard, PROTOCOLS_SIZE);
	if (rule->icmp_count > 0)
		rule->names_protocol =
		    rule->names_protocol && conf_icmp_needs_protocol(rule);
	else if (memcmp(rule->protocols, standard, PROTOCOLS_SIZE) == 0)
		rule->names_protocol = false;

	rule->hull = (struct port_range){ 0, UINT16_MAX };
	if (rule->port_count > 0)
		rule->hull = (struct port_range){
			rule->ports[0].low,
			rule->ports[rule->port_count - 1].high,
		};
	/* what does not allow remembers nothing anyway */
	if (rule->action != ACTION_ALLOW)
		rule->stateful = true;
}

static void
read_rule(struct reader *reader, enum table_id table, struct rule *rule,
    const config_setting_t *group)
{
	struct rule_reader r = { .reader = reader, .rule = rule };
	char shown[SETTING_SHOW_SIZE];

	snprintf(reader->subject, sizeof(reader->subject),
	    "rule %s %u: ", table_name(table), rule->place);
	if (!config_setting_is_group(group)) {
		reader_fail(reader, rule->line,
		    "it is %s, accepted is a group { }",
		    setting_show(group, shown));
		return;
	}
	const config_setting_t *name = config_setting_get_member(group, "name");
	if (name) { /* first, for it opens every error */
		r.key = "name";
		read_name(&r, name);
	}
	check_keys(reader, table, group);
	for (size_t k = 1; k < KEY_COUNT; k++) {
		const config_setting_t *value =
		    config_setting_get_member(group, keys[k].name);
		r.key = keys[k].name;
		if (value && (keys[k].tables >> table & 1))
			keys[k].read(&r, value);
		else if (value)
			reader_fail(reader, config_setting_source_line(value),
			    "%s in %s, %s", keys[k].name, table_name(table),
			    keys[k].elsewhere);
	}
	check_rule(reader, table, rule, group);
	settle_rule(rule);
	rule->text = rule_print(rule);
	if (!rule->text)
		reader->out_of_memory = true;
}

/* Room for that many more rules. */
static bool
reserve(struct reader *reader, enum table_id table, size_t more)
{
	struct rules *rules = &reader->policy->tables[table];
	size_t room = rules->count + more;

	if (more == 0)
		return true;
	struct rule *larger = realloc(rules->rule, room * sizeof(larger[0]));
	if (!larger) {
		reader->out_of_memory = true;
		return false;
	}
	memset(larger + rules->count, 0, more * sizeof(larger[0]));
	rules->rule = larger;
	return true;
}

void
conf_rules_read(
    struct reader *reader, enum table_id table, const config_setting_t *list)
{
	struct rules *rules = &reader->policy->tables[table];
	char shown[SETTING_SHOW_SIZE];

	rules->present = true;
	if (!config_setting_is_list(list)) {
		reader_fail(reader, config_setting_source_line(list),
		    "%s is %s, accepted is a list of rules ( { }, { } )",
		    table_name(table), setting_show(list, shown));
		return;
	}
	size_t count = (size_t)config_setting_length(list);
	if (!reserve(reader, table, count))
		return;
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *group =
		    config_setting_get_elem(list, (unsigned)i);
		struct rule *rule = &rules->rule[rules->count++];
		rule->stateful = true;
		rule->file = reader->policy->files[reader->file];
		rule->line = config_setting_source_line(group);
		rule->place = (unsigned)rules->count;
		read_rule(reader, table, rule, group);
		reader->subject[0] = '\0';
	}
}
