/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet queue as the kernel sees it: the socket it is bound to and its line
 * in procfs.  Part of queue.c.
 */
#ifndef EPHEMERALD_QUEUE_BIND_H
#define EPHEMERALD_QUEUE_BIND_H

#include <stdbool.h>
#include <stdint.h>

#include "queue.h"

/* A socket bound to the queue, ready to receive.  -1: error as in queue.h. */
int queue_bind(unsigned number, unsigned length, char error[QUEUE_ERROR_SIZE]);

/* Have the kernel tell whose socket sends each packet, or not.  What it answers
 * if it does not want to comes as MESSAGE_ERROR. */
void queue_ask_owners(int fd, unsigned number, bool ask);
/* Brings one that a process before has bound to it to our settings; what waits
 * in it waits on.  Refusals come as messages on it. */
void queue_inherit(int fd, unsigned number, unsigned length);
/* Gives the queue up, whoever else holds the socket: the kernel drops what
 * waits. */
void queue_unbind(int fd, unsigned number);

struct queue_figures {
	bool known;    /* else the rest is 0 */
	uint32_t port; /* netlink address of the socket that owns the queue */
	uint64_t waiting, lost_queue_full, lost_socket_full;
	uint32_t last_id; /* given to a packet */
};

/* The kernel's list of the queues in this network namespace, -1: not to be
 * had.  It exists once a queue was bound. */
int queue_figures_open(void);
/* Any thread; fd may be -1. */
struct queue_figures queue_figures_read(int fd, unsigned number);

#endif
