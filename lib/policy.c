/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a policy: numbers that stay with a rule over reloads, names, and
 * its end.  Both sides of a reload are sorted by what makes a rule the same
 * (table, name or else text) and walked side by side, so that 10,000 rules take
 * a few milliseconds.  If memory runs out there, every rule gets a fresh
 * number, or policy_find_rule() finds none; verdicts do not depend on either.
 */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

#include "classifier.h"

struct rule_entry {
	uint32_t identity;
	enum table_id table;
	const struct rule *rule;
};

/* A rule under the name it is known by. */
struct known {
	enum table_id table;
	bool named;
	const char *key; /* name, or else text */
	struct rule *rule;
};

static int
compare_known(const struct known *a, const struct known *b)
{
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	if (a->named != b->named)
		return a->named - b->named;
	return strcmp(a->key, b->key);
}

/* What is the same otherwise is told apart by its order. */
static int
compare_for_sort(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	int order = compare_known(a, b);

	return order != 0 ? order
	       : a->rule->place < b->rule->place
		   ? -1
		   : a->rule->place > b->rule->place;
}

static size_t
rule_count(const struct policy *policy)
{
	size_t count = 0;
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		count += policy->tables[t].count;
	return count;
}

/* The rules in the order of compare_for_sort().  NULL: none, or no memory. */
static struct known *
sort_known(const struct policy *policy, size_t count)
{
	struct known *list = calloc(count, sizeof(list[0]));
	size_t used = 0;

	if (!list)
		return NULL;
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++) {
			struct rule *rule = &policy->tables[t].rule[i];
			list[used++] = (struct known){
				.table = t,
				.named = rule->name != NULL,
				.key = rule->name ? rule->name : rule->text,
				.rule = rule,
			};
		}
	qsort(list, count, sizeof(list[0]), compare_for_sort);
	return list;
}

/* The n-th rule of a key gets the identity of the n-th in old, if any. */
static void
inherit(const struct policy *policy, const struct policy *old)
{
	size_t count = rule_count(policy), old_count = rule_count(old);
	struct known *now = sort_known(policy, count);
	struct known *then = sort_known(old, old_count);

	for (size_t i = 0, j = 0; now && then && i < count && j < old_count;) {
		int order = compare_known(&now[i], &then[j]);
		if (order == 0)
			now[i].rule->identity = then[j].rule->identity;
		i += order <= 0;
		j += order >= 0;
	}
	free(now);
	free(then);
}

static int
compare_entries(const void *left, const void *right)
{
	const struct rule_entry *a = left, *b = right;
	return a->identity < b->identity ? -1 : a->identity > b->identity;
}

void
policy_identify(struct policy *policy, const struct policy *old)
{
	size_t used = 0;

	free(policy->index);
	policy->index_count = rule_count(policy);
	policy->index = calloc(policy->index_count, sizeof(policy->index[0]));
	policy->last_identity = old ? old->last_identity : 0;
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++)
			policy->tables[t].rule[i].identity = 0;
	if (old)
		inherit(policy, old);
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++) {
			struct rule *rule = &policy->tables[t].rule[i];
			if (rule->timeouts.any)
				policy->has_timeouts = true;
			if (rule->identity == 0)
				rule->identity = ++policy->last_identity;
			if (policy->index)
				policy->index[used++] = (struct rule_entry){
					.identity = rule->identity,
					.table = t,
					.rule = rule,
				};
		}
	if (policy->index)
		qsort(policy->index, used, sizeof(policy->index[0]),
		    compare_entries);
}

const struct rule *
policy_find_rule(
    const struct policy *policy, uint32_t identity, enum table_id *table)
{
	struct rule_entry key = { .identity = identity };

	if (!policy->index)
		return NULL;
	const struct rule_entry *entry = bsearch(&key, policy->index,
	    policy->index_count, sizeof(key), compare_entries);
	if (!entry)
		return NULL;
	*table = entry->table;
	return entry->rule;
}

enum table_id
policy_table_of(const struct policy *policy, const struct rule *rule)
{
	enum table_id t = 0;

	while (policy->tables[t].count < rule->place ||
	       &policy->tables[t].rule[rule->place - 1] != rule)
		t++;
	return t;
}

const char *
table_name(enum table_id table)
{
	static const char *const names[TABLE_COUNT] = {
		[TABLE_INBOUND] = "inbound",
		[TABLE_OUTBOUND] = "outbound",
		[TABLE_FORWARD] = "forward",
		[TABLE_ACL_INBOUND] = "acl.inbound",
		[TABLE_ACL_OUTBOUND] = "acl.outbound",
	};
	return names[table];
}

void
policy_expire(struct policy *policy, int64_t now)
{
	policy->next_expiry = 0;
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++) {
			struct rule *rule = &policy->tables[t].rule[i];
			int64_t next = policy->next_expiry;
			if (rule->expires == 0)
				continue;
			rule->expired = rule->expires <= now;
			if (!rule->expired &&
			    (next == 0 || rule->expires < next))
				policy->next_expiry = rule->expires;
		}
}

static int
compare_set_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct named_set *)element)->name);
}

struct named_set *
policy_find_set(const struct policy *policy, const char *name)
{
	return policy->set_count == 0
		   ? NULL
		   : bsearch(name, policy->sets, policy->set_count,
			 sizeof(policy->sets[0]), compare_set_name);
}

static void
free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static void
free_owners(struct owner_match *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].name);
	free(list);
}

static void
rule_destroy(struct rule *rule)
{
	free(rule->ports);
	free(rule->source_ports);
	free(rule->from);
	free(rule->to);
	free(rule->from_sets);
	free(rule->to_sets);
	free(rule->icmp);
	free(rule->flags);
	free_owners(rule->users, rule->user_count);
	free_owners(rule->groups, rule->group_count);
	free_names(rule->interfaces, rule->interface_count);
	free_names(rule->out_interfaces, rule->out_interface_count);
	free(rule->name);
	free(rule->comment);
	free(rule->text);
}

void
policy_destroy(struct policy *policy)
{
	if (!policy)
		return;
	for (enum table_id t = 0; t < TABLE_COUNT; t++) {
		for (size_t i = 0; i < policy->tables[t].count; i++)
			rule_destroy(&policy->tables[t].rule[i]);
		free(policy->tables[t].rule);
		classifier_destroy(policy->tables[t].classifier);
	}
	for (size_t i = 0; i < policy->test_count; i++) {
		free(policy->tests[i].words);
		free(policy->tests[i].rule);
	}
	free(policy->tests);
	for (size_t i = 0; i < policy->set_count; i++)
		named_set_free(&policy->sets[i]);
	free(policy->sets);
	free_names(policy->files, policy->file_count);
	free(policy->index);
	free(policy->shadow_file);
	policy_destroy(policy->shadow);
	free(policy);
}
