/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One buffer that doubles, always one byte longer than its text.  A value is
 * written as: comma if its container has one already, key, value.  The first
 * failure makes every later call do nothing, so that the caller asks once, at
 * the end.
 *
 * Strings: RFC 8259 section 7 demands escapes for quote, backslash and below
 * U+0020.  Escaped beyond that: DEL, the C1 controls (U+009B steers terminals)
 * and the line separators U+0085, U+2028, U+2029, so that a line stays a line
 * for every reader.  UTF-8 as in RFC 3629 section 4: each byte that is of no
 * valid sequence becomes one U+FFFD.
 *
 * Numbers never ask the locale for its decimal point: the fraction is written
 * as an integer, and %.0f has no point.
 */
#include "json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX  16
#define FIRST_SIZE 256
#define MILLION    UINT64_C(1000000)

void
json_free(struct json *json)
{
	free(json->text);
	*json = (struct json){ 0 };
}

void
json_reset(struct json *json)
{
	char *text = json->text;
	size_t size = json->size;

	*json = (struct json){ .text = text, .size = size };
	if (text)
		text[0] = '\0';
}

static void
append(struct json *json, const char *bytes, size_t count)
{
	if (json->failed)
		return;
	if (count >= json->size - json->used) {
		size_t size = json->size ? json->size : FIRST_SIZE;
		while (count >= size - json->used && size <= SIZE_MAX / 2)
			size *= 2;
		char *text = NULL;
		if (count < size - json->used)
			text = realloc(json->text, size);
		if (!text) {
			json->failed = true;
			return;
		}
		json->text = text;
		json->size = size;
	}
	memcpy(json->text + json->used, bytes, count);
	json->used += count;
	json->text[json->used] = '\0';
}

static void
append_text(struct json *json, const char *text)
{
	append(json, text, strlen(text));
}

/* Bytes of the UTF-8 character at `at`, its code point in *code.  0: invalid.
 * The NUL that ends a string is no continuation byte, so this stops at it. */
static size_t
decode(const unsigned char *at, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length;

	if (at[0] < 0x80) {
		*code = at[0];
		return 1;
	}
	if (at[0] >= 0xc2 && at[0] < 0xe0)
		length = 2;
	else if (at[0] >= 0xe0 && at[0] < 0xf0)
		length = 3;
	else if (at[0] >= 0xf0 && at[0] < 0xf5)
		length = 4;
	else
		return 0;
	*code = at[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3f);
	}
	bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
	if (*code < least[length] || *code > 0x10ffff || surrogate)
		return 0;
	return length;
}

static bool
needs_escape(uint32_t code)
{
	return code < 0x20 || code == '"' || code == '\\' ||
	       (code >= 0x7f && code <= 0x9f) || code == 0x2028 ||
	       code == 0x2029;
}

static void
append_escape(struct json *json, uint32_t code)
{
	char text[7];

	switch (code) {
	case '"':
		append_text(json, "\\\"");
		return;
	case '\\':
		append_text(json, "\\\\");
		return;
	case '\n':
		append_text(json, "\\n");
		return;
	case '\t':
		append_text(json, "\\t");
		return;
	}
	snprintf(text, sizeof(text), "\\u%04x", (unsigned)code & 0xffff);
	append_text(json, text);
}

static void
append_quoted(struct json *json, const char *value)
{
	const unsigned char *at = (const unsigned char *)value;
	const unsigned char *plain = at; /* not yet appended, needs no change */

	append_text(json, "\"");
	while (*at) {
		uint32_t code;
		size_t length = decode(at, &code);
		if (length > 0 && !needs_escape(code)) {
			at += length;
			continue;
		}
		append(json, (const char *)plain, (size_t)(at - plain));
		if (length > 0)
			append_escape(json, code);
		else
			append_text(json, "\xef\xbf\xbd"); /* U+FFFD */
		at += length > 0 ? length : 1;
		plain = at;
	}
	append(json, (const char *)plain, (size_t)(at - plain));
	append_text(json, "\"");
}

/* What comes before any value. */
static void
begin_value(struct json *json, const char *key)
{
	if (json->failed)
		return;
	assert(json->depth > 0 || !json->need_comma[0]); /* json_newline() */
	if (json->need_comma[json->depth])
		append_text(json, ",");
	json->need_comma[json->depth] = true;
	if (key) {
		append_quoted(json, key);
		append_text(json, ":");
	}
}

static void
open_nested(struct json *json, const char *key, const char *bracket)
{
	begin_value(json, key);
	if (json->failed)
		return;
	if (json->depth == DEPTH_MAX) {
		json->failed = true;
		return;
	}
	append_text(json, bracket);
	json->need_comma[++json->depth] = false;
}

static void
close_nested(struct json *json, const char *bracket)
{
	if (json->failed)
		return;
	assert(json->depth > 0);
	json->depth--;
	append_text(json, bracket);
}

void
json_open_object(struct json *json, const char *key)
{
	open_nested(json, key, "{");
}

void
json_close_object(struct json *json)
{
	close_nested(json, "}");
}

void
json_open_array(struct json *json, const char *key)
{
	open_nested(json, key, "[");
}

void
json_close_array(struct json *json)
{
	close_nested(json, "]");
}

void
json_string(struct json *json, const char *key, const char *value)
{
	begin_value(json, key);
	if (value)
		append_quoted(json, value);
	else
		append_text(json, "null");
}

void
json_unsigned(struct json *json, const char *key, uint64_t value)
{
	char text[21];

	begin_value(json, key);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	append_text(json, text);
}

/* RFC 8259 section 6 has neither infinity nor NaN: null. */
void
json_real(struct json *json, const char *key, double value)
{
	char text[320]; /* DBL_MAX has 309 digits */
	double size = value < 0 ? -value : value;

	if (!(size <= 1.7976931348623157e308)) {
		json_null(json, key);
		return;
	}
	begin_value(json, key);
	if (size >= 9007199254740992.0) { /* 2^53: no fraction from here on */
		snprintf(text, sizeof(text), "%.0f", value);
		append_text(json, text);
		return;
	}
	uint64_t whole = (uint64_t)size;
	uint64_t millionths = (uint64_t)((size - (double)whole) * 1e6 + 0.5);
	whole += millionths / MILLION;
	millionths %= MILLION;
	const char *sign = value < 0 && (whole || millionths) ? "-" : "";
	int used = snprintf(text, sizeof(text), "%s%llu.%06llu", sign,
	    (unsigned long long)whole, (unsigned long long)millionths);
	while (text[used - 1] == '0')
		used--;
	if (text[used - 1] == '.')
		used--;
	append(json, text, (size_t)used);
}

void
json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	append_text(json, value ? "true" : "false");
}

void
json_null(struct json *json, const char *key)
{
	json_string(json, key, NULL);
}

void
json_newline(struct json *json)
{
	assert(json->failed || json->depth == 0);
	append_text(json, "\n");
	json->need_comma[0] = false;
}
