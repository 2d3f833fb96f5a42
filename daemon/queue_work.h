/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What queue.c, the life of a queue, and queue_work.c, the loop of its thread,
 * share.  Nobody else includes this.
 */
#ifndef EPHEMERALD_QUEUE_WORK_H
#define EPHEMERALD_QUEUE_WORK_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdalign.h>
#include <sys/socket.h>

#include "counter.h"
#include "latency.h"
#include "message.h"
#include "queue.h"
#include "verdicts.h"

/* A packet that waits for its verdict. */
struct waiting {
	struct message message;
	unsigned frame; /* its index, unless message.refused */
};

struct queue {
	struct queue_options options;
	int fd, stop_fd, figures_fd;
	pthread_t thread;
	bool started;
	/* Held where the thread exchanges fd, or main configures it; what is
	 * received and sent needs no lock. */
	pthread_mutex_t socket;
	bool tells_owners;

	/* Of the thread. */
	uint64_t now_ms, next_log_ms;
	uint64_t received_ns;  /* when the batch was there */
	bool unusable;         /* the socket: bind anew */
	uint32_t inherited_id; /* given out before we read, 0: not known */
	struct rush {
		uint64_t since_ms, packets; /* where a span began */
		uint64_t not_before_ms;     /* to gather */
		bool on;                    /* the span before was one */
		bool gathered;              /* what is received next */
	} rush;
	struct verdicts verdicts;
	struct mmsghdr headers[FILTER_BATCH];
	struct iovec vectors[FILTER_BATCH];
	struct waiting waiting[FILTER_BATCH];
	struct frame frames[FILTER_BATCH];
	struct decision decisions[FILTER_BATCH];
	alignas(64) uint8_t bytes[FILTER_BATCH][MESSAGE_SIZE];

	/* Written by the thread, read by any. */
	alignas(64) struct counter packets;
	struct counter batches, verdicts_sent, send_retries, odd_messages,
	    receive_errors, flushed, progress;
	struct latency latency;
	/* What sockets before this one have lost; with it `rebound` changes. */
	struct counter lost_queue_full, lost_socket_full, lost_rebound;
	struct published rebound, bound; /* before and after */

	alignas(64) struct published stop; /* written by main */
};

/* The thread: argument is its queue. */
void *queue_work(void *argument);

#endif
