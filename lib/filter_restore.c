/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flows of another process become ours: each that can be a flow is judged
 * by the policy in force as if it opened now, and filed under the rule that
 * allows it, whatever the rule's limits.  So what is counted elsewhere (a
 * rule's flows, a source's, half-open ones) is counted anew, and true.  What
 * passed at which rate is not known: each such limit begins with a full bucket.
 *
 * The keeper does it alone, before there are workers.  Ids of interfaces are
 * those of the other process: they are translated by name.
 */
#include "filter_shared.h"

#include <stdlib.h>
#include <urcu-qsbr.h>

#include "interfaces.h"

/* What the ids of the image are here, looked up once each. */
struct names {
	const struct image_head *image;
	struct interfaces *interfaces;
	uint16_t *ours; /* [id of the image] */
	bool *known;
};

static uint16_t
translate(struct names *names, uint16_t id)
{
	const char *name = image_name(names->image, id);

	if (!*name)
		return 0;
	if (!names->known[id])
		names->ours[id] = interfaces_intern(names->interfaces, name);
	names->known[id] = true;
	return names->ours[id];
}

/* An interface without a name is no answer to a rule that asks for one. */
static bool
translate_both(struct names *names, uint32_t ids, struct packet *first)
{
	uint16_t in = (uint16_t)ids, out = (uint16_t)(ids >> 16);

	first->in_interface = in ? translate(names, in) : 0;
	first->out_interface = out ? translate(names, out) : 0;
	return (!in || first->in_interface) && (!out || first->out_interface);
}

static enum restored
restore(const struct conntrack *ct, const struct regime *regime,
    struct names *names, const struct saved_flow *saved)
{
	const struct policy *policy = regime->policy;
	struct packet first;

	if (!conntrack_saved(ct, saved, &first) ||
	    !translate_both(names, saved->interfaces, &first))
		return RESTORED_ODD;
	const struct rule *rule = rules_match(
	    &policy->tables[first.direction], &first, names->interfaces);
	bool allowed = rule && rule->action == ACTION_ALLOW;
	if (allowed && rule->stateful)
		return conntrack_restore(ct, saved, &first, rule,
		    (uint16_t)published_read(&regime->generation));
	if (allowed || policy->settings.on_reload == ON_RELOAD_REVALIDATE)
		return RESTORED_REFUSED;
	return conntrack_restore(ct, saved, &first, NULL, 0);
}

bool
filter_restore(struct filter *filter, const struct image_head *image,
    uint64_t now_ms, uint64_t totals[RESTORED_COUNT])
{
	const struct regime *regime = regime_in_force(filter);
	struct conntrack ct =
	    conntrack_of(filter, regime, filter->worker_count, now_ms);
	struct names names = {
		.image = image,
		.interfaces = filter->interfaces,
		.ours = calloc(image->names + 1, sizeof(*names.ours)),
		.known = calloc(image->names + 1, sizeof(*names.known)),
	};
	bool ok = names.ours && names.known;
	struct saved_flow saved;
	uint64_t cursor = 0;

	urcu_qsbr_thread_online();
	while (ok && image_next(image, &cursor, &saved))
		totals[restore(&ct, regime, &names, &saved)]++;
	table_hand_over(filter->table, ct.worker);
	meters_hand_over(filter->meters, ct.worker);
	urcu_qsbr_thread_offline();
	free(names.ours);
	free(names.known);
	return ok;
}

bool
filter_next_saved(
    const struct filter *filter, uint32_t *cursor, struct saved_flow *saved)
{
	bool found = false;

	urcu_qsbr_thread_online();
	while (!found && *cursor < table_slots(filter->table)) {
		const struct flow *flow = table_at(filter->table, (*cursor)++);
		if (flow)
			image_copy(flow, saved);
		found = flow && saved->word;
	}
	urcu_qsbr_thread_offline();
	return found;
}
