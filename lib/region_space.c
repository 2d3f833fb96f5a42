/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From rules to regions.  A rule is one cube, of ICMP one for each family: each
 * criterion is a side, and one that it does not have is every value.  Addresses
 * are the 128-bit numbers of both families; a range of IPv6 has a hole where
 * IPv4 lies, as it does not match there.
 */
#include "region_space.h"

#include <stdlib.h>
#include <string.h>

const struct address_range block_v4 = { { 0, 0xffff00000000 },
	{ 0, 0xffffffffffff } };
const struct address_range block_below_v4 = { { 0, 0 }, { 0, 0xfffeffffffff } };
const struct address_range block_above_v4 = { { 0, 0x1000000000000 },
	{ UINT64_MAX, UINT64_MAX } };

struct address_range
range_clip(struct address_range range, struct address_range block)
{
	if (address_compare(range.low, block.low) < 0)
		range.low = block.low;
	if (address_compare(range.high, block.high) > 0)
		range.high = block.high;
	return range;
}

static struct spans *
everything(const struct space *space, enum side side)
{
	static const struct address_range addresses = { { 0, 0 },
		{ UINT64_MAX, UINT64_MAX } };
	static const struct flags_match any_flags = { 0, 0 };

	switch (side) {
	case SIDE_PROTOCOL:
		return spans_of(0, UINT8_MAX);
	case SIDE_PORT:
	case SIDE_SOURCE_PORT:
		return spans_of(0, UINT16_MAX);
	case SIDE_ICMP:
		return spans_of(
		    0, icmp_value(FAMILY_IPV6, UINT8_MAX, UINT8_MAX));
	case SIDE_FLAGS:
		return flags_spans(&any_flags, 1, true);
	case SIDE_USER:
	case SIDE_GROUP:
		return spans_of(0, owner_value(OWNER_MOST));
	case SIDE_FROM:
	case SIDE_TO:
		return spans_create(&addresses, 1);
	case SIDE_INTERFACE:
	case SIDE_OUT_INTERFACE:
		return spans_of(0, atoms_count(space->atoms) - 1);
	case SIDE_COUNT:
		break;
	}
	return NULL;
}

static const uint8_t flag_bits[8] = { TCP_PSH, TCP_ECE, TCP_CWR, TCP_URG,
	TCP_FIN, TCP_SYN, TCP_RST, TCP_ACK };

uint64_t
flags_value(uint8_t flags)
{
	uint64_t value = 1;

	for (unsigned i = 0; i < 8; i++)
		if (flags & flag_bits[i])
			value += UINT64_C(1) << i;
	return value;
}

uint8_t
flags_of_value(uint64_t value)
{
	uint8_t flags = 0;

	for (unsigned i = 0; i < 8; i++)
		if ((value - 1) >> i & 1)
			flags |= flag_bits[i];
	return flags;
}

/* Runs of them.  Returns how many, at most half of the values. */
static size_t
flags_ranges(
    const struct flags_match *match, size_t count, struct address_range *ranges)
{
	size_t used = 0;

	for (uint64_t v = 1; v <= FLAGS_VALUE_MOST; v++) {
		uint8_t flags = flags_of_value(v);
		bool in = false;
		for (size_t i = 0; i < count && !in; i++)
			in = (flags & match[i].of) == match[i].set;
		if (!in || !tcp_flags_are_legal(flags))
			continue;
		if (used > 0 && ranges[used - 1].high.low == v - 1)
			ranges[used - 1].high.low = v;
		else
			ranges[used++] =
			    (struct address_range){ { 0, v }, { 0, v } };
	}
	return used;
}

struct spans *
flags_spans(const struct flags_match *match, size_t count, bool none)
{
	struct address_range ranges[FLAGS_VALUE_MOST / 2 + 1];
	size_t used = flags_ranges(match, count, ranges);

	if (none)
		ranges[used++] = (struct address_range){ { 0, 0 }, { 0, 0 } };
	return spans_create(ranges, used);
}

/* Names that stand in rules. */
struct names {
	const char **name;
	size_t count;
	bool failed;
};

static void
collect(struct names *names, char *const *more, size_t count)
{
	if (count == 0 || names->failed)
		return;
	const char **larger =
	    realloc(names->name, (names->count + count) * sizeof(larger[0]));
	if (!larger) {
		names->failed = true;
		return;
	}
	names->name = larger;
	for (size_t i = 0; i < count; i++)
		names->name[names->count++] = more[i];
}

static bool
ask_flags(const struct policy *const *policies, size_t count)
{
	for (size_t p = 0; p < count; p++)
		for (enum table_id t = 0; t < TABLE_COUNT; t++)
			for (size_t i = 0; i < policies[p]->tables[t].count;
			     i++)
				if (policies[p]->tables[t].rule[i].flags_count)
					return true;
	return false;
}

static struct atoms *
atoms_of(const struct policy *const *policies, size_t count)
{
	struct names names = { 0 };

	for (size_t p = 0; p < count; p++)
		for (enum table_id t = 0; t < TABLE_COUNT; t++)
			for (size_t i = 0; i < policies[p]->tables[t].count;
			     i++) {
				const struct rule *rule =
				    &policies[p]->tables[t].rule[i];
				collect(&names, rule->interfaces,
				    rule->interface_count);
				collect(&names, rule->out_interfaces,
				    rule->out_interface_count);
			}
	struct atoms *atoms =
	    names.failed ? NULL : atoms_create(names.name, names.count);
	free(names.name);
	return atoms;
}

struct space *
space_create(const struct policy *const *policies, size_t count)
{
	struct space *space = calloc(1, sizeof(*space));

	if (!space)
		return NULL;
	space->atoms = atoms_of(policies, count);
	space->asks_flags = ask_flags(policies, count);
	bool whole = space->atoms != NULL;
	for (enum side s = 0; s < SIDE_COUNT && whole; s++)
		whole = (space->all.side[s] = everything(space, s)) != NULL;
	if (!whole) {
		space_destroy(space);
		return NULL;
	}
	space_begin(space, REGION_STEPS);
	return space;
}

void
space_destroy(struct space *space)
{
	if (!space)
		return;
	for (enum side s = 0; s < SIDE_COUNT; s++)
		spans_drop(space->all.side[s]);
	atoms_destroy(space->atoms);
	free(space);
}

bool
space_asks_flags(const struct space *space)
{
	return space->asks_flags;
}

void
space_begin(struct space *space, uint64_t steps)
{
	space->steps = steps;
}

struct spans *
space_all(const struct space *space, enum side side)
{
	return space->all.side[side];
}

bool
space_has_family(const struct spans *addresses, enum family family)
{
	return family == FAMILY_IPV4
		   ? spans_meet(addresses, block_v4)
		   : spans_meet(addresses, block_below_v4) ||
			 spans_meet(addresses, block_above_v4);
}

struct spans *
space_of_family(enum family family)
{
	const struct address_range v6[] = { block_below_v4, block_above_v4 };

	return family == FAMILY_IPV4 ? spans_create(&block_v4, 1)
				     : spans_create(v6, 2);
}

/* Room for the intervals of a criterion while they are collected. */
struct intervals {
	struct address_range *at;
	size_t count;
};

static void
put(struct intervals *intervals, struct address_range range)
{
	if (!range_is_empty(range))
		intervals->at[intervals->count++] = range;
}

static void
put_numbers(struct intervals *intervals, uint64_t low, uint64_t high)
{
	put(intervals, (struct address_range){ { 0, low }, { 0, high } });
}

static void
put_addresses(struct intervals *intervals, const struct address_range *ranges,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (address_is_v4(ranges[i].low)) {
			put(intervals, ranges[i]);
		} else {
			put(intervals, range_clip(ranges[i], block_below_v4));
			put(intervals, range_clip(ranges[i], block_above_v4));
		}
}

/* Fixed members and live ones. */
static void
put_sets(struct intervals *intervals, const struct named_set *const *sets,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct set_member member;
		uint32_t cursor = 0;
		put_addresses(intervals, sets[i]->fixed, sets[i]->fixed_count);
		while (sets[i]->live &&
		       set_next(sets[i]->live, &cursor, &member)) {
			struct address_range range =
			    prefix_range(&member.prefix);
			put_addresses(intervals, &range, 1);
		}
	}
}

static size_t
members(const struct named_set *const *sets, size_t count)
{
	size_t members_in_all = 0;

	for (size_t i = 0; i < count; i++)
		members_in_all +=
		    sets[i]->fixed_count +
		    (sets[i]->live ? set_count(sets[i]->live) : 0);
	return members_in_all;
}

static void
put_protocols(struct intervals *intervals, const struct rule *rule)
{
	unsigned first = 0; /* of a run */

	for (unsigned p = 0; p <= UINT8_MAX + 1; p++) {
		bool in =
		    p <= UINT8_MAX && rule->protocols[p / 64] >> (p % 64) & 1;
		if (in)
			continue;
		if (first < p)
			put_numbers(intervals, first, p - 1);
		first = p + 1;
	}
}

static void
put_ports(
    struct intervals *intervals, const struct port_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_numbers(intervals, ranges[i].low, ranges[i].high);
}

static void
put_icmp(struct intervals *intervals, const struct rule *rule)
{
	for (size_t i = 0; i < rule->icmp_count; i++) {
		const struct icmp_match *m = &rule->icmp[i];
		uint8_t low = m->code < 0 ? 0 : (uint8_t)m->code;
		uint8_t high = m->code < 0 ? UINT8_MAX : (uint8_t)m->code;
		put_numbers(intervals, icmp_value(m->family, m->type, low),
		    icmp_value(m->family, m->type, high));
	}
}

/* Names that nobody has looked up are nobody's. */
static void
put_owners(
    struct intervals *intervals, const struct owner_match *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_numbers(intervals, (uint64_t)list[i].low + 1,
		    (uint64_t)list[i].high + 1);
}

static void
put_names(struct intervals *intervals, const struct atoms *atoms,
    char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t low, high;
		atoms_find(atoms, names[i], &low, &high);
		put_numbers(intervals, low, high);
	}
}

/* The rule's criterion on that side; none put: it has none. */
static void
put_side(struct intervals *intervals, const struct space *space,
    const struct rule *rule, enum side side)
{
	switch (side) {
	case SIDE_PROTOCOL:
		put_protocols(intervals, rule);
		break;
	case SIDE_PORT:
		put_ports(intervals, rule->ports, rule->port_count);
		break;
	case SIDE_SOURCE_PORT:
		put_ports(
		    intervals, rule->source_ports, rule->source_port_count);
		break;
	case SIDE_ICMP:
		put_icmp(intervals, rule);
		break;
	case SIDE_FLAGS:
		intervals->count +=
		    flags_ranges(rule->flags, rule->flags_count, intervals->at);
		break;
	case SIDE_USER:
		put_owners(intervals, rule->users, rule->user_count);
		break;
	case SIDE_GROUP:
		put_owners(intervals, rule->groups, rule->group_count);
		break;
	case SIDE_FROM:
		put_addresses(intervals, rule->from, rule->from_count);
		put_sets(intervals, rule->from_sets, rule->from_set_count);
		break;
	case SIDE_TO:
		put_addresses(intervals, rule->to, rule->to_count);
		put_sets(intervals, rule->to_sets, rule->to_set_count);
		break;
	case SIDE_INTERFACE:
		put_names(intervals, space->atoms, rule->interfaces,
		    rule->interface_count);
		break;
	case SIDE_OUT_INTERFACE:
		put_names(intervals, space->atoms, rule->out_interfaces,
		    rule->out_interface_count);
		break;
	case SIDE_COUNT:
		break;
	}
}

/* The longest list of the rule; of an address two intervals, at most. */
static size_t
most_intervals(const struct rule *rule)
{
	size_t from =
	    rule->from_count + members(rule->from_sets, rule->from_set_count);
	size_t to = rule->to_count + members(rule->to_sets, rule->to_set_count);
	size_t counts[] = { 256, rule->port_count, rule->source_port_count,
		rule->icmp_count, rule->user_count, rule->group_count, 2 * from,
		2 * to, rule->interface_count, rule->out_interface_count };
	size_t most = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		most = counts[i] > most ? counts[i] : most;
	return most;
}

/* Has the rule a criterion there that can be said? */
static bool
is_bounded(const struct rule *rule, enum side side, enum region_bound bound,
    size_t intervals)
{
	bool sets = (side == SIDE_FROM && rule->from_set_count > 0) ||
		    (side == SIDE_TO && rule->to_set_count > 0);

	/* no segment at all may have the flags that are asked for, and nobody
	 * the names */
	bool asked = (side == SIDE_FLAGS && rule->flags_count > 0) ||
		     (side == SIDE_USER && rule->user_count > 0) ||
		     (side == SIDE_GROUP && rule->group_count > 0);

	return sets ? bound == REGION_LEAST : asked || intervals > 0;
}

/* The rule, of ICMP matches those of one protocol; NULL: it has none. */
static struct region
region_of(struct space *space, const struct rule *rule, enum region_bound bound,
    struct address_range *room, struct spans *icmp)
{
	struct intervals intervals = { .at = room };
	struct region region;
	struct cube cube;

	for (enum side s = 0; s < SIDE_COUNT; s++) {
		intervals.count = 0;
		put_side(&intervals, space, rule, s);
		cube.side[s] = is_bounded(rule, s, bound, intervals.count)
				   ? spans_create(intervals.at, intervals.count)
				   : spans_keep(space->all.side[s]);
	}
	region = region_of_cube(space, cube);
	if (icmp)
		region_limit(space, &region, SIDE_PROTOCOL, icmp);
	return region;
}

struct region
region_of_rule(
    struct space *space, const struct rule *rule, enum region_bound bound)
{
	struct address_range *room =
	    calloc(most_intervals(rule), sizeof(room[0]));
	struct region region = { .unknown = true };

	if (rule->expired) {
		free(room);
		return region_nothing();
	}
	if (room && rule->icmp_count == 0)
		region = region_of(space, rule, bound, room, NULL);
	if (room && rule->icmp_count > 0) {
		struct region v6 = region_of(space, rule, bound, room,
		    spans_of(PROTOCOL_ICMPV6, PROTOCOL_ICMPV6));
		region = region_of(space, rule, bound, room,
		    spans_of(PROTOCOL_ICMP, PROTOCOL_ICMP));
		region_add(space, &region, &v6);
		region_free(&v6);
	}
	free(room);
	return region;
}
