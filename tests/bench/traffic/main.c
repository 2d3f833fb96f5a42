/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_traffic: what is sent through a firewall to measure it, and who
 * answers there.  Every command runs until its time is over, or, if it is a
 * server, until SIGTERM, and then prints one line of JSON.
 *
 * A server first prints "ready".
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct traffic_command commands[] = {
	{ "flood",
	    "udp|syn DEVICE MAC SOURCE ADDRESS PORT FLOWS PACKETS SECONDS", 9,
	    traffic_flood },
	{ "drain", "PID DEVICE MAC SOURCE ADDRESS PORT FLOWS PACKETS FILLS", 9,
	    traffic_drain },
	{ "sink", "PORT RECEIVE-BUFFER ANSWERS", 3, traffic_sink },
	{ "echo", "PORT", 1, traffic_echo },
	{ "ask", "ADDRESS PORT SECONDS", 3, traffic_ask },
	{ "serve", "PORT", 1, traffic_serve },
	{ "bulk", "ADDRESS PORT up|down SECONDS", 4, traffic_bulk },
	{ "connect", "ADDRESS PORT PARALLEL SECONDS", 4, traffic_connect },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

bool
traffic_go_on(void)
{
	return !stopped;
}

void
traffic_die(const char *what)
{
	fprintf(stderr, "bench_traffic: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

unsigned long
traffic_number(const char *word)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(word, &end, 10);
	if (errno || *end || end == word) {
		errno = EINVAL;
		traffic_die(word);
	}
	return number;
}

socklen_t
traffic_address(
    const char *address, const char *port, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	v4.sin_port = v6.sin6_port = htons((uint16_t)traffic_number(port));
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
		memcpy(out, &v6, sizeof(v6));
		return sizeof(v6);
	}
	errno = EINVAL;
	traffic_die(address);
}

double
traffic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
traffic_ready(void)
{
	puts("ready");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	/* Without SA_RESTART: a call that waits ends with EINTR. */
	const struct sigaction action = { .sa_handler = stop };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0 &&
		    argc - 2 == commands[i].argument_count) {
			commands[i].run(argv + 2);
			return EXIT_SUCCESS;
		}
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(stderr, "%s bench_traffic %s %s\n",
		    i == 0 ? "usage:" : "      ", commands[i].name,
		    commands[i].arguments);
	return 2;
}
