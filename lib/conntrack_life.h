/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the packets of a flow (conntrack.c) need of its life.  Inside lib.
 */
#ifndef EPHEMERALD_CONNTRACK_LIFE_H
#define EPHEMERALD_CONNTRACK_LIFE_H

#include "conntrack.h"

/* Everything of the side, unconditionally: nobody reads it yet. */
void life_store_side(
    struct flow *flow, unsigned side, const struct tcp_side *s);
/* A live flow's next word.  False: it has another one by now. */
bool life_change(
    const struct conntrack *ct, struct flow *flow, uint64_t old, uint64_t new);
/* New sequence numbers: a new entry in the old one's place.  False: the flow
 * changed meanwhile. */
bool life_replace(const struct conntrack *ct, const struct connection *c,
    const struct packet *packet, struct tcp_flow after);
/* What a saved flow says of its state. */
struct tcp_flow saved_state(const struct saved_flow *saved);

#endif
