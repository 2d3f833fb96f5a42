/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to the firewall.  The verdict comes from filter_try(), the data
 * path itself; this file only puts it into words: which rules were tried and
 * what failed first in each, and what becomes of the answer.  The answer to a
 * packet that opened a connection passes by state, so only the network ACL can
 * stop it; to any other it is a packet like all.
 */
#include "explain.h"

#include "describe.h"
#include "holding.h"
#include "question.h"

#include <stdio.h>

/* "inbound 4" */
static void
put_rule_place(struct json *json, const char *key, const struct policy *policy,
    const struct rule *rule)
{
	char place[40];
	if (!rule) {
		json_null(json, key);
		return;
	}
	snprintf(place, sizeof(place), "%s %u",
	    table_name(policy_table_of(policy, rule)), rule->place);
	json_string(json, key, place);
}

static void
put_rule(
    struct json *json, const struct policy *policy, const struct rule *rule)
{
	put_rule_place(json, "rule", policy, rule);
	json_string(json, "name", rule ? rule->name : NULL);
	json_string(json, "file", rule ? rule->file : NULL);
	if (rule)
		json_unsigned(json, "line", rule->line);
	else
		json_null(json, "line");
	json_string(json, "text", rule ? rule->text : NULL);
}

static void
put_reason(struct json *json, enum reason why)
{
	json_string(json, "verdict", verdict_name(reason_verdict(why)));
	json_string(json, "reason", reason_name(why));
	json_string(json, "reason_text", reason_text(why));
}

/* What a question is asked of, and what came out. */
struct asked {
	const struct filter *filter; /* NULL: no live flows */
	const struct policy *policy;
	const struct interfaces *interfaces;
	const struct packet *packet;
	const struct trial *trial;
	uint64_t now_ms;
};

/* The rules of one table in order, up to the one that decided.  A rule that
 * stepped aside at its limits matched, but for those. */
static void
put_tried(struct json *json, const struct asked *a, enum table_id table)
{
	const struct rules *rules = &a->policy->tables[table];

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		const char *failed =
		    rule_mismatch(rule, a->packet, a->interfaces);
		if (!failed && rule != a->trial->rule &&
		    rule->limits.on_overload == OVERLOAD_NEXT)
			failed = filter_limit_reached(
			    a->filter, rule, a->packet, a->now_ms);
		json_open_object(json, NULL);
		put_rule(json, a->policy, rule);
		json_string(json, "failed", failed);
		json_close_object(json);
		if (!failed)
			return;
	}
}

static void
put_all_tried(struct json *json, const struct asked *a)
{
	enum direction d = a->packet->direction;
	enum reason why = a->trial->why;

	json_open_array(json, "tried");
	if (d != OUTBOUND && why != BANNED)
		put_tried(json, a, TABLE_ACL_INBOUND);
	if (why != BANNED &&
	    (d == OUTBOUND || (d == FORWARD && why != ACL_BLOCK)))
		put_tried(json, a, TABLE_ACL_OUTBOUND);
	if (why == RULE_ALLOW || why == RULE_BLOCK || why == RULE_REJECT ||
	    why == NO_RULE || holding_refused(why))
		put_tried(json, a, (enum table_id)d);
	json_close_array(json);
}

struct trial
explain_reply(const struct filter *filter, const struct policy *policy,
    const struct interfaces *interfaces, const struct packet *packet,
    const struct trial *trial, uint64_t now_ms)
{
	struct packet answer = question_answer(packet);
	struct trial t =
	    filter_try(filter, policy, interfaces, &answer, now_ms);
	bool by_state =
	    trial->why == ESTABLISHED || trial->why == PASSED ||
	    (trial->why == RULE_ALLOW && trial->rule->stateful &&
		conntrack_may_open(packet, policy->settings.conntrack.tcp) &&
		conntrack_tracks(packet));

	if (by_state && t.why != ACL_BLOCK && t.why != ACL_NO_RULE &&
	    t.why != ESSENTIAL)
		t = (struct trial){ .why = ESTABLISHED };
	return t;
}

static void
put_reply(struct json *json, const struct filter *filter,
    const struct policy *policy, const struct packet *packet,
    const struct interfaces *interfaces, const struct trial *trial,
    uint64_t now_ms)
{
	if (reason_verdict(trial->why) != VERDICT_ACCEPT) {
		json_null(json, "reply");
		return;
	}
	struct trial t =
	    explain_reply(filter, policy, interfaces, packet, trial, now_ms);
	json_open_object(json, "reply");
	put_reason(json, t.why);
	json_string(json, "by",
	    t.why == ESTABLISHED ? "state"
	    : t.rule             ? "rule"
				 : "none");
	put_rule(json, policy, t.rule);
	json_close_object(json);
}

enum verdict
explain_members(const struct filter *filter, const struct policy *policy,
    const struct interfaces *interfaces, const struct packet *packet,
    uint64_t now_ms, const char *source_ports, struct json *json)
{
	struct trial trial =
	    filter_try(filter, policy, interfaces, packet, now_ms);

	json_string(json, "direction", direction_name(packet->direction));
	describe_tuple(json, &packet->tuple);
	if (source_ports)
		json_string(json, "source_ports", source_ports);
	put_reason(json, trial.why);
	put_rule(json, policy, trial.rule);
	if (trial.has_flow) {
		json_open_object(json, "flow");
		describe_flow(json, &trial.flow, interfaces);
		json_close_object(json);
	} else {
		json_null(json, "flow");
	}
	struct asked asked = { filter, policy, interfaces, packet, &trial,
		now_ms };
	put_all_tried(json, &asked);
	put_reply(json, filter, policy, packet, interfaces, &trial, now_ms);
	return reason_verdict(trial.why);
}

enum verdict
explain_json(const struct filter *filter, const struct policy *policy,
    const struct interfaces *interfaces, const struct packet *packet,
    uint64_t now_ms, struct json *json)
{
	json_open_object(json, NULL);
	enum verdict verdict = explain_members(
	    filter, policy, interfaces, packet, now_ms, NULL, json);
	json_close_object(json);
	return verdict;
}
