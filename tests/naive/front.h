/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's program, run on one packet at a time where nothing else is: the
 * kernel lends itself for that (BPF_PROG_TEST_RUN).  Needs CAP_BPF.
 */
#ifndef EPHEMERALD_FRONT_H
#define EPHEMERALD_FRONT_H

#include "match.h"

/* For a table of so many flows of one worker.  NULL: why says it. */
struct front *front_open(uint32_t max_flows, char why[256]);
uint64_t front_passed(const struct front *front);
void front_close(struct front *front);

#endif
