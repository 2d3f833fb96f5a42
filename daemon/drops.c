/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots 1 to DROPS_MAX, 0 is "none".  Each used slot is in a chain of its hash
 * bucket and in one list by age of its last packet; `sequence` rises along that
 * list.  A new row takes an unused slot, or the oldest of the list.  The hash
 * is keyed, as whoever floods us chooses what is hashed.
 *
 * Texts of rules are kept once for all rows of a (rule, generation): a flood is
 * thousands of rows and a handful of rules.  A label lives as long as a row
 * points to it, so there are never more than two for each row.
 *
 * Walk: the list is followed by `sequence`; a row that gets a new packet
 * meanwhile moves behind the cursor's end, where it would be seen again, so the
 * cursor marks the slots it has shown.  A slot that is used anew stays marked:
 * its row is younger than the walk.
 */
#include "drops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "siphash.h"

#define BUCKETS   2048
#define KEY_COUNT 7

struct label {
	struct label *next; /* in its bucket */
	uint32_t identity;
	uint64_t generation;
	bool shadow; /* the rule is one of the shadow policy */
	unsigned rows;
	char *text;    /* NULL: unknown */
	char rule[32]; /* "acl.outbound 1000" */
};

struct slot {
	struct drop_row row;
	struct label *label, *shadow_label; /* NULL: no rule */
	uint64_t key[KEY_COUNT];
	uint64_t sequence;
	uint16_t chain;        /* next in the bucket */
	uint16_t older, newer; /* in the list */
};

struct drops {
	struct siphash_key hash_key;
	struct slot slot[DROPS_MAX + 1];
	uint16_t bucket[BUCKETS];
	struct label *label[BUCKETS];
	uint16_t used; /* slots 1 ... used hold a row */
	uint16_t oldest, newest;
	uint64_t sequence;
};

struct drops *
drops_create(void)
{
	struct drops *drops = calloc(1, sizeof(*drops));

	/* A key that stays zero costs nothing but speed under attack. */
	if (drops && getrandom(&drops->hash_key, sizeof(drops->hash_key),
			 GRND_NONBLOCK) < 0)
		memset(&drops->hash_key, 0, sizeof(drops->hash_key));
	return drops;
}

static unsigned
bucket_of(const struct drops *drops, const uint64_t *words, size_t count)
{
	return (unsigned)(siphash(&drops->hash_key, words, count) % BUCKETS);
}

static struct label **
label_bucket(
    struct drops *drops, uint32_t identity, uint64_t generation, bool shadow)
{
	const uint64_t key[] = { identity, generation << 1 | shadow };

	return &drops->label[bucket_of(drops, key, 2)];
}

static void
label_release(struct drops *drops, struct label *label)
{
	if (!label || --label->rows > 0)
		return;
	struct label **link = label_bucket(
	    drops, label->identity, label->generation, label->shadow);
	while (*link != label)
		link = &(*link)->next;
	*link = label->next;
	free(label->text);
	free(label);
}

/* The label of the rule of that policy (of that generation, or its shadow),
 * counted for one row.  NULL: no rule, or no memory. */
static struct label *
label_hold(struct drops *drops, uint32_t identity, uint64_t generation,
    bool shadow, const struct policy *policy)
{
	if (identity == 0)
		return NULL;
	struct label **bucket =
	    label_bucket(drops, identity, generation, shadow);
	struct label *label = *bucket;
	while (label &&
	       (label->identity != identity ||
		   label->generation != generation || label->shadow != shadow))
		label = label->next;
	if (label) {
		label->rows++;
		return label;
	}
	enum table_id table;
	const struct rule *rule =
	    policy ? policy_find_rule(policy, identity, &table) : NULL;
	label = rule ? calloc(1, sizeof(*label)) : NULL;
	if (!label)
		return NULL;
	label->identity = identity;
	label->generation = generation;
	label->shadow = shadow;
	label->rows = 1;
	label->text = strdup(rule->text);
	snprintf(label->rule, sizeof(label->rule), "%s %u", table_name(table),
	    rule->place);
	label->next = *bucket;
	*bucket = label;
	return label;
}

static void
release_labels(struct drops *drops, struct slot *slot)
{
	label_release(drops, slot->label);
	label_release(drops, slot->shadow_label);
}

/* The new ones are held before the old are let go: they may be the same. */
static void
hold_labels(struct drops *drops, struct slot *slot, const struct drop *drop,
    const struct policy *policy)
{
	struct slot old = *slot;

	slot->label = label_hold(
	    drops, drop->rule_identity, drop->generation, false, policy);
	slot->shadow_label = label_hold(drops, drop->shadow_rule,
	    drop->generation, true, policy ? policy->shadow : NULL);
	release_labels(drops, &old);
	slot->row.rule = slot->label ? slot->label->rule : NULL;
	slot->row.rule_text = slot->label ? slot->label->text : NULL;
	slot->row.shadow_rule =
	    slot->shadow_label ? slot->shadow_label->rule : NULL;
	slot->row.shadow_rule_text =
	    slot->shadow_label ? slot->shadow_label->text : NULL;
}

void
drops_destroy(struct drops *drops)
{
	if (!drops)
		return;
	for (unsigned i = 1; i <= drops->used; i++)
		release_labels(drops, &drops->slot[i]);
	free(drops);
}

/* What makes two drops one row. */
static void
fold_key(const struct drop *drop, uint64_t key[KEY_COUNT])
{
	const struct tuple *tuple = &drop->tuple;
	uint64_t port = 0;

	if (tuple->protocol == PROTOCOL_ICMP ||
	    tuple->protocol == PROTOCOL_ICMPV6)
		port = (uint64_t)drop->icmp_type << 8 | drop->icmp_code;
	else if (tuple->kind == KIND_PORTS)
		port = tuple->dport;
	key[0] = tuple->src.high;
	key[1] = tuple->src.low;
	key[2] = tuple->dst.high;
	key[3] = tuple->dst.low;
	key[4] = port << 32 | drop->rule_identity;
	key[5] = (uint64_t)tuple->family << 24 |
		 (uint64_t)tuple->protocol << 16 |
		 (uint64_t)drop->direction << 8 | drop->why;
	key[6] = (uint64_t)drop->shadow_rule << 8 | drop->shadow_why;
}

static void
unlink_from_list(struct drops *drops, struct slot *slot)
{
	if (slot->older)
		drops->slot[slot->older].newer = slot->newer;
	else
		drops->oldest = slot->newer;
	if (slot->newer)
		drops->slot[slot->newer].older = slot->older;
	else
		drops->newest = slot->older;
}

static void
make_newest(struct drops *drops, struct slot *slot)
{
	uint16_t number = (uint16_t)(slot - drops->slot);

	slot->older = drops->newest;
	slot->newer = 0;
	if (drops->newest)
		drops->slot[drops->newest].newer = number;
	else
		drops->oldest = number;
	drops->newest = number;
	slot->sequence = ++drops->sequence;
}

/* A slot that holds nothing, in no chain and not in the list. */
static struct slot *
take_slot(struct drops *drops)
{
	if (drops->used < DROPS_MAX)
		return &drops->slot[++drops->used];
	struct slot *slot = &drops->slot[drops->oldest];
	uint16_t *link = &drops->bucket[bucket_of(drops, slot->key, KEY_COUNT)];
	while (*link != drops->oldest)
		link = &drops->slot[*link].chain;
	*link = slot->chain;
	unlink_from_list(drops, slot);
	release_labels(drops, slot);
	*slot = (struct slot){ 0 };
	return slot;
}

void
drops_add(struct drops *drops, const struct drop *drop,
    const struct policy *policy, int64_t wall_offset_ms)
{
	uint64_t key[KEY_COUNT];
	uint64_t now_ms = drop->time_ms + (uint64_t)wall_offset_ms;

	fold_key(drop, key);
	uint16_t *bucket = &drops->bucket[bucket_of(drops, key, KEY_COUNT)];
	uint16_t number = *bucket;
	while (number && memcmp(drops->slot[number].key, key, sizeof(key)) != 0)
		number = drops->slot[number].chain;
	struct slot *slot = &drops->slot[number];
	if (number) {
		unlink_from_list(drops, slot);
	} else {
		slot = take_slot(drops);
		memcpy(slot->key, key, sizeof(key));
		slot->chain = *bucket;
		*bucket = (uint16_t)(slot - drops->slot);
		slot->row.first_ms = now_ms;
	}
	make_newest(drops, slot);

	hold_labels(drops, slot, drop, policy);
	slot->row.last = *drop;
	slot->row.last_ms = now_ms;
	slot->row.count++;
}

struct drops_cursor
drops_begin(const struct drops *drops, uint64_t limit)
{
	struct drops_cursor cursor = { 0 };
	uint16_t number = drops->newest;

	while (number && limit-- > 0)
		number = drops->slot[number].older;
	cursor.after = drops->slot[number].sequence; /* slot 0: 0 */
	return cursor;
}

const struct drop_row *
drops_next(const struct drops *drops, struct drops_cursor *cursor)
{
	for (uint16_t number = drops->oldest; number;
	     number = drops->slot[number].newer) {
		const struct slot *slot = &drops->slot[number];
		unsigned bit = number - 1u;
		if (slot->sequence <= cursor->after ||
		    (cursor->seen[bit / 64] >> bit % 64 & 1))
			continue;
		cursor->after = slot->sequence;
		cursor->seen[bit / 64] |= UINT64_C(1) << bit % 64;
		return &slot->row;
	}
	return NULL;
}
