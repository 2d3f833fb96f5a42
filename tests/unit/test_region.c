/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of packets: sentences row by row, and the algebra against
 * rules_match()'s own predicates for every packet that could tell rules apart.
 */
#include "region.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "policies.h"
#include "reach.h"
#include "region_text.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* ---- sentences */

/* clang-format off */
/* What is left of the last rule behind those before it. */
static const struct {
	const char *rules;
	const char *left; /* cubes, in any order, with " | " between */
} left_rows[] = {
	{ "{ action = 'allow'; }", "everything" },
	{ "{ port = 22; action = 'allow'; }", "protocol tcp, udp; port 22" },
	{ "{ port = 22; action = 'allow'; }, { port = 22; action = 'block'; }", "" },
	{ "{ port = '1-100'; action = 'allow'; }, { port = '50-200'; action = 'block'; }",
	    "protocol tcp, udp; port 101-200" },
	{ "{ port = 22; action = 'allow'; }, { action = 'block'; }",
	    "protocol tcp, udp; port all but 22 | protocol all but tcp, udp" },
	/* two halves make a whole */
	{ "{ from = '0.0.0.0/1'; action = 'allow'; }, { from = '128.0.0.0/1'; action = 'allow'; }, "
	  "{ from = '::/0'; action = 'allow'; }, { action = 'block'; }", "" },
	{ "{ from = '0.0.0.0/0'; action = 'allow'; }, { to = '::/0'; action = 'allow'; }, "
	  "{ action = 'block'; }", "" }, /* no packet has one of each */
	{ "{ from = '0.0.0.0/0'; action = 'allow'; }, { action = 'block'; }", "from ::/0" },
	{ "{ from = '::/0'; action = 'allow'; }, { action = 'block'; }", "from 0.0.0.0/0" },
	{ "{ from = '192.0.2.0/24'; action = 'allow'; }, { action = 'block'; }",
	    "from all but 192.0.2.0/24" },
	{ "{ port = '1-65535'; action = 'allow'; }, { protocol = ('tcp', 'udp'); action = 'block'; }",
	    "" }, /* there is no port 0 */
	{ "{ protocol = 'tcp'; action = 'allow'; }, { port = 80; action = 'block'; }",
	    "protocol udp; port 80" },
	{ "{ icmp = 'echo-request'; action = 'allow'; }, { protocol = 'icmp'; action = 'block'; }",
	    /* ICMP 8 is an echo request in IPv4 alone */
	    "icmp all but echo-request" },
	{ "{ icmp = 'echo-request'; action = 'allow'; }, "
	  "{ icmp = ('echo-request', 'echo-reply'); action = 'block'; }",
	    "icmp echo-reply | icmpv6 echo-reply" },
	{ "{ protocol = 'icmp'; icmp = '3/4'; action = 'allow'; }, "
	  "{ icmp = 'destination-unreachable'; protocol = 'icmp'; action = 'block'; }, "
	  "{ protocol = 'icmp'; icmp = ('3/4', '3/13', '77'); action = 'block'; }", "icmp 77" },
	{ "{ interface = 'wg*'; action = 'allow'; }, { action = 'block'; }",
	    "interface all but wg*" },
	{ "{ interface = 'wg0'; action = 'allow'; }, { interface = ('wg*', 'eth0'); action = 'block'; }",
	    "interface eth0, others" },
	{ "{ source_port = 53; action = 'allow'; }, { port = 53; protocol = 'udp'; action = 'block'; }",
	    "protocol udp; port 53; source_port all but 53" },
	{ "{ user = 1000; action = 'allow'; }, { user = '1000-1999'; action = 'block'; }",
	    "user 1001-1999" },
	{ "{ user = 1000; action = 'allow'; }, { action = 'block'; }", "user all but 1000" },
	{ "{ user = '0-4294967293'; action = 'allow'; }, { action = 'block'; }", "user unknown" },
	/* both are known, or neither is */
	{ "{ user = '0-4294967293'; action = 'allow'; }, { group = '0-4294967293'; action = 'block'; }", "" },
	{ "{ user = 1000; group = 100; action = 'allow'; }, { user = 1000; port = 80; action = 'block'; }",
	    "protocol tcp, udp; port 80; user 1000; group all but 100" },
	{ "{ user = 'nobody-looked-her-up'; action = 'allow'; }, { action = 'block'; }", "everything" },
	{ "{ flags = 'syn/syn,ack'; action = 'allow'; }, { action = 'block'; }",
	    "protocol tcp; flags all but syn/fin,syn,rst,ack | protocol all but tcp" },
	{ "{ flags = 'rst'; action = 'allow'; }, { flags = ('rst/rst,ack', 'ack/syn,fin,ack'); action = 'block'; }",
	    "protocol tcp; flags ack/fin,syn,rst,ack" },
	/* a RST goes without SYN and FIN, and with or without ACK */
	{ "{ flags = ('syn', 'fin', 'rst'); action = 'allow'; }, { flags = 'none/syn,fin,rst,ack'; action = 'block'; }", "" },
};

/* clang-format on */

static void
check_left(size_t row)
{
	struct phrase config = { 0 }, said = { 0 };
	struct reach reach;

	phrase_add(&config, "outbound = ( %s );", left_rows[row].rules);
	for (char *c = config.text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	struct policy *policy = policy_of(config.text);
	const struct policy *const policies[] = { policy };
	const struct rules *rules = &policy->tables[TABLE_OUTBOUND];
	struct space *space = space_create(policies, 1);
	ck_assert(reach_create(&reach, space, rules, REACH_WHATEVER));
	struct region *left = &reach.left[rules->count - 1];
	ck_assert(!left->unknown);
	region_merge(space, left);
	for (size_t i = 0; i < left->count; i++) {
		phrase_add(&said, "%s", i > 0 ? " | " : "");
		cube_say(&said, space, &left->cube[i]);
	}
	char *got = phrase_take(&said);
	ck_assert_str_eq(got, left_rows[row].left);
	free(got);
	reach_free(&reach);
	space_destroy(space);
	policy_destroy(policy);
	free(phrase_take(&config));
}

START_TEST(what_is_left_of_a_rule)
{
	check_left((size_t)_i);
}
END_TEST

/* clang-format off */
/* What answers it. */
static const struct {
	const char *rule, *answers;
	bool forwarded;
} answer_rows[] = {
	{ "protocol = 'tcp'; port = 443; to = '192.0.2.1'; source_port = '40000-40001'",
	    "protocol tcp; port 40000-40001; source_port 443; from 192.0.2.1", false },
	{ "port = 22; flags = 'syn'", "protocol tcp; source_port 22; "
	    "flags ack/fin,syn,rst,psh,ack,urg,ece,cwr, syn,ack/fin,syn,rst,psh,ack,urg,ece,cwr", false },
	{ "icmp = 'echo-request'", "icmp echo-reply/0 | icmpv6 echo-reply/0", false },
	{ "icmp = ('timestamp-request', 'packet-too-big')", "icmp timestamp-reply/0", false },
	{ "protocol = 'icmp'; icmp = 'echo-request/5'", "", false },
	{ "protocol = 'esp'; from = '2001:db8::/32'; interface = 'eth0'",
	    "protocol esp; to 2001:db8::/32; interface eth0", false },
	{ "protocol = 'esp'; interface = 'eth0'", "protocol esp; out_interface eth0", true },
};

/* clang-format on */

static void
check_answers(size_t row)
{
	struct phrase config = { 0 }, said = { 0 };

	phrase_add(&config,
	    "inbound = (); forward = ( { %s; action = 'allow'; } );",
	    answer_rows[row].rule);
	for (char *c = config.text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	struct policy *policy = policy_of(config.text);
	const struct policy *const policies[] = { policy };
	struct space *space = space_create(policies, 1);
	struct region region = region_of_rule(
	    space, &policy->tables[TABLE_FORWARD].rule[0], REGION_LEAST);
	region_reverse(space, &region, answer_rows[row].forwarded);
	for (size_t i = 0; i < region.count; i++) {
		phrase_add(&said, "%s", i > 0 ? " | " : "");
		cube_say(&said, space, &region.cube[i]);
	}
	char *got = phrase_take(&said);
	ck_assert_str_eq(got, answer_rows[row].answers);
	free(got);
	region_free(&region);
	space_destroy(space);
	policy_destroy(policy);
	free(phrase_take(&config));
}

START_TEST(what_answers_a_rule)
{
	check_answers((size_t)_i);
}
END_TEST

/* ---- the algebra, asked packet by packet */

/* Rules A, B and C, and what is made of them. */
struct algebra {
	const struct rules *rules;
	const struct interfaces *names;
	struct space *space;
	const struct policy *probe;
	struct region made[4];
	size_t asked;
};

static void
ask(void *context, const struct packet *p)
{
	struct algebra *a = context;
	const struct rule *rule = a->rules->rule;
	bool in[3];

	/* each costs a few microseconds */
	if (a->asked++ % 11 != 0)
		return;
	for (size_t i = 0; i < 3; i++)
		in[i] = !rule_mismatch(&rule[i], p, a->names);
	bool want[] = { in[0] && in[1] && in[2], in[0] && !in[1] && !in[2],
		in[0] || in[1] || in[2], (in[0] || in[1]) && !in[2] };
	struct region one = region_of_packet(a->space, a->probe, p);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		EXPECT(region_meets(&one, &a->made[i]) == want[i],
		    "region %zu, want %d", i, want[i]);
	region_free(&one);
}

static void
make(struct algebra *a)
{
	struct region rule[3];

	for (size_t i = 0; i < 3; i++)
		rule[i] =
		    region_of_rule(a->space, &a->rules->rule[i], REGION_LEAST);
	for (size_t i = 0; i < ARRAY_LEN(a->made); i++)
		a->made[i] = region_copy(a->space, &rule[0]);
	region_intersect(a->space, &a->made[0], &rule[1]);
	region_intersect(a->space, &a->made[0], &rule[2]);
	region_subtract(a->space, &a->made[1], &rule[1]);
	region_subtract(a->space, &a->made[1], &rule[2]);
	region_add(a->space, &a->made[2], &rule[1]);
	region_add(a->space, &a->made[2], &rule[2]);
	region_add(a->space, &a->made[3], &rule[1]);
	region_subtract(a->space, &a->made[3], &rule[2]);
	for (size_t i = 0; i < ARRAY_LEN(a->made); i++)
		region_merge(a->space, &a->made[i]);
	for (size_t i = 0; i < 3; i++)
		region_free(&rule[i]);
}

START_TEST(regions_agree_with_rules)
{
	struct interfaces *names = named_interfaces();
	struct policy *probe = probe_policy();

	for (unsigned seed = 0; seed < rounds(400); seed++) {
		struct dice dice = { seed };
		struct phrase config = { 0 };
		phrase_add(&config, "inbound = ");
		random_rules(&config, &dice, 3, RULES_REJECT);
		struct policy *policy = policy_of(config.text);
		const struct policy *const policies[] = { policy, probe };
		struct algebra a = {
			.rules = &policy->tables[TABLE_INBOUND],
			.names = names,
			.space = space_create(policies, 2),
			.probe = probe,
		};
		make(&a);
		each_packet(policies, 1, INBOUND, false, ask, &a);
		for (size_t i = 0; i < ARRAY_LEN(a.made); i++)
			region_free(&a.made[i]);
		space_destroy(a.space);
		policy_destroy(policy);
		free(phrase_take(&config));
	}
	policy_destroy(probe);
	interfaces_destroy(names);
}
END_TEST

/* A cube written as a rule reads as that cube. */
START_TEST(cubes_read_back_as_they_are_written)
{
	unsigned written = 0;

	for (unsigned seed = 0; seed < rounds(500); seed++) {
		struct dice dice = { seed };
		struct phrase config = { 0 };
		phrase_add(&config, "inbound = ");
		random_rules(&config, &dice, 2, 0);
		struct policy *policy = policy_of(config.text);
		const struct policy *const policies[] = { policy };
		struct space *space = space_create(policies, 1);
		struct rule *rules = policy->tables[TABLE_INBOUND].rule;
		struct region left =
		    region_of_rule(space, &rules[1], REGION_LEAST);
		struct region first =
		    region_of_rule(space, &rules[0], REGION_LEAST);
		region_subtract(space, &left, &first);
		for (size_t i = 0; i < left.count; i++) {
			char *line = cube_rule(space, &left.cube[i], "allow");
			struct phrase again = { 0 };
			if (!line)
				continue;
			phrase_add(&again, "inbound = ( %s );", line);
			struct policy *read = policy_of(again.text);
			struct region got = region_of_rule(space,
			    &read->tables[TABLE_INBOUND].rule[0], REGION_LEAST);
			struct region want = { .cube = &left.cube[i],
				.count = 1 };
			struct region less = region_copy(space, &want);
			region_subtract(space, &less, &got);
			region_subtract(space, &got, &want);
			ck_assert_msg(
			    region_is_empty(&less) && region_is_empty(&got),
			    "seed %u: %s", seed, line);
			region_free(&less);
			region_free(&got);
			policy_destroy(read);
			free(phrase_take(&again));
			free(line);
			written++;
		}
		region_free(&left);
		region_free(&first);
		space_destroy(space);
		policy_destroy(policy);
		free(phrase_take(&config));
	}
	ck_assert_uint_gt(written, rounds(500));
}
END_TEST

START_TEST(without_steps_all_is_unknown)
{
	struct policy *policy = policy_of(
	    "inbound = ( { port = (1, 3, 5, 7); action = \"allow\"; } );");
	const struct policy *const policies[] = { policy };
	struct space *space = space_create(policies, 1);
	struct region rule = region_of_rule(
	    space, &policy->tables[TABLE_INBOUND].rule[0], REGION_LEAST);
	struct region all = region_everything(space);

	ck_assert(region_has_any(&all) && !all.unknown);
	space_begin(space, 10);
	region_subtract(space, &all, &rule);
	ck_assert(all.unknown);
	ck_assert(!region_has_any(&all) && !region_is_empty(&all));
	ck_assert(!region_meets(&all, &rule));
	space_begin(space, REGION_STEPS); /* too late for this one */
	region_subtract(space, &rule, &all);
	ck_assert(rule.unknown);
	region_free(&all);
	region_free(&rule);
	space_destroy(space);
	policy_destroy(policy);
}
END_TEST

/* A thousand rules that differ in ports and addresses, and the last one. */
START_TEST(many_rules_are_no_many_cubes)
{
	struct phrase config = { 0 };
	struct reach reach;

	phrase_add(&config, "inbound = (\n");
	for (unsigned i = 0; i < 1000; i++)
		phrase_add(&config,
		    "{ port = %u; from = \"10.%u.%u.0/24\"; action = "
		    "\"allow\"; },\n",
		    i % 10 + 1, i / 100, i % 100);
	phrase_add(&config, "{ action = \"block\"; } );");
	struct policy *policy = policy_of(config.text);
	const struct policy *const policies[] = { policy };
	struct space *space = space_create(policies, 1);
	ck_assert(reach_create(
	    &reach, space, &policy->tables[TABLE_INBOUND], REACH_WHATEVER));
	ck_assert(region_has_any(&reach.left[1000]));
	ck_assert_uint_le(reach.left[1000].count, 20);
	ck_assert(region_is_empty(&reach.none));
	reach_free(&reach);
	space_destroy(space);
	policy_destroy(policy);
	free(phrase_take(&config));
}
END_TEST

Suite *
suite_region(void)
{
	Suite *suite = suite_create("region");
	TCase *rules = tcase_create("rules");

	tcase_set_timeout(rules, 50);
	tcase_add_loop_test(
	    rules, what_is_left_of_a_rule, 0, ARRAY_LEN(left_rows));
	tcase_add_loop_test(
	    rules, what_answers_a_rule, 0, ARRAY_LEN(answer_rows));
	tcase_add_test(rules, regions_agree_with_rules);
	tcase_add_test(rules, cubes_read_back_as_they_are_written);
	tcase_add_test(rules, without_steps_all_is_unknown);
	tcase_add_test(rules, many_rules_are_no_many_cubes);
	suite_add_tcase(suite, rules);
	return suite;
}
