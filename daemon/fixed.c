/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues are bound, the table of flows is made and the mark is told to the
 * kernel once, at the start; a reload that asks otherwise is told so.
 */
#include "fixed.h"

void
fixed_keep(const struct settings *old, struct settings *new,
    struct diagnostics *report)
{
	if (old->queue.first != new->queue.first ||
	    old->queue.count != new->queue.count ||
	    old->queue.length != new->queue.length)
		diagnostics_add(
		    report, "queue: a change takes effect at the next start");
	if (old->conntrack.max_flows != new->conntrack.max_flows)
		diagnostics_add(report,
		    "conntrack.max_flows: a change takes effect at the next "
		    "start");
	if (old->hook.mark_mask != new->hook.mark_mask)
		diagnostics_add(report,
		    "hook.mark_mask: a change takes effect at the next start");
	if (old->fast_path != new->fast_path)
		diagnostics_add(report,
		    "fast_path: a change takes effect at the next start");
	new->fast_path = old->fast_path;
	new->queue = old->queue;
	new->hook.mark_mask = old->hook.mark_mask;
	new->conntrack.max_flows = old->conntrack.max_flows;
}
