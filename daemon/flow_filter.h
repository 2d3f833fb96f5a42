/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which flows a command means: the one set of conditions for every command on
 * flows, all of which must hold, and which are about the packet that opened the
 * flow.  Plain values.
 */
#ifndef EPHEMERALD_FLOW_FILTER_H
#define EPHEMERALD_FLOW_FILTER_H

#include "conntrack.h"
#include "request.h"

struct flow_filter {
	bool any_protocol, any_direction, any_src, any_dst, any_rule;
	uint8_t protocol, direction;
	struct address_range src, dst;
	struct port_range sport, dport; /* from 0: flows without ports too */
	const char *state;              /* NULL: any */
	uint32_t rule[TABLE_COUNT];     /* identities; a name may be in each */
	size_t rule_count;
};

/* Names of the arguments it takes, for tables of commands. */
#define FLOW_FILTER_ARGUMENTS                                                  \
	"protocol", "src", "dst", "sport", "dport", "state", "direction", "rule"

enum flow_filter_result { FILTER_OK, FILTER_BAD, FILTER_NO_RULE };

#define FLOW_FILTER_ERROR_SIZE 256

/* Unless FILTER_OK, error holds one sentence. */
enum flow_filter_result flow_filter_parse(const struct request *request,
    const struct policy *policy, struct flow_filter *filter,
    char error[FLOW_FILTER_ERROR_SIZE]);
/* Does it match every flow? */
bool flow_filter_is_empty(const struct flow_filter *filter);
bool flow_filter_match(
    const struct flow_filter *filter, const struct flow_view *flow);

#endif
