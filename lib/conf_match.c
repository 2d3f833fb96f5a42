/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of the match keys: each a single one, or a list or array of
 * them.  Lists are brought into one normal form, sorted and without what is
 * said twice, so that the packet path may search and rules that mean the same
 * print the same.
 */
#include "conf_rule.h"

#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS "1 to 65535"
#define PORT_FORMS                                                             \
	"are " PORTS ", a range \"1000-2000\", a service name, a list of "     \
	"these, or \"*\""
#define PROTOCOL_FORMS "are names such as \"tcp\", 0 to 255, a list of these"
#define ADDRESS_FORM                                                           \
	"are an address, \"192.0.2.0/24\", \"192.0.2.1-192.0.2.9\", likewise " \
	"for IPv6, "
#define ADDRESS_FORMS ADDRESS_FORM "\"@set\", a list of these"
#define MEMBER_FORMS  ADDRESS_FORM "a list of these"
#define INTERFACE_FORMS                                                        \
	"are a name of 1 to 15 bytes, one such as \"wg*\", a list of these"

static unsigned
line_of(const config_setting_t *setting)
{
	return config_setting_source_line(setting);
}

/* Values in it: 1 if it is no list.  0: an error, which is noted. */
static size_t
value_count(
    struct rule_reader *r, const config_setting_t *value, const char *forms)
{
	if (config_setting_is_group(value)) {
		reader_fail(r->reader, line_of(value),
		    "%s is a group, accepted %s", r->key, forms);
		return 0;
	}
	if (!config_setting_is_aggregate(value))
		return 1;
	if (config_setting_length(value) == 0)
		reader_fail(r->reader, line_of(value),
		    "%s is an empty list, accepted %s", r->key, forms);
	return (size_t)config_setting_length(value);
}

static const config_setting_t *
value_at(const config_setting_t *value, size_t i)
{
	return config_setting_is_aggregate(value)
		   ? config_setting_get_elem(value, (unsigned)i)
		   : value;
}

static void
refuse(struct rule_reader *r, const config_setting_t *value, const char *forms)
{
	char shown[SETTING_SHOW_SIZE];

	reader_fail(r->reader, line_of(value), "%s is %s, accepted %s", r->key,
	    setting_show(value, shown), forms);
}

/* "*" alone: no criterion. */
static bool
is_star(const config_setting_t *value)
{
	const char *text = setting_string(value);
	return text && strcmp(text, "*") == 0;
}

/* As refuse(), but with what was probably meant. */
static void
refuse_word(struct rule_reader *r, const config_setting_t *value,
    const struct guess *guess, const char *forms)
{
	char hint[GUESS_TEXT_SIZE];

	if (guess->best)
		reader_fail(r->reader, line_of(value),
		    "%s \"%s\" is unknown, %s", r->key, guess->word,
		    guess_text(guess, hint));
	else
		refuse(r, value, forms);
}

static void
refuse_protocol(struct rule_reader *r, const config_setting_t *value)
{
	const char *text = setting_string(value);
	struct guess guess = { .word = text ? text : "" };

	for (unsigned p = 0; p < 256; p++)
		if (protocol_name((uint8_t)p))
			guess_try(&guess, protocol_name((uint8_t)p));
	refuse_word(r, value, &guess, PROTOCOL_FORMS);
}

void
conf_match_protocol(struct rule_reader *r, const config_setting_t *value)
{
	size_t count = value_count(r, value, PROTOCOL_FORMS);

	r->rule->names_protocol = true;
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *element = value_at(value, i);
		const char *text = setting_string(element);
		int64_t number;
		if (!setting_number(element, &number))
			number = text ? protocol_parse(text) : -1;
		if (number < 0 || number > 255)
			refuse_protocol(r, element);
		else
			r->rule->protocols[number / 64] |= (uint64_t)1
							   << (number % 64);
	}
}

static void
refuse_service(
    struct rule_reader *r, const config_setting_t *value, const char *text)
{
	struct guess guess = { .word = text };

	for (size_t i = 0; reader_listens(r->reader) && service_name(i); i++)
		guess_try(&guess, service_name(i));
	refuse_word(r, value, &guess, PORT_FORMS);
}

static bool
read_port(struct rule_reader *r, const config_setting_t *value,
    struct port_range *range)
{
	const char *text = setting_string(value), *at = text;
	char shown[SETTING_SHOW_SIZE];
	int64_t low, high;
	uint32_t first, second;

	if (setting_number(value, &low)) {
		high = low;
	} else if (!text) {
		refuse(r, value, PORT_FORMS);
		return false;
	} else if (service_port(text, &range->low)) {
		range->high = range->low;
		return true;
	} else if (!parse_digits(&at, &first)) {
		refuse_service(r, value, text);
		return false;
	} else {
		low = high = first;
		bool range_given = *at == '-';
		at += range_given;
		if ((range_given && !parse_digits(&at, &second)) || *at) {
			refuse(r, value, PORT_FORMS);
			return false;
		}
		if (range_given)
			high = second;
	}
	setting_show(value, shown);
	if (low < 1 || low > UINT16_MAX || high < 1 || high > UINT16_MAX)
		return reader_fail(r->reader, line_of(value),
		    "%s %s is out of range, accepted are " PORTS, r->key,
		    shown);
	if (low > high)
		return reader_fail(r->reader, line_of(value),
		    "%s %s ends before it begins, accepted is \"%d-%d\"",
		    r->key, shown, (int)high, (int)low);
	*range = (struct port_range){ (uint16_t)low, (uint16_t)high };
	return true;
}

static int
compare_ports(const void *left, const void *right)
{
	const struct port_range *a = left, *b = right;
	return a->low < b->low ? -1 : a->low > b->low;
}

static void
read_ports(struct rule_reader *r, const config_setting_t *value,
    struct port_range **ranges, size_t *range_count)
{
	size_t count = is_star(value) ? 0 : value_count(r, value, PORT_FORMS);
	size_t used = 0, kept = 0;

	if (count == 0)
		return;
	struct port_range *list =
	    reader_allocate(r->reader, count, sizeof(list[0]));
	if (!list)
		return;
	for (size_t i = 0; i < count; i++)
		if (read_port(r, value_at(value, i), &list[used]))
			used++;
	qsort(list, used, sizeof(list[0]), compare_ports);
	for (size_t i = 0; i < used; i++)
		if (kept == 0 || list[i].low > list[kept - 1].high)
			list[kept++] = list[i];
		else if (list[i].high > list[kept - 1].high)
			list[kept - 1].high = list[i].high;
	*ranges = list;
	*range_count = kept;
}

void
conf_match_port(struct rule_reader *r, const config_setting_t *value)
{
	read_ports(r, value, &r->rule->ports, &r->rule->port_count);
}

void
conf_match_source_port(struct rule_reader *r, const config_setting_t *value)
{
	read_ports(
	    r, value, &r->rule->source_ports, &r->rule->source_port_count);
}

/* Why "A-B" is no range, if both are addresses. */
static const char *
fault_of_range(const char *text)
{
	const char *dash = strchr(text, '-');
	char low[ADDRESS_TEXT_SIZE];
	struct address a, b;

	if (!dash || (size_t)(dash - text) >= sizeof(low))
		return NULL;
	memcpy(low, text, (size_t)(dash - text));
	low[dash - text] = '\0';
	if (!address_parse(low, &a) || !address_parse(dash + 1, &b))
		return NULL;
	return address_is_v4(a) == address_is_v4(b) ? "ends before it begins"
						    : "mixes IPv4 and IPv6";
}

static bool
read_address(struct rule_reader *r, const config_setting_t *value,
    struct address_range *range, const char *forms)
{
	const char *text = setting_string(value);

	if (text && address_range_parse(text, range))
		return true;
	const char *fault = text ? fault_of_range(text) : NULL;
	if (fault)
		return reader_fail(r->reader, line_of(value),
		    "%s \"%s\" %s, accepted %s", r->key, text, fault, forms);
	refuse(r, value, forms);
	return false;
}

void
conf_match_members(struct rule_reader *r, const config_setting_t *value,
    struct address_range **ranges, size_t *range_count)
{
	size_t count = value_count(r, value, MEMBER_FORMS), used = 0;
	struct address_range *list =
	    count ? reader_allocate(r->reader, count, sizeof(list[0])) : NULL;

	for (size_t i = 0; list && i < count; i++)
		if (read_address(
			r, value_at(value, i), &list[used], MEMBER_FORMS))
			used++;
	if (!list)
		return;
	*ranges = list;
	*range_count = address_ranges_join(list, used);
}

/* The set, unless the list has it already. */
static void
read_set(struct rule_reader *r, const config_setting_t *value,
    const struct named_set **sets, size_t *count)
{
	const char *text = setting_string(value);
	const struct policy *policy = r->reader->policy;
	const struct named_set *set = policy_find_set(policy, text + 1);
	struct guess guess = { .word = text + 1 };
	char hint[GUESS_TEXT_SIZE];

	for (size_t i = 0; set && i < *count; i++)
		if (sets[i] == set)
			return;
	if (set) {
		sets[(*count)++] = set;
		return;
	}
	for (size_t i = 0; reader_listens(r->reader) && i < policy->set_count;
	     i++)
		guess_try(&guess, policy->sets[i].name);
	reader_fail(r->reader, line_of(value), "%s \"%s\" names no set, %s",
	    r->key, text, guess_text(&guess, hint));
}

/* They are in the order of their names in the policy. */
static int
compare_sets(const void *left, const void *right)
{
	const struct named_set *const *a = left, *const *b = right;
	return *a < *b ? -1 : *a > *b;
}

static void
read_addresses(struct rule_reader *r, const config_setting_t *value,
    struct address_range **ranges, size_t *range_count,
    const struct named_set ***sets, size_t *set_count)
{
	size_t count = value_count(r, value, ADDRESS_FORMS), used = 0;

	if (count == 0)
		return;
	*ranges = reader_allocate(r->reader, count, sizeof((*ranges)[0]));
	*sets = reader_allocate(r->reader, count, sizeof((*sets)[0]));
	if (!*ranges || !*sets)
		return;
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *element = value_at(value, i);
		const char *text = setting_string(element);
		if (text && *text == '@')
			read_set(r, element, *sets, set_count);
		else if (read_address(
			     r, element, &(*ranges)[used], ADDRESS_FORMS))
			used++;
	}
	*range_count = address_ranges_join(*ranges, used);
	qsort(*sets, *set_count, sizeof((*sets)[0]), compare_sets);
}

void
conf_match_from(struct rule_reader *r, const config_setting_t *value)
{
	read_addresses(r, value, &r->rule->from, &r->rule->from_count,
	    &r->rule->from_sets, &r->rule->from_set_count);
}

void
conf_match_to(struct rule_reader *r, const config_setting_t *value)
{
	read_addresses(r, value, &r->rule->to, &r->rule->to_count,
	    &r->rule->to_sets, &r->rule->to_set_count);
}

/* As the kernel takes them (net/core/dev.c, dev_valid_name()), at the end
 * perhaps a `*` for any rest. */
static bool
is_interface(const char *name)
{
	size_t length = strlen(name);
	size_t stem =
	    length > 0 && name[length - 1] == '*' ? length - 1 : length;

	if (stem == 0 || stem >= INTERFACE_NAME_SIZE ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < stem; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f ||
		    strchr("/:*", name[i]))
			return false;
	return true;
}

static int
compare_names(const void *left, const void *right)
{
	char *const *a = left, *const *b = right;
	return strcmp(*a, *b);
}

static void
read_interfaces(struct rule_reader *r, const config_setting_t *value,
    char ***names, size_t *name_count)
{
	size_t count =
	    is_star(value) ? 0 : value_count(r, value, INTERFACE_FORMS);
	size_t used = 0, kept = 0;

	if (count == 0)
		return;
	char **list = reader_allocate(r->reader, count, sizeof(list[0]));
	if (!list)
		return;
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *element = value_at(value, i);
		const char *text = setting_string(element);
		if (!text || !is_interface(text))
			refuse(r, element, INTERFACE_FORMS);
		else if ((list[used] = reader_copy(r->reader, text)))
			used++;
	}
	qsort(list, used, sizeof(list[0]), compare_names);
	for (size_t i = 0; i < used; i++)
		if (kept > 0 && strcmp(list[kept - 1], list[i]) == 0)
			free(list[i]);
		else
			list[kept++] = list[i];
	*names = list;
	*name_count = kept;
}

void
conf_match_interface(struct rule_reader *r, const config_setting_t *value)
{
	read_interfaces(
	    r, value, &r->rule->interfaces, &r->rule->interface_count);
}

void
conf_match_out_interface(struct rule_reader *r, const config_setting_t *value)
{
	read_interfaces(
	    r, value, &r->rule->out_interfaces, &r->rule->out_interface_count);
}
