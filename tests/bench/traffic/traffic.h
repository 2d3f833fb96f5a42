/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of bench_traffic share: its commands, and the little that
 * each of them needs.  One thread.
 */
#ifndef EPHEMERALD_TRAFFIC_H
#define EPHEMERALD_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* A command takes its arguments as strings and returns when it is done; what
 * it has seen goes to standard output as one line of JSON. */
struct traffic_command {
	const char *name, *arguments;
	int argument_count;
	void (*run)(char **arguments);
};

void traffic_flood(char **arguments);   /* flood.c */
void traffic_drain(char **arguments);   /* flood.c */
void traffic_sink(char **arguments);    /* udp.c */
void traffic_echo(char **arguments);    /* udp.c */
void traffic_ask(char **arguments);     /* udp.c */
void traffic_serve(char **arguments);   /* tcp.c */
void traffic_bulk(char **arguments);    /* tcp.c */
void traffic_connect(char **arguments); /* tcp.c */

/* Says what failed, with errno, and exits. */
_Noreturn void traffic_die(const char *what);
/* The number, or exits. */
unsigned long traffic_number(const char *word);
/* IPv4 or IPv6 address and port, or exits.  Returns its length. */
socklen_t traffic_address(
    const char *address, const char *port, struct sockaddr_storage *out);
double traffic_now(void); /* monotonic seconds */
/* False once SIGTERM or SIGINT has come. */
bool traffic_go_on(void);
/* Tells who started us that we listen. */
void traffic_ready(void);

#endif
