/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection is good for one request: a line of JSON goes out, lines of
 * JSON come back, the one with a member "ok" is the last.  A row never has
 * that member.
 *
 * The answer is read as fast as it comes, for the daemon cuts a client that
 * dawdles, and is printed when it is whole: a pipe into a slow program does
 * not break it off, and half an answer never passes for all of it.  Neither a
 * daemon that hangs nor one that dies midway can hold us: each wait ends after
 * WAIT_SECONDS.
 */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

#define WAIT_SECONDS 10
#define READ_BYTES   65536

/* Received bytes: a line that was taken, then those not looked at yet. */
struct reader {
	int fd;
	char *bytes;
	size_t size, used;
	size_t start; /* of the line */
	size_t line;  /* its bytes, newline included */
	bool patient; /* waits however long */
};

static int
timed_out(void)
{
	text_complain(
	    "ephemerald has not answered for %d seconds", WAIT_SECONDS);
	return EXIT_TIMED_OUT;
}

static int
connect_error(const char *path)
{
	switch (errno) {
	case ENOENT:
	case ECONNREFUSED:
		text_complain(
		    "ephemerald is not running: nobody listens at %s", path);
		return EXIT_NOT_RUNNING;
	case EACCES:
	case EPERM:
		text_complain(
		    "not permitted: %s is for root and its group", path);
		return EXIT_NOT_PERMITTED;
	case EAGAIN:
		return timed_out();
	default:
		text_complain(
		    "cannot connect to %s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
}

/* The connected socket, or -1 and *code. */
static int
dial(const char *path, int *code)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = WAIT_SECONDS };

	if (strlen(path) >= sizeof(address.sun_path)) {
		text_complain(
		    "--socket: a path to a socket has at most %zu bytes",
		    sizeof(address.sun_path) - 1);
		*code = EXIT_USAGE;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		*code = connect_error(path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* The whole request or an exit code. */
static int
send_request(int fd, const char *command, json_t *arguments)
{
	json_t *request = json_pack("{s:i, s:s, s:o}", "id", 1, "command",
	    command, "args", arguments ? arguments : json_object());
	char *line = text_need(json_dumps(request, JSON_COMPACT));
	size_t left = strlen(line);
	int code = EXIT_OK;

	line[left++] = '\n'; /* in place of the NUL */
	for (const char *at = line; left;) {
		ssize_t sent = send(fd, at, left, MSG_NOSIGNAL);

		if (sent >= 0) {
			at += sent;
			left -= (size_t)sent;
		} else if (errno == EAGAIN) {
			code = timed_out();
			break;
		} else if (errno != EINTR) {
			break; /* why may be in what it has sent: read that */
		}
	}
	json_decref(request);
	free(line);
	return code;
}

/* More bytes into the reader, or an exit code. */
static int
receive(struct reader *reader)
{
	struct pollfd readable = { .fd = reader->fd, .events = POLLIN };
	ssize_t got;

	reader->used -= reader->start;
	if (reader->start && reader->used)
		memmove(
		    reader->bytes, reader->bytes + reader->start, reader->used);
	reader->start = 0;
	if (reader->size - reader->used < READ_BYTES) {
		reader->size = 2 * reader->size + READ_BYTES;
		reader->bytes = text_need(realloc(reader->bytes, reader->size));
	}
	do {
		int ready = poll(
		    &readable, 1, reader->patient ? -1 : WAIT_SECONDS * 1000);

		if (ready == 0)
			return timed_out();
		got = ready < 0 ? -1
				: recv(reader->fd, reader->bytes + reader->used,
				      reader->size - reader->used, 0);
	} while (got < 0 && errno == EINTR);
	if (got <= 0) {
		text_complain(
		    "ephemerald broke off before the end of its answer");
		return EXIT_FAILED;
	}
	reader->used += (size_t)got;
	return EXIT_OK;
}

/* The next line is at reader->start, reader->line bytes, or an exit code. */
static int
next_line(struct reader *reader)
{
	size_t searched = 0; /* after reader->start, without a newline */

	reader->start += reader->line;
	for (;;) {
		size_t rest = reader->used - reader->start - searched;
		char *from = reader->bytes + reader->start + searched;
		char *end = rest ? memchr(from, '\n', rest) : NULL;

		if (end) {
			reader->line = searched + (size_t)(end - from) + 1;
			return EXIT_OK;
		}
		searched += rest;
		int code = receive(reader);
		if (code != EXIT_OK)
			return code;
	}
}

/* JSON may hold DEL and the controls U+0080 to U+009F as they are; a terminal
 * obeys those, so they go out as \u escapes, which mean the same. */
static void
print_line(const char *line, size_t bytes, FILE *out)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = (unsigned char)line[i];
		unsigned char next =
		    i + 1 < bytes ? (unsigned char)line[i + 1] : 0;

		if (byte == 0x7f) {
			fputs("\\u007f", out);
		} else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
			fprintf(out, "\\u%04x", (unsigned)next);
			i++;
		} else {
			putc(byte, out);
		}
	}
	putc('\n', out);
}

json_t *
client_parse(const char *line, size_t bytes, bool print)
{
	json_t *object = json_loadb(line, bytes, 0, NULL);

	if (!json_is_object(object)) {
		text_complain("the answer of ephemerald is not a JSON object");
		json_decref(object);
		return NULL;
	}
	if (print)
		print_line(line, bytes, stdout);
	return object;
}

/* The exit status in the last object of an answer. */
static int
conclude(const json_t *last)
{
	const char *error = json_string_value(json_object_get(last, "error"));
	json_int_t status = json_integer_value(json_object_get(last, "exit"));

	if (json_is_true(json_object_get(last, "ok")))
		return EXIT_OK;
	if (status <= 0 || status > 255)
		status = EXIT_FAILED;
	if (!error)
		text_complain("ephemerald gave no reason for its refusal");
	else if (status == EXIT_INVALID || strchr(error, '\n'))
		text_report(error);
	else
		text_complain("%s", error);
	return (int)status;
}

/* The rows also go to `copy`, if it is not NULL.  endless: after the first row
 * the next may take its time, and all that is there is shown at once. */
static int
read_answer(struct reader *reader, FILE *copy, bool endless,
    void (*take)(void *context, const json_t *row), void *context)
{
	for (;;) {
		int code = next_line(reader);

		if (code != EXIT_OK)
			return code;
		const char *line = reader->bytes + reader->start;
		json_t *row = client_parse(line, reader->line - 1, false);
		if (!row)
			return EXIT_FAILED;
		if (json_object_get(row, "ok")) {
			code = conclude(row);
			json_decref(row);
			return code;
		}
		if (copy)
			print_line(line, reader->line - 1, copy);
		take(context, row);
		json_decref(row);
		if (!endless)
			continue;
		reader->patient = true;
		if (reader->start + reader->line == reader->used)
			fflush(stdout);
	}
}

static int
ask(const struct call *call, json_t *arguments, FILE *copy, bool endless,
    void (*take)(void *context, const json_t *row), void *context)
{
	struct reader reader = { .fd = -1 };
	int code = EXIT_OK;

	reader.fd = dial(call->socket, &code);
	if (reader.fd < 0) {
		json_decref(arguments);
		return code;
	}
	code = send_request(reader.fd, call->command, arguments);
	if (code == EXIT_OK)
		code = read_answer(&reader, copy, endless, take, context);
	free(reader.bytes);
	close(reader.fd);
	return code;
}

int
client_ask(const struct call *call, json_t *arguments,
    void (*take)(void *context, const json_t *row), void *context)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *copy =
	    call->json ? text_need(open_memstream(&text, &bytes)) : NULL;
	int code = ask(call, arguments, copy, false, take, context);

	if (copy) {
		if (fclose(copy) != 0)
			text_need(NULL);
		if (code == EXIT_OK)
			fwrite(text, 1, bytes, stdout);
		free(text);
	}
	return code;
}

int
client_follow(const struct call *call, json_t *arguments,
    void (*take)(void *context, const json_t *row), void *context)
{
	return ask(
	    call, arguments, call->json ? stdout : NULL, true, take, context);
}

static void
take_last(void *context, const json_t *row)
{
	json_t **last = context;

	json_decref(*last);
	*last = json_incref((json_t *)row);
}

json_t *
client_ask_one(const struct call *call, json_t *arguments, int *code)
{
	json_t *row = NULL;

	*code = client_ask(call, arguments, take_last, &row);
	if (*code == EXIT_OK && !row) {
		text_complain("ephemerald gave an empty answer");
		*code = EXIT_FAILED;
	}
	if (*code != EXIT_OK) {
		json_decref(row);
		row = NULL;
	}
	return row;
}
