/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists that commands of other files print.  The arguments are released.
 */
#ifndef EPHEMERALD_LOOK_H
#define EPHEMERALD_LOOK_H

#include <jansson.h>

#include "command.h"

/* The options of the command as the daemon takes them: same names.  NULL: it
 * has been said what is wrong. */
json_t *look_options(const struct call *call);

int look_sets(const struct call *call, json_t *arguments);
int look_openings(const struct call *call);
int look_members(const struct call *call, json_t *arguments);
int look_shadow(const struct call *call);

#endif
