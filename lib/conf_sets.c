/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named sets: `admins = [ MEMBERS ]`, or a group with its members, how long a
 * live one stays and how many there may be.  Rules point into policy->sets, so
 * its place is fixed, and the sets sorted by name, before the first rule is
 * read.
 */
#include "conf_sets.h"

#include "conf_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX   10000000
#define FILE_NAME_MAX 255

static const char *const set_keys[] = { "time", "max", "members", "file" };

#define KEY_COUNT (sizeof(set_keys) / sizeof(set_keys[0]))

static struct named_set *
add_set(struct reader *reader, const char *name)
{
	struct policy *policy = reader->policy;
	struct named_set *set = &policy->sets[policy->set_count];

	set->name = reader_copy(reader, name);
	set->max = SET_MAX_STANDARD;
	if (!set->name)
		return NULL;
	policy->set_count++;
	return set;
}

void
conf_sets_begin(struct reader *reader, size_t count)
{
	reader->policy->sets =
	    reader_allocate(reader, count + 1, sizeof(reader->policy->sets[0]));
}

/* What libconfig takes as a name, without the `*` in it. */
static bool
is_set_name(const char *name)
{
	return strlen(name) <= SET_NAME_MAX && !strchr(name, '*');
}

static void
read_members(
    struct reader *reader, struct named_set *set, const config_setting_t *value)
{
	struct rule_reader r = { .reader = reader, .key = "members" };
	bool empty = config_setting_is_aggregate(value) &&
		     !config_setting_is_group(value) &&
		     config_setting_length(value) == 0;

	if (!empty)
		conf_match_members(&r, value, &set->fixed, &set->fixed_count);
}

/* The file is for others to read: set_file.h. */
static void
read_file_name(
    struct reader *reader, struct named_set *set, const config_setting_t *value)
{
	const char *name = setting_string(value);
	char shown[SETTING_SHOW_SIZE];

	if (name && *name && strlen(name) <= FILE_NAME_MAX &&
	    text_is_plain(name))
		set->members_file = reader_copy(reader, name);
	else
		reader_fail(reader, config_setting_source_line(value),
		    "file is %s, accepted is a name, such as \"bad.txt\", of "
		    "up to %d bytes",
		    setting_show(value, shown), FILE_NAME_MAX);
}

static void
read_key(
    struct reader *reader, struct named_set *set, const config_setting_t *value)
{
	const char *key = config_setting_name(value);
	unsigned line = config_setting_source_line(value);
	char shown[SETTING_SHOW_SIZE], hint[GUESS_TEXT_SIZE];
	struct guess guess = { .word = key };
	int64_t number;

	if (strcmp(key, "members") == 0) {
		read_members(reader, set, value);
	} else if (strcmp(key, "file") == 0) {
		read_file_name(reader, set, value);
	} else if (strcmp(key, "time") == 0) {
		if (setting_seconds(value, &number) && number >= 1 &&
		    number <= SET_TIME_MAX)
			set->time_s = (uint32_t)number;
		else
			reader_fail(reader, line,
			    "time is %s, accepted are 1 to %d seconds, also "
			    "as \"90s\", \"15m\", \"2h\", \"5d\"",
			    setting_show(value, shown), SET_TIME_MAX);
	} else if (strcmp(key, "max") == 0) {
		if (setting_number(value, &number) && number >= 1 &&
		    number <= MEMBERS_MAX)
			set->max = (uint32_t)number;
		else
			reader_fail(reader, line,
			    "max is %s, accepted are 1 to %d",
			    setting_show(value, shown), MEMBERS_MAX);
	} else {
		for (size_t i = 0; i < KEY_COUNT; i++)
			guess_try(&guess, set_keys[i]);
		reader_fail(reader, line, "unknown key \"%s\", %s", key,
		    guess_text(&guess, hint));
	}
}

/* Of an earlier text: libconfig sees to it within one. */
static bool
is_new(struct reader *reader, const config_setting_t *value)
{
	const struct policy *policy = reader->policy;
	const char *name = config_setting_name(value);

	for (size_t i = 0; i < policy->set_count; i++)
		if (strcmp(policy->sets[i].name, name) == 0)
			return reader_fail(reader,
			    config_setting_source_line(value),
			    "the name is taken at %s:%u, accepted is another "
			    "one",
			    policy->sets[i].file, policy->sets[i].line);
	return true;
}

static void
read_set(struct reader *reader, const config_setting_t *value)
{
	const char *name = config_setting_name(value);
	unsigned line = config_setting_source_line(value);
	struct named_set *set = NULL;

	snprintf(
	    reader->subject, sizeof(reader->subject), "set \"%s\": ", name);
	if (!is_set_name(name))
		reader_fail(reader, line,
		    "it is no name for a set, accepted are up to %d letters, "
		    "digits, - and _",
		    SET_NAME_MAX);
	else if (is_new(reader, value))
		set = add_set(reader, name);
	if (!set)
		return;
	set->file = reader->policy->files[reader->file];
	set->line = line;
	if (!config_setting_is_group(value))
		read_members(reader, set, value);
	for (int i = 0;
	     config_setting_is_group(value) && i < config_setting_length(value);
	     i++)
		read_key(
		    reader, set, config_setting_get_elem(value, (unsigned)i));
	if (set->members_file && config_setting_get_member(value, "members"))
		reader_fail(reader, line,
		    "it has members and a file, accepted is one of them");
}

void
conf_sets_read(struct reader *reader, const config_setting_t *sets)
{
	char shown[SETTING_SHOW_SIZE];

	if (!config_setting_is_group(sets)) {
		reader_fail(reader, config_setting_source_line(sets),
		    "sets is %s, accepted is a group { NAME = [ MEMBERS ]; }",
		    setting_show(sets, shown));
		return;
	}
	for (int i = 0; i < config_setting_length(sets); i++) {
		read_set(reader, config_setting_get_elem(sets, (unsigned)i));
		reader->subject[0] = '\0';
	}
}

static int
compare_sets(const void *left, const void *right)
{
	const struct named_set *a = left, *b = right;
	return strcmp(a->name, b->name);
}

void
conf_sets_end(struct reader *reader)
{
	struct policy *policy = reader->policy;
	bool written = false;

	for (size_t i = 0; i < policy->set_count; i++)
		if (strcmp(policy->sets[i].name, SET_BANNED) == 0)
			written = true;
	if (!written && !add_set(reader, SET_BANNED))
		return;
	qsort(policy->sets, policy->set_count, sizeof(policy->sets[0]),
	    compare_sets);
	policy->banned = policy_find_set(policy, SET_BANNED);
}

static void
note(struct policy *policy, const struct named_set *const *sets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		policy->sets[sets[i] - policy->sets].revalidates = true;
}

void
conf_sets_note_use(struct policy *policy)
{
	for (enum table_id t = TABLE_INBOUND; t <= TABLE_FORWARD; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++) {
			const struct rule *rule = &policy->tables[t].rule[i];
			note(policy, rule->from_sets, rule->from_set_count);
			note(policy, rule->to_sets, rule->to_set_count);
		}
}
