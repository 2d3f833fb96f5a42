/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule of ours to the rules of AWS's that match the same packets: one for
 * each protocol, each range of ports or type of ICMP, and each prefix of the
 * peer's addresses.
 *
 * What of a rule AWS cannot say is found by taking out what it can and printing
 * the rest: a key that is new one day is an error of its own accord.
 */
#include "aws_export.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "text.h"

#define RULES_MAX 100000 /* of one table */
#define EMPTY     "{ }"
#define ALLOW     "action = \"allow\"; "

static void __attribute__((format(printf, 4, 0)))
say(const struct export *export, const struct rule *rule, const char *word,
    const char *format, va_list arguments)
{
	char *what = NULL, *name;

	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	text_need(what);
	name = rule->name
		   ? text_format("rule \"%s\"", rule->name)
		   : text_format("rule %s %u",
			 table_name(policy_table_of(export->policy, rule)),
			 rule->place);
	char *line = text_format(
	    "%s:%u: %s%s: %s", rule->file, rule->line, word, name, what);
	text_report(line);
	free(line);
	free(name);
	free(what);
}

void
export_fail(
    struct export *export, const struct rule *rule, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(export, rule, "", format, arguments);
	va_end(arguments);
	export->failed = true;
}

void
export_notice(const struct export *export, const struct rule *rule,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(export, rule, "notice: ", format, arguments);
	va_end(arguments);
}

static void __attribute__((format(printf, 3, 0)))
say_all(const struct export *export, const char *word, const char *format,
    va_list arguments)
{
	char *what = NULL;

	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	text_need(what);
	char *line =
	    text_format("%s:1: %s%s", export->policy->files[0], word, what);
	text_report(line);
	free(line);
	free(what);
}

void
export_fail_all(struct export *export, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_all(export, "", format, arguments);
	va_end(arguments);
	export->failed = true;
}

void
export_notice_all(const struct export *export, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_all(export, "notice: ", format, arguments);
	va_end(arguments);
}

struct export_side
export_peers(const struct rule *rule, bool egress)
{
	return egress ? (struct export_side){ rule->to, rule->to_count,
		rule->to_sets, rule->to_set_count }
		      : (struct export_side){ rule->from, rule->from_count,
				rule->from_sets, rule->from_set_count };
}

static bool
all_are_ids(const struct export_side *peers)
{
	for (size_t i = 0; i < peers->set_count; i++)
		if (!aws_is_id(peers->set[i]->name))
			return false;
	return true;
}

/* The rule without what AWS can say. */
static struct rule
rest_of(const struct rule *rule, bool egress, unsigned known)
{
	struct export_side peers = export_peers(rule, egress);
	struct rule rest = *rule;

	rest.name = rest.comment = NULL;
	rest.names_protocol = false;
	rest.port_count = rest.icmp_count = 0;
	*(egress ? &rest.to_count : &rest.from_count) = 0;
	if (known & KNOWN_SETS && all_are_ids(&peers))
		*(egress ? &rest.to_set_count : &rest.from_set_count) = 0;
	if (known & KNOWN_BLOCK && rest.action == ACTION_BLOCK)
		rest.action = ACTION_ALLOW;
	return rest;
}

/* Ports belong to TCP and UDP alone. */
static void
check_ports(struct export *export, const struct rule *rule)
{
	for (unsigned p = 0; rule->port_count > 0 && p < 256; p++) {
		char name[16];
		if (!(rule->protocols[p / 64] >> (p % 64) & 1) ||
		    p == PROTOCOL_TCP || p == PROTOCOL_UDP)
			continue;
		protocol_print((uint8_t)p, name, sizeof(name));
		export_fail(export, rule,
		    "port with protocol \"%s\" is not expressible as %s, "
		    "accepted are \"tcp\" and \"udp\"",
		    name, export->what);
	}
}

bool
export_check(
    struct export *export, const struct rule *rule, bool egress, unsigned known)
{
	bool failed = export->failed;
	struct rule rest = rest_of(rule, egress, known);
	char *text = text_need(rule_print(&rest));
	char *allow = strstr(text, ALLOW);

	export->failed = false;
	if (allow)
		memmove(allow, allow + strlen(ALLOW),
		    strlen(allow + strlen(ALLOW)) + 1);
	if (strcmp(text, EMPTY) != 0)
		export_fail(export, rule,
		    "%.*s is not expressible as %s, accepted are protocol, "
		    "port, icmp, %s %s",
		    (int)strlen(text) - 5, text + 2, export->what,
		    egress ? "to" : "from", export->accepted);
	free(text);
	check_ports(export, rule);
	bool passed = !export->failed;
	export->failed |= failed;
	return passed;
}

static void
add(struct aws_rules *rules, const struct aws_rule *like, enum family family,
    const char *peer)
{
	if (rules->count == rules->room) {
		rules->room = rules->room ? 2 * rules->room : 16;
		rules->rule = text_need(
		    realloc(rules->rule, rules->room * sizeof(rules->rule[0])));
	}
	struct aws_rule *rule = &rules->rule[rules->count++];
	*rule = *like;
	rule->family = family;
	snprintf(rule->peer, sizeof(rule->peer), "%s", peer);
}

/* The range as the fewest prefixes. */
static void
add_range(struct aws_rules *rules, const struct aws_rule *like,
    struct address_range range)
{
	bool v4 = address_is_v4(range.low);
	unsigned cut = v4 ? 96 : 0; /* bits that the text leaves out */
	struct address_range within;

	while (rules->count <= RULES_MAX) {
		char address[ADDRESS_TEXT_SIZE], cidr[ADDRESS_TEXT_SIZE + 4];
		unsigned bits = cut;
		for (;; bits++) {
			struct prefix prefix = prefix_of(range.low, bits);
			within = prefix_range(&prefix);
			if (address_equal(within.low, range.low) &&
			    address_compare(within.high, range.high) <= 0)
				break;
		}
		address_print(range.low, address, sizeof(address));
		snprintf(cidr, sizeof(cidr), "%s/%u", address, bits - cut);
		add(rules, like, v4 ? FAMILY_IPV4 : FAMILY_IPV6, cidr);
		if (address_equal(within.high, range.high))
			break;
		range.low = within.high;
		range.low.high += ++range.low.low == 0;
	}
}

/* For each peer of that family, 0: of any. */
static void
add_peers(struct aws_rules *rules, const struct aws_rule *like,
    const struct export_side *peers, enum family family)
{
	bool all = peers->range_count == 0 && peers->set_count == 0;

	if (all && family != FAMILY_IPV6)
		add(rules, like, FAMILY_IPV4, "0.0.0.0/0");
	if (all && family != FAMILY_IPV4)
		add(rules, like, FAMILY_IPV6, "::/0");
	for (size_t i = 0; i < peers->range_count; i++) {
		bool v4 = address_is_v4(peers->range[i].low);
		if (!family || (family == FAMILY_IPV4) == v4)
			add_range(rules, like, peers->range[i]);
	}
	for (size_t i = 0; i < peers->set_count && rules->count <= RULES_MAX;
	     i++)
		add(rules, like, 0, peers->set[i]->name);
}

static void
add_protocol(struct aws_rules *rules, const struct rule *rule, int protocol,
    const struct export_side *peers)
{
	static const struct port_range all = { 0, UINT16_MAX };
	const struct port_range *ports = rule->port_count ? rule->ports : &all;
	size_t count = rule->port_count ? rule->port_count : 1;
	struct aws_rule like = { .protocol = protocol };

	if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6)
		like = (struct aws_rule){ protocol, true, -1, -1, 0, "" };
	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP) {
		add_peers(rules, &like, peers, 0);
		return;
	}
	for (size_t i = 0; i < count && rules->count <= RULES_MAX; i++) {
		like = (struct aws_rule){ protocol, true, ports[i].low,
			ports[i].high, 0, "" };
		add_peers(rules, &like, peers, 0);
	}
}

static bool
is_every_protocol(const struct rule *rule)
{
	uint64_t all = UINT64_MAX;

	for (unsigned i = 0; i < 4; i++)
		all &= rule->protocols[i];
	return all == UINT64_MAX;
}

void
export_expand(struct export *export, const struct rule *rule, bool egress,
    struct aws_rules *rules)
{
	struct export_side peers = export_peers(rule, egress);

	for (size_t i = 0; i < rule->icmp_count; i++) {
		const struct icmp_match *m = &rule->icmp[i];
		struct aws_rule like = { m->family == FAMILY_IPV4
					     ? PROTOCOL_ICMP
					     : PROTOCOL_ICMPV6,
			true, m->type, m->code, 0, "" };
		add_peers(rules, &like, &peers, (enum family)m->family);
	}
	if (rule->icmp_count > 0)
		return;
	if (is_every_protocol(rule)) {
		add_protocol(rules, rule, -1, &peers);
		return;
	}
	for (int p = 0; p < 256 && rules->count <= RULES_MAX; p++)
		if (rule->protocols[p / 64] >> (p % 64) & 1)
			add_protocol(rules, rule, p, &peers);
	if (rules->count > RULES_MAX)
		export_fail(export, rule,
		    "more than %d rules of AWS come of it and those before "
		    "it, accepted are fewer",
		    RULES_MAX);
}
