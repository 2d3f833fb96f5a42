/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both imports share: where we are in the JSON, which of its members are
 * known, and how AWS's ports, protocols and CIDRs are written in our config.
 *
 * AWS's traps: protocol numbers stand as text; of any protocol but TCP, UDP and
 * ICMP the ports say nothing; type or code -1 is every one; host bits of a CIDR
 * are cut off.
 */
#include "aws.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

#define SAID_SIZE 400

static void __attribute__((format(printf, 3, 0)))
say(const struct aws_place *place, const char *word, const char *format,
    va_list arguments)
{
	char said[SAID_SIZE];

	vsnprintf(said, sizeof(said), format, arguments);
	text_complain("%s: %s%s%s%s", place->file, word, place->path,
	    *place->path ? ": " : "", said);
}

bool
aws_fail(struct aws_place *place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(place, "", format, arguments);
	va_end(arguments);
	place->failed = true;
	return false;
}

void
aws_notice(struct aws_place *place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(place, "notice: ", format, arguments);
	va_end(arguments);
}

size_t
aws_enter(struct aws_place *place, const char *key, long index)
{
	size_t length = strlen(place->path);
	size_t left = sizeof(place->path) - length;
	const char *dot = length > 0 ? "." : "";

	if (index < 0)
		snprintf(place->path + length, left, "%s%.40s", dot, key);
	else
		snprintf(place->path + length, left, "%s%.40s[%ld]", dot, key,
		    index);
	return length;
}

void
aws_leave(struct aws_place *place, size_t length)
{
	place->path[length] = '\0';
}

void
aws_check_keys(
    struct aws_place *place, const json_t *object, const char *const keys[])
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		size_t i = 0;
		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (!keys[i])
			aws_fail(place,
			    "\"%.60s\" is not understood and would be lost",
			    key);
	}
}

const char *
aws_text(struct aws_place *place, const json_t *object, const char *key,
    bool optional)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		return json_string_value(value);
	if (value || !optional)
		aws_fail(place, "%s is %s, accepted is text", key,
		    value ? "something else" : "missing");
	return NULL;
}

bool
aws_number(struct aws_place *place, const json_t *object, const char *key,
    long low, long high, long *value)
{
	const json_t *number = json_object_get(object, key);

	if (!json_is_integer(number))
		return aws_fail(place, "%s is %s, accepted are %ld to %ld", key,
		    number ? "no whole number" : "missing", low, high);
	json_int_t n = json_integer_value(number);
	if (n < low || n > high)
		return aws_fail(place,
		    "%s is %" JSON_INTEGER_FORMAT ", accepted are %ld to %ld",
		    key, n, low, high);
	*value = (long)n;
	return true;
}

bool
aws_cidr(struct aws_place *place, const char *text, enum family family,
    char canonical[2 * ADDRESS_TEXT_SIZE])
{
	struct address_range range;

	if (!strchr(text, '/') || !address_range_parse(text, &range) ||
	    address_is_v4(range.low) != (family == FAMILY_IPV4))
		return aws_fail(place,
		    "\"%.60s\" is no CIDR, accepted is such as %s", text,
		    family == FAMILY_IPV4 ? "192.0.2.0/24" : "2001:db8::/32");
	address_range_print(&range, canonical, 2 * ADDRESS_TEXT_SIZE);
	return true;
}

/* A name for libconfig too. */
bool
aws_is_id(const char *id)
{
	return id &&
	       (strncmp(id, "sg-", 3) == 0 || strncmp(id, "pl-", 3) == 0) &&
	       id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-")] ==
		   '\0' &&
	       strlen(id) <= 40;
}

int
aws_protocol(struct aws_place *place, const char *text)
{
	int protocol = strcmp(text, "-1") == 0 ? -1 : protocol_parse(text);

	if (protocol >= 0 || strcmp(text, "-1") == 0)
		return protocol;
	aws_fail(place,
	    "protocol \"%.40s\", accepted are \"-1\", \"tcp\", \"udp\", "
	    "\"icmp\", \"icmpv6\" and \"0\" to \"255\"",
	    text);
	return -2;
}

void
aws_put_protocol(FILE *out, int protocol)
{
	char text[16];

	if (protocol < 0)
		return;
	protocol_print((uint8_t)protocol, text, sizeof(text));
	fprintf(out, " protocol = \"%s\";", text);
}

bool
aws_put_ports(struct aws_place *place, FILE *out, long from, long to)
{
	if (from > to)
		return aws_fail(
		    place, "ports %ld to %ld, accepted is upwards", from, to);
	if (to == 0)
		return aws_fail(place,
		    "port 0 alone cannot be expressed: no packet with port 0 "
		    "is let in");
	if (from == 0 && to < UINT16_MAX)
		aws_notice(place,
		    "port 0 is left out: no packet with port 0 is let in");
	if (from <= 1 && to == UINT16_MAX)
		return true;
	from = from ? from : 1;
	if (from == to)
		fprintf(out, " port = %ld;", from);
	else
		fprintf(out, " port = \"%ld-%ld\";", from, to);
	return true;
}

bool
aws_put_icmp(struct aws_place *place, FILE *out, long type, long code)
{
	if (type < 0 && code >= 0)
		return aws_fail(place,
		    "ICMP code %ld of any type cannot be expressed, accepted "
		    "is -1 or a type",
		    code);
	if (type < 0)
		return true;
	if (code < 0)
		fprintf(out, " icmp = \"%ld\";", type);
	else
		fprintf(out, " icmp = \"%ld/%ld\";", type, code);
	return true;
}

void
aws_put_string(FILE *out, const char *key, const char *text)
{
	fprintf(out, " %s = \"", key);
	for (const char *c = text; *c; c++)
		fprintf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	fputs("\";", out);
}
