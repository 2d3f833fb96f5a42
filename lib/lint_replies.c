/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies that are lost where nothing remembers who asked.  A connection is
 * followed on paper: what a rule lets out (or in, or by), from any ephemeral
 * port, is turned round, and what of that the tables of the way back do not
 * let by is lost.  Whose replies those are the port says: each kind of clients
 * has its own range.  What passes by state is lost by the network ACL alone.
 *
 * Connections are those of TCP and UDP, and of other protocols and ICMP
 * queries where a rule names them: `port = "*"` means all protocols, but
 * nobody means SCTP by it.  A range of ports that is there for answers opens
 * none.
 */
#include "lint_work.h"

#include <stdlib.h>

#include "region_text.h"

/* Cubes named in one sentence. */
#define NAMED 4

/* Kinds of clients that are told apart; the others are like one of them. */
#define CLIENTS 7

/* The question as it goes on. */
struct search {
	struct lint_work *work;
	struct region passing[TABLE_COUNT]; /* answers that get by there */
	struct region answering; /* packets between hosts that answer */
	/* Of rules that lose nothing for the clients assumed: what others lose
	 * by them, the first of them, and how many there are. */
	struct spans *ports[CLIENTS];
	const struct rule *first;
	enum table_id first_table;
	size_t rules;
};

/* Connections that one rule opens, and where their answers are lost. */
struct loss {
	enum direction direction;
	enum table_id table;
	const struct rule *rule;
	enum table_id way[3]; /* back */
	struct region at[3];  /* lost in that table of the way */
	size_t count;
};

static enum direction
way_back(enum direction direction)
{
	return direction == FORWARD   ? FORWARD
	       : direction == INBOUND ? OUTBOUND
				      : INBOUND;
}

static struct spans *
protocols_with_ports(const struct rule *rule)
{
	struct address_range list[8];
	size_t count = 0;

	for (unsigned p = 0; p <= UINT8_MAX; p++) {
		bool plain = p == PROTOCOL_TCP || p == PROTOCOL_UDP;
		bool named = rule->names_protocol &&
			     rule->protocols[p / 64] >> (p % 64) & 1;
		if (plain || (named && protocol_has_ports((uint8_t)p)))
			list[count++] =
			    (struct address_range){ { 0, p }, { 0, p } };
	}
	return spans_create(list, count);
}

static struct spans *
queries(void)
{
	struct address_range list[] = {
		{ { 0, icmp_value(FAMILY_IPV4, 8, 0) },
		    { 0, icmp_value(FAMILY_IPV4, 8, 0) } },
		{ { 0, icmp_value(FAMILY_IPV4, 13, 0) },
		    { 0, icmp_value(FAMILY_IPV4, 13, 0) } },
		{ { 0, icmp_value(FAMILY_IPV6, 128, 0) },
		    { 0, icmp_value(FAMILY_IPV6, 128, 0) } },
	};
	return spans_create(list, sizeof(list) / sizeof(list[0]));
}

/* The queries of that ICMP. */
static struct region
queries_in(
    struct lint_work *work, const struct region *region, uint8_t protocol)
{
	struct region icmp = region_copy(work->space, region);

	region_limit(
	    work->space, &icmp, SIDE_PROTOCOL, spans_of(protocol, protocol));
	region_limit(work->space, &icmp, SIDE_ICMP, queries());
	return icmp;
}

/* Segments that open a connection (ECE and CWR: RFC 3168 6.1.1), and what is no
 * TCP. */
static struct spans *
opening_flags(void)
{
	static const struct flags_match opens = { TCP_SYN,
		(uint8_t) ~(TCP_ECE | TCP_CWR) };

	return flags_spans(&opens, 1, true);
}

/* Leave only what opens a connection, and can be answered. */
static void
keep_openings(
    struct lint_work *work, struct region *region, const struct rule *rule)
{
	struct region v4 = queries_in(work, region, PROTOCOL_ICMP);
	struct region v6 = queries_in(work, region, PROTOCOL_ICMPV6);
	struct spans *answers = lint_ports_for_answers(rule);
	struct spans *all = space_all(work->space, SIDE_PORT);

	if (space_asks_flags(work->space))
		region_limit(work->space, region, SIDE_FLAGS, opening_flags());
	region_limit(
	    work->space, region, SIDE_PROTOCOL, protocols_with_ports(rule));
	region_limit(work->space, region, SIDE_PORT,
	    answers ? spans_subtract(all, answers) : NULL);
	spans_drop(answers);
	if (rule->names_protocol || rule->icmp_count > 0) {
		region_add(work->space, region, &v4);
		region_add(work->space, region, &v6);
	}
	region_free(&v4);
	region_free(&v6);
}

/* Answers that the table lets by.  Those of TCP and SCTP open nothing, so that
 * only a rule without state lets them by; any rule those of UDP. */
static struct region
passing(struct lint_work *work, enum table_id table)
{
	static const struct address_range udp[] = {
		{ { 0, PROTOCOL_UDP }, { 0, PROTOCOL_UDP } },
		{ { 0, PROTOCOL_UDPLITE }, { 0, PROTOCOL_UDPLITE } },
	};
	bool acl = table == TABLE_ACL_INBOUND || table == TABLE_ACL_OUTBOUND;
	struct region region =
	    reach_allowed(&work->reach[table], work->space, !acl, false);

	if (!acl) {
		struct region open = reach_allowed(
		    &work->reach[table], work->space, false, false);
		region_limit(work->space, &open, SIDE_PROTOCOL,
		    spans_create(udp, sizeof(udp) / sizeof(udp[0])));
		region_add(work->space, &region, &open);
		region_free(&open);
	}
	return region;
}

/* Follow the answers to what is in `openings`, which is used up. */
static void
follow(struct search *search, struct loss *loss, struct region *openings)
{
	struct space *space = search->work->space;
	bool by_state = loss->table < TABLE_ACL_INBOUND && loss->rule->stateful;

	region_reverse(space, openings, loss->direction == FORWARD);
	loss->count = lint_way(
	    search->work->policy, way_back(loss->direction), loss->way);
	if (by_state)
		loss->count--; /* the last is the table of connections */
	for (size_t i = 0; i < loss->count; i++) {
		loss->at[i] = region_copy(space, openings);
		region_subtract(
		    space, &loss->at[i], &search->passing[loss->way[i]]);
		region_merge(space, &loss->at[i]);
		region_subtract(space, openings, &loss->at[i]);
	}
	region_free(openings);
}

/* What of it is sent to these clients, or to whoever asked by ICMP, at port 0.
 * Addresses are not narrowed to those that answer, for people to read. */
static struct region
lost_to(const struct search *search, const struct region *lost,
    struct port_range ports)
{
	struct space *space = search->work->space;
	struct region region = region_copy(space, lost);
	struct region icmp = region_copy(space, lost);

	region_limit(
	    space, &region, SIDE_PORT, spans_of(ports.low, ports.high));
	region_limit(space, &icmp, SIDE_PORT, spans_of(0, 0));
	region_add(space, &region, &icmp);
	region_free(&icmp);
	region_keep_meeting(&region, &search->answering);
	return region;
}

static const struct client *
assumed(
    const struct lint_work *work, enum direction direction, struct client *own)
{
	struct port_range ports = work->options->own;

	if (work->options->clients)
		return work->options->clients;
	if (direction != OUTBOUND)
		return lint_client("any");
	const struct client *usual = lint_client("linux");
	if (ports.high == 0 ||
	    (ports.low == usual->ports.low && ports.high == usual->ports.high))
		return usual;
	*own = (struct client){ "this host", ports };
	return own;
}

/* What of the answers to these clients is lost in all tables: their ports;
 * NULL: nothing.  ICMP, which has none, counts as port 0. */
static struct spans *
ports_lost(const struct search *search, const struct loss *loss,
    const struct client *client)
{
	struct spans *ports = NULL;

	for (size_t i = 0; i < loss->count; i++) {
		struct region lost =
		    lost_to(search, &loss->at[i], client->ports);
		for (size_t c = 0; c < lost.count && !lost.unknown; c++) {
			struct spans *here = lost.cube[c].side[SIDE_PORT];
			struct spans *all =
			    ports ? spans_unite(ports, here) : spans_keep(here);
			spans_drop(ports);
			ports = all;
		}
		region_free(&lost);
	}
	return ports;
}

static bool
has_port(const struct spans *ports)
{
	return ports && spans_meet(ports, (struct address_range){
					      { 0, 1 }, { 0, UINT16_MAX } });
}

/* "linux 32768-60999, iana 61000-65535": what each kind but one loses. */
static void
say_clients(struct phrase *text, struct spans *const ports[CLIENTS],
    const struct client *but)
{
	size_t said = 0;

	for (size_t i = 0; i < CLIENTS; i++) {
		const struct client *client = lint_client_at(i);
		if (!has_port(ports[i]) || client == but)
			continue;
		phrase_add(text, "%s%s ", said++ > 0 ? "; " : "", client->name);
		ports_say(text, ports[i]);
	}
}

static void
say_loss(struct search *search, const struct loss *loss,
    const struct client *client, const struct spans *lost_ports,
    struct spans *const others_ports[CLIENTS])
{
	bool ports = has_port(lost_ports);
	const char *file = loss->rule->file;
	struct phrase text = { 0 }, mend = { 0 }, others = { 0 };
	bool said = false;

	lint_subject(&text, loss->table, loss->rule);
	phrase_add(&text, " opens connections whose replies are lost: ");
	for (size_t i = 0; i < loss->count; i++) {
		struct region lost =
		    lost_to(search, &loss->at[i], client->ports);
		for (size_t c = 0; c < lost.count && c < NAMED; c++) {
			phrase_add(&text, "%s", said ? "; or " : "");
			cube_say(&text, search->work->space, &lost.cube[c]);
			said = true;
		}
		if (lost.count > 0) {
			phrase_add(&text, "%s%s%s%s, stopped at ",
			    lost.count > NAMED ? " and more" : "",
			    ports ? " (clients: " : "",
			    ports ? client->name : "", ports ? ")" : "");
			lint_say_blockers(
			    &text, search->work, loss->way[i], &lost, file);
			if (loss->way[i] < TABLE_ACL_INBOUND)
				lint_mend_state(&mend, loss->rule);
			else
				lint_mend_table(&mend, search->work,
				    loss->way[i],
				    &search->passing[loss->way[i]], &lost,
				    file);
		}
		region_free(&lost);
	}
	say_clients(&others, others_ports, client);
	if (others.used > 0)
		phrase_add(&text, "; other clients lose too: %s", others.text);
	free(phrase_take(&others));
	lint_say(search->work, LINT_REPLY_LOST, loss->table, loss->rule, &text,
	    &mend);
}

/* Nothing is lost for the clients that are assumed; others are remembered. */
static void
note_others(struct search *search, const struct loss *loss,
    struct spans *const ports[CLIENTS])
{
	bool any = false;

	for (size_t i = 0; i < CLIENTS; i++) {
		if (!ports[i])
			continue;
		struct spans *all =
		    search->ports[i] ? spans_unite(search->ports[i], ports[i])
				     : spans_keep(ports[i]);
		spans_drop(search->ports[i]);
		search->ports[i] = all;
		any = true;
	}
	if (any && search->rules++ == 0) {
		search->first = loss->rule;
		search->first_table = loss->table;
	}
}

/* Connections that the rule lets by, which are in `region`; used up. */
static void
judge_rule(struct search *search, enum direction direction, enum table_id table,
    const struct rule *rule, struct region *region)
{
	struct lint_work *work = search->work;
	struct loss loss = {
		.direction = direction, .table = table, .rule = rule
	};
	struct spans *ports[CLIENTS] = { NULL };
	struct client own;
	const struct client *client = assumed(work, direction, &own);

	keep_openings(work, region, rule);
	follow(search, &loss, region);
	for (size_t i = 0; i < CLIENTS; i++)
		ports[i] = ports_lost(search, &loss, lint_client_at(i));
	struct spans *lost = ports_lost(search, &loss, client);
	if (lost)
		say_loss(search, &loss, client, lost, ports);
	else
		note_others(search, &loss, ports);
	spans_drop(lost);
	for (size_t i = 0; i < CLIENTS; i++)
		spans_drop(ports[i]);
	for (size_t i = 0; i < loss.count; i++)
		region_free(&loss.at[i]);
}

/* The table whose rules open connections in that direction: the last of the
 * way.  What the others let by is in `allowed`. */
static void
judge_direction(struct search *search, enum direction direction)
{
	struct lint_work *work = search->work;
	enum table_id way[3];
	size_t count = lint_way(work->policy, direction, way);
	enum table_id table = way[count - 1];
	struct region allowed = lint_allowed(work, direction, table);
	const struct rules *rules = &work->policy->tables[table];

	for (size_t i = 0; i < rules->count; i++) {
		if (rules->rule[i].action != ACTION_ALLOW)
			continue;
		space_begin(work->space, REGION_STEPS);
		struct region region =
		    region_copy(work->space, &work->reach[table].firm[i]);
		region_intersect(work->space, &region, &allowed);
		judge_rule(search, direction, table, &rules->rule[i], &region);
	}
	region_free(&allowed);
}

static void
say_others(struct search *search, enum direction direction)
{
	struct phrase text = { 0 }, mend = { 0 };
	struct client own;
	const struct client *client = assumed(search->work, direction, &own);

	lint_subject(&text, search->first_table, search->first);
	if (search->rules > 1)
		phrase_add(&text, " and %zu more open", search->rules - 1);
	else
		phrase_add(&text, " opens");
	phrase_add(&text,
	    " connections whose replies reach clients %s; others would lose "
	    "them: ",
	    client->name);
	say_clients(&text, search->ports, NULL);
	lint_say(search->work, LINT_OTHER_CLIENTS, search->first_table,
	    search->first, &text, &mend);
}

void
lint_replies(struct lint_work *work)
{
	struct search search = { .work = work };

	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		search.passing[t] = passing(work, t);
	search.answering = region_everything(work->space);
	region_limit(work->space, &search.answering, SIDE_FROM, lint_unicast());
	region_limit(work->space, &search.answering, SIDE_TO, lint_unicast());
	for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++) {
		if (d == FORWARD && !work->policy->tables[d].present)
			continue;
		judge_direction(&search, d);
		if (search.rules > 0)
			say_others(&search, d);
		search.rules = 0;
		for (size_t i = 0; i < CLIENTS; i++) {
			spans_drop(search.ports[i]);
			search.ports[i] = NULL;
		}
	}
	region_free(&search.answering);
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		region_free(&search.passing[t]);
}
