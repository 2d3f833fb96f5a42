/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP over sockets: a sink that counts, an echo, and one that asks the echo
 * and waits for the answer before it asks again.
 */
#include "traffic.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define BATCH       64
#define SIZE        64 /* bytes of a datagram: enough for all that come */
#define ASK_BYTES   36 /* a packet of 64 over IPv4 */
#define ASK_SECONDS 1
#define ASKS_MAX    1000000

static int
open_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		traffic_die("socket");
	return fd;
}

/* Both families. */
static int
open_port(const char *word)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int fd = open_socket(AF_INET6);

	any.sin6_port = htons((uint16_t)traffic_number(word));
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) == -1)
		traffic_die(word);
	return fd;
}

/* So that the flows it comes from are answered ones. */
static void
answer(int fd, const struct mmsghdr *headers, int count)
{
	for (int i = 0; i < count; i++)
		if (sendto(fd, "", 1, 0, headers[i].msg_hdr.msg_name,
			headers[i].msg_hdr.msg_namelen) == -1)
			perror("bench_traffic: sink");
}

/* It answers the first so many. */
void
traffic_sink(char **arguments)
{
	static struct sockaddr_in6 who[BATCH];
	static uint8_t bytes[BATCH][SIZE];
	struct mmsghdr headers[BATCH] = { 0 };
	struct iovec vectors[BATCH];
	unsigned long packets = 0;
	int fd = open_port(arguments[0]);
	int memory = (int)traffic_number(arguments[1]);
	unsigned long answers = traffic_number(arguments[2]);

	if (setsockopt(
		fd, SOL_SOCKET, SO_RCVBUFFORCE, &memory, sizeof(memory)) == -1)
		traffic_die("SO_RCVBUFFORCE");
	for (unsigned i = 0; i < BATCH; i++) {
		vectors[i].iov_base = bytes[i];
		vectors[i].iov_len = SIZE;
		headers[i].msg_hdr.msg_iov = &vectors[i];
		headers[i].msg_hdr.msg_iovlen = 1;
		headers[i].msg_hdr.msg_name = &who[i];
		headers[i].msg_hdr.msg_namelen = sizeof(who[i]);
	}
	traffic_ready();
	while (traffic_go_on()) {
		int count = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);

		packets += count > 0 ? (unsigned)count : 0;
		if (packets <= answers)
			answer(fd, headers, count);
	}
	for (int count;
	     (count = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL)) > 0;)
		packets += (unsigned)count;
	printf("{\"packets\": %lu}\n", packets);
	close(fd);
}

void
traffic_echo(char **arguments)
{
	int fd = open_port(arguments[0]);

	traffic_ready();
	while (traffic_go_on()) {
		struct sockaddr_storage who;
		socklen_t size = sizeof(who);
		uint8_t bytes[SIZE];
		ssize_t length = recvfrom(fd, bytes, sizeof(bytes), 0,
		    (struct sockaddr *)&who, &size);

		if (length > 0 &&
		    sendto(fd, bytes, (size_t)length, 0,
			(const struct sockaddr *)&who, size) == -1)
			perror("bench_traffic: echo");
	}
	close(fd);
}

static int
compare_floats(const void *left, const void *right)
{
	const float *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* The answer to this number; what is late for an earlier one is passed over. */
static bool
answered(int fd, uint64_t number)
{
	uint8_t bytes[SIZE];
	uint64_t got;

	while (recv(fd, bytes, sizeof(bytes), 0) >= (ssize_t)sizeof(got)) {
		memcpy(&got, bytes, sizeof(got));
		if (got == number)
			return true;
	}
	return false;
}

void
traffic_ask(char **arguments)
{
	const struct timeval patience = { .tv_sec = ASK_SECONDS };
	struct sockaddr_storage to;
	socklen_t size = traffic_address(arguments[0], arguments[1], &to);
	double end = traffic_now() + (double)traffic_number(arguments[2]);
	int fd = open_socket(to.ss_family);
	float *us = calloc(ASKS_MAX, sizeof(*us));
	unsigned long count = 0, lost = 0;

	if (!us || connect(fd, (const struct sockaddr *)&to, size) == -1 ||
	    setsockopt(
		fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == -1)
		traffic_die("ask");
	for (uint64_t i = 0; count < ASKS_MAX && traffic_now() < end; i++) {
		uint8_t bytes[ASK_BYTES] = { 0 };
		double start = traffic_now();

		memcpy(bytes, &i, sizeof(i));
		if (send(fd, bytes, sizeof(bytes), 0) == -1 || !answered(fd, i))
			lost++;
		else
			us[count++] = (float)((traffic_now() - start) * 1e6);
	}
	qsort(us, count, sizeof(*us), compare_floats);
	printf("{\"answers\": %lu, \"lost\": %lu, \"p50_us\": %.1f, "
	       "\"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}\n",
	    count, lost, (double)us[count / 2], (double)us[count * 99 / 100],
	    (double)us[count * 999 / 1000],
	    count ? (double)us[count - 1] : 0.0);
	free(us);
	close(fd);
}
