/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One NFQUEUE and the worker thread that judges its packets: receive a batch,
 * filter_batch(), send the verdicts, quiescent state.  Every packet id that the
 * kernel hands over gets exactly one verdict.
 */
#ifndef EPHEMERALD_QUEUE_H
#define EPHEMERALD_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter.h"
#include "latency.h"
#include "ring.h"

struct queue;

struct queue_options {
	unsigned number; /* of the NFQUEUE */
	unsigned length; /* packets the kernel may hold for us */
	unsigned worker; /* index for filter_batch() */
	int cpu;         /* to pin the thread to, -1: none */
	/* A socket that a process before has bound to it, 0: none.  The queue
	 * has it from queue_open() on, whatever comes of that. */
	int inherited;
	struct filter *filter;
	struct interfaces *interfaces;
	struct ring *drops;   /* of struct drop */
	uint32_t mark_mask;   /* a verdict's mark changes only these bits */
	uint32_t reject_mark; /* verdict "reject": accept with this mark */
	bool tell_owners;     /* packets say whose socket sends them */
};

/* What the queue has seen; the kernel's figures are from procfs. */
struct queue_statistics {
	uint64_t packets, batches, verdicts_sent, send_retries;
	uint64_t odd_messages; /* malformed or of unknown type */
	uint64_t receive_errors;
	uint64_t flushed;  /* verdicts that found no packet (ENOENT) */
	bool kernel_known; /* procfs could be read; else the next are 0 */
	uint64_t waiting;  /* packets in the kernel's queue now */
	/* Packets that the kernel dropped, over all sockets so far. */
	uint64_t lost_queue_full, lost_socket_full;
	uint64_t lost_rebound; /* waited when a socket was given up */
};

#define QUEUE_ERROR_SIZE 256

/* Binds and configures the queue; no packet is taken yet.  NULL: error holds
 * one sentence (taken by whom, missing privilege, ...).  Main thread. */
struct queue *queue_open(
    const struct queue_options *options, char error[QUEUE_ERROR_SIZE]);
/* Starts the thread.  False: error as above. */
bool queue_start(struct queue *queue, char error[QUEUE_ERROR_SIZE]);
/* From now on packets of all of these say whose socket sends them, or they do
 * not.  Main thread. */
void queues_tell_owners(struct queue *const *queues, unsigned count, bool tell);
/* Any thread. */
struct queue_statistics queue_read(const struct queue *queue);
/* Changes at least twice a second while the thread lives.  Any thread. */
uint64_t queue_progress(const struct queue *queue);
/* Adds its to *totals.  Any thread. */
void queue_latency(const struct queue *queue, struct latency_totals *totals);
unsigned queue_number(const struct queue *queue);
/* The socket it is bound to, for who keeps it beyond our life.  Its number
 * stays the same; *bound, how often the queue was bound, tells another socket.
 * Any thread. */
int queue_socket(const struct queue *queue, uint64_t *bound);
/* Stops and joins the thread, if it was started; the queue stays bound, what
 * waits in it waits on.  Main thread. */
void queue_stop(struct queue *queue);
/* Unbinds, unless somebody else holds the socket too: the kernel drops what
 * waits.  After queue_stop().  NULL is fine. */
void queue_close(struct queue *queue);

#endif
