/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What replay prints of each packet: a line for people or a JSON object, of one
 * policy or, where two disagree, of both.  One thread; to stdout.
 */
#ifndef EPHEMERALD_REPLAY_SHOW_H
#define EPHEMERALD_REPLAY_SHOW_H

#include "filter.h"

#define POLICIES 2 /* that replay can compare */

/* A packet of the capture. */
struct record {
	uint64_t number, time_us; /* from 1; from the first packet */
	int direction;            /* enum direction, -1: not IP */
	bool judged[POLICIES];    /* else nothing would have queued it */
};

struct show;

/* The policies are borrowed; other: NULL, or the one to compare with. */
struct show *show_create(
    bool json, const struct policy *policy, const struct policy *other);
void show_destroy(struct show *show);

/* d[i] of a policy that did not judge it: NULL. */
void show_packet(struct show *show, const struct record *record,
    const struct decision *const d[POLICIES]);
/* The flows on which both disagree, each once, for people; JSON has said so of
 * each packet. */
void show_differences(const struct show *show);
/* Packets with another verdict, and the flows they are of. */
uint64_t show_differing_packets(const struct show *show);
size_t show_differing_flows(const struct show *show);

#endif
