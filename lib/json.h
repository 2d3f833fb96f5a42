/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON into a growing buffer, commas and escapes included.  Invalid
 * UTF-8 becomes U+FFFD, so the output is always valid JSON on one line.
 * Nesting to 16; not thread-safe.
 */
#ifndef EPHEMERALD_JSON_H
#define EPHEMERALD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	char *text; /* NUL-terminated once something was written; owned */
	size_t used, size;
	unsigned depth;
	bool need_comma[17];
	bool failed; /* out of memory or nested too deep: text is not whole */
};

void json_free(struct json *json);
/* Keep the memory, forget the text. */
void json_reset(struct json *json);

/* `key` is NULL inside an array and at the top. */
void json_open_object(struct json *json, const char *key);
void json_close_object(struct json *json);
void json_open_array(struct json *json, const char *key);
void json_close_array(struct json *json);
void json_string(
    struct json *json, const char *key, const char *value); /* NULL: null */
void json_unsigned(struct json *json, const char *key, uint64_t value);
void json_real(struct json *json, const char *key,
    double value); /* 6 digits after the point at most */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
/* End of line, between top-level values. */
void json_newline(struct json *json);

#endif
