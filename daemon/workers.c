/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker n serves queue `first + n` on the n-th core that we may run on.  All
 * queues are bound before the first thread starts: what the kernel sends them
 * meanwhile waits.
 *
 * A struct of zeroes has nothing to stop or to close, so a start that fails
 * half way is taken down by the same calls as one that has run.
 */
#include "workers.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "drop.h"

#define RECYCLE_MS 50

static void *
recycle(void *argument)
{
	struct workers *w = argument;
	struct pollfd stop = { .fd = w->stop_recycler, .events = POLLIN };

	pthread_setname_np(pthread_self(), "recycler");
	while (poll(&stop, 1, RECYCLE_MS) <= 0)
		filter_reclaim(w->filter);
	return NULL;
}

/* The n-th core that we may run on, or -1. */
static int
core(unsigned n)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && n-- == 0)
			return cpu;
	return -1;
}

static unsigned
core_count(void)
{
	unsigned count = 0;

	while (core(count) >= 0)
		count++;
	return count ? count : 1;
}

unsigned
workers_wanted(const struct settings *settings)
{
	unsigned count =
	    settings->queue.count ? settings->queue.count : core_count();

	return count < WORKERS_MAX ? count : WORKERS_MAX;
}

uint32_t
workers_reject_mark(const struct settings *settings)
{
	return settings->hook.mark_mask & -settings->hook.mark_mask;
}

static const char *
store_name(unsigned number, char name[HANDOVER_NAME_SIZE])
{
	snprintf(name, HANDOVER_NAME_SIZE, "queue-%u", number);
	return name;
}

static bool
bind_queue(struct workers *w, struct interfaces *interfaces, unsigned n,
    struct handover *handover, char error[QUEUE_ERROR_SIZE])
{
	const struct settings *settings = &filter_policy(w->filter)->settings;
	char name[HANDOVER_NAME_SIZE];
	struct queue_options options = {
		.number = settings->queue.first + n,
		.length = settings->queue.length,
		.worker = n,
		.cpu = core(n),
		.filter = w->filter,
		.interfaces = interfaces,
		.drops = w->rings[n] =
		    ring_create(sizeof(struct drop), DROPS_WAITING),
		.mark_mask = settings->hook.mark_mask,
		.reject_mark = workers_reject_mark(settings),
		.tell_owners = policy_asks_owners(filter_policy(w->filter)),
	};

	if (!w->rings[n]) {
		snprintf(error, QUEUE_ERROR_SIZE, "out of memory");
		return false;
	}
	options.inherited =
	    handover_take(handover, store_name(options.number, name));
	w->queues[n] = queue_open(&options, error);
	return w->queues[n];
}

bool
workers_bind(struct workers *w, struct filter *filter,
    struct interfaces *interfaces, struct handover *handover,
    char error[QUEUE_ERROR_SIZE])
{
	unsigned count = workers_wanted(&filter_policy(filter)->settings);
	bool ok = true;

	*w = (struct workers){ .filter = filter };
	while (ok && w->count < count)
		ok = bind_queue(w, interfaces, w->count++, handover, error);
	return ok;
}

bool
workers_start(struct workers *w, char error[QUEUE_ERROR_SIZE])
{
	for (unsigned n = 0; n < w->count; n++)
		if (!queue_start(w->queues[n], error))
			return false;
	w->stop_recycler = eventfd(0, EFD_CLOEXEC);
	if (w->stop_recycler >= 0)
		w->recycling =
		    pthread_create(&w->recycler, NULL, recycle, w) == 0;
	if (w->recycling)
		return true;
	snprintf(error, QUEUE_ERROR_SIZE, "no thread: %s", strerror(errno));
	if (w->stop_recycler >= 0)
		close(w->stop_recycler);
	return false;
}

bool
workers_moved(struct workers *w)
{
	for (unsigned n = 0; n < w->count; n++)
		if (queue_progress(w->queues[n]) == w->seen[n])
			return false;
	for (unsigned n = 0; n < w->count; n++)
		w->seen[n] = queue_progress(w->queues[n]);
	return true;
}

void
workers_keep(struct workers *w)
{
	char name[HANDOVER_NAME_SIZE];
	uint64_t bound;

	for (unsigned n = 0; n < w->count; n++) {
		int fd = queue_socket(w->queues[n], &bound);
		if (w->kept[n] == bound + 1)
			continue;
		store_name(queue_number(w->queues[n]), name);
		if (w->kept[n])
			handover_forget(name);
		handover_store(name, fd);
		w->kept[n] = bound + 1;
	}
}

void
workers_stop(struct workers *w)
{
	for (unsigned n = 0; n < w->count; n++)
		if (w->queues[n])
			queue_stop(w->queues[n]);
	if (!w->recycling)
		return;
	eventfd_write(w->stop_recycler, 1);
	pthread_join(w->recycler, NULL);
	close(w->stop_recycler);
	w->recycling = false;
}

void
workers_close(struct workers *w)
{
	for (unsigned n = 0; n < w->count; n++) {
		queue_close(w->queues[n]);
		ring_destroy(w->rings[n]);
	}
	w->count = 0;
}
