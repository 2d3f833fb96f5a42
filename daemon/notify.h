/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A word to the service manager that started us, sd_notify(3).  Main thread.
 */
#ifndef EPHEMERALD_NOTIFY_H
#define EPHEMERALD_NOTIFY_H

#include <stdbool.h>

/* Is there one? */
bool notify_wanted(void);
/* "READY=1", "STOPPING=1".  Nothing happens without a service manager; one that
 * cannot be told is logged. */
void notify(const char *state);
/* With a descriptor for it to keep. */
void notify_with(const char *state, int fd);

#endif
