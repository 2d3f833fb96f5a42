/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network ACL to an `acl`: its entries in ascending order of their numbers,
 * each of one family, and the number as the rule's name.  The entries 32767 and
 * 32768, which AWS shows as `*`, are what an acl does by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "text.h"

#define NUMBER_MAX 32766 /* of an entry by a user; the rest is AWS's */
#define NUMBER_END 32768

struct entry {
	long number;
	long index; /* in the file */
	const json_t *json;
};

static const char *const entry_keys[] = { "CidrBlock", "Egress", "IcmpTypeCode",
	"Ipv6CidrBlock", "PortRange", "Protocol", "RuleAction", "RuleNumber",
	NULL };
static const char *const acl_keys[] = { "Associations", "Entries", "IsDefault",
	"NetworkAclId", "OwnerId", "Tags", "VpcId", NULL };

static bool
put_range(struct aws_place *place, FILE *out, const json_t *entry)
{
	const json_t *range = json_object_get(entry, "PortRange");
	long from, to;

	if (!json_is_object(range))
		return aws_fail(place,
		    "PortRange is missing, accepted is one with From and To");
	return aws_number(place, range, "From", 0, UINT16_MAX, &from) &&
	       aws_number(place, range, "To", 0, UINT16_MAX, &to) &&
	       aws_put_ports(place, out, from, to);
}

static bool
put_type(struct aws_place *place, FILE *out, const json_t *entry)
{
	const json_t *both = json_object_get(entry, "IcmpTypeCode");
	long type, code;

	if (!json_is_object(both))
		return aws_fail(place,
		    "IcmpTypeCode is missing, accepted is one with Type and "
		    "Code");
	return aws_number(place, both, "Type", -1, 255, &type) &&
	       aws_number(place, both, "Code", -1, 255, &code) &&
	       aws_put_icmp(place, out, type, code);
}

/* What of the entry depends on protocol and family. */
static bool
put_match(
    struct aws_place *place, FILE *out, const json_t *entry, enum family family)
{
	const char *text = aws_text(place, entry, "Protocol", false);
	int protocol = text ? aws_protocol(place, text) : -2;

	if (protocol < -1)
		return false;
	aws_put_protocol(out, protocol);
	if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP)
		return put_range(place, out, entry);
	if (protocol ==
	    (family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6))
		return put_type(place, out, entry);
	if (protocol == PROTOCOL_ICMP && json_object_get(entry, "IcmpTypeCode"))
		return aws_fail(
		    place, "ICMP types of IPv4 over IPv6 cannot be expressed");
	return true; /* whatever is written: all ports, all types */
}

static bool
put_rule(struct aws_place *place, FILE *out, const struct entry *e, bool egress)
{
	const char *v4 = aws_text(place, e->json, "CidrBlock", true);
	const char *v6 = aws_text(place, e->json, "Ipv6CidrBlock", true);
	const char *action = aws_text(place, e->json, "RuleAction", false);
	char cidr[2 * ADDRESS_TEXT_SIZE];
	bool allow = action && strcmp(action, "allow") == 0;

	if (!action || (!allow && strcmp(action, "deny") != 0))
		return aws_fail(
		    place, "RuleAction, accepted are \"allow\" and \"deny\"");
	if (!v4 == !v6)
		return aws_fail(
		    place, "accepted is either CidrBlock or Ipv6CidrBlock");
	enum family family = v4 ? FAMILY_IPV4 : FAMILY_IPV6;
	fprintf(out, "    { name = \"%ld\";", e->number);
	if (!put_match(place, out, e->json, family) ||
	    !aws_cidr(place, v4 ? v4 : v6, family, cidr))
		return false;
	fprintf(out, " %s = \"%s\"; action = \"%s\"; }", egress ? "to" : "from",
	    cidr, allow ? "allow" : "block");
	return true;
}

static int
compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	return a->number != b->number
		   ? (a->number < b->number ? -1 : 1)
		   : (a->index > b->index) - (a->index < b->index);
}

/* The entries of one direction that a user made, in order; malloc'd. */
static struct entry *
collect(
    struct aws_place *place, const json_t *entries, bool egress, size_t *count)
{
	struct entry *list =
	    text_need(calloc(json_array_size(entries) + 1, sizeof(*list)));
	size_t i;
	json_t *json;

	*count = 0;
	json_array_foreach((json_t *)entries, i, json)
	{
		size_t length = aws_enter(place, "Entries", (long)i);
		const json_t *is_egress = json_object_get(json, "Egress");
		struct entry e = { .index = (long)i, .json = json };
		if (!egress)
			aws_check_keys(place, json, entry_keys);
		if (!json_is_boolean(is_egress) && !egress)
			aws_fail(place,
			    "Egress is %s, accepted are true and false",
			    is_egress ? "something else" : "missing");
		else if (json_is_boolean(is_egress) &&
			 json_is_true(is_egress) == egress &&
			 aws_number(place, json, "RuleNumber", 1, NUMBER_END,
			     &e.number))
			list[(*count)++] = e;
		aws_leave(place, length);
	}
	qsort(list, *count, sizeof(*list), compare_entries);
	return list;
}

/* The last entries are as they always are? */
static void
check_end(struct aws_place *place, const struct entry *e)
{
	const char *protocol = aws_text(place, e->json, "Protocol", true);
	const char *action = aws_text(place, e->json, "RuleAction", true);

	if (!protocol || strcmp(protocol, "-1") != 0 || !action ||
	    strcmp(action, "deny") != 0)
		aws_fail(place,
		    "entry %ld is not \"deny\" of all, accepted are entries "
		    "from 1 to %d",
		    e->number, NUMBER_MAX);
}

static void
put_table(
    struct aws_place *place, FILE *out, const json_t *entries, bool egress)
{
	size_t count, put = 0;
	struct entry *list = collect(place, entries, egress, &count);

	fprintf(out, "  %s = (", egress ? "outbound" : "inbound");
	for (size_t i = 0; i < count; i++) {
		size_t length = aws_enter(place, "Entries", list[i].index);
		if (list[i].number > NUMBER_MAX) {
			check_end(place, &list[i]);
		} else if (i > 0 && list[i].number == list[i - 1].number) {
			aws_fail(place,
			    "number %ld is taken by Entries[%ld], accepted is "
			    "one entry",
			    list[i].number, list[i - 1].index);
		} else {
			fputs(put++ ? ",\n" : "\n", out);
			put_rule(place, out, &list[i], egress);
		}
		aws_leave(place, length);
	}
	fputs(put ? "\n  );\n" : " );\n", out);
	free(list);
}

bool
aws_import_network_acl(struct aws_place *place, const json_t *answer, FILE *out)
{
	static const char *const answer_keys[] = { "NetworkAcls", NULL };
	const json_t *acls = json_object_get(answer, "NetworkAcls");

	if (!json_is_array(acls) || json_array_size(acls) != 1)
		return aws_fail(place,
		    "%s of network ACLs, accepted is { \"NetworkAcls\": [ "
		    "{...} ] } with one, that of the subnet",
		    json_is_array(acls) ? "a list" : "no list");
	aws_check_keys(place, answer, answer_keys);
	const json_t *acl = json_array_get(acls, 0);
	size_t length = aws_enter(place, "NetworkAcls", 0);
	const json_t *entries = json_object_get(acl, "Entries");
	const char *id = aws_text(place, acl, "NetworkAclId", true);
	aws_check_keys(place, acl, acl_keys);
	if (!json_is_array(entries))
		return aws_fail(
		    place, "Entries is missing, accepted is a list");
	char *shown = text_clean(id ? id : "of no name");
	fprintf(out,
	    "# The network ACL %s.  It remembers nothing: each packet is\n"
	    "# judged by itself, and what no rule allows is blocked.  AWS "
	    "lets\n"
	    "# neighbour discovery and DHCP pass beside its ACLs; here they\n"
	    "# need a rule like everything else.\n"
	    "acl = {\n",
	    shown);
	free(shown);
	put_table(place, out, entries, false);
	put_table(place, out, entries, true);
	fputs("};\n", out);
	aws_leave(place, length);
	return !place->failed;
}
