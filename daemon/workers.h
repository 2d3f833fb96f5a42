/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads beside the main one: a worker per queue, and the recycler, which
 * gives removed flow entries back for use, because that waits for every worker.
 * Main thread.
 */
#ifndef EPHEMERALD_WORKERS_H
#define EPHEMERALD_WORKERS_H

#include <pthread.h>
#include <stdbool.h>

#include "handover.h"
#include "queue.h"

#define WORKERS_MAX 256 /* as queue.count in the config */

struct workers {
	struct filter *filter;
	unsigned count;
	struct queue *queues[WORKERS_MAX];
	struct ring *rings[WORKERS_MAX];
	uint64_t seen[WORKERS_MAX]; /* progress of each */
	uint64_t kept[WORKERS_MAX]; /* which socket of each, from 1 on */
	pthread_t recycler;
	bool recycling;
	int stop_recycler;
};

/* As the config says, or one for each core that we may run on. */
unsigned workers_wanted(const struct settings *settings);
/* The lowest bit of our mask asks our later chain to reject. */
uint32_t workers_reject_mark(const struct settings *settings);

/* Binds the queues of the policy in force, or takes over those that a process
 * before has bound; no packet is taken yet.  False: error holds one sentence,
 * and workers_close() is due all the same. */
bool workers_bind(struct workers *workers, struct filter *filter,
    struct interfaces *interfaces, struct handover *handover,
    char error[QUEUE_ERROR_SIZE]);
/* False: as above. */
bool workers_start(struct workers *workers, char error[QUEUE_ERROR_SIZE]);
/* Has every worker moved since this was last true?  One that waits for packets
 * does so twice a second. */
bool workers_moved(struct workers *workers);
/* Have the sockets of the queues kept for the next process; again, those that
 * were bound anew since. */
void workers_keep(struct workers *workers);
/* What waits in the queues waits on. */
void workers_stop(struct workers *workers);
/* After workers_stop(). */
void workers_close(struct workers *workers);

#endif
