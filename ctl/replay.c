/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay: a capture through the firewall itself.  The same filter_batch() as
 * in the daemon judges each packet, by the capture's own clock and from an
 * empty table; no root, no daemon.  Packets of one tick are judged together,
 * as a worker would.  The hash key is fixed, so two runs are equal byte by
 * byte.
 *
 * Writes JSON with lib/json.h, so jansson must stay out of this file.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "file.h"
#include "filter.h"
#include "json.h"
#include "text.h"

#define LOCALS_MAX    64
#define OUTPUT_BUFFER (1 << 20)
#define TAILS         1024

/* A packet that waits for its batch, or one that is not judged. */
struct record {
	uint64_t number, time_us;
	int direction; /* enum direction, -1: not IP */
	bool judged;   /* has a frame, the next of the batch */
};

/* All of a packet's JSON object that others share with it. */
struct tail {
	int direction;
	bool judged;
	enum reason why;
	const struct rule *rule;
	char *text; /* NULL: unused */
};

struct replay {
	bool json, summary;
	struct policy *policy; /* of the filter */
	struct interfaces *interfaces;
	struct filter *filter;
	struct address_range local[LOCALS_MAX];
	size_t local_count;
	uint64_t first_us, clock_ms;
	struct tail tails[TAILS];
	/* the batch */
	struct record records[FILTER_BATCH];
	struct frame frames[FILTER_BATCH];
	uint8_t *copies[FILTER_BATCH];
	uint32_t copy_sizes[FILTER_BATCH];
	size_t record_count, frame_count;
	/* totals */
	uint64_t packets, not_judged, verdicts[VERDICT_REJECT + 1];
	uint64_t reasons[REASON_COUNT];
};

/* "192.0.2.0/24,2001:db8::/64" */
static bool
read_locals(struct replay *r, const char *text)
{
	char *copy = text_need(strdup(text)), *rest = copy;
	bool ok = true;

	for (char *word; ok && (word = strsep(&rest, ",")) != NULL;) {
		ok = r->local_count < LOCALS_MAX &&
		     address_range_parse(word, &r->local[r->local_count++]);
		if (!ok)
			text_complain(
			    "--local \"%s\": accepted are up to %d addresses, "
			    "prefixes and ranges, with commas between them",
			    word, LOCALS_MAX);
	}
	free(copy);
	return ok;
}

static bool
is_local(const struct replay *r, struct address a)
{
	for (size_t i = 0; i < r->local_count; i++)
		if (address_in(a, &r->local[i]))
			return true;
	return false;
}

/* Multicast or broadcast: for this host too. */
static bool
is_for_many(struct address a)
{
	if (!address_is_v4(a))
		return a.high >> 56 == 0xff;
	uint32_t v4 = (uint32_t)a.low;
	return v4 >> 28 == 14 || v4 == UINT32_MAX;
}

static struct address
address_at(const uint8_t *p, bool v4)
{
	if (!v4)
		return address_from_bytes(p);
	return address_from_v4((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			       (uint32_t)p[2] << 8 | p[3]);
}

/* What this host's hooks would have seen.  Too short to tell: inbound. */
static enum direction
direction_of(const struct replay *r, const struct captured *p)
{
	bool v4 = p->captured && p->bytes[0] >> 4 == 4;

	if (p->captured < (v4 ? 20u : 40u))
		return INBOUND;
	struct address src = address_at(p->bytes + (v4 ? 12 : 8), v4);
	struct address dst = address_at(p->bytes + (v4 ? 16 : 24), v4);
	if (is_local(r, src))
		return OUTBOUND;
	return is_local(r, dst) || is_for_many(dst) ? INBOUND : FORWARD;
}

static void
rule_place(const struct replay *r, const struct rule *rule, char place[32])
{
	snprintf(place, 32, "%s %u",
	    table_name(policy_table_of(r->policy, rule)), rule->place);
}

static char *
tail_text(const struct replay *r, const struct tail *tail)
{
	const struct rule *rule = tail->rule;
	struct json json = { 0 };
	char place[32];

	json_open_object(&json, NULL);
	json_string(&json, "direction",
	    tail->direction < 0 ? NULL : direction_name(tail->direction));
	json_string(&json, "verdict",
	    tail->judged ? verdict_name(reason_verdict(tail->why)) : NULL);
	json_string(
	    &json, "reason", tail->judged ? reason_name(tail->why) : NULL);
	if (rule)
		rule_place(r, rule, place);
	json_string(&json, "rule", rule ? place : NULL);
	if (rule && rule->name)
		json_string(&json, "name", rule->name);
	json_close_object(&json);
	return text_need(json.failed ? NULL : json.text);
}

/* Most packets share a few tails: each is written once. */
static const char *
tail_of(struct replay *r, const struct record *record, const struct decision *d)
{
	struct tail wanted = {
		.direction = record->direction,
		.judged = d != NULL,
		.why = d ? d->why : UNDECIDED,
		.rule = d ? d->rule : NULL,
	};
	size_t place = (size_t)wanted.direction + (size_t)wanted.why * 4 +
		       (wanted.rule ? wanted.rule->place * 37 : 0);
	struct tail *tail = &r->tails[place % TAILS];

	if (!tail->text || tail->direction != wanted.direction ||
	    tail->judged != wanted.judged || tail->why != wanted.why ||
	    tail->rule != wanted.rule) {
		free(tail->text);
		*tail = wanted;
		tail->text = tail_text(r, tail);
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
show_json(
    struct replay *r, const struct record *record, const struct decision *d)
{
	uint64_t time_us = record->time_us - r->first_us;
	char text[64], *end = text + sizeof(text), *at = end;

	fputs_unlocked("{\"packet\":", stdout);
	at = put_digits(end, record->number, 1);
	fwrite_unlocked(at, 1, (size_t)(end - at), stdout);
	fputs_unlocked(",\"time\":", stdout);
	at = put_digits(end, time_us % 1000000, 6);
	*--at = '.';
	at = put_digits(at, time_us / 1000000, 1);
	while (end[-1] == '0')
		end--;
	end -= end[-1] == '.';
	fwrite_unlocked(at, 1, (size_t)(end - at), stdout);
	putc_unlocked(',', stdout);
	fputs_unlocked(tail_of(r, record, d) + 1, stdout); /* without { */
	putc_unlocked('\n', stdout);
}

static void
show_line(
    struct replay *r, const struct record *record, const struct decision *d)
{
	char src[ENDPOINT_TEXT_SIZE] = "-", dst[ENDPOINT_TEXT_SIZE] = "-";
	char protocol[16] = "-", place[32] = "-";

	if (d && d->packet && d->packet->tuple.family) {
		const struct tuple *t = &d->packet->tuple;
		bool ports =
		    t->kind == KIND_PORTS && protocol_has_ports(t->protocol);
		protocol_print(t->protocol, protocol, sizeof(protocol));
		endpoint_print(t->src, t->sport, ports, src, sizeof(src));
		endpoint_print(t->dst, t->dport, ports, dst, sizeof(dst));
	}
	if (d && d->rule)
		rule_place(r, d->rule, place);
	printf("%6llu %12.6f  %-8s  %-6s  %-5s  %s > %s  %s  %s\n",
	    (unsigned long long)record->number,
	    (double)(record->time_us - r->first_us) / 1000000,
	    record->direction < 0 ? "-" : direction_name(record->direction),
	    d ? verdict_name(reason_verdict(d->why)) : "-", protocol, src, dst,
	    d ? reason_name(d->why) : "not judged", place);
}

static void
show(struct replay *r, const struct record *record, const struct decision *d)
{
	if (d) {
		r->verdicts[reason_verdict(d->why)]++;
		r->reasons[d->why]++;
	} else {
		r->not_judged++;
	}
	if (r->summary)
		return;
	if (r->json)
		show_json(r, record, d);
	else
		show_line(r, record, d);
}

/* Judge what waits, show it, and let the table breathe. */
static void
judge(struct replay *r)
{
	struct decision decisions[FILTER_BATCH];
	size_t next = 0;

	filter_batch(
	    r->filter, 0, r->frames, decisions, r->frame_count, r->clock_ms);
	for (size_t i = 0; i < r->record_count; i++)
		show(r, &r->records[i],
		    r->records[i].judged ? &decisions[next++] : NULL);
	r->record_count = r->frame_count = 0;
	filter_sweep(r->filter, 0, r->clock_ms);
	filter_quiescent(r->filter, 0);
	filter_reclaim(r->filter);
}

static void
keep_frame(struct replay *r, const struct captured *p, enum direction direction)
{
	size_t n = r->frame_count++;

	if (r->copy_sizes[n] < p->captured) {
		free(r->copies[n]);
		r->copies[n] = text_need(malloc(p->captured));
		r->copy_sizes[n] = p->captured;
	}
	if (p->captured)
		memcpy(r->copies[n], p->bytes, p->captured);
	r->frames[n] = (struct frame){
		.bytes = r->copies[n],
		.captured = p->captured,
		.length = p->length,
		.direction = (uint8_t)direction,
		/* A capture of local output has unfinished checksums. */
		.verify_checksum = direction == INBOUND,
	};
}

static void
take(struct replay *r, const struct captured *p)
{
	uint64_t now_ms;

	if (!r->packets++)
		r->first_us = p->time_us;
	/* A capture may step back; the clock of a firewall does not. */
	now_ms = p->time_us / 1000;
	if (r->record_count == FILTER_BATCH ||
	    (r->record_count && now_ms / TICK_MS > r->clock_ms / TICK_MS))
		judge(r);
	if (now_ms > r->clock_ms)
		r->clock_ms = now_ms;
	struct record *record = &r->records[r->record_count++];
	*record = (struct record){
		.number = r->packets,
		.time_us = p->time_us < r->first_us ? r->first_us : p->time_us,
		.direction = p->is_ip ? (int)direction_of(r, p) : -1,
	};
	/* Without such a table nothing would queue them. */
	record->judged =
	    p->is_ip && (record->direction != FORWARD ||
			    r->policy->tables[TABLE_FORWARD].present);
	if (record->judged)
		keep_frame(r, p, (enum direction)record->direction);
}

static void
show_totals(const struct replay *r)
{
	fflush(stdout);
	fprintf(stderr,
	    "%llu packets: %llu accepted, %llu dropped, %llu rejected, "
	    "%llu not judged; %u flows at the end\n",
	    (unsigned long long)r->packets,
	    (unsigned long long)r->verdicts[VERDICT_ACCEPT],
	    (unsigned long long)r->verdicts[VERDICT_DROP],
	    (unsigned long long)r->verdicts[VERDICT_REJECT],
	    (unsigned long long)r->not_judged, filter_flow_count(r->filter));
}

static void
show_summary(const struct replay *r)
{
	struct json json = { 0 };

	for (enum reason why = 0; !r->json && why < REASON_COUNT; why++)
		if (r->reasons[why])
			printf("%12llu  %-6s  %-17s  %s\n",
			    (unsigned long long)r->reasons[why],
			    verdict_name(reason_verdict(why)), reason_name(why),
			    reason_text(why));
	if (!r->json)
		return;
	json_open_object(&json, NULL);
	json_unsigned(&json, "packets", r->packets);
	json_unsigned(&json, "not_judged", r->not_judged);
	json_open_object(&json, "reasons");
	for (enum reason why = 0; why < REASON_COUNT; why++)
		if (r->reasons[why])
			json_unsigned(&json, reason_name(why), r->reasons[why]);
	json_close_object(&json);
	json_close_object(&json);
	puts(text_need(json.failed ? NULL : json.text));
	json_free(&json);
}

static int
run(struct replay *r, struct capture *capture)
{
	char error[CAPTURE_ERROR_SIZE];
	struct captured packet;
	enum capture_status status;

	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
	filter_enter(r->filter, 0);
	while (
	    (status = capture_next(capture, &packet, error)) == CAPTURE_PACKET)
		take(r, &packet);
	judge(r);
	if (r->summary)
		show_summary(r);
	show_totals(r);
	filter_leave(r->filter, 0);
	if (status == CAPTURE_BROKEN) {
		text_complain("%s", error);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

int
command_replay(const struct call *call)
{
	const char *config = call_option(call, "config");
	const char *local = call_option(call, "local");
	char error[CAPTURE_ERROR_SIZE];
	struct policy *none;

	if (!local) {
		text_complain("replay needs --local PREFIX[,PREFIX...]: which "
			      "addresses are this host's");
		return EXIT_USAGE;
	}
	struct replay *r = text_need(calloc(1, sizeof(*r)));
	r->json = call->json;
	r->summary = call_option(call, "summary") != NULL;
	int code = read_locals(r, local) ? EXIT_OK : EXIT_USAGE;
	if (code == EXIT_OK &&
	    !(r->policy = file_load(config ? config : DEFAULT_CONFIG)))
		code = EXIT_INVALID;
	struct capture *capture = NULL;
	if (code == EXIT_OK &&
	    !(capture = capture_open(call->argument[0], error))) {
		text_complain("%s", error);
		policy_destroy(r->policy);
		code = EXIT_FAILED;
	}
	if (code == EXIT_OK) {
		r->interfaces = text_need(interfaces_create());
		struct filter_options options = {
			.max_flows = r->policy->settings.conntrack.max_flows,
			.workers = 1,
			.interfaces = r->interfaces,
		};
		r->filter = text_need(filter_create(&options));
		if (!filter_publish(r->filter, r->policy, &none))
			text_need(NULL);
		code = run(r, capture);
	}
	filter_destroy(r->filter);
	interfaces_destroy(r->interfaces);
	capture_close(capture);
	for (size_t i = 0; i < FILTER_BATCH; i++)
		free(r->copies[i]);
	for (size_t i = 0; i < TAILS; i++)
		free(r->tails[i].text);
	free(r);
	return code;
}
