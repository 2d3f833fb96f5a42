/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots 1 to DROPS_MAX, 0 is "none".  Each used slot is in a chain of its hash
 * bucket and in one list by age of its last packet; `sequence` rises along that
 * list.  A new row takes an unused slot, or the oldest of the list.  The hash
 * is keyed, as whoever floods us chooses what is hashed.
 *
 * Texts of rules are kept once for all rows of a (rule, generation): a flood is
 * thousands of rows and a handful of rules.  A label lives as long as a row
 * points to it, so there are never more labels than rows.
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
#define KEY_COUNT 6

struct label {
	struct label *next; /* in its bucket */
	uint32_t identity;
	uint64_t generation;
	unsigned rows;
	char *text;    /* NULL: unknown */
	char rule[32]; /* "acl.outbound 1000" */
};

struct slot {
	struct drop_row row;
	struct label *label; /* NULL: no rule */
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

static void
label_release(struct drops *drops, struct label *label)
{
	if (!label || --label->rows > 0)
		return;
	const uint64_t key[] = { label->identity, label->generation };
	struct label **link = &drops->label[bucket_of(drops, key, 2)];
	while (*link != label)
		link = &(*link)->next;
	*link = label->next;
	free(label->text);
	free(label);
}

/* The label of the rule that decided, counted for one row.  NULL: no rule, or
 * no memory. */
static struct label *
label_hold(
    struct drops *drops, const struct drop *drop, const struct policy *policy)
{
	if (drop->rule_identity == 0)
		return NULL;
	const uint64_t key[] = { drop->rule_identity, drop->generation };
	struct label **bucket = &drops->label[bucket_of(drops, key, 2)];
	struct label *label = *bucket;
	while (label && (label->identity != drop->rule_identity ||
			    label->generation != drop->generation))
		label = label->next;
	if (label) {
		label->rows++;
		return label;
	}
	enum table_id table;
	const struct rule *rule =
	    policy ? policy_find_rule(policy, drop->rule_identity, &table)
		   : NULL;
	label = rule ? calloc(1, sizeof(*label)) : NULL;
	if (!label)
		return NULL;
	label->identity = drop->rule_identity;
	label->generation = drop->generation;
	label->rows = 1;
	label->text = strdup(rule->text);
	snprintf(label->rule, sizeof(label->rule), "%s %u", table_name(table),
	    rule->place);
	label->next = *bucket;
	*bucket = label;
	return label;
}

void
drops_destroy(struct drops *drops)
{
	if (!drops)
		return;
	for (unsigned i = 1; i <= drops->used; i++)
		label_release(drops, drops->slot[i].label);
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
	label_release(drops, slot->label);
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

	struct label *old = slot->label;
	slot->label = label_hold(drops, drop, policy);
	label_release(drops, old);
	slot->row.rule = slot->label ? slot->label->rule : NULL;
	slot->row.rule_text = slot->label ? slot->label->text : NULL;
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
