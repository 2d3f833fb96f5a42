/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings that only a start can change.  Any thread.
 */
#ifndef EPHEMERALD_FIXED_H
#define EPHEMERALD_FIXED_H

#include "diagnostics.h"
#include "rules.h"

/* The new settings get what is fixed from the old; the report says which of it
 * was to be another. */
void fixed_keep(const struct settings *old, struct settings *new,
    struct diagnostics *report);

#endif
