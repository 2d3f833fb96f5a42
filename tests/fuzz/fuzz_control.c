/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes from a client of the control socket, to the commands of a daemon
 * with a policy and without a flow.  Byte 0: send so many bytes at a time (0:
 * all), 0x80: the client is no longer there for the answer.
 *
 * Held: all of an answer is lines of objects, at most one closes each request;
 * the daemon is done with the client in bounded time; and another client is
 * served as if nothing had been.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "changes.h"
#include "commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENT_MAX   200000 /* thrice the longest line */
#define ROUNDS_MAX 100000
#define SILENT_MAX 32

static char folder[64], path[96];
static struct control *control;
static struct commands commands;

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* Whatever file is asked for has these words. */
static bool
read_config(const char *name, struct files *files, struct diagnostics *report)
{
	static const char config[] =
	    "inbound = ( { name = \"ssh\"; port = 22; action = \"allow\"; },\n"
	    "  { from = \"@s\"; action = \"block\"; } );\n"
	    "outbound = ( { action = \"allow\"; } );\n"
	    "sets = { s = { max = 10; members = [ \"192.0.2.0/24\" ]; }; };\n";

	(void)name;
	(void)report;
	files->count = 1;
	files->text = malloc(sizeof(files->text[0]));
	require(files->text != NULL);
	files->text[0] = (struct conf_text){
		.name = strdup("a.conf"),
		.text = strdup(config),
		.size = sizeof(config) - 1,
	};
	return true;
}

static bool
enforce(void *context, struct policy *policy, struct diagnostics *report)
{
	struct policy *old = NULL;

	(void)report;
	require(filter_publish(context, policy, &old));
	policy_destroy(old);
	return true;
}

static void
clear(void)
{
	control_close(control, false);
	rmdir(folder);
}

static void
begin(void)
{
	char error[CONTROL_ERROR_SIZE];
	struct diagnostics diagnostics = { 0 };
	struct interfaces *interfaces = interfaces_create();
	struct files files;
	struct filter_options options = {
		.max_flows = 1024,
		.workers = 1,
		.interfaces = interfaces,
	};

	snprintf(folder, sizeof(folder), "%s/fuzz-XXXXXX", P_tmpdir);
	require(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/socket", folder);
	commands = (struct commands){
		.filter = filter_create(&options),
		.interfaces = interfaces,
		.drops = drops_create(),
		.disagreements = drops_create(),
		.watch = watch_create(),
	};
	require(interfaces && commands.filter && commands.drops &&
		commands.disagreements && commands.watch);
	struct changes_options changes = { commands.filter, interfaces,
		"a.conf", read_config, enforce, commands.filter };
	filter_enter(commands.filter, 0);
	read_config("a.conf", &files, &diagnostics);
	enforce(commands.filter,
	    conf_load(files.text, files.count, &diagnostics), &diagnostics);
	commands.changes = changes_create(&changes, &files);
	require(commands.changes != NULL);
	commands_begin(&commands, NULL);
	control = control_open(path, 0, error);
	require(control != NULL && atexit(clear) == 0);
}

static int
dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	require(fd >= 0);
	require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

/* What the daemon has said when it is done; malloc'd, *used bytes. */
static char *
talk(const uint8_t *data, size_t size, size_t step, size_t *used)
{
	int fd = dial();
	char *said = NULL;
	size_t room = 0;
	ssize_t got;
	unsigned silent = 0;

	*used = 0;
	for (unsigned round = 0;; round++) {
		size_t part = step && step < size ? step : size;
		ssize_t sent =
		    part > 0 ? send(fd, data, part, MSG_NOSIGNAL) : 0;
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		}
		if (size == 0)
			shutdown(fd, SHUT_WR);
		control_turn(control, commands_answer, &commands);
		filter_online();
		if (room - *used < EXCHANGE_CHUNK) {
			room += 2 * EXCHANGE_CHUNK;
			said = realloc(said, room);
			require(said != NULL);
		}
		got = recv(fd, said + *used, room - *used, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			break;
		*used += got > 0 ? (size_t)got : 0;
		/* The answer to `watch` has no end. */
		silent = got > 0 ? 0 : silent + 1;
		if (size == 0 && silent > SILENT_MAX && *used > 0 &&
		    memmem(said, *used, "\"watching\"", 10))
			break;
		require(round < ROUNDS_MAX);
	}
	close(fd);
	return said;
}

static size_t
count_lines(const void *bytes, size_t size)
{
	size_t count = 0;
	const char *at = bytes, *end = at + size;

	for (; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
		count++;
	return count;
}

/* How many requests were closed: by an object that begins with their id. */
static size_t
check_said(const char *said, size_t size)
{
	size_t closed = 0;
	const char *end;

	for (; size > 0 && (end = memchr(said, '\n', size)); said = end + 1) {
		size_t length = (size_t)(end - said);
		require(length >= 2 && *said == '{' && end[-1] == '}');
		closed += strncmp(said, "{\"id\":", 6) == 0;
		size -= length + 1;
	}
	require(size == 0);
	return closed;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char question[] = "{\"command\":\"status\"}\n";
	size_t used;

	if (!control)
		begin();
	if (size < 1 || size > SENT_MAX)
		return 0;
	if (data[0] & 0x80) {
		int fd = dial();
		(void)!send(fd, data + 1, size - 1, MSG_NOSIGNAL);
		close(fd);
	}
	char *said = talk(data + 1, size - 1, data[0] & 0x7f, &used);
	require(check_said(said, used) <= count_lines(data + 1, size - 1) + 1);
	free(said);
	said = talk((const uint8_t *)question, sizeof(question) - 1, 0, &used);
	require(check_said(said, used) == 1 && count_lines(said, used) == 2);
	free(said);
	return 0;
}
