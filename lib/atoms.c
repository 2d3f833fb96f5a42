/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intervals of names.  "eth0" is the interval from "eth0" to the least longer
 * name, "wg*" the one from "wg" to "wh".  The ends of all, sorted, are the
 * cuts; number n is what lies from cut n to the next.  Cut 0 is "", below
 * every name.  Names hold no control bytes, so that "\x01" sorts before all
 * that can follow; a pattern as long as a name may be is that name alone.
 */
#include "atoms.h"

#include <stdlib.h>
#include <string.h>

#include "interfaces.h"

#define CUT_SIZE (INTERFACE_NAME_SIZE + 2)

struct atoms {
	char (*cut)[CUT_SIZE];
	size_t count;
	char (*name)[CUT_SIZE]; /* sorted */
	size_t name_count;
};

static int
compare_cuts(const void *left, const void *right)
{
	return strcmp(left, right);
}

/* Sorted and without repeats; returns how many are left. */
static size_t
settle(char (*strings)[CUT_SIZE], size_t count)
{
	size_t kept = 0;

	qsort(strings, count, CUT_SIZE, compare_cuts);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(strings[kept - 1], strings[i]) != 0)
			memmove(strings[kept++], strings[i], CUT_SIZE);
	return kept;
}

/* Where the interval of the name begins, and where the next one does; "": it
 * has no end. */
static void
ends(const char *name, char low[CUT_SIZE], char high[CUT_SIZE])
{
	size_t stem = strcspn(name, "*");
	bool one = !name[stem] || stem == INTERFACE_NAME_SIZE - 1;

	memset(low, 0, CUT_SIZE);
	memset(high, 0, CUT_SIZE);
	memcpy(low, name, stem);
	memcpy(high, name, stem);
	if (one) {
		high[stem] = '\x01';
		return;
	}
	while (stem > 0 && (unsigned char)high[stem - 1] == UINT8_MAX)
		high[--stem] = '\0';
	if (stem > 0)
		high[stem - 1]++;
}

static bool
fill(struct atoms *atoms, const char *const *names, size_t count)
{
	atoms->cut = calloc(2 * count + 1, CUT_SIZE);
	atoms->name = calloc(count + 1, CUT_SIZE);
	if (!atoms->cut || !atoms->name)
		return false;
	atoms->count = 1;
	for (size_t i = 0; i < count; i++) {
		ends(names[i], atoms->cut[atoms->count],
		    atoms->cut[atoms->count + 1]);
		atoms->count += 2;
		memcpy(atoms->name[i], names[i], strlen(names[i]) + 1);
	}
	atoms->name_count = settle(atoms->name, count);
	atoms->count = settle(atoms->cut, atoms->count);
	return true;
}

struct atoms *
atoms_create(const char *const *names, size_t count)
{
	struct atoms *atoms = calloc(1, sizeof(*atoms));

	if (atoms && fill(atoms, names, count))
		return atoms;
	atoms_destroy(atoms);
	return NULL;
}

void
atoms_destroy(struct atoms *atoms)
{
	if (!atoms)
		return;
	free(atoms->cut);
	free(atoms->name);
	free(atoms);
}

size_t
atoms_count(const struct atoms *atoms)
{
	return atoms->count;
}

static size_t
number_of(const struct atoms *atoms, const char *cut)
{
	const char(*found)[CUT_SIZE] =
	    bsearch(cut, atoms->cut, atoms->count, CUT_SIZE, compare_cuts);
	return (size_t)(found - (const char(*)[CUT_SIZE])atoms->cut);
}

void
atoms_find(
    const struct atoms *atoms, const char *name, size_t *low, size_t *high)
{
	char first[CUT_SIZE], next[CUT_SIZE];

	ends(name, first, next);
	*low = number_of(atoms, first);
	*high = (*next ? number_of(atoms, next) : atoms->count) - 1;
}

const char *
atoms_name(const struct atoms *atoms, size_t i)
{
	return i < atoms->name_count ? atoms->name[i] : NULL;
}
