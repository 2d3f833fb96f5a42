/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams in fragments.  Only the first one shows what a datagram is; the
 * others follow it, as long as no two of them say different things of the same
 * bytes.  `fragments` is a conntrack whose table holds datagrams of which not
 * all has come, apart from that of connections: a flood of either leaves the
 * other its room.  Inside lib; worker threads.
 */
#ifndef EPHEMERALD_FRAGMENT_H
#define EPHEMERALD_FRAGMENT_H

#include "conntrack.h"

/* What the datagram's other fragments say of this one: FRAGMENT of a later one
 * that may pass, UNDECIDED of a first one that nothing speaks against, else why
 * it is dropped.  Remembers what passes and what is lost, but not on trial. */
enum reason fragment_judge(
    const struct conntrack *fragments, const struct packet *packet, bool trial);
/* Let the later fragments of this accepted first one through.  No room: they
 * will be dropped. */
void fragment_accept(
    const struct conntrack *fragments, const struct packet *first);

#endif
