/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key `icmp`.  A name holds for every family that knows it, unless
 * `protocol` leaves only one; a number means nothing without a family, so it
 * needs exactly one, named by `protocol` or by the name it goes with.
 *
 * The matches end up sorted by family, type and code, and without codes of a
 * type that matches as a whole.
 */
#include "conf_rule.h"

#include "icmp_names.h"

#include <stdlib.h>
#include <string.h>

#define WORD_SIZE 40
#define FORMS                                                                  \
	"are \"type\" or \"type/code\", by name or number, a list of these"

static const struct {
	enum family family;
	enum protocol protocol;
} families[2] = {
	{ FAMILY_IPV4, PROTOCOL_ICMP },
	{ FAMILY_IPV6, PROTOCOL_ICMPV6 },
};

/* One value, cut at its slash. */
struct words {
	char type[WORD_SIZE];
	char code[WORD_SIZE]; /* "": none */
};

static bool
cut(const char *text, struct words *words)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);

	memset(words, 0, sizeof(*words));
	if (length == 0 || length >= WORD_SIZE)
		return false;
	memcpy(words->type, text, length);
	if (!slash)
		return true;
	length = strlen(slash + 1);
	if (length == 0 || length >= WORD_SIZE)
		return false;
	memcpy(words->code, slash + 1, length);
	return true;
}

static bool
is_numeric(const char *word)
{
	uint32_t value;
	return parse_digits(&word, &value) && *word == '\0';
}

/* -1: not a number from 0 to 255. */
static int
number_of(const char *word)
{
	uint32_t value;
	return is_numeric(word) && parse_digits(&word, &value) && value <= 255
		   ? (int)value
		   : -1;
}

/* What the words mean in a family.  False: nothing. */
static bool
resolve(const struct words *words, enum family family, struct icmp_match *match)
{
	int type = is_numeric(words->type)
		       ? number_of(words->type)
		       : icmp_type_number(family, words->type);
	int code = -1;

	if (type < 0)
		return false;
	if (words->code[0]) {
		const char *name = icmp_type_name(family, (uint8_t)type);
		if (is_numeric(words->code))
			code = number_of(words->code);
		else if (name)
			code = icmp_code_number(family, name, words->code);
		if (code < 0)
			return false;
	}
	*match = (struct icmp_match){
		.family = family,
		.type = (uint8_t)type,
		.code = (int16_t)code,
	};
	return true;
}

static bool
allows(const struct rule *rule, size_t family)
{
	unsigned protocol = families[family].protocol;
	return !rule->names_protocol ||
	       (rule->protocols[protocol / 64] >> (protocol % 64) & 1);
}

static bool
refuse(struct rule_reader *r, const config_setting_t *value,
    const struct words *words)
{
	unsigned line = config_setting_source_line(value);
	bool type_known = is_numeric(words->type);
	char hint[GUESS_TEXT_SIZE];
	struct guess guess = { .word = words->type };

	if ((is_numeric(words->type) && number_of(words->type) < 0) ||
	    (is_numeric(words->code) && number_of(words->code) < 0))
		return reader_fail(r->reader, line,
		    "icmp \"%s%s%s\" is out of range, accepted are 0 to 255",
		    words->type, words->code[0] ? "/" : "", words->code);
	for (size_t f = 0; f < 2; f++)
		if (icmp_type_number(families[f].family, words->type) >= 0)
			type_known = true;
	if (type_known)
		return reader_fail(r->reader, line,
		    "icmp \"%s%s%s\" is unknown in the protocol of the rule, "
		    "accepted " FORMS,
		    words->type, words->code[0] ? "/" : "", words->code);
	for (size_t i = 0; icmp_name(i); i++)
		guess_try(&guess, icmp_name(i));
	return reader_fail(r->reader, line, "icmp \"%s\" is unknown, %s",
	    words->type, guess_text(&guess, hint));
}

/* Up to two matches; 0: an error, which is noted. */
static size_t
read_one(struct rule_reader *r, const config_setting_t *value,
    struct icmp_match match[2])
{
	const char *text = setting_string(value);
	unsigned line = config_setting_source_line(value);
	char shown[SETTING_SHOW_SIZE];
	struct words words;
	int64_t number;
	size_t allowed = 0, count = 0;

	setting_show(value, shown);
	if (!text && setting_number(value, &number))
		text = shown;
	if (!text || !cut(text, &words)) {
		reader_fail(
		    r->reader, line, "icmp is %s, accepted " FORMS, shown);
		return 0;
	}
	for (size_t f = 0; f < 2; f++) {
		if (!allows(r->rule, f))
			continue;
		allowed++;
		count += resolve(&words, families[f].family, &match[count]);
	}
	if (count == 0 && allowed > 0)
		refuse(r, value, &words);
	if (count == 2 && (is_numeric(words.type) || is_numeric(words.code))) {
		reader_fail(r->reader, line,
		    "icmp \"%s\" is a number of two protocols, accepted is one "
		    "protocol, \"icmp\" or \"icmpv6\"",
		    text);
		return 0;
	}
	return count;
}

static int
compare(const void *left, const void *right)
{
	const struct icmp_match *a = left, *b = right;

	if (a->family != b->family)
		return a->family - b->family;
	return a->type != b->type ? a->type - b->type : a->code - b->code;
}

void
conf_match_icmp(struct rule_reader *r, const config_setting_t *value)
{
	bool many =
	    config_setting_is_array(value) || config_setting_is_list(value);
	size_t count = many ? (size_t)config_setting_length(value) : 1;
	size_t used = 0, kept = 0;

	if (count == 0) {
		reader_fail(r->reader, config_setting_source_line(value),
		    "icmp is an empty list, accepted " FORMS);
		return;
	}
	struct icmp_match *list =
	    reader_allocate(r->reader, 2 * count, sizeof(list[0]));
	if (!list)
		return;
	for (size_t i = 0; i < count; i++)
		used += read_one(r,
		    many ? config_setting_get_elem(value, (unsigned)i) : value,
		    &list[used]);
	qsort(list, used, sizeof(list[0]), compare);
	for (size_t i = 0; i < used; i++) {
		/* "any code" sorts first and covers the others of its type */
		const struct icmp_match *last = &list[kept > 0 ? kept - 1 : 0];
		if (kept > 0 && last->family == list[i].family &&
		    last->type == list[i].type &&
		    (last->code == -1 || last->code == list[i].code))
			continue;
		list[kept++] = list[i];
	}
	r->rule->icmp = list;
	r->rule->icmp_count = kept;
}

bool
conf_icmp_needs_protocol(const struct rule *rule)
{
	uint64_t implied[4] = { 0 };

	for (size_t i = 0; i < rule->icmp_count; i++) {
		const struct icmp_match *m = &rule->icmp[i];
		const char *type = icmp_type_name(m->family, m->type);
		const char *code =
		    type && m->code >= 0
			? icmp_code_name(m->family, m->type, (uint8_t)m->code)
			: NULL;
		struct icmp_match other;
		struct words words = { "", "" };
		if (!type)
			return true;
		strncpy(words.type, type, WORD_SIZE - 1);
		if (code)
			strncpy(words.code, code, WORD_SIZE - 1);
		else if (m->code >= 0)
			words.code[0] = '0'; /* any number */
		for (size_t f = 0; f < 2; f++)
			if (resolve(&words, families[f].family, &other))
				implied[families[f].protocol / 64] |=
				    (uint64_t)1 << families[f].protocol % 64;
	}
	return memcmp(implied, rule->protocols, sizeof(implied)) != 0;
}
