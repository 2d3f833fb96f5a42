/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words that clients give go into a config text, so only such are taken
 * that cannot end a string or begin anything else.  What ports, protocols and
 * addresses there are is for the reader of the config to say.
 */
#include "temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regime.h"

#define WORD_MAX 100
#define WORD_CHARACTERS                                                        \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"       \
	".:/@_+-"

static void
forget(struct temporary *rule)
{
	free(rule->port);
	free(rule->protocol);
	free(rule->from);
}

static bool
same_word(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
is_word(const char *text, size_t length)
{
	return length > 0 && length <= WORD_MAX &&
	       strspn(text, WORD_CHARACTERS) >= length;
}

/* Only the words; false: they are none. */
static bool
split(const char *what, const char *from, struct temporary *rule)
{
	const char *slash = strchr(what, '/');
	size_t length = slash ? (size_t)(slash - what) : strlen(what);

	*rule = (struct temporary){ 0 };
	if (!is_word(what, length) ||
	    (slash && !is_word(slash + 1, strlen(slash + 1))) ||
	    (from && !is_word(from, strlen(from))))
		return false;
	rule->port = strndup(what, length);
	rule->protocol = slash ? strdup(slash + 1) : NULL;
	rule->from = from ? strdup(from) : NULL;
	if (rule->port && !rule->protocol == !slash && !rule->from == !from)
		return true;
	forget(rule);
	return false;
}

static struct temporary *
find(const struct temporaries *all, const struct temporary *wanted)
{
	for (size_t i = 0; i < all->count; i++) {
		struct temporary *rule = &all->rule[i];
		if (same_word(rule->port, wanted->port) &&
		    same_word(rule->protocol, wanted->protocol) &&
		    same_word(rule->from, wanted->from))
			return rule;
	}
	return NULL;
}

bool
temporary_add(struct temporaries *all, const char *what, const char *from,
    uint64_t end_ms, char error[TEMPORARY_ERROR_SIZE])
{
	struct temporary rule;

	if (!split(what, from, &rule)) {
		snprintf(error, TEMPORARY_ERROR_SIZE,
		    "allow \"%.40s\"%s%.40s; accepted: PORT or PORT/PROTOCOL, "
		    "as 8080/tcp, from an address, a prefix or a @set",
		    what, from ? " from " : "", from ? from : "");
		return false;
	}
	struct temporary *there = find(all, &rule);
	if (there) {
		there->end_ms = end_ms;
		forget(&rule);
		return true;
	}
	if (all->count == TEMPORARY_MAX) {
		snprintf(error, TEMPORARY_ERROR_SIZE,
		    "there are %d temporary rules already, as many as may be",
		    TEMPORARY_MAX);
		forget(&rule);
		return false;
	}
	struct temporary *more =
	    realloc(all->rule, (all->count + 1) * sizeof(*more));
	if (!more) {
		snprintf(error, TEMPORARY_ERROR_SIZE, "out of memory");
		forget(&rule);
		return false;
	}
	rule.number = ++all->last_number;
	rule.end_ms = end_ms;
	memmove(more + 1, more, all->count++ * sizeof(*more));
	more[0] = rule;
	all->rule = more;
	return true;
}

static void
take_out(struct temporaries *all, size_t i)
{
	forget(&all->rule[i]);
	all->count--;
	memmove(&all->rule[i], &all->rule[i + 1],
	    (all->count - i) * sizeof(all->rule[0]));
}

const struct temporary *
temporary_find(
    const struct temporaries *all, const char *what, const char *from)
{
	struct temporary wanted;

	if (!split(what, from, &wanted))
		return NULL;
	const struct temporary *there = find(all, &wanted);
	forget(&wanted);
	return there;
}

bool
temporary_remove(struct temporaries *all, const char *what, const char *from)
{
	const struct temporary *there = temporary_find(all, what, from);

	if (there)
		take_out(all, (size_t)(there - all->rule));
	return there != NULL;
}

bool
temporary_expire(struct temporaries *all, uint64_t now_ms)
{
	size_t before = all->count;

	for (size_t i = all->count; i-- > 0;)
		if (all->rule[i].end_ms <= now_ms)
			take_out(all, i);
	return all->count < before;
}

char *
temporary_print(const struct temporaries *all)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	fputs("inbound = (", stream);
	for (size_t i = 0; i < all->count; i++) {
		const struct temporary *rule = &all->rule[i];
		fprintf(stream, "%s{ name = \"temporary %u\"; port = \"%s\"; ",
		    i ? ",\n" : "", rule->number, rule->port);
		if (rule->protocol)
			fprintf(stream, "protocol = \"%s\"; ", rule->protocol);
		if (rule->from)
			fprintf(stream, "from = \"%s\"; ", rule->from);
		fputs("action = \"allow\"; }", stream);
	}
	fputs(");\n", stream);
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

/* The files with the temporary rules in front. */
static struct policy *
merge(const struct files *files, const struct temporaries *temporaries,
    struct diagnostics *report)
{
	struct conf_text *texts = calloc(files->count + 1, sizeof(*texts));
	char *front = temporary_print(temporaries);
	struct policy *policy = NULL;

	if (texts && front) {
		texts[0] = (struct conf_text){ .name = TEMPORARY_FILE,
			.text = front,
			.size = strlen(front) };
		memcpy(texts + 1, files->text, files->count * sizeof(*texts));
		policy = files_policy(texts, files->count + 1, false, report);
	} else {
		diagnostics_add(report, "out of memory");
	}
	free(front);
	free(texts);
	for (size_t i = 0; policy && i < temporaries->count; i++)
		policy->tables[TABLE_INBOUND].rule[i].ends_ms =
		    temporaries->rule[i].end_ms;
	return policy;
}

struct policy *
temporary_load(const struct files *files, const struct temporaries *temporaries,
    struct diagnostics *report)
{
	struct policy *policy =
	    files_policy(files->text, files->count, true, report);
	struct diagnostics merged = { 0 };

	if (!policy || temporaries->count == 0 ||
	    !regime_judges_connections(policy))
		return policy;
	policy_destroy(policy);
	policy = merge(files, temporaries, &merged);
	/* Its notices have been given without the temporary rules. */
	for (size_t i = 0; !policy && i < merged.count; i++)
		diagnostics_add(report, "%s", merged.line[i]);
	diagnostics_clear(&merged);
	return policy;
}

bool
temporary_copy(const struct temporaries *all, struct temporaries *copy)
{
	*copy = (struct temporaries){ .last_number = all->last_number };
	if (all->count == 0)
		return true;
	copy->rule = calloc(all->count, sizeof(copy->rule[0]));
	bool whole = copy->rule != NULL;
	for (size_t i = 0; whole && i < all->count; i++) {
		const struct temporary *from = &all->rule[i];
		struct temporary *to = &copy->rule[copy->count++];
		*to = (struct temporary){
			.number = from->number,
			.port = strdup(from->port),
			.protocol =
			    from->protocol ? strdup(from->protocol) : NULL,
			.from = from->from ? strdup(from->from) : NULL,
			.end_ms = from->end_ms,
		};
		whole = to->port && !to->protocol == !from->protocol &&
			!to->from == !from->from;
	}
	if (!whole)
		temporary_free(copy);
	return whole;
}

void
temporary_free(struct temporaries *all)
{
	for (size_t i = 0; i < all->count; i++)
		forget(&all->rule[i]);
	free(all->rule);
	*all = (struct temporaries){ .last_number = all->last_number };
}
