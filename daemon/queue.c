/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a queue: bound, its thread started, stopped, unbound.
 *
 * All of it is the main thread's.  The thread itself, and who owns what while
 * it runs, is in queue_work.c.
 */
#include "queue.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "queue_bind.h"
#include "queue_work.h"

static void
tell_owners(struct queue *queue, bool tell)
{
	pthread_mutex_lock(&queue->socket);
	if (queue->fd != -1 && tell != queue->tells_owners)
		queue_ask_owners(queue->fd, queue->options.number, tell);
	queue->tells_owners = tell;
	pthread_mutex_unlock(&queue->socket);
}

struct queue *
queue_open(const struct queue_options *options, char error[QUEUE_ERROR_SIZE])
{
	struct queue *queue = aligned_alloc(64, sizeof(*queue));

	assert((options->reject_mark & ~options->mark_mask) == 0);
	if (!queue) {
		snprintf(error, QUEUE_ERROR_SIZE, "queue %u: out of memory",
		    options->number);
		return NULL;
	}
	memset(queue, 0, sizeof(*queue));
	queue->options = *options;
	queue->figures_fd = -1;
	pthread_mutex_init(&queue->socket, NULL);
	queue->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	queue->fd = options->inherited
			? options->inherited
			: queue_bind(options->number, options->length, error);
	if (options->inherited)
		queue_inherit(queue->fd, options->number, options->length);
	if (queue->stop_fd == -1)
		snprintf(error, QUEUE_ERROR_SIZE, "queue %u: eventfd: %s",
		    options->number, strerror(errno));
	if (queue->stop_fd == -1 || queue->fd == -1) {
		queue_close(queue);
		return NULL;
	}
	tell_owners(queue, options->tell_owners);
	queue->figures_fd = queue_figures_open();
	for (size_t i = 0; i < FILTER_BATCH; i++) {
		queue->vectors[i].iov_base = queue->bytes[i];
		queue->vectors[i].iov_len = MESSAGE_SIZE;
		queue->headers[i].msg_hdr.msg_iov = &queue->vectors[i];
		queue->headers[i].msg_hdr.msg_iovlen = 1;
	}
	verdicts_reset(&queue->verdicts, (uint16_t)options->number);
	queue->verdicts.inherits = options->inherited != 0;
	return queue;
}

void
queues_tell_owners(struct queue *const *queues, unsigned count, bool tell)
{
	for (unsigned i = 0; i < count; i++)
		tell_owners(queues[i], tell);
}

static void
name_and_pin(struct queue *queue)
{
	int cpu = queue->options.cpu;
	char name[16];
	cpu_set_t cpus;

	snprintf(name, sizeof(name), "queue-%u", queue->options.number);
	pthread_setname_np(queue->thread, name);
	if (cpu < 0)
		return;
	CPU_ZERO(&cpus);
	if (cpu < CPU_SETSIZE)
		CPU_SET((unsigned)cpu, &cpus);
	/* Slower without, not wrong. */
	if (pthread_setaffinity_np(queue->thread, sizeof(cpus), &cpus) != 0)
		log_warning("queue %u: its thread cannot be pinned to CPU %d",
		    queue->options.number, cpu);
}

bool
queue_start(struct queue *queue, char error[QUEUE_ERROR_SIZE])
{
	sigset_t all, before;
	int reason;

	sigfillset(&all);
	pthread_sigmask(
	    SIG_SETMASK, &all, &before); /* the thread inherits it */
	reason = pthread_create(&queue->thread, NULL, queue_work, queue);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (reason) {
		snprintf(error, QUEUE_ERROR_SIZE,
		    "queue %u: its thread cannot be started: %s",
		    queue->options.number, strerror(reason));
		return false;
	}
	queue->started = true;
	name_and_pin(queue);
	return true;
}

/* The kernel's figures, and those of sockets before the one that they are of.
 */
static void
read_losses(const struct queue *queue, struct queue_statistics *seen)
{
	uint64_t rebound;

	do {
		rebound = published_read(&queue->rebound);
		struct queue_figures figures = queue_figures_read(
		    queue->figures_fd, queue->options.number);
		seen->kernel_known = figures.known;
		seen->waiting = figures.waiting;
		seen->lost_queue_full = figures.lost_queue_full +
					counter_read(&queue->lost_queue_full);
		seen->lost_socket_full = figures.lost_socket_full +
					 counter_read(&queue->lost_socket_full);
		seen->lost_rebound = counter_read(&queue->lost_rebound);
	} while (rebound != published_read(&queue->rebound));
}

struct queue_statistics
queue_read(const struct queue *queue)
{
	struct queue_statistics seen = {
		.packets = counter_read(&queue->packets),
		.batches = counter_read(&queue->batches),
		.verdicts_sent = counter_read(&queue->verdicts_sent),
		.send_retries = counter_read(&queue->send_retries),
		.odd_messages = counter_read(&queue->odd_messages),
		.receive_errors = counter_read(&queue->receive_errors),
		.flushed = counter_read(&queue->flushed),
	};

	read_losses(queue, &seen);
	return seen;
}

uint64_t
queue_progress(const struct queue *queue)
{
	return counter_read(&queue->progress);
}

int
queue_socket(const struct queue *queue, uint64_t *bound)
{
	*bound = published_read(&queue->bound);
	return queue->fd;
}

void
queue_latency(const struct queue *queue, struct latency_totals *totals)
{
	latency_read(&queue->latency, totals);
}

unsigned
queue_number(const struct queue *queue)
{
	return queue->options.number;
}

void
queue_stop(struct queue *queue)
{
	const uint64_t one = 1;

	if (!queue->started)
		return;
	published_set(&queue->stop, 1);
	/* The counter of a fresh eventfd has room for it. */
	if (write(queue->stop_fd, &one, sizeof(one)) != sizeof(one))
		log_error(
		    "queue %u: %s", queue->options.number, strerror(errno));
	pthread_join(queue->thread, NULL);
	queue->started = false;
}

void
queue_close(struct queue *queue)
{
	if (!queue)
		return;
	if (queue->fd != -1)
		close(queue->fd);
	if (queue->stop_fd != -1)
		close(queue->stop_fd);
	if (queue->figures_fd != -1)
		close(queue->figures_fd);
	pthread_mutex_destroy(&queue->socket);
	free(queue);
}
