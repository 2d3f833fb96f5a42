/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wing and Gong's search, with Lowe's memory of what failed: of the operations
 * not yet in the sequence, each that began before any of them ended may come
 * next, if its answer is right for the key as it is.  Dead ends are kept as
 * (set of operations done, truth): the same pair need not be tried twice.
 */
#include "history.h"

#include <stdio.h>
#include <stdlib.h>

struct tried {
	uint64_t done; /* a bit for each operation */
	struct truth truth;
};

struct search {
	const struct operation *operations;
	size_t count;
	struct tried *tried;
	size_t tried_count, tried_room;
};

/* What the operation makes of the key, if it came at this moment. */
static bool
right(const struct operation *o, struct truth before, struct truth *after)
{
	bool is_live = o->flow && before.flow == o->flow;

	*after = before;
	switch (o->call) {
	case FIND:
		return before.flow == o->flow;
	case READ:
		return is_live ? before.word == o->word : !o->word;
	case INSERT:
		if (!o->ok)
			return before.flow && before.flow == o->other;
		*after = (struct truth){ o->flow, o->flow };
		return !before.flow;
	case CHANGE:
		if (o->ok)
			after->word = o->to;
		return o->ok == (is_live && before.word == o->word);
	case KILL:
		if (o->ok)
			*after = (struct truth){ 0, 0 };
		return o->ok == (is_live && before.word == o->word);
	}
	return false;
}

/* Remember it; false: it was tried before. */
static bool
is_new(struct search *s, uint64_t done, struct truth truth)
{
	for (size_t i = 0; i < s->tried_count; i++)
		if (s->tried[i].done == done &&
		    s->tried[i].truth.flow == truth.flow &&
		    s->tried[i].truth.word == truth.word)
			return false;
	if (s->tried_count == s->tried_room) {
		s->tried_room = s->tried_room ? s->tried_room * 2 : 256;
		s->tried = realloc(s->tried, s->tried_room * sizeof(*s->tried));
		if (!s->tried)
			abort();
	}
	s->tried[s->tried_count++] = (struct tried){ done, truth };
	return true;
}

static bool
find_order(struct search *s, uint64_t done, struct truth *truth)
{
	uint64_t first_end = UINT64_MAX;
	bool complete = true;

	for (size_t i = 0; i < s->count; i++) {
		if (done >> i & 1)
			continue;
		complete = false;
		if (s->operations[i].end < first_end)
			first_end = s->operations[i].end;
	}
	if (complete)
		return true;
	if (!is_new(s, done, *truth))
		return false;
	for (size_t i = 0; i < s->count; i++) {
		struct truth after;
		if (done >> i & 1 || s->operations[i].start > first_end ||
		    !right(&s->operations[i], *truth, &after) ||
		    !find_order(s, done | UINT64_C(1) << i, &after))
			continue;
		*truth = after;
		return true;
	}
	return false;
}

bool
history_is_linear(
    const struct operation *operations, size_t count, struct truth *truth)
{
	struct search s = { .operations = operations, .count = count };

	if (count > HISTORY_MOST)
		abort();
	bool linear = find_order(&s, 0, truth);
	free(s.tried);
	return linear;
}

void
history_print(const struct operation *operations, size_t count)
{
	static const char *const names[] = { "find", "read", "insert", "change",
		"kill" };

	for (size_t i = 0; i < count; i++) {
		const struct operation *o = &operations[i];
		fprintf(stderr,
		    "%8llu - %-8llu %-6s flow %llx word %llx to %llx: %s, "
		    "other %llx\n",
		    (unsigned long long)o->start, (unsigned long long)o->end,
		    names[o->call], (unsigned long long)o->flow,
		    (unsigned long long)o->word, (unsigned long long)o->to,
		    o->ok ? "yes" : "no", (unsigned long long)o->other);
	}
}
