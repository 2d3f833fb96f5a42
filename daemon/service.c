/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order matters.  Up: policy, queues, control socket, the kernel's rules, and
 * the workers last: what is sent to a queue meanwhile waits there, and no
 * worker judges a packet that older rules sent.  Down: the rules first, then
 * what they led to.  A reload publishes the new policy before the rules change,
 * and takes it back if the kernel refuses them; the old one is freed when no
 * worker uses it and its drops have been written down with their rules' texts.
 *
 * Threads: this one, and those of workers.c.
 */
#include "service.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "addresses.h"
#include "changes.h"
#include "clock.h"
#include "commands.h"
#include "control.h"
#include "fast_path.h"
#include "fixed.h"
#include "flows.h"
#include "handover.h"
#include "hook.h"
#include "links.h"
#include "log.h"
#include "notify.h"
#include "records.h"
#include "watchdog.h"
#include "workers.h"

#define TURN_MS 200 /* how long a drop may wait to be written down */
#define NEWS_MS 50  /* the same while somebody watches */

/* In the service manager's store. */
#define STORE_HOOK    "nft"
#define STORE_CONTROL "control"

struct service {
	char *config_path;
	struct interfaces *interfaces;
	struct links *links;
	struct addresses *addresses;
	struct filter *filter;
	struct fast_path_kernel *fast_path; /* NULL: none */
	char fast_path_error[FAST_PATH_ERROR_SIZE];
	struct hook *hook;
	struct control *control;
	struct changes *changes;
	struct records records;
	struct handover handover;
	bool leaves; /* at the end, all to the next process */
	bool saves;  /* at the end, the flows */
	struct flows flows;
	unsigned first_queue, queue_count;
	struct workers workers;
	struct watchdog watchdog;
	bool entered;
	int signals;
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

static struct hook_plan
plan_for(const struct service *s, const struct policy *policy)
{
	struct hook_plan plan = {
		.fast_path = { -1, -1, -1 },
		.first_queue = s->first_queue,
		.queue_count = s->queue_count,
		.forward = policy->tables[TABLE_FORWARD].present,
		.leaf = policy->settings.hook.leaf,
		.reject_mark = workers_reject_mark(&policy->settings),
		.mark_mask = policy->settings.hook.mark_mask,
	};
	for (enum direction d = INBOUND; s->fast_path && d < DIRECTION_COUNT;
	     d++)
		plan.fast_path[d] = fast_path_program(s->fast_path, d);
	return plan;
}

/* Where the kernel can, else by the queues: neither fails the start. */
static void
open_fast_path(struct service *s, const struct policy *policy,
    struct filter_options *options)
{
	const struct settings *settings = &policy->settings;

	if (settings->fast_path == FAST_PATH_OFF)
		return;
	s->fast_path =
	    fast_path_open(table_size(options->max_flows, options->workers),
		s->fast_path_error);
	if (!s->fast_path) {
		(settings->fast_path == FAST_PATH_ON ? log_warning : log_info)(
		    "no fast path: %s", s->fast_path_error);
		return;
	}
	options->memory = fast_path_memory(s->fast_path);
	options->fast_path = fast_path_face(s->fast_path);
	fast_path_follow(s->fast_path, policy);
}

static bool
start_filter(struct service *s, struct policy *policy, const char *state_folder,
    char *error)
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
	open_fast_path(s, policy, &options);
	flows_open(&s->flows, state_folder, &options);
	s->filter = filter_create(&options);
	if (s->filter && s->fast_path)
		fast_path_start(s->fast_path, filter_table(s->filter),
		    policy->settings.hook.mark_mask);
	if (!s->filter || !filter_publish(s->filter, policy, &none)) {
		snprintf(error, SERVICE_ERROR_SIZE,
		    "no memory for a table of %u flows (conntrack.max_flows)",
		    options.max_flows);
		return false;
	}
	filter_enter(s->filter, s->queue_count);
	s->entered = true;
	flows_begin(
	    &s->flows, s->filter, s->interfaces, &s->handover, clock_ms());
	return true;
}

static bool
start_hook(struct service *s, char *error)
{
	struct hook_plan plan = plan_for(s, filter_policy(s->filter));

	int inherited = handover_take(&s->handover, STORE_HOOK);

	s->hook = inherited ? hook_inherit(inherited, error) : hook_open(error);
	return s->hook && hook_install(s->hook, &plan, error);
}

static bool
start_control(struct service *s, const char *path, char *error)
{
	int inherited = handover_take(&s->handover, STORE_CONTROL);

	s->control = control_open(path, inherited, error);
	return s->control != NULL;
}

/* All is in force: from here on it outlives us.  What the process before had
 * and we have not, queues that are not used any more, goes. */
static void
keep_all(struct service *s)
{
	handover_end(&s->handover);
	s->leaves = notify_wanted();
	if (!s->leaves)
		return;
	handover_store(STORE_HOOK, hook_socket(s->hook));
	handover_store(STORE_CONTROL, control_listener(s->control));
	workers_keep(&s->workers);
	flows_keep(&s->flows);
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
		records_take(&s->records, s->workers.rings[i],
		    filter_policy(s->filter), old, s->interfaces);
		lost += ring_lost(s->workers.rings[i]);
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
	if (s->fast_path)
		fast_path_follow(s->fast_path, policy);
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
		queues_tell_owners(s->workers.queues, s->queue_count, true);
	bool done = put_in_force(s, policy, report);
	queues_tell_owners(s->workers.queues, s->queue_count,
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
		.queues = s->workers.queues,
		.queue_count = s->queue_count,
		.drops = s->records.drops,
		.disagreements = s->records.disagreements,
		.watch = s->records.watch,
		.changes = s->changes,
		.fast_path = s->fast_path,
		.fast_path_error = s->fast_path_error,
	};
	return s->changes != NULL;
}

struct service *
service_start(struct policy *policy, struct files *files,
    const struct service_paths *paths, char error[SERVICE_ERROR_SIZE])
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
	s->first_queue = policy->settings.queue.first;
	s->queue_count = workers_wanted(&policy->settings);
	s->config_path = strdup(paths->config);
	handover_receive(&s->handover);
	s->leaves = s->handover.count > 0;
	s->interfaces = interfaces_create();
	bool remembers = records_create(&s->records);
	bool ok = s->signals >= 0 && s->config_path && s->interfaces &&
		  remembers && (s->links = links_open(s->interfaces, error)) &&
		  (s->addresses = addresses_open(error));
	if (ok && !start_filter(s, policy, paths->state, error))
		ok = false;
	if (!s->filter || !filter_policy(s->filter))
		policy_destroy(policy);
	if (ok &&
	    workers_bind(
		&s->workers, s->filter, s->interfaces, &s->handover, error) &&
	    start_changes(s, files) && start_control(s, paths->socket, error) &&
	    start_hook(s, error) && workers_start(&s->workers, error)) {
		keep_all(s);
		s->watchdog = watchdog_start();
		commands_begin(&s->commands, s->hook);
		say_started(s, paths->socket);
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
		if (info.ssi_signo == SIGHUP) {
			reload_by_signal(s);
			continue;
		}
		go_on = false;
		s->leaves &= info.ssi_signo == SIGTERM;
		s->saves = s->leaves || !notify_wanted();
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
	watchdog_turn(&s->watchdog, &s->workers, clock_ms());
	flows_turn(&s->flows);
	if (notify_wanted())
		workers_keep(&s->workers);
	return take_signals(s);
}

void
service_stop(struct service *s)
{
	/* What is saved of flows must hold when they go on. */
	if (s->fast_path)
		fast_path_stop(s->fast_path);
	if (!s->leaves)
		hook_close(s->hook);
	/* Packets that wait for the next process do not wait for a disk. */
	if (s->saves && s->leaves)
		flows_save(&s->flows);
	workers_stop(&s->workers);
	if (s->saves && !s->leaves)
		flows_save(&s->flows);
	if (s->leaves)
		hook_leave(s->hook);
	control_close(s->control, s->leaves);
	commands_free(&s->commands);
	changes_destroy(s->changes);
	links_close(s->links);
	addresses_close(s->addresses);
	workers_close(&s->workers);
	if (s->entered)
		filter_leave(s->filter, s->queue_count);
	filter_destroy(s->filter);
	flows_close(&s->flows);
	fast_path_close(s->fast_path);
	records_free(&s->records);
	interfaces_destroy(s->interfaces);
	if (s->signals >= 0)
		close(s->signals);
	free(s->config_path);
	free(s);
}
