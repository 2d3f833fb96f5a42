/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of owners are short, so they are searched from end to end.  Names come
 * first and are never joined with numbers: who has a name is known only where
 * the policy is put in force.
 */
#include "owner.h"

#include <stdlib.h>
#include <string.h>

bool
owner_is_among(const struct owner_match *list, size_t count, uint32_t value)
{
	if (value == OWNER_ANYBODY)
		return true;
	for (size_t i = 0; value > 0 && i < count; i++)
		if (value - 1 >= list[i].low && value - 1 <= list[i].high)
			return true;
	return false;
}

bool
owner_is_name(const char *text)
{
	char first = text[0];
	bool letter = (first >= 'a' && first <= 'z') ||
		      (first >= 'A' && first <= 'Z') || first == '_';

	if (!letter || strlen(text) >= OWNER_NAME_SIZE)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' ||
		    (unsigned char)*text >= 0x7f || strchr("\":,/*", *text))
			return false;
	return true;
}

bool
owner_parse(const char *text, uint32_t *number)
{
	uint64_t value = 0;

	if (!*text || strlen(text) > 10)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*number = (uint32_t)value;
	return value <= OWNER_MOST;
}

static int
compare(const void *left, const void *right)
{
	const struct owner_match *a = left, *b = right;

	if (!a->name != !b->name)
		return a->name ? -1 : 1;
	if (a->name)
		return strcmp(a->name, b->name);
	return a->low < b->low ? -1 : a->low > b->low;
}

size_t
owners_join(struct owner_match *list, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(list, count, sizeof(list[0]), compare);
	for (size_t i = 0; i < count; i++) {
		struct owner_match *last = kept > 0 ? &list[kept - 1] : NULL;
		if (last && last->name && list[i].name &&
		    strcmp(last->name, list[i].name) == 0)
			free(list[i].name);
		else if (last && !last->name && list[i].low <= last->high)
			last->high = list[i].high > last->high ? list[i].high
							       : last->high;
		else
			list[kept++] = list[i];
	}
	return kept;
}
