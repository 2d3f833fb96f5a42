/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session is safe if the new policy would let it in again as it stands, and
 * its replies out: that it goes on follows from that.  Without a live flow the
 * firewall may never have seen it (it came over the loopback interface, or into
 * another network namespace): then it counts only if today's policy lets it in.
 *
 * Protected flows are judged as a reload judges them (diff.h).  Which rule of
 * today let a flow in is asked of the flow, or, if that rule has gone, of the
 * rules.  All flows are walked only if some rule of today protects.
 */
#include "guard.h"

#include <stdio.h>
#include <string.h>

#include "diff.h"
#include "explain.h"
#include "question.h"

#define FLOWS_NAMED 5 /* the others are counted */

/* "by inbound 3 \"name\" at FILE:LINE" */
static void
print_rule(const struct policy *policy, enum table_id table,
    const struct rule *rule, char *text, size_t size)
{
	if (!rule) {
		snprintf(
		    text, size, "no rule of %s lets it in", table_name(table));
		return;
	}
	table = policy_table_of(policy, rule);
	snprintf(text, size, "by %s %u%s%.64s%s at %.120s:%u",
	    table_name(table), rule->place, rule->name ? " \"" : "",
	    rule->name ? rule->name : "", rule->name ? "\"" : "", rule->file,
	    rule->line);
}

static void
print_tuple(const struct packet *first, char *text, size_t size)
{
	char source[ENDPOINT_TEXT_SIZE], destination[ENDPOINT_TEXT_SIZE];
	const struct tuple *t = &first->tuple;

	endpoint_print(t->src, t->sport, t->sport != 0, source, sizeof(source));
	endpoint_print(
	    t->dst, t->dport, t->dport != 0, destination, sizeof(destination));
	snprintf(text, size, "%s -> %s", source, destination);
}

/* The packet that opened the session; false: the words are none, or it never
 * leaves this host. */
static bool
read_session(const char *session, struct packet *packet)
{
	char client[64], server[64], text[QUESTION_SIZE];
	char error[QUESTION_ERROR_SIZE];
	struct question question;
	unsigned from, to;

	if (sscanf(session, "%63s %u %63s %u", client, &from, server, &to) != 4)
		return false;
	client[strcspn(client, "%")] = '\0'; /* of fe80::1%eth0 */
	server[strcspn(server, "%")] = '\0';
	snprintf(text, sizeof(text), "inbound tcp [%s]:%u [%s]:%u", client,
	    from, server, to);
	if (!question_read(text, &question, error))
		return false;
	*packet = question.packet;
	return !address_equal(packet->tuple.src, packet->tuple.dst);
}

static bool
accepts(const struct trial *trial)
{
	return reason_verdict(trial->why) == VERDICT_ACCEPT;
}

static bool
session_is_safe(const struct guard *guard, const struct policy *next,
    struct diagnostics *report)
{
	const struct policy *now = filter_policy(guard->filter);
	char tuple[2 * ENDPOINT_TEXT_SIZE + 8], rule[300];
	struct packet packet;

	if (!guard->session || !read_session(guard->session, &packet))
		return true;
	struct trial t = filter_try(
	    guard->filter, now, guard->interfaces, &packet, guard->now_ms);
	if (t.has_flow) {
		packet.in_interface = t.flow.in_interface;
		packet.out_interface = t.flow.out_interface;
	} else if (!accepts(&t)) {
		return true;
	}
	const char *what = "it would be cut";
	t = filter_try(NULL, next, guard->interfaces, &packet, guard->now_ms);
	if (accepts(&t)) {
		t = explain_reply(
		    NULL, next, guard->interfaces, &packet, &t, guard->now_ms);
		what = "its replies would be dropped";
	}
	if (accepts(&t))
		return true;
	print_tuple(&packet, tuple, sizeof(tuple));
	print_rule(next, TABLE_INBOUND, t.rule, rule, sizeof(rule));
	diagnostics_add(report,
	    "your ssh session %s: %s (%s), %s; --force does it all the same",
	    tuple, what, reason_name(t.why), rule);
	return false;
}

static bool
protects(const struct policy *policy)
{
	for (enum table_id t = TABLE_INBOUND; t <= TABLE_FORWARD; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++)
			if (policy->tables[t].rule[i].protect)
				return true;
	return false;
}

static bool
is_protected(const struct guard *guard, const struct policy *now,
    const struct flow_view *flow, const struct packet *first)
{
	enum table_id table = (enum table_id)flow->direction;
	const struct rule *rule =
	    policy_find_rule(now, flow->rule_identity, &table);

	if (!rule)
		rule =
		    rules_match(&now->tables[table], first, guard->interfaces);
	return rule && rule->protect;
}

static bool
protected_are_safe(const struct guard *guard, const struct policy *next,
    struct diagnostics *report)
{
	const struct policy *now = filter_policy(guard->filter);
	char tuple[2 * ENDPOINT_TEXT_SIZE + 8], rule[300];
	struct flow_view flow;
	uint32_t cursor = 0;
	size_t cut = 0;
	struct ruling why;

	if (!protects(now))
		return true;
	while (filter_next_flow(guard->filter, &cursor, guard->now_ms, &flow)) {
		struct packet first = conntrack_view_packet(&flow);
		if (!is_protected(guard, now, &flow, &first) ||
		    !policy_cuts(now, next, guard->interfaces, &first, &why) ||
		    cut++ >= FLOWS_NAMED)
			continue;
		print_tuple(&first, tuple, sizeof(tuple));
		print_rule(next, why.table, why.rule, rule, sizeof(rule));
		diagnostics_add(report,
		    "protected connection %s: it would be cut, %s; --force "
		    "does it all the same",
		    tuple, rule);
	}
	if (cut > FLOWS_NAMED)
		diagnostics_add(report, "and %zu more protected connections",
		    cut - FLOWS_NAMED);
	return cut == 0;
}

bool
guard_admits(const struct guard *guard, const struct policy *next,
    struct diagnostics *report)
{
	bool session = session_is_safe(guard, next, report);

	return protected_are_safe(guard, next, report) && session;
}
