/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Security groups to `inbound` and `outbound`: all groups of the answer apply
 * to this host, and what any of them allows is allowed.  Each peer of a
 * permission is a rule of its own, named by group and number, so that its
 * description stays with it.  A peer that is a prefix list or another group is
 * a set of that name, which somebody has to fill.
 */
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "text.h"

#define DESCRIPTION_MAX 256 /* of a rule's comment */

/* The kinds of peers of a permission, and where each says who it is. */
static const struct peer {
	const char *list, *key;
	enum family family; /* 0: a set */
} peers[] = {
	{ "IpRanges", "CidrIp", FAMILY_IPV4 },
	{ "Ipv6Ranges", "CidrIpv6", FAMILY_IPV6 },
	{ "PrefixListIds", "PrefixListId", 0 },
	{ "UserIdGroupPairs", "GroupId", 0 },
};
#define PEERS (sizeof(peers) / sizeof(peers[0]))

static const char *const permission_keys[] = { "FromPort", "IpProtocol",
	"IpRanges", "Ipv6Ranges", "PrefixListIds", "ToPort", "UserIdGroupPairs",
	NULL };
static const char *const group_keys[] = { "Description", "GroupId", "GroupName",
	"IpPermissions", "IpPermissionsEgress", "OwnerId", "SecurityGroupArn",
	"Tags", "VpcId", NULL };
/* Of any peer. */
static const char *const peer_keys[] = { "CidrIp", "CidrIpv6", "Description",
	"GroupId", "GroupName", "PeeringStatus", "PrefixListId", "UserId",
	"VpcId", "VpcPeeringConnectionId", NULL };

struct import {
	struct aws_place *place;
	FILE *out;
	bool egress;
	size_t rules; /* put into the table */
	/* names of sets, owned */
	char **set;
	size_t set_count;
};

static void
remember_set(struct import *import, const char *name)
{
	for (size_t i = 0; i < import->set_count; i++)
		if (strcmp(import->set[i], name) == 0)
			return;
	import->set = text_need(realloc(
	    import->set, (import->set_count + 1) * sizeof(import->set[0])));
	import->set[import->set_count++] = text_need(strdup(name));
}

/* Types of ICMP are of one family. */
static bool
put_match(struct import *import, const json_t *permission, int protocol,
    enum family family)
{
	struct aws_place *place = import->place;
	long from = -1, to = -1;
	bool icmp = protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
	bool ports = protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;

	aws_put_protocol(import->out, protocol);
	if (!icmp && !ports)
		return true; /* all ports, whatever is written */
	if (!aws_number(place, permission, "FromPort", -1, UINT16_MAX, &from) ||
	    !aws_number(place, permission, "ToPort", -1, UINT16_MAX, &to))
		return false;
	if (ports && from == -1 && to == -1)
		return true;
	if (ports && (from < 0 || to < 0))
		return aws_fail(place, "ports %ld to %ld, accepted are 0 to %d",
		    from, to, UINT16_MAX);
	if (ports)
		return aws_put_ports(place, import->out, from, to);
	if (from > 255 || to > 255)
		return aws_fail(place,
		    "ICMP type %ld and code %ld, accepted are -1 to 255", from,
		    to);
	if (from >= 0 && family &&
	    (family == FAMILY_IPV4) != (protocol == PROTOCOL_ICMP))
		return aws_fail(place,
		    "ICMP types of one IP version over the other cannot be "
		    "expressed");
	return aws_put_icmp(place, import->out, from, to);
}

static void
put_peer(struct import *import, const char *group, const json_t *permission,
    int protocol, const struct peer *peer, const json_t *json)
{
	struct aws_place *place = import->place;
	const char *who = aws_text(place, json, peer->key, false);
	const char *why = aws_text(place, json, "Description", true);
	char value[2 * ADDRESS_TEXT_SIZE], name[80];

	aws_check_keys(place, json, peer_keys);
	if (!who ||
	    (peer->family && !aws_cidr(place, who, peer->family, value)))
		return;
	if (!peer->family && !aws_is_id(who)) {
		aws_fail(place,
		    "%s \"%.40s\", accepted is such as sg-0123456789abcdef0",
		    peer->key, who);
		return;
	}
	if (!peer->family) {
		remember_set(import, who);
		snprintf(value, sizeof(value), "@%.60s", who);
	}
	if (why && strlen(why) > DESCRIPTION_MAX)
		aws_fail(place, "Description is longer than %d bytes",
		    DESCRIPTION_MAX);
	fputs(import->rules++ ? ",\n" : "\n", import->out);
	snprintf(name, sizeof(name), "%.40s %zu", group, import->rules);
	fputs("  {", import->out);
	aws_put_string(import->out, "name", name);
	put_match(import, permission, protocol, peer->family);
	aws_put_string(import->out, import->egress ? "to" : "from", value);
	if (why && *why)
		aws_put_string(import->out, "comment", why);
	fputs(" action = \"allow\"; }", import->out);
}

static void
put_permission(
    struct import *import, const char *group, const json_t *permission)
{
	struct aws_place *place = import->place;
	const char *text = aws_text(place, permission, "IpProtocol", false);
	int protocol = text ? aws_protocol(place, text) : -2;
	size_t count = 0;

	aws_check_keys(place, permission, permission_keys);
	for (size_t p = 0; protocol >= -1 && p < PEERS; p++) {
		const json_t *list = json_object_get(permission, peers[p].list);
		size_t i;
		json_t *json;
		if (list && !json_is_array(list))
			aws_fail(place, "%s is no list", peers[p].list);
		json_array_foreach((json_t *)list, i, json)
		{
			size_t length =
			    aws_enter(place, peers[p].list, (long)i);
			put_peer(import, group, permission, protocol, &peers[p],
			    json);
			aws_leave(place, length);
			count++;
		}
	}
	if (protocol >= -1 && count == 0)
		aws_notice(place, "it names no peer, so it allows nothing");
}

static void
put_group(struct import *import, const json_t *group)
{
	const char *key =
	    import->egress ? "IpPermissionsEgress" : "IpPermissions";
	const char *id = aws_text(import->place, group, "GroupId", false);
	const json_t *permissions = json_object_get(group, key);
	size_t i;
	json_t *json;

	if (!import->egress)
		aws_check_keys(import->place, group, group_keys);
	if (!json_is_array(permissions) || !aws_is_id(id)) {
		aws_fail(import->place,
		    "accepted are groups with GroupId, such "
		    "as sg-0123456789abcdef0, and a list %s",
		    key);
		return;
	}
	json_array_foreach((json_t *)permissions, i, json)
	{
		size_t length = aws_enter(import->place, key, (long)i);
		put_permission(import, id, json);
		aws_leave(import->place, length);
	}
}

static void
put_table(struct import *import, const json_t *groups, bool egress)
{
	size_t i;
	json_t *json;

	import->egress = egress;
	import->rules = 0;
	fprintf(import->out, "%s = (", egress ? "outbound" : "inbound");
	json_array_foreach((json_t *)groups, i, json)
	{
		size_t length =
		    aws_enter(import->place, "SecurityGroups", (long)i);
		put_group(import, json);
		aws_leave(import->place, length);
	}
	fputs(import->rules ? "\n);\n" : " );\n", import->out);
}

static void
put_sets(struct import *import)
{
	if (import->set_count == 0)
		return;
	fputs(
	    "# To be filled: the addresses of these prefix lists, and the\n"
	    "# private addresses of the members of these groups.  A set that\n"
	    "# is empty matches nothing.\n"
	    "sets = {\n",
	    import->out);
	for (size_t i = 0; i < import->set_count; i++) {
		fprintf(import->out, "  %s = [ ];\n", import->set[i]);
		aws_notice(import->place,
		    "set \"%s\" is empty and has to be filled", import->set[i]);
	}
	fputs("};\n", import->out);
}

bool
aws_import_security_groups(
    struct aws_place *place, const json_t *answer, FILE *out)
{
	static const char *const answer_keys[] = { "SecurityGroups", NULL };
	const json_t *groups = json_object_get(answer, "SecurityGroups");
	struct import import = { .place = place, .out = out };

	if (!json_is_array(groups) || json_array_size(groups) == 0)
		return aws_fail(place,
		    "no list of security groups, accepted is { "
		    "\"SecurityGroups\": [ {...} ] } with all that this host "
		    "has");
	aws_check_keys(place, answer, answer_keys);
	fputs("# Security groups: what any of them allows is allowed, answers\n"
	      "# pass by themselves, and a connection goes on when the rules\n"
	      "# change.  One difference: AWS does not track what is open to\n"
	      "# everyone both ways, and cuts it at once when its rule goes.\n"
	      "on_reload = \"keep\";\n\n",
	    out);
	put_table(&import, groups, false);
	put_table(&import, groups, true);
	put_sets(&import);
	for (size_t i = 0; i < import.set_count; i++)
		free(import.set[i]);
	free(import.set);
	return !place->failed;
}
