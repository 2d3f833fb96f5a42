/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running firewall: policy, workers, kernel rules and control socket, put
 * together, kept going and taken apart.  Main thread.
 */
#ifndef EPHEMERALD_SERVICE_H
#define EPHEMERALD_SERVICE_H

#include <stdbool.h>

#include "files.h"

struct service;

#define SERVICE_ERROR_SIZE 256

/* Where things are; the strings are borrowed. */
struct service_paths {
	const char *config, *socket;
	const char *state; /* folder for flows between two processes, or NULL */
};

/* Takes the policy, and the files it was made of.  On return packets are being
 * judged.  NULL: nothing is left behind that was not there, error holds one
 * sentence, the policy and the files are freed. */
struct service *service_start(struct policy *policy, struct files *files,
    const struct service_paths *paths, char error[SERVICE_ERROR_SIZE]);
/* Waits for something to do, half a second at most, and does it; SIGHUP
 * reloads.  False: SIGINT or SIGTERM came. */
bool service_turn(struct service *service);
/* Takes everything down, the kernel's rules first; or, if the last signal was
 * SIGTERM and a service manager keeps what we have, leaves all that to the next
 * process: packets wait for it. */
void service_stop(struct service *service);

/* So that threads started later leave the signals to service_turn(). */
void service_block_signals(void);

#endif
