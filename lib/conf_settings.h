/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what is written of the table in settings.h.  Internal to conf*.c.
 */
#ifndef EPHEMERALD_CONF_SETTINGS_H
#define EPHEMERALD_CONF_SETTINGS_H

#include "conf_reader.h"

/* A setting, or a whole section, from the top level into the settings of the
 * policy.  False: there is none of that name. */
bool conf_settings_read(struct reader *reader, const config_setting_t *setting);
/* Offer the guess all names of the top level. */
void conf_settings_guess(struct guess *guess);

#endif
