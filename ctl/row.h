/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a row of the daemon's.  Nothing is taken for granted: what is
 * missing, null or of another type is NULL or 0.
 */
#ifndef EPHEMERALD_ROW_H
#define EPHEMERALD_ROW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Lives as long as the row. */
const char *row_text(const json_t *row, const char *key);
bool row_has(const json_t *row, const char *key); /* and it is not null */
uint64_t row_count(const json_t *row, const char *key);
double row_number(const json_t *row, const char *key);
/* The next are malloc'd.  "192.0.2.1:22", "[2001:db8::1]:22", or the address
 * alone if the port is null; NULL: no address. */
char *row_endpoint(const json_t *row, const char *key, const char *port_key);
/* "tcp", "icmp 8/0"; NULL: none. */
char *row_protocol(const json_t *row);
/* Opener's and responder's, as "12/10". */
char *row_pair(const json_t *row, const char *key, bool is_size);
/* "/etc/ephemerald/ephemerald.conf:12", brief: "ephemerald.conf:12"; NULL: no
 * file. */
char *row_place(const json_t *row, bool brief);
/* A time in epoch seconds as "3m ago"; NULL: no time. */
char *row_ago(const json_t *row, const char *key);
/* A table, or a rule in it, with the name of the table shortened: "in 4". */
char *row_brief_rule(const json_t *row, const char *key);
/* "5 rules: inbound 4, outbound 1", of an object with a count per table. */
char *row_rule_counts(const json_t *rules);

#endif
