/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings that are plain values, as one table: where each is written,
 * what it accepts, what it is when nobody says.  Reader, printer and defaults
 * all follow it; a new setting is a new row.  Constant data, any thread.
 */
#ifndef EPHEMERALD_SETTINGS_H
#define EPHEMERALD_SETTINGS_H

#include "rules.h"

enum option_form {
	OPTION_NUMBER,
	OPTION_AUTO,    /* a number, or "auto", which is 0 */
	OPTION_SECONDS, /* a number, or "90s", "15m", "2h", "5d" */
	OPTION_MASK,    /* a number with two bits or more */
	OPTION_WORD,
};

struct option {
	const char *section; /* "queue", "conntrack.timeouts"; "": top level */
	const char *name;
	enum option_form form;
	size_t offset;            /* of its 32 bits in struct settings */
	uint32_t low, high;       /* accepted, inclusive; not OPTION_WORD */
	const char *const *words; /* OPTION_WORD: by value, NULL at the end */
	uint32_t standard[PROFILE_COUNT]; /* a timeout's by profile; of others
					     the first */
};

/* In the order they are printed; `name` is NULL at the end. */
extern const struct option settings_options[];

void settings_default(struct settings *settings);
/* What the setting is when nobody writes it, under this profile. */
uint32_t settings_standard(
    const struct settings *settings, const struct option *option);
/* All settings are read; bit n of `written` is set if settings_options[n] was
 * among them.  The others get what the profile says. */
void settings_complete(struct settings *settings, uint64_t written);
uint32_t settings_get(
    const struct settings *settings, const struct option *option);
void settings_set(
    struct settings *settings, const struct option *option, uint32_t value);

#endif
