/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of flows, and of none, through filter_batch(); flows that open and
 * expire.  The packets are made before the clock runs.
 */
#include "bench.h"
#include "conf.h"
#include "traffic.h"

/* Hand over packets of ids first ... first + count - 1, or of random known
 * ones (first: UINT32_MAX); returns what the firewall took for each. */
static double
send_packets(struct bench *b, enum segment segment, uint32_t first,
    uint32_t count, size_t batch, enum reason want)
{
	static struct traffic traffic[CHUNK];
	static struct frame frames[CHUNK];
	struct decision decisions[FILTER_BATCH];
	double spent = 0;
	uint32_t wrong = 0;

	for (uint32_t done = 0; done < count;) {
		uint32_t n = count - done < CHUNK ? count - done : CHUNK;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t id = first == UINT32_MAX ? bench_known(b)
							  : first + done + i;
			frames[i] = traffic_make(&traffic[i], id, segment);
		}
		b->now_ms += n < CHUNK ? 0 : TICK_MS;
		double start = bench_ns();
		for (uint32_t i = 0; i < n; i += (uint32_t)batch) {
			size_t some = n - i < batch ? n - i : batch;
			filter_batch(b->filter, 0, &frames[i], decisions, some,
			    b->now_ms);
			for (size_t k = 0; k < some; k++)
				wrong += decisions[k].why != want;
			filter_quiescent(b->filter, 0);
		}
		spent += bench_ns() - start;
		done += n;
	}
	bench_require(!wrong, reason_name(want));
	return spent / count;
}

static void
reclaim(struct bench *b)
{
	filter_sweep(b->filter, 0, b->now_ms += TICK_MS); /* hands over */
	filter_offline(b->filter, 0);
	filter_reclaim(b->filter);
	filter_online();
}

/* The half open flows have expired: one pass over the table takes them away. */
static double
expire(struct bench *b)
{
	double start = bench_ns();

	b->now_ms += 300000;
	for (unsigned i = 0; filter_flow_count(b->filter) > b->known; i++) {
		bench_require(i < 10000, "half open flows expire");
		b->now_ms += TICK_MS;
		while (filter_sweep(b->filter, 0, b->now_ms))
			;
	}
	double spent = bench_ns() - start;
	reclaim(b);
	return spent / b->flows;
}

static struct policy *
policy(void)
{
	static const char text[] =
	    "inbound = ({ port = 22; action = \"allow\"; },"
	    " { port = 80; action = \"allow\"; },"
	    " { port = 443; action = \"allow\"; },"
	    " { port = \"*\"; action = \"block\"; });"
	    "outbound = ({ port = \"*\"; action = \"allow\"; });";
	struct conf_text file = { "bench.conf", text, sizeof(text) - 1 };
	struct diagnostics diagnostics = { 0 };
	struct policy *loaded = conf_load(&file, 1, &diagnostics);

	diagnostics_clear(&diagnostics);
	return loaded;
}

void
firewall_start(struct bench *b)
{
	struct filter_options options = {
		.max_flows = b->flows,
		.workers = 1,
		.hash_key = { 1, 2, 3 },
		.interfaces = interfaces_create(),
	};
	struct policy *none;
	double before = bench_resident_mb();

	b->filter = filter_create(&options);
	bench_require(b->filter && filter_publish(b->filter, policy(), &none),
	    "there is memory");
	size_t size;
	void *memory = table_memory(filter_table(b->filter), &size);
	bench_advise(memory, size);
	filter_enter(b->filter, 0);
	for (uint32_t id = 0; id < b->known;) {
		/* Few at a time are half open, as there is a quota. */
		uint32_t n = b->known - id < 256 ? b->known - id : 256;
		send_packets(b, SEGMENT_SYN, id, n, 64, RULE_ALLOW);
		send_packets(b, SEGMENT_SYN_ACK, id, n, 64, ESTABLISHED);
		send_packets(b, SEGMENT_ACK, id, n, 64, ESTABLISHED);
		id += n;
	}
	send_packets(b, SEGMENT_SYN, b->known, b->spare, 64, RULE_ALLOW);
	bench_require(
	    filter_flow_count(b->filter) == b->flows, "the table is full");
	b->resident_mb = bench_resident_mb();
	b->bytes_per_flow = (b->resident_mb - before) * 1e6 / b->flows;
	expire(b);
}

void
firewall_play(struct bench *b, unsigned round)
{
	uint32_t n = bench_calls(b);

	b->ns[PACKET_BATCHED][round] =
	    send_packets(b, SEGMENT_EITHER, UINT32_MAX, n, 64, ESTABLISHED);
	b->ns[PACKET_SINGLE][round] =
	    send_packets(b, SEGMENT_EITHER, UINT32_MAX, n, 1, ESTABLISHED);
	b->ns[PACKET_UNKNOWN][round] = send_packets(
	    b, SEGMENT_EITHER, b->known, b->spare, 64, NOT_A_START);
	b->ns[OPEN][round] =
	    send_packets(b, SEGMENT_SYN, b->known, b->spare, 64, RULE_ALLOW);
	b->ns[SWEEP][round] = expire(b);
}

void
firewall_stop(struct bench *b)
{
	filter_leave(b->filter, 0);
	filter_destroy(b->filter);
}
