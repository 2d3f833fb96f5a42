/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that outlive this process: the service manager keeps copies
 * (FDSTORE=1 of sd_notify(3)) and gives them to the next one
 * (sd_listen_fds_with_names(3)).  Main thread.
 */
#ifndef EPHEMERALD_HANDOVER_H
#define EPHEMERALD_HANDOVER_H

#include <stdbool.h>

#define HANDOVER_MAX       320 /* more than WORKERS_MAX and the others */
#define HANDOVER_NAME_SIZE 16

struct handover {
	unsigned count;
	struct {
		char name[HANDOVER_NAME_SIZE];
		int fd; /* -1: taken */
	} got[HANDOVER_MAX];
};

/* What the process before left, as the environment says, which forgets it. */
void handover_receive(struct handover *handover);
/* The caller's from now on; 0: there is none of that name. */
int handover_take(struct handover *handover, const char *name);
/* What was not taken is given up, here and in the store. */
void handover_end(struct handover *handover);

/* Keep it.  One that is kept already is not kept twice. */
void handover_store(const char *name, int fd);
void handover_forget(const char *name);

#endif
