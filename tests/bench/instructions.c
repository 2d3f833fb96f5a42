/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_instructions SCENARIO: so many packets of one kind through
 * filter_batch(), all in the function measured(), for callgrind to count.
 * Nothing here depends on chance or on time, so neither does the count.
 *
 *   established   TCP of known connections, both ways in turn
 *   new-10        SYNs that open a connection by the last of 10 rules
 *   new-1000      the same with 1,000
 *   drop          SYNs that the last of 10 rules blocks
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "conf.h"
#include "filter.h"

#define BATCHES   100
#define FLOWS     FILTER_BATCH
#define LENGTH    40 /* IPv4 and TCP without options */
#define OPEN_PORT 80
#define CONFIG    (256 * 1024)

static struct filter *filter;
static uint8_t bytes[FILTER_BATCH][LENGTH];
static struct frame frames[FILTER_BATCH];
static struct decision decisions[FILTER_BATCH];

static void
put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* One side of flow number `flow`: the host is 192.0.2.1, its peers are
 * 198.18.0.0 and up. */
static void
lay_out(unsigned slot, enum direction direction, unsigned flow, unsigned port,
    uint8_t flags, uint32_t seq, uint32_t ack)
{
	const uint32_t host = 0xc0000201, peer = 0xc6120000 + flow;
	bool in = direction == INBOUND;
	uint8_t *ip = bytes[slot], *tcp = ip + 20;

	memset(ip, 0, LENGTH);
	ip[0] = 0x45;
	put16(ip + 2, LENGTH);
	ip[8] = 64;
	ip[9] = PROTOCOL_TCP;
	put32(ip + 12, in ? peer : host);
	put32(ip + 16, in ? host : peer);
	put16(tcp, in ? 40000 : port);
	put16(tcp + 2, in ? port : 40000);
	put32(tcp + 4, seq);
	put32(tcp + 8, ack);
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	put16(tcp + 14, 64240);
	frames[slot] = (struct frame){
		.bytes = ip,
		.captured = LENGTH,
		.length = LENGTH,
		.direction = (uint8_t)direction,
	};
}

/* The only function that is counted. */
__attribute__((noinline)) static void
measured(void)
{
	filter_batch(filter, 0, frames, decisions, FILTER_BATCH, 1000);
}

static void
expect(enum reason why)
{
	for (unsigned i = 0; i < FILTER_BATCH; i++)
		if (decisions[i].why != why) {
			fprintf(stderr, "bench_instructions: packet %u: %s\n",
			    i, reason_name(decisions[i].why));
			exit(EXIT_FAILURE);
		}
	filter_quiescent(filter, 0);
}

/* The last rule is the one that matters. */
static struct policy *
policy_of(unsigned rules, const char *last)
{
	char *text = malloc(CONFIG);
	struct diagnostics diagnostics = { 0 };
	size_t used;

	assert(text);
	used = (size_t)snprintf(text, CONFIG,
	    "outbound = ( { port = '*'; action = 'allow'; } ); inbound = (");
	for (unsigned i = 1; i < rules; i++)
		used += (size_t)snprintf(text + used, CONFIG - used,
		    "{ port = %u; protocol = 'tcp'; from = '203.0.%u.%u'; "
		    "action = 'allow'; },",
		    1000 + i * 7, i / 256, i % 256);
	snprintf(text + used, CONFIG - used, "%s );", last);
	/* The syntax wants double quotes. */
	for (char *quote = text; (quote = strchr(quote, '\'')); quote++)
		*quote = '"';
	struct conf_text file = { "bench.conf", text, strlen(text) };
	struct policy *policy = conf_load(&file, 1, &diagnostics);
	if (!policy)
		fprintf(stderr, "%s\n", diagnostics.line[0]);
	diagnostics_clear(&diagnostics);
	free(text);
	return policy;
}

static void
every(enum direction direction, uint8_t flags, uint32_t seq, uint32_t ack)
{
	for (unsigned i = 0; i < FLOWS; i++)
		lay_out(i, direction, i, OPEN_PORT, flags, seq, ack);
	filter_batch(filter, 0, frames, decisions, FILTER_BATCH, 1000);
}

static void
run_established(void)
{
	every(INBOUND, TCP_SYN, 1000, 0);
	expect(RULE_ALLOW);
	every(OUTBOUND, TCP_SYN | TCP_ACK, 5000, 1001);
	every(INBOUND, TCP_ACK, 1001, 5001);
	expect(ESTABLISHED);
	for (unsigned b = 0; b < BATCHES; b++) {
		for (unsigned i = 0; i < FLOWS; i++)
			lay_out(i, b % 2 ? OUTBOUND : INBOUND, i, OPEN_PORT,
			    TCP_ACK, b % 2 ? 5001 : 1001, b % 2 ? 1001 : 5001);
		measured();
		expect(ESTABLISHED);
	}
}

static void
run_starts(unsigned port, enum reason why)
{
	for (unsigned b = 0; b < BATCHES; b++) {
		for (unsigned i = 0; i < FLOWS; i++)
			lay_out(
			    i, INBOUND, b * FLOWS + i, port, TCP_SYN, 1000, 0);
		measured();
		expect(why);
	}
}

static bool
run(const char *scenario)
{
	if (strcmp(scenario, "established") == 0)
		run_established();
	else if (strcmp(scenario, "drop") == 0)
		run_starts(OPEN_PORT + 1, NO_RULE);
	else if (strncmp(scenario, "new-", 4) == 0)
		run_starts(OPEN_PORT, RULE_ALLOW);
	else
		return false;
	printf("packets: %u\n", BATCHES * FILTER_BATCH);
	return true;
}

int
main(int argc, char **argv)
{
	const char *scenario = argc == 2 ? argv[1] : "";
	unsigned rules = strcmp(scenario, "new-1000") == 0 ? 1000 : 10;
	struct interfaces *interfaces = interfaces_create();
	struct filter_options options = {
		.max_flows = 65536,
		.workers = 1,
		.hash_key = { 42 },
		.interfaces = interfaces,
	};
	struct policy *old,
	    *policy = policy_of(rules, "{ port = 80; protocol = 'tcp'; "
				       "action = 'allow'; }");
	bool known;

	filter = filter_create(&options);
	if (!filter || !policy || !filter_publish(filter, policy, &old))
		return EXIT_FAILURE;
	filter_enter(filter, 0);
	known = run(scenario);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
	return known ? EXIT_SUCCESS : 2;
}
