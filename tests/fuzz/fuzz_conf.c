/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config text, of files that a byte 0x1c keeps apart, from bytes to a policy
 * that has passed its own tests.
 *
 * Held: nothing beyond the bytes is read (the sanitizers look); there is a
 * policy or an error; each line that is said begins with file and line; and
 * what a policy prints reads back as a policy that prints the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES      3
#define FILE_END   0x1c
#define LENGTH_MAX (1 << 16)

static const char *const names[FILES] = { "a.conf", "b.conf", "c.conf" };

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* "b.conf:12: ..." */
static void
check_said(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const char *at = diagnostics->line[i];
		size_t f = 0;
		while (
		    f < FILES && strncmp(at, names[f], strlen(names[f])) != 0)
			f++;
		require(f < FILES);
		at += strlen(names[f]);
		size_t digits = strspn(at + 1, "0123456789");
		require(at[0] == ':' && digits > 0);
		require(strncmp(at + 1 + digits, ": ", 2) == 0);
	}
}

static struct policy *
load(const struct conf_text *texts, size_t count)
{
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = policy_load(texts, count, &diagnostics);

	require(policy || diagnostics.count > 0);
	check_said(&diagnostics);
	diagnostics_clear(&diagnostics);
	return policy;
}

static void
check_print(const struct policy *policy)
{
	char *text = policy_print(policy);
	require(text != NULL);
	struct conf_text printed = { names[0], text, strlen(text) };
	struct policy *again = load(&printed, 1);
	require(again != NULL);
	char *same = policy_print(again);

	require(same && strcmp(text, same) == 0);
	free(same);
	policy_destroy(again);
	free(text);
}

/* Of exactly that size, so that what is read behind it shows. */
static char *
exact(const uint8_t *from, size_t size)
{
	char *copy = malloc(size ? size : 1);

	require(copy != NULL);
	if (size > 0)
		memcpy(copy, from, size);
	return copy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_text texts[FILES];
	size_t count = 0;

	if (size > LENGTH_MAX)
		return 0;
	for (bool more = true; more && count < FILES; count++) {
		const uint8_t *end =
		    size > 0 ? memchr(data, FILE_END, size) : NULL;
		size_t length = end ? (size_t)(end - data) : size;
		texts[count] = (struct conf_text){ names[count],
			exact(data, length), length };
		more = end != NULL;
		data += more ? length + 1 : 0;
		size -= more ? length + 1 : 0;
	}
	struct policy *policy = load(texts, count);
	if (policy)
		check_print(policy);
	policy_destroy(policy);
	for (size_t i = 0; i < count; i++)
		free((char *)texts[i].text);
	return 0;
}
