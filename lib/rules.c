/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule asks of a packet, one predicate per criterion; rule_mismatch()
 * is their list, cheapest first, and rules_match() the walk down a table, or
 * down those that its index names.  A new criterion is a field in struct rule,
 * a predicate and a line in the list.
 *
 * The predicates read the packet and the rule, and allocate and change
 * nothing, so any number of threads may run them on one policy.
 */
#include "rules.h"

#include <string.h>

#include "classifier.h"

static inline bool
match_protocol(const struct rule *rule, const struct packet *packet)
{
	unsigned protocol = packet->tuple.protocol;
	return rule->protocols[protocol / 64] >> (protocol % 64) & 1;
}

/* The first range that does not end before the port is the only one that may
 * hold it. */
static bool
in_ports(const struct port_range *ranges, size_t count, uint16_t port)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ranges[middle].high < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ranges[low].low <= port;
}

/* Behind match_protocol(): conf gives ports only to protocols that have them.
 * A later fragment has none, whatever its protocol.  The hull is in the rule
 * itself, so that one cache line is enough to refuse: halves the time. */
static inline bool
match_port(const struct rule *rule, const struct packet *packet)
{
	uint16_t port = packet->tuple.dport;

	return port >= rule->hull.low && port <= rule->hull.high &&
	       (rule->port_count == 0 ||
		   (!packet->is_later_fragment &&
		       in_ports(rule->ports, rule->port_count, port)));
}

static inline bool
match_source_port(const struct rule *rule, const struct packet *packet)
{
	return rule->source_port_count == 0 ||
	       (!packet->is_later_fragment &&
		   in_ports(rule->source_ports, rule->source_port_count,
		       packet->tuple.sport));
}

static bool
in_icmp(const struct rule *rule, const struct packet *packet)
{
	const struct tuple *tuple = &packet->tuple;
	enum protocol own =
	    tuple->family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;

	/* the other family's protocol is a stranger here, as is a fragment */
	if (packet->is_later_fragment || tuple->protocol != own)
		return false;
	for (size_t i = 0; i < rule->icmp_count; i++) {
		const struct icmp_match *m = &rule->icmp[i];
		if (m->family == tuple->family &&
		    m->type == packet->icmp.type &&
		    (m->code == -1 || m->code == packet->icmp.code))
			return true;
	}
	return false;
}

static inline bool
match_icmp(const struct rule *rule, const struct packet *packet)
{
	return rule->icmp_count == 0 || in_icmp(rule, packet);
}

static bool
in_flags(const struct rule *rule, const struct packet *packet)
{
	if (packet->is_later_fragment || packet->tuple.protocol != PROTOCOL_TCP)
		return false;
	for (size_t i = 0; i < rule->flags_count; i++)
		if ((packet->tcp.flags & rule->flags[i].of) ==
		    rule->flags[i].set)
			return true;
	return false;
}

static inline bool
match_flags(const struct rule *rule, const struct packet *packet)
{
	return rule->flags_count == 0 || in_flags(rule, packet);
}

static inline bool
match_user(const struct rule *rule, const struct packet *packet)
{
	return rule->user_count == 0 ||
	       owner_is_among(rule->users, rule->user_count, packet->user);
}

static inline bool
match_group(const struct rule *rule, const struct packet *packet)
{
	return rule->group_count == 0 ||
	       owner_is_among(rule->groups, rule->group_count, packet->group);
}

static bool
in_sets(
    const struct named_set *const *sets, size_t count, struct address address)
{
	for (size_t i = 0; i < count; i++)
		if (named_set_has(sets[i], address))
			return true;
	return false;
}

static inline bool
match_from(const struct rule *rule, const struct packet *packet)
{
	struct address src = packet->tuple.src;

	return rule->from_count + rule->from_set_count == 0 ||
	       address_in_ranges(src, rule->from, rule->from_count) ||
	       in_sets(rule->from_sets, rule->from_set_count, src);
}

static inline bool
match_to(const struct rule *rule, const struct packet *packet)
{
	struct address dst = packet->tuple.dst;

	return rule->to_count + rule->to_set_count == 0 ||
	       address_in_ranges(dst, rule->to, rule->to_count) ||
	       in_sets(rule->to_sets, rule->to_set_count, dst);
}

/* "wg*" is every name that begins with wg. */
static bool
in_names(char *const *patterns, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		const char *pattern = patterns[i];
		size_t stem = strcspn(pattern, "*");
		if (pattern[stem] ? strncmp(pattern, name, stem) == 0
				  : strcmp(pattern, name) == 0)
			return true;
	}
	return false;
}

/* Where it arrives; of what this host sends, where it leaves. */
static inline bool
match_interface(const struct rule *rule, const struct packet *packet,
    const struct interfaces *interfaces)
{
	if (rule->interface_count == 0)
		return true;
	uint16_t id = packet->direction == OUTBOUND ? packet->out_interface
						    : packet->in_interface;
	return in_names(rule->interfaces, rule->interface_count,
	    interfaces_name(interfaces, id));
}

static inline bool
match_out_interface(const struct rule *rule, const struct packet *packet,
    const struct interfaces *interfaces)
{
	return rule->out_interface_count == 0 ||
	       in_names(rule->out_interfaces, rule->out_interface_count,
		   interfaces_name(interfaces, packet->out_interface));
}

const char *
rule_mismatch(const struct rule *rule, const struct packet *packet,
    const struct interfaces *interfaces)
{
	if (rule->expired)
		return "expires";
	if (!match_protocol(rule, packet))
		return "protocol";
	if (!match_port(rule, packet))
		return "port";
	if (!match_source_port(rule, packet))
		return "source_port";
	if (!match_icmp(rule, packet))
		return "icmp";
	if (!match_flags(rule, packet))
		return "flags";
	if (!match_user(rule, packet))
		return "user";
	if (!match_group(rule, packet))
		return "group";
	if (!match_from(rule, packet))
		return "from";
	if (!match_to(rule, packet))
		return "to";
	if (!match_interface(rule, packet, interfaces))
		return "interface";
	if (!match_out_interface(rule, packet, interfaces))
		return "out_interface";
	return NULL;
}

static const struct rule *
match_in_order(const struct rules *rules, size_t first,
    const struct packet *packet, const struct interfaces *interfaces)
{
	const struct rule *rule = rules->rule + first;

	/* nearly all rules fail at these two, without a call */
	for (size_t left = rules->count - first; left > 0; left--, rule++)
		if (match_protocol(rule, packet) && match_port(rule, packet) &&
		    !rule_mismatch(rule, packet, interfaces))
			return rule;
	return NULL;
}

static const struct rule *
match_by_index(const struct rules *rules, size_t first,
    const struct packet *packet, const struct interfaces *interfaces)
{
	struct classes classes = classifier_look_up(rules->classifier, packet);
	size_t i = first;

	while ((i = classifier_next(rules->classifier, &classes, i)) !=
	       CLASSIFIER_NONE) {
		if (!rule_mismatch(&rules->rule[i], packet, interfaces))
			return &rules->rule[i];
		i++;
	}
	return NULL;
}

/* From that rule on. */
static const struct rule *
match_on(const struct rules *rules, size_t first, const struct packet *packet,
    const struct interfaces *interfaces)
{
	return rules->classifier
		   ? match_by_index(rules, first, packet, interfaces)
		   : match_in_order(rules, first, packet, interfaces);
}

const struct rule *
rules_match(const struct rules *rules, const struct packet *packet,
    const struct interfaces *interfaces)
{
	return match_on(rules, 0, packet, interfaces);
}

const struct rule *
rules_match_after(const struct rules *rules, const struct rule *rule,
    const struct packet *packet, const struct interfaces *interfaces)
{
	return match_on(rules, rule->place, packet, interfaces);
}
