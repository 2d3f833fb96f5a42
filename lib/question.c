/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words to packets.  Only what rules and the connection table look at is made
 * up: no bytes are built, so a question costs nothing and can be asked of a
 * policy that is not in force.
 */
#include "question.h"

#include <stdio.h>
#include <string.h>

/* Source port of a question that names none: in every client's range. */
#define SOME_EPHEMERAL_PORT 49152

static bool
parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;

	if (!*text || strlen(text) > 5)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
	}
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

/* "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT"; *port is 0 without one. */
static bool
parse_endpoint(const char *text, struct address *address, uint16_t *port)
{
	char copy[ENDPOINT_TEXT_SIZE + 2];
	size_t length = strlen(text);
	char *end = NULL, *start = copy;

	*port = 0;
	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length + 1);
	if (copy[0] == '[') {
		start = copy + 1;
		end = strchr(copy, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		*end++ = '\0';
	} else if (strchr(copy, ':') &&
		   strchr(copy, ':') == strrchr(copy, ':')) {
		end = strchr(copy, ':');
	}
	if (end && *end == ':') {
		*end = '\0';
		if (!parse_port(end + 1, port))
			return false;
	}
	return address_parse(start, address);
}

static bool
parse_direction(const char *text, uint8_t *direction)
{
	for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++)
		if (!strcmp(text, direction_name(d))) {
			*direction = (uint8_t)d;
			return true;
		}
	return false;
}

/* The facts that make it a packet which may open a connection. */
static const char *
complete(struct packet *p)
{
	struct tuple *t = &p->tuple;
	bool v4 = t->family == FAMILY_IPV4;

	p->hop_limit = 64;
	p->length = v4 ? 40 : 60;
	if (t->protocol == (v4 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP))
		return "icmp goes with IPv4 addresses, icmpv6 with IPv6 ones";
	if (t->protocol == PROTOCOL_ICMP || t->protocol == PROTOCOL_ICMPV6) {
		if (t->sport || t->dport)
			return "icmp has no ports: write addresses alone";
		t->kind = KIND_ECHO;
		t->sport = t->dport = 1;
		p->icmp.type = v4 ? 8 : 128;
		p->icmp.is_query = true;
		return NULL;
	}
	if (!protocol_has_ports(t->protocol))
		return t->sport || t->dport
			   ? "this protocol has no ports: write addresses alone"
			   : NULL;
	if (!t->dport)
		return "a destination port is missing: ADDRESS:PORT or "
		       "[ADDRESS]:PORT";
	if (!t->sport)
		t->sport = SOME_EPHEMERAL_PORT;
	if (t->protocol == PROTOCOL_TCP) {
		p->tcp.flags = TCP_SYN;
		p->tcp.window = UINT16_MAX;
		p->tcp.scale = TCP_NO_SCALE;
	}
	p->opens_sctp_dccp = true;
	return NULL;
}

bool
question_parse(const char *direction, const char *protocol, const char *source,
    const char *destination, struct packet *out,
    char error[QUESTION_ERROR_SIZE])
{
	static const char endpoints[] =
	    "accepted are ADDRESS, ADDRESS:PORT and [ADDRESS]:PORT";
	struct packet p = { .fault = UNDECIDED };
	int number = protocol_parse(protocol);

	if (!parse_direction(direction, &p.direction)) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "direction \"%.20s\": accepted are inbound, outbound and "
		    "forward",
		    direction);
		return false;
	}
	if (number < 0) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "protocol \"%.20s\": accepted are tcp, udp, icmp, icmpv6, "
		    "sctp and other names, and numbers from 0 to 255",
		    protocol);
		return false;
	}
	if (!parse_endpoint(source, &p.tuple.src, &p.tuple.sport)) {
		snprintf(error, QUESTION_ERROR_SIZE, "source \"%.50s\": %s",
		    source, endpoints);
		return false;
	}
	if (!parse_endpoint(destination, &p.tuple.dst, &p.tuple.dport)) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "destination \"%.50s\": %s", destination, endpoints);
		return false;
	}
	if (address_is_v4(p.tuple.src) != address_is_v4(p.tuple.dst)) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "source and destination are of different families");
		return false;
	}
	p.tuple.protocol = (uint8_t)number;
	p.tuple.family = address_is_v4(p.tuple.src) ? FAMILY_IPV4 : FAMILY_IPV6;
	const char *wrong = complete(&p);
	if (wrong) {
		snprintf(error, QUESTION_ERROR_SIZE, "%s", wrong);
		return false;
	}
	*out = p;
	return true;
}

struct packet
question_answer(const struct packet *packet)
{
	struct packet p = *packet;

	p.tuple.src = packet->tuple.dst;
	p.tuple.dst = packet->tuple.src;
	p.tuple.sport = packet->tuple.dport;
	p.tuple.dport = packet->tuple.sport;
	p.in_interface = packet->out_interface;
	p.out_interface = packet->in_interface;
	if (packet->direction != FORWARD)
		p.direction = packet->direction == INBOUND ? OUTBOUND : INBOUND;
	if (p.tuple.kind == KIND_ECHO) {
		p.tuple.kind = KIND_ECHO_REPLY;
		p.icmp.type = p.tuple.family == FAMILY_IPV4 ? 0 : 129;
		p.icmp.is_query = false;
		p.icmp.is_answer = true;
	} else if (p.tuple.kind == KIND_TIMESTAMP) {
		p.tuple.kind = KIND_TIMESTAMP_REPLY;
		p.icmp.type = 14;
		p.icmp.is_query = false;
		p.icmp.is_answer = true;
	} else if (p.tuple.protocol == PROTOCOL_TCP) {
		p.tcp.flags = TCP_SYN | TCP_ACK;
	}
	p.opens_sctp_dccp = false;
	return p;
}

bool
question_read(
    const char *text, struct packet *out, char error[QUESTION_ERROR_SIZE])
{
	char copy[QUESTION_SIZE], *word[4];
	size_t count = 0;

	if (strlen(text) >= sizeof(copy)) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "too long, accepted are %d characters", QUESTION_SIZE - 1);
		return false;
	}
	memcpy(copy, text, strlen(text) + 1);
	for (char *at = copy; *at;) {
		at += strspn(at, " ");
		if (!*at)
			break;
		if (count < 4)
			word[count] = at;
		count++;
		at += strcspn(at, " ");
		if (*at)
			*at++ = '\0';
	}
	if (count != 4) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "accepted is DIRECTION PROTOCOL SOURCE DESTINATION");
		return false;
	}
	return question_parse(word[0], word[1], word[2], word[3], out, error);
}
