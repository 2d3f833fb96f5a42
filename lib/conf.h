/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config text to policy, all or nothing.  Sees (name, text) pairs; the caller
 * reads the files.  Not on the packet path; one thread at a time.
 */
#ifndef EPHEMERALD_CONF_H
#define EPHEMERALD_CONF_H

#include "diagnostics.h"
#include "rules.h"

/* The policy of these texts merged in order, or NULL and at least one
 * diagnostic.  On success diagnostics may hold notices ("inbound is missing:
 * everything inbound is blocked").  Caller owns the policy. */
struct policy *conf_load(const struct conf_text *texts, size_t count,
    struct diagnostics *diagnostics);
#endif
