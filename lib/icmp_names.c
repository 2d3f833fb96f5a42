/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two tables: types, and codes of named types, each with its number in both
 * families.  Names follow the IANA registries (icmp-parameters and
 * icmpv6-parameters); where both families have the thing, they share a name.
 * Searches are linear: only reading and printing of policies come here.
 */
#include "icmp_names.h"

#include <string.h>

struct name_row {
	const char *type;
	const char *code; /* NULL in the table of types */
	int16_t v4, v6;   /* -1: not in this family */
};

/* clang-format off */
static const struct name_row types[] = {
	{ "echo-reply",              NULL, 0,  129 },
	{ "destination-unreachable", NULL, 3,  1 },
	{ "packet-too-big",          NULL, -1, 2 },
	{ "source-quench",           NULL, 4,  -1 },
	{ "redirect",                NULL, 5,  137 },
	{ "echo-request",            NULL, 8,  128 },
	{ "router-advertisement",    NULL, 9,  134 },
	{ "router-solicitation",     NULL, 10, 133 },
	{ "time-exceeded",           NULL, 11, 3 },
	{ "parameter-problem",       NULL, 12, 4 },
	{ "timestamp-request",       NULL, 13, -1 },
	{ "timestamp-reply",         NULL, 14, -1 },
	{ "mld-query",               NULL, -1, 130 },
	{ "mld-report",              NULL, -1, 131 },
	{ "mld-done",                NULL, -1, 132 },
	{ "neighbor-solicitation",   NULL, -1, 135 },
	{ "neighbor-advertisement",  NULL, -1, 136 },
	{ "mld2-report",             NULL, -1, 143 },
};

static const struct name_row codes[] = {
	{ "destination-unreachable", "net-unreachable",      0,  -1 },
	{ "destination-unreachable", "host-unreachable",     1,  -1 },
	{ "destination-unreachable", "protocol-unreachable", 2,  -1 },
	{ "destination-unreachable", "port-unreachable",     3,  4 },
	{ "destination-unreachable", "fragmentation-needed", 4,  -1 },
	{ "destination-unreachable", "source-route-failed",  5,  -1 },
	{ "destination-unreachable", "net-prohibited",       9,  -1 },
	{ "destination-unreachable", "host-prohibited",      10, -1 },
	{ "destination-unreachable", "admin-prohibited",     13, 1 },
	{ "destination-unreachable", "no-route",             -1, 0 },
	{ "destination-unreachable", "beyond-scope",         -1, 2 },
	{ "destination-unreachable", "address-unreachable",  -1, 3 },
	{ "destination-unreachable", "policy-failed",        -1, 5 },
	{ "destination-unreachable", "reject-route",         -1, 6 },
	{ "time-exceeded",           "transit",              0,  0 },
	{ "time-exceeded",           "reassembly",           1,  1 },
	{ "parameter-problem",       "bad-header",           0,  0 },
	{ "parameter-problem",       "missing-option",       1,  -1 },
	{ "parameter-problem",       "bad-length",           2,  -1 },
	{ "parameter-problem",       "unknown-next-header",  -1, 1 },
	{ "parameter-problem",       "unknown-option",       -1, 2 },
};
/* clang-format on */

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))
#define CODE_COUNT (sizeof(codes) / sizeof(codes[0]))

static int
number_in(const struct name_row *row, enum family family)
{
	return family == FAMILY_IPV4 ? row->v4 : row->v6;
}

int
icmp_type_number(enum family family, const char *name)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (strcmp(types[i].type, name) == 0)
			return number_in(&types[i], family);
	return -1;
}

int
icmp_code_number(enum family family, const char *type_name, const char *name)
{
	for (size_t i = 0; i < CODE_COUNT; i++)
		if (strcmp(codes[i].type, type_name) == 0 &&
		    strcmp(codes[i].code, name) == 0)
			return number_in(&codes[i], family);
	return -1;
}

const char *
icmp_type_name(enum family family, uint8_t type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (number_in(&types[i], family) == type)
			return types[i].type;
	return NULL;
}

const char *
icmp_code_name(enum family family, uint8_t type, uint8_t code)
{
	const char *type_name = icmp_type_name(family, type);

	for (size_t i = 0; type_name && i < CODE_COUNT; i++)
		if (strcmp(codes[i].type, type_name) == 0 &&
		    number_in(&codes[i], family) == code)
			return codes[i].code;
	return NULL;
}

const char *
icmp_name(size_t i)
{
	return i < TYPE_COUNT ? types[i].type : NULL;
}
