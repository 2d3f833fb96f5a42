/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The match keys that look at more than where a packet comes from and goes to:
 * `flags`, `user` and `group`.  Lists are brought into one normal form, as in
 * conf_match.c.
 */
#include "conf_rule.h"

#include <stdlib.h>
#include <string.h>

#define FLAGS_FORMS                                                            \
	"are \"syn\", \"syn,ack\", \"syn/syn,ack,fin,rst\" and such, of fin, " \
	"syn, rst, psh, ack, urg, ece and cwr, a list of these"
#define OWNER_FORMS                                                            \
	"are a name, 0 to 4294967293, a range \"1000-1999\", a list of "       \
	"these, "                                                              \
	"or \"*\""

/* Values in it: 1 if it is no list.  0: an error, which is noted. */
static size_t
value_count(
    struct rule_reader *r, const config_setting_t *value, const char *forms)
{
	size_t count = 1;

	if (config_setting_is_list(value) || config_setting_is_array(value))
		count = (size_t)config_setting_length(value);
	if (count == 0)
		reader_fail(r->reader, config_setting_source_line(value),
		    "%s is an empty list, accepted %s", r->key, forms);
	return count;
}

static const config_setting_t *
value_at(const config_setting_t *value, size_t i)
{
	return config_setting_is_list(value) || config_setting_is_array(value)
		   ? config_setting_get_elem(value, (unsigned)i)
		   : value;
}

static void
refuse(struct rule_reader *r, const config_setting_t *value, const char *forms)
{
	char shown[SETTING_SHOW_SIZE];

	reader_fail(r->reader, config_setting_source_line(value),
	    "%s is %s, accepted %s", r->key, setting_show(value, shown), forms);
}

static int
compare_flags(const void *left, const void *right)
{
	const struct flags_match *a = left, *b = right;
	return a->set != b->set ? a->set - b->set : a->of - b->of;
}

void
conf_match_flags(struct rule_reader *r, const config_setting_t *value)
{
	size_t count = value_count(r, value, FLAGS_FORMS), used = 0, kept = 0;
	struct flags_match *list =
	    count ? reader_allocate(r->reader, count, sizeof(list[0])) : NULL;

	for (size_t i = 0; list && i < count; i++) {
		const config_setting_t *element = value_at(value, i);
		const char *text = setting_string(element);
		if (text && flags_match_parse(text, &list[used]))
			used++;
		else
			refuse(r, element, FLAGS_FORMS);
	}
	if (used > 0)
		qsort(list, used, sizeof(list[0]), compare_flags);
	for (size_t i = 0; i < used; i++)
		if (kept == 0 || compare_flags(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	r->rule->flags = list;
	r->rule->flags_count = kept;
}

/* "LOW-HIGH", or one number. */
static bool
parse_numbers(const char *text, struct owner_match *match)
{
	const char *dash = strchr(text, '-');
	char low[OWNER_NAME_SIZE];
	size_t length = dash ? (size_t)(dash - text) : strlen(text);

	if (length >= sizeof(low))
		return false;
	memcpy(low, text, length);
	low[length] = '\0';
	if (!owner_parse(low, &match->low))
		return false;
	match->high = match->low;
	return !dash || (owner_parse(dash + 1, &match->high) &&
			    match->low <= match->high);
}

/* False: an error, which is noted. */
static bool
read_owner(struct rule_reader *r, const config_setting_t *value,
    struct owner_match *match)
{
	const char *text = setting_string(value);
	int64_t number;

	if (setting_number(value, &number) && number >= 0 &&
	    number <= OWNER_MOST) {
		match->low = match->high = (uint32_t)number;
		return true;
	}
	if (text && owner_is_name(text)) {
		match->low = OWNER_MOST;
		match->high = 0;
		match->name = reader_copy(r->reader, text);
		return match->name != NULL;
	}
	if (text && parse_numbers(text, match))
		return true;
	refuse(r, value, OWNER_FORMS);
	return false;
}

static void
read_owners(struct rule_reader *r, const config_setting_t *value,
    struct owner_match **owners, size_t *owner_count)
{
	const char *text = setting_string(value);
	bool star = text && strcmp(text, "*") == 0;
	size_t count = star ? 0 : value_count(r, value, OWNER_FORMS), used = 0;
	struct owner_match *list =
	    count ? reader_allocate(r->reader, count, sizeof(list[0])) : NULL;

	for (size_t i = 0; list && i < count; i++)
		used += read_owner(r, value_at(value, i), &list[used]);
	*owners = list;
	*owner_count = owners_join(list, used);
	r->reader->policy->asks_owners |= *owner_count > 0;
}

void
conf_match_user(struct rule_reader *r, const config_setting_t *value)
{
	read_owners(r, value, &r->rule->users, &r->rule->user_count);
}

void
conf_match_group(struct rule_reader *r, const config_setting_t *value)
{
	read_owners(r, value, &r->rule->groups, &r->rule->group_count);
}
