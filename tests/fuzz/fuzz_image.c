/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image of flows, damaged anywhere.  Each 8 bytes of the input change one
 * word of a whole image with flows of every kind: where (3 bytes), and 5 bytes
 * to be turned there.  A first byte that is odd cuts the image off.
 *
 * Held: what is taken over can be found under its own key, and when it is ended
 * flow by flow, nothing is left that was counted: no flow, none half-open, none
 * of a rule or a source.
 */
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "conntrack.h"
#include "holding.h"
#include "image.h"

#define MAX_FLOWS 32
#define NAMES     4
#define TICK      1000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t hash_key[16] = { 1 };
static const struct timeouts timeouts = {
	.syn_sent = 60,
	.syn_received = 60,
	.established = 600,
	.fin_wait = 60,
	.udp_one_way = 60,
	.udp_both = 60,
	.icmp = 60,
};
static const struct rule rule = {
	.identity = 5,
	.action = ACTION_ALLOW,
	.stateful = true,
	.limits = { .max_flows = 9, .max_flows_per_source = 9, .any = true },
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

struct world {
	struct pressure pressure;
	struct conntrack ct;
};

static struct world
make_world(void *memory)
{
	struct world w = {
		.pressure = { .max_flows = MAX_FLOWS },
		.ct = { .table = table_create(memory, MAX_FLOWS, 1, hash_key),
		    .meters = meters_create(MAX_FLOWS, 1, hash_key),
		    .timing = { .timeouts = &timeouts,
			.haste.scale = SCALE_WHOLE,
			.tick = TICK },
		    .now_us = TICK * UINT64_C(100000) },
	};

	require(w.ct.table && w.ct.meters);
	return w;
}

static void
end_world(struct world *w)
{
	table_destroy(w->ct.table);
	meters_destroy(w->ct.meters);
}

static void
open_flow(const struct conntrack *ct, uint8_t protocol, uint8_t kind, bool v6)
{
	struct packet p = { .tuple = { .family = v6 ? FAMILY_IPV6 : FAMILY_IPV4,
				.protocol = protocol,
				.kind = kind,
				.sport = 4000,
				.dport = 4000 } };
	struct lookup lookup;

	p.tuple.src = v6 ? (struct address){ 1, 2 } : address_from_v4(1);
	p.tuple.dst = v6 ? (struct address){ 1, 3 } : address_from_v4(2);
	p.direction = v6 ? OUTBOUND : INBOUND;
	p.tcp.flags = TCP_SYN;
	p.tcp.window = 1000;
	p.in_interface = 1;
	flowkey_lookup(ct->table, &p.tuple, &lookup);
	require(conntrack_open(ct, &lookup, &p, 1, 0) == UNDECIDED);
}

/* A table with a flow of each kind, whose process has ended. */
static void
make_image(char *image)
{
	struct world w = make_world(image + image_front_size(NAMES));
	static struct pressure pressure = { .max_flows = MAX_FLOWS };

	w.ct.pressure = &pressure;
	pressure.half_open[0] = pressure.half_open[1] = (struct half_open){ 0 };
	for (unsigned v6 = 0; v6 < 2; v6++) {
		open_flow(&w.ct, PROTOCOL_TCP, KIND_PORTS, v6);
		open_flow(&w.ct, PROTOCOL_UDP, KIND_PORTS, v6);
		open_flow(
		    &w.ct, v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP, KIND_ECHO, v6);
	}
	image_of_table(image, NAMES, w.ct.table);
	image_put_name(image, 1, "eth0");
	end_world(&w);
}

static void
damage(char *image, size_t size, const uint8_t *data)
{
	uint64_t word, turned = 0;
	size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) %
		    (size - sizeof(word) + 1);

	memcpy(&turned, data + 3, 5);
	memcpy(&word, image + at, sizeof(word));
	word ^= turned;
	memcpy(image + at, &word, sizeof(word));
}

static void
take_over(struct world *w, const struct image_head *image)
{
	struct saved_flow saved;
	uint64_t cursor = 0, restored = 0;

	while (image_next(image, &cursor, &saved)) {
		struct packet first;
		struct lookup lookup;
		image_name(image, (uint16_t)saved.interfaces);
		if (!conntrack_saved(&w->ct, &saved, &first) ||
		    conntrack_restore(&w->ct, &saved, &first, &rule, 7) !=
			RESTORED)
			continue;
		restored++;
		flowkey_lookup(w->ct.table, &first.tuple, &lookup);
		struct connection c = conntrack_find(&w->ct, &lookup);
		require(c.flow && c.side == OPENER);
		require(flowkey_direction(c.flow) == first.direction);
	}
	require(restored == table_count(w->ct.table));
}

static void
end_all(struct world *w)
{
	struct meter_name name = { .identity = rule.identity };

	for (uint32_t slot = 0; slot < table_slots(w->ct.table); slot++) {
		struct connection c = { .flow = table_at(w->ct.table, slot) };
		if (!c.flow)
			continue;
		name.per_source = true;
		name.source = meter_source(flowkey_tuple(c.flow).src);
		require(meter_count(w->ct.meters, &name) > 0);
		c.word = flow_word(c.flow);
		conntrack_kill(&w->ct, &c, END_BANNED);
	}
	name.per_source = false;
	require(meter_count(w->ct.meters, &name) == 0);
	require(table_count(w->ct.table) == 0);
	require(budget_read(&w->pressure.half_open[0].count) == 0);
	require(budget_read(&w->pressure.half_open[1].count) == 0);
}

/* The same for every input, once: a whole image, and a world without flows. */
static struct world *
begin(char **whole, size_t size)
{
	static struct world world;
	static char *image;

	if (!image) {
		urcu_qsbr_register_thread();
		image = aligned_alloc(64, (size + 63) & ~(size_t)63);
		require(image != NULL);
		memset(image, 0, size);
		make_image(image);
		world = make_world(NULL);
		world.ct.pressure = &world.pressure;
	}
	*whole = image;
	return &world;
}

static void
recycle(const struct world *w)
{
	table_hand_over(w->ct.table, 0);
	table_reclaim(w->ct.table);
	meters_sweep(w->ct.meters, 0, w->ct.now_us);
	meters_hand_over(w->ct.meters, 0);
	meters_reclaim(w->ct.meters);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole = image_front_size(NAMES) + table_size(MAX_FLOWS, 1);
	size_t seen = whole;
	const char *why;
	char *image;
	struct world *w = begin(&image, whole);
	char *damaged = aligned_alloc(8, (whole + 7) & ~(size_t)7);

	memcpy(damaged, image, whole);
	if (size > 2 && data[0] & 1)
		seen = (data[1] | (size_t)data[2] << 8) % whole;
	for (size_t i = 1; i + 8 <= size && i < 800; i += 8)
		damage(damaged, whole, data + i);
	/* Exactly as long as it says, for the sanitizers. */
	char *copy = aligned_alloc(8, (seen + 7) & ~(size_t)7);
	memcpy(copy, damaged, seen);
	const struct image_head *head = image_read(copy, seen, &why);
	if (head) {
		take_over(w, head);
		end_all(w);
		recycle(w);
	}
	free(copy);
	free(damaged);
	return 0;
}
