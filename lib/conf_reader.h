/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of conf share: the policy in the making, and the errors
 * found on the way, which are put into file order at the end.  Internal to
 * conf*.c; one thread.
 */
#ifndef EPHEMERALD_CONF_READER_H
#define EPHEMERALD_CONF_READER_H

#include "diagnostics.h"
#include "rules.h"

#include <libconfig.h>

#define READER_SUBJECT_SIZE 80

struct finding {
	char *text; /* owned */
	unsigned file, line;
	size_t order; /* of discovery */
};

struct reader {
	const struct conf_text *texts;
	unsigned file; /* of texts, the one being read */
	char
	    subject[READER_SUBJECT_SIZE]; /* opens each error: `rule "web": ` */
	struct policy *policy;
	uint64_t settings_written; /* bit n: settings_options[n] was read */

	struct finding *findings;
	size_t error_count; /* noted, of which the first are kept: */
	size_t finding_count;
	bool out_of_memory;
};

/* Note an error at that line of the current file.  Returns false, for the
 * caller to return. */
bool reader_fail(struct reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Is a further error listed, or only counted?  Suggestions are dear. */
bool reader_listens(const struct reader *reader);
/* Move the findings to diagnostics, in file order. */
void reader_report(struct reader *reader, struct diagnostics *diagnostics);
/* calloc() that notes its failure. */
void *reader_allocate(struct reader *reader, size_t count, size_t size);
/* A copy, owned by the caller; NULL: out of memory. */
char *reader_copy(struct reader *reader, const char *text);

/* NULL: the setting is no string. */
const char *setting_string(const config_setting_t *setting);
/* False: it is no whole number. */
bool setting_number(const config_setting_t *setting, int64_t *value);
/* A number, or "90s", "15m", "2h", "5d".  False: neither. */
bool setting_seconds(const config_setting_t *setting, int64_t *value);
/* For errors: the value if it is a number or a string, else what it is, as "a
 * list".  Returns buffer. */
const char *setting_show(const config_setting_t *setting, char *buffer);
#define SETTING_SHOW_SIZE 64

/* Valid UTF-8 (RFC 3629 section 4) without control characters? */
bool text_is_plain(const char *text);

/* Decimal digits from *at on, at least one; *at then is behind them.  Huge
 * ones give UINT32_MAX. */
bool parse_digits(const char **at, uint32_t *value);
/* Digits and one of s, m, h, d. */
bool parse_time(const char *text, int64_t *seconds);

/* Which name was probably meant, or else which there are. */
struct guess {
	const char *word;
	const char *best; /* NULL: none is near */
	unsigned distance;
	char names[320]; /* all, as far as they fit */
};
void guess_try(struct guess *guess, const char *name);
/* `did you mean "x"?`, or `accepted are x, y, z`.  Returns buffer. */
const char *guess_text(const struct guess *guess, char *buffer);
#define GUESS_TEXT_SIZE 360

#endif
