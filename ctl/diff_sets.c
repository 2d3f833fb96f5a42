/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A live set of the daemon's is a set here, too: its members come as prefixes
 * and never end while the program runs.
 */
#include "diff_sets.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "row.h"
#include "text.h"

struct fetching {
	struct policy *const *policies;
	size_t count;
	const char *name;
};

static void
add_member(struct named_set *set, const struct prefix *prefix)
{
	static const uint8_t key[16] = { 0 };

	if (!set->live)
		set->live = text_need(set_create(key));
	if (set_add(set->live, prefix, SET_FOREVER, UINT32_MAX) ==
	    SET_NO_MEMORY)
		text_need(NULL);
}

/* What the file had when the daemon read it; they come in order. */
static void
add_fixed(const struct fetching *fetching, const char *member)
{
	struct named_set *set =
	    policy_find_set(fetching->policies[0], fetching->name);
	struct address_range range;

	if (!set || !set->members_file || !address_range_parse(member, &range))
		return;
	/* grows at powers of two */
	if ((set->fixed_count & (set->fixed_count - 1)) == 0)
		set->fixed = text_need(realloc(set->fixed,
		    (2 * set->fixed_count + 1) * sizeof(set->fixed[0])));
	set->fixed[set->fixed_count++] = range;
}

static void
take_member(void *context, const json_t *row)
{
	struct fetching *fetching = context;
	const char *member = row_text(row, "member");
	struct prefix prefix;

	if (member && json_is_true(json_object_get(row, "fixed")))
		add_fixed(fetching, member);
	if (!member || json_is_true(json_object_get(row, "fixed")) ||
	    !prefix_parse(member, &prefix))
		return;
	for (size_t i = 0; i < fetching->count; i++) {
		struct named_set *set =
		    policy_find_set(fetching->policies[i], fetching->name);
		if (set)
			add_member(set, &prefix);
	}
}

int
diff_sets_fetch(
    const struct call *call, struct policy *const *policies, size_t count)
{
	struct call ask = { .command = "set-list", .socket = call->socket };
	const struct policy *in_force = policies[0];
	int code = EXIT_OK;

	for (size_t i = 0; i < in_force->set_count && code == EXIT_OK; i++) {
		struct fetching fetching = { policies, count,
			in_force->sets[i].name };
		code =
		    client_ask(&ask, json_pack("{s:s}", "set", fetching.name),
			take_member, &fetching);
	}
	return code;
}

void
diff_sets_forget(struct policy *policy)
{
	for (size_t i = 0; policy && i < policy->set_count; i++) {
		set_destroy(policy->sets[i].live);
		policy->sets[i].live = NULL;
	}
}
