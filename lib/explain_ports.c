/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules tell ports apart at the ends of their ranges only, as source port on
 * the way there and as destination port on the way back.  Between two ends all
 * ports have one fate, so one of them is asked for all; one that no live
 * connection has, for such a one is a question of its own.  Runs of the same
 * fate are put together.
 *
 * There are at most CASES_MOST fates, and one for each verdict; ports of
 * further ones are counted.
 */
#include "explain_ports.h"

#include "phrase.h"
#include "question.h"

#include <stdio.h>
#include <stdlib.h>

#define PORT_FIRST  1024
#define PORT_USUAL  49152 /* in every client's range */
#define CASES_MOST  8
#define RANGES_MOST 24 /* told of a fate */

/* Ports with one fate. */
struct fate_of_ports {
	struct trial trial, reply;
	uint16_t example;
	struct port_range range[RANGES_MOST];
	size_t count; /* of ranges, of which the first are kept */
};

struct survey {
	const struct filter *filter;
	const struct policy *policy;
	const struct interfaces *interfaces;
	struct packet packet;
	uint64_t now_ms;
	uint64_t edge[(UINT16_MAX + 1) / 64]; /* bits: ranges begin here */
	struct fate_of_ports fate[CASES_MOST + VERDICT_REJECT + 1];
	size_t count, last; /* the fate of the port before */
	unsigned unlisted;  /* ports */
};

static void
mark(struct survey *s, unsigned port)
{
	if (port <= UINT16_MAX)
		s->edge[port / 64] |= UINT64_C(1) << (port % 64);
}

static void
mark_ranges(struct survey *s, const struct port_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mark(s, ranges[i].low);
		mark(s, ranges[i].high + 1u);
	}
}

/* Every table's: of those that are not on the way they do no harm. */
static void
mark_rules(struct survey *s)
{
	mark(s, PORT_FIRST);
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < s->policy->tables[t].count; i++) {
			const struct rule *rule = &s->policy->tables[t].rule[i];
			mark_ranges(s, rule->ports, rule->port_count);
			mark_ranges(
			    s, rule->source_ports, rule->source_port_count);
		}
}

static void
ask(struct survey *s, uint16_t port, struct fate_of_ports *fate)
{
	s->packet.tuple.sport = port;
	*fate = (struct fate_of_ports){ .example = port };
	fate->trial = filter_try(
	    s->filter, s->policy, s->interfaces, &s->packet, s->now_ms);
	if (reason_verdict(fate->trial.why) == VERDICT_ACCEPT)
		fate->reply = explain_reply(s->filter, s->policy, s->interfaces,
		    &s->packet, &fate->trial, s->now_ms);
}

static bool
same_fate(const struct fate_of_ports *a, const struct fate_of_ports *b)
{
	return a->trial.why == b->trial.why && a->trial.rule == b->trial.rule &&
	       a->reply.why == b->reply.why && a->reply.rule == b->reply.rule;
}

static bool
has_verdict(const struct survey *s, enum verdict verdict)
{
	for (size_t i = 0; i < s->count; i++)
		if (reason_verdict(s->fate[i].trial.why) == verdict)
			return true;
	return false;
}

static void
file(struct survey *s, const struct fate_of_ports *new, struct port_range range)
{
	size_t i = 0;

	while (i < s->count && !same_fate(&s->fate[i], new))
		i++;
	if (i == s->count && i >= CASES_MOST &&
	    has_verdict(s, reason_verdict(new->trial.why))) {
		s->unlisted += range.high - range.low + 1u;
		s->last = SIZE_MAX;
		return;
	}
	if (i == s->count)
		s->fate[s->count++] = *new;
	struct fate_of_ports *fate = &s->fate[i];
	if (s->last == i && fate->count <= RANGES_MOST)
		fate->range[fate->count - 1].high = range.high;
	else if (s->last != i && fate->count++ < RANGES_MOST)
		fate->range[fate->count - 1] = range;
	s->last = i;
}

/* All ports of the range have one fate, but for live connections. */
static void
ask_range(struct survey *s, struct port_range range)
{
	struct fate_of_ports fate;
	unsigned port = range.low;

	do
		ask(s, (uint16_t)port, &fate);
	while (fate.trial.has_flow && ++port <= range.high);
	file(s, &fate, range);
}

/* "1024-32767, 61000-65535" */
static char *
ports_text(const struct fate_of_ports *fate)
{
	struct phrase text = { 0 };

	for (size_t i = 0; i < fate->count && i < RANGES_MOST; i++) {
		struct port_range r = fate->range[i];
		phrase_add(&text, r.low == r.high ? "%s%u" : "%s%u-%u",
		    i > 0 ? ", " : "", (unsigned)r.low, (unsigned)r.high);
	}
	if (fate->count > RANGES_MOST)
		phrase_add(
		    &text, " and %zu ranges more", fate->count - RANGES_MOST);
	return phrase_take(&text);
}

static void
put(struct survey *s, const struct fate_of_ports *fate, struct json *json)
{
	char *ports = ports_text(fate);

	s->packet.tuple.sport = fate->example;
	explain_members(s->filter, s->policy, s->interfaces, &s->packet,
	    s->now_ms, ports ? ports : "?", json);
	free(ports);
}

/* That of the port that clients use most. */
static size_t
usual_fate(struct survey *s)
{
	struct fate_of_ports usual;
	size_t i = 0;

	ask(s, PORT_USUAL, &usual);
	while (i < s->count && !same_fate(&s->fate[i], &usual))
		i++;
	return i < s->count ? i : 0;
}

static void
survey_put(struct survey *s, struct json *json)
{
	size_t usual = usual_fate(s);

	json_open_object(json, NULL);
	put(s, &s->fate[usual], json);
	json_open_array(json, "others");
	for (size_t i = 0; i < s->count; i++) {
		if (i == usual)
			continue;
		json_open_object(json, NULL);
		put(s, &s->fate[i], json);
		json_close_object(json);
	}
	json_close_array(json);
	json_unsigned(json, "unlisted_ports", s->unlisted);
	json_close_object(json);
}

void
explain_ports_json(const struct filter *filter, const struct policy *policy,
    const struct interfaces *interfaces, const struct packet *packet,
    uint64_t now_ms, struct json *json)
{
	struct survey *s = calloc(1, sizeof(*s));
	unsigned first = PORT_FIRST;

	if (!s) {
		json->failed = true;
		return;
	}
	s->filter = filter;
	s->policy = policy;
	s->interfaces = interfaces;
	s->packet = *packet;
	s->now_ms = now_ms;
	s->last = SIZE_MAX;
	mark_rules(s);
	for (unsigned port = PORT_FIRST + 1; port <= UINT16_MAX + 1u; port++) {
		if (port <= UINT16_MAX &&
		    !(s->edge[port / 64] >> (port % 64) & 1))
			continue;
		ask_range(s, (struct port_range){
				 (uint16_t)first, (uint16_t)(port - 1) });
		first = port;
	}
	survey_put(s, json);
	free(s);
}
