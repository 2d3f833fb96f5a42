/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads `sets`, before any rule that may name one.  Internal to conf*.c.
 */
#ifndef EPHEMERALD_CONF_SETS_H
#define EPHEMERALD_CONF_SETS_H

#include "conf_reader.h"

/* Room for so many sets, in all texts together, and for "banned". */
void conf_sets_begin(struct reader *reader, size_t count);
/* The sets of one text. */
void conf_sets_read(struct reader *reader, const config_setting_t *sets);
/* All are read: rules may point to them from now on. */
void conf_sets_end(struct reader *reader);
/* All rules are read: which sets can change what they say of a connection? */
void conf_sets_note_use(struct policy *policy);

#endif
