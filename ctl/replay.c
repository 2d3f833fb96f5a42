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
#include "replay_show.h"
#include "text.h"

#define LOCALS_MAX    64
#define OUTPUT_BUFFER (1 << 20)

/* A policy and the flows that it has let in. */
struct engine {
	struct policy *policy; /* of the filter, once that is there */
	struct filter *filter;
	struct frame frames[FILTER_BATCH];
	size_t frame_count;
};

struct replay {
	bool json, summary;
	struct engine engine[POLICIES];
	unsigned engine_count;
	struct interfaces *interfaces;
	struct address_range local[LOCALS_MAX];
	size_t local_count;
	uint64_t first_us, clock_ms;
	struct show *show;
	/* the batch */
	struct record records[FILTER_BATCH];
	uint8_t *copies[FILTER_BATCH]; /* of each record's bytes */
	uint32_t copy_sizes[FILTER_BATCH];
	size_t record_count;
	/* totals; of the first engine */
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
count(struct replay *r, const struct decision *d)
{
	if (!d) {
		r->not_judged++;
		return;
	}
	r->verdicts[reason_verdict(d->why)]++;
	r->reasons[d->why]++;
}

/* Judge what waits, show it, and let the tables breathe. */
static void
judge(struct replay *r)
{
	struct decision decisions[POLICIES][FILTER_BATCH];
	size_t next[POLICIES] = { 0 };

	for (unsigned e = 0; e < r->engine_count; e++) {
		struct engine *engine = &r->engine[e];
		filter_batch(engine->filter, 0, engine->frames, decisions[e],
		    engine->frame_count, r->clock_ms);
		engine->frame_count = 0;
	}
	for (size_t i = 0; i < r->record_count; i++) {
		const struct decision *d[POLICIES] = { NULL };
		for (unsigned e = 0; e < r->engine_count; e++)
			if (r->records[i].judged[e])
				d[e] = &decisions[e][next[e]++];
		count(r, d[0]);
		if (!r->summary)
			show_packet(r->show, &r->records[i], d);
	}
	r->record_count = 0;
	for (unsigned e = 0; e < r->engine_count; e++) {
		filter_sweep(r->engine[e].filter, 0, r->clock_ms);
		filter_quiescent(r->engine[e].filter, 0);
		filter_reclaim(r->engine[e].filter);
		filter_tend(r->engine[e].filter, r->clock_ms);
	}
}

/* The next record is of this packet. */
static void
keep(struct replay *r, const struct captured *p)
{
	size_t n = r->record_count++;
	struct record *record = &r->records[n];

	*record = (struct record){
		.number = r->packets,
		.time_us =
		    p->time_us < r->first_us ? 0 : p->time_us - r->first_us,
		.direction = p->is_ip ? (int)direction_of(r, p) : -1,
	};
	if (!p->is_ip)
		return;
	if (r->copy_sizes[n] < p->captured) {
		free(r->copies[n]);
		r->copies[n] = text_need(malloc(p->captured));
		r->copy_sizes[n] = p->captured;
	}
	if (p->captured)
		memcpy(r->copies[n], p->bytes, p->captured);
	for (unsigned e = 0; e < r->engine_count; e++) {
		struct engine *engine = &r->engine[e];
		/* Without such a table nothing would queue them. */
		record->judged[e] =
		    record->direction != FORWARD ||
		    engine->policy->tables[TABLE_FORWARD].present;
		if (!record->judged[e])
			continue;
		engine->frames[engine->frame_count++] = (struct frame){
			.bytes = r->copies[n],
			.captured = p->captured,
			.length = p->length,
			.direction = (uint8_t)record->direction,
			/* Captured local output has unfinished checksums. */
			.verify_checksum = record->direction == INBOUND,
		};
	}
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
	keep(r, p);
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
	    (unsigned long long)r->not_judged,
	    filter_flow_count(r->engine[0].filter));
	if (r->engine_count > 1)
		fprintf(stderr,
		    "the other policy judges %llu packets of %zu flows "
		    "otherwise\n",
		    (unsigned long long)show_differing_packets(r->show),
		    show_differing_flows(r->show));
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
	/* A thread enters once, whatever it reads. */
	filter_enter(r->engine[0].filter, 0);
	while (
	    (status = capture_next(capture, &packet, error)) == CAPTURE_PACKET)
		take(r, &packet);
	judge(r);
	show_differences(r->show);
	if (r->summary)
		show_summary(r);
	show_totals(r);
	filter_leave(r->engine[0].filter, 0);
	if (status == CAPTURE_BROKEN) {
		text_complain("%s", error);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* False: the config is not valid, and that was said. */
static bool
load_engine(struct replay *r, const char *config)
{
	struct engine *engine = &r->engine[r->engine_count];
	struct policy *none;

	engine->policy = file_load(config);
	if (!engine->policy)
		return false;
	if (policy_asks_owners(engine->policy))
		text_complain("%s: a capture does not say whose the packets "
			      "are, so rules with user or group match none",
		    config);
	struct filter_options options = {
		.max_flows = engine->policy->settings.conntrack.max_flows,
		.workers = 1,
		.interfaces = r->interfaces,
	};
	engine->filter = text_need(filter_create(&options));
	if (!filter_publish(engine->filter, engine->policy, &none))
		text_need(NULL);
	r->engine_count++;
	return true;
}

static struct replay *
replay_create(const struct call *call)
{
	struct replay *r = text_need(calloc(1, sizeof(*r)));

	r->json = call->json;
	r->summary = call_option(call, "summary") != NULL;
	r->interfaces = text_need(interfaces_create());
	return r;
}

static void
replay_destroy(struct replay *r)
{
	show_destroy(r->show);
	for (unsigned e = 0; e < r->engine_count; e++)
		filter_destroy(r->engine[e].filter);
	interfaces_destroy(r->interfaces);
	for (size_t i = 0; i < FILTER_BATCH; i++)
		free(r->copies[i]);
	free(r);
}

int
command_replay(const struct call *call)
{
	const char *config = call_option(call, "config");
	const char *local = call_option(call, "local");
	const char *other = call_option(call, "vs");
	bool same = call_option(call, "expect-same") != NULL;
	char error[CAPTURE_ERROR_SIZE];

	if (!local || (same && !other)) {
		text_complain("%s",
		    local ? "--expect-same needs --vs FILE to compare with"
			  : "replay needs --local PREFIX[,PREFIX...]: which "
			    "addresses are this host's");
		return EXIT_USAGE;
	}
	struct replay *r = replay_create(call);
	struct capture *capture = NULL;
	int code = EXIT_USAGE;
	if (!read_locals(r, local)) {
		code = EXIT_USAGE;
	} else if (!load_engine(r, config ? config : DEFAULT_CONFIG) ||
		   (other && !load_engine(r, other))) {
		code = EXIT_INVALID;
	} else if (!(capture = capture_open(call->argument[0], error))) {
		text_complain("%s", error);
		code = EXIT_FAILED;
	} else {
		r->show = show_create(
		    r->json, r->engine[0].policy, r->engine[1].policy);
		code = run(r, capture);
		if (code == EXIT_OK && same && show_differing_packets(r->show))
			code = EXIT_UNEXPECTED;
	}
	capture_close(capture);
	replay_destroy(r);
	return code;
}
