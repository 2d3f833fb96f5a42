/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The readers of the plain settings, all driven by the rows of
 * settings_options[]: a section is what stands in the section column of some
 * row, "conntrack.timeouts" is the group `timeouts` in the group `conntrack`.
 */
#include "conf_settings.h"

#include "settings.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE     80
#define ACCEPTED_SIZE 120

static void
join(const char *section, const char *name, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s%s%s", section, *section ? "." : "", name);
}

static bool
parse_word(const struct option *option, const char *text, int64_t *value)
{
	for (*value = 0; option->words[*value]; ++*value)
		if (strcmp(text, option->words[*value]) == 0)
			return true;
	return false;
}

/* False: not a value of this form. */
static bool
parse_value(const struct option *option, const config_setting_t *setting,
    int64_t *value)
{
	const char *text = setting_string(setting);
	bool in_range = setting_number(setting, value) &&
			*value >= option->low && *value <= option->high;

	switch (option->form) {
	case OPTION_NUMBER:
		return in_range;
	case OPTION_AUTO:
		if (!text || strcmp(text, "auto") != 0)
			return in_range;
		*value = 0;
		return true;
	case OPTION_SECONDS:
		return setting_seconds(setting, value) &&
		       *value >= option->low && *value <= option->high;
	case OPTION_MASK:
		return in_range && (*value & (*value - 1)) != 0;
	case OPTION_WORD:
		return text && parse_word(option, text, value);
	}
	return false;
}

static void
print_accepted(const struct option *option, char text[ACCEPTED_SIZE])
{
	int used = 0;

	switch (option->form) {
	case OPTION_NUMBER:
		snprintf(text, ACCEPTED_SIZE, "are %u to %u", option->low,
		    option->high);
		break;
	case OPTION_AUTO:
		snprintf(text, ACCEPTED_SIZE, "are %u to %u, or \"auto\"",
		    option->low, option->high);
		break;
	case OPTION_SECONDS:
		snprintf(text, ACCEPTED_SIZE,
		    "are %u to %u seconds, also as \"90s\", \"15m\", \"2h\", "
		    "\"5d\"",
		    option->low, option->high);
		break;
	case OPTION_MASK:
		snprintf(text, ACCEPTED_SIZE,
		    "are numbers to 0x%x with two bits or more, such as 0x%x",
		    option->high, option->standard[0]);
		break;
	case OPTION_WORD:
		for (size_t i = 0; option->words[i]; i++)
			used += snprintf(text + used,
			    ACCEPTED_SIZE - (size_t)used, "%s\"%s\"",
			    i == 0                 ? "are "
			    : option->words[i + 1] ? ", "
						   : " and ",
			    option->words[i]);
		break;
	}
}

static void
read_option(struct reader *reader, const struct option *option,
    const config_setting_t *setting)
{
	int64_t value;

	if (parse_value(option, setting, &value)) {
		reader->policy->written[option - settings_options] =
		    (struct written){
			    reader->policy->files[reader->file],
			    config_setting_source_line(setting),
		    };
		settings_set(
		    &reader->policy->settings, option, (uint32_t)value);
		reader->settings_written |= UINT64_C(1)
					    << (option - settings_options);
		return;
	}
	char path[PATH_SIZE], accepted[ACCEPTED_SIZE], shown[SETTING_SHOW_SIZE];
	join(option->section, option->name, path);
	print_accepted(option, accepted);
	reader_fail(reader, config_setting_source_line(setting),
	    "%s is %s, accepted %s", path, setting_show(setting, shown),
	    accepted);
}

static bool
is_section(const char *path)
{
	for (const struct option *o = settings_options; o->name; o++)
		if (strcmp(o->section, path) == 0)
			return true;
	return false;
}

/* Offer the settings and the groups of the section, each group once: its rows
 * stand together. */
static void
guess_in(const char *section, struct guess *guess)
{
	size_t length = strlen(section);
	const char *last = "";

	for (const struct option *o = settings_options; o->name; o++) {
		if (strcmp(o->section, section) == 0) {
			guess_try(guess, o->name);
			continue;
		}
		const char *inner = NULL;
		if (length == 0)
			inner = o->section;
		else if (strncmp(o->section, section, length) == 0 &&
			 o->section[length] == '.')
			inner = o->section + length + 1;
		if (inner && !strchr(inner, '.') && strcmp(inner, last) != 0) {
			guess_try(guess, inner);
			last = inner;
		}
	}
}

/* Queue numbers have 16 bits. */
static void
check_queues(struct reader *reader, const config_setting_t *setting)
{
	const struct settings *settings = &reader->policy->settings;
	unsigned end = settings->queue.first + settings->queue.count;

	if (end > UINT16_MAX + 1)
		reader_fail(reader, config_setting_source_line(setting),
		    "queue.first and queue.count reach queue %u, accepted are "
		    "queues to %d",
		    end - 1, UINT16_MAX);
}

/* A setting or a group of the section.  False: unknown there. */
static bool
read_member(
    struct reader *reader, const char *section, const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);
	char path[PATH_SIZE], shown[SETTING_SHOW_SIZE];

	for (const struct option *o = settings_options; o->name; o++)
		if (strcmp(o->section, section) == 0 &&
		    strcmp(o->name, name) == 0) {
			read_option(reader, o, setting);
			return true;
		}
	join(section, name, path);
	if (!is_section(path))
		return false;
	if (!config_setting_is_group(setting)) {
		reader_fail(reader, config_setting_source_line(setting),
		    "%s is %s, accepted is a group { }", path,
		    setting_show(setting, shown));
		return true;
	}
	for (int i = 0; i < config_setting_length(setting); i++) {
		const config_setting_t *member =
		    config_setting_get_elem(setting, (unsigned)i);
		struct guess guess = { .word = config_setting_name(member) };
		char hint[GUESS_TEXT_SIZE];
		/* sections nest two deep, and so does this */
		if (read_member(reader, path, member))
			continue;
		guess_in(path, &guess);
		reader_fail(reader, config_setting_source_line(member),
		    "%s has no key \"%s\", %s", path, guess.word,
		    guess_text(&guess, hint));
	}
	if (strcmp(path, "queue") == 0)
		check_queues(reader, setting);
	return true;
}

bool
conf_settings_read(struct reader *reader, const config_setting_t *setting)
{
	return read_member(reader, "", setting);
}

void
conf_settings_guess(struct guess *guess)
{
	guess_in("", guess);
}
