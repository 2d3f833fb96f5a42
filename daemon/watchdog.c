/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sign twice in the time that the service manager waits, so one may be late.
 * It comes from the main thread's own turn, hence shows that this turns too;
 * it is held back while one worker stands still, for the share of the traffic
 * that is that worker's waits, then.
 */
#include "watchdog.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "notify.h"
#include "workers.h"

/* 0: not a number. */
static uint64_t
number_in(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	unsigned long long value;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno || *end ? 0 : value;
}

struct watchdog
watchdog_start(void)
{
	struct watchdog watchdog = { 0 };

	if (!getenv("WATCHDOG_PID") ||
	    number_in("WATCHDOG_PID") == (uint64_t)getpid())
		watchdog.every_ms = number_in("WATCHDOG_USEC") / 2000;
	return watchdog;
}

void
watchdog_turn(
    struct watchdog *watchdog, struct workers *workers, uint64_t now_ms)
{
	if (!watchdog->every_ms || now_ms < watchdog->next_ms ||
	    !workers_moved(workers))
		return;
	notify("WATCHDOG=1");
	watchdog->next_ms = now_ms + watchdog->every_ms;
}
