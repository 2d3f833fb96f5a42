/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Millions of packets through the whole firewall under virtual time: TCP and
 * UDP connections open, are answered, go idle, expire, and are revoked by
 * reloads.  Beside it a few lines of model know each connection.  Claims: every
 * packet gets the reason the model says; at each check the flows that can be
 * seen are those of the model, and the flows counted are those opened less the
 * entries that came back from their grace period; in the end all came back.
 * Free entries are poisoned (probe.h).
 *
 *   stress_soak [PACKETS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "filter.h"
#include "probe.h"
#include "traffic.h"

#define CONNECTIONS 4096 /* even numbers are UDP, odd ones TCP */
#define CHECK       200  /* batches between two checks */
#define RELOAD      70   /* and between two reloads */

#define TIMEOUTS                                                               \
	"conntrack = { max_flows = 65536; timeouts = { udp_one_way = 5; "      \
	"udp_both = 20; syn_sent = 10; established = 60; }; };"

enum { OPEN_TO_ALL, NO_UDP, POLICIES };
static const char *const policies[POLICIES] = {
	TIMEOUTS "inbound = (); outbound = ({ port = \"*\"; "
		 "action = \"allow\"; });",
	TIMEOUTS "inbound = (); outbound = ("
		 "{ protocol = \"udp\"; action = \"block\"; },"
		 "{ port = \"*\"; action = \"allow\"; });",
};

enum stage { GONE, ASKED, ANSWERED };
static const unsigned lives_ms[2][3] = {
	{ 0, 5000, 20000 },  /* UDP: one way, both ways */
	{ 0, 10000, 60000 }, /* TCP: SYN sent, established */
};

struct model {
	enum stage stage;
	uint64_t seen_ms;
};

static struct model models[CONNECTIONS];
static struct filter *filter;
static unsigned policy;
static uint64_t now_ms = 1000000, random_state = 1;
static unsigned long opened, freed, revoked, packets;

void
table_probe_point(enum table_point point)
{
	(void)point;
}

uint64_t
table_probe_hash(uint64_t hash)
{
	return hash;
}

static uint64_t
draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 16;
}

static void
publish(unsigned which)
{
	struct conf_text text = { "soak.conf", policies[which],
		strlen(policies[which]) };
	struct diagnostics diagnostics = { 0 };
	struct policy *next = conf_load(&text, 1, &diagnostics), *old;

	diagnostics_clear(&diagnostics);
	filter_offline(filter, 0);
	if (!next || !filter_publish(filter, next, &old))
		probe_fail("the policy cannot be loaded");
	filter_online();
	policy_destroy(old);
	policy = which;
}

static bool
alive(uint32_t id)
{
	const struct model *m = &models[id];

	return now_ms - m->seen_ms < lives_ms[id % 2][m->stage];
}

static void
becomes(uint32_t id, enum stage stage)
{
	models[id] = (struct model){ stage, now_ms };
}

/* A packet of the connection, and what becomes of both. */
static enum reason
judge_udp(uint32_t id, bool inbound)
{
	if (alive(id) && policy == NO_UDP) {
		becomes(id, GONE);
		revoked++;
		return REVOKED;
	}
	if (alive(id)) {
		becomes(id, inbound ? ANSWERED : models[id].stage);
		return ESTABLISHED;
	}
	if (inbound)
		return NO_RULE;
	if (policy == NO_UDP)
		return RULE_BLOCK;
	becomes(id, ASKED);
	opened++;
	return RULE_ALLOW;
}

static enum reason
judge_tcp(uint32_t id, enum segment segment)
{
	if (!alive(id) && segment == SEGMENT_SYN) {
		becomes(id, ASKED);
		opened++;
		return RULE_ALLOW;
	}
	if (!alive(id))
		return NOT_A_START;
	if (segment == SEGMENT_SYN)
		return PASSED; /* again */
	becomes(id, ANSWERED);
	return ESTABLISHED;
}

static struct frame
udp(struct traffic *out, uint32_t id, bool inbound)
{
	struct frame frame =
	    traffic_make(out, id, inbound ? SEGMENT_SYN_ACK : SEGMENT_SYN);

	/* The same addresses and ports; a datagram of no bytes. */
	out->bytes[3] = 28;
	out->bytes[9] = PROTOCOL_UDP;
	memcpy(out->bytes + 24, (uint8_t[]){ 0, 8, 0, 0 }, 4);
	frame.captured = frame.length = 28;
	return frame;
}

struct batch {
	struct traffic traffic[FILTER_BATCH];
	struct frame frame[FILTER_BATCH];
	enum reason want[FILTER_BATCH];
	size_t count;
};

static void
add_tcp(struct batch *b, uint32_t id, enum segment segment)
{
	b->frame[b->count] = traffic_make(&b->traffic[b->count], id, segment);
	b->want[b->count++] = judge_tcp(id, segment);
}

/* One connection's turn: at most three packets. */
static void
add(struct batch *b)
{
	uint32_t id = (uint32_t)(draw() % CONNECTIONS);
	unsigned what = (unsigned)(draw() % 4);

	if (id % 2 == 0) {
		bool inbound = what == 0;
		b->frame[b->count] = udp(&b->traffic[b->count], id, inbound);
		b->want[b->count++] = judge_udp(id, inbound);
	} else if (what == 0 || (alive(id) && models[id].stage == ASKED)) {
		bool answered = alive(id) && models[id].stage == ANSWERED;
		add_tcp(b, id, SEGMENT_SYN);
		if (what == 1 && !answered) {
			add_tcp(b, id, SEGMENT_SYN_ACK);
			add_tcp(b, id, SEGMENT_ACK);
		}
	} else {
		add_tcp(b, id, SEGMENT_ACK);
	}
}

static void
play_batch(void)
{
	struct batch batch = { .count = 0 };
	struct decision decisions[FILTER_BATCH];

	while (batch.count + 3 <= FILTER_BATCH)
		add(&batch);
	filter_batch(filter, 0, batch.frame, decisions, batch.count, now_ms);
	for (size_t i = 0; i < batch.count; i++)
		if (decisions[i].why != batch.want[i])
			probe_fail("packet %lu: %s, not %s", packets + i,
			    reason_name(decisions[i].why),
			    reason_name(batch.want[i]));
	packets += batch.count;
	filter_quiescent(filter, 0);
	/* Now and then a long silence. */
	now_ms += draw() % 512 ? TICK_MS * (draw() % 3) : 30000;
	filter_sweep(filter, 0, now_ms);
}

static void
count_freed(struct flow *flow)
{
	(void)flow;
	freed++;
}

static void
check(void)
{
	struct flow_view view;
	uint32_t cursor = 0, seen = 0, want = 0;

	/* The sweep of a new tick hands over what was removed. */
	filter_sweep(filter, 0, now_ms += TICK_MS);
	filter_offline(filter, 0);
	filter_reclaim(filter);
	filter_online();
	while (filter_next_flow(filter, &cursor, now_ms, &view))
		seen++;
	for (uint32_t id = 0; id < CONNECTIONS; id++)
		want += alive(id);
	if (seen != want)
		probe_fail("packet %lu: %u flows, not %u", packets, seen, want);
	if (filter_flow_count(filter) != opened - freed)
		probe_fail("packet %lu: %u flows counted, but %lu were opened "
			   "and %lu came back",
		    packets, filter_flow_count(filter), opened, freed);
}

int
main(int argc, char **argv)
{
	struct filter_options options = {
		.max_flows = 65536,
		.workers = 1,
		.interfaces = interfaces_create(),
	};
	unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	unsigned long checks = 0;

	probe_freed = count_freed;
	filter = filter_create(&options);
	if (!filter)
		probe_fail("out of memory");
	filter_enter(filter, 0);
	publish(OPEN_TO_ALL);
	for (unsigned long batch = 1; packets < wanted; batch++) {
		play_batch();
		if (batch % RELOAD == 0)
			publish(draw() % 4 ? OPEN_TO_ALL : NO_UDP);
		if (batch % CHECK == 0) {
			check();
			checks++;
		}
	}
	/* All expire; a pass over the table takes 10 seconds. */
	now_ms += 100000;
	for (unsigned i = 0; i < 150; i++)
		filter_sweep(filter, 0, now_ms += TICK_MS);
	check();
	if (freed != opened || !revoked)
		probe_fail("%lu opened, %lu came back", opened, freed);
	printf("%lu packets, %lu checks: %lu flows opened, %lu revoked, all "
	       "gone\n",
	    packets, checks, opened, revoked);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(options.interfaces);
	return EXIT_SUCCESS;
}
