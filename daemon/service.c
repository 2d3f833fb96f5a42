/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order matters.  Up: policy, queues, workers, control socket, and the kernel's
 * rules last, so that no packet is sent to a queue that nobody reads.  Down:
 * the rules first, then what they led to.  A reload publishes the new policy
 * before the rules change, and takes it back if the kernel refuses them; the
 * old one is freed when no worker uses it and its drops have been written down
 * with their rules' texts.
 *
 * Threads: this one; a worker per queue; and the recycler, which gives removed
 * flow entries back for use, because that waits for every worker.
 */
#include "service.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "addresses.h"
#include "changes.h"
#include "clock.h"
#include "commands.h"
#include "control.h"
#include "fixed.h"
#include "hook.h"
#include "links.h"
#include "log.h"
#include "queue.h"
#include "records.h"

#define QUEUES_MAX 256 /* as queue.count in the config */
#define TURN_MS    200 /* how long a drop may wait to be written down */
#define NEWS_MS    50  /* the same while somebody watches */
#define RECYCLE_MS 50

struct service {
	char *config_path;
	struct interfaces *interfaces;
	struct links *links;
	struct addresses *addresses;
	struct filter *filter;
	struct hook *hook;
	struct control *control;
	struct changes *changes;
	struct records records;
	unsigned first_queue, queue_count;
	struct queue *queues[QUEUES_MAX];
	struct ring *rings[QUEUES_MAX];
	pthread_t recycler;
	bool recycling, entered;
	int signals, stop_recycler;
	struct commands commands;
};

static void
handled_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

void
service_block_signals(void)
{
	sigset_t set;

	handled_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void *
recycle(void *argument)
{
	struct service *s = argument;
	struct pollfd stop = { .fd = s->stop_recycler, .events = POLLIN };

	pthread_setname_np(pthread_self(), "recycler");
	while (poll(&stop, 1, RECYCLE_MS) <= 0)
		filter_reclaim(s->filter);
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

static unsigned
queue_count_for(const struct settings *settings)
{
	unsigned count =
	    settings->queue.count ? settings->queue.count : core_count();

	return count < QUEUES_MAX ? count : QUEUES_MAX;
}

/* The lowest bit of our mask asks our later chain to reject. */
static uint32_t
reject_mark(const struct settings *settings)
{
	return settings->hook.mark_mask & -settings->hook.mark_mask;
}

static struct hook_plan
plan_for(const struct service *s, const struct policy *policy)
{
	struct hook_plan plan = {
		.first_queue = s->first_queue,
		.queue_count = s->queue_count,
		.forward = policy->tables[TABLE_FORWARD].present,
		.leaf = policy->settings.hook.leaf,
		.reject_mark = reject_mark(&policy->settings),
		.mark_mask = policy->settings.hook.mark_mask,
	};
	return plan;
}

/* Every packet looks up a flow somewhere in a large table: in huge pages that
 * takes a third less at a million flows.  Only advice: nothing fails. */
static void
advise_memory(const struct filter *filter)
{
	size_t size, page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = filter_memory(filter, &size);
	size_t skip = -(uintptr_t)memory % page; /* to the first whole one */

	if (skip < size)
		madvise(memory + skip, size - skip, MADV_HUGEPAGE);
}

static bool
start_filter(struct service *s, struct policy *policy, char *error)
{
	struct filter_options options = {
		.max_flows = policy->settings.conntrack.max_flows,
		.workers = s->queue_count,
		.interfaces = s->interfaces,
	};
	struct policy *none;

	if (getrandom(options.hash_key, sizeof(options.hash_key), 0) !=
	    sizeof(options.hash_key)) {
		snprintf(error, SERVICE_ERROR_SIZE, "no random numbers: %s",
		    strerror(errno));
		return false;
	}
	s->filter = filter_create(&options);
	if (!s->filter || !filter_publish(s->filter, policy, &none)) {
		snprintf(error, SERVICE_ERROR_SIZE,
		    "no memory for a table of %u flows (conntrack.max_flows)",
		    options.max_flows);
		return false;
	}
	advise_memory(s->filter);
	filter_enter(s->filter, s->queue_count);
	s->entered = true;
	return true;
}

static bool
start_queue(struct service *s, unsigned n, char *error)
{
	const struct settings *settings = &filter_policy(s->filter)->settings;
	struct queue_options options = {
		.number = settings->queue.first + n,
		.length = settings->queue.length,
		.worker = n,
		.cpu = core(n),
		.filter = s->filter,
		.interfaces = s->interfaces,
		.drops = s->rings[n] =
		    ring_create(sizeof(struct drop), DROPS_WAITING),
		.mark_mask = settings->hook.mark_mask,
		.reject_mark = reject_mark(settings),
		.tell_owners = policy_asks_owners(filter_policy(s->filter)),
	};

	if (!s->rings[n]) {
		snprintf(error, SERVICE_ERROR_SIZE, "out of memory");
		return false;
	}
	s->queues[n] = queue_open(&options, error);
	return s->queues[n] && queue_start(s->queues[n], error);
}

static bool
start_recycler(struct service *s, char *error)
{
	s->stop_recycler = eventfd(0, EFD_CLOEXEC);
	s->recycling = s->stop_recycler >= 0 &&
		       pthread_create(&s->recycler, NULL, recycle, s) == 0;
	if (!s->recycling)
		snprintf(error, SERVICE_ERROR_SIZE, "no thread: %s",
		    strerror(errno));
	return s->recycling;
}

static bool
start_hook(struct service *s, char *error)
{
	struct hook_plan plan = plan_for(s, filter_policy(s->filter));

	s->hook = hook_open(error);
	return s->hook && hook_install(s->hook, &plan, error);
}

static void
count_rules(const struct policy *policy, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		if (policy->tables[t].present && used < size)
			used += (size_t)snprintf(text + used, size - used,
			    "%s%s %zu", used ? ", " : "", table_name(t),
			    policy->tables[t].count);
}

static void
say_started(const struct service *s, const char *socket_path)
{
	const struct policy *policy = filter_policy(s->filter);
	char rules[128];

	count_rules(policy, rules, sizeof(rules));
	log_info("guarding with %s (rules: %s), %u queue%s from %u on (%s), "
		 "up to %u flows",
	    s->config_path, rules, s->queue_count,
	    s->queue_count == 1 ? "" : "s", s->first_queue,
	    hook_leaf_in_force(s->hook), filter_flow_limit(s->filter));
	log_info("control socket %s", socket_path);
}

static void
take_records(struct service *s, const struct policy *old)
{
	uint64_t lost = filter_events_lost(s->filter);

	for (unsigned i = 0; i < s->queue_count; i++) {
		records_take(&s->records, s->rings[i], filter_policy(s->filter),
		    old, s->interfaces);
		lost += ring_lost(s->rings[i]);
	}
	records_take_flows(&s->records, s->filter);
	records_tend(&s->records, lost);
}

static bool
put_in_force(
    struct service *s, struct policy *policy, struct diagnostics *report)
{
	struct policy *old = NULL;
	char error[HOOK_ERROR_SIZE];

	fixed_keep(
	    &filter_policy(s->filter)->settings, &policy->settings, report);
	struct hook_plan plan = plan_for(s, policy);
	if (!filter_publish(s->filter, policy, &old)) {
		policy_destroy(policy);
		diagnostics_add(report, "out of memory");
		return false;
	}
	if (hook_install(s->hook, &plan, error)) {
		take_records(s, old);
		policy_destroy(old);
		return true;
	}
	diagnostics_add(report, "%s", error);
	if (filter_publish(s->filter, old, &policy))
		policy_destroy(policy);
	return false;
}

/* Takes the policy.  If it does not come into force, nothing changes. */
static bool
enforce(void *context, struct policy *policy, struct diagnostics *report)
{
	struct service *s = context;

	if (policy_asks_owners(policy))
		queues_tell_owners(s->queues, s->queue_count, true);
	bool done = put_in_force(s, policy, report);
	queues_tell_owners(s->queues, s->queue_count,
	    policy_asks_owners(filter_policy(s->filter)));
	return done;
}

static void
reload_by_signal(struct service *s)
{
	struct diagnostics report = { NULL, 0 };
	struct change_terms terms = { .now_ms = clock_ms() };
	bool ok = commands_reload(&s->commands, &terms, &report) == CHANGE_DONE;

	for (size_t i = 0; i < report.count; i++)
		(ok ? log_warning : log_error)("%s", report.line[i]);
	if (!ok)
		log_error("reload: refused, the policy before stays in force");
	diagnostics_clear(&report);
}

static bool
start_changes(struct service *s, struct files *files)
{
	struct changes_options options = {
		.filter = s->filter,
		.interfaces = s->interfaces,
		.config = s->config_path,
		.read = files_read,
		.enforce = enforce,
		.context = s,
	};

	s->changes = changes_create(&options, files);
	s->commands = (struct commands){
		.filter = s->filter,
		.interfaces = s->interfaces,
		.queues = s->queues,
		.queue_count = s->queue_count,
		.drops = s->records.drops,
		.disagreements = s->records.disagreements,
		.watch = s->records.watch,
		.changes = s->changes,
	};
	return s->changes != NULL;
}

struct service *
service_start(struct policy *policy, struct files *files,
    const char *config_path, const char *socket_path,
    char error[SERVICE_ERROR_SIZE])
{
	struct service *s = calloc(1, sizeof(*s));
	sigset_t set;

	snprintf(error, SERVICE_ERROR_SIZE, "out of memory");
	if (!s) {
		policy_destroy(policy);
		files_free(files);
		return NULL;
	}
	handled_signals(&set);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->stop_recycler = -1;
	s->first_queue = policy->settings.queue.first;
	s->queue_count = queue_count_for(&policy->settings);
	s->config_path = strdup(config_path);
	s->interfaces = interfaces_create();
	bool remembers = records_create(&s->records);
	bool ok = s->signals >= 0 && s->config_path && s->interfaces &&
		  remembers && (s->links = links_open(s->interfaces, error)) &&
		  (s->addresses = addresses_open(error));
	if (ok && !start_filter(s, policy, error))
		ok = false;
	if (!s->filter || !filter_policy(s->filter))
		policy_destroy(policy);
	for (unsigned n = 0; ok && n < s->queue_count; n++)
		ok = start_queue(s, n, error);
	if (ok && start_changes(s, files) && start_recycler(s, error) &&
	    (s->control = control_open(socket_path, error)) &&
	    start_hook(s, error)) {
		commands_begin(&s->commands, s->hook);
		say_started(s, socket_path);
		return s;
	}
	files_free(files);
	service_stop(s);
	return NULL;
}

/* False: a signal says stop. */
static bool
take_signals(struct service *s)
{
	struct signalfd_siginfo info;
	bool go_on = true;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload_by_signal(s);
		else
			go_on = false;
	}
	return go_on;
}

static void
take_addresses(struct service *s)
{
	size_t count;

	if (!addresses_turn(s->addresses))
		return;
	const struct address *own = addresses_list(s->addresses, &count);
	if (!filter_set_own(s->filter, own, count))
		log_error("addresses of this host: out of memory");
}

bool
service_turn(struct service *s)
{
	struct pollfd wait[] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = control_fd(s->control), .events = POLLIN },
		{ .fd = links_fd(s->links), .events = POLLIN },
		{ .fd = addresses_fd(s->addresses), .events = POLLIN },
	};

	int turn_ms =
	    watch_is_on(s->records.watch, clock_ms()) ? NEWS_MS : TURN_MS;

	if (poll(wait, sizeof(wait) / sizeof(wait[0]), turn_ms) < 0 &&
	    errno != EINTR)
		log_error("poll: %s", strerror(errno));
	if (wait[2].revents)
		links_turn(s->links);
	if (wait[3].revents)
		take_addresses(s);
	take_records(s, NULL);
	control_turn(s->control, commands_answer, &s->commands);
	changes_tend(s->changes, clock_ms());
	filter_tend(s->filter, clock_ms());
	return take_signals(s);
}

void
service_stop(struct service *s)
{
	hook_close(s->hook);
	for (unsigned i = 0; i < s->queue_count; i++)
		if (s->queues[i])
			queue_stop(s->queues[i]);
	if (s->recycling) {
		eventfd_write(s->stop_recycler, 1);
		pthread_join(s->recycler, NULL);
	}
	control_close(s->control);
	commands_free(&s->commands);
	changes_destroy(s->changes);
	links_close(s->links);
	addresses_close(s->addresses);
	for (unsigned i = 0; i < s->queue_count; i++) {
		queue_close(s->queues[i]);
		ring_destroy(s->rings[i]);
	}
	if (s->entered)
		filter_leave(s->filter, s->queue_count);
	filter_destroy(s->filter);
	records_free(&s->records);
	interfaces_destroy(s->interfaces);
	if (s->signals >= 0)
		close(s->signals);
	if (s->stop_recycler >= 0)
		close(s->stop_recycler);
	free(s->config_path);
	free(s);
}
