/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of packets as rules see them, exact: what a rule matches, what is left
 * of it behind others, where two policies differ.  A region is a list of
 * cubes, a cube one set of values for each side; only packets that can exist
 * count, so ports belong to protocols that have them and both addresses to one
 * family.  Of later fragments, which no rule ever sees, nothing is said.
 *
 * Work is bounded: a region that would take too many steps, or memory that is
 * not there, is `unknown` from then on, and so is all that is made of it.  Who
 * asks must take unknown for an answer.  One thread.
 */
#ifndef EPHEMERALD_REGION_H
#define EPHEMERALD_REGION_H

#include "rules.h"
#include "spans.h"

/* Sides of a cube.  What a later side asks only some protocols have, and the
 * cube is then of those alone. */
enum side {
	SIDE_PROTOCOL,
	SIDE_PORT, /* 0: has none */
	SIDE_SOURCE_PORT,
	SIDE_ICMP,  /* icmp_value(), 0: is none */
	SIDE_FLAGS, /* flags_value(), 0: is no TCP */
	SIDE_USER,  /* owner_value(), 0: not known, and then */
	SIDE_GROUP, /* both are not */
	SIDE_FROM,
	SIDE_TO,
	SIDE_INTERFACE, /* numbers that the space gives to names */
	SIDE_OUT_INTERFACE,
	SIDE_COUNT
};

struct cube {
	struct spans *side[SIDE_COUNT];
};

/* A value; region_free() ends it.  Cubes may overlap only after region_add().
 */
struct region {
	struct cube *cube;
	size_t count, room;
	bool unknown;
};

/* What regions are made in: the interfaces that the policies name, and how
 * many steps are left. */
struct space;

#define REGION_STEPS 4000000 /* for one question: a fraction of a second */

/* NULL: out of memory.  The policies are not needed afterwards. */
struct space *space_create(const struct policy *const *policies, size_t count);
/* After the last region. */
void space_destroy(struct space *space); /* NULL is fine */
/* Does any rule of these policies ask for TCP flags? */
bool space_asks_flags(const struct space *space);
/* The next question begins: as many steps again. */
void space_begin(struct space *space, uint64_t steps);

struct region region_everything(struct space *space);
struct region region_nothing(void);
/* What the rule matches, whatever the table.  Its sets have the members that
 * they have now (no live ones, if the policy is not in a filter), or at most
 * any. */
enum region_bound { REGION_LEAST, REGION_MOST };
struct region region_of_rule(
    struct space *space, const struct rule *rule, enum region_bound bound);
struct region region_copy(struct space *space, const struct region *region);
void region_free(struct region *region);

void region_subtract(
    struct space *space, struct region *region, const struct region *less);
void region_intersect(
    struct space *space, struct region *region, const struct region *with);
/* Those of `more` too. */
void region_add(
    struct space *space, struct region *region, const struct region *more);
/* Only what has one of these values there; takes the reference. */
void region_limit(struct space *space, struct region *region, enum side side,
    struct spans *values);
/* The packets that answer those of the region, if each opens a connection;
 * `forwarded` ones come back through the other interface.  Of ICMP the queries
 * have answers. */
void region_reverse(struct space *space, struct region *region, bool forwarded);
/* The same region in fewer cubes. */
void region_merge(struct space *space, struct region *region);

/* Whole cubes go of which `with` has no packet. */
void region_keep_meeting(struct region *region, const struct region *with);
/* In all cubes, any value there. */
void region_widen(struct space *space, struct region *region, enum side side);

/* Known, and holds packets; known, and holds none. */
bool region_has_any(const struct region *region);
bool region_is_empty(const struct region *region);
/* Is there a packet in both?  False if either is unknown. */
bool region_meets(const struct region *a, const struct region *b);

/* The values that are possible there. */
struct spans *space_all(const struct space *space, enum side side);
/* All addresses of the family: a new reference, NULL: out of memory. */
struct spans *space_of_family(enum family family);

/* Side SIDE_ICMP of a packet of ICMP of its family. */
static inline uint64_t
icmp_value(enum family family, uint8_t type, uint8_t code)
{
	return (uint64_t)family << 16 | (uint64_t)type << 8 | code;
}

/* Side SIDE_FLAGS of a TCP segment with these.  The flags that go with nearly
 * all others are the lowest bits, so that what rules ask is few intervals. */
uint64_t flags_value(uint8_t flags);
#define FLAGS_VALUE_MOST 256
/* The flags of a value that is not 0. */
uint8_t flags_of_value(uint64_t value);
/* Segments of which the match is true, of those that there are.  With `none`
 * what is no TCP too.  NULL: out of memory. */
struct spans *flags_spans(
    const struct flags_match *match, size_t count, bool none);

#endif
