/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small IPv4 packets as fast as they go, in as many flows as wanted, written
 * to the device as whole Ethernet frames: a socket of its own for each flow
 * would cost more than what is measured.
 *
 *   udp   64 bytes from the IP header on, no checksum (RFC 768 allows it)
 *   syn   40 bytes, checksum and all
 *
 * Flow i has the source address SOURCE + i / PORTS and a port of its own;
 * flows take turns.
 *
 * To measure a reader that never waits: stop its process, fill its queue, let
 * it run until the queue is empty, and again (drain).
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define BATCH         64
#define PORTS         60000 /* of each source address, from FIRST_PORT on */
#define FIRST_PORT    2000
#define UDP_LENGTH    64
#define SYN_LENGTH    40
#define DRAIN_SECONDS 10.0

struct frame {
	struct ethhdr ethernet;
	struct iphdr ip;
	union {
		struct udphdr udp;
		struct tcphdr tcp;
		uint8_t bytes[UDP_LENGTH - sizeof(struct iphdr)];
	} up;
} __attribute__((packed));

struct flood {
	int fd;
	bool syn;
	uint32_t source;
	unsigned long flows, next_flow;
	struct frame frames[BATCH];
	struct iovec vectors[BATCH];
	struct mmsghdr headers[BATCH];
};

static uint32_t
sum(const void *bytes, size_t length, uint32_t start)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < length; i += 2)
		start += (uint32_t)byte[i] << 8 | byte[i + 1];
	return start;
}

static uint16_t
folded(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

static void
give_flow(struct flood *flood, struct frame *frame)
{
	unsigned long flow = flood->next_flow;
	uint16_t port = htons((uint16_t)(FIRST_PORT + flow % PORTS));
	uint32_t start = IPPROTO_TCP + sizeof(struct tcphdr);

	flood->next_flow = flow + 1 < flood->flows ? flow + 1 : 0;
	frame->ip.saddr = htonl(flood->source + (uint32_t)(flow / PORTS));
	frame->ip.check = 0;
	frame->ip.check = folded(sum(&frame->ip, sizeof(frame->ip), 0));
	frame->up.udp.source = port; /* where TCP has it too */
	if (!flood->syn)
		return;
	frame->up.tcp.check = 0;
	start = sum(&frame->ip.saddr, 8, start);
	frame->up.tcp.check =
	    folded(sum(&frame->up.tcp, sizeof(frame->up.tcp), start));
}

static void
lay_out(
    struct flood *flood, const char *mac, const char *address, uint16_t port)
{
	struct frame frame = { 0 };
	size_t length = flood->syn ? SYN_LENGTH : UDP_LENGTH;
	uint8_t *to = frame.ethernet.h_dest;

	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", to, to + 1, to + 2,
		to + 3, to + 4, to + 5) != ETH_ALEN ||
	    inet_pton(AF_INET, address, &frame.ip.daddr) != 1) {
		errno = EINVAL;
		traffic_die("flood: MAC or ADDRESS");
	}
	frame.ethernet.h_source[0] = 2; /* locally administered */
	frame.ethernet.h_proto = htons(ETH_P_IP);
	frame.ip.version = 4;
	frame.ip.ihl = 5;
	frame.ip.ttl = 64;
	frame.ip.tot_len = htons((uint16_t)length);
	frame.ip.protocol = flood->syn ? IPPROTO_TCP : IPPROTO_UDP;
	frame.up.udp.dest = htons(port);
	if (flood->syn) {
		frame.up.tcp.doff = 5;
		frame.up.tcp.syn = 1;
		frame.up.tcp.window = htons(64240);
	} else {
		frame.up.udp.len =
		    htons((uint16_t)(length - sizeof(struct iphdr)));
	}
	for (unsigned i = 0; i < BATCH; i++) {
		flood->frames[i] = frame;
		flood->vectors[i].iov_base = &flood->frames[i];
		flood->vectors[i].iov_len = sizeof(struct ethhdr) + length;
		flood->headers[i].msg_hdr.msg_iov = &flood->vectors[i];
		flood->headers[i].msg_hdr.msg_iovlen = 1;
	}
}

static int
open_device(const char *device)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	const int on = 1;

	address.sll_ifindex = (int)if_nametoindex(device);
	if (fd == -1 || address.sll_ifindex == 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) ==
		-1 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) == -1)
		traffic_die(device);
	return fd;
}

/* Sends the next `count`, however many tries it takes. */
static void
send_some(struct flood *flood, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		give_flow(flood, &flood->frames[i]);
	for (unsigned sent = 0; sent < count;) {
		int done =
		    sendmmsg(flood->fd, flood->headers + sent, count - sent, 0);
		if (done > 0)
			sent += (unsigned)done;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			traffic_die("sendmmsg");
	}
}

static struct flood *
open_flood(const char *kind, char **arguments)
{
	struct flood *flood = calloc(1, sizeof(*flood));

	if (!flood)
		traffic_die("flood");
	flood->syn = strcmp(kind, "syn") == 0;
	flood->fd = open_device(arguments[0]);
	if (inet_pton(AF_INET, arguments[2], &flood->source) != 1)
		traffic_die(arguments[2]);
	flood->source = ntohl(flood->source);
	lay_out(flood, arguments[1], arguments[3],
	    (uint16_t)traffic_number(arguments[4]));
	flood->flows = traffic_number(arguments[5]);
	return flood;
}

static void
close_flood(struct flood *flood)
{
	close(flood->fd);
	free(flood);
}

/* udp|syn FLOW... PACKETS SECONDS; PACKETS 0: until the time is over. */
void
traffic_flood(char **arguments)
{
	struct flood *flood = open_flood(arguments[0], arguments + 1);
	unsigned long packets = traffic_number(arguments[7]), sent = 0;
	double start = traffic_now();
	double end = start + (double)traffic_number(arguments[8]);

	while (traffic_go_on() && (packets == 0 || sent < packets) &&
	       traffic_now() < end) {
		unsigned long left = packets ? packets - sent : BATCH;
		unsigned count = left < BATCH ? (unsigned)left : BATCH;

		send_some(flood, count);
		sent += count;
	}
	printf("{\"packets\": %lu, \"seconds\": %.6f}\n", sent,
	    traffic_now() - start);
	close_flood(flood);
}

/* Does the process have this to say in its /proc/PID/stat: "... (name) T"? */
static bool
is_stopped(pid_t pid)
{
	char path[40], text[256], *state = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		traffic_die(path);
	if (fgets(text, sizeof(text), file))
		state = strrchr(text, ')');
	fclose(file);
	return state && state[1] == ' ' && state[2] == 'T';
}

/* Packets in the queues of the network namespace of that process. */
static unsigned long
waiting(pid_t pid)
{
	char path[60], line[256];
	unsigned long total = 0, here;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/net/netfilter/nfnetlink_queue",
	    (int)pid);
	file = fopen(path, "re");
	if (!file)
		traffic_die(path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*u %*u %lu", &here) == 1)
			total += here;
	fclose(file);
	return total;
}

static void
nap(void)
{
	const struct timespec time = { .tv_nsec = 200000 };

	nanosleep(&time, NULL);
}

/* PID FLOW... PACKETS FILLS: so many packets in each of so many fills. */
void
traffic_drain(char **arguments)
{
	pid_t pid = (pid_t)traffic_number(arguments[0]);
	struct flood *flood = open_flood("udp", arguments + 1);
	unsigned long packets = traffic_number(arguments[7]);
	unsigned long fills = traffic_number(arguments[8]), fill = 0;

	for (; fill < fills && traffic_go_on(); fill++) {
		double end = traffic_now() + DRAIN_SECONDS;

		if (kill(pid, SIGSTOP) == -1)
			traffic_die("SIGSTOP");
		while (!is_stopped(pid))
			nap();
		for (unsigned long left = packets; left > 0;) {
			unsigned count = left < BATCH ? (unsigned)left : BATCH;

			send_some(flood, count);
			left -= count;
		}
		kill(pid, SIGCONT);
		while (waiting(pid) > 0) {
			errno = ETIMEDOUT;
			if (traffic_now() > end)
				traffic_die("the queue is not emptied");
			nap();
		}
	}
	printf("{\"packets\": %lu}\n", fill * packets);
	close_flood(flood);
}
