/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record may be all three: dropped, judged otherwise by the shadow, and
 * logged.  The store of drops knows nothing of the shadow, or one drop would be
 * two rows of it.
 */
#include "records.h"

#include "clock.h"
#include "flow_event.h"
#include "log.h"

#define BATCH 4096 /* at once: clients wait meanwhile */

bool
records_create(struct records *records)
{
	*records = (struct records){
		.watch = watch_create(),
		.drops = drops_create(),
		.disagreements = drops_create(),
		.log = packet_log_create(),
	};
	return records->watch && records->drops && records->disagreements &&
	       records->log;
}

void
records_free(struct records *records)
{
	watch_destroy(records->watch);
	drops_destroy(records->drops);
	drops_destroy(records->disagreements);
	packet_log_destroy(records->log);
}

static void
sort(struct records *records, struct drop *drop, const struct policy *by,
    const struct interfaces *interfaces, int64_t offset)
{
	char line[LOG_LINE_SIZE];

	if (drop->shadow_why != UNDECIDED)
		drops_add(records->disagreements, drop, by, offset);
	drop->shadow_why = UNDECIDED;
	drop->shadow_rule = 0;
	if (reason_verdict(drop->why) != VERDICT_ACCEPT) {
		drops_add(records->drops, drop, by, offset);
		if (watch_is_on(records->watch, clock_ms()))
			watch_add_drop(records->watch, drop);
	}
	if (drop->log &&
	    packet_log_add(records->log, drop, by, interfaces, line))
		log_packet(line);
}

void
records_take(struct records *records, struct ring *ring,
    const struct policy *policy, const struct policy *old,
    const struct interfaces *interfaces)
{
	int64_t offset = clock_wall_offset_ms();
	struct drop drop;

	for (unsigned n = 0; n < BATCH && ring_pop(ring, &drop); n++) {
		const struct policy *by =
		    drop.generation == policy->generation       ? policy
		    : old && drop.generation == old->generation ? old
								: NULL;
		sort(records, &drop, by, interfaces, offset);
	}
}

void
records_take_flows(struct records *records, struct filter *filter)
{
	struct flow_event event;

	filter_watch(filter, watch_is_on(records->watch, clock_ms()));
	for (unsigned n = 0; n < BATCH && filter_next_event(filter, &event);
	     n++)
		watch_add_flow(records->watch, &event);
}

void
records_tend(struct records *records, uint64_t lost)
{
	uint64_t now_ms = clock_ms();
	char line[LOG_LINE_SIZE];

	if (lost != records->lost && watch_is_on(records->watch, now_ms))
		watch_add_missed(records->watch, lost - records->lost, now_ms);
	records->lost = lost;
	while (packet_log_due(records->log, now_ms, line))
		log_packet(line);
}
