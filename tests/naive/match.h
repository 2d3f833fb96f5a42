/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall and the naive engine side by side: the same packets, policies
 * and times for both, and what they say compared: each reason, and the flows
 * that are left.  The first difference is told, with the packets of that flow
 * before it, and aborts the program.  One thread.
 */
#ifndef EPHEMERALD_MATCH_H
#define EPHEMERALD_MATCH_H

#include "filter.h"
#include "naive.h"

struct match;

/* The kernel's program in front of the firewall: what it lets pass the firewall
 * does not see. */
struct front {
	const struct fast_path *fast_path; /* for the filter */
	void *memory;                      /* likewise */
	void (*start)(void *context, const struct filter *filter);
	void (*follow)(void *context, const struct policy *policy);
	bool (*passes)(
	    void *context, const struct frame *frame, uint64_t now_ms);
	void *context;
};

/* tight: so few flows that some are evicted.  Then play one packet at a time,
 * without reloads, and for less than ten seconds: how lives shorten when a
 * table fills is not the naive engine's to know.  front: borrowed, or NULL. */
struct match *match_create(uint32_t max_flows, bool tight, uint64_t seed,
    uint64_t now_ms, const struct front *front);
void match_destroy(struct match *match);
/* Put a config in force on both, some seconds after the last packet.  Returns
 * when. */
uint64_t match_publish(struct match *match, const char *config);
/* Judge up to FILTER_BATCH packets at a time not before the last one. */
void match_play(struct match *match, const struct packet *packets, size_t count,
    uint64_t now_ms, enum reason *reasons);
/* Flow by flow: the same tuples, states, packets and time left. */
void match_compare_flows(struct match *match);
/* Both as they are after the last packet. */
struct naive *match_naive(struct match *match);
const struct filter *match_filter(const struct match *match);
uint64_t match_packets(const struct match *match); /* judged so far */
/* How often each reason was the answer. */
const uint64_t *match_reasons(const struct match *match);
/* Tell what went before with this tuple and the claim, and abort. */
_Noreturn void match_fail(
    struct match *match, const struct tuple *tuple, const char *claim);

#endif
