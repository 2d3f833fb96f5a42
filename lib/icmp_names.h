/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of ICMP and ICMPv6 types and codes.  One name may stand for a number
 * in each family.  Constant data, any thread.
 */
#ifndef EPHEMERALD_ICMP_NAMES_H
#define EPHEMERALD_ICMP_NAMES_H

#include "address.h"

/* -1: the family does not know the name. */
int icmp_type_number(enum family family, const char *name);
/* Of a code of the named type; -1 likewise. */
int icmp_code_number(
    enum family family, const char *type_name, const char *name);

/* NULL: has no name here. */
const char *icmp_type_name(enum family family, uint8_t type);
const char *icmp_code_name(enum family family, uint8_t type, uint8_t code);

/* The names of the types in order, NULL from the end on; for suggestions. */
const char *icmp_name(size_t i);

#endif
