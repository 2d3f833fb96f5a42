/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies back into config syntax.  What a rule means without a key, that key
 * is left out: the printer and the defaults of conf_rule.c are two sides of one
 * thing, and the golden tests hold them together.
 */
#include "print.h"

#include "icmp_names.h"
#include "moment.h"
#include "phrase.h"
#include "print_limits.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
add_quoted(struct phrase *text, const char *key, const char *value)
{
	phrase_add(text, "%s = \"", key);
	for (const char *c = value; *c; c++)
		phrase_add(text, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	phrase_add(text, "\"; ");
}

/*
 * A list is opened with the number of its elements, one of which stands
 * without brackets: `port = 22; `, `port = (22, 80); `.
 */
struct list {
	struct phrase *text;
	bool many;
	size_t printed;
};

static struct list
list_open(struct phrase *text, const char *key, size_t count)
{
	phrase_add(text, "%s = %s", key, count > 1 ? "(" : "");
	return (struct list){ .text = text, .many = count > 1 };
}

static struct phrase *
list_next(struct list *list)
{
	if (list->printed++ > 0)
		phrase_add(list->text, ", ");
	return list->text;
}

static void
list_close(const struct list *list)
{
	phrase_add(list->text, "%s; ", list->many ? ")" : "");
}

static void
add_protocols(struct phrase *text, const uint64_t protocols[4])
{
	size_t count = 0;

	for (unsigned p = 0; p < 256; p++)
		count += protocols[p / 64] >> (p % 64) & 1;
	struct list list = list_open(text, "protocol", count);
	for (unsigned p = 0; p < 256; p++) {
		if (!(protocols[p / 64] >> (p % 64) & 1))
			continue;
		const char *name = protocol_name((uint8_t)p);
		if (name)
			phrase_add(list_next(&list), "\"%s\"", name);
		else
			phrase_add(list_next(&list), "%u", p);
	}
	list_close(&list);
}

static void
add_ports(struct phrase *text, const char *key, const struct port_range *ranges,
    size_t count)
{
	if (count == 0)
		return;
	struct list list = list_open(text, key, count);
	for (size_t i = 0; i < count; i++)
		if (ranges[i].low == ranges[i].high)
			phrase_add(
			    list_next(&list), "%u", (unsigned)ranges[i].low);
		else
			phrase_add(list_next(&list), "\"%u-%u\"",
			    (unsigned)ranges[i].low, (unsigned)ranges[i].high);
	list_close(&list);
}

static void
add_addresses(struct phrase *text, const char *key,
    const struct address_range *ranges, size_t count,
    const struct named_set *const *sets, size_t set_count)
{
	if (count + set_count == 0)
		return;
	struct list list = list_open(text, key, count + set_count);
	for (size_t i = 0; i < set_count; i++)
		phrase_add(list_next(&list), "\"@%s\"", sets[i]->name);
	for (size_t i = 0; i < count; i++) {
		char range[2 * ADDRESS_TEXT_SIZE];
		address_range_print(&ranges[i], range, sizeof(range));
		phrase_add(list_next(&list), "\"%s\"", range);
	}
	list_close(&list);
}

static void
add_names(
    struct phrase *text, const char *key, char *const *names, size_t count)
{
	if (count == 0)
		return;
	struct list list = list_open(text, key, count);
	for (size_t i = 0; i < count; i++)
		phrase_add(list_next(&list), "\"%s\"", names[i]);
	list_close(&list);
}

static bool
has_icmp(const struct rule *rule, enum family family, int type, int code)
{
	for (size_t i = 0; i < rule->icmp_count; i++)
		if (rule->icmp[i].family == family &&
		    rule->icmp[i].type == type && rule->icmp[i].code == code)
			return true;
	return false;
}

/* Does a match of IPv4 print as the same words, so that this one, of IPv6, is
 * said already? */
static bool
is_said(const struct rule *rule, const struct icmp_match *m)
{
	const char *type = icmp_type_name(m->family, m->type);
	int code = -1;

	if (m->family != FAMILY_IPV6 || !type)
		return false;
	if (m->code >= 0) {
		const char *name =
		    icmp_code_name(m->family, m->type, (uint8_t)m->code);
		if (!name)
			return false;
		code = icmp_code_number(FAMILY_IPV4, type, name);
		if (code < 0)
			return false;
	}
	return has_icmp(
	    rule, FAMILY_IPV4, icmp_type_number(FAMILY_IPV4, type), code);
}

static void
add_icmp_match(struct phrase *text, const struct icmp_match *m)
{
	const char *type = icmp_type_name(m->family, m->type);
	const char *code =
	    m->code >= 0 ? icmp_code_name(m->family, m->type, (uint8_t)m->code)
			 : NULL;

	if (type)
		phrase_add(text, "\"%s", type);
	else
		phrase_add(text, "\"%u", (unsigned)m->type);
	if (code)
		phrase_add(text, "/%s", code);
	else if (m->code >= 0)
		phrase_add(text, "/%d", (int)m->code);
	phrase_add(text, "\"");
}

static void
add_icmp(struct phrase *text, const struct rule *rule)
{
	size_t count = 0;

	for (size_t i = 0; i < rule->icmp_count; i++)
		count += !is_said(rule, &rule->icmp[i]);
	if (count == 0)
		return;
	struct list list = list_open(text, "icmp", count);
	for (size_t i = 0; i < rule->icmp_count; i++)
		if (!is_said(rule, &rule->icmp[i]))
			add_icmp_match(list_next(&list), &rule->icmp[i]);
	list_close(&list);
}

static void
add_flags(struct phrase *text, const struct rule *rule)
{
	char match[FLAGS_MATCH_TEXT_SIZE];

	if (rule->flags_count == 0)
		return;
	struct list list = list_open(text, "flags", rule->flags_count);
	for (size_t i = 0; i < rule->flags_count; i++)
		phrase_add(list_next(&list), "\"%s\"",
		    flags_match_print(&rule->flags[i], match));
	list_close(&list);
}

static void
add_owners(struct phrase *text, const char *key, const struct owner_match *list,
    size_t count)
{
	if (count == 0)
		return;
	struct list printed = list_open(text, key, count);
	for (size_t i = 0; i < count; i++)
		if (list[i].name)
			phrase_add(list_next(&printed), "\"%s\"", list[i].name);
		else if (list[i].low == list[i].high)
			phrase_add(list_next(&printed),
			    list[i].low > INT32_MAX ? "\"%u\"" : "%u",
			    (unsigned)list[i].low);
		else
			phrase_add(list_next(&printed), "\"%u-%u\"",
			    (unsigned)list[i].low, (unsigned)list[i].high);
	list_close(&printed);
}

char *
rule_print(const struct rule *rule)
{
	static const char *const actions[] = { "allow", "block", "reject" };
	char limits[LIMITS_TEXT_SIZE], moment[MOMENT_TEXT_SIZE];
	struct phrase text = { 0 };

	phrase_add(&text, "{ ");
	if (rule->name)
		add_quoted(&text, "name", rule->name);
	if (rule->names_protocol)
		add_protocols(&text, rule->protocols);
	add_ports(&text, "port", rule->ports, rule->port_count);
	add_ports(
	    &text, "source_port", rule->source_ports, rule->source_port_count);
	add_icmp(&text, rule);
	add_flags(&text, rule);
	add_owners(&text, "user", rule->users, rule->user_count);
	add_owners(&text, "group", rule->groups, rule->group_count);
	add_addresses(&text, "from", rule->from, rule->from_count,
	    rule->from_sets, rule->from_set_count);
	add_addresses(&text, "to", rule->to, rule->to_count, rule->to_sets,
	    rule->to_set_count);
	add_names(&text, "interface", rule->interfaces, rule->interface_count);
	add_names(&text, "out_interface", rule->out_interfaces,
	    rule->out_interface_count);
	phrase_add(&text, "action = \"%s\"; ", actions[rule->action]);
	if (!rule->stateful)
		phrase_add(&text, "stateful = false; ");
	if (rule->log)
		phrase_add(&text, "log = true; ");
	if (rule->no_fast_path)
		phrase_add(&text, "fast_path = false; ");
	if (rule->protect)
		phrase_add(&text, "protect = true; ");
	if (rule->expires)
		phrase_add(&text, "expires = \"%s\"; ",
		    moment_print(rule->expires, moment));
	limits_print(rule, limits);
	phrase_add(&text, "%s", limits);
	if (rule->comment)
		add_quoted(&text, "comment", rule->comment);
	phrase_add(&text, "}");
	return phrase_take(&text);
}

static void
add_table(struct phrase *text, const struct policy *policy, enum table_id table,
    const char *indent, const char *key)
{
	const struct rules *rules = &policy->tables[table];

	if (!rules->present)
		return;
	phrase_add(text, "%s%s = (", indent, key);
	for (size_t i = 0; i < rules->count; i++)
		phrase_add(text, "%s\n%s\t%s", i > 0 ? "," : "", indent,
		    rules->rule[i].text);
	phrase_add(text, "%s%s);\n", rules->count > 0 ? "\n" : "",
	    rules->count > 0 ? indent : "");
}

static void
add_value(
    struct phrase *text, const struct option *option, uint32_t value, char end)
{
	phrase_add(text, "%s = ", option->name);
	if (option->form == OPTION_WORD)
		phrase_add(text, "\"%s\"", option->words[value]);
	else if (option->form == OPTION_MASK)
		phrase_add(text, "0x%x", (unsigned)value);
	else
		phrase_add(text, "%u", (unsigned)value);
	phrase_add(text, ";%c", end);
}

/* The settings of a section that are not as usual, as `key = value;`, each
 * with that character behind it. */
static void
add_options(struct phrase *text, const char *section,
    const struct settings *settings, char end)
{
	for (const struct option *o = settings_options; o->name; o++) {
		uint32_t value = settings_get(settings, o);
		if (strcmp(o->section, section) == 0 &&
		    value != settings_standard(settings, o))
			add_value(text, o, value, end);
	}
}

/* `key = { ... };`, with what is in `inner` and frees it; nothing if that is
 * empty. */
static void
add_group(struct phrase *text, const char *key, struct phrase *inner, char end)
{
	if (inner->used > 0)
		phrase_add(text, "%s = { %s};%c", key, inner->text, end);
	text->failed = text->failed || inner->failed;
	free(inner->text);
}

static void
add_settings(struct phrase *text, const struct settings *settings)
{
	struct phrase queue = { 0 }, conntrack = { 0 }, timeouts = { 0 };
	struct phrase hook = { 0 };

	add_options(text, "", settings, '\n');
	add_options(&queue, "queue", settings, ' ');
	add_group(text, "queue", &queue, '\n');
	add_options(&conntrack, "conntrack", settings, ' ');
	add_options(&timeouts, "conntrack.timeouts", settings, ' ');
	add_group(&conntrack, "timeouts", &timeouts, ' ');
	add_group(text, "conntrack", &conntrack, '\n');
	add_options(&hook, "hook", settings, ' ');
	add_group(text, "hook", &hook, '\n');
}

static void
add_tests(struct phrase *text, const struct policy *policy)
{
	if (policy->test_count == 0)
		return;
	phrase_add(text, "tests = (");
	for (size_t i = 0; i < policy->test_count; i++) {
		const struct policy_test *t = &policy->tests[i];
		phrase_add(text, "%s\n\t{ ", i > 0 ? "," : "");
		add_quoted(text, "packet", t->words);
		add_quoted(text, "expect", verdict_name(t->expect));
		if (t->rule)
			add_quoted(text, "rule", t->rule);
		if (t->asks_reply)
			add_quoted(text, "reply", verdict_name(t->reply));
		phrase_add(text, "}");
	}
	phrase_add(text, "\n);\n");
}

static void
add_members(struct phrase *text, const struct named_set *set)
{
	phrase_add(text, "[");
	for (size_t i = 0; i < set->fixed_count; i++) {
		char range[2 * ADDRESS_TEXT_SIZE];
		address_range_print(&set->fixed[i], range, sizeof(range));
		phrase_add(text, "%s\"%s\"", i > 0 ? ", " : "", range);
	}
	phrase_add(text, "]");
}

/* As short as it can be written. */
static void
add_set(struct phrase *text, const struct named_set *set)
{
	bool usual = set->time_s == 0 && set->max == SET_MAX_STANDARD &&
		     !set->members_file;

	phrase_add(text, "\t%s = %s", set->name, usual ? "" : "{ ");
	if (set->time_s != 0)
		phrase_add(text, "time = %u; ", (unsigned)set->time_s);
	if (set->max != SET_MAX_STANDARD)
		phrase_add(text, "max = %u; ", (unsigned)set->max);
	if (set->members_file) {
		add_quoted(text, "file", set->members_file);
		phrase_add(text, "};\n");
		return;
	}
	if (!usual)
		phrase_add(text, "members = ");
	add_members(text, set);
	phrase_add(text, "%s;\n", usual ? "" : "; }");
}

static void
add_sets(struct phrase *text, const struct policy *policy)
{
	struct phrase inner = { 0 };

	for (size_t i = 0; i < policy->set_count; i++)
		if (policy->sets[i].file)
			add_set(&inner, &policy->sets[i]);
	if (inner.used > 0)
		phrase_add(text, "sets = {\n%s};\n", inner.text);
	text->failed = text->failed || inner.failed;
	free(inner.text);
}

char *
policy_print(const struct policy *policy)
{
	struct phrase text = { 0 };
	bool acl = policy->tables[TABLE_ACL_INBOUND].present ||
		   policy->tables[TABLE_ACL_OUTBOUND].present;

	add_settings(&text, &policy->settings);
	add_sets(&text, policy);
	if (acl) {
		phrase_add(&text, "acl = {\n");
		add_table(&text, policy, TABLE_ACL_INBOUND, "\t", "inbound");
		add_table(&text, policy, TABLE_ACL_OUTBOUND, "\t", "outbound");
		phrase_add(&text, "};\n");
	}
	add_table(&text, policy, TABLE_INBOUND, "", "inbound");
	add_table(&text, policy, TABLE_OUTBOUND, "", "outbound");
	add_table(&text, policy, TABLE_FORWARD, "", "forward");
	add_tests(&text, policy);
	return phrase_take(&text);
}
