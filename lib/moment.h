/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points in time as people write them: "2026-12-31T23:59:00Z" (RFC 3339, in
 * UTC), as seconds since 1970-01-01, leap seconds not counted.  Any thread.
 */
#ifndef EPHEMERALD_MOMENT_H
#define EPHEMERALD_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#define MOMENT_TEXT_SIZE 32

/* From 1970 to 9999.  False: no such moment; *seconds untouched. */
bool moment_parse(const char *text, int64_t *seconds);
/* Returns out. */
const char *moment_print(int64_t seconds, char out[MOMENT_TEXT_SIZE]);

#endif
