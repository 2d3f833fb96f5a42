/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer is a list of rows as of `flows`; what is shown is made of it once,
 * so that no key but those that ask waits for the daemon.  A rate is what a
 * connection has moved since the answer before.
 *
 * While curses has the terminal nobody else may write to it: what would go to
 * stderr becomes the message.
 */
#include "top_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "look.h"
#include "row.h"
#include "text.h"

double
top_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
top_say(struct top *top, char *message)
{
	free(top->message);
	top->message = message;
}

static void
forget(struct top *top)
{
	for (size_t i = 0; i < top->count; i++) {
		json_decref(top->entry[i].row);
		for (size_t c = 0; c < TOP_COLUMNS; c++)
			free(top->entry[i].text[c]);
	}
	top->count = 0;
}

static double
bytes_of(const json_t *row)
{
	const json_t *pair = json_object_get(row, "bytes");

	return json_number_value(json_array_get(pair, 0)) +
	       json_number_value(json_array_get(pair, 1));
}

/* Tells connections apart. */
static char *
name_of(const json_t *row)
{
	char *src = row_endpoint(row, "source", "source_port");
	char *dst = row_endpoint(row, "destination", "destination_port");
	const char *protocol = row_text(row, "protocol");
	char *name = text_format("%s %s %s %ju", protocol ? protocol : "",
	    src ? src : "", dst ? dst : "",
	    (uintmax_t)row_count(row, "icmp_id"));

	free(src);
	free(dst);
	return name;
}

/* Bytes per second since the answer before. */
static double
rate_of(struct top *top, const json_t *row)
{
	char *name = name_of(row);
	json_t *before = json_object_get(top->before, name);
	double bytes = bytes_of(row), time = top->now_at - top->before_at;

	json_object_set_new(top->now, name, json_pack("f", bytes));
	free(name);
	if (!before || time <= 0 || json_number_value(before) > bytes)
		return 0;
	return (bytes - json_number_value(before)) / time;
}

static char *
clean(char *raw)
{
	char *text = text_clean(raw ? raw : "-");

	free(raw);
	return text;
}

static char *
copy(const char *text)
{
	return text ? text_format("%s", text) : NULL;
}

static void
take(void *context, const json_t *row)
{
	struct top *top = context;

	if (top->count == top->size) {
		top->size = 2 * top->size + 64;
		top->entry = text_need(
		    reallocarray(top->entry, top->size, sizeof(top->entry[0])));
	}
	struct top_entry *e = &top->entry[top->count++];
	*e = (struct top_entry){ .row = json_incref((json_t *)row) };
	e->number[BY_BYTES] = bytes_of(row);
	e->number[BY_RATE] = rate_of(top, row);
	e->number[BY_IDLE] = row_number(row, "idle_seconds");
	char *rate = text_size((uint64_t)e->number[BY_RATE]);
	e->text[BY_PROTO] = clean(copy(row_text(row, "protocol")));
	e->text[BY_STATE] = clean(copy(row_text(row, "state")));
	e->text[BY_SRC] = clean(row_endpoint(row, "source", "source_port"));
	e->text[BY_DST] =
	    clean(row_endpoint(row, "destination", "destination_port"));
	e->text[BY_RULE] = clean(row_brief_rule(row, "rule"));
	e->text[BY_BYTES] = text_size((uint64_t)e->number[BY_BYTES]);
	e->text[BY_RATE] = text_format("%s/s", rate);
	e->text[BY_IDLE] = text_duration(e->number[BY_IDLE], true);
	free(rate);
}

static bool
is_number(unsigned by)
{
	return by == BY_BYTES || by == BY_RATE || by == BY_IDLE;
}

/* Numbers: the largest first. */
static int
compare(const void *a, const void *b, void *context)
{
	const struct top_entry *x = a, *y = b;
	const struct top *top = context;
	unsigned by = top->sort;
	double less = y->number[by] - x->number[by];
	int order = is_number(by) ? (less > 0) - (less < 0)
				  : strcmp(x->text[by], y->text[by]);

	return top->reverse ? -order : order;
}

void
top_sort(struct top *top)
{
	qsort_r(top->entry, top->count, sizeof(top->entry[0]), compare, top);
}

/* The words of the filter as arguments; NULL: one is no NAME=VALUE. */
static json_t *
arguments_of(struct top *top)
{
	char *words = text_format("%s", top->filter), *rest = words;
	json_t *arguments = look_options(&top->call);
	const char *word;

	while (arguments && (word = strsep(&rest, " "))) {
		const char *value = strchr(word, '=');
		if (!*word)
			continue;
		char *name =
		    text_format("%.*s", (int)(value ? value - word : 0), word);
		if (!value || json_object_set_new(arguments, name,
				  json_pack("s", value + 1)) < 0) {
			top_say(top, text_format("filter: '%s'; accepted: "
						 "NAME=VALUE, as dport=22",
					 word));
			json_decref(arguments);
			arguments = NULL;
		}
		free(name);
	}
	free(words);
	return arguments;
}

/* Asks the daemon; what that says of errors becomes the message. */
static int
ask(struct top *top, const char *command, json_t *arguments,
    void (*take_row)(void *context, const json_t *row), void *context)
{
	struct call call = top->call;
	FILE *terminal = stderr;
	char *said = NULL;
	size_t bytes;

	call.command = command;
	stderr = text_need(open_memstream(&said, &bytes));
	int code = client_ask(&call, arguments, take_row, context);
	fclose(stderr);
	stderr = terminal;
	said[strcspn(said, "\n")] = '\0';
	if (code == EXIT_OK)
		free(said);
	else
		top_say(top, said);
	return code;
}

int
top_refresh(struct top *top)
{
	json_t *arguments = arguments_of(top);

	if (!arguments)
		return EXIT_OK; /* a message says why */
	forget(top);
	top->now = json_object();
	top->now_at = top_seconds();
	int code = ask(top, "flows", arguments, take, top);
	json_decref(top->before);
	top->before = top->now;
	top->before_at = top->now_at;
	top_sort(top);
	if (top->selected >= top->count)
		top->selected = top->count ? top->count - 1 : 0;
	return code;
}

static void
count_row(void *context, const json_t *row)
{
	(void)row;
	++*(size_t *)context;
}

static void
put_condition(json_t *arguments, const char *name, char *value)
{
	if (value)
		json_object_set_new(arguments, name, json_pack("s", value));
	free(value);
}

static char *
number_text(const json_t *row, const char *key)
{
	return row_has(row, key)
		   ? text_format("%ju", (uintmax_t)row_count(row, key))
		   : NULL;
}

void
top_end_selected(struct top *top)
{
	const json_t *row = top->entry[top->selected].row;
	json_t *arguments = json_object();
	size_t ended = 0;

	put_condition(arguments, "protocol", copy(row_text(row, "protocol")));
	put_condition(arguments, "src", copy(row_text(row, "source")));
	put_condition(arguments, "dst", copy(row_text(row, "destination")));
	put_condition(arguments, "sport", number_text(row, "source_port"));
	put_condition(arguments, "dport", number_text(row, "destination_port"));
	put_condition(arguments, "direction", copy(row_text(row, "direction")));
	if (ask(top, "kill", arguments, count_row, &ended) == EXIT_OK)
		top_say(top, text_format("%zu %s ended", ended,
				 ended == 1 ? "connection" : "connections"));
}

void
top_free(struct top *top)
{
	forget(top);
	json_decref(top->before);
	free(top->entry);
	free(top->message);
	free(top->filter);
}
