/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status object, a function per member or group of members.  Counters are
 * read one by one while workers count on: sums may lag each other by a packet.
 */
#include "status.h"

#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "rows.h"

void
status_rule_counts(struct json *json, const struct policy *policy)
{
	const struct rules *acl_in = &policy->tables[TABLE_ACL_INBOUND];
	const struct rules *acl_out = &policy->tables[TABLE_ACL_OUTBOUND];

	json_open_object(json, "rules");
	for (enum table_id t = TABLE_INBOUND; t <= TABLE_FORWARD; t++) {
		if (policy->tables[t].present)
			json_unsigned(
			    json, table_name(t), policy->tables[t].count);
		else
			json_null(json, table_name(t));
	}
	if (acl_in->present || acl_out->present)
		json_unsigned(json, "acl", acl_in->count + acl_out->count);
	else
		json_null(json, "acl");
	json_close_object(json);
}

static void
put_policy(struct json *json, const struct commands *commands, uint64_t now_ms,
    int64_t offset_ms)
{
	const struct policy *policy = filter_policy(commands->filter);
	const struct files *files = changes_files(commands->changes);
	uint64_t changed_ms = changes_loaded_ms(commands->changes);
	uint64_t loaded_ms = changed_ms ? changed_ms : commands->started_ms;

	json_open_object(json, "policy");
	json_unsigned(json, "generation", policy->generation);
	row_time(json, "loaded", loaded_ms + (uint64_t)offset_ms);
	json_real(json, "age_seconds", (double)(now_ms - loaded_ms) / 1000);
	json_open_array(json, "files");
	for (size_t i = 0; i < files->count; i++)
		json_string(json, NULL, files->text[i].name);
	json_close_array(json);
	json_bool(
	    json, "differs_on_disk", changes_differ_on_disk(commands->changes));
	status_rule_counts(json, policy);
	json_close_object(json);

	if (commands->last_reload.time_ms == 0) {
		json_null(json, "last_reload");
		return;
	}
	json_open_object(json, "last_reload");
	json_bool(json, "ok", commands->last_reload.ok);
	row_time(
	    json, "time", commands->last_reload.time_ms + (uint64_t)offset_ms);
	json_string(json, "error", commands->last_reload.error);
	json_close_object(json);
}

/* The policy on trial, if one is. */
static void
put_trial(struct json *json, const struct commands *commands, uint64_t now_ms)
{
	const struct attempt *attempt = changes_attempt(commands->changes);

	if (attempt->state != ATTEMPT_RUNNING) {
		json_null(json, "trial");
		return;
	}
	json_open_object(json, "trial");
	json_unsigned(json, "number", attempt->number);
	json_real(json, "seconds_left",
	    attempt->end_ms > now_ms ? (double)(attempt->end_ms - now_ms) / 1000
				     : 0);
	json_close_object(json);
}

/* A figure of the kernel's. */
static void
put_if(struct json *json, const char *key, bool known, uint64_t value)
{
	if (known)
		json_unsigned(json, key, value);
	else
		json_null(json, key);
}

/* What its worker has done. */
static void
put_work(struct json *json, const struct queue_statistics *seen)
{
	json_unsigned(json, "packets", seen->packets);
	json_unsigned(json, "batches", seen->batches);
	json_unsigned(json, "verdicts_sent", seen->verdicts_sent);
	json_unsigned(json, "send_retries", seen->send_retries);
	json_unsigned(json, "receive_errors", seen->receive_errors);
	json_unsigned(json, "odd_messages", seen->odd_messages);
	json_unsigned(json, "flushed", seen->flushed);
}

static void
put_queues(struct json *json, const struct commands *commands)
{
	unsigned length =
	    filter_policy(commands->filter)->settings.queue.length;

	json_open_array(json, "queues");
	for (size_t i = 0; i < commands->queue_count; i++) {
		const struct queue *queue = commands->queues[i];
		struct queue_statistics seen = queue_read(queue);
		json_open_object(json, NULL);
		json_unsigned(json, "queue", queue_number(queue));
		put_work(json, &seen);
		json_unsigned(json, "length", length);
		put_if(json, "waiting", seen.kernel_known, seen.waiting);
		put_if(json, "lost_queue_full", seen.kernel_known,
		    seen.lost_queue_full);
		put_if(json, "lost_socket_full", seen.kernel_known,
		    seen.lost_socket_full);
		put_if(
		    json, "lost_rebound", seen.kernel_known, seen.lost_rebound);
		json_bool(json, "kernel_known", seen.kernel_known);
		json_close_object(json);
	}
	json_close_array(json);
}

static void
put_seconds(struct json *json, const char *key, uint64_t ns)
{
	if (ns == 0 || ns == UINT64_MAX)
		json_null(json, key);
	else
		json_real(json, key, (double)ns / 1e9);
}

/* Of what is measured: see latency.h. */
static void
put_latency(struct json *json, const struct commands *commands)
{
	struct latency_totals t = { 0 };

	for (size_t i = 0; i < commands->queue_count; i++)
		queue_latency(commands->queues[i], &t);
	json_open_object(json, "latency");
	put_seconds(json, "p50_seconds", latency_quantile_ns(&t, 500));
	put_seconds(json, "p99_seconds", latency_quantile_ns(&t, 990));
	json_unsigned(json, "count", t.count);
	json_real(json, "sum_seconds", (double)t.sum_ns / 1e9);
	json_open_array(json, "buckets");
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		json_open_object(json, NULL);
		put_seconds(json, "up_to_seconds", latency_bound_ns(i));
		json_unsigned(json, "count", t.bucket[i]);
		json_close_object(json);
	}
	json_close_array(json);
	json_close_object(json);
}

static void
put_counts(struct json *json, const struct filter *filter)
{
	uint64_t by_reason[REASON_COUNT] = { 0 };

	json_open_object(json, "verdicts");
	for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++) {
		uint64_t by_verdict[VERDICT_REJECT + 1] = { 0 };
		for (enum reason why = 0; why < REASON_COUNT; why++) {
			uint64_t count = filter_count(filter, d, why);
			by_verdict[reason_verdict(why)] += count;
			by_reason[why] += count;
		}
		json_open_object(json, direction_name(d));
		for (enum verdict v = 0; v <= VERDICT_REJECT; v++)
			json_unsigned(json, verdict_name(v), by_verdict[v]);
		json_close_object(json);
	}
	json_close_object(json);
	json_open_object(json, "reasons");
	for (enum reason why = 0; why < REASON_COUNT; why++)
		if (by_reason[why])
			json_unsigned(json, reason_name(why), by_reason[why]);
	json_close_object(json);
}

static void
put_shadow(struct json *json, const struct filter *filter)
{
	const struct policy *shadow = filter_policy(filter)->shadow;

	if (!shadow) {
		json_null(json, "shadow");
		return;
	}
	struct shadow_totals t = filter_shadow_totals(filter);
	json_open_object(json, "shadow");
	json_string(json, "file", shadow->files[0]);
	json_unsigned(json, "judged", t.judged);
	json_unsigned(json, "would_accept", t.would_accept);
	json_unsigned(json, "would_refuse", t.would_refuse);
	json_unsigned(json, "otherwise", t.otherwise);
	json_close_object(json);
}

/* null: the config does not ask for it. */
static void
put_fast_path(struct json *json, const struct commands *commands)
{
	const struct fast_path_kernel *kernel = commands->fast_path;
	const char *why =
	    commands->fast_path_error ? commands->fast_path_error : "";
	uint64_t packets = 0, bytes = 0;

	if (!kernel && !*why) {
		json_null(json, "fast_path");
		return;
	}
	if (kernel && commands->hook && !hook_has_fast_path(commands->hook))
		why = "the kernel lacks the bpf match of xtables "
		      "(CONFIG_NETFILTER_XT_MATCH_BPF)";
	for (enum direction d = INBOUND; kernel && d < DIRECTION_COUNT; d++) {
		packets += fast_path_packets(kernel, d);
		bytes += fast_path_bytes(kernel, d);
	}
	json_open_object(json, "fast_path");
	json_bool(json, "in_force", !*why);
	json_string(json, "why", *why ? why : NULL);
	json_unsigned(json, "packets", packets);
	json_unsigned(json, "bytes", bytes);
	json_close_object(json);
}

void
status_write(struct json *json, const struct commands *commands)
{
	const struct filter *filter = commands->filter;
	uint64_t now_ms = clock_ms();

	json_open_object(json, NULL);
	json_string(json, "version", EPHEMERALD_VERSION);
	json_string(json, "mode", "enforce");
	json_unsigned(json, "pid", (uint64_t)getpid());
	json_real(json, "uptime_seconds",
	    (double)(now_ms - commands->started_ms) / 1000);
	put_policy(json, commands, now_ms, clock_wall_offset_ms());
	put_trial(json, commands, now_ms);
	json_open_object(json, "hook");
	json_string(json, "leaf",
	    commands->hook ? hook_leaf_in_force(commands->hook) : NULL);
	json_bool(json, "forward",
	    filter_policy(filter)->tables[TABLE_FORWARD].present);
	put_fast_path(json, commands);
	json_close_object(json);
	put_queues(json, commands);
	put_latency(json, commands);
	json_open_object(json, "flows");
	json_unsigned(json, "used", filter_flow_count(filter));
	json_unsigned(json, "max", filter_flow_limit(filter));
	json_close_object(json);
	put_counts(json, filter);
	put_shadow(json, filter);
	json_close_object(json);
	json_newline(json);
}
