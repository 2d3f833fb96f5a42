/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Endpoints that talk through the firewall over a network that loses, delays,
 * doubles and reorders, while somebody who cannot see their packets forges
 * some.  Two claims are held against the firewall:
 *   - nothing that an endpoint sends within a connection is dropped, but a RST
 *     (its target judges that by the newest number, so does the firewall);
 *   - every connection that was to carry its bytes has carried them.
 */
#ifndef EPHEMERALD_WORLD_H
#define EPHEMERALD_WORLD_H

#include "dice.h"
#include "match.h"

/* Play connections until that many packets were judged. */
void world_play(
    struct match *match, struct dice *dice, uint64_t packets, uint64_t now_ms);

#endif
