/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `inbound` and `outbound` to security groups.  A rule of the name "sg-0a 3" is
 * one of the group sg-0a; what has no group in its name goes into a new one.
 * Groups only allow, and any order of allow rules says the same; so a rule that
 * blocks is expressible only if nothing that it blocks is allowed behind it.
 */
#include "aws_export.h"

#include <stdlib.h>
#include <string.h>

#include "reach.h"
#include "text.h"

#define NEW_GROUP "sg-new"

/* Where a peer stands in a permission, and how it says who it is. */
static const struct place {
	enum family family;
	const char *prefix, *list, *key;
} places[] = {
	{ FAMILY_IPV4, "", "IpRanges", "CidrIp" },
	{ FAMILY_IPV6, "", "Ipv6Ranges", "CidrIpv6" },
	{ 0, "pl-", "PrefixListIds", "PrefixListId" },
	{ 0, "", "UserIdGroupPairs", "GroupId" },
};

struct groups {
	struct export *export;
	json_t *list;
	json_t *by_id; /* the same objects */
};

/* Length of the group's id in the rule's name; 0: there is none. */
static size_t
group_in(const struct rule *rule)
{
	const char *blank = rule->name ? strchr(rule->name, ' ') : NULL;
	size_t digits = blank ? strspn(blank + 1, "0123456789") : 0;

	if (digits == 0 || blank[1 + digits])
		return 0;
	char *id = text_format("%.*s", (int)(blank - rule->name), rule->name);
	bool is_id = aws_is_id(id);
	free(id);
	return is_id ? (size_t)(blank - rule->name) : 0;
}

static json_t *
group_of(struct groups *groups, const char *id)
{
	json_t *group = json_object_get(groups->by_id, id);

	if (group)
		return group;
	group = text_need(json_pack("{s:s, s:[], s:[]}", "GroupId", id,
	    "IpPermissions", "IpPermissionsEgress"));
	json_object_set(groups->by_id, id, group);
	json_array_append_new(groups->list, group);
	return group;
}

static json_t *
permission_for(const struct aws_rule *rule)
{
	static const struct {
		int protocol;
		const char *name;
	} names[] = { { PROTOCOL_TCP, "tcp" }, { PROTOCOL_UDP, "udp" },
		{ PROTOCOL_ICMP, "icmp" }, { PROTOCOL_ICMPV6, "icmpv6" } };
	char *name = text_format("%d", rule->protocol);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].protocol == rule->protocol) {
			free(name);
			name = text_format("%s", names[i].name);
		}
	json_t *permission = text_need(json_pack("{s:s}", "IpProtocol", name));
	free(name);
	if (rule->detailed)
		json_object_update_new(
		    permission, text_need(json_pack("{s:i, s:i}", "FromPort",
				    rule->from, "ToPort", rule->to)));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		json_object_set_new(
		    permission, places[i].list, text_need(json_array()));
	return permission;
}

/* Do they differ in their peers alone? */
static bool
is_same_permission(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "IpProtocol", "FromPort",
		"ToPort" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *left = json_object_get(a, keys[i]);
		json_t *right = json_object_get(b, keys[i]);
		if (left != right && !json_equal(left, right))
			return false;
	}
	return true;
}

/* Joins the last permission of the list, if only the peers differ. */
static void
put_rule(json_t *permissions, const struct aws_rule *rule, const char *why)
{
	json_t *permission = permission_for(rule);
	size_t count = json_array_size(permissions);
	json_t *last = count ? json_array_get(permissions, count - 1) : NULL;
	const struct place *place = places;

	if (last && is_same_permission(last, permission)) {
		json_decref(permission);
		permission = last;
	} else {
		json_array_append_new(permissions, permission);
	}
	while (place->family != rule->family ||
	       strncmp(rule->peer, place->prefix, strlen(place->prefix)) != 0)
		place++;
	json_t *peer = text_need(json_pack("{s:s}", place->key, rule->peer));
	if (why)
		json_object_update_new(
		    peer, text_need(json_pack("{s:s}", "Description", why)));
	json_array_append_new(json_object_get(permission, place->list), peer);
}

static void
put_rules(struct groups *groups, const struct rule *rule, bool egress)
{
	size_t length = group_in(rule);
	struct aws_rules rules = { 0 };
	const char *why = rule->comment;

	if (!length && rule->name && why)
		export_notice(groups->export, rule,
		    "its name is left out: the description is its comment");
	else if (!length && rule->name)
		why = rule->name;
	export_expand(groups->export, rule, egress, &rules);
	if (rules.count == 0)
		export_notice(groups->export, rule,
		    "it matches nothing, so it is left out");
	char *id = length ? text_format("%.*s", (int)length, rule->name)
			  : text_format(NEW_GROUP);
	json_t *permissions = json_object_get(group_of(groups, id),
	    egress ? "IpPermissionsEgress" : "IpPermissions");
	for (size_t i = 0; i < rules.count && !groups->export->failed; i++)
		put_rule(permissions, &rules.rule[i], why);
	free(id);
	free(rules.rule);
}

/* Nothing that the rule blocks may be allowed by one behind it. */
static void
check_block(
    struct export *export, const struct reach *reach, const struct rule *rule)
{
	const struct rules *rules = reach->rules;
	size_t i = (size_t)(rule - rules->rule);

	for (size_t later = i + 1; later < rules->count; later++) {
		const struct rule *other = &rules->rule[later];
		if (other->action != ACTION_ALLOW ||
		    (!reach->left[i].unknown && !reach->own[later].unknown &&
			!region_meets(&reach->left[i], &reach->own[later])))
			continue;
		export_fail(export, rule,
		    "action = \"block\" is not expressible as a security "
		    "group, since %s:%u would allow what it blocks; accepted "
		    "are rules that allow",
		    other->file, other->line);
		return;
	}
}

static void
put_table(struct groups *groups, enum table_id table, bool egress)
{
	struct export *export = groups->export;
	const struct rules *rules = &export->policy->tables[table];
	struct space *space = text_need(space_create(&export->policy, 1));
	struct reach reach;

	text_need(
	    reach_create(&reach, space, rules, REACH_WHATEVER) ? space : NULL);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		if (rule->action == ACTION_BLOCK)
			check_block(export, &reach, rule);
		else if (export_check(export, rule, egress, KNOWN_SETS))
			put_rules(groups, rule, egress);
	}
	reach_free(&reach);
	space_destroy(space);
}

/* What is true of the config beside its rules. */
static void
check_rest(struct export *export)
{
	const struct policy *policy = export->policy;

	if (!policy->tables[TABLE_INBOUND].present)
		export_fail_all(export,
		    "there is no inbound and no outbound, accepted is a config "
		    "with one");
	if (policy->tables[TABLE_FORWARD].present)
		export_fail_all(export,
		    "forward is not expressible as a security group, accepted "
		    "are inbound and outbound");
	if (policy->tables[TABLE_ACL_INBOUND].present)
		export_notice_all(
		    export, "acl is left out: it is of aws-network-acls");
	if (policy->settings.on_reload != ON_RELOAD_KEEP)
		export_notice_all(export,
		    "on_reload is \"revalidate\", but AWS does as \"keep\"");
	for (size_t i = 0; i < policy->set_count; i++)
		if (policy->sets[i].fixed_count > 0 &&
		    aws_is_id(policy->sets[i].name))
			export_notice_all(export,
			    "the members of set \"%s\" are left out: AWS has "
			    "them elsewhere",
			    policy->sets[i].name);
}

json_t *
aws_export_security_groups(struct export *export)
{
	struct groups groups = {
		.export = export,
		.list = text_need(json_array()),
		.by_id = text_need(json_object()),
	};

	check_rest(export);
	put_table(&groups, TABLE_INBOUND, false);
	put_table(&groups, TABLE_OUTBOUND, true);
	if (json_array_size(groups.list) == 0)
		group_of(&groups, NEW_GROUP);
	json_decref(groups.by_id);
	return text_need(json_pack("{s:o}", "SecurityGroups", groups.list));
}
