/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges that are open for answers, and what else they open.  A packet to a
 * port of such a range need not answer anything: whatever listens there is
 * open too.  Told what does, this is sure of it; else it names the range.
 */
#include "lint_work.h"

#include <stdlib.h>

#include "region_text.h"

/* Listeners named in one sentence. */
#define NAMED 8

static bool
is_open(struct lint_work *work, const struct region *open,
    const struct listening *socket)
{
	struct address_range at = { socket->address, socket->address };
	struct region here = region_copy(work->space, open);

	region_limit(work->space, &here, SIDE_PROTOCOL,
	    spans_of(socket->protocol, socket->protocol));
	region_limit(work->space, &here, SIDE_PORT,
	    spans_of(socket->port, socket->port));
	if (socket->address.high || socket->address.low)
		region_limit(work->space, &here, SIDE_TO, spans_create(&at, 1));
	bool any = region_has_any(&here);
	region_free(&here);
	return any;
}

/* "tcp 50051, udp 40000"; returns how many there are. */
static size_t
say_listening(
    struct lint_work *work, struct phrase *text, const struct region *open)
{
	const struct lint_options *options = work->options;
	size_t count = 0;

	for (size_t i = 0; i < options->listening_count; i++) {
		const struct listening *socket = &options->listening[i];
		char name[16];
		if (!is_open(work, open, socket))
			continue;
		protocol_print(socket->protocol, name, sizeof(name));
		if (count++ < NAMED)
			phrase_add(text, "%s%s %u", count > 1 ? ", " : "", name,
			    (unsigned)socket->port);
	}
	if (count > NAMED)
		phrase_add(text, " and %zu more", count - NAMED);
	return count;
}

static void
say_range(struct lint_work *work, enum table_id table, const struct rule *rule,
    const struct region *open)
{
	struct spans *ports = lint_ports_for_answers(rule);
	struct phrase text = { 0 }, mend = { 0 }, listening = { 0 };
	size_t count = say_listening(work, &listening, open);
	bool by_state = table == TABLE_INBOUND && rule->stateful;

	lint_subject(&text, table, rule);
	phrase_add(&text, " opens port ");
	if (ports)
		ports_say(&text, ports);
	spans_drop(ports);
	if (count > 0) {
		phrase_add(&text, ", and with it what listens there: %s",
		    listening.text);
		phrase_add(&mend, "before ");
		lint_place(&mend, table, rule, rule->file);
		phrase_add(&mend, " block what is not for others");
	} else {
		phrase_add(&text, ", and whatever will listen there");
	}
	if (by_state) {
		phrase_add(&text, "; replies need no rule, they pass by state");
		phrase_add(&mend, "%s", mend.used > 0 ? ", or " : "");
		phrase_add(&mend, "delete it");
	}
	free(phrase_take(&listening));
	lint_say(work, count > 0 ? LINT_EXPOSED : LINT_WIDE_RANGE, table, rule,
	    &text, &mend);
}

void
lint_ranges(struct lint_work *work)
{
	enum table_id way[3];
	size_t count = lint_way(work->policy, INBOUND, way);

	for (size_t t = 0; t < count; t++) {
		const struct rules *rules = &work->policy->tables[way[t]];
		struct region others = lint_allowed(work, INBOUND, way[t]);
		for (size_t i = 0; i < rules->count; i++) {
			struct region open = region_copy(
			    work->space, &work->reach[way[t]].firm[i]);
			region_limit(work->space, &open, SIDE_PORT,
			    lint_ports_for_answers(&rules->rule[i]));
			region_intersect(work->space, &open, &others);
			if (rules->rule[i].action == ACTION_ALLOW &&
			    region_has_any(&open))
				say_range(work, way[t], &rules->rule[i], &open);
			region_free(&open);
		}
		region_free(&others);
	}
}
