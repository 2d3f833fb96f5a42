/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the file of a set.
 *
 * Held: nothing beyond the bytes is read (the sanitizers look); a set that is
 * made is in order and without overlap; one that is not has an error with file
 * and line, and keeps what it had.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "set_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_set(const struct named_set *set)
{
	for (size_t i = 0; i < set->fixed_count; i++) {
		const struct address_range *at = &set->fixed[i];
		bool v4 = address_is_v4(at->low);
		require(address_compare(at->low, at->high) <= 0);
		/* ::/80 ends where IPv4 does */
		require(!v4 || address_is_v4(at->high));
		if (i == 0)
			continue;
		bool v4_before = address_is_v4(at[-1].low);
		require(v4_before || !v4);
		require(v4_before != v4 ||
			address_compare(at[-1].high, at->low) < 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics diagnostics = { 0 };
	struct named_set set = { 0 };
	char *exact = malloc(size ? size : 1);

	require(exact != NULL);
	if (size > 0)
		memcpy(exact, data, size);
	struct conf_text text = { "bad.txt", exact, size };
	bool whole = set_file_read(&set, &text, &diagnostics);
	require(whole == (diagnostics.count == 0));
	require(whole || (!set.fixed && set.fixed_count == 0));
	for (size_t i = 0; i < diagnostics.count; i++)
		require(strncmp(diagnostics.line[i], "bad.txt:", 8) == 0);
	check_set(&set);
	diagnostics_clear(&diagnostics);
	named_set_free(&set);
	free(exact);
	return 0;
}
