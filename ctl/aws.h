/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between AWS's JSON and our config: what `aws ec2 describe-network-acls` and
 * `describe-security-groups` print.  One thread; errors are said on stderr.
 */
#ifndef EPHEMERALD_AWS_H
#define EPHEMERALD_AWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "address.h"

/* Where in the file something is, for errors, and whether there were any. */
struct aws_place {
	const char *file;
	char path[160]; /* "NetworkAcls[0].Entries[3]" */
	bool failed;
};

/* "FILE: PATH: ...", and the import has failed.  Returns false. */
bool aws_fail(struct aws_place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, but only a word. */
void aws_notice(struct aws_place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Go to a member or, with index >= 0, an element of it; aws_leave() with what
 * was returned. */
size_t aws_enter(struct aws_place *place, const char *key, long index);
void aws_leave(struct aws_place *place, size_t length);

/* Fails at each key of the object that is not among `keys` (NULL at the end):
 * what is not understood must not be lost. */
void aws_check_keys(
    struct aws_place *place, const json_t *object, const char *const keys[]);
/* A member: NULL or -1 if it is missing or of another type, which fails, but
 * for a missing one that is optional. */
const char *aws_text(struct aws_place *place, const json_t *object,
    const char *key, bool optional);
bool aws_number(struct aws_place *place, const json_t *object, const char *key,
    long low, long high, long *value);
/* A CIDR of that family, in canonical form. */
bool aws_cidr(struct aws_place *place, const char *text, enum family family,
    char canonical[2 * ADDRESS_TEXT_SIZE]);

/* Of a group or a prefix list, as AWS makes them; NULL is none. */
bool aws_is_id(const char *id);
/* A protocol as AWS writes it: "tcp", "6"; -1: every one; -2: it is none, and
 * that was said. */
int aws_protocol(struct aws_place *place, const char *text);
/* " protocol = "tcp";", nothing for -1. */
void aws_put_protocol(FILE *out, int protocol);
/* " port = ...;" for destination ports, nothing for all of them. */
bool aws_put_ports(struct aws_place *place, FILE *out, long from, long to);
/* " icmp = ...;", nothing for any; protocol: of ICMP. */
bool aws_put_icmp(struct aws_place *place, FILE *out, long type, long code);
/* " key = "text";" with what libconfig wants escaped. */
void aws_put_string(FILE *out, const char *key, const char *text);

/* The config of a whole answer of AWS, to out; false: it cannot be, and why was
 * said. */
bool aws_import_network_acl(
    struct aws_place *place, const json_t *answer, FILE *out);
bool aws_import_security_groups(
    struct aws_place *place, const json_t *answer, FILE *out);

#endif
