/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What explain says of a packet is what becomes of it: random words, asked of
 * random policies with flows, sets, bans and limits, then sent as bytes through
 * the firewall.  Verdict, reason and rule are the same, the reply's too, and
 * the question leaves no trace.
 */
#include "explain.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies.h"
#include "question.h"
#include "suites.h"
#include "wire.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define FLOWS            200
#define PACKETS          100 /* a policy */

/* ---- words */

/* clang-format off */
static const struct {
	const char *words, *wrong; /* NULL: nothing is */
} word_rows[] = {
	{ "inbound tcp 192.0.2.1:5 192.0.2.2:22", NULL },
	{ "inbound tcp 192.0.2.1 [192.0.2.2]:22 flags=fin,ack in=eth0", NULL },
	{ "forward udp 2001:db8::1 [2001:db8::2]:53 in=eth0 out=wg0", NULL },
	{ "inbound icmp 192.0.2.1 192.0.2.2 icmp=3/4", NULL },
	{ "outbound icmpv6 fe80::1 fe80::2 icmp=destination-unreachable/port-unreachable", NULL },
	{ "Nov 25 h kernel: [1.2] X IN=eth0 OUT= MAC=00 SRC=192.0.2.1 DST=192.0.2.2 LEN=60 PROTO=TCP SPT=5 DPT=22 SYN", NULL },
	{ "IN= OUT=eth0 SRC=2001:db8::1 DST=2001:db8::2 PROTO=ICMPv6 TYPE=128 CODE=0", NULL },
	{ "IN=eth0 OUT=wg0 SRC=192.0.2.1 DST=192.0.2.2 PROTO=50", NULL },
	{ "outbound tcp 192.0.2.1 192.0.2.2:1 user=1000 group=users", NULL },
	{ "outbound tcp 192.0.2.1 192.0.2.2:1 out=eth0 user=alice", NULL },
	{ "inbound tcp 192.0.2.1 192.0.2.2:1 user=1000", "user \"1000\": accepted is a name or a number, of what is outbound" },
	{ "outbound tcp 192.0.2.1 192.0.2.2:1 user=4294967295", "user \"4294967295\"" },
	{ "outbound tcp 192.0.2.1 192.0.2.2:1 group=", "group \"\"" },
	{ "inbound tcp 192.0.2.1", "accepted is DIRECTION" },
	{ "inwards tcp 192.0.2.1 192.0.2.2:1", "direction \"inwards\"" },
	{ "inbound tpc 192.0.2.1 192.0.2.2:1", "protocol \"tpc\"" },
	{ "inbound tcp 192.0.2.1:0 192.0.2.2:1", "source \"192.0.2.1:0\"" },
	{ "inbound tcp 192.0.2.1 192.0.2.2", "a destination port is missing" },
	{ "inbound tcp 192.0.2.1 [::1]:1", "source and destination are of different families" },
	{ "inbound icmp 192.0.2.1:1 192.0.2.2", "icmp has no ports" },
	{ "inbound icmp ::1 ::2", "icmp goes with IPv4" },
	{ "inbound tcp 192.0.2.1 192.0.2.2:1 flags=syn,fin", "flags \"syn,fin\"" },
	{ "inbound udp 192.0.2.1 192.0.2.2:1 flags=syn", "flags \"syn\"" },
	{ "inbound icmp 192.0.2.1 192.0.2.2 icmp=256", "icmp \"256\"" },
	{ "inbound icmp 192.0.2.1 192.0.2.2 icmp=3/x", "icmp \"3\"" },
	{ "inbound tcp 192.0.2.1 192.0.2.2:1 out=eth0", "out \"eth0\"" },
	{ "outbound tcp 192.0.2.1 192.0.2.2:1 in=eth0", "in \"eth0\"" },
	{ "outbound tcp 192.0.2.1 192.0.2.2:1 out=", "out \"\"" },
	{ "outbound tcp 192.0.2.1 192.0.2.2:1 port=1", "field \"port\"" },
	{ "outbound tcp 192.0.2.1 192.0.2.2:1 now", "field \"now\"" },
};
/* clang-format on */

START_TEST(words_are_understood_or_what_is_wrong_is_said)
{
	struct question q;
	char error[QUESTION_ERROR_SIZE] = "";
	const char *wrong = word_rows[_i].wrong;
	bool ok = question_read(word_rows[_i].words, &q, error);

	ck_assert_msg(
	    ok == !wrong && (ok || strncmp(error, wrong, strlen(wrong)) == 0),
	    "%s: %s", word_rows[_i].words, error);
}
END_TEST

START_TEST(a_log_line_is_the_packet_that_it_tells_of)
{
	struct question q;
	char error[QUESTION_ERROR_SIZE];

	ck_assert(question_read(
	    "fw: IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=60 "
	    "PROTO=TCP SPT=40000 DPT=3389 WINDOW=64240 RES=0x00 ACK PSH URGP=0",
	    &q, error));
	ck_assert_int_eq(q.packet.direction, INBOUND);
	ck_assert_int_eq(q.packet.tuple.protocol, PROTOCOL_TCP);
	ck_assert_int_eq(q.packet.tuple.sport, 40000);
	ck_assert_int_eq(q.packet.tuple.dport, 3389);
	ck_assert_int_eq(q.packet.tcp.flags, TCP_ACK | TCP_PSH);
	ck_assert_str_eq(q.in, "eth0");
	ck_assert_str_eq(q.out, "");
	/* what the quoted packet says is not the packet's */
	ck_assert(question_read("IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 "
				"PROTO=ICMP TYPE=3 CODE=1 [SRC=192.0.2.2 "
				"DST=192.0.2.9 PROTO=TCP SPT=7 DPT=9 ]",
	    &q, error));
	ck_assert_int_eq(q.packet.tuple.protocol, PROTOCOL_ICMP);
	ck_assert_int_eq(q.packet.icmp.type, 3);
	ck_assert_int_eq(q.packet.icmp.code, 1);
	ck_assert(q.packet.icmp.is_error);
}
END_TEST

/* ---- as the data path */

/* All that a question must leave as it is. */
struct traces {
	uint64_t counts[DIRECTION_COUNT][REASON_COUNT];
	uint64_t hits;
	size_t flows;
	struct flow_view flow[FLOWS];
};

struct play {
	struct filter *filter;
	struct interfaces *names;
	uint64_t now_ms;
	struct traces before, after;
	uint64_t asked, replies, why[REASON_COUNT];
};

static void
look(const struct play *play, struct traces *state)
{
	const struct policy *policy = filter_policy(play->filter);
	uint32_t cursor = 0;

	memset(state, 0, sizeof(*state));
	for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++)
		for (enum reason why = 0; why < REASON_COUNT; why++)
			state->counts[d][why] =
			    filter_count(play->filter, d, why);
	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		for (size_t i = 0; i < policy->tables[t].count; i++)
			state->hits =
			    state->hits * 31 + filter_rule_totals(play->filter,
						   &policy->tables[t].rule[i])
						   .hits;
	while (state->flows < FLOWS &&
	       filter_next_flow(play->filter, &cursor, play->now_ms,
		   &state->flow[state->flows]))
		state->flows++;
	filter_online();
}

static struct decision
send_packet(struct play *play, const struct packet *packet)
{
	uint8_t bytes[WIRE_SIZE];
	struct frame frame = wire_build(packet, bytes);
	struct decision d;

	bytes[packet->tuple.family == FAMILY_IPV4 ? 8 : 7] = packet->hop_limit;
	filter_batch(play->filter, 0, &frame, &d, 1, play->now_ms);
	return d;
}

/* What became of the packet agrees with the answer that was given. */
static void
check_json(const struct json *json, const struct decision *d)
{
	char want[80];

	snprintf(want, sizeof(want), "\"reason\":\"%s\"", reason_name(d->why));
	EXPECT(strstr(json->text, want), "%s in %s", want, json->text);
	if (d->rule) {
		snprintf(want, sizeof(want), "\"line\":%u,", d->rule->line);
		EXPECT(strstr(json->text, want), "%s in %s", want, json->text);
	}
}

/* The answer to a packet that was let in just now. */
static void
check_reply(struct play *play, const struct packet *packet,
    const struct trial *foreseen, const char *words)
{
	struct packet answer = question_answer(packet);

	if (answer.tuple.protocol == PROTOCOL_TCP)
		answer.tcp.ack = packet->tcp.seq + 1;
	struct decision d = send_packet(play, &answer);
	EXPECT(d.why == foreseen->why && d.rule == foreseen->rule,
	    "%s: the reply gets %s, foreseen was %s", words, reason_name(d.why),
	    reason_name(foreseen->why));
	play->replies++;
}

static void
ask(struct play *play, const char *words)
{
	const struct policy *policy = filter_policy(play->filter);
	char error[QUESTION_ERROR_SIZE];
	struct json json = { 0 };
	struct question q;
	struct packet packet;

	EXPECT(question_read(words, &q, error), "%s: %s", words, error);
	EXPECT(question_packet(&q, play->names, &packet), "%s", words);
	look(play, &play->before);
	struct trial t = filter_try(
	    play->filter, policy, play->names, &packet, play->now_ms);
	explain_json(
	    play->filter, policy, play->names, &packet, play->now_ms, &json);
	filter_online();
	look(play, &play->after);
	EXPECT(memcmp(&play->before, &play->after, sizeof(play->before)) == 0,
	    "%s: asking leaves a trace", words);
	struct trial reply = explain_reply(
	    play->filter, policy, play->names, &packet, &t, play->now_ms);
	filter_online();
	struct decision d = send_packet(play, &packet);
	EXPECT(d.why == t.why && d.rule == t.rule,
	    "%s: it gets %s, foreseen was %s", words, reason_name(d.why),
	    reason_name(t.why));
	check_json(&json, &d);
	play->asked++;
	play->why[d.why]++;
	if (d.why == RULE_ALLOW || d.why == ACL_ALLOW || d.why == ESSENTIAL)
		check_reply(play, &packet, &reply, words);
	json_free(&json);
	filter_quiescent(play->filter, 0);
}

static const char *
one_of(struct dice *dice, const char *const *words, size_t count)
{
	return words[dice_throw(dice, (uint32_t)count)];
}
#define ONE_OF(dice, words) one_of(dice, words, ARRAY_LEN(words))

static void
random_words(struct dice *dice, char *words, size_t size)
{
	static const char *const v4[] = { "192.0.2.7", "192.0.2.130",
		"192.0.3.5", "198.51.100.9" };
	static const char *const v6[] = { "2001:db8::7", "2001:db8:1::5",
		"2001:db9::1", "fe80::9" };
	static const char *const ports[] = { "22", "80", "443", "40003",
		"40005", "50000", "65535", "68", "67", "547", "546" };
	static const char *const directions[] = { "inbound", "outbound",
		"forward" };
	static const char *const protocols[] = { "tcp", "tcp", "udp", "sctp" };
	static const char *const flags[] = { "syn", "syn,ack", "ack", "rst",
		"fin,ack", "psh,ack" };
	static const char *const icmp4[] = { "8", "0", "13", "14", "3/4",
		"30/1" };
	static const char *const icmp6[] = { "128", "129", "1/4", "133", "135",
		"136", "131", "143" };
	bool six = dice_throw(dice, 2);
	const char *src = six ? ONE_OF(dice, v6) : ONE_OF(dice, v4);
	const char *dst = six ? ONE_OF(dice, v6) : ONE_OF(dice, v4);
	uint32_t way = dice_throw(dice, 3), form = dice_throw(dice, 6);
	size_t used;

	while (dst == src)
		dst = six ? ONE_OF(dice, v6) : ONE_OF(dice, v4);
	if (form < 4) {
		const char *protocol = ONE_OF(dice, protocols);
		used = (size_t)snprintf(words, size, "%s %s [%s]:%s [%s]:%s",
		    directions[way], protocol, src, ONE_OF(dice, ports), dst,
		    ONE_OF(dice, ports));
		if (strcmp(protocol, "tcp") == 0 && dice_throw(dice, 2))
			used += (size_t)snprintf(words + used, size - used,
			    " flags=%s", ONE_OF(dice, flags));
	} else if (form == 4) {
		used = (size_t)snprintf(words, size, "%s %s %s %s icmp=%s",
		    directions[way], six ? "icmpv6" : "icmp", src, dst,
		    six ? ONE_OF(dice, icmp6) : ONE_OF(dice, icmp4));
	} else {
		used = (size_t)snprintf(
		    words, size, "%s esp %s %s", directions[way], src, dst);
	}
	if (way != OUTBOUND)
		used += (size_t)snprintf(words + used, size - used, " in=%s",
		    one_of(dice, interface_names, INTERFACES));
	if (way != INBOUND)
		snprintf(words + used, size - used, " out=%s",
		    one_of(dice, interface_names, INTERFACES));
}

static struct policy *
random_policy(struct dice *dice)
{
	struct phrase config = { 0 };
	bool acl = !dice_throw(dice, 3), only = acl && !dice_throw(dice, 4);
	unsigned kind = RULES_SMALL | RULES_REJECT;

	phrase_add(&config, "sets = { some = [\"192.0.2.0/26\"]; };\n");
	if (acl) {
		phrase_add(&config, "acl = {\ninbound = ");
		random_rules(&config, dice, 4, RULES_SMALL);
		phrase_add(&config, "outbound = ");
		random_rules(&config, dice, 4, RULES_SMALL);
		phrase_add(&config, "};\n");
	}
	for (size_t t = 0; t < 3 && !only; t++) {
		static const char *const names[] = { "inbound", "outbound",
			"forward" };
		phrase_add(&config,
		    "%s = (\n{ port = 22; from = \"@some\"; action = "
		    "\"allow\"; limit = \"3/m per source\"; %s},\n"
		    "{ port = 80; protocol = \"udp\"; max_flows = 2; action = "
		    "\"allow\"; },\n",
		    names[t],
		    dice_throw(dice, 2) ? "on_overload = \"next\"; " : "");
		struct phrase rest = { 0 };
		random_rules(&rest, dice, 5, kind | RULES_STATELESS);
		phrase_add(&config, "%s", rest.text + strlen("(\n"));
		free(phrase_take(&rest));
	}
	struct policy *policy = policy_of(config.text);
	free(phrase_take(&config));
	return policy;
}

static void
play_policy(struct play *play, uint64_t seed)
{
	struct dice dice = { seed };
	struct policy *old = NULL;
	struct prefix p;
	char words[PACKETS][QUESTION_SIZE];
	struct filter_options options = {
		.max_flows = FLOWS,
		.workers = 1,
		.hash_key = { 7 },
		.interfaces = play->names,
	};

	play->filter = filter_create(&options);
	play->now_ms = 1000000;
	ck_assert(play->filter != NULL);
	filter_enter(play->filter, 0);
	ck_assert(filter_publish(play->filter, random_policy(&dice), &old));
	ck_assert(prefix_parse("198.51.100.9", &p));
	if (!dice_throw(&dice, 4))
		filter_ban(play->filter, &p, SET_FOREVER);
	if (dice_throw(&dice, 2))
		filter_set_add(play->filter, "some", &p, SET_FOREVER);
	filter_tend(play->filter, play->now_ms);
	for (unsigned i = 0; i < PACKETS; i++) {
		play->now_ms += dice_throw(&dice, 50);
		/* one in three again, of which some are in a connection */
		if (i == 0 || dice_throw(&dice, 3))
			random_words(&dice, words[i], sizeof(words[i]));
		else
			strcpy(words[i], words[dice_throw(&dice, i)]);
		ask(play, words[i]);
	}
	filter_leave(play->filter, 0);
	filter_destroy(play->filter);
}

START_TEST(what_is_foreseen_happens_and_asking_leaves_no_trace)
{
	static struct play play;
	unsigned seen = 0;

	play.names = named_interfaces();
	for (unsigned seed = 0; seed < rounds(1000); seed++)
		play_policy(&play, seed);
	interfaces_destroy(play.names);
	for (enum reason why = 0; why < REASON_COUNT; why++)
		seen += play.why[why] > 0;
	ck_assert_uint_eq(play.asked, rounds(1000) * PACKETS);
	/* enough of each kind happens to mean something */
	ck_assert_uint_gt(play.replies, play.asked / 10);
	ck_assert_uint_gt(play.why[ESTABLISHED], play.asked / 200);
	ck_assert_uint_ge(seen, 12);
}
END_TEST

Suite *
suite_explain(void)
{
	Suite *suite = suite_create("explain");
	TCase *words = tcase_create("words"), *random = tcase_create("random");

	tcase_add_loop_test(words,
	    words_are_understood_or_what_is_wrong_is_said, 0,
	    ARRAY_LEN(word_rows));
	tcase_add_test(words, a_log_line_is_the_packet_that_it_tells_of);
	suite_add_tcase(suite, words);
	tcase_set_timeout(random, 58);
	tcase_add_test(
	    random, what_is_foreseen_happens_and_asking_leaves_no_trace);
	suite_add_tcase(suite, random);
	return suite;
}
