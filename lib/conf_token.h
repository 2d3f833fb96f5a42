/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config text as tokens, the lexical half of conf_scan.  Tokens point into
 * the text.  Internal to conf*.c.
 */
#ifndef EPHEMERALD_CONF_TOKEN_H
#define EPHEMERALD_CONF_TOKEN_H

#include "conf_reader.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME, /* also a word that lacks its quotes */
	TOKEN_BOOLEAN,
	TOKEN_NUMBER, /* whole, without its suffix; 64 bits hold it */
	TOKEN_FRACTION,
	TOKEN_STRING, /* with its quotes */
	TOKEN_MARK,   /* one of = : , ; ( ) [ ] { } */
	TOKEN_BAD     /* a value that is none; the error is noted */
};

struct token {
	enum token_kind kind;
	const char *text;
	size_t length;
	unsigned line;
};

struct tokens {
	struct reader *reader;
	const char *at, *end;
	unsigned line; /* of `at` */
};

/* False: no token can be read from here on; the error is noted. */
bool tokens_next(struct tokens *tokens, struct token *token);
bool token_is_mark(const struct token *token, const char *marks);

#endif
