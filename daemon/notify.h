/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A word to the service manager that started us, sd_notify(3).  Main thread.
 */
#ifndef EPHEMERALD_NOTIFY_H
#define EPHEMERALD_NOTIFY_H

/* "READY=1", "STOPPING=1".  Nothing happens without a service manager; one that
 * cannot be told is logged. */
void notify(const char *state);

#endif
