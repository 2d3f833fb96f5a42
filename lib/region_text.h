/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions as text, with the keys of rules: for people, or as rules that a
 * config takes.  One thread.
 */
#ifndef EPHEMERALD_REGION_TEXT_H
#define EPHEMERALD_REGION_TEXT_H

#include "phrase.h"
#include "region.h"

/* "protocol tcp, udp; port 32768-60999; from 192.0.2.0/24", or "everything".
 */
void cube_say(
    struct phrase *phrase, const struct space *space, const struct cube *cube);
/* `{ port = "32768-60999"; from = "192.0.2.0/24"; action = "allow"; }`, with
 * what stands in `action` behind the criteria.  malloc'd; NULL: no single rule
 * says it, or out of memory. */
char *cube_rule(
    const struct space *space, const struct cube *cube, const char *action);
/* "32768-60999", "1-21, 23-79": those ports that are not 0. */
void ports_say(struct phrase *phrase, const struct spans *ports);

#endif
