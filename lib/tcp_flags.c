/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names are those of the RFCs in lower case, in the order of their bits,
 * and what is printed is read back as the same.
 */
#include "tcp_flags.h"

#include <stdio.h>
#include <string.h>

#define FLAGS 8

static const char *const names[FLAGS] = { "fin", "syn", "rst", "psh", "ack",
	"urg", "ece", "cwr" };

const char *
tcp_flag_name(unsigned bit)
{
	return names[bit];
}

/* The name of that length; FLAGS: there is none. */
static unsigned
find(const char *name, size_t length)
{
	unsigned bit = 0;

	while (bit < FLAGS && (strlen(names[bit]) != length ||
				  memcmp(names[bit], name, length) != 0))
		bit++;
	return bit;
}

/* Of the text as much as `length`. */
static bool
parse(const char *text, size_t length, uint8_t *flags)
{
	const char *end = text + length;

	*flags = 0;
	if (length == 4 && memcmp(text, "none", 4) == 0)
		return true;
	for (;;) {
		size_t part = strcspn(text, ",/");
		unsigned bit = find(text, part);
		if (bit == FLAGS)
			return false;
		*flags |= (uint8_t)(1u << bit);
		text += part;
		if (text >= end)
			return true;
		text++; /* the comma */
	}
}

bool
tcp_flags_parse(const char *text, uint8_t *flags)
{
	return !strchr(text, '/') && parse(text, strlen(text), flags);
}

bool
flags_match_parse(const char *text, struct flags_match *match)
{
	const char *slash = strchr(text, '/');

	if (!slash) {
		bool known = tcp_flags_parse(text, &match->set);
		match->of = match->set;
		return known && match->set != 0;
	}
	return parse(text, (size_t)(slash - text), &match->set) &&
	       tcp_flags_parse(slash + 1, &match->of) && match->of != 0 &&
	       (match->set & ~match->of) == 0;
}

const char *
tcp_flags_print(uint8_t flags, char text[TCP_FLAGS_TEXT_SIZE])
{
	size_t used = 0;

	for (unsigned bit = 0; bit < FLAGS; bit++)
		if (flags >> bit & 1)
			used += (size_t)snprintf(text + used,
			    TCP_FLAGS_TEXT_SIZE - used, "%s%s",
			    used > 0 ? "," : "", names[bit]);
	if (used == 0)
		snprintf(text, TCP_FLAGS_TEXT_SIZE, "none");
	return text;
}

const char *
flags_match_print(
    const struct flags_match *match, char text[FLAGS_MATCH_TEXT_SIZE])
{
	tcp_flags_print(match->set, text);
	if (match->set != match->of) {
		size_t used = strlen(text);
		text[used] = '/';
		tcp_flags_print(match->of, text + used + 1);
	}
	return text;
}
