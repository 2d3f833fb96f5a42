/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_null QUEUES CLOSED-PORT: the daemon's own receive path and kernel
 * rules, with a filter that only knows one closed port.  What is between this
 * and the daemon is what the firewall itself costs; what is below it is the
 * kernel's.
 *
 * The filter_*() below stand in the place of lib/filter.c, which the linker
 * then has no need of.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "drop.h"
#include "filter.h"
#include "hook.h"
#include "interfaces.h"
#include "queue.h"
#include "ring.h"
#include "stateless.h"

#define QUEUE_LENGTH 1024 /* as in the default settings */
#define QUEUES_MAX   64

struct filter {
	unsigned closed_port;
	struct policy policy;
};

void
filter_batch(struct filter *filter, unsigned worker, const struct frame *frames,
    struct decision *decisions, size_t count, uint64_t now_ms)
{
	(void)worker;
	(void)now_ms;
	for (size_t i = 0; i < count; i++) {
		bool closed = stateless_closed(
		    frames[i].bytes, frames[i].captured, filter->closed_port);

		decisions[i] = (struct decision){ .why = closed ? RULE_BLOCK
								: RULE_ALLOW };
	}
}

struct decision
filter_refuse(struct filter *filter, unsigned worker, enum direction direction,
    enum reason why)
{
	(void)filter;
	(void)worker;
	(void)direction;
	return (struct decision){ .why = why };
}

void
filter_permit(struct filter *filter, unsigned worker)
{
	(void)filter;
	(void)worker;
}

bool
filter_sweep(struct filter *filter, unsigned worker, uint64_t now_ms)
{
	(void)filter;
	(void)worker;
	(void)now_ms;
	return false;
}

void
filter_enter(struct filter *filter, unsigned worker)
{
	(void)filter;
	(void)worker;
}

void
filter_leave(struct filter *filter, unsigned worker)
{
	(void)filter;
	(void)worker;
}

void
filter_quiescent(struct filter *filter, unsigned worker)
{
	(void)filter;
	(void)worker;
}

void
filter_offline(struct filter *filter, unsigned worker)
{
	(void)filter;
	(void)worker;
}

void
filter_online(void)
{
}

const struct policy *
filter_policy(const struct filter *filter)
{
	return &filter->policy;
}

/* The n-th core that we may run on, as the daemon pins its workers; or -1. */
static int
core(unsigned n)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
			if (CPU_ISSET(cpu, &set) && n-- == 0)
				return cpu;
	return -1;
}

static void
check(bool done, const char *error)
{
	if (done)
		return;
	fprintf(stderr, "bench_null: %s\n", error);
	exit(EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
	unsigned count = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
	struct filter filter = {
		.closed_port = argc == 3 ? (unsigned)atoi(argv[2]) : 0,
	};
	struct hook_plan plan = {
		.fast_path = { -1, -1, -1 },
		.queue_count = count,
		.leaf = LEAF_AUTO,
		.reject_mark = 1u << 31,
		.mark_mask = 1u << 31,
	};
	struct queue_options options = {
		.length = QUEUE_LENGTH,
		.filter = &filter,
		.interfaces = interfaces_create(),
		.drops = ring_create(sizeof(struct drop), DROPS_WAITING),
		.mark_mask = plan.mark_mask,
		.reject_mark = plan.reject_mark,
	};
	struct queue *queues[QUEUES_MAX];
	char error[QUEUE_ERROR_SIZE] = "usage: bench_null QUEUES CLOSED-PORT";
	sigset_t stop;
	int number;

	check(count > 0 && count <= QUEUES_MAX, error);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	for (unsigned i = 0; i < count; i++) {
		options.number = options.worker = i;
		options.cpu = core(i);
		queues[i] = queue_open(&options, error);
		check(queues[i] && queue_start(queues[i], error), error);
	}
	struct hook *hook = hook_open(error);
	check(hook && hook_install(hook, &plan, error), error);
	puts("ready");
	fflush(stdout);
	sigwait(&stop, &number);
	hook_close(hook);
	for (unsigned i = 0; i < count; i++) {
		queue_stop(queues[i]);
		queue_close(queues[i]);
	}
	ring_destroy(options.drops);
	interfaces_destroy(options.interfaces);
	return EXIT_SUCCESS;
}
