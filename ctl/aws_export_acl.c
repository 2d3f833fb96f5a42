/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An `acl` to a network ACL.  A rule becomes an entry for each protocol, range
 * and prefix.  Names that are the numbers of entries, upwards, are kept as
 * such, if each rule is one entry; else all of a direction are numbered anew.
 * The last entries, which AWS shows as `*`, are always there.
 */
#include "aws_export.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

#define NUMBER_MAX  32766 /* of an entry by a user */
#define NUMBER_STEP 10

/* The entries of one direction, and which rule each is of. */
struct entries {
	struct aws_rules rules;
	const struct rule **of;
	bool keeps_numbers;
	long last;
};

/* 0: the rule's name is no number of an entry. */
static long
number_of(const struct rule *rule)
{
	const char *name = rule->name ? rule->name : "";
	size_t digits = strspn(name, "0123456789");

	if (digits == 0 || digits > 5 || name[digits] || *name == '0')
		return 0;
	long number = strtol(name, NULL, 10);
	return number <= NUMBER_MAX ? number : 0;
}

static void
collect_rule(struct export *export, const struct rule *rule, bool egress,
    struct entries *entries)
{
	size_t before = entries->rules.count;

	if (rule->comment)
		export_notice(export, rule,
		    "its comment is left out: an entry of a network ACL has "
		    "none");
	export_expand(export, rule, egress, &entries->rules);
	size_t count = entries->rules.count - before;
	if (count == 0) {
		export_notice(
		    export, rule, "it matches nothing, so it is left out");
		return;
	}
	long number = number_of(rule);
	if (entries->keeps_numbers && (count > 1 || number <= entries->last)) {
		entries->keeps_numbers = false;
		export_notice(export, rule,
		    "%s, so all entries of its table are numbered anew",
		    count > 1 ? "more than one entry comes of it"
			      : "its name is not a number above those before");
	}
	entries->last = number;
	entries->of = text_need(realloc(
	    entries->of, entries->rules.count * sizeof(entries->of[0])));
	for (size_t i = before; i < entries->rules.count; i++)
		entries->of[i] = rule;
}

static struct entries
collect(struct export *export, enum table_id table, bool egress)
{
	const struct rules *rules = &export->policy->tables[table];
	struct entries entries = { .keeps_numbers = true };

	for (size_t i = 0; i < rules->count; i++)
		if (export_check(export, &rules->rule[i], egress, KNOWN_BLOCK))
			collect_rule(export, &rules->rule[i], egress, &entries);
	return entries;
}

static json_t *
entry_of(const struct aws_rule *rule, bool egress, long number, bool allow)
{
	bool v4 = rule->family == FAMILY_IPV4;
	char *protocol = text_format("%d", rule->protocol);
	json_t *entry = text_need(json_pack("{s:I, s:b, s:s, s:s, s:s}",
	    "RuleNumber", (json_int_t)number, "Egress", egress, "Protocol",
	    protocol, "RuleAction", allow ? "allow" : "deny",
	    v4 ? "CidrBlock" : "Ipv6CidrBlock", rule->peer));

	free(protocol);
	if (rule->protocol == PROTOCOL_TCP || rule->protocol == PROTOCOL_UDP)
		json_object_set_new(entry, "PortRange",
		    text_need(json_pack(
			"{s:i, s:i}", "From", rule->from, "To", rule->to)));
	/* AWS knows types of a family's own ICMP only */
	if (rule->protocol == (v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6))
		json_object_set_new(entry, "IcmpTypeCode",
		    text_need(json_pack(
			"{s:i, s:i}", "Type", rule->from, "Code", rule->to)));
	return entry;
}

static void
put_end(json_t *list, bool egress)
{
	static const struct aws_rule ends[] = {
		{ .protocol = -1, .family = FAMILY_IPV4, .peer = "0.0.0.0/0" },
		{ .protocol = -1, .family = FAMILY_IPV6, .peer = "::/0" },
	};

	for (int i = 0; i < 2; i++)
		json_array_append_new(list,
		    entry_of(&ends[i], egress, NUMBER_MAX + 1 + i, false));
}

static void
put_table(struct export *export, json_t *list, enum table_id table, bool egress)
{
	struct entries entries = collect(export, table, egress);
	size_t count = entries.rules.count;
	long step = NUMBER_STEP;

	if (count > NUMBER_MAX)
		export_fail_all(export, "%s needs %zu entries, accepted are %d",
		    table_name(table), count, NUMBER_MAX);
	else if (count > NUMBER_MAX / NUMBER_STEP)
		step = 1;
	for (size_t i = 0; i < count && !export->failed; i++) {
		const struct rule *of = entries.of[i];
		long number = entries.keeps_numbers ? number_of(of)
						    : step * (long)(i + 1);
		json_array_append_new(
		    list, entry_of(&entries.rules.rule[i], egress, number,
			      of->action == ACTION_ALLOW));
	}
	put_end(list, egress);
	free(entries.of);
	free(entries.rules.rule);
}

json_t *
aws_export_network_acl(struct export *export)
{
	const struct rules *tables = export->policy->tables;
	json_t *list = text_need(json_array());

	if (!tables[TABLE_ACL_INBOUND].present)
		export_fail_all(
		    export, "there is no acl, accepted is a config with one");
	if (tables[TABLE_FORWARD].present)
		export_fail_all(export,
		    "forward is not expressible as a network ACL, accepted is "
		    "acl");
	if (tables[TABLE_INBOUND].present)
		export_notice_all(export,
		    "inbound and outbound are left out: they are of "
		    "aws-security-groups");
	put_table(export, list, TABLE_ACL_INBOUND, false);
	put_table(export, list, TABLE_ACL_OUTBOUND, true);
	return text_need(json_pack("{s:[{s:b, s:o}]}", "NetworkAcls",
	    "IsDefault", 0, "Entries", list));
}
