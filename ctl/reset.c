/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A receiver takes a RST whose sequence number is exactly the one that it waits
 * for (RFC 5961 3).  What that is the firewall knows within two: what the
 * receiver had acknowledged, and the end of what was on the way; so a RST goes
 * out for each.  The acknowledgement is what a receiver in syn-sent asks for
 * (RFC 9293 3.10.7.3).
 *
 * The resets leave by raw sockets, with the header as it is here.  One to this
 * host itself comes in by the loopback interface.
 */
#include "reset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "row.h"
#include "text.h"

#define TCP_SIZE 20
#define HOPS     64

struct end {
	uint8_t address[16];
	uint16_t port;
};

bool
reset_open(struct reset_sockets *sockets)
{
	sockets->v4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	sockets->v6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	/* A host without IPv6 has no such connections either. */
	if (sockets->v4 >= 0 && (sockets->v6 >= 0 || errno == EAFNOSUPPORT))
		return true;
	text_complain("--reset: no raw socket, which takes CAP_NET_RAW: %s; "
		      "nothing was ended",
	    strerror(errno));
	reset_close(sockets);
	return false;
}

void
reset_close(struct reset_sockets *sockets)
{
	if (sockets->v4 >= 0)
		close(sockets->v4);
	if (sockets->v6 >= 0)
		close(sockets->v6);
}

static void
put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

/* RFC 1071, of an even number of bytes. */
static uint32_t
add(uint32_t sum, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static uint16_t
fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The IP header; returns its size.  The kernel fills in the checksum. */
static size_t
put_header(
    uint8_t *at, int family, const struct end *from, const struct end *to)
{
	if (family == AF_INET6) {
		at[0] = 0x60;
		put16(at + 4, TCP_SIZE);
		at[6] = IPPROTO_TCP;
		at[7] = HOPS;
		memcpy(at + 8, from->address, 16);
		memcpy(at + 24, to->address, 16);
		return 40;
	}
	at[0] = 0x45;
	put16(at + 2, 20 + TCP_SIZE);
	at[8] = HOPS;
	at[9] = IPPROTO_TCP;
	memcpy(at + 12, from->address, 4);
	memcpy(at + 16, to->address, 4);
	return 20;
}

static bool
send_one(const struct reset_sockets *sockets, int family,
    const struct end *from, const struct end *to, uint32_t sequence,
    uint32_t acknowledgement)
{
	size_t size = family == AF_INET6 ? 16 : 4;
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	uint8_t packet[40 + TCP_SIZE] = { 0 };
	size_t header = put_header(packet, family, from, to);
	uint8_t *tcp = packet + header;

	put16(tcp, from->port);
	put16(tcp + 2, to->port);
	put32(tcp + 4, sequence);
	put32(tcp + 8, acknowledgement);
	tcp[12] = TCP_SIZE / 4 << 4;
	tcp[13] = 0x14; /* RST, ACK */
	uint32_t sum = IPPROTO_TCP + TCP_SIZE;
	sum = add(sum, from->address, size);
	sum = add(sum, to->address, size);
	put16(tcp + 16, fold(add(sum, tcp, TCP_SIZE)));
	memcpy(&to6.sin6_addr, to->address, 16);
	memcpy(&to4.sin_addr, to->address, 4);
	ssize_t sent = family == AF_INET6
			   ? sendto(sockets->v6, packet, header + TCP_SIZE, 0,
				 (struct sockaddr *)&to6, sizeof(to6))
			   : sendto(sockets->v4, packet, header + TCP_SIZE, 0,
				 (struct sockaddr *)&to4, sizeof(to4));
	return sent >= 0;
}

static bool
read_end(const json_t *row, const char *key, const char *port_key, int *family,
    struct end *end)
{
	const char *text = row_text(row, key);

	if (!text)
		return false;
	*family = strchr(text, ':') ? AF_INET6 : AF_INET;
	end->port = (uint16_t)row_count(row, port_key);
	return inet_pton(*family, text, end->address) == 1;
}

/* A number of the row's: of that side, the first or the second. */
static uint32_t
number_of(const json_t *next, size_t side, size_t which)
{
	return (uint32_t)json_integer_value(
	    json_array_get(json_array_get(next, side), which));
}

bool
reset_send(const struct reset_sockets *sockets, const json_t *row)
{
	const json_t *next = json_object_get(row, "next");
	struct end end[2] = { 0 };
	bool ok = true;
	int family;

	if (!json_is_array(next) ||
	    !read_end(row, "source", "source_port", &family, &end[0]) ||
	    !read_end(row, "destination", "destination_port", &family, &end[1]))
		return false;
	for (size_t side = 0; side < ARRAY_LEN(end); side++) {
		size_t other = 1 - side;
		uint32_t acknowledgement = number_of(next, other, 1);
		uint32_t first = number_of(next, side, 0);
		uint32_t last = number_of(next, side, 1);

		ok &= send_one(sockets, family, &end[side], &end[other], first,
		    acknowledgement);
		if (last != first)
			ok &= send_one(sockets, family, &end[side], &end[other],
			    last, acknowledgement);
	}
	return ok;
}
