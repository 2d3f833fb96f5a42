/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow policy: judged beside the one in force, never enforced.  It is
 * asked of the packets that rules decide: what opens a flow, and what belongs
 * to none.  It has no flows, limits or fragments of its own; a packet that one
 * of those decided is not compared.  Inside lib only.
 */
#ifndef EPHEMERALD_SHADOW_H
#define EPHEMERALD_SHADOW_H

#include "regime.h"

#include "filter.h"

/* Worker thread, after the verdict; the regime has a shadow.  Counts, and tells
 * *d of another verdict. */
void shadow_ask(const struct regime *regime, unsigned worker,
    const struct interfaces *interfaces, struct decision *d, uint64_t now_ms);

#endif
