/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that wait, as /proc/net lists them: TCP in state LISTEN, UDP without
 * a peer.  An address is hexadecimal, word by word in the byte order of the
 * machine.  Loopback is left out, since nothing of it comes to the firewall,
 * and so is UDP at an ephemeral port: it is nearly always a client's.
 */
#include "host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define TCP_LISTEN  0x0a /* include/net/tcp_states.h */
#define UDP_NO_PEER 0x07

static void
read_own_ports(struct lint_options *options)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned low, high;

	if (!file)
		return;
	if (fscanf(file, "%u %u", &low, &high) == 2 && high <= UINT16_MAX)
		options->own =
		    (struct port_range){ (uint16_t)low, (uint16_t)high };
	fclose(file);
}

/* An address of global scope is what others can reach. */
static void
read_families(struct lint_options *options)
{
	FILE *file = fopen("/proc/net/if_inet6", "re");
	unsigned scope;

	while (file && fscanf(file, "%*s %*x %*x %x %*x %*s", &scope) == 1)
		options->has_ipv6 |= scope == 0;
	if (file)
		fclose(file);
}

/* "0100007F", or four such words.  False: neither. */
static bool
parse_words(const char *hex, struct address *address)
{
	uint8_t bytes[16] = { 0 };
	size_t words = strlen(hex) / 8;

	if (words != 1 && words != 4)
		return false;
	for (size_t i = 0; i < words; i++) {
		char word[9] = "";
		memcpy(word, hex + 8 * i, 8);
		uint32_t value = (uint32_t)strtoul(word, NULL, 16);
		memcpy(bytes + 4 * i, &value, 4);
	}
	if (words == 4) {
		*address = address_from_bytes(bytes);
		return true;
	}
	uint32_t v4;
	memcpy(&v4, bytes, 4);
	*address = address_from_v4(ntohl(v4));
	return true;
}

static bool
is_loopback(struct address a)
{
	return address_is_v4(a) ? (a.low >> 24 & 0xff) == 127
				: a.high == 0 && a.low == 1;
}

static void
keep(struct lint_options *options, struct listening socket)
{
	struct listening *list = (struct listening *)options->listening;
	size_t count = options->listening_count;

	for (size_t i = 0; i < count; i++)
		if (list[i].protocol == socket.protocol &&
		    list[i].port == socket.port &&
		    address_equal(list[i].address, socket.address))
			return;
	list = text_need(realloc(list, (count + 1) * sizeof(list[0])));
	list[count] = socket;
	options->listening = list;
	options->listening_count = count + 1;
}

static void
read_sockets(
    struct lint_options *options, const char *path, enum protocol protocol)
{
	FILE *file = fopen(path, "re");
	char line[512], hex[40];
	unsigned port, state;

	while (file && fgets(line, sizeof(line), file)) {
		struct listening socket = { .protocol = (uint8_t)protocol };
		if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F:] %x", hex,
			&port, &state) != 3 ||
		    !parse_words(hex, &socket.address) || port > UINT16_MAX)
			continue;
		bool waits =
		    protocol == PROTOCOL_UDP
			? state == UDP_NO_PEER && (port < options->own.low ||
						      port > options->own.high)
			: state == TCP_LISTEN;
		if (!waits || is_loopback(socket.address))
			continue;
		if (socket.address.high == 0 &&
		    (socket.address.low == 0 ||
			socket.address.low == address_from_v4(0).low))
			socket.address = (struct address){ 0 };
		socket.port = (uint16_t)port;
		keep(options, socket);
	}
	if (file)
		fclose(file);
}

void
host_look(struct lint_options *options)
{
	read_own_ports(options);
	read_families(options);
	read_sockets(options, "/proc/net/tcp", PROTOCOL_TCP);
	read_sockets(options, "/proc/net/tcp6", PROTOCOL_TCP);
	read_sockets(options, "/proc/net/udp", PROTOCOL_UDP);
	read_sockets(options, "/proc/net/udp6", PROTOCOL_UDP);
}

void
host_forget(struct lint_options *options)
{
	free((struct listening *)options->listening);
	options->listening = NULL;
	options->listening_count = 0;
}
