/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP that a network ACL must let by.  Of connections the errors pass by
 * state, and neighbours are essential; but the ACL comes first, and without
 * these IPv6 does not work at all, and large packets vanish without a word
 * (RFC 4890 4.3, RFC 2923 2.1).  Asked for each family of which the ACL lets
 * TCP or UDP by; what it lets by from somewhere is not missing.
 */
#include "lint_work.h"

#include "icmp_names.h"

#define MOST 4

static const struct need {
	enum table_id table;
	enum family family;
	uint8_t type[MOST], code; /* type 0: no more */
	const char *rule;
} needs[] = {
	{ TABLE_ACL_INBOUND, FAMILY_IPV4, { 3 }, 4,
	    "{ icmp = \"destination-unreachable/fragmentation-needed\"; "
	    "action = \"allow\"; }" },
	{ TABLE_ACL_INBOUND, FAMILY_IPV6, { 2, 134, 135, 136 }, 0,
	    "{ protocol = \"icmpv6\"; icmp = (\"packet-too-big\", "
	    "\"router-advertisement\", \"neighbor-solicitation\", "
	    "\"neighbor-advertisement\"); action = \"allow\"; }" },
	{ TABLE_ACL_OUTBOUND, FAMILY_IPV6, { 133, 135, 136 }, 0,
	    "{ protocol = \"icmpv6\"; icmp = (\"router-solicitation\", "
	    "\"neighbor-solicitation\", \"neighbor-advertisement\"); action = "
	    "\"allow\"; }" },
};

/* The packets of that type. */
static struct region
packets(struct lint_work *work, const struct need *need, uint8_t type)
{
	uint64_t value = icmp_value(need->family, type, need->code);
	uint8_t protocol =
	    need->family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
	struct region region = region_everything(work->space);

	region_limit(
	    work->space, &region, SIDE_PROTOCOL, spans_of(protocol, protocol));
	region_limit(work->space, &region, SIDE_ICMP, spans_of(value, value));
	return region;
}

/* Does the table let TCP or UDP of the family by? */
static bool
carries(
    struct lint_work *work, enum family family, const struct region *allowed)
{
	static const struct address_range protocols[] = {
		{ { 0, PROTOCOL_TCP }, { 0, PROTOCOL_TCP } },
		{ { 0, PROTOCOL_UDP }, { 0, PROTOCOL_UDP } },
	};
	struct region region = region_copy(work->space, allowed);

	region_limit(
	    work->space, &region, SIDE_PROTOCOL, spans_create(protocols, 2));
	region_limit(work->space, &region, SIDE_FROM, space_of_family(family));
	bool any = region_has_any(&region);
	region_free(&region);
	return any;
}

static void
say_missing(struct lint_work *work, const struct need *need,
    const uint8_t *missing, size_t count)
{
	bool v4 = need->family == FAMILY_IPV4;
	struct region first = packets(work, need, missing[0]);
	const struct rule *blocker =
	    lint_first_blocker(work, need->table, &first);
	struct phrase text = { 0 }, mend = { 0 };

	phrase_add(&text, "%s never lets by %s ", table_name(need->table),
	    v4 ? "ICMP" : "ICMPv6");
	for (size_t i = 0; i < count; i++) {
		phrase_add(&text, "%s%s", i > 0 ? ", " : "",
		    icmp_type_name(need->family, missing[i]));
		if (need->code)
			phrase_add(&text, "/%s",
			    icmp_code_name(
				need->family, missing[i], need->code));
	}
	phrase_add(&text, ": without it %s",
	    v4 ? "large packets are lost where the path has a smaller MTU"
	       : "IPv6 does not work");
	lint_mend_before(&mend, need->table, blocker,
	    blocker ? blocker->file : NULL, need->rule);
	lint_say(work, LINT_ICMP_MISSING, need->table, blocker, &text, &mend);
	region_free(&first);
}

static void
judge(struct lint_work *work, const struct need *need)
{
	struct region allowed =
	    reach_allowed(&work->reach[need->table], work->space, false);
	uint8_t missing[MOST];
	size_t count = 0;

	for (size_t i = 0; i < MOST && need->type[i]; i++) {
		struct region these = packets(work, need, need->type[i]);
		if (!allowed.unknown && !region_meets(&these, &allowed))
			missing[count++] = need->type[i];
		region_free(&these);
	}
	if (count > 0 && carries(work, need->family, &allowed))
		say_missing(work, need, missing, count);
	region_free(&allowed);
}

void
lint_icmp(struct lint_work *work)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (work->policy->tables[needs[i].table].present)
			judge(work, &needs[i]);
}
