/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the answer of a daemon to a command of ephctl.  Byte 0 says
 * which command, 0x80: with --json.  The daemon is a thread that reads the
 * request and sends the rest.
 *
 * Held: the command ends, with an exit code; what it prints holds nothing that
 * could steer a terminal.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const packet[] = { "inbound", "tcp", "192.0.2.1:5",
	"192.0.2.2:22" };
static const char *const address[] = { "192.0.2.1" };
static const char *const all_sets[] = { "list" };
static const char *const one_set[] = { "list", "s" };
static const char *const member[] = { "test", "s", "192.0.2.1" };

static const struct command_option none[] = { { 0 } };

static const struct row {
	const char *name;
	int (*function)(const struct call *call);
	const char *const *argument;
	size_t count;
} rows[] = {
	{ "status", command_status, NULL, 0 },
	{ "rules", command_rules, NULL, 0 },
	{ "flows", command_flows, NULL, 0 },
	{ "drops", command_drops, NULL, 0 },
	{ "why", command_why, address, 1 },
	{ "reload", command_reload, NULL, 0 },
	{ "explain", command_explain, packet, 4 },
	{ "set", command_set, all_sets, 1 },
	{ "set", command_set, one_set, 2 },
	{ "set", command_set, member, 3 },
	{ "ban", command_ban, address, 1 },
	{ "watch", command_watch, NULL, 0 },
	{ "kill", command_kill, NULL, 0 },
};

static char folder[64], path[96];
static int listener = -1;

struct answer {
	const uint8_t *bytes;
	size_t size;
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* Of the command line, which has none. */
const char *
call_option(const struct call *call, const char *name)
{
	(void)call, (void)name;
	return NULL;
}

static void
clear(void)
{
	unlink(path);
	rmdir(folder);
}

static void
begin(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(folder, sizeof(folder), "%s/fuzz-XXXXXX", P_tmpdir);
	require(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/socket", folder);
	strcpy(at.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	require(listener >= 0 && atexit(clear) == 0);
	require(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0);
	require(listen(listener, 1) == 0);
}

static void *
answer_once(void *context)
{
	struct answer *answer = context;
	int fd = accept(listener, NULL, NULL);
	char request[4096];

	require(fd >= 0);
	(void)!recv(fd, request, sizeof(request), 0);
	while (answer->size > 0) {
		ssize_t sent =
		    send(fd, answer->bytes, answer->size, MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		answer->bytes += sent;
		answer->size -= (size_t)sent;
	}
	close(fd);
	return NULL;
}

/* The locale is C, so nothing but ASCII comes out, but JSON as it came in;
 * there C1 controls are two bytes. */
static void
check_printed(const char *text, size_t size, bool json)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		unsigned char next =
		    i + 1 < size ? (unsigned char)text[i + 1] : 0;
		require((byte >= 0x20 && byte != 0x7f) || byte == '\n');
		require(byte < 0x80 || json);
		require(byte != 0xc2 || next >= 0xa0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text[2] = { NULL, NULL };
	size_t used[2];
	FILE *outside = stdout, *outside_errors = stderr;
	pthread_t daemon;

	if (listener < 0)
		begin();
	if (size < 1)
		return 0;
	const struct row *row = &rows[(data[0] & 0x7f) % ARRAY_LEN(rows)];
	struct answer answer = { data + 1, size - 1 };
	struct call call = {
		.command = row->name,
		.socket = path,
		.header = true,
		.option = none,
		.json = data[0] & 0x80,
		.argument = (char **)row->argument,
		.argument_count = row->count,
	};
	require(pthread_create(&daemon, NULL, answer_once, &answer) == 0);
	stdout = open_memstream(&text[0], &used[0]);
	stderr = open_memstream(&text[1], &used[1]);
	require(stdout && stderr);
	int code = row->function(&call);
	fclose(stdout);
	fclose(stderr);
	stdout = outside;
	stderr = outside_errors;
	require(pthread_join(daemon, NULL) == 0);
	require(code >= 0 && code <= 255);
	for (size_t i = 0; i < 2; i++) {
		check_printed(text[i], used[i], call.json && i == 0);
		free(text[i]);
	}
	return 0;
}
