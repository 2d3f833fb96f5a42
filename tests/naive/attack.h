/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody sends who knows the addresses and ports of a connection, and
 * none of its numbers.  Plain values.
 */
#ifndef EPHEMERALD_ATTACK_H
#define EPHEMERALD_ATTACK_H

#include "endpoint.h"

/* A segment that pretends to come from `from`; no guess hits the window of
 * `target`, but RSTs that are not exact, and SYNs.  False: nothing to forge
 * now. */
bool attack_forge(struct dice *dice, const struct endpoint *from,
    const struct endpoint *target, struct tcp_facts *segment);

#endif
