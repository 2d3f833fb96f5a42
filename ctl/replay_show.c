/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Most packets share the end of their JSON object (verdict, reason, rule): each
 * end is written once and kept.  Two policies that disagree do so on flows, so
 * people get a line a flow, in the order of the capture.
 *
 * Writes JSON with lib/json.h, so jansson must stay out of this file.
 */
#include "replay_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"

#define TAILS        1024
#define NO_DIRECTION (-2) /* not written */

/* All of a packet's JSON object that others share with it. */
struct tail {
	const struct policy *policy;
	int direction;
	bool judged;
	enum reason why;
	const struct rule *rule;
	char *text; /* NULL: unused */
};

/* A flow on which the policies disagree. */
struct difference {
	struct tuple tuple; /* of the first packet that differs */
	struct record first;
	uint64_t packets;
	struct {
		enum reason why;
		const struct rule *rule;
	} said[POLICIES];
};

struct show {
	bool json;
	const struct policy *policy[POLICIES];
	struct tail tails[TAILS];
	uint64_t differing;
	struct difference *differences;
	size_t difference_count, difference_size;
	size_t *slots; /* hash table of differences, number + 1; 0: empty */
	size_t slot_count;
};

struct show *
show_create(bool json, const struct policy *policy, const struct policy *other)
{
	struct show *show = text_need(calloc(1, sizeof(*show)));

	show->json = json;
	show->policy[0] = policy;
	show->policy[1] = other;
	return show;
}

void
show_destroy(struct show *show)
{
	if (!show)
		return;
	for (size_t i = 0; i < TAILS; i++)
		free(show->tails[i].text);
	free(show->differences);
	free(show->slots);
	free(show);
}

static void
rule_place(const struct policy *policy, const struct rule *rule, char place[32])
{
	snprintf(place, 32, "%s %u", table_name(policy_table_of(policy, rule)),
	    rule->place);
}

static char *
tail_text(const struct tail *tail)
{
	const struct rule *rule = tail->rule;
	struct json json = { 0 };
	char place[32];

	json_open_object(&json, NULL);
	if (tail->direction != NO_DIRECTION)
		json_string(&json, "direction",
		    tail->direction < 0 ? NULL
					: direction_name(tail->direction));
	json_string(&json, "verdict",
	    tail->judged ? verdict_name(reason_verdict(tail->why)) : NULL);
	json_string(
	    &json, "reason", tail->judged ? reason_name(tail->why) : NULL);
	if (rule)
		rule_place(tail->policy, rule, place);
	json_string(&json, "rule", rule ? place : NULL);
	if (rule && rule->name)
		json_string(&json, "name", rule->name);
	json_close_object(&json);
	return text_need(json.failed ? NULL : json.text);
}

/* Most packets share a few tails: each is written once. */
static const char *
tail_of(
    struct show *show, unsigned which, int direction, const struct decision *d)
{
	struct tail wanted = {
		.policy = show->policy[which],
		.direction = direction,
		.judged = d != NULL,
		.why = d ? d->why : UNDECIDED,
		.rule = d ? d->rule : NULL,
	};
	size_t place = (size_t)(wanted.direction + 2) + (size_t)wanted.why * 5 +
		       which * 211 +
		       (wanted.rule ? wanted.rule->place * 37 : 0);
	struct tail *tail = &show->tails[place % TAILS];

	if (!tail->text || tail->policy != wanted.policy ||
	    tail->direction != wanted.direction ||
	    tail->judged != wanted.judged || tail->why != wanted.why ||
	    tail->rule != wanted.rule) {
		free(tail->text);
		*tail = wanted;
		tail->text = tail_text(tail);
	}
	return tail->text;
}

/* Digits of the number, right-aligned in what ends at `end`. */
static char *
put_digits(char *end, uint64_t number, int least)
{
	for (; number || least > 0; number /= 10, least--)
		*--end = (char)('0' + number % 10);
	return end;
}

/* A million lines a second and more: printf would be most of the work. */
static void
put_json(struct show *show, const struct record *record,
    const struct decision *const d[POLICIES])
{
	char text[64], *end = text + sizeof(text), *at = end;

	fputs_unlocked("{\"packet\":", stdout);
	at = put_digits(end, record->number, 1);
	fwrite_unlocked(at, 1, (size_t)(end - at), stdout);
	fputs_unlocked(",\"time\":", stdout);
	at = put_digits(end, record->time_us % 1000000, 6);
	*--at = '.';
	at = put_digits(at, record->time_us / 1000000, 1);
	while (end[-1] == '0')
		end--;
	end -= end[-1] == '.';
	fwrite_unlocked(at, 1, (size_t)(end - at), stdout);
	putc_unlocked(',', stdout);
	/* without { */
	const char *tail = tail_of(show, 0, record->direction, d[0]) + 1;
	if (show->policy[1]) {
		fwrite_unlocked(tail, 1, strlen(tail) - 1, stdout);
		fputs_unlocked(",\"vs\":", stdout);
		fputs_unlocked(tail_of(show, 1, NO_DIRECTION, d[1]), stdout);
		tail = "}";
	}
	fputs_unlocked(tail, stdout);
	putc_unlocked('\n', stdout);
}

static const char *
tell(const struct policy *policy, bool judged, enum reason why,
    const struct rule *rule, char text[80])
{
	char place[32] = "";

	if (rule)
		rule_place(policy, rule, place);
	snprintf(text, 80, "%s%s%s%s%s",
	    judged ? verdict_name(reason_verdict(why)) : "-",
	    judged ? "  " : "  not judged", judged ? reason_name(why) : "",
	    rule ? "  " : "", place);
	return text;
}

static void
print_tuple(const struct tuple *t, char protocol[16],
    char src[ENDPOINT_TEXT_SIZE], char dst[ENDPOINT_TEXT_SIZE])
{
	bool ports = t->kind == KIND_PORTS && protocol_has_ports(t->protocol);

	snprintf(protocol, 16, "-");
	snprintf(src, ENDPOINT_TEXT_SIZE, "-");
	snprintf(dst, ENDPOINT_TEXT_SIZE, "-");
	if (!t->family)
		return;
	protocol_print(t->protocol, protocol, 16);
	endpoint_print(t->src, t->sport, ports, src, ENDPOINT_TEXT_SIZE);
	endpoint_print(t->dst, t->dport, ports, dst, ENDPOINT_TEXT_SIZE);
}

static void
put_line(const struct show *show, const struct record *record,
    const struct decision *d)
{
	static const struct tuple none;
	const struct tuple *tuple = d && d->packet ? &d->packet->tuple : &none;
	char src[ENDPOINT_TEXT_SIZE], dst[ENDPOINT_TEXT_SIZE], protocol[16];
	char place[32] = "-";

	print_tuple(tuple, protocol, src, dst);
	if (d && d->rule)
		rule_place(show->policy[0], d->rule, place);
	printf("%6llu %12.6f  %-8s  %-6s  %-5s  %s > %s  %s  %s\n",
	    (unsigned long long)record->number,
	    (double)record->time_us / 1000000,
	    record->direction < 0 ? "-" : direction_name(record->direction),
	    d ? verdict_name(reason_verdict(d->why)) : "-", protocol, src, dst,
	    d ? reason_name(d->why) : "not judged", place);
}

static bool
same_flow(const struct tuple *a, const struct tuple *b)
{
	bool straight = address_compare(a->src, b->src) == 0 &&
			address_compare(a->dst, b->dst) == 0 &&
			a->sport == b->sport && a->dport == b->dport;
	bool crossed = address_compare(a->src, b->dst) == 0 &&
		       address_compare(a->dst, b->src) == 0 &&
		       a->sport == b->dport && a->dport == b->sport;

	return a->protocol == b->protocol && a->family == b->family &&
	       (straight || crossed);
}

/* The same for both directions. */
static size_t
hash_of(const struct tuple *t)
{
	uint64_t mixed = t->src.low + t->dst.low +
			 31 * (t->src.high + t->dst.high) +
			 (uint64_t)(t->sport + t->dport) * 65599 + t->protocol;

	return (size_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static size_t *
slot_of(const struct show *show, const struct tuple *tuple)
{
	size_t at = hash_of(tuple);

	for (;; at++) {
		size_t *slot = &show->slots[at & (show->slot_count - 1)];
		if (!*slot ||
		    same_flow(&show->differences[*slot - 1].tuple, tuple))
			return slot;
	}
}

static void
grow(struct show *show)
{
	show->difference_size =
	    show->difference_size ? 2 * show->difference_size : 64;
	show->differences = text_need(realloc(show->differences,
	    show->difference_size * sizeof(*show->differences)));
	free(show->slots);
	show->slot_count = 2 * show->difference_size;
	show->slots = text_need(calloc(show->slot_count, sizeof(*show->slots)));
	for (size_t i = 0; i < show->difference_count; i++)
		*slot_of(show, &show->differences[i].tuple) = i + 1;
}

static void
fold(struct show *show, const struct record *record,
    const struct decision *const d[POLICIES])
{
	const struct packet *packet = d[d[0] ? 0 : 1]->packet;
	struct tuple tuple = { 0 };

	if (packet)
		tuple = packet->tuple;
	if (show->difference_count == show->difference_size)
		grow(show);
	size_t *slot = slot_of(show, &tuple);
	if (!*slot) {
		struct difference *new =
		    &show->differences[show->difference_count++];
		*new = (struct difference){ .tuple = tuple, .first = *record };
		for (unsigned i = 0; i < POLICIES; i++) {
			new->said[i].why = d[i] ? d[i]->why : UNDECIDED;
			new->said[i].rule = d[i] ? d[i]->rule : NULL;
		}
		*slot = show->difference_count;
	}
	show->differences[*slot - 1].packets++;
}

static bool
differ(const struct decision *a, const struct decision *b)
{
	return a && b ? reason_verdict(a->why) != reason_verdict(b->why)
		      : a != b;
}

void
show_packet(struct show *show, const struct record *record,
    const struct decision *const d[POLICIES])
{
	if (show->policy[1]) {
		if (!differ(d[0], d[1]))
			return;
		show->differing++;
		fold(show, record, d);
	}
	if (show->json)
		put_json(show, record, d);
	else if (!show->policy[1])
		put_line(show, record, d[0]);
}

void
show_differences(const struct show *show)
{
	for (size_t i = 0; !show->json && i < show->difference_count; i++) {
		const struct difference *f = &show->differences[i];
		char src[ENDPOINT_TEXT_SIZE], dst[ENDPOINT_TEXT_SIZE];
		char protocol[16], told[POLICIES][80];
		print_tuple(&f->tuple, protocol, src, dst);
		for (unsigned n = 0; n < POLICIES; n++)
			tell(show->policy[n], f->first.judged[n],
			    f->said[n].why, f->said[n].rule, told[n]);
		printf("%llu packets from packet %llu on: %s %s %s > %s\n"
		       "        %s\n     vs %s\n",
		    (unsigned long long)f->packets,
		    (unsigned long long)f->first.number,
		    direction_name(f->first.direction), protocol, src, dst,
		    told[0], told[1]);
	}
}

uint64_t
show_differing_packets(const struct show *show)
{
	return show->differing;
}

size_t
show_differing_flows(const struct show *show)
{
	return show->difference_count;
}
