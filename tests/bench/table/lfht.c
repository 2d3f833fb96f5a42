/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removed nodes wait in a list of their own for one grace period, which is
 * cheaper than a call_rcu() for each.
 */
#include "lfht.h"

#include <stdlib.h>
#include <urcu-qsbr.h>
#include <urcu/rculfhash.h>

struct node {
	struct cds_lfht_node link;
	struct node *next; /* removed */
	struct flow flow;
};

struct lfht {
	struct cds_lfht *table;
	struct node *removed;
};

struct lfht *
lfht_create(size_t flows)
{
	struct lfht *lfht = calloc(1, sizeof(*lfht));
	unsigned long buckets = 1;

	while (buckets < flows)
		buckets *= 2;
	if (lfht)
		lfht->table = cds_lfht_new(buckets, buckets, buckets, 0, NULL);
	return lfht;
}

static int
same_key(struct cds_lfht_node *link, const void *key)
{
	const struct node *node = caa_container_of(link, struct node, link);
	const struct key *wanted = key;

	for (unsigned i = 0; i < KEY_WORDS; i++)
		if (flow_get64(&node->flow.key[i]) != wanted->word[i])
			return 0;
	return 1;
}

static struct node *
find_node(struct lfht *lfht, const struct key *key, uint64_t hash)
{
	struct cds_lfht_iter iter;

	cds_lfht_lookup(lfht->table, hash, same_key, key, &iter);
	struct cds_lfht_node *link = cds_lfht_iter_get_node(&iter);
	return link ? caa_container_of(link, struct node, link) : NULL;
}

struct flow *
lfht_find(struct lfht *lfht, const struct key *key, uint64_t hash)
{
	struct node *node = find_node(lfht, key, hash);

	return node ? &node->flow : NULL;
}

bool
lfht_insert(
    struct lfht *lfht, const struct key *key, uint64_t hash, uint64_t word)
{
	struct node *node = aligned_alloc(64, (sizeof(*node) + 63) / 64 * 64);

	if (!node)
		abort();
	for (unsigned i = 0; i < KEY_WORDS; i++)
		flow_set64(&node->flow.key[i], key->word[i]);
	flow_set64(&node->flow.word, word);
	cds_lfht_node_init(&node->link);
	if (cds_lfht_add_unique(
		lfht->table, hash, same_key, key, &node->link) == &node->link)
		return true;
	free(node);
	return false;
}

bool
lfht_remove(struct lfht *lfht, const struct key *key, uint64_t hash)
{
	struct node *node = find_node(lfht, key, hash);

	if (!node || cds_lfht_del(lfht->table, &node->link) != 0)
		return false;
	node->next = lfht->removed;
	lfht->removed = node;
	return true;
}

void
lfht_reclaim(struct lfht *lfht)
{
	urcu_qsbr_synchronize_rcu();
	for (struct node *node = lfht->removed, *next; node; node = next) {
		next = node->next;
		free(node);
	}
	lfht->removed = NULL;
}

void
lfht_destroy(struct lfht *lfht)
{
	struct cds_lfht_iter iter;
	struct node *node;

	cds_lfht_for_each_entry(lfht->table, &iter, node, link)
	{
		if (cds_lfht_del(lfht->table, &node->link) == 0) {
			node->next = lfht->removed;
			lfht->removed = node;
		}
	}
	lfht_reclaim(lfht);
	cds_lfht_destroy(lfht->table, NULL);
	free(lfht);
}
