/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cuts config text into the tokens of libconfig 1.5 (lib/scanner.l there),
 * each with its line.  Stricter where libconfig's reading surprises: numbers
 * that 64 bits cannot hold, words and numbers run together (0b11, 1000-2000,
 * 192.0.2.1), strings over several lines, bytes that mean nothing.  Never
 * reads beyond the end; each byte is looked at a bounded number of times.
 */
#include "conf_token.h"

#include <string.h>

#define SHOWN_MAX 40 /* bytes of a token that an error shows */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of the run from `at` on of letters, digits and these. */
static size_t
run_length(const struct tokens *t, const char *others)
{
	const char *c = t->at;

	while (
	    c < t->end && (is_letter(*c) || is_digit(*c) || strchr(others, *c)))
		c++;
	return (size_t)(c - t->at);
}

static bool
skip_long_comment(struct tokens *t)
{
	unsigned first = t->line;

	for (t->at += 2; t->end - t->at >= 2; t->at++) {
		if (memcmp(t->at, "*/", 2) == 0) {
			t->at += 2;
			return true;
		}
		t->line += *t->at == '\n';
	}
	return reader_fail(t->reader, first,
	    "the comment does not end, accepted is /* ... */");
}

/* False: a comment does not end. */
static bool
skip_blanks(struct tokens *t)
{
	while (t->at < t->end) {
		char c = *t->at;
		char next = t->end - t->at > 1 ? t->at[1] : '\0';
		if (c == '#' || (c == '/' && next == '/')) {
			while (t->at < t->end && *t->at != '\n')
				t->at++;
		} else if (c == '/' && next == '*') {
			if (!skip_long_comment(t))
				return false;
		} else if (strchr(" \t\r\f\n", c)) {
			t->line += c == '\n';
			t->at++;
		} else {
			break;
		}
	}
	return true;
}

/* Is this a number with a fraction or an exponent, and no more? */
static bool
is_fraction(const char *c, const char *end)
{
	size_t digits = 0;

	if (c < end && (*c == '+' || *c == '-'))
		c++;
	for (; c < end && is_digit(*c); c++)
		digits++;
	if (c < end && *c == '.')
		for (c++; c < end && is_digit(*c); c++)
			digits++;
	if (digits > 0 && c < end && (*c == 'e' || *c == 'E')) {
		c++;
		if (c < end && (*c == '+' || *c == '-'))
			c++;
		digits = 0;
		for (; c < end && is_digit(*c); c++)
			digits++;
	}
	return digits > 0 && c == end;
}

/* Is this a whole number?  *fits: 63 bits hold it. */
static bool
is_whole(const char *c, const char *end, bool *fits)
{
	bool hex = end - c > 2 && c[0] == '0' && (c[1] == 'x' || c[1] == 'X');
	unsigned base = hex ? 16 : 10;
	uint64_t value = 0;

	c += hex ? 2 : *c == '+' || *c == '-';
	*fits = true;
	if (c == end)
		return false;
	for (; c < end && (hex ? is_hex_digit(*c) : is_digit(*c)); c++) {
		unsigned digit = is_digit(*c) ? (unsigned)(*c - '0')
					      : 9 + ((unsigned)*c & 7);
		if (value > ((uint64_t)INT64_MAX - digit) / base)
			*fits = false;
		else
			value = value * base + digit;
	}
	return c == end;
}

static void
read_number(struct tokens *t, struct token *token)
{
	const char *end = token->text + token->length;
	int shown = token->length > SHOWN_MAX ? SHOWN_MAX : (int)token->length;
	size_t suffix = 0;
	bool fits;

	while (suffix < 2 && token->length > suffix + 1 &&
	       *(end - suffix - 1) == 'L')
		suffix++;
	bool whole = is_whole(token->text, end - suffix, &fits);
	if (whole && fits) {
		token->kind = TOKEN_NUMBER;
		token->length -= suffix;
	} else if (!whole && is_fraction(token->text, end)) {
		token->kind = TOKEN_FRACTION;
	} else if (whole) {
		token->kind = TOKEN_BAD;
		reader_fail(t->reader, token->line,
		    "%.*s is out of range, accepted is what 64 bits hold",
		    shown, token->text);
	} else {
		token->kind = TOKEN_BAD;
		reader_fail(t->reader, token->line,
		    "%.*s is not a number, accepted are 22 and 0x16; ranges, "
		    "addresses and times stand in quotes",
		    shown, token->text);
	}
}

/* From the opening quote on. */
static bool
read_string(struct tokens *t, struct token *token)
{
	const char *c = t->at + 1;

	for (; c < t->end && *c != '"' && *c != '\n'; c++)
		if (*c == '\\' && t->end - c > 1 && c[1] != '\n')
			c++;
	if (c >= t->end || *c != '"')
		return reader_fail(t->reader, t->line,
		    "a string does not end on its line, accepted is \"...\"");
	token->kind = TOKEN_STRING;
	token->length = (size_t)(c + 1 - t->at);
	return true;
}

/* In any case. */
static bool
is_word(const struct token *token, const char *lower)
{
	if (token->length != strlen(lower))
		return false;
	for (size_t i = 0; i < token->length; i++)
		if ((token->text[i] | 0x20) != lower[i])
			return false;
	return true;
}

static bool
refuse(const struct tokens *t)
{
	static const char include[] = "@include";
	size_t length = sizeof(include) - 1;
	unsigned char byte = (unsigned char)*t->at;

	if ((size_t)(t->end - t->at) >= length &&
	    memcmp(t->at, include, length) == 0)
		return reader_fail(t->reader, t->line,
		    "@include is not accepted, further files belong into "
		    "rules.d");
	if (byte > ' ' && byte < 0x7f)
		return reader_fail(t->reader, t->line,
		    "\"%c\" is out of place, accepted is a setting such as "
		    "`port = 22;`",
		    byte);
	return reader_fail(t->reader, t->line,
	    "byte 0x%02x is out of place, accepted are such bytes in strings "
	    "and "
	    "comments only",
	    byte);
}

bool
tokens_next(struct tokens *t, struct token *token)
{
	if (!skip_blanks(t))
		return false;
	*token = (struct token){ TOKEN_END, t->at, 0, t->line };
	if (t->at == t->end)
		return true;
	char c = *t->at;
	if (c == '"') {
		if (!read_string(t, token))
			return false;
	} else if (is_letter(c) || c == '*') {
		token->length = run_length(t, "*_-");
		token->kind = is_word(token, "true") || is_word(token, "false")
				  ? TOKEN_BOOLEAN
				  : TOKEN_NAME;
	} else if (is_digit(c) || c == '+' || c == '-' || c == '.') {
		size_t length = token->length = run_length(t, "._+-");
		read_number(t, token);
		t->at += length; /* the token may be shorter now */
		return true;
	} else if (strchr("=:,;()[]{}", c)) {
		token->kind = TOKEN_MARK;
		token->length = 1;
	} else {
		return refuse(t);
	}
	t->at += token->length;
	return true;
}

bool
token_is_mark(const struct token *token, const char *marks)
{
	return token->kind == TOKEN_MARK && strchr(marks, *token->text);
}
