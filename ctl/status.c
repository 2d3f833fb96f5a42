/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status: a paragraph per subject, then the figures as small tables.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "columns.h"
#include "reason.h"
#include "row.h"
#include "text.h"

#define LABEL_WIDTH 13

/* "label        text", the text broken below itself; frees it. */
static void
say(const char *label, enum tone tone, char *raw)
{
	char *clean = text_clean(raw);
	char *dressed = text_tone(tone, clean);
	char *line = text_format("%-*s%s", LABEL_WIDTH, label, dressed);

	text_print(LABEL_WIDTH, line);
	free(line);
	free(dressed);
	free(clean);
	free(raw);
}

static void
say_policy(const json_t *policy)
{
	const json_t *files = json_object_get(policy, "files");
	char *age = text_duration(row_number(policy, "age_seconds"), false);
	char *counts = row_rule_counts(json_object_get(policy, "rules"));
	const char *loaded = row_text(policy, "loaded_iso");

	say("policy", TONE_PLAIN,
	    text_format("generation %ju, loaded %s (%s ago), %s",
		(uintmax_t)row_count(policy, "generation"),
		loaded ? loaded : "?", age, counts));
	for (size_t i = 0; i < json_array_size(files); i++) {
		const char *file = json_string_value(json_array_get(files, i));

		say(i ? "" : "files", TONE_PLAIN,
		    text_format("%s", file ? file : "?"));
	}
	if (json_is_true(json_object_get(policy, "differs_on_disk")))
		say("", TONE_PLAIN,
		    text_format("the config on disk differs: a reload or a "
				"restart would read that"));
	free(counts);
	free(age);
}

static void
say_trial(const json_t *trial)
{
	if (!json_is_object(trial))
		return;
	char *left = text_duration(row_number(trial, "seconds_left"), false);

	say("on trial", TONE_BAD,
	    text_format("for %s more; then the policy before comes back, "
			"unless `ephctl confirm` comes",
		left));
	free(left);
}

static void
say_last_reload(const json_t *reload)
{
	const char *time = row_text(reload, "time_iso");
	const char *error = row_text(reload, "error");

	if (!json_is_object(reload))
		return;
	if (json_is_true(json_object_get(reload, "ok"))) {
		say("last reload", TONE_PLAIN,
		    text_format("%s, good", time ? time : "?"));
		return;
	}
	say("last reload", TONE_BAD,
	    text_format("%s, refused: the policy before stays in force",
		time ? time : "?"));
	char *copy = text_format("%s", error ? error : "");
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n"));)
		say("", TONE_PLAIN, text_format("%s", line));
	free(copy);
}

/* Nothing, where the config does not ask for it. */
static void
say_fast_path(const json_t *fast_path)
{
	const char *why = row_text(fast_path, "why");

	if (!json_is_object(fast_path))
		return;
	if (why)
		say("fast path", TONE_BAD, text_format("none: %s", why));
	else
		say("fast path", TONE_PLAIN,
		    text_format("%ju packets have passed in the kernel",
			(uintmax_t)row_count(fast_path, "packets")));
}

/* At most that long; a quantile is null if it took more than a second. */
static char *
at_most(const json_t *latency, const char *key)
{
	double seconds = row_number(latency, key);

	if (!row_has(latency, key))
		return text_format("over a second");
	return seconds < 1e-3 ? text_format("%.0f us", seconds * 1e6)
			      : text_format("%.0f ms", seconds * 1e3);
}

static void
say_latency(const json_t *latency)
{
	if (row_count(latency, "count") == 0)
		return;
	char *median = at_most(latency, "p50_seconds");
	char *most = at_most(latency, "p99_seconds");
	say("latency", TONE_PLAIN,
	    text_format("from receipt to verdict: half within %s, 99 %% "
			"within %s",
		median, most));
	free(median);
	free(most);
}

static void
say_rest(const json_t *status)
{
	const json_t *hook = json_object_get(status, "hook");
	const json_t *flows = json_object_get(status, "flows");
	const char *leaf = row_text(hook, "leaf");
	uint64_t used = row_count(flows, "used");
	uint64_t max = row_count(flows, "max");

	say("hook", TONE_PLAIN,
	    text_format("%s leaf, forwarded packets are %s", leaf ? leaf : "?",
		json_is_true(json_object_get(hook, "forward")) ? "judged too"
							       : "not judged"));
	say_fast_path(json_object_get(hook, "fast_path"));
	say_latency(json_object_get(status, "latency"));
	say("flows", used < max ? TONE_PLAIN : TONE_BAD,
	    text_format("%ju of %ju", (uintmax_t)used, (uintmax_t)max));
}

static void
take_count(struct columns *columns, const json_t *row, const char *key)
{
	columns_take(columns, text_count(row_count(row, key), false),
	    text_count(row_count(row, key), true));
}

static void
finish_table(struct columns *columns, bool header)
{
	putchar('\n');
	columns_print(columns, header, 0);
	columns_destroy(columns);
}

static void
print_verdicts(const json_t *verdicts, bool header)
{
	static const struct column column[] = {
		{ "DIRECTION", false, CUT_NEVER, 0 },
		{ "ACCEPT", true, CUT_NEVER, 0 },
		{ "DROP", true, CUT_NEVER, 0 },
		{ "REJECT", true, CUT_NEVER, 0 },
	};
	struct columns *columns = columns_create(column, ARRAY_LEN(column));
	const char *direction;
	json_t *count;

	json_object_foreach((json_t *)verdicts, direction, count)
	{
		columns_add(columns, direction, NULL);
		take_count(columns, count, "accept");
		take_count(columns, count, "drop");
		take_count(columns, count, "reject");
	}
	finish_table(columns, header);
}

static void
print_queues(const json_t *queues, bool header)
{
	static const struct column column[] = {
		{ "QUEUE", true, CUT_NEVER, 0 },
		{ "PACKETS", true, CUT_NEVER, 0 },
		{ "LENGTH", true, CUT_NEVER, 0 },
		{ "WAITING", true, CUT_NEVER, 0 },
		{ "LOST:QUEUE-FULL", true, CUT_NEVER, 0 },
		{ "LOST:SOCKET-FULL", true, CUT_NEVER, 0 },
		{ "LOST:REBOUND", true, CUT_NEVER, 0 },
	};
	static const char *const from_kernel[] = { "waiting", "lost_queue_full",
		"lost_socket_full", "lost_rebound" };
	struct columns *columns = columns_create(column, ARRAY_LEN(column));
	size_t i;
	json_t *queue;

	json_array_foreach(queues, i, queue)
	{
		bool known =
		    json_is_true(json_object_get(queue, "kernel_known"));

		take_count(columns, queue, "queue");
		take_count(columns, queue, "packets");
		take_count(columns, queue, "length");
		for (size_t k = 0; k < ARRAY_LEN(from_kernel); k++) {
			if (known)
				take_count(columns, queue, from_kernel[k]);
			else /* which must not look like none lost */
				columns_add(columns, "unknown", NULL);
		}
	}
	finish_table(columns, header);
}

static const char *
sentence_of(const char *name)
{
	for (enum reason why = 0; why < REASON_COUNT; why++)
		if (strcmp(reason_name(why), name) == 0)
			return reason_text(why);
	return NULL;
}

static void
print_reasons(const json_t *reasons, bool header)
{
	static const struct column column[] = {
		{ "REASON", false, CUT_NEVER, 0 },
		{ "PACKETS", true, CUT_NEVER, 0 },
		{ "MEANING", false, CUT_END, 0 },
	};
	struct columns *columns = columns_create(column, ARRAY_LEN(column));
	const char *reason;
	json_t *count;

	json_object_foreach((json_t *)reasons, reason, count)
	{
		columns_add(columns, reason, NULL);
		take_count(columns, reasons, reason);
		columns_add(columns, sentence_of(reason), NULL);
	}
	if (columns_rows(columns))
		finish_table(columns, header);
	else
		columns_destroy(columns);
}

static void
say_shadow(const json_t *shadow)
{
	const char *file = row_text(shadow, "file");

	if (!json_is_object(shadow))
		return;
	char *judged = text_count(row_count(shadow, "judged"), false);
	char *more = text_count(row_count(shadow, "would_accept"), false);
	char *fewer = text_count(row_count(shadow, "would_refuse"), false);
	char *otherwise = text_count(row_count(shadow, "otherwise"), false);
	say("shadow", TONE_PLAIN, text_format("%s", file ? file : "?"));
	say("", TONE_PLAIN,
	    text_format("of %s packets it would let in %s more and %s fewer, "
			"refuse %s otherwise",
		judged, more, fewer, otherwise));
	free(judged);
	free(more);
	free(fewer);
	free(otherwise);
}

static void
print_status(const json_t *status, bool header)
{
	const char *version = row_text(status, "version");
	const char *mode = row_text(status, "mode");
	char *uptime =
	    text_duration(row_number(status, "uptime_seconds"), false);

	say("ephemerald", TONE_STRONG,
	    text_format("%s, mode %s, pid %ju, up %s", version ? version : "?",
		mode ? mode : "?", (uintmax_t)row_count(status, "pid"),
		uptime));
	say_policy(json_object_get(status, "policy"));
	say_trial(json_object_get(status, "trial"));
	say_last_reload(json_object_get(status, "last_reload"));
	say_shadow(json_object_get(status, "shadow"));
	say_rest(status);
	print_verdicts(json_object_get(status, "verdicts"), header);
	print_queues(json_object_get(status, "queues"), header);
	print_reasons(json_object_get(status, "reasons"), header);
	free(uptime);
}

int
command_status(const struct call *call)
{
	int code;
	json_t *status = client_ask_one(call, NULL, &code);

	if (status && !call->json)
		print_status(status, call->header);
	json_decref(status);
	return code;
}
