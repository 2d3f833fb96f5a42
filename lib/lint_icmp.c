/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP that a network ACL must let in.  The errors of a connection pass by
 * state, but the ACL comes first, and without these two large packets vanish
 * without a word (RFC 4890 4.3.1, RFC 2923 2.1).  Asked for each family of
 * which the ACL lets TCP or UDP in; what it lets in from somewhere is not
 * missing.  Neighbour discovery it does not see, which is essential.
 */
#include "lint_work.h"

static const struct need {
	enum family family;
	uint8_t protocol, type, code;
	const char *what, *rule;
} needs[] = {
	{ FAMILY_IPV4, PROTOCOL_ICMP, 3, 4,
	    "ICMP destination-unreachable/fragmentation-needed",
	    "{ icmp = \"destination-unreachable/fragmentation-needed\"; "
	    "action = \"allow\"; }" },
	{ FAMILY_IPV6, PROTOCOL_ICMPV6, 2, 0, "ICMPv6 packet-too-big",
	    "{ icmp = \"packet-too-big\"; action = \"allow\"; }" },
};

static struct region
packets(struct lint_work *work, const struct need *need)
{
	uint64_t value = icmp_value(need->family, need->type, need->code);
	struct region region = region_everything(work->space);

	region_limit(work->space, &region, SIDE_PROTOCOL,
	    spans_of(need->protocol, need->protocol));
	region_limit(work->space, &region, SIDE_ICMP, spans_of(value, value));
	return region;
}

/* Does the table let TCP or UDP of the family by, for certain? */
static bool
carries(struct lint_work *work, enum family family)
{
	static const struct address_range protocols[] = {
		{ { 0, PROTOCOL_TCP }, { 0, PROTOCOL_TCP } },
		{ { 0, PROTOCOL_UDP }, { 0, PROTOCOL_UDP } },
	};
	struct region region = reach_allowed(
	    &work->reach[TABLE_ACL_INBOUND], work->space, false, true);

	region_limit(
	    work->space, &region, SIDE_PROTOCOL, spans_create(protocols, 2));
	region_limit(work->space, &region, SIDE_FROM, space_of_family(family));
	bool any = region_has_any(&region);
	region_free(&region);
	return any;
}

static void
say_missing(struct lint_work *work, const struct need *need,
    const struct region *packets_missing)
{
	const struct rule *blocker =
	    lint_first_blocker(work, TABLE_ACL_INBOUND, packets_missing);
	struct phrase text = { 0 }, mend = { 0 };

	phrase_add(&text,
	    "%s never lets by %s: without it large packets are lost where the "
	    "path has a smaller MTU",
	    table_name(TABLE_ACL_INBOUND), need->what);
	lint_mend_before(&mend, TABLE_ACL_INBOUND, blocker,
	    blocker ? blocker->file : NULL, need->rule);
	lint_say(
	    work, LINT_ICMP_MISSING, TABLE_ACL_INBOUND, blocker, &text, &mend);
}

void
lint_icmp(struct lint_work *work)
{
	const struct reach *reach = &work->reach[TABLE_ACL_INBOUND];

	if (!reach->rules->present)
		return;
	struct region allowed = reach_allowed(reach, work->space, false, false);
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		struct region these = packets(work, &needs[i]);
		if (!allowed.unknown && !region_meets(&these, &allowed) &&
		    carries(work, needs[i].family))
			say_missing(work, &needs[i], &these);
		region_free(&these);
	}
	region_free(&allowed);
}
