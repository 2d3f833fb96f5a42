/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flows beyond the life of this process: in memory that the service manager
 * keeps, whatever ends us; and in a file, when we end as asked.  Main thread.
 */
#ifndef EPHEMERALD_FLOWS_H
#define EPHEMERALD_FLOWS_H

#include "filter.h"
#include "flow_memory.h"
#include "handover.h"

struct flows {
	const char *folder; /* for the file, NULL: none is kept */
	struct filter *filter;
	const struct interfaces *interfaces;
	struct flow_memory memory; /* empty: the table has memory of its own */
	uint16_t named;            /* ids of interfaces whose names are in it */
	bool stored[2];            /* of the process before, by store name */
};

/* Sets .memory of the options, unless that is set: memory of the kernel's fast
 * path is not kept. */
void flows_open(
    struct flows *flows, const char *folder, struct filter_options *options);
/* The filter has that memory, a policy, and no workers yet: takes in what the
 * process before has left, and says so. */
void flows_begin(struct flows *flows, struct filter *filter,
    const struct interfaces *interfaces, struct handover *handover,
    uint64_t now_ms);
/* From now on it is kept, and what the process before had is not. */
void flows_keep(struct flows *flows);
/* Names of new interfaces come to it.  Each turn. */
void flows_turn(struct flows *flows);
/* Writes the file. */
void flows_save(struct flows *flows);
/* After the filter's end.  One never opened is fine. */
void flows_close(struct flows *flows);

#endif
