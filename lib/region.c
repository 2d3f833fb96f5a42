/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The algebra of cubes.  To take a cube B from a cube A, walk along the sides:
 * what of A lies outside B on this side, and inside it on those before, is one
 * piece; as many pieces as sides at most, however long the lists of a rule are.
 * Sides are shared between cubes, for most pieces differ in one.
 *
 * A cube may hold combinations that no packet has, an IPv4 source with an IPv6
 * destination, port 0 of TCP: they follow the arithmetic like all and do no
 * harm, but a cube that holds nothing else is left out (is_real()).  That holds
 * because the protocol comes first: a piece that is narrower in its ports is
 * one of a rule's with ports, whose protocols all have them.
 *
 * Steps are pairs of cubes looked at, and intervals of cubes made.
 */
#include "region.h"

#include <stdlib.h>
#include <string.h>

#include "region_space.h"

bool
region_spend(struct space *space, struct region *region, uint64_t steps)
{
	if (space->steps < steps)
		region->unknown = true;
	else
		space->steps -= steps;
	return !region->unknown;
}

void
cube_drop(struct cube *cube)
{
	for (enum side s = 0; s < SIDE_COUNT; s++)
		spans_drop(cube->side[s]);
}

static struct cube
cube_keep(const struct cube *cube)
{
	for (enum side s = 0; s < SIDE_COUNT; s++)
		spans_keep(cube->side[s]);
	return *cube;
}

void
cube_set(struct cube *cube, enum side side, struct spans *values)
{
	spans_drop(cube->side[side]);
	cube->side[side] = values;
}

static bool
overlap(const struct cube *a, const struct cube *b)
{
	for (enum side s = 0; s < SIDE_COUNT; s++)
		if (!spans_overlap(a->side[s], b->side[s]))
			return false;
	return true;
}

/* TCP aside. */
static bool
has_port_protocol(const struct spans *protocols)
{
	return spans_has(protocols, PROTOCOL_UDP) ||
	       spans_has(protocols, PROTOCOL_DCCP) ||
	       spans_has(protocols, PROTOCOL_SCTP) ||
	       spans_has(protocols, PROTOCOL_UDPLITE);
}

/* Neither with ports nor this one. */
static bool
has_other_protocol(const struct spans *protocols, uint8_t but)
{
	for (size_t i = 0; i < protocols->count; i++)
		for (uint64_t p = protocols->at[i].low.low;
		     p <= protocols->at[i].high.low; p++)
			if (p != but && !protocol_has_ports((uint8_t)p))
				return true;
	return false;
}

/* Has the cube a packet of this family? */
static bool
is_real_in(const struct cube *cube, enum family family)
{
	struct spans *const *side = cube->side;
	uint8_t icmp = family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
	static const struct address_range ports = { { 0, 1 },
		{ 0, UINT16_MAX } };
	bool none = spans_has(side[SIDE_ICMP], 0);
	bool no_ports = spans_has(side[SIDE_PORT], 0) &&
			spans_has(side[SIDE_SOURCE_PORT], 0);

	static const struct address_range flags = { { 0, 1 },
		{ 0, FLAGS_VALUE_MOST } };
	bool no_flags = spans_has(side[SIDE_FLAGS], 0);
	bool any_ports = spans_meet(side[SIDE_PORT], ports) &&
			 spans_meet(side[SIDE_SOURCE_PORT], ports);

	if (!space_has_family(side[SIDE_FROM], family) ||
	    !space_has_family(side[SIDE_TO], family))
		return false;
	if (no_ports && no_flags && spans_has(side[SIDE_PROTOCOL], icmp) &&
	    spans_meet(side[SIDE_ICMP],
		(struct address_range){ { 0, icmp_value(family, 0, 0) },
		    { 0, icmp_value(family, UINT8_MAX, UINT8_MAX) } }))
		return true;
	if (!none)
		return false;
	if (any_ports && spans_has(side[SIDE_PROTOCOL], PROTOCOL_TCP) &&
	    spans_meet(side[SIDE_FLAGS], flags))
		return true;
	return no_flags &&
	       ((any_ports && has_port_protocol(side[SIDE_PROTOCOL])) ||
		   (no_ports && has_other_protocol(side[SIDE_PROTOCOL], icmp)));
}

/* User and group are known, or not, together. */
static bool
has_owner_or_none(const struct cube *cube)
{
	static const struct address_range known = { { 0, 1 },
		{ 0, UINT32_MAX } };
	struct spans *const *side = cube->side;

	return (spans_has(side[SIDE_USER], 0) &&
		   spans_has(side[SIDE_GROUP], 0)) ||
	       (spans_meet(side[SIDE_USER], known) &&
		   spans_meet(side[SIDE_GROUP], known));
}

static bool
is_real(const struct cube *cube)
{
	for (enum side s = 0; s < SIDE_COUNT; s++)
		if (!cube->side[s] || cube->side[s]->count == 0)
			return false;
	if (!has_owner_or_none(cube))
		return false;
	return is_real_in(cube, FAMILY_IPV4) || is_real_in(cube, FAMILY_IPV6);
}

/* Takes the cube. */
static void
append(struct region *region, struct cube cube)
{
	if (region->count == region->room) {
		size_t room = region->room > 0 ? 2 * region->room : 4;
		struct cube *larger =
		    realloc(region->cube, room * sizeof(larger[0]));
		if (!larger) {
			region->unknown = true;
			cube_drop(&cube);
			return;
		}
		region->cube = larger;
		region->room = room;
	}
	region->cube[region->count++] = cube;
}

/* Takes the cube, and puts it in if it has a packet.  A side that is NULL could
 * not be allocated. */
static void
push(struct space *space, struct region *region, struct cube cube)
{
	bool whole = true;
	uint64_t steps = 1;

	for (enum side s = 0; s < SIDE_COUNT; s++) {
		whole = whole && cube.side[s];
		steps += cube.side[s] ? cube.side[s]->count : 0;
	}
	if (!whole)
		region->unknown = true;
	if (!region_spend(space, region, steps) || !is_real(&cube)) {
		cube_drop(&cube);
		return;
	}
	append(region, cube);
}

struct region
region_nothing(void)
{
	return (struct region){ 0 };
}

struct region
region_everything(struct space *space)
{
	struct region region = { 0 };
	push(space, &region, cube_keep(&space->all));
	return region;
}

struct region
region_of_cube(struct space *space, struct cube cube)
{
	struct region region = { 0 };
	push(space, &region, cube);
	return region;
}

struct region
region_copy(struct space *space, const struct region *region)
{
	struct region copy = { 0 };
	region_add(space, &copy, region);
	return copy;
}

void
region_free(struct region *region)
{
	for (size_t i = 0; i < region->count; i++)
		cube_drop(&region->cube[i]);
	free(region->cube);
	*region = (struct region){ .unknown = region->unknown };
}

/* Cubes of `from` go over to the region. */
static void
take_over(struct region *region, struct region *from)
{
	region->unknown |= from->unknown;
	for (size_t i = 0; i < from->count; i++)
		append(region, from->cube[i]);
	free(from->cube);
}

/* The region becomes another, made of it; unknown if either was. */
static void
become(struct region *region, struct region made)
{
	made.unknown |= region->unknown;
	region_free(region);
	*region = made;
}

/* Takes `rest`, of which `less` is no part afterwards. */
static void
cube_subtract(struct space *space, struct region *out, struct cube rest,
    const struct cube *less)
{
	bool whole = true;

	for (enum side s = 0; s < SIDE_COUNT && whole; s++) {
		if (spans_within(rest.side[s], less->side[s]))
			continue;
		struct cube piece = cube_keep(&rest);
		cube_set(
		    &piece, s, spans_subtract(rest.side[s], less->side[s]));
		push(space, out, piece);
		cube_set(
		    &rest, s, spans_intersect(rest.side[s], less->side[s]));
		whole = rest.side[s] != NULL;
	}
	out->unknown |= !whole;
	cube_drop(&rest);
}

void
region_subtract(
    struct space *space, struct region *region, const struct region *less)
{
	region->unknown |= less->unknown;
	for (size_t i = 0; i < less->count && !region->unknown; i++) {
		struct region pieces = { 0 };
		size_t kept = 0;
		region_spend(space, region, region->count);
		for (size_t j = 0; j < region->count; j++)
			if (overlap(&region->cube[j], &less->cube[i]))
				cube_subtract(space, &pieces, region->cube[j],
				    &less->cube[i]);
			else
				region->cube[kept++] = region->cube[j];
		region->count = kept;
		take_over(region, &pieces);
	}
}

void
region_intersect(
    struct space *space, struct region *region, const struct region *with)
{
	struct region both = { .unknown = with->unknown };

	for (size_t i = 0; i < region->count && !both.unknown; i++) {
		region_spend(space, &both, with->count);
		for (size_t j = 0; j < with->count; j++) {
			const struct cube *a = &region->cube[i];
			const struct cube *b = &with->cube[j];
			struct cube common;
			if (!overlap(a, b))
				continue;
			for (enum side s = 0; s < SIDE_COUNT; s++)
				common.side[s] =
				    spans_intersect(a->side[s], b->side[s]);
			push(space, &both, common);
		}
	}
	become(region, both);
}

void
region_add(
    struct space *space, struct region *region, const struct region *more)
{
	region->unknown |= more->unknown;
	for (size_t i = 0; i < more->count && !region->unknown; i++)
		push(space, region, cube_keep(&more->cube[i]));
}

void
region_limit(struct space *space, struct region *region, enum side side,
    struct spans *values)
{
	struct region limited = { .unknown = !values };

	for (size_t i = 0; i < region->count && values; i++) {
		struct cube cube = cube_keep(&region->cube[i]);
		cube_set(&cube, side,
		    spans_intersect(region->cube[i].side[side], values));
		push(space, &limited, cube);
	}
	spans_drop(values);
	become(region, limited);
}

void
region_widen(struct space *space, struct region *region, enum side side)
{
	struct region wide = { 0 };

	for (size_t i = 0; i < region->count; i++) {
		struct cube cube = cube_keep(&region->cube[i]);
		cube_set(&cube, side, spans_keep(space->all.side[side]));
		push(space, &wide, cube);
	}
	become(region, wide);
}

static void
swap(struct cube *cube, enum side a, enum side b)
{
	struct spans *spans = cube->side[a];
	cube->side[a] = cube->side[b];
	cube->side[b] = spans;
}

/* What answers those queries; what is no ICMP stays. */
static struct spans *
icmp_answers(const struct spans *queries)
{
	static const struct {
		uint8_t family, query, answer;
	} pairs[] = {
		{ FAMILY_IPV4, 8, 0 },
		{ FAMILY_IPV4, 13, 14 },
		{ FAMILY_IPV6, 128, 129 },
	};
	struct address_range answers[4];
	size_t count = 0;

	if (spans_has(queries, 0))
		answers[count++] = (struct address_range){ { 0, 0 }, { 0, 0 } };
	for (size_t i = 0; i < 3; i++) {
		enum family family = pairs[i].family;
		struct address answer = { 0,
			icmp_value(family, pairs[i].answer, 0) };
		if (spans_has(queries, icmp_value(family, pairs[i].query, 0)))
			answers[count++] =
			    (struct address_range){ answer, answer };
	}
	return spans_create(answers, count);
}

/* What answers segments: SYN/ACK first, and ACK then.  What is no TCP stays; of
 * flags that no rule asks for nothing is said. */
static struct spans *
flags_answers(const struct space *space, struct spans *flags)
{
	static const struct flags_match answers[] = {
		{ TCP_SYN | TCP_ACK, UINT8_MAX }, { TCP_ACK, UINT8_MAX }
	};
	static const struct address_range segments = { { 0, 1 },
		{ 0, FLAGS_VALUE_MOST } };

	if (!space->asks_flags)
		return spans_keep(flags);
	return flags_spans(
	    answers, spans_meet(flags, segments) ? 2 : 0, spans_has(flags, 0));
}

void
region_reverse(struct space *space, struct region *region, bool forwarded)
{
	struct region answers = { 0 };

	for (size_t i = 0; i < region->count; i++) {
		struct cube cube = cube_keep(&region->cube[i]);
		swap(&cube, SIDE_FROM, SIDE_TO);
		swap(&cube, SIDE_PORT, SIDE_SOURCE_PORT);
		if (forwarded)
			swap(&cube, SIDE_INTERFACE, SIDE_OUT_INTERFACE);
		/* Whoever answers, or the kernel itself. */
		cube_set(
		    &cube, SIDE_USER, spans_keep(space->all.side[SIDE_USER]));
		cube_set(
		    &cube, SIDE_GROUP, spans_keep(space->all.side[SIDE_GROUP]));
		if (spans_has(cube.side[SIDE_PROTOCOL], PROTOCOL_ICMP) ||
		    spans_has(cube.side[SIDE_PROTOCOL], PROTOCOL_ICMPV6))
			cube_set(&cube, SIDE_ICMP,
			    icmp_answers(cube.side[SIDE_ICMP]));
		cube_set(&cube, SIDE_FLAGS,
		    flags_answers(space, cube.side[SIDE_FLAGS]));
		push(space, &answers, cube);
	}
	become(region, answers);
}

bool
region_has_any(const struct region *region)
{
	return !region->unknown && region->count > 0;
}

bool
region_is_empty(const struct region *region)
{
	return !region->unknown && region->count == 0;
}

/* Is there a packet in both cubes? */
static bool
cubes_meet(const struct cube *a, const struct cube *b)
{
	struct cube common = { { NULL } };

	if (!overlap(a, b))
		return false;
	for (enum side s = 0; s < SIDE_COUNT; s++)
		common.side[s] = spans_intersect(a->side[s], b->side[s]);
	bool meet = is_real(&common);
	cube_drop(&common);
	return meet;
}

static bool
meets_cube(const struct cube *cube, const struct region *region)
{
	for (size_t i = 0; i < region->count; i++)
		if (cubes_meet(cube, &region->cube[i]))
			return true;
	return false;
}

bool
region_meets(const struct region *a, const struct region *b)
{
	if (a->unknown || b->unknown)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (meets_cube(&a->cube[i], b))
			return true;
	return false;
}

void
region_keep_meeting(struct region *region, const struct region *with)
{
	size_t kept = 0;

	region->unknown |= with->unknown;
	for (size_t i = 0; i < region->count; i++)
		if (meets_cube(&region->cube[i], with))
			region->cube[kept++] = region->cube[i];
		else
			cube_drop(&region->cube[i]);
	region->count = kept;
}
