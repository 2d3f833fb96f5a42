/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lint wants to know of this host, from /proc.  What cannot be read is
 * not known, and nothing is said of it.
 */
#ifndef EPHEMERALD_HOST_H
#define EPHEMERALD_HOST_H

#include "lint.h"

/* Fills in all but `clients`; host_forget() ends it. */
void host_look(struct lint_options *options);
void host_forget(struct lint_options *options);

#endif
