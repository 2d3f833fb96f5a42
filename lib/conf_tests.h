/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the tests that a config has of itself.  Internal to conf*.c.
 */
#ifndef EPHEMERALD_CONF_TESTS_H
#define EPHEMERALD_CONF_TESTS_H

#include "conf_reader.h"

/* Append the tests of the list to the policy. */
void conf_tests_read(struct reader *reader, const config_setting_t *list);

#endif
