/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one policy does otherwise than another: which packets, by which rules;
 * and which flows it would end.  Exact: a packet that would open a connection
 * gets another verdict if and only if it is in a change.  Rules are taken as
 * below their limits.  One thread.
 */
#ifndef EPHEMERALD_DIFF_H
#define EPHEMERALD_DIFF_H

#include "region.h"

enum fate {
	FATE_ACCEPT,    /* and the replies */
	FATE_STATELESS, /* accept, and nothing is remembered */
	FATE_DROP,
	FATE_REJECT,
	FATE_UNJUDGED, /* forwarded, without a table for it */
};

/* What becomes of packets, and by which rule. */
struct ruling {
	enum fate fate;
	enum table_id table;
	const struct rule *rule; /* NULL: none matches */
};

struct change {
	enum direction direction;
	struct ruling before, after;
	struct region packets;
};

struct difference {
	struct change *change;
	size_t count;
	bool complete; /* else there may be more: too intricate to say */
	struct space *space;
};

/* False: out of memory.  The policies must outlive it. */
bool policy_diff(const struct policy *before, const struct policy *after,
    struct difference *difference);
void difference_free(struct difference *difference); /* all 0 is fine */

const char *fate_name(enum fate fate);

/* Would the flow, allowed until now, end under the policy?  `first` is the
 * packet that opened it.  Its next packet ends it, by the rule in *why (NULL:
 * none matches), or none passes the network ACL any more. */
bool policy_cuts(const struct policy *before, const struct policy *after,
    const struct interfaces *interfaces, const struct packet *first,
    struct ruling *why);

#endif
