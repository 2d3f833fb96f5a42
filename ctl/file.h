/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to a config file, answered here as the daemon would answer them,
 * as JSON objects.  Diagnostics go to stderr.
 */
#ifndef EPHEMERALD_FILE_H
#define EPHEMERALD_FILE_H

#include "temporary.h"

/* Would this file do?  {"file","ok","diagnostics","rules"}; malloc'd. */
char *file_check(const char *file, int *code);
/* What the daemon answers to `explain` under this policy, without flows.
 * The packet: direction, protocol, source, destination.  malloc'd; NULL:
 * *code says why there is no answer. */
char *file_explain(const char *file, const char *packet, int *code);

struct policy;
/* The policy of the config in the file, with what there is to say of it on
 * stderr.  NULL: it has errors. */
struct policy *file_load(const char *file);
/* The same with these rules in front. */
struct policy *file_load_behind(
    const char *file, const struct temporaries *rules);
/* The same of a text, but only whether it has errors. */
bool file_is_valid(const char *name, const char *text, size_t size);

#endif
