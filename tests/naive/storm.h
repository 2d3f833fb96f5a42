/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random packets of a few hosts, half of them close to the numbers that a
 * living flow turns on: just inside its window, just outside, the ISN, the
 * number behind it.  Nothing here is legal but by chance: it asks whether two
 * engines agree in every corner.
 */
#ifndef EPHEMERALD_STORM_H
#define EPHEMERALD_STORM_H

#include "dice.h"
#include "match.h"

/* A packet, given the flows there are. */
struct packet storm_packet(struct dice *dice, const struct naive *naive);
/* How long until the next one: mostly nothing, at times days. */
uint64_t storm_pause_ms(struct dice *dice);
/* A config for both families. */
const char *storm_config(struct dice *dice);
/* Play that many packets, with pauses and reloads in between. */
void storm_play(
    struct match *match, struct dice *dice, uint64_t packets, uint64_t now_ms);
/* The same for a tight match (match.h): neither of them. */
void storm_play_tight(
    struct match *match, struct dice *dice, uint64_t packets, uint64_t now_ms);

#endif
