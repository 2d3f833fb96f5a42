/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timeouts below what the RFCs demand: connections that are merely idle, or
 * still closing, would be forgotten.  The profiles of other firewalls are
 * faithful, and some of them are below it.
 */
#include "lint_work.h"

#include <stdlib.h>
#include <string.h>

#include "settings.h"

/* clang-format off */
static const struct floor {
	const char *name; /* in conntrack.timeouts */
	uint32_t seconds;
	const char *source;
} floors[] = {
	{ "syn_sent",         240,  "RFC 5382 REQ-5" },
	{ "syn_received",     240,  "RFC 5382 REQ-5" },
	{ "established",      7440, "RFC 5382 REQ-5" },
	{ "fin_wait",         240,  "RFC 5382 REQ-5" },
	{ "close_wait",       240,  "RFC 5382 REQ-5" },
	{ "last_ack",         240,  "RFC 7857 2.3" },
	{ "time_wait",        240,  "RFC 7857 2.3" },
	{ "closed",           240,  "RFC 7857 2.3" },
	{ "udp_one_way",      120,  "RFC 4787 REQ-5" },
	{ "udp_both",         120,  "RFC 4787 REQ-5" },
	{ "icmp",             60,   "RFC 5508 REQ-2" },
	{ "sctp_established", 7440, "RFC 6092 REC-40" },
	{ "sctp_other",       240,  "RFC 6092 REC-40" },
	{ "dccp_established", 7440, "RFC 6092 REC-44" },
	{ "dccp_other",       480,  "RFC 6092 REC-44" },
	{ "other",            120,  "RFC 6092 REC-12" },
};
/* clang-format on */

static const struct floor *
floor_of(const struct option *option)
{
	if (strcmp(option->section, "conntrack.timeouts") == 0)
		for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++)
			if (strcmp(floors[i].name, option->name) == 0)
				return &floors[i];
	return NULL;
}

static void
say_short(struct lint_work *work, struct phrase *text, struct phrase *mend,
    size_t number, const struct floor *floor)
{
	const struct option *option = &settings_options[number];

	phrase_add(text, "%s%s is %u, and at least %u by %s",
	    text->used > 0 ? ", " : "", option->name,
	    settings_get(&work->policy->settings, option), floor->seconds,
	    floor->source);
	phrase_add(mend, "%s%s = %u;", mend->used > 0 ? " " : "", option->name,
	    floor->seconds);
}

/* Of a rule's own timeouts, by what its flows are. */
static const struct rule_floor {
	uint8_t protocol;
	const char *name;
	uint32_t new, established, closing; /* 0: has none */
	const char *source;
} rule_floors[] = {
	{ PROTOCOL_TCP, "tcp", 240, 7440, 240, "RFC 5382 REQ-5" },
	{ PROTOCOL_UDP, "udp", 120, 120, 0, "RFC 4787 REQ-5" },
	{ PROTOCOL_ICMP, "icmp", 60, 60, 0, "RFC 5508 REQ-2" },
	{ PROTOCOL_ICMPV6, "icmpv6", 60, 60, 0, "RFC 5508 REQ-2" },
};

/* Well-known ports may have less (RFC 4787 REQ-5 a). */
static bool
may_be_short(const struct rule *rule, uint8_t protocol)
{
	return protocol == PROTOCOL_UDP && rule->port_count > 0 &&
	       rule->hull.high < 1024;
}

static void
say_rule(struct phrase *text, const char *name, uint32_t seconds,
    uint32_t least, const struct rule_floor *floor)
{
	if (seconds == 0 || seconds >= least)
		return;
	phrase_add(text, "%s%s is %u, and for %s at least %u by %s",
	    text->used > 0 ? ", " : "", name, seconds, floor->name, least,
	    floor->source);
}

static void
judge_rule(struct lint_work *work, enum table_id table, const struct rule *rule)
{
	const struct rule_timeouts *timeouts = &rule->timeouts;
	struct phrase text = { 0 }, mend = { 0 }, said = { 0 };

	for (size_t i = 0; i < sizeof(rule_floors) / sizeof(rule_floors[0]);
	     i++) {
		const struct rule_floor *floor = &rule_floors[i];
		if (!(rule->protocols[floor->protocol / 64] >>
			    (floor->protocol % 64) &
			1) ||
		    may_be_short(rule, floor->protocol))
			continue;
		say_rule(&said, "new", timeouts->new, floor->new, floor);
		say_rule(&said, "established", timeouts->established,
		    floor->established, floor);
		say_rule(
		    &said, "closing", timeouts->closing, floor->closing, floor);
	}
	if (said.used > 0) {
		lint_subject(&text, table, rule);
		phrase_add(&text, " has short timeouts: %s", said.text);
		lint_say(work, LINT_SHORT_TIMEOUT, table, rule, &text, &mend);
	}
	free(phrase_take(&said));
}

static void
judge_settings(struct lint_work *work)
{
	const struct policy *policy = work->policy;
	struct phrase others = { 0 }, others_mend = { 0 };
	const struct written *profile = NULL;

	for (size_t n = 0; settings_options[n].name; n++) {
		const struct option *option = &settings_options[n];
		const struct floor *floor = floor_of(option);
		struct phrase text = { 0 }, mend = { 0 };
		if (strcmp(option->name, "profile") == 0)
			profile = &policy->written[n];
		if (!floor ||
		    settings_get(&policy->settings, option) >= floor->seconds)
			continue;
		if (!policy->written[n].file) {
			say_short(work, &others, &others_mend, n, floor);
			continue;
		}
		say_short(work, &text, &mend, n, floor);
		lint_say_at(work, LINT_SHORT_TIMEOUT, policy->written[n].file,
		    policy->written[n].line, &text, &mend);
	}
	if (others.used > 0 && profile && profile->file) {
		struct phrase text = { 0 }, mend = { 0 };
		phrase_add(&text, "by this profile %s", others.text);
		phrase_add(&mend, "timeouts = { %s };", others_mend.text);
		lint_say_at(work, LINT_SHORT_TIMEOUT, profile->file,
		    profile->line, &text, &mend);
	}
	free(phrase_take(&others));
	free(phrase_take(&others_mend));
}

void
lint_timeouts(struct lint_work *work)
{
	judge_settings(work);
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < work->policy->tables[t].count; i++)
			if (work->policy->tables[t].rule[i].timeouts.any)
				judge_rule(
				    work, t, &work->policy->tables[t].rule[i]);
}
