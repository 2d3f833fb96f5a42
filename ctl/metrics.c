/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics: all that status, rules, states and sets count, for Prometheus.  The
 * daemon is asked once for each; what it does not know is left out.  A reason
 * that has never occurred is there with 0, so that its first occurrence shows
 * as an increase.
 *
 * With --output the text goes to a file that is always whole: it is written
 * beside it and then takes its place.  If the daemon is not running that is
 * what the file says, or the figures of its last minute would stay for ever.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "exposition.h"
#include "reason.h"
#include "row.h"
#include "text.h"

/* The answers, arrays of rows. */
struct answers {
	json_t *status, *rules, *states, *sets;
};

static void
keep(void *context, const json_t *row)
{
	json_array_append(context, (json_t *)row);
}

static json_t *
ask(const struct call *call, const char *command, int *code)
{
	struct call question = *call;
	json_t *rows = text_need(json_array());

	question.command = command;
	if (*code == EXIT_OK)
		*code = client_ask(&question, NULL, keep, rows);
	return rows;
}

/* A figure of the object, under the name of the family, if it is known. */
static void
put(struct exposition *e, enum kind kind, const char *family, const char *help,
    const json_t *object, const char *key)
{
	if (!row_has(object, key))
		return;
	exposition_begin(e, kind, family, help);
	if (json_is_integer(json_object_get(object, key)))
		exposition_count(e, NULL, row_count(object, key));
	else
		exposition_number(e, NULL, row_number(object, key));
}

static void
put_daemon(struct exposition *e, const json_t *status)
{
	const struct label build[] = {
		{ "version", row_text(status, "version") }, { 0 }
	};
	const char *mode = row_text(status, "mode");

	exposition_begin(e, GAUGE, "up", "Whether the daemon answers.");
	exposition_count(e, NULL, 1);
	exposition_begin(e, GAUGE, "build_info", "Version of the daemon.");
	exposition_count(e, build, 1);
	put(e, GAUGE, "uptime_seconds", "Time since the daemon started.",
	    status, "uptime_seconds");
	exposition_begin(e, GAUGE, "audit_mode",
	    "Whether verdicts are only counted, and all packets pass.");
	exposition_count(e, NULL, mode && strcmp(mode, "audit") == 0);
}

static void
put_policy(struct exposition *e, const json_t *status)
{
	const json_t *policy = json_object_get(status, "policy");
	const json_t *reload = json_object_get(status, "last_reload");
	const json_t *count;
	const char *table;

	put(e, GAUGE, "policy_generation",
	    "Number of the policy in force, from 1 at each start.", policy,
	    "generation");
	put(e, GAUGE, "policy_loaded_timestamp_seconds",
	    "When the policy in force came into force.", policy, "loaded");
	exposition_begin(e, GAUGE, "policy_reload_success",
	    "Whether the last reload was good; 1 if there was none.");
	exposition_count(e, NULL,
	    !json_is_object(reload) ||
		json_is_true(json_object_get(reload, "ok")));
	put(e, GAUGE, "policy_reload_timestamp_seconds",
	    "When the last reload was, good or refused.", reload, "time");
	exposition_begin(e, GAUGE, "policy_rules", "Rules of each table.");
	json_object_foreach(
	    json_object_get(json_object_get(status, "policy"), "rules"), table,
	    count)
	{
		if (json_is_integer(count))
			exposition_count(e,
			    (struct label[]){ { "table", table }, { 0 } },
			    (uint64_t)json_integer_value(count));
	}
}

static void
put_verdicts(struct exposition *e, const json_t *status)
{
	const json_t *verdicts = json_object_get(status, "verdicts");
	const char *direction, *verdict;
	json_t *counts, *count;

	exposition_begin(
	    e, COUNTER, "packets_total", "Packets by direction and verdict.");
	json_object_foreach((json_t *)verdicts, direction, counts)
	{
		json_object_foreach(counts, verdict, count)
		{
			exposition_count(e,
			    (struct label[]){ { "direction", direction },
				{ "verdict", verdict }, { 0 } },
			    (uint64_t)json_integer_value(count));
		}
	}
}

static void
put_reasons(struct exposition *e, const json_t *status, bool accepted,
    const char *family, const char *help)
{
	const json_t *reasons = json_object_get(status, "reasons");

	exposition_begin(e, COUNTER, family, help);
	for (enum reason why = UNDECIDED + 1; why < REASON_COUNT; why++)
		if ((reason_verdict(why) == VERDICT_ACCEPT) == accepted)
			exposition_count(e,
			    (struct label[]){
				{ "reason", reason_name(why) }, { 0 } },
			    row_count(reasons, reason_name(why)));
}

/* A figure of each queue. */
static void
put_queues(struct exposition *e, const json_t *queues, enum kind kind,
    const char *family, const char *help, const char *key)
{
	char number[24];
	json_t *queue;
	size_t i;

	exposition_begin(e, kind, family, help);
	json_array_foreach(queues, i, queue)
	{
		snprintf(number, sizeof(number), "%ju",
		    (uintmax_t)row_count(queue, "queue"));
		if (row_has(queue, key))
			exposition_count(e,
			    (struct label[]){ { "queue", number }, { 0 } },
			    row_count(queue, key));
	}
}

static void
put_losses(struct exposition *e, const json_t *queues)
{
	static const char *const kind[][2] = {
		{ "queue-full", "lost_queue_full" },
		{ "socket-full", "lost_socket_full" },
		{ "rebound", "lost_rebound" },
	};
	char number[24];
	json_t *queue;
	size_t i;

	exposition_begin(e, COUNTER, "queue_lost_total",
	    "Packets that the kernel dropped before they were judged.");
	json_array_foreach(queues, i, queue)
	{
		snprintf(number, sizeof(number), "%ju",
		    (uintmax_t)row_count(queue, "queue"));
		for (size_t k = 0; k < ARRAY_LEN(kind); k++)
			if (row_has(queue, kind[k][1]))
				exposition_count(e,
				    (struct label[]){ { "queue", number },
					{ "kind", kind[k][0] }, { 0 } },
				    row_count(queue, kind[k][1]));
	}
}

static void
put_workers(struct exposition *e, const json_t *status)
{
	static const struct {
		enum kind kind;
		const char *family, *help, *key;
	} row[] = {
		{ GAUGE, "queue_waiting", "Packets that wait for a verdict.",
		    "waiting" },
		{ GAUGE, "queue_length", "The most that may wait.", "length" },
		{ COUNTER, "queue_packets_total",
		    "Packets that the kernel handed over.", "packets" },
		{ COUNTER, "queue_batches_total",
		    "Batches in which they were judged.", "batches" },
		{ COUNTER, "queue_verdicts_sent_total",
		    "Verdicts that the kernel took.", "verdicts_sent" },
		{ COUNTER, "queue_send_retries_total",
		    "Times that verdicts had to be sent again.",
		    "send_retries" },
		{ COUNTER, "queue_receive_errors_total",
		    "Times that packets could not be received.",
		    "receive_errors" },
		{ COUNTER, "queue_odd_messages_total",
		    "Messages of the kernel that make no sense.",
		    "odd_messages" },
		{ COUNTER, "queue_flushed_total",
		    "Verdicts on packets that the kernel had dropped already.",
		    "flushed" },
	};
	const json_t *queues = json_object_get(status, "queues");

	put_losses(e, queues);
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		put_queues(e, queues, row[i].kind, row[i].family, row[i].help,
		    row[i].key);
}

static void
put_latency(struct exposition *e, const json_t *status)
{
	const json_t *latency = json_object_get(status, "latency");
	uint64_t below = 0;
	json_t *bucket;
	char le[32];
	size_t i;

	if (!row_has(latency, "count"))
		return;
	exposition_begin(e, HISTOGRAM, "verdict_latency_seconds",
	    "Time from the receipt of a packet to its verdict.");
	json_array_foreach(json_object_get(latency, "buckets"), i, bucket)
	{
		below += row_count(bucket, "count");
		if (!row_has(bucket, "up_to_seconds"))
			continue;
		snprintf(le, sizeof(le), "%.9g",
		    row_number(bucket, "up_to_seconds"));
		exposition_part(e, "_bucket", le, (double)below);
	}
	exposition_part(e, "_bucket", "+Inf", (double)below);
	exposition_part(e, "_sum", NULL, row_number(latency, "sum_seconds"));
	exposition_part(e, "_count", NULL, (double)below);
}

static void
put_flows(struct exposition *e, const json_t *status, const json_t *states)
{
	const json_t *flows = json_object_get(status, "flows");
	json_t *row;
	size_t i;

	put(e, GAUGE, "flow_table_used", "Connections that are remembered.",
	    flows, "used");
	put(e, GAUGE, "flow_table_capacity", "The most there may be.", flows,
	    "max");
	exposition_begin(e, GAUGE, "flows", "Connections in each state.");
	json_array_foreach(states, i, row)
	{
		exposition_count(e,
		    (struct label[]){
			{ "state", row_text(row, "state") }, { 0 } },
		    row_count(row, "flows"));
	}
}

/* A figure of each rule, under its name, or its place if it has none. */
static void
put_rules(struct exposition *e, const json_t *rules, enum kind kind,
    const char *family, const char *help, const char *key)
{
	json_t *row;
	size_t i;

	exposition_begin(e, kind, family, help);
	json_array_foreach(rules, i, row)
	{
		const char *name = row_text(row, "name");
		const struct label labels[] = {
			{ "table", row_text(row, "table") },
			{ "rule", name ? name : row_text(row, "rule") },
			{ "action", row_text(row, "action") },
			{ 0 },
		};

		if (json_is_integer(json_object_get(row, key)))
			exposition_count(e, labels, row_count(row, key));
		else if (row_has(row, key))
			exposition_number(e, labels, row_number(row, key));
	}
}

static void
put_sets(struct exposition *e, const json_t *sets)
{
	static const char *const kind[] = { "fixed", "live" };
	json_t *row;
	size_t i;

	exposition_begin(
	    e, GAUGE, "set_members", "Members of each set by kind.");
	json_array_foreach(sets, i, row)
	{
		for (size_t k = 0; k < ARRAY_LEN(kind); k++)
			exposition_count(e,
			    (struct label[]){ { "set", row_text(row, "set") },
				{ "kind", kind[k] }, { 0 } },
			    row_count(row, kind[k]));
	}
	exposition_begin(
	    e, GAUGE, "set_capacity", "The most live members there may be.");
	json_array_foreach(sets, i, row)
	{
		exposition_count(e,
		    (struct label[]){ { "set", row_text(row, "set") }, { 0 } },
		    row_count(row, "max"));
	}
}

static void
put_all(struct exposition *e, const struct answers *answers)
{
	const json_t *status = json_array_get(answers->status, 0);

	put_daemon(e, status);
	put_policy(e, status);
	put_verdicts(e, status);
	put_reasons(
	    e, status, true, "accepts_total", "Accepted packets by reason.");
	put_reasons(e, status, false, "drops_total",
	    "Dropped and rejected packets by reason.");
	put_rules(e, answers->rules, COUNTER, "rule_hits_total",
	    "Packets that the rule itself decided.", "hits");
	put_rules(e, answers->rules, COUNTER, "rule_bytes_total",
	    "Bytes of these packets.", "bytes");
	put_rules(e, answers->rules, GAUGE, "rule_last_hit_timestamp_seconds",
	    "When the rule last decided.", "last_hit");
	put_flows(e, status, answers->states);
	put_workers(e, status);
	put_latency(e, status);
	put_sets(e, answers->sets);
}

/* All of them in *text, malloc'd; an exit code that is not EXIT_OK and not
 * EXIT_NOT_RUNNING: there is no text. */
static int
collect(const struct call *call, char **text, size_t *bytes)
{
	int code = EXIT_OK;
	struct answers answers = {
		.status = ask(call, "status", &code),
		.rules = ask(call, "rules", &code),
		.states = ask(call, "states", &code),
		.sets = ask(call, "set-list", &code),
	};
	struct exposition e = { .out = text_need(open_memstream(text, bytes)) };

	if (code == EXIT_OK) {
		put_all(&e, &answers);
	} else if (code == EXIT_NOT_RUNNING) {
		exposition_begin(
		    &e, GAUGE, "up", "Whether the daemon answers.");
		exposition_count(&e, NULL, 0);
	}
	if (fclose(e.out) != 0)
		text_need(NULL);
	json_decref(answers.status);
	json_decref(answers.rules);
	json_decref(answers.states);
	json_decref(answers.sets);
	return code;
}

static bool
write_whole(int fd, const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t written = write(fd, text, bytes);

		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			text += written;
			bytes -= (size_t)written;
		}
	}
	return true;
}

/* Beside the file, and then in its place; readable by all. */
static bool
replace_file(const char *path, const char *text, size_t bytes)
{
	char *draft = text_format("%s.XXXXXX", path);
	int fd = mkostemp(draft, O_CLOEXEC);
	bool ok =
	    fd >= 0 && fchmod(fd, 0644) == 0 && write_whole(fd, text, bytes);

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok && rename(draft, path) != 0)
		ok = false;
	if (!ok) {
		text_complain("%s: %s", path, strerror(errno));
		if (fd >= 0)
			unlink(draft);
	}
	free(draft);
	return ok;
}

int
command_metrics(const struct call *call)
{
	const char *path = call_option(call, "output");
	char *text = NULL;
	size_t bytes = 0;

	if (call->json) {
		text_complain("metrics are not JSON; see `ephctl --json "
			      "status` and `ephctl --json rules`");
		return EXIT_USAGE;
	}
	int code = collect(call, &text, &bytes);
	if (code == EXIT_OK || code == EXIT_NOT_RUNNING) {
		if (!path)
			fwrite(text, 1, bytes, stdout);
		else if (!replace_file(path, text, bytes))
			code = EXIT_FAILED;
	}
	free(text);
	return code;
}
