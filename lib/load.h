/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From text to a policy that may come into force: read (conf.h), then held
 * against the tests it brings along.  All or nothing.  Not on the packet path;
 * any thread.
 */
#ifndef EPHEMERALD_LOAD_H
#define EPHEMERALD_LOAD_H

#include "conf.h"

/* Whether every test of the config passes; diagnostics say which do not. */
bool policy_test(const struct policy *policy, struct diagnostics *diagnostics);
/* The policy of these texts merged in order, or NULL and at least one
 * diagnostic; as conf_load(), no set has its members in a file, and every test
 * of the config has passed. */
struct policy *policy_load(const struct conf_text *texts, size_t count,
    struct diagnostics *diagnostics);

#endif
