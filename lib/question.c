/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words to packets.  Only what rules and the connection table look at is made
 * up: no bytes are built, so a question costs nothing and can be asked of a
 * policy that is not in force.  A line of a log is put into the same words
 * first (question_line.c).
 */
#include "question.h"

#include "icmp_names.h"
#include "packet_reader.h"
#include "question_line.h"
#include "tcp_flags.h"

#include <stdio.h>
#include <string.h>

/* Source port of a question that names none: in every client's range. */
#define SOME_EPHEMERAL_PORT 49152
#define WORDS_MOST          10
#define FIELDS              "accepted are flags=, icmp=, in=, out=, user= and group="

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

/* An ICMP type and what follows from it: facts of the parser. */
static void
settle_icmp(struct packet *p, uint8_t type, uint8_t code)
{
	struct tuple *t = &p->tuple;
	bool v4 = t->family == FAMILY_IPV4;
	bool echo = type == (v4 ? 8 : 128), pong = type == (v4 ? 0 : 129);
	bool stamp = v4 && type == 13, stamped = v4 && type == 14;

	p->icmp = (struct icmp_facts){ .type = type, .code = code };
	p->icmp.is_error =
	    v4 ? type == 3 || type == 11 || type == 12 : type >= 1 && type <= 4;
	p->icmp.is_query = (echo || stamp) && code == 0;
	p->icmp.is_answer = (pong || stamped) && code == 0;
	t->kind = echo      ? KIND_ECHO
		  : pong    ? KIND_ECHO_REPLY
		  : stamp   ? KIND_TIMESTAMP
		  : stamped ? KIND_TIMESTAMP_REPLY
			    : KIND_PORTS;
	t->sport = t->dport = t->kind != KIND_PORTS;
	/* As a neighbour sends it. */
	if (!v4 && type >= 133 && type <= 137)
		p->hop_limit = 255;
	bool neighbour = type >= 133 && type <= 136 && code == 0;
	bool listener = (type >= 130 && type <= 132) || type == 143;
	bool link = (t->src.high == 0 && t->src.low == 0) ||
		    address_is_link_local(t->src);
	if (!v4 && listener)
		p->hop_limit = 1;
	p->is_essential =
	    !v4 && p->direction != FORWARD && (neighbour || (listener && link));
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
		settle_icmp(p, v4 ? 8 : 128, 0);
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
	p->is_essential =
	    t->protocol == PROTOCOL_UDP && packet_is_dhcp_client(p);
	return NULL;
}

static bool
fail(char error[QUESTION_ERROR_SIZE], const char *what, const char *text,
    const char *accepted)
{
	snprintf(error, QUESTION_ERROR_SIZE, "%s \"%.50s\": %s", what, text,
	    accepted);
	return false;
}

/* The first four words. */
static bool
read_ends(char *const word[4], struct question *q, char *error)
{
	struct packet *p = &q->packet;
	static const char endpoints[] =
	    "accepted are ADDRESS, ADDRESS:PORT and [ADDRESS]:PORT";
	int number = protocol_parse(word[1]);

	if (!parse_direction(word[0], &p->direction))
		return fail(error, "direction", word[0],
		    "accepted are inbound, outbound and forward");
	if (number < 0)
		return fail(error, "protocol", word[1],
		    "accepted are tcp, udp, icmp, icmpv6, sctp and other "
		    "names, and numbers from 0 to 255");
	if (!parse_endpoint(word[2], &p->tuple.src, &p->tuple.sport))
		return fail(error, "source", word[2], endpoints);
	if (!parse_endpoint(word[3], &p->tuple.dst, &p->tuple.dport))
		return fail(error, "destination", word[3], endpoints);
	if (address_is_v4(p->tuple.src) != address_is_v4(p->tuple.dst)) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "source and destination are of different families");
		return false;
	}
	p->tuple.protocol = (uint8_t)number;
	p->tuple.family =
	    address_is_v4(p->tuple.src) ? FAMILY_IPV4 : FAMILY_IPV6;
	q->any_source_port =
	    protocol_has_ports(p->tuple.protocol) && !p->tuple.sport;
	const char *wrong = complete(p);
	if (wrong)
		snprintf(error, QUESTION_ERROR_SIZE, "%s", wrong);
	return !wrong;
}

/* A number up to 255; -1: it is none. */
static int
byte_of(const char *text)
{
	int value = 0;

	if (!*text || strlen(text) > 3)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value <= UINT8_MAX ? value : -1;
}

/* "TYPE" or "TYPE/CODE", by name or number. */
static bool
read_icmp(char *value, struct packet *p)
{
	enum family family = p->tuple.family;
	uint8_t own = family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
	char *slash = strchr(value, '/');

	if (slash)
		*slash++ = '\0';
	int type = byte_of(value), code = slash ? byte_of(slash) : 0;
	if (type < 0)
		type = icmp_type_number(family, value);
	const char *name =
	    type < 0 ? NULL : icmp_type_name(family, (uint8_t)type);
	if (code < 0 && name)
		code = icmp_code_number(family, name, slash);
	if (p->tuple.protocol != own || type < 0 || code < 0)
		return false;
	settle_icmp(p, (uint8_t)type, (uint8_t)code);
	return true;
}

static bool
read_name(const char *value, char name[INTERFACE_NAME_SIZE])
{
	if (!*value || strlen(value) >= INTERFACE_NAME_SIZE)
		return false;
	memcpy(name, value, strlen(value) + 1);
	return true;
}

static bool
read_owner(const char *value, const struct packet *p, uint32_t *known,
    char name[OWNER_NAME_SIZE])
{
	uint32_t number;

	if (p->direction != OUTBOUND)
		return false;
	if (owner_parse(value, &number)) {
		*known = owner_value(number);
		return true;
	}
	if (!owner_is_name(value))
		return false;
	memcpy(name, value, strlen(value) + 1);
	return true;
}

/* "FIELD=VALUE" */
static bool
read_field(char *word, struct question *q, char *error)
{
	static const char owners[] =
	    "accepted is a name or a number, of what is outbound";
	struct packet *p = &q->packet;
	char *value = strchr(word, '=');

	if (!value)
		return fail(error, "field", word, FIELDS);
	*value++ = '\0';
	if (strcmp(word, "flags") == 0)
		return (p->tuple.protocol == PROTOCOL_TCP &&
			   tcp_flags_parse(value, &p->tcp.flags) &&
			   tcp_flags_are_legal(p->tcp.flags)) ||
		       fail(error, "flags", value,
			   "accepted are those that a TCP segment may have, "
			   "such as syn or fin,ack");
	if (strcmp(word, "icmp") == 0)
		return read_icmp(value, p) ||
		       fail(error, "icmp", value,
			   "accepted are TYPE and TYPE/CODE of the protocol, "
			   "by name or number");
	if (strcmp(word, "in") == 0)
		return (p->direction != OUTBOUND && read_name(value, q->in)) ||
		       fail(error, "in", value,
			   "accepted is an interface, of what is not outbound");
	if (strcmp(word, "out") == 0)
		return (p->direction != INBOUND && read_name(value, q->out)) ||
		       fail(error, "out", value,
			   "accepted is an interface, of what is not inbound");
	if (strcmp(word, "user") == 0)
		return read_owner(value, p, &p->user, q->user) ||
		       fail(error, "user", value, owners);
	if (strcmp(word, "group") == 0)
		return read_owner(value, p, &p->group, q->group) ||
		       fail(error, "group", value, owners);
	return fail(error, "field", word, FIELDS);
}

/* Of what has no answer its own. */
static uint8_t
answer_type(const struct packet *query)
{
	uint8_t type = query->icmp.type;

	switch (query->tuple.kind) {
	case KIND_ECHO:
		return query->tuple.family == FAMILY_IPV4 ? 0 : 129;
	case KIND_TIMESTAMP:
		return 14;
	default: /* a solicitation is answered by an advertisement */
		return query->tuple.family == FAMILY_IPV6 &&
			       (type == 133 || type == 135)
			   ? type + 1
			   : type;
	}
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
	if (p.tuple.protocol == PROTOCOL_ICMP ||
	    p.tuple.protocol == PROTOCOL_ICMPV6) {
		settle_icmp(&p, answer_type(packet), packet->icmp.code);
		p.tuple.sport = packet->tuple.dport;
		p.tuple.dport = packet->tuple.sport;
	} else if (p.tuple.protocol == PROTOCOL_TCP) {
		p.tcp.flags =
		    packet->tcp.flags & TCP_ACK ? TCP_ACK : TCP_SYN | TCP_ACK;
	} else if (p.tuple.protocol == PROTOCOL_UDP) {
		p.is_essential = packet_is_dhcp_client(&p);
	}
	p.opens_sctp_dccp = false;
	p.user = p.group = 0;
	return p;
}

/* Cuts it at blanks. */
static size_t
cut(char *text, char *word[WORDS_MOST])
{
	size_t count = 0;

	for (char *at = text; *at;) {
		at += strspn(at, " ");
		if (!*at)
			break;
		if (count < WORDS_MOST)
			word[count] = at;
		count++;
		at += strcspn(at, " ");
		if (*at)
			*at++ = '\0';
	}
	return count;
}

bool
question_read(
    const char *text, struct question *out, char error[QUESTION_ERROR_SIZE])
{
	char words[QUESTION_SIZE], *word[WORDS_MOST];
	struct question q = { .packet = { .fault = UNDECIDED } };

	if (strlen(text) >= sizeof(words)) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "too long, accepted are %d characters", QUESTION_SIZE - 1);
		return false;
	}
	if (!question_line(text, words))
		memcpy(words, text, strlen(text) + 1);
	size_t count = cut(words, word);
	if (count < 4 || count > WORDS_MOST) {
		snprintf(error, QUESTION_ERROR_SIZE,
		    "accepted is DIRECTION PROTOCOL SOURCE DESTINATION "
		    "[FIELD=VALUE ...], or a log line with SRC= and DST=");
		return false;
	}
	if (!read_ends(word, &q, error))
		return false;
	for (size_t i = 4; i < count; i++)
		if (!read_field(word[i], &q, error))
			return false;
	*out = q;
	return true;
}

bool
question_packet(const struct question *question,
    const struct interfaces *interfaces, struct packet *packet)
{
	*packet = question->packet;
	packet->in_interface = interfaces_find(interfaces, question->in);
	packet->out_interface = interfaces_find(interfaces, question->out);
	return (packet->in_interface || !*question->in) &&
	       (packet->out_interface || !*question->out);
}

void
question_know(const struct question *question, struct interfaces *interfaces)
{
	interfaces_intern(interfaces, question->in);
	interfaces_intern(interfaces, question->out);
}
