/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What diff found, to stdout: for people, or as an object on a line.
 */
#ifndef EPHEMERALD_DIFF_SHOW_H
#define EPHEMERALD_DIFF_SHOW_H

#include <jansson.h>

#include "diff.h"

void diff_show_change(
    const struct change *change, const struct space *space, bool json);
/* A flow that would be cut, as the daemon describes it, and by what. */
void diff_show_flow(const json_t *flow, const struct ruling *why, bool json);

#endif
