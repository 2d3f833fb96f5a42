/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands between config text and libconfig: checks the syntax, says what is
 * wrong in words, and hands on only what libconfig 1.5 reads without surprise.
 * Internal to conf*.c.
 */
#ifndef EPHEMERALD_CONF_SCAN_H
#define EPHEMERALD_CONF_SCAN_H

#include "conf_reader.h"

/* The current file of the reader, rewritten for config_read_string();
 * malloc'd.  NULL: errors were noted. */
char *conf_scan(struct reader *reader);

#endif
