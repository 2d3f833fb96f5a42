/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to the firewall.  The verdict comes from filter_try(), the data
 * path itself; this file only puts it into words: which rules were tried and
 * what failed first in each, and what becomes of the answer.  The answer to a
 * packet that opened a connection passes by state, so only the network ACL can
 * stop it; to any other it is a packet like all, judged on an empty table.
 */
#include "explain.h"

#include "describe.h"

#include <stdio.h>
#include <stdlib.h>
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
explain_parse(const char *direction, const char *protocol, const char *source,
    const char *destination, struct packet *out, char error[EXPLAIN_ERROR_SIZE])
{
	static const char endpoints[] =
	    "accepted are ADDRESS, ADDRESS:PORT and [ADDRESS]:PORT";
	struct packet p = { .fault = UNDECIDED };
	int number = protocol_parse(protocol);

	if (!parse_direction(direction, &p.direction)) {
		snprintf(error, EXPLAIN_ERROR_SIZE,
		    "direction \"%.20s\": accepted are inbound, outbound and "
		    "forward",
		    direction);
		return false;
	}
	if (number < 0) {
		snprintf(error, EXPLAIN_ERROR_SIZE,
		    "protocol \"%.20s\": accepted are tcp, udp, icmp, icmpv6, "
		    "sctp and other names, and numbers from 0 to 255",
		    protocol);
		return false;
	}
	if (!parse_endpoint(source, &p.tuple.src, &p.tuple.sport)) {
		snprintf(error, EXPLAIN_ERROR_SIZE, "source \"%.50s\": %s",
		    source, endpoints);
		return false;
	}
	if (!parse_endpoint(destination, &p.tuple.dst, &p.tuple.dport)) {
		snprintf(error, EXPLAIN_ERROR_SIZE, "destination \"%.50s\": %s",
		    destination, endpoints);
		return false;
	}
	if (address_is_v4(p.tuple.src) != address_is_v4(p.tuple.dst)) {
		snprintf(error, EXPLAIN_ERROR_SIZE,
		    "source and destination are of different families");
		return false;
	}
	p.tuple.protocol = (uint8_t)number;
	p.tuple.family = address_is_v4(p.tuple.src) ? FAMILY_IPV4 : FAMILY_IPV6;
	const char *wrong = complete(&p);
	if (wrong) {
		snprintf(error, EXPLAIN_ERROR_SIZE, "%s", wrong);
		return false;
	}
	*out = p;
	return true;
}

/* The packet that answers it. */
static struct packet
answer_to(const struct packet *packet)
{
	struct packet p = *packet;

	p.tuple.src = packet->tuple.dst;
	p.tuple.dst = packet->tuple.src;
	p.tuple.sport = packet->tuple.dport;
	p.tuple.dport = packet->tuple.sport;
	if (packet->direction != FORWARD)
		p.direction = packet->direction == INBOUND ? OUTBOUND : INBOUND;
	if (p.tuple.kind == KIND_ECHO) {
		p.tuple.kind = KIND_ECHO_REPLY;
		p.icmp.type = p.tuple.family == FAMILY_IPV4 ? 0 : 129;
		p.icmp.is_query = false;
		p.icmp.is_answer = true;
	} else if (p.tuple.protocol == PROTOCOL_TCP) {
		p.tcp.flags = TCP_SYN | TCP_ACK;
	}
	p.opens_sctp_dccp = false;
	return p;
}

/* "inbound 4" */
static void
put_rule_place(struct json *json, const char *key, const struct policy *policy,
    const struct rule *rule)
{
	char place[40];
	if (!rule) {
		json_null(json, key);
		return;
	}
	snprintf(place, sizeof(place), "%s %u",
	    table_name(policy_table_of(policy, rule)), rule->place);
	json_string(json, key, place);
}

static void
put_rule(
    struct json *json, const struct policy *policy, const struct rule *rule)
{
	put_rule_place(json, "rule", policy, rule);
	json_string(json, "name", rule ? rule->name : NULL);
	json_string(json, "file", rule ? rule->file : NULL);
	if (rule)
		json_unsigned(json, "line", rule->line);
	else
		json_null(json, "line");
	json_string(json, "text", rule ? rule->text : NULL);
}

static void
put_reason(struct json *json, enum reason why)
{
	json_string(json, "verdict", verdict_name(reason_verdict(why)));
	json_string(json, "reason", reason_name(why));
	json_string(json, "reason_text", reason_text(why));
}

/* The rules of one table in order, up to the first that matches. */
static void
put_tried(struct json *json, const struct policy *policy, enum table_id table,
    const struct packet *packet, const struct interfaces *interfaces)
{
	const struct rules *rules = &policy->tables[table];

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		const char *failed = rule_mismatch(rule, packet, interfaces);
		json_open_object(json, NULL);
		put_rule(json, policy, rule);
		json_string(json, "failed", failed);
		json_close_object(json);
		if (!failed)
			return;
	}
}

static void
put_all_tried(struct json *json, const struct policy *policy,
    const struct packet *packet, const struct interfaces *interfaces,
    enum reason why)
{
	enum direction d = packet->direction;
	bool by_rules = why == RULE_ALLOW || why == RULE_BLOCK ||
			why == RULE_REJECT || why == NO_RULE;

	json_open_array(json, "tried");
	if (d != OUTBOUND)
		put_tried(json, policy, TABLE_ACL_INBOUND, packet, interfaces);
	if (d == OUTBOUND || (d == FORWARD && why != ACL_BLOCK))
		put_tried(json, policy, TABLE_ACL_OUTBOUND, packet, interfaces);
	if (by_rules)
		put_tried(json, policy, (enum table_id)d, packet, interfaces);
	json_close_array(json);
}

/* What becomes of the answer to an accepted packet. */
static void
put_reply(struct json *json, const struct policy *policy,
    const struct packet *packet, const struct interfaces *interfaces,
    const struct trial *trial, uint64_t now_ms)
{
	struct packet answer = answer_to(packet);
	struct trial t = filter_try(NULL, policy, interfaces, &answer, now_ms);
	bool by_state = trial->why == ESTABLISHED || trial->why == PASSED ||
			(trial->why == RULE_ALLOW && trial->rule->stateful &&
			    conntrack_tracks(packet));

	if (reason_verdict(trial->why) != VERDICT_ACCEPT) {
		json_null(json, "reply");
		return;
	}
	if (t.why == ACL_BLOCK || t.why == ACL_NO_RULE)
		by_state = false;
	if (by_state)
		t = (struct trial){ .why = ESTABLISHED };
	json_open_object(json, "reply");
	put_reason(json, t.why);
	json_string(json, "by", by_state ? "state" : t.rule ? "rule" : "none");
	put_rule(json, policy, t.rule);
	json_close_object(json);
}

enum verdict
explain_json(const struct filter *filter, const struct policy *policy,
    const struct interfaces *interfaces, const struct packet *packet,
    uint64_t now_ms, struct json *json)
{
	struct trial trial =
	    filter_try(filter, policy, interfaces, packet, now_ms);

	json_open_object(json, NULL);
	json_string(json, "direction", direction_name(packet->direction));
	describe_tuple(json, &packet->tuple);
	put_reason(json, trial.why);
	put_rule(json, policy, trial.rule);
	if (trial.has_flow) {
		json_open_object(json, "flow");
		describe_flow(json, &trial.flow, interfaces);
		json_close_object(json);
	} else {
		json_null(json, "flow");
	}
	put_all_tried(json, policy, packet, interfaces, trial.why);
	put_reply(json, policy, packet, interfaces, &trial, now_ms);
	json_close_object(json);
	return reason_verdict(trial.why);
}
