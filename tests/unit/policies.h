/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random policies, small enough to ask about every packet that could make a
 * difference: whatever a rule can tell apart, the lowest and the next value
 * beyond its intervals tell apart.
 */
#ifndef EPHEMERALD_POLICIES_H
#define EPHEMERALD_POLICIES_H

#include <check.h>

#include "phrase.h"
#include "region.h"

/* As ck_assert_msg(), which writes something down each time, for what is asked
 * a million times. */
#define EXPECT(condition, ...)                                                 \
	do {                                                                   \
		if (!(condition))                                              \
			ck_abort_msg(__VA_ARGS__);                             \
	} while (0)

/* So many, or a tenth if FEWER_ROUNDS is in the environment. */
unsigned rounds(unsigned count);

/* Any two seeds give different throws; a seed always the same. */
struct dice {
	uint64_t state;
};
uint32_t dice_throw(struct dice *dice, uint32_t sides);

/* The policy of the text, or the test fails. */
struct policy *policy_of(const char *config);

/* `count` rules in a list, one a line. */
enum {
	RULES_SMALL = 1, /* few addresses */
	RULES_REJECT = 2,
	RULES_STATELESS = 4,
	RULES_CLOSED = 8, /* and one that blocks all */
};
void random_rules(
    struct phrase *config, struct dice *dice, size_t count, unsigned kind);

/* Names that the rules of random_rules() tell apart, and one more. */
#define INTERFACES 5
extern const char *const interface_names[INTERFACES];
/* All of them, with the ids 1 to INTERFACES. */
struct interfaces *named_interfaces(void);

/* A policy with a rule for each interface: a space that is made of it too knows
 * all of them. */
struct policy *probe_policy(void);
/* The region of that packet alone, one made by each_packet(). */
struct region region_of_packet(struct space *space, const struct policy *probe,
    const struct packet *packet);

/* Every packet of that direction that rules of these policies could tell from
 * another, by itself or, if `answered`, by the packet that answers it. */
void each_packet(const struct policy *const *policies, size_t count,
    enum direction direction, bool answered,
    void (*visit)(void *context, const struct packet *packet), void *context);

#endif
