/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy does otherwise, row by row; that packets change their verdict
 * inside the changes and nowhere else, by the rules that are named; and that
 * of ten thousand flows a reload ends those that are foretold.
 */
#include "diff.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "policies.h"
#include "question.h"
#include "region_text.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const struct {
	const char *claim, *before, *after;
	const char *want; /* a change on each line */
} rows[] = {
	{ "nothing changes", "inbound = ( { port = 22; action = 'allow'; } );",
	  "inbound = ( { port = 22; action = 'allow'; name = 'ssh'; }, { action = 'block'; } );", "" },
	{ "a port is opened", "inbound = ();", "inbound = ( { port = 22; action = 'allow'; } );",
	  "inbound drop by inbound *, accept by inbound 1: protocol tcp, udp; port 22\n" },
	{ "a port is closed for some",
	  "inbound = ( { protocol = 'tcp'; port = 22; action = 'allow'; } );",
	  "inbound = ( { port = 22; from = '192.0.2.0/24'; action = 'block'; }, { protocol = 'tcp'; port = 22; action = 'allow'; } );",
	  "inbound accept by inbound 1, drop by inbound 1: protocol tcp; port 22; from 192.0.2.0/24\n" },
	{ "two rules change places",
	  "inbound = ( { port = '1-100'; action = 'allow'; }, { port = '50-200'; action = 'reject'; } );",
	  "inbound = ( { port = '50-200'; action = 'reject'; }, { port = '1-100'; action = 'allow'; } );",
	  "inbound accept by inbound 1, reject by inbound 1: protocol tcp, udp; port 50-100\n" },
	{ "state is given up", "outbound = ( { action = 'allow'; } );",
	  "outbound = ( { protocol = 'udp'; action = 'allow'; stateful = false; }, { action = 'allow'; } );",
	  "outbound accept by outbound 1, accept-stateless by outbound 1: protocol udp\n" },
	{ "an acl comes", "inbound = ( { port = (22, 80); action = 'allow'; } );",
	  "acl = { inbound = ( { port = (22, 443); action = 'allow'; } ); outbound = ( { action = 'allow'; } ); };\n"
	  "inbound = ( { port = (22, 80); action = 'allow'; } );",
	  "inbound accept by inbound 1, drop by acl.inbound *: protocol tcp, udp; port 80\n" },
	{ "forwarding begins", "inbound = ();", "inbound = (); forward = ( { port = 80; action = 'allow'; } );",
	  "forward not-judged, accept by forward 1: protocol tcp, udp; port 80\n"
	  "forward not-judged, drop by forward *: protocol tcp, udp; port all but 80\n"
	  "forward not-judged, drop by forward *: protocol all but tcp, udp\n" },
	{ "from tables to an acl", "inbound = ( { port = 22; action = 'allow'; } ); outbound = ();",
	  "acl = { inbound = ( { port = 22; action = 'allow'; } ); outbound = (); };",
	  "inbound accept by inbound 1, accept-stateless by acl.inbound 1: protocol tcp, udp; port 22\n" },
	{ "a set gets a member",
	  "sets = { admins = ['192.0.2.0/25']; };\ninbound = ( { port = 22; from = '@admins'; action = 'allow'; } );",
	  "sets = { admins = ['192.0.2.0/24']; };\ninbound = ( { port = 22; from = '@admins'; action = 'allow'; } );",
	  "inbound drop by inbound *, accept by inbound 1: protocol tcp, udp; port 22; from 192.0.2.128/25\n" },
	{ "a limit alone is no change",
	  "inbound = ( { port = 22; action = 'allow'; }, { port = 22; action = 'block'; } );",
	  "inbound = ( { port = 22; limit = '1/s'; on_overload = 'next'; action = 'allow'; }, { port = 22; action = 'block'; } );", "" },
};
/* clang-format on */

static struct policy *
quoted(const char *config)
{
	char *text = strdup(config);

	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	struct policy *policy = policy_of(text);
	free(text);
	return policy;
}

static void
say_ruling(struct phrase *text, const struct ruling *ruling)
{
	phrase_add(text, "%s", fate_name(ruling->fate));
	if (ruling->rule)
		phrase_add(text, " by %s %u", table_name(ruling->table),
		    ruling->rule->place);
	else if (ruling->fate != FATE_UNJUDGED)
		phrase_add(text, " by %s *", table_name(ruling->table));
}

static char *
changes_of(const struct difference *difference)
{
	struct phrase text = { 0 };

	for (size_t i = 0; i < difference->count; i++) {
		const struct change *c = &difference->change[i];
		for (size_t n = 0; n < c->packets.count; n++) {
			phrase_add(&text, "%s ", direction_name(c->direction));
			say_ruling(&text, &c->before);
			phrase_add(&text, ", ");
			say_ruling(&text, &c->after);
			phrase_add(&text, ": ");
			cube_say(&text, difference->space, &c->packets.cube[n]);
			phrase_add(&text, "\n");
		}
	}
	return phrase_take(&text);
}

START_TEST(a_row_has_these_changes)
{
	struct policy *before = quoted(rows[_i].before);
	struct policy *after = quoted(rows[_i].after);
	struct difference difference;

	ck_assert(policy_diff(before, after, &difference));
	ck_assert(difference.complete);
	char *got = changes_of(&difference);
	ck_assert_msg(strcmp(got, rows[_i].want) == 0, "%s: got\n%swant\n%s",
	    rows[_i].claim, got, rows[_i].want);
	free(got);
	difference_free(&difference);
	policy_destroy(before);
	policy_destroy(after);
}
END_TEST

/* Live members, as a filter or a reader of its sets puts them there. */
START_TEST(a_rule_asks_the_live_members_too)
{
	static const uint8_t key[16] = { 0 };
	struct policy *before = quoted("sets = { s = []; }; inbound = ();");
	struct policy *after = quoted("sets = { s = ['192.0.2.1']; };\n"
				      "inbound = ( { from = '@s'; action = "
				      "'allow'; } );");
	struct named_set *set = policy_find_set(after, "s");
	struct difference difference;
	struct prefix prefix;

	set->live = set_create(key);
	ck_assert(prefix_parse("2001:db8::/64", &prefix));
	ck_assert_int_eq(
	    set_add(set->live, &prefix, SET_FOREVER, 1), SET_ADDED);
	ck_assert(policy_diff(before, after, &difference));
	char *got = changes_of(&difference);
	ck_assert_str_eq(got, "inbound drop by inbound *, accept by inbound 1: "
			      "from 192.0.2.1, 2001:db8::/64\n");
	free(got);
	difference_free(&difference);
	set_destroy(set->live);
	set->live = NULL;
	policy_destroy(before);
	policy_destroy(after);
}
END_TEST

/* ---- packets */

struct pair {
	const struct policy *before, *after, *probe;
	const struct interfaces *names;
	struct difference difference;
	size_t asked, changed;
};

static enum fate
fate_of_trial(const struct trial *t)
{
	return reason_verdict(t->why) == VERDICT_REJECT    ? FATE_REJECT
	       : reason_verdict(t->why) != VERDICT_ACCEPT  ? FATE_DROP
	       : t->why == RULE_ALLOW && t->rule->stateful ? FATE_ACCEPT
							   : FATE_STATELESS;
}

/* A packet that opens a connection, through both policies. */
static void
ask(void *context, const struct packet *pattern)
{
	struct pair *pair = context;
	struct packet p = *pattern;
	const struct change *in = NULL;

	if (pair->asked++ % 29 != 0)
		return;
	p.hop_limit = 64;
	p.opens_sctp_dccp = true;
	if (p.tuple.protocol == PROTOCOL_TCP)
		p.tcp.flags = TCP_SYN;
	else if (!protocol_has_ports(p.tuple.protocol))
		p.icmp.is_query = true;
	struct trial old = filter_try(NULL, pair->before, pair->names, &p, 0);
	struct trial new = filter_try(NULL, pair->after, pair->names, &p, 0);
	struct region one =
	    region_of_packet(pair->difference.space, pair->probe, &p);
	for (size_t i = 0; i < pair->difference.count; i++) {
		const struct change *c = &pair->difference.change[i];
		if (c->direction != p.direction ||
		    !region_meets(&one, &c->packets))
			continue;
		EXPECT(!in, "a packet is in two changes");
		in = c;
	}
	region_free(&one);
	EXPECT((in != NULL) == (fate_of_trial(&old) != fate_of_trial(&new)),
	    "in a change %d, %s and %s", in != NULL,
	    fate_name(fate_of_trial(&old)), fate_name(fate_of_trial(&new)));
	if (!in)
		return;
	EXPECT(in->before.fate == fate_of_trial(&old) &&
		   in->after.fate == fate_of_trial(&new) &&
		   in->before.rule == old.rule && in->after.rule == new.rule,
	    "a change of another kind, or by other rules");
	pair->changed++;
}

/* A policy, or the one before with another rule or two. */
static char *
random_config(struct dice *dice)
{
	struct phrase config = { 0 };

	if (!dice_throw(dice, 3)) {
		phrase_add(&config, "acl = { inbound = ");
		random_rules(&config, dice, 2, RULES_SMALL);
		phrase_add(&config, "outbound = ");
		random_rules(&config, dice, 2, RULES_SMALL);
		phrase_add(&config, "};\n");
	}
	phrase_add(&config, "inbound = ");
	random_rules(
	    &config, dice, 3, RULES_SMALL | RULES_REJECT | RULES_STATELESS);
	phrase_add(&config, "outbound = ");
	random_rules(&config, dice, 2, RULES_SMALL | RULES_STATELESS);
	phrase_add(&config, "forward = ");
	random_rules(&config, dice, 2, RULES_SMALL);
	/* so that the two know every interface */
	config.used = strlen(config.text) - strlen(");\n");
	phrase_add(&config, ", { out_interface = (");
	for (size_t i = 0; i < INTERFACES; i++)
		phrase_add(
		    &config, "%s\"%s\"", i > 0 ? ", " : "", interface_names[i]);
	phrase_add(&config, "); action = \"reject\"; } );\n");
	return phrase_take(&config);
}

START_TEST(packets_change_inside_the_changes_and_nowhere_else)
{
	struct interfaces *names = named_interfaces();
	struct policy *probe = probe_policy();
	size_t changed = 0;

	for (unsigned seed = 0; seed < rounds(150); seed++) {
		struct dice dice = { seed };
		char *old = random_config(&dice), *new = random_config(&dice);
		struct policy *before = policy_of(old);
		struct policy *after = policy_of(new);
		const struct policy *const both[] = { before, after, probe };
		struct pair pair = { .before = before,
			.after = after,
			.probe = probe,
			.names = names };
		ck_assert(policy_diff(before, after, &pair.difference));
		ck_assert(pair.difference.complete);
		for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++)
			each_packet(both, 2, d, false, ask, &pair);
		changed += pair.changed;
		difference_free(&pair.difference);
		policy_destroy(before);
		policy_destroy(after);
		free(old);
		free(new);
	}
	policy_destroy(probe);
	interfaces_destroy(names);
	ck_assert_uint_gt(changed, rounds(3000));
}
END_TEST

/* ---- flows */

#define FLOWS 10000

/* A UDP datagram without data, in IPv4. */
static struct frame
frame_of(const struct tuple *t, enum direction direction, uint8_t bytes[28])
{
	uint32_t src = (uint32_t)t->src.low, dst = (uint32_t)t->dst.low;
	const uint8_t packet[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64,
		t->protocol, 0, 0, (uint8_t)(src >> 24), (uint8_t)(src >> 16),
		(uint8_t)(src >> 8), (uint8_t)src, (uint8_t)(dst >> 24),
		(uint8_t)(dst >> 16), (uint8_t)(dst >> 8), (uint8_t)dst,
		(uint8_t)(t->sport >> 8), (uint8_t)t->sport,
		(uint8_t)(t->dport >> 8), (uint8_t)t->dport, 0, 8, 0, 0 };

	memcpy(bytes, packet, sizeof(packet));
	return (struct frame){
		.bytes = bytes,
		.captured = sizeof(packet),
		.length = sizeof(packet),
		.direction = (uint8_t)direction,
		.in_interface = direction == OUTBOUND ? 0 : 1,
		.out_interface = direction == INBOUND ? 0 : 1,
	};
}

static enum reason
send(struct filter *filter, const struct packet *p)
{
	uint8_t bytes[28];
	struct frame frame =
	    frame_of(&p->tuple, (enum direction)p->direction, bytes);
	struct decision decision;

	filter_batch(filter, 0, &frame, &decision, 1, 1000);
	filter_quiescent(filter, 0);
	return decision.why;
}

static struct packet
random_opening(struct dice *dice)
{
	struct packet p = { .direction = (uint8_t)dice_throw(dice, 2) };
	uint32_t host = 0xc0000200 + dice_throw(dice, 512);

	p.tuple = (struct tuple){
		.src = address_from_v4(host),
		.dst = address_from_v4(0xc6336401), /* 198.51.100.1 */
		.sport = (uint16_t)(1 + dice_throw(dice, UINT16_MAX)),
		.dport = (uint16_t)(dice_throw(dice, 2)
					? 20 + dice_throw(dice, 80)
					: 39990 + dice_throw(dice, 30)),
		.family = FAMILY_IPV4,
		.protocol = PROTOCOL_UDP,
	};
	p.in_interface = p.direction == OUTBOUND ? 0 : 1;
	p.out_interface = p.direction == INBOUND ? 0 : 1;
	return p;
}

/* What remembers all, for a start. */
#define OPEN                                                                   \
	"inbound = ( { action = \"allow\"; } ); outbound = ( { action = "      \
	"\"allow\"; } );"

/* clang-format off */
static const char *const reloads[] = {
	"inbound = ( { port = '20-60'; action = 'allow'; } ); outbound = ( { action = 'allow'; } );",
	"inbound = ( { from = '192.0.2.128/25'; action = 'reject'; }, { interface = 'eth0'; action = 'allow'; } );",
	"outbound = ( { port = 53; action = 'allow'; stateful = false; }, { action = 'allow'; } ); inbound = ();",
	"on_reload = 'keep'; inbound = (); outbound = ();",
	"on_reload = 'keep'; acl = { inbound = ( { port = '20-50'; action = 'block'; }, { action = 'allow'; } ); "
	"outbound = ( { action = 'allow'; } ); }; inbound = (); outbound = ();",
	"acl = { inbound = ( { source_port = '1-30000'; action = 'block'; }, { action = 'allow'; } ); "
	"outbound = ( { source_port = 53; action = 'block'; }, { action = 'allow'; } ); }; " OPEN,
};

/* clang-format on */

START_TEST(a_reload_ends_the_flows_that_it_is_said_to)
{
	struct interfaces *names = named_interfaces();
	struct filter_options options = {
		.max_flows = 2 * FLOWS, .workers = 1, .interfaces = names
	};
	struct filter *filter = filter_create(&options);
	struct policy *before = policy_of(OPEN), *after = quoted(reloads[_i]);
	struct packet *first = calloc(FLOWS, sizeof(first[0]));
	bool *cut = calloc(FLOWS, sizeof(cut[0]));
	struct policy *old;
	struct dice dice = { (uint64_t)_i };
	struct ruling why;
	size_t cuts = 0, flows = rounds(FLOWS);

	ck_assert(filter_publish(filter, before, &old));
	filter_enter(filter, 0);
	for (size_t i = 0; i < flows; i++) {
		first[i] = random_opening(&dice);
		enum reason opened = send(filter, &first[i]);
		EXPECT(opened == RULE_ALLOW || opened == ESTABLISHED,
		    "flow %zu: %s", i, reason_name(opened));
		cut[i] = policy_cuts(before, after, names, &first[i], &why);
		cuts += cut[i];
	}
	filter_offline(filter, 0);
	ck_assert(filter_publish(filter, after, &old));
	policy_destroy(old);
	filter_online();
	for (size_t i = 0; i < flows; i++) {
		/* both ways, as either may be the next */
		struct packet answer = question_answer(&first[i]);
		enum reason there = send(filter, &first[i]);
		enum reason back = send(filter, &answer);
		bool lives = there == ESTABLISHED && back == ESTABLISHED;
		EXPECT(cut[i] == !lives,
		    "flow %zu: said to be cut %d, got %s and %s", i, cut[i],
		    reason_name(there), reason_name(back));
	}
	ck_assert_uint_lt(cuts, flows);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(names);
	free(first);
	free(cut);
}
END_TEST

Suite *
suite_diff(void)
{
	Suite *suite = suite_create("diff");
	TCase *changes = tcase_create("changes");
	TCase *flows = tcase_create("flows");

	tcase_set_timeout(changes, 50);
	tcase_add_loop_test(
	    changes, a_row_has_these_changes, 0, ARRAY_LEN(rows));
	tcase_add_test(changes, a_rule_asks_the_live_members_too);
	tcase_add_test(
	    changes, packets_change_inside_the_changes_and_nowhere_else);
	suite_add_tcase(suite, changes);
	tcase_add_loop_test(flows, a_reload_ends_the_flows_that_it_is_said_to,
	    0, ARRAY_LEN(reloads));
	suite_add_tcase(suite, flows);
	return suite;
}
