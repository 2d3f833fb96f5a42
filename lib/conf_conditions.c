/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The match keys that look at more than where a packet comes from and goes to:
 * `flags`.  Lists are brought into one normal form, as in conf_match.c.
 */
#include "conf_rule.h"

#include <stdlib.h>

#define FLAGS_FORMS                                                            \
	"are \"syn\", \"syn,ack\", \"syn/syn,ack,fin,rst\" and such, of fin, " \
	"syn, rst, psh, ack, urg, ece and cwr, a list of these"

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
