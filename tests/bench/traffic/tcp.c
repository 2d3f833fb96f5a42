/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP over sockets.  The first byte of a connection says what its server does:
 *
 *   u   takes whatever comes, to the end
 *   d   sends without end
 *   e   answers with one byte, and closes when the client has
 *
 * One thread with epoll on either side.
 */
#include "traffic.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CHUNK        (256 * 1024)
#define EVENTS       256
#define PARALLEL_MAX 1024
#define WAIT_MS      100

static uint8_t chunk[CHUNK];

static void
watch(int epoll, int operation, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll, operation, fd, &event) == -1)
		traffic_die("epoll_ctl");
}

static int
open_listener(const char *word)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	const int on = 1;
	int fd =
	    socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	any.sin6_port = htons((uint16_t)traffic_number(word));
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, SOMAXCONN) == -1)
		traffic_die(word);
	return fd;
}

static void
accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(
		    listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1)
		watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
}

/* One turn of a connection; false: it is over. */
static bool
serve_one(int epoll, int fd, uint32_t events)
{
	ssize_t length;

	if (events & EPOLLOUT)
		return send(fd, chunk, sizeof(chunk), 0) != -1 ||
		       errno == EAGAIN;
	length = recv(fd, chunk, sizeof(chunk), 0);
	if (length == -1 && errno == EAGAIN)
		return true;
	if (length <= 0)
		return false;
	if (length == 1 && chunk[0] == 'd')
		watch(epoll, EPOLL_CTL_MOD, fd, EPOLLOUT);
	if (length == 1 && chunk[0] == 'e')
		return send(fd, chunk, 1, 0) == 1;
	return true;
}

void
traffic_serve(char **arguments)
{
	int listener = open_listener(arguments[0]);
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll == -1)
		traffic_die("epoll");
	watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN);
	traffic_ready();
	while (traffic_go_on()) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;
			if (fd == listener)
				accept_all(epoll, listener);
			else if (!serve_one(epoll, fd, events[i].events))
				close(fd);
		}
	}
	close(epoll);
	close(listener);
}

/* Bytes through one connection; of those sent, as many as the kernel took. */
void
traffic_bulk(char **arguments)
{
	struct sockaddr_storage to;
	socklen_t size = traffic_address(arguments[0], arguments[1], &to);
	bool up = strcmp(arguments[2], "up") == 0;
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned long long bytes = 0;
	double start, end;

	if (fd == -1 || connect(fd, (const struct sockaddr *)&to, size) == -1 ||
	    send(fd, up ? "u" : "d", 1, 0) != 1)
		traffic_die("bulk");
	start = traffic_now();
	end = start + (double)traffic_number(arguments[3]);
	while (traffic_now() < end) {
		ssize_t length = up ? send(fd, chunk, sizeof(chunk), 0)
				    : recv(fd, chunk, sizeof(chunk), 0);
		if (length <= 0)
			traffic_die("bulk");
		bytes += (unsigned long long)length;
	}
	printf("{\"bytes\": %llu, \"seconds\": %.6f}\n", bytes,
	    traffic_now() - start);
	close(fd);
}

struct clients {
	int epoll;
	struct sockaddr_storage to;
	socklen_t size;
	unsigned long done, failed;
};

static void
begin(struct clients *clients)
{
	int fd = socket(clients->to.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		traffic_die("connect");
	if (connect(fd, (const struct sockaddr *)&clients->to, clients->size) ==
		-1 &&
	    errno != EINPROGRESS)
		traffic_die("connect");
	watch(clients->epoll, EPOLL_CTL_ADD, fd, EPOLLOUT);
}

/* Connected: asks.  Answered: closes, and the next begins. */
static void
go_on(struct clients *clients, const struct epoll_event *event)
{
	int fd = event->data.fd;
	uint8_t byte;

	if (event->events == EPOLLOUT && send(fd, "e", 1, 0) == 1) {
		watch(clients->epoll, EPOLL_CTL_MOD, fd, EPOLLIN);
		return;
	}
	if ((event->events & EPOLLIN) && recv(fd, &byte, 1, 0) == 1)
		clients->done++;
	else
		clients->failed++;
	close(fd);
	begin(clients);
}

/* New connections, so many at a time: each is opened, asked one byte, answered
 * with one and closed. */
void
traffic_connect(char **arguments)
{
	struct clients clients = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
	unsigned long parallel = traffic_number(arguments[2]);
	double start = traffic_now();
	double end = start + (double)traffic_number(arguments[3]);

	clients.size = traffic_address(arguments[0], arguments[1], &clients.to);
	if (clients.epoll == -1 || parallel > PARALLEL_MAX)
		traffic_die("connect: PARALLEL");
	for (unsigned long i = 0; i < parallel; i++)
		begin(&clients);
	while (traffic_now() < end) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(clients.epoll, events, EVENTS, WAIT_MS);

		for (int i = 0; i < count; i++)
			go_on(&clients, &events[i]);
	}
	printf("{\"connections\": %lu, \"failed\": %lu, \"seconds\": %.6f}\n",
	    clients.done, clients.failed, traffic_now() - start);
	close(clients.epoll);
}
