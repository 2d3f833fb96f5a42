/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which tables get an index, and whether it may be trusted.
 *
 * An index that misses a rule would open or close what it should not, so none
 * is used that was not asked first.  The questions are packets just inside and
 * just outside of what rules ask for, for that is where intervals are cut: of
 * every rule, or of SAMPLE rules evenly spread.  The answer that counts is that
 * of the walk in order.
 */
#include "compile.h"

#include "classifier.h"

/* From so many rules on an index is quicker than a walk; measured. */
#define INDEXED_FROM 40
#define SAMPLE       1000
#define TURNS        8 /* questions about a rule */

/* One of the values at the ends of what a rule asks for, chosen by `turn`. */
static uint16_t
some_port(const struct rule *rule, unsigned turn)
{
	if (rule->port_count == 0)
		return (uint16_t)(turn * 40503);
	const struct port_range *range = &rule->ports[turn % rule->port_count];
	uint16_t ends[] = { range->low, range->high, (uint16_t)(range->low - 1),
		(uint16_t)(range->high + 1) };
	return ends[turn / rule->port_count % 4];
}

static struct address
neighbour(struct address address, bool above)
{
	if (above) {
		address.low++;
		address.high += address.low == 0;
	} else {
		address.high -= address.low == 0;
		address.low--;
	}
	return address;
}

static struct address
some_address(const struct address_range *ranges, size_t count, unsigned turn)
{
	if (count == 0)
		return turn % 2 ? address_from_v4(0xc0000200 + turn)
				: (struct address){ UINT64_C(0x20010db8) << 32,
					  turn };
	const struct address_range *range = &ranges[turn % count];
	struct address ends[] = { range->low, range->high,
		neighbour(range->low, false), neighbour(range->high, true) };
	return ends[turn / count % 4];
}

/* Any that the rule takes, or else TCP. */
static uint8_t
some_protocol(const struct rule *rule, unsigned turn)
{
	for (unsigned i = 0; i < 256; i++) {
		unsigned p = (turn * 17 + i) % 256;
		if (rule->protocols[p / 64] >> (p % 64) & 1)
			return (uint8_t)p;
	}
	return PROTOCOL_TCP;
}

/* Both addresses of one family, if the rule leaves a choice. */
static struct packet
some_packet(const struct rule *rule, unsigned turn)
{
	struct packet packet = { .direction = INBOUND };
	struct tuple *t = &packet.tuple;

	t->protocol =
	    turn % 3 ? some_protocol(rule, 0) : some_protocol(rule, turn);
	t->dport = some_port(rule, turn);
	t->sport = rule->source_port_count ? rule->source_ports[0].low : 40000;
	t->src = some_address(rule->from, rule->from_count, turn);
	t->dst = some_address(rule->to, rule->to_count, turn / 2);
	if (rule->from_count == 0 &&
	    address_is_v4(t->src) != address_is_v4(t->dst))
		t->src = some_address(NULL, 0, turn + 1);
	else if (address_is_v4(t->src) != address_is_v4(t->dst))
		t->dst = t->src;
	t->family = address_is_v4(t->src) ? FAMILY_IPV4 : FAMILY_IPV6;
	return packet;
}

bool
index_agrees(const struct rules *rules)
{
	struct interfaces *none = interfaces_create();
	struct rules in_order = *rules;
	size_t step = rules->count / SAMPLE + 1;
	bool same = none != NULL;

	in_order.classifier = NULL;
	for (size_t i = 0; same && i < rules->count; i += step)
		for (unsigned turn = 0; same && turn < TURNS; turn++) {
			struct packet packet =
			    some_packet(&rules->rule[i], turn);
			same = rules_match(rules, &packet, none) ==
			       rules_match(&in_order, &packet, none);
		}
	interfaces_destroy(none);
	return same;
}

void
policy_compile(struct policy *policy, struct diagnostics *notices)
{
	for (enum table_id t = 0; t < TABLE_COUNT; t++) {
		struct rules *rules = &policy->tables[t];

		if (rules->count < INDEXED_FROM)
			continue;
		rules->classifier = classifier_create(rules);
		if (rules->classifier && index_agrees(rules))
			continue;
		diagnostics_add(notices,
		    "%s:%u: %s: %s, so its %zu rules are searched in order",
		    rules->rule[0].file, rules->rule[0].line, table_name(t),
		    rules->classifier ? "the index disagrees with the rules"
				      : "no memory for an index",
		    rules->count);
		classifier_destroy(rules->classifier);
		rules->classifier = NULL;
	}
}
