/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_rules [--json]: how long it takes to find the rule of a new flow, in
 * order and by the index, in the same run, in turns, and what the index costs.
 * Both must find the same.
 *
 * The rules ask for a port, a protocol and a source, some for a destination
 * too; a third of the packets match none of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "classifier.h"
#include "conf.h"

#define ROUNDS  7
#define PACKETS 4096
#define TEXT    (4 * 1024 * 1024)

struct figures {
	double in_order[ROUNDS], by_index[ROUNDS], build_ms[ROUNDS];
	size_t bytes;
};

static struct packet packets[PACKETS];
static uint64_t state = 42;

static unsigned
random_below(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % below);
}

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct policy *
policy_of(unsigned count)
{
	char *text = malloc(TEXT);
	struct diagnostics diagnostics = { 0 };
	size_t used = (size_t)snprintf(text, TEXT, "inbound = (");

	for (unsigned i = 0; i < count; i++) {
		used += (size_t)snprintf(text + used, TEXT - used,
		    "%s{ port = %u; protocol = \"%s\"; "
		    "from = \"198.%u.%u.%u/%u\"; ",
		    i ? "," : "", 1 + random_below(20000),
		    random_below(4) ? "tcp" : "udp", 18 + random_below(2),
		    random_below(256), random_below(256), 24 + random_below(9));
		if (random_below(4) == 0)
			used += (size_t)snprintf(text + used, TEXT - used,
			    "to = \"192.0.2.%u\"; ", random_below(256));
		used += (size_t)snprintf(
		    text + used, TEXT - used, "action = \"allow\"; }");
	}
	snprintf(text + used, TEXT - used, ");");
	struct conf_text file = { "bench.conf", text, strlen(text) };
	struct policy *policy = conf_load(&file, 1, &diagnostics);
	diagnostics_clear(&diagnostics);
	free(text);
	if (!policy)
		exit(EXIT_FAILURE);
	return policy;
}

static void
choose_packets(const struct rules *rules)
{
	for (size_t i = 0; i < PACKETS; i++) {
		const struct rule *rule =
		    &rules->rule[random_below((unsigned)rules->count)];
		struct packet *packet = &packets[i];

		*packet = (struct packet){ .direction = INBOUND };
		packet->tuple = (struct tuple){
			.family = FAMILY_IPV4,
			.src = rule->from[0].low,
			.dst = rule->to_count ? rule->to[0].low
					      : address_from_v4(0xc0000201),
			.sport = 40000,
			.dport = (uint16_t)(rule->hull.low +
					    (random_below(3) ? 0 : 20000)),
			.protocol = rule->protocols[0] >> PROTOCOL_TCP & 1
					? PROTOCOL_TCP
					: PROTOCOL_UDP,
		};
	}
}

static double
time_of(const struct rules *rules, size_t *sum)
{
	double start = now_ns();

	*sum = 0;
	for (size_t i = 0; i < PACKETS; i++) {
		const struct rule *rule = rules_match(rules, &packets[i], NULL);
		*sum += rule ? rule->place * (i + 1) : 0;
	}
	return (now_ns() - start) / PACKETS;
}

static struct figures
measure(unsigned count)
{
	struct figures figures = { .bytes = 0 };
	struct policy *policy = policy_of(count);
	struct rules *rules = &policy->tables[TABLE_INBOUND];
	struct rules in_order = *rules;

	in_order.classifier = NULL;
	choose_packets(rules);
	for (int i = 0; i < ROUNDS; i++) {
		size_t want, got;
		double start = now_ns();

		classifier_destroy(rules->classifier);
		rules->classifier = classifier_create(rules);
		if (!rules->classifier)
			exit(EXIT_FAILURE);
		figures.build_ms[i] = (now_ns() - start) / 1e6;
		figures.in_order[i] = time_of(&in_order, &want);
		figures.by_index[i] = time_of(rules, &got);
		if (got != want) {
			fprintf(stderr,
			    "bench_rules: %u rules: the index "
			    "finds other rules\n",
			    count);
			exit(EXIT_FAILURE);
		}
	}
	figures.bytes = classifier_bytes(rules->classifier);
	policy_destroy(policy);
	return figures;
}

static int
compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static void
print(unsigned count, struct figures *f, bool json)
{
	qsort(f->in_order, ROUNDS, sizeof(double), compare);
	qsort(f->by_index, ROUNDS, sizeof(double), compare);
	qsort(f->build_ms, ROUNDS, sizeof(double), compare);
	printf(json ? "{\"rules\": %u, \"in_order_ns\": [%.1f, %.1f, %.1f], "
		      "\"by_index_ns\": [%.1f, %.1f, %.1f], "
		      "\"build_ms\": [%.2f, %.2f, %.2f], \"bytes\": %zu}\n"
		    : "%6u  %8.0f %8.0f %8.0f  %8.0f %8.0f %8.0f  "
		      "%7.2f %7.2f %7.2f  %9zu\n",
	    count, f->in_order[0], f->in_order[ROUNDS / 2],
	    f->in_order[ROUNDS - 1], f->by_index[0], f->by_index[ROUNDS / 2],
	    f->by_index[ROUNDS - 1], f->build_ms[0], f->build_ms[ROUNDS / 2],
	    f->build_ms[ROUNDS - 1], f->bytes);
}

int
main(int argc, char **argv)
{
	static const unsigned counts[] = { 5, 10, 20, 30, 50, 100, 300, 1000,
		3000, 10000 };
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;

	if (!json)
		printf("ns per new flow, min median max of %d rounds\n"
		       " rules  in order                    by index         "
		       "           build, ms                    bytes\n",
		    ROUNDS);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct figures figures = measure(counts[i]);

		print(counts[i], &figures, json);
	}
	return EXIT_SUCCESS;
}
