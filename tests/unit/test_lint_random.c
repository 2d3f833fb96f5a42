/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lint finds all of it and nothing else, in a thousand random policies each:
 * rules that no packet reaches against every packet that could make a
 * difference, lost replies against handshakes played through the firewall
 * itself from every ephemeral port.
 */
#include "lint.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "policies.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* ---- rules that nothing reaches */

#define RULES 7

struct reached {
	const struct rules *rules;
	const struct interfaces *names;
	bool rule[RULES];
};

static void
reach(void *context, const struct packet *packet)
{
	struct reached *reached = context;
	const struct rule *rule =
	    rules_match(reached->rules, packet, reached->names);

	if (rule)
		reached->rule[rule->place - 1] = true;
}

/* Lines of findings of that kind, as bits. */
static uint64_t
lines_of(const struct report *report, enum lint kind)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < report->count; i++) {
		ck_assert_int_ne(report->finding[i].kind, LINT_UNDECIDED);
		if (report->finding[i].kind == kind) {
			ck_assert_uint_lt(report->finding[i].line, 64);
			lines |= UINT64_C(1) << report->finding[i].line;
		}
	}
	return lines;
}

START_TEST(rules_never_reached_are_those_that_no_packet_reaches)
{
	struct interfaces *names = named_interfaces();
	const struct lint_options options = { 0 };
	unsigned unreached = 0;

	for (unsigned seed = 0; seed < rounds(1000); seed++) {
		struct dice dice = { seed };
		struct phrase config = { 0 };
		struct report report;
		phrase_add(&config, "inbound = ");
		random_rules(&config, &dice, RULES, RULES_REJECT);
		struct policy *policy = policy_of(config.text);
		const struct policy *const policies[] = { policy };
		struct reached reached = {
			.rules = &policy->tables[TABLE_INBOUND],
			.names = names,
		};
		uint64_t want = 0;
		each_packet(policies, 1, INBOUND, false, reach, &reached);
		for (size_t i = 0; i < RULES; i++)
			if (!reached.rule[i])
				want |= UINT64_C(1)
					<< reached.rules->rule[i].line;
		ck_assert(lint_policy(policy, &options, &report));
		uint64_t got = lines_of(&report, LINT_NEVER_REACHED);
		ck_assert_msg(got == want,
		    "seed %u: lines %#jx, and none comes to %#jx of\n%s", seed,
		    (uintmax_t)got, (uintmax_t)want, config.text);
		unreached += want != 0;
		report_free(&report);
		policy_destroy(policy);
		free(phrase_take(&config));
	}
	interfaces_destroy(names);
	/* both happen often enough to mean something */
	ck_assert_uint_gt(unreached, rounds(200));
	ck_assert_uint_lt(unreached, rounds(900));
}
END_TEST

/* ---- handshakes */

struct handshakes {
	const struct policy *policy;
	const struct interfaces *names;
	struct client clients;
	uint64_t lost; /* lines of the rules that open them */
};

static bool
is_unicast(struct address a)
{
	if (!address_is_v4(a))
		return a.high >> 56 != 0xff && (a.high || a.low > 1);
	uint8_t first = (uint8_t)(a.low >> 24);
	return first > 0 && first < 224 && first != 127;
}

/* A rule that opens a range for replies means no service in it. */
static bool
is_service(const struct rule *rule, uint16_t port)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		struct port_range r = rule->ports[i];
		bool wide =
		    r.low >= 1024 && ((r.low <= 32768 && r.high >= 60999) ||
					 (r.low <= 50001 && r.high == 65535));
		if (wide && port >= r.low && port <= r.high)
			return false;
	}
	return true;
}

static struct packet
reply_to(const struct packet *request)
{
	struct packet p = *request;

	p.tuple.src = request->tuple.dst;
	p.tuple.dst = request->tuple.src;
	p.tuple.sport = request->tuple.dport;
	p.tuple.dport = request->tuple.sport;
	p.direction = request->direction == FORWARD   ? FORWARD
		      : request->direction == INBOUND ? OUTBOUND
						      : INBOUND;
	p.in_interface = request->out_interface;
	p.out_interface = request->in_interface;
	p.opens_sctp_dccp = false;
	if (p.tuple.protocol == PROTOCOL_TCP)
		p.tcp.flags = TCP_SYN | TCP_ACK;
	if (p.icmp.is_query && p.tuple.protocol != PROTOCOL_TCP) {
		p.icmp.type = p.icmp.type == 8     ? 0
			      : p.icmp.type == 128 ? 129
						   : 14;
		p.icmp.is_query = false;
		p.icmp.is_answer = true;
	}
	return p;
}

static bool
is_lost(const struct trial *back, bool by_state)
{
	return by_state ? back->why == ACL_BLOCK || back->why == ACL_NO_RULE
			: reason_verdict(back->why) != VERDICT_ACCEPT;
}

/* One handshake through the firewall. */
static void
shake(struct handshakes *h, const struct packet *request)
{
	struct trial t = filter_try(NULL, h->policy, h->names, request, 0);
	uint8_t protocol = request->tuple.protocol;
	bool plain = protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
	bool query = !plain && !protocol_has_ports(protocol);

	if (reason_verdict(t.why) != VERDICT_ACCEPT)
		return;
	if (!plain && !t.rule->names_protocol &&
	    !(query && t.rule->icmp_count > 0))
		return;
	if (!query && !is_service(t.rule, request->tuple.dport))
		return;
	struct packet reply = reply_to(request);
	struct trial back = filter_try(NULL, h->policy, h->names, &reply, 0);
	bool by_state = t.why == RULE_ALLOW && t.rule->stateful;
	bool lost = is_lost(&back, by_state);
	if (protocol == PROTOCOL_TCP) { /* and what follows */
		reply.tcp.flags = TCP_ACK;
		back = filter_try(NULL, h->policy, h->names, &reply, 0);
		lost |= is_lost(&back, by_state);
	}
	if (lost)
		h->lost |= UINT64_C(1) << t.rule->line;
}

/* The packet is a pattern: its protocol, addresses, service and interfaces,
 * from every port of the clients. */
static void
shake_all(void *context, const struct packet *pattern)
{
	struct handshakes *h = context;
	struct packet p = *pattern;
	struct port_range ports = h->clients.ports;
	bool v4 = p.tuple.family == FAMILY_IPV4;

	p.hop_limit = 64;
	if (!is_unicast(p.tuple.src) || !is_unicast(p.tuple.dst))
		return;
	if (p.tuple.protocol == (v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6)) {
		bool query = v4 ? p.icmp.type == 8 || p.icmp.type == 13
				: p.icmp.type == 128;
		p.icmp.is_query = true;
		p.tuple.kind = p.icmp.type == 13 ? KIND_TIMESTAMP : KIND_ECHO;
		if (query && p.icmp.code == 0)
			shake(h, &p);
		return;
	}
	if (!protocol_has_ports(p.tuple.protocol))
		return;
	/* the pattern's own source port is one of many */
	if (p.tuple.sport != 1)
		return;
	/* nor are its flags */
	if (p.tuple.protocol == PROTOCOL_TCP && p.tcp.flags != TCP_SYN)
		return;
	if (p.tuple.protocol == PROTOCOL_TCP)
		p.tcp.flags = TCP_SYN;
	p.opens_sctp_dccp = true;
	for (unsigned port = ports.low; port <= ports.high; port++) {
		p.tuple.sport = (uint16_t)port;
		shake(h, &p);
	}
}

/* Policies of every shape: an acl for both ways, for one, tables whose rules
 * have no state, or some, both together, forwarding. */
static void
random_policy(struct phrase *config, struct dice *dice)
{
	uint32_t shape = dice_throw(dice, 6);
	unsigned stateless = RULES_SMALL | RULES_STATELESS;

	if (shape < 4) {
		phrase_add(config, "acl = {\ninbound = ");
		random_rules(config, dice, 3, RULES_SMALL);
		if (shape > 0) {
			phrase_add(config, "outbound = ");
			random_rules(config, dice, 3, RULES_SMALL);
		}
		phrase_add(config, "};\n");
	}
	if (shape >= 3) {
		phrase_add(config, "inbound = ");
		random_rules(config, dice, 3, stateless | RULES_REJECT);
		phrase_add(config, "outbound = ");
		random_rules(config, dice, 3, stateless);
	}
	if (shape == 5) {
		phrase_add(config, "forward = ");
		random_rules(config, dice, 4, stateless);
	}
}

/* Does lint find what handshakes from all these ports find?  Returns whether
 * any reply is lost. */
static bool
check_handshakes(const char *config, struct client clients)
{
	struct report report;
	struct interfaces *names = named_interfaces();
	struct policy *policy = policy_of(config);
	const struct policy *const policies[] = { policy };
	struct lint_options options = { .clients = &clients };
	struct handshakes h = {
		.policy = policy, .names = names, .clients = clients
	};

	for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++)
		if (d != FORWARD || policy->tables[TABLE_FORWARD].present)
			each_packet(policies, 1, d, true, shake_all, &h);
	ck_assert(lint_policy(policy, &options, &report));
	uint64_t got = lines_of(&report, LINT_REPLY_LOST);
	ck_assert_msg(got == h.lost,
	    "lines %#jx, and handshakes lose replies by %#jx of\n%s",
	    (uintmax_t)got, (uintmax_t)h.lost, config);
	report_free(&report);
	policy_destroy(policy);
	interfaces_destroy(names);
	return h.lost != 0;
}

START_TEST(replies_are_lost_where_handshakes_lose_them)
{
	struct client clients = { "test", { 40000, 40007 } };
	unsigned losing = 0;

	for (unsigned seed = 0; seed < rounds(1000); seed++) {
		struct dice dice = { seed };
		struct phrase config = { 0 };
		phrase_add(&config, "# seed %u\n", seed);
		random_policy(&config, &dice);
		losing += check_handshakes(config.text, clients);
		free(phrase_take(&config));
	}
	ck_assert_uint_gt(losing, rounds(200));
	ck_assert_uint_lt(losing, rounds(900));
}
END_TEST

/* All ports of real systems, and the tables with more and more of them open. */
static const struct {
	const char *open, *clients;
	bool loses;
} open_rows[] = {
	{ "22", "linux", true },
	{ "32768-60999", "linux", false },
	{ "32769-60999", "linux", true },
	{ "32768-60998", "linux", true },
	{ "32768-60999", "iana", true },
	{ "32768-65535", "iana", false },
	{ "1024-65535", "any", false },
	{ "1025-65535", "any", true },
	{ "1024-65535", "freebsd", false },
};

START_TEST(replies_are_lost_on_a_single_port_of_a_real_range)
{
	struct phrase config = { 0 };

	phrase_add(&config,
	    "acl = { inbound = (\n{ port = 443; action = \"allow\"; "
	    "},\n{ port = \"%s\"; action = \"allow\"; },\n{ port = \"*\"; "
	    "action = \"block\"; } );\noutbound = (\n{ port = \"*\"; action = "
	    "\"allow\"; } ); };",
	    open_rows[_i].open);
	ck_assert_uint_eq(
	    check_handshakes(config.text, *lint_client(open_rows[_i].clients)),
	    open_rows[_i].loses);
	free(phrase_take(&config));
}
END_TEST

/* ---- mending */

/* Write the line into the config where "before TABLE N (line L) write RULE"
 * says.  False: it says something else. */
static bool
insert(char **config, const char *mend)
{
	const char *where = strstr(mend, "(line "), *rule = strchr(mend, '{');
	struct phrase mended = { 0 };
	unsigned line = 1;

	if (!where || !rule)
		return false;
	unsigned before = (unsigned)strtoul(where + 6, NULL, 10);
	for (char *rest = *config, *row; (row = strsep(&rest, "\n")); line++) {
		if (line == before)
			phrase_add(
			    &mended, "%.*s,\n", (int)strcspn(rule, "\n"), rule);
		phrase_add(&mended, "%s\n", row);
	}
	free(*config);
	*config = phrase_take(&mended);
	return true;
}

/* Mends the first lost reply, if there is one that a line mends, by that line.
 * False: there is none. */
static bool
mend_one(char **config, const struct lint_options *options, size_t *lost)
{
	struct report report;
	struct policy *policy = policy_of(*config);
	bool mended = false;

	ck_assert(lint_policy(policy, options, &report));
	*lost = 0;
	for (size_t i = 0; i < report.count; i++) {
		const struct finding *f = &report.finding[i];
		if (f->kind != LINT_REPLY_LOST)
			continue;
		++*lost;
		if (!mended && f->mend)
			mended = insert(config, f->mend);
	}
	report_free(&report);
	policy_destroy(policy);
	return mended;
}

/* Line by line, until no reply is lost any more; interfaces that no rule names
 * have no line. */
START_TEST(the_lines_offered_mend)
{
	struct client clients = { "test", { 40000, 40007 } };
	const struct lint_options options = { .clients = &clients };
	unsigned mended = 0;

	for (unsigned seed = 0; seed < rounds(200); seed++) {
		struct dice dice = { seed };
		struct phrase text = { 0 };
		size_t lost, lines = 0;
		phrase_add(&text, "acl = {\ninbound = ");
		random_rules(&text, &dice, 3, RULES_SMALL | RULES_CLOSED);
		phrase_add(&text, "outbound = ");
		random_rules(&text, &dice, 3, RULES_SMALL | RULES_CLOSED);
		phrase_add(&text, "};\n");
		char *config = phrase_take(&text);
		while (mend_one(&config, &options, &lost))
			ck_assert_msg(++lines < 60, "seed %u: no end of\n%s",
			    seed, config);
		ck_assert_msg(lost == 0 || strstr(config, "interface"),
		    "seed %u: %zu are lost in\n%s", seed, lost, config);
		mended += lines > 0 && lost == 0;
		free(config);
	}
	ck_assert_uint_gt(mended, rounds(80));
}
END_TEST

Suite *
suite_lint_random(void)
{
	Suite *suite = suite_create("lint_random");
	TCase *random = tcase_create("random");

	tcase_set_timeout(random, 58);
	tcase_add_test(
	    random, rules_never_reached_are_those_that_no_packet_reaches);
	tcase_add_test(random, replies_are_lost_where_handshakes_lose_them);
	tcase_add_loop_test(random,
	    replies_are_lost_on_a_single_port_of_a_real_range, 0,
	    ARRAY_LEN(open_rows));
	tcase_add_test(random, the_lines_offered_mend);
	suite_add_tcase(suite, random);
	return suite;
}
