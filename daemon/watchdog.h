/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager's watchdog, sd_watchdog_enabled(3): it kills and starts
 * us again if it hears no sign of life for a while.  Main thread.
 */
#ifndef EPHEMERALD_WATCHDOG_H
#define EPHEMERALD_WATCHDOG_H

#include <stdint.h>

struct workers;

struct watchdog {
	uint64_t every_ms; /* between signs; 0: nobody waits for any */
	uint64_t next_ms;  /* when one is due, by clock_ms() */
};

/* As the environment says: WATCHDOG_USEC, if WATCHDOG_PID is ours or absent. */
struct watchdog watchdog_start(void);
/* Gives a sign if one is due and every worker has moved since the last. */
void watchdog_turn(
    struct watchdog *watchdog, struct workers *workers, uint64_t now_ms);

#endif
