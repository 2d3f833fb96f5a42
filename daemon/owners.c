/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/passwd and /etc/group, and nothing else: a directory service is asked
 * over the network, perhaps through this very firewall, and a policy must not
 * wait for that.  Who is known there only is written as a number.  A list is
 * read once for all names of a policy.
 */
#include "owners.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USERS  "/etc/passwd"
#define GROUPS "/etc/group"

struct entry {
	char name[OWNER_NAME_SIZE];
	uint32_t number, group;
};

/* By name, as far as it could be read. */
struct list {
	const char *path, *what;
	struct entry *entry;
	size_t count, room;
};

struct lists {
	struct list users, groups;
};

static void
keep(struct list *list, const char *name, uint32_t number, uint32_t group)
{
	if (!owner_is_name(name))
		return;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct entry *larger =
		    realloc(list->entry, room * sizeof(larger[0]));
		if (!larger)
			return;
		list->entry = larger;
		list->room = room;
	}
	struct entry *entry = &list->entry[list->count++];
	*entry = (struct entry){ .number = number, .group = group };
	memcpy(entry->name, name, strlen(name));
}

static int
compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	return strcmp(a->name, b->name);
}

static void
lists_read(struct lists *lists)
{
	FILE *users = fopen(USERS, "re"), *groups = fopen(GROUPS, "re");
	struct passwd *user;
	struct group *group;

	*lists = (struct lists){
		.users = { .path = USERS, .what = "user" },
		.groups = { .path = GROUPS, .what = "group" },
	};
	while (users && (user = fgetpwent(users)))
		keep(&lists->users, user->pw_name, user->pw_uid, user->pw_gid);
	while (groups && (group = fgetgrent(groups)))
		keep(&lists->groups, group->gr_name, group->gr_gid, 0);
	if (users)
		fclose(users);
	if (groups)
		fclose(groups);
	if (lists->users.count > 0)
		qsort(lists->users.entry, lists->users.count,
		    sizeof(struct entry), compare);
	if (lists->groups.count > 0)
		qsort(lists->groups.entry, lists->groups.count,
		    sizeof(struct entry), compare);
}

static void
lists_free(struct lists *lists)
{
	free(lists->users.entry);
	free(lists->groups.entry);
}

static const struct entry *
find(const struct list *list, const char *name)
{
	struct entry key = { .number = 0 };

	snprintf(key.name, sizeof(key.name), "%s", name);
	return list->count == 0 ? NULL
				: bsearch(&key, list->entry, list->count,
				      sizeof(key), compare);
}

static bool
resolve(const struct list *list, const struct rule *rule,
    struct owner_match *match, size_t count, struct diagnostics *diagnostics)
{
	bool whole = true;

	for (size_t i = 0; i < count && match[i].name; i++) {
		const struct entry *entry = find(list, match[i].name);
		if (entry)
			match[i].low = match[i].high = entry->number;
		else
			diagnostics_add(diagnostics,
			    "%s:%u: %s \"%s\" is not in %s, accepted are names "
			    "from there, and numbers",
			    rule->file, rule->line, list->what, match[i].name,
			    list->path);
		whole &= entry != NULL;
	}
	return whole;
}

/* The primary group of a user that is known by number alone. */
static void
add_primary_group(const struct list *users, struct packet *packet)
{
	for (size_t i = 0; i < users->count && !packet->group; i++)
		if (owner_value(users->entry[i].number) == packet->user)
			packet->group = owner_value(users->entry[i].group);
}

/* NULL, or the name that is in no list. */
static const char *
answer(const struct lists *lists, struct question *q, const struct list **list)
{
	struct packet *packet = &q->packet;
	const struct entry *user = find(&lists->users, q->user);
	const struct entry *group = find(&lists->groups, q->group);

	*list = &lists->users;
	if (*q->user && !user)
		return q->user;
	*list = &lists->groups;
	if (*q->group && !group)
		return q->group;
	if (user)
		packet->user = owner_value(user->number);
	if (group)
		packet->group = owner_value(group->number);
	if (packet->user && !packet->group)
		add_primary_group(&lists->users, packet);
	return NULL;
}

bool
owners_of_question(struct question *question, char error[QUESTION_ERROR_SIZE])
{
	const struct list *list;
	struct lists lists;

	if (!*question->user && !*question->group && !question->packet.user)
		return true;
	lists_read(&lists);
	const char *missing = answer(&lists, question, &list);
	if (missing)
		snprintf(error, QUESTION_ERROR_SIZE,
		    "%s \"%s\" is not in %s, accepted are names from there, "
		    "and numbers",
		    list->what, missing, list->path);
	lists_free(&lists);
	return !missing;
}

static bool
of_tests(const struct lists *lists, struct policy *policy,
    struct diagnostics *diagnostics)
{
	bool whole = true;

	for (size_t i = 0; i < policy->test_count; i++) {
		struct policy_test *test = &policy->tests[i];
		const struct list *list;
		const char *missing = answer(lists, &test->question, &list);
		if (missing)
			diagnostics_add(diagnostics,
			    "%s:%u: test \"%s\": %s \"%s\" is not in %s, "
			    "accepted are names from there, and numbers",
			    test->file, test->line, test->words, list->what,
			    missing, list->path);
		whole &= !missing;
	}
	return whole;
}

bool
owners_of_policy(struct policy *policy, struct diagnostics *diagnostics)
{
	const struct rules *rules = &policy->tables[TABLE_OUTBOUND];
	struct lists lists;
	bool whole = true;

	if (!policy->asks_owners && policy->test_count == 0)
		return true;
	lists_read(&lists);
	for (size_t i = 0; i < rules->count; i++) {
		struct rule *rule = &rules->rule[i];
		whole &= resolve(&lists.users, rule, rule->users,
		    rule->user_count, diagnostics);
		whole &= resolve(&lists.groups, rule, rule->groups,
		    rule->group_count, diagnostics);
	}
	whole &= of_tests(&lists, policy, diagnostics);
	lists_free(&lists);
	return whole;
}
