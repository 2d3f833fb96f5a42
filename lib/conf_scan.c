/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libconfig 1.5 reads 4294967318 as 22, opens any file that an @include names
 * even when it parses a string, ends at a NUL, says "syntax error" to whatever
 * it does not like, leaks on some errors, compares every setting of a group
 * with every other and moves a list whenever it grew by 32.  So it never sees
 * the text itself: this file walks libconfig's grammar (lib/grammar.y there)
 * over the tokens and writes them out again, one for one, with
 *   - no comments, and no @include, which is no token;
 *   - every whole number with the suffix L, so that it is read in 64 bits;
 *   - `= : , ; ) ] }` right behind what they follow.  libconfig looks one
 *     token ahead behind a string, and would else say that a string at the
 *     end of a line is on the line of what comes next.
 * Bounded: linear in the text, nesting to DEPTH_MAX, MEMBERS_MAX settings in a
 * group, ELEMENTS_MAX values in a list, strings to STRING_MAX bytes.
 *
 * A wrong word or number is noted and the walk goes on; a token that does not
 * belong where it stands ends it.
 */
#include "conf_scan.h"

#include "conf_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX    16
#define MEMBERS_MAX  100
#define ELEMENTS_MAX 65536
#define STRING_MAX   1024
#define SHOWN_MAX    40 /* bytes of a token that an error shows */

enum expect {
	EXPECT_NAME,   /* of a setting, or the end of the group */
	EXPECT_EQUALS, /* behind a name */
	EXPECT_FIRST,  /* a value, or the end of the list */
	EXPECT_VALUE,
	EXPECT_NEXT, /* behind a value */
	EXPECT_NOTHING
};

struct level {
	char bracket; /* '{' also for the top level */
	unsigned line;
	unsigned members;        /* of a group or a list */
	enum token_kind element; /* of an array; TOKEN_END: none yet */
};

struct scan {
	struct reader *reader;
	enum expect expect;
	struct level level[DEPTH_MAX + 1];
	unsigned depth;
	size_t string_length; /* of the string just read, 0: was none */
	char *out;
	size_t used;
	unsigned out_line;
};

/* Write the token.  `attached`: behind the last one, whatever its line. */
static void
emit(struct scan *s, const struct token *token, bool attached)
{
	while (!attached && s->out_line < token->line) {
		s->out[s->used++] = '\n';
		s->out_line++;
	}
	memcpy(s->out + s->used, token->text, token->length);
	s->used += token->length;
	if (token->kind == TOKEN_NUMBER)
		s->out[s->used++] = 'L';
	s->out[s->used++] = ' ';
}

static char
closer_of(char bracket)
{
	return bracket == '(' ? ')' : bracket == '[' ? ']' : '}';
}

static int
shown(const struct token *token)
{
	return token->length > SHOWN_MAX ? SHOWN_MAX : (int)token->length;
}

static bool
unexpected(struct scan *s, const struct token *token, const char *accepted)
{
	const struct level *level = &s->level[s->depth];
	char closer = closer_of(level->bracket);

	if (token->kind == TOKEN_END && s->depth > 0)
		return reader_fail(s->reader, level->line,
		    "\"%c\" is not closed, accepted is \"%c\"", level->bracket,
		    closer);
	if (token->kind == TOKEN_END)
		return reader_fail(s->reader, token->line,
		    "the file ends too early, accepted is %s", accepted);
	if (token_is_mark(token, ")]}") && s->depth > 0 &&
	    *token->text != closer)
		return reader_fail(s->reader, token->line,
		    "\"%c\" does not close the \"%c\" of line %u, accepted is "
		    "\"%c\"",
		    *token->text, level->bracket, level->line, closer);
	const char *quote = token->kind == TOKEN_STRING ? "" : "\"";
	return reader_fail(s->reader, token->line,
	    "%s%.*s%s is out of place, accepted is %s", quote, shown(token),
	    token->text, quote, accepted);
}

static bool
closes(const struct scan *s, const struct token *token)
{
	return s->depth > 0 && token->kind == TOKEN_MARK &&
	       *token->text == closer_of(s->level[s->depth].bracket);
}

static bool
take_open(struct scan *s, const struct token *token)
{
	if (s->level[s->depth].bracket == '[')
		return reader_fail(s->reader, token->line,
		    "an array [ ] holds plain values only, accepted is a list "
		    "( )");
	if (s->depth == DEPTH_MAX)
		return reader_fail(s->reader, token->line,
		    "brackets are nested too deep, accepted are %d levels",
		    DEPTH_MAX);
	s->level[++s->depth] = (struct level){
		.bracket = *token->text,
		.line = token->line,
	};
	s->expect = *token->text == '{' ? EXPECT_NAME : EXPECT_FIRST;
	emit(s, token, false);
	return true;
}

static bool
take_close(struct scan *s, const struct token *token)
{
	s->depth--;
	s->expect = EXPECT_NEXT;
	emit(s, token, true);
	return true;
}

static bool
take_string(struct scan *s, const struct token *token)
{
	s->string_length += token->length; /* "a" "b" is "ab" */
	if (s->string_length > STRING_MAX)
		return reader_fail(s->reader, token->line,
		    "a string is too long, accepted are %d bytes", STRING_MAX);
	s->expect = EXPECT_NEXT;
	emit(s, token, false);
	return true;
}

static bool
take_value(struct scan *s, const struct token *token)
{
	struct level *level = &s->level[s->depth];

	if (level->bracket != '{' && level->members++ == ELEMENTS_MAX)
		return reader_fail(s->reader, token->line,
		    "a list is too long, accepted are %d values", ELEMENTS_MAX);
	if (token_is_mark(token, "([{"))
		return take_open(s, token);
	if (closes(s, token) && level->bracket != '{')
		return reader_fail(s->reader, token->line,
		    "a comma stands before \"%c\", accepted is none behind the "
		    "last element",
		    *token->text);
	if (token->kind == TOKEN_MARK || token->kind == TOKEN_END)
		return unexpected(s, token, "a value");
	if (token->kind == TOKEN_NAME)
		reader_fail(s->reader, token->line,
		    "%.*s is not in quotes, accepted is \"%.*s\"", shown(token),
		    token->text, shown(token), token->text);
	if (level->bracket == '[') {
		if (level->element != TOKEN_END &&
		    level->element != token->kind)
			reader_fail(s->reader, token->line,
			    "an array [ ] holds values of one type, accepted "
			    "is a list such as (22, \"8000-8100\")");
		level->element = token->kind;
	}
	if (token->kind == TOKEN_STRING)
		return take_string(s, token);
	s->expect = EXPECT_NEXT;
	emit(s, token, false);
	return true;
}

static bool
take_name(struct scan *s, const struct token *token)
{
	struct level *level = &s->level[s->depth];

	if (token->kind == TOKEN_END && s->depth == 0) {
		s->expect = EXPECT_NOTHING;
		return true;
	}
	if (closes(s, token))
		return take_close(s, token);
	if (token->kind != TOKEN_NAME)
		return unexpected(s, token, "a setting such as `port = 22;`");
	if (level->members++ == MEMBERS_MAX)
		return reader_fail(s->reader, token->line,
		    "a group has too many settings, accepted are %d",
		    MEMBERS_MAX);
	s->expect = EXPECT_EQUALS;
	emit(s, token, false);
	return true;
}

static bool
take_next(struct scan *s, const struct token *token)
{
	const struct level *level = &s->level[s->depth];
	char bracket = level->bracket, accepted[64];

	if (token->kind == TOKEN_STRING && s->string_length > 0)
		return take_string(s, token);
	s->string_length = 0;
	if (token_is_mark(token, bracket == '{' ? ";," : ",")) {
		s->expect = bracket == '{' ? EXPECT_NAME : EXPECT_VALUE;
		emit(s, token, true);
		return true;
	}
	if (closes(s, token))
		return take_close(s, token);
	if (bracket == '{')
		return take_name(s, token); /* `a = 1 b = 2` is fine */
	snprintf(accepted, sizeof(accepted),
	    "\",\" or \"%c\" for the \"%c\" of line %u", closer_of(bracket),
	    bracket, level->line);
	return unexpected(s, token, accepted);
}

/* One step of the walk.  False: it cannot go on. */
static bool
take(struct scan *s, const struct token *token)
{
	switch (s->expect) {
	case EXPECT_NAME:
		return take_name(s, token);
	case EXPECT_EQUALS:
		if (!token_is_mark(token, "=:"))
			return unexpected(s, token, "\"=\"");
		s->expect = EXPECT_VALUE;
		emit(s, token, true);
		return true;
	case EXPECT_FIRST:
		return closes(s, token) ? take_close(s, token)
					: take_value(s, token);
	case EXPECT_VALUE:
		return take_value(s, token);
	case EXPECT_NEXT:
		return take_next(s, token);
	case EXPECT_NOTHING:
		break;
	}
	return false;
}

/* False: this is no text at all. */
static bool
check_bytes(struct reader *reader, const char *text, size_t size)
{
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return reader_fail(reader, 1,
		    "a byte order mark, accepted is UTF-8 without one");
	const char *nul = memchr(text, '\0', size);
	if (!nul)
		return true;
	unsigned line = 1;
	for (const char *c = text; c < nul; c++)
		line += *c == '\n';
	return reader_fail(reader, line, "a NUL byte, accepted is text");
}

char *
conf_scan(struct reader *reader)
{
	const struct conf_text *source = &reader->texts[reader->file];
	const char *text = source->size > 0 ? source->text : "";
	size_t errors = reader->error_count;

	if (!check_bytes(reader, text, source->size))
		return NULL;
	struct scan scan = {
		.reader = reader,
		.level = { { .bracket = '{' } },
		/* each token has a byte or more and gets at most a suffix and
		 * a blank; each end of line is written at most once */
		.out = reader_allocate(reader, 3 * source->size + 1, 1),
		.out_line = 1,
	};
	struct tokens tokens = { reader, text, text + source->size, 1 };
	struct token token;
	if (!scan.out)
		return NULL;
	while (scan.expect != EXPECT_NOTHING)
		if (!tokens_next(&tokens, &token) || !take(&scan, &token))
			break;
	if (reader->error_count > errors) {
		free(scan.out);
		return NULL;
	}
	scan.out[scan.used] = '\0';
	return scan.out;
}
