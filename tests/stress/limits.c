/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many threads open and end connections under the limits of rules, first in
 * peace, then with a policy in force that changes all the while: connections
 * move between rules, or are revoked, while others end them.  Claims: in peace
 * no more flows are live than the caps say; when all is quiet each meter counts
 * exactly the flows that hold it and the half-open count is what is in the
 * table; when all have expired nothing is left of any.
 *
 *   stress_limits [BATCHES]
 */
#include "conf.h"
#include "filter_shared.h"
#include "holding.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#define THREADS 4
#define SOURCES 16
#define BATCH   16

#define RULES(a, b)                                                            \
	"conntrack = { max_flows = 400; timeouts = { udp_one_way = 1;"         \
	"  udp_both = 2; syn_sent = 2; syn_received = 2; established = 2; "    \
	"closed = 1; }; };"                                                    \
	"inbound = ( { name = \"a\"; action = \"allow\"; " a " },"             \
	"            { name = \"b\"; action = \"allow\"; " b " } );"           \
	"outbound = ();"

enum { CAP = 30, SOURCE_CAP = 4 };
static const char *const policies[] = {
	RULES("max_flows = 30; max_flows_per_source = 4;", "port = 9;"),
	/* to b, which counts otherwise */
	RULES("port = 9;", "max_flows_per_source = 2; limit = \"1000/s\";"),
	/* TCP stays under a with other caps, UDP is revoked */
	RULES("protocol = \"tcp\"; max_flows = 10;", "port = 9;"),
};

static struct filter *filter;
static unsigned long batches = 5000;
static struct published now_ms = { 1000000 };
static _Atomic int running;

static int
fail(const char *claim, unsigned got, unsigned want)
{
	fprintf(stderr, "stress_limits: %s: %u, not %u\n", claim, got, want);
	exit(EXIT_FAILURE);
}

static uint64_t
next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random >> 16;
}

/* A packet of one of few connections, from either side: UDP, or a TCP segment
 * that opens, answers, completes or resets. */
static struct frame
some_packet(uint8_t bytes[40], uint64_t r)
{
	static const uint8_t flags[4][2] = { { TCP_SYN, TCP_SYN | TCP_ACK },
		{ TCP_ACK, TCP_ACK }, { TCP_ACK, TCP_ACK },
		{ TCP_RST | TCP_ACK, TCP_RST } };
	bool udp = r & 1, answer = r >> 1 & 1;
	uint8_t source = r >> 2 & (SOURCES - 1), port = r >> 6 & 15;
	uint8_t peer[6] = { 192, 0, 2, source, 64, port };
	uint8_t own[6] = { 198, 51, 100, 1, 0, 53 };
	uint8_t *from = answer ? own : peer, *to = answer ? peer : own;

	memset(bytes, 0, 40);
	memcpy(bytes, (uint8_t[]){ 0x45, 0, 0, udp ? 28 : 40 }, 4);
	bytes[8] = 64;
	bytes[9] = udp ? PROTOCOL_UDP : PROTOCOL_TCP;
	memcpy(bytes + 12, from, 4);
	memcpy(bytes + 16, to, 4);
	memcpy(bytes + 20, from + 4, 2);
	memcpy(bytes + 22, to + 4, 2);
	bytes[25] = 8;
	if (!udp) {
		/* Each side begins at 0 and has sent its SYN. */
		uint8_t f = flags[r >> 10 & 1 ? 0 : r >> 11 & 3][answer];
		memset(bytes + 24, 0, 8);
		bytes[27] = !(f & TCP_SYN);
		bytes[31] = f & TCP_ACK ? 1 : 0;
		bytes[32] = 0x50;
		bytes[33] = f;
		bytes[34] = 0xff;
	}
	return (struct frame){ .bytes = bytes,
		.captured = udp ? 28 : 40,
		.length = udp ? 28 : 40,
		.direction = answer ? OUTBOUND : INBOUND };
}

static void *
work(void *argument)
{
	unsigned worker = (unsigned)(uintptr_t)argument;
	uint64_t random = worker * 2654435761u + 1;

	filter_enter(filter, worker);
	for (unsigned long i = 0; i < batches; i++) {
		uint8_t bytes[BATCH][40];
		struct frame frames[BATCH];
		struct decision decisions[BATCH];
		uint64_t now = published_read(&now_ms);
		for (unsigned n = 0; n < BATCH; n++)
			frames[n] = some_packet(bytes[n], next(&random));
		filter_batch(filter, worker, frames, decisions, BATCH, now);
		filter_sweep(filter, worker, now);
		filter_quiescent(filter, worker);
	}
	filter_leave(filter, worker);
	running--;
	return NULL;
}

static void
put_in_force(const char *text)
{
	struct conf_text conf = { "stress.conf", text, strlen(text) };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = conf_load(&conf, 1, &diagnostics);
	struct policy *old = NULL;

	diagnostics_clear(&diagnostics);
	if (!policy || !filter_publish(filter, policy, &old))
		fail("no policy", 0, 1);
	policy_destroy(old);
}

static struct meter_name
name_of(uint32_t identity, int source)
{
	struct meter_name name = { .identity = identity,
		.per_source = source >= 0 };

	if (source >= 0)
		name.source = address_from_v4(0xc0000200u + (unsigned)source);
	return name;
}

/* The counts that may not be above their caps.  A connection that opens anew
 * is counted twice until its old entry is gone, at most once a worker. */
static void
check_caps(void)
{
	urcu_qsbr_thread_online();
	for (int source = -1; source < SOURCES; source++) {
		struct meter_name name = name_of(1, source);
		uint32_t count = meter_count(filter->meters, &name);
		if (count > (source < 0 ? CAP : SOURCE_CAP) + THREADS)
			fail("above its cap", count,
			    source < 0 ? CAP : SOURCE_CAP);
	}
	urcu_qsbr_thread_offline();
}

/* Flows that hold this of that rule and source. */
static unsigned
holders(uint32_t identity, int source, uint32_t holds)
{
	unsigned count = 0;

	for (uint32_t slot = 0; slot < table_slots(filter->table); slot++) {
		const struct flow *flow = table_at(filter->table, slot);
		uint32_t held = flow ? flow_get(&flow->rule) : 0;
		if (held & holds && holding_identity(held) == identity &&
		    (source < 0 || (flowkey_tuple(flow).src.low & 0xff) ==
				       (unsigned)source))
			count++;
	}
	return count;
}

static void
check_quiet(void)
{
	unsigned half_open = 0;

	urcu_qsbr_thread_online();
	for (uint32_t slot = 0; slot < table_slots(filter->table); slot++) {
		const struct flow *flow = table_at(filter->table, slot);
		half_open +=
		    flow &&
		    state_half_open(flow_word_unpack(flow_word(flow)).state);
	}
	uint32_t counted =
	    budget_read(&filter->pressure.half_open[FROM_OUTSIDE].count);
	if (counted != half_open)
		fail("half-open flows", counted, half_open);
	for (uint32_t identity = 1; identity <= 2; identity++)
		for (int source = -1; source < SOURCES; source++) {
			struct meter_name name = name_of(identity, source);
			unsigned want = holders(identity, source,
			    source < 0 ? HOLDS_RULE : HOLDS_SOURCE);
			uint32_t got = meter_count(filter->meters, &name);
			if (got != want)
				fail("a meter's count", got, want);
			got = meter_proofs(filter->meters, &name);
			want = source < 0
				   ? 0
				   : holders(identity, source, HOLDS_PROOF);
			if (got != want)
				fail("a meter's proofs", got, want);
		}
	urcu_qsbr_thread_offline();
}

/* All workers at once; the keeper turns time, and the policies if it may. */
static void
run(bool peace)
{
	pthread_t thread[THREADS];
	unsigned turns = 0;

	running = THREADS;
	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i);
	while (running) {
		published_set(&now_ms, published_read(&now_ms) + 200);
		turns++;
		if (peace)
			check_caps();
		else
			put_in_force(policies[turns % 3]);
		filter_reclaim(filter);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	check_quiet();
	printf("%s: %u turns, %u flows, %u sources\n",
	    peace ? "peace" : "reloads", turns, filter_flow_count(filter),
	    meters_sources(filter->meters));
}

int
main(int argc, char **argv)
{
	struct filter_options options = {
		.max_flows = 400,
		.workers = THREADS,
		.hash_key = { 42 },
		.interfaces = interfaces_create(),
	};
	uint64_t let_in = 0, refused = 0;

	if (argc > 1)
		batches = strtoul(argv[1], NULL, 10);
	filter = filter_create(&options);
	filter_enter(filter, THREADS);
	put_in_force(policies[0]);
	run(true);
	unsigned live = holders(1, -1, HOLDS_RULE);
	if (live > CAP)
		fail("flows above the cap", live, CAP);
	let_in = filter_count(filter, INBOUND, RULE_ALLOW);
	refused = filter_count(filter, INBOUND, MAX_FLOWS) +
		  filter_count(filter, INBOUND, MAX_FLOWS_PER_SOURCE);
	if (!let_in || !refused)
		fail("nothing was let in or refused", (unsigned)let_in, 1);
	run(false);
	if (!filter_count(filter, INBOUND, REVOKED))
		fail("nothing was revoked", 0, 1);

	/* All expire. */
	urcu_qsbr_thread_online();
	for (unsigned second = 1; second <= 60; second++)
		filter_sweep(
		    filter, 0, published_read(&now_ms) + second * 1000);
	urcu_qsbr_thread_offline();
	check_quiet();
	if (filter_flow_count(filter))
		fail("flows left behind", filter_flow_count(filter), 0);
	if (meters_sources(filter->meters))
		fail("sources left", meters_sources(filter->meters), 0);
	printf("let in %lu, refused %lu\n", (unsigned long)let_in,
	    (unsigned long)refused);
	filter_leave(filter, THREADS);
	filter_destroy(filter);
	interfaces_destroy(options.interfaces);
	return EXIT_SUCCESS;
}
