/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index over rules decides as the walk in order does: on tables with the
 * awkward cases, and on random ones, for packets at every end of what the rules
 * ask for and next to it.
 */
#include "classifier.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "suites.h"

#define TEXT (4 * 1024 * 1024)

static uint64_t state;

/* From 0 to below. */
static unsigned
random_below(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % below);
}

static struct policy *
load(const char *config)
{
	struct conf_text text = { "test.conf", config, strlen(config) };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = conf_load(&text, 1, &diagnostics);

	ck_assert_msg(policy != NULL, "%s\nin %s",
	    diagnostics.count > 0 ? diagnostics.line[0] : "", config);
	for (size_t i = 0; i < diagnostics.count; i++)
		ck_assert_msg(!strstr(diagnostics.line[i], "searched in order"),
		    "%s", diagnostics.line[i]);
	diagnostics_clear(&diagnostics);
	return policy;
}

/* Also of tables that are too short for it. */
static void
make_index(struct rules *rules)
{
	if (!rules->classifier)
		rules->classifier = classifier_create(rules);
	ck_assert_ptr_nonnull(rules->classifier);
}

/* The number of the rule that decides, from 1, 0: none; both ways. */
static unsigned
decided_by(const struct rules *rules, const struct packet *packet,
    const struct interfaces *interfaces)
{
	struct rules in_order = *rules;
	const struct rule *want, *got;
	char src[ENDPOINT_TEXT_SIZE], dst[ENDPOINT_TEXT_SIZE];
	const struct tuple *t = &packet->tuple;

	in_order.classifier = NULL;
	want = rules_match(&in_order, packet, interfaces);
	got = rules_match(rules, packet, interfaces);
	endpoint_print(t->src, t->sport, true, src, sizeof(src));
	endpoint_print(t->dst, t->dport, true, dst, sizeof(dst));
	ck_assert_msg(got == want, "%u %s to %s: rule %u by index, %u in order",
	    t->protocol, src, dst, got ? got->place : 0,
	    want ? want->place : 0);
	if (got)
		ck_assert_ptr_eq(
		    rules_match_after(rules, got, packet, interfaces),
		    rules_match_after(&in_order, got, packet, interfaces));
	return got ? got->place : 0;
}

/* ---- tables to read */

static const char awkward[] =
    "inbound = ("
    /* 1 */ "{ port = 22; from = \"192.0.2.0/24\"; action = \"block\"; },"
    /* 2 */ "{ port = 22; interface = \"eth1\"; action = \"allow\"; },"
    /* 3 */ "{ port = \"20-22\"; from = \"192.0.0.0/16\"; action = "
    "\"allow\"; },"
    /* 4 */ "{ port = (\"22-23\", 65535); protocol = \"tcp\"; "
    "source_port = 7; action = \"allow\"; },"
    /* 5 */ "{ port = 1; from = \"::/0\"; action = \"allow\"; },"
    /* 6 */ "{ port = 1; from = \"0.0.0.0/0\"; action = \"allow\"; },"
    /* 7 */ "{ port = 2; action = \"block\"; },"
    /* 8 */ "{ protocol = \"esp\"; to = \"2001:db8::/32\"; action = "
    "\"allow\"; },"
    /* 9 */ "{ icmp = \"echo-request\"; action = \"allow\"; } );";

/* clang-format off */
static const struct {
	unsigned protocol;
	const char *src, *dst;
	unsigned sport, dport;
	const char *in; /* interface */
	unsigned want;  /* rule, 0: none */
} packets[] = {
	{ PROTOCOL_TCP, "192.0.2.0", "203.0.113.1", 9, 22, "eth0", 1 },
	{ PROTOCOL_TCP, "192.0.2.255", "203.0.113.1", 9, 22, "eth1", 1 },
	{ PROTOCOL_TCP, "192.0.3.0", "203.0.113.1", 9, 22, "eth1", 2 }, /* 3 too */
	{ PROTOCOL_TCP, "192.0.3.0", "203.0.113.1", 9, 22, "eth0", 3 }, /* not 2 */
	{ PROTOCOL_TCP, "192.1.0.0", "203.0.113.1", 9, 22, "eth0", 0 },
	{ PROTOCOL_TCP, "192.1.0.0", "203.0.113.1", 7, 22, "eth0", 4 },
	{ PROTOCOL_UDP, "192.1.0.0", "203.0.113.1", 7, 22, "eth0", 0 },
	{ PROTOCOL_TCP, "192.0.0.0", "203.0.113.1", 9, 20, "eth0", 3 },
	{ PROTOCOL_TCP, "192.0.0.0", "203.0.113.1", 9, 19, "eth0", 0 },
	{ PROTOCOL_TCP, "192.0.0.0", "203.0.113.1", 9, 23, "eth0", 0 },
	{ PROTOCOL_TCP, "192.0.0.0", "203.0.113.1", 7, 65535, "eth0", 4 },
	{ PROTOCOL_TCP, "192.0.0.0", "203.0.113.1", 7, 65534, "eth0", 0 },
	{ PROTOCOL_TCP, "0.0.0.0", "203.0.113.1", 9, 1, "eth0", 6 }, /* not ::/0 */
	{ PROTOCOL_TCP, "255.255.255.255", "203.0.113.1", 9, 1, "eth0", 6 },
	{ PROTOCOL_TCP, "::", "2001:db8::1", 9, 1, "eth0", 5 },
	{ PROTOCOL_TCP, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::1", 9, 1, "eth0", 5 },
	{ PROTOCOL_ESP, "2001:db7::1", "2001:db8::", 0, 0, "eth0", 8 },
	{ PROTOCOL_ESP, "2001:db7::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0, "eth0", 8 },
	{ PROTOCOL_ESP, "2001:db7::1", "2001:db9::", 0, 0, "eth0", 0 },
	{ 255, "192.0.2.1", "203.0.113.1", 0, 0, "eth0", 0 },
};
/* clang-format on */

#define PACKET_COUNT (int)(sizeof(packets) / sizeof(packets[0]))

START_TEST(the_first_match_decides_by_index_too)
{
	struct policy *policy = load(awkward);
	struct rules *rules = &policy->tables[TABLE_INBOUND];
	struct interfaces *interfaces = interfaces_create();
	struct packet packet = {
		.direction = INBOUND,
		.in_interface =
		    interfaces_intern(interfaces, packets[_i].in),
		.tuple = {
			.protocol = (uint8_t)packets[_i].protocol,
			.sport = (uint16_t)packets[_i].sport,
			.dport = (uint16_t)packets[_i].dport,
		},
	};
	struct tuple *t = &packet.tuple;

	make_index(rules);
	ck_assert(address_parse(packets[_i].src, &t->src));
	ck_assert(address_parse(packets[_i].dst, &t->dst));
	t->family = address_is_v4(t->src) ? FAMILY_IPV4 : FAMILY_IPV6;
	ck_assert_uint_eq(
	    decided_by(rules, &packet, interfaces), packets[_i].want);
	policy_destroy(policy);
	interfaces_destroy(interfaces);
}
END_TEST

/* ---- random tables */

struct text {
	char *bytes;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void
add(struct text *text, const char *format, ...)
{
	va_list list;

	ck_assert_ptr_nonnull(text->bytes);
	va_start(list, format);
	text->used += (size_t)vsnprintf(
	    text->bytes + text->used, TEXT - text->used, format, list);
	va_end(list);
	ck_assert_uint_lt(text->used, TEXT);
}

/* The policy of what was written, to the end of its table. */
static struct policy *
end_text(struct text *text)
{
	struct policy *policy;

	add(text, ");");
	policy = load(text->bytes);
	free(text->bytes);
	return policy;
}

/* Nested, neighbouring and far prefixes and ranges, some the same. */
static void
add_address(struct text *text, bool v4)
{
	unsigned a = random_below(8), b = random_below(40), c = random_below(4);

	if (v4 && c == 0)
		add(text, "\"198.18.%u.0-198.18.%u.%u\"", a, a + b, b);
	else if (v4)
		add(text, "\"198.%u.%u.0/%u\"", 18 + a / 7, b,
		    random_below(30) ? 20 + random_below(13) : 9);
	else if (c == 0)
		add(text, "\"2001:db8::%x-2001:db8::%x:%x\"", b, a + 1, b);
	else
		add(text, "\"2001:db8:%x:%x::/%u\"", a, b, random_below(129));
}

static void
add_port(struct text *text)
{
	unsigned low =
	    random_below(4) ? random_below(300) : random_below(65536);
	unsigned high = low + random_below(random_below(9) ? 9 : 30000);

	if (low == 0)
		low = high = high ? high : 1;
	if (random_below(2))
		add(text, "%u", low);
	else
		add(text, "\"%u-%u\"", low, high < 65535 ? high : 65535);
}

static void
add_rule(struct text *text)
{
	bool v4 = random_below(3) > 0;
	static const char *const protocols[] = { "tcp", "udp", "sctp" };

	add(text, "{");
	if (random_below(16) == 0) {
		add(text, "protocol = %u;", random_below(256));
	} else {
		if (random_below(2))
			add(text, "protocol = \"%s\";",
			    protocols[random_below(3)]);
		add(text, "port = (");
		add_port(text);
		add(text, ",");
		add_port(text);
		add(text, ");");
		if (random_below(16) == 0)
			add(text, "source_port = %u;", 1 + random_below(3));
	}
	for (unsigned way = 0; way < 2; way++)
		if (random_below(4)) {
			add(text, way ? "to = (" : "from = (");
			add_address(text, v4);
			if (random_below(3) == 0) {
				add(text, ",");
				add_address(text, v4);
			}
			if (random_below(9) == 0)
				add(text, ", \"@some\"");
			add(text, ");");
		}
	if (random_below(12) == 0)
		add(text, "interface = \"eth%u\";", random_below(2));
	add(text, "action = \"allow\"; }");
}

static struct policy *
random_policy(unsigned rules)
{
	struct text text = { malloc(TEXT), 0 };

	add(&text,
	    "sets = { some = [\"198.18.3.0/26\", \"2001:db8:3:8::/64\"]; };"
	    "inbound = (");
	for (unsigned i = 0; i < rules; i++) {
		add(&text, i > 0 ? "," : "");
		add_rule(&text);
	}
	return end_text(&text);
}

/* An end of a range of some rule, or one beside it: `at` counts through them.
 */
static struct address
end_of(const struct address_range *ranges, size_t count, unsigned at)
{
	const struct address_range *range = &ranges[at / 6 % count];
	struct address a = at % 2 ? range->low : range->high;
	uint64_t low = a.low;

	a.low += (uint64_t)(at / 2 % 3) - 1;
	if (at / 2 % 3 == 0)
		a.high -= low == 0;
	if (at / 2 % 3 == 2)
		a.high += a.low == 0;
	return a;
}

static uint16_t
port_end_of(const struct rule *rule, unsigned at)
{
	if (rule->port_count == 0)
		return (uint16_t)random_below(65536);
	const struct port_range *range =
	    &rule->ports[at / 6 % rule->port_count];
	return (uint16_t)((at % 2 ? range->low : range->high) + at / 2 % 3 - 1);
}

static struct address
any_address(bool v4)
{
	struct address v6 = { UINT64_C(0x20010db8) << 32 | random_below(9),
		random_below(99) };

	return v4 ? address_from_v4(0xc6120000 + random_below(1 << 20)) : v6;
}

/* At end number `at` of the rule in each field, the rest as it comes. */
static struct packet
packet_at(const struct rules *rules, const struct rule *rule, unsigned at)
{
	static const uint8_t usual[] = { PROTOCOL_TCP, PROTOCOL_UDP,
		PROTOCOL_SCTP, PROTOCOL_TCP };
	const struct rule *other = &rules->rule[random_below(rules->count)];
	struct packet packet = { .direction = INBOUND };
	struct tuple *t = &packet.tuple;
	bool v4 = random_below(3) > 0;

	packet.in_interface = (uint16_t)random_below(3);
	packet.is_later_fragment = random_below(40) == 0;
	t->protocol = (uint8_t)(random_below(6) ? usual[random_below(4)]
						: random_below(256));
	t->dport = packet.is_later_fragment
		       ? 0
		       : port_end_of(random_below(4) ? rule : other, at);
	t->sport = (uint16_t)random_below(4);
	if (rule->from_count)
		v4 = address_is_v4(rule->from[0].low);
	else if (rule->to_count)
		v4 = address_is_v4(rule->to[0].low);
	t->src = rule->from_count ? end_of(rule->from, rule->from_count, at)
				  : any_address(v4);
	t->dst = rule->to_count ? end_of(rule->to, rule->to_count, at / 3)
				: any_address(v4);
	if (random_below(4) == 0 && other->from_count)
		t->src = end_of(other->from, other->from_count, at);
	if (address_is_v4(t->src) != address_is_v4(t->dst))
		t->dst = t->src; /* a packet is of one family */
	t->family = address_is_v4(t->src) ? FAMILY_IPV4 : FAMILY_IPV6;
	return packet;
}

/* Around the borders of words and blocks. */
static const unsigned sizes[] = { 31, 63, 64, 65, 200, 511, 512, 513, 1025,
	1500 };

#define SIZES (int)(sizeof(sizes) / sizeof(sizes[0]))
#define ASKED 300 /* rules, about */
#define ENDS  24  /* of a rule: several ranges, both ends, three values each */

START_TEST(random_tables_decide_the_same_at_every_end)
{
	struct interfaces *interfaces = interfaces_create();
	unsigned asked = 0, matched = 0, last = 0;

	state = (uint64_t)_i + 1;
	interfaces_intern(interfaces, "eth0");
	interfaces_intern(interfaces, "eth1");
	struct policy *policy = random_policy(sizes[_i % SIZES]);
	struct rules *rules = &policy->tables[TABLE_INBOUND];
	make_index(rules);
	for (size_t i = 0; i < rules->count; i += 1 + rules->count / ASKED)
		for (unsigned at = 0; at < ENDS; at++, asked++) {
			struct packet packet =
			    packet_at(rules, &rules->rule[i], at);
			unsigned place = decided_by(rules, &packet, interfaces);
			matched += place > 0;
			if (place > last)
				last = place;
		}
	/* Else there was nothing to decide, or always the same. */
	ck_assert_uint_lt(matched, asked);
	ck_assert_uint_gt(last, (unsigned)rules->count / 2);
	policy_destroy(policy);
	interfaces_destroy(interfaces);
}
END_TEST

START_TEST(ten_thousand_rules_are_indexed_in_a_few_megabytes)
{
	struct text text = { malloc(TEXT), 0 };

	add(&text, "inbound = ( { port = 1; action = \"allow\"; }");
	for (unsigned i = 1; i < 10000; i++)
		add(&text,
		    ",{ port = %u; from = \"198.18.%u.%u\"; action = "
		    "\"allow\"; }",
		    1 + i * 7 % 65535, i / 256, i % 256);
	struct policy *policy = end_text(&text);
	struct rules *rules = &policy->tables[TABLE_INBOUND];
	ck_assert_ptr_nonnull(rules->classifier);
	ck_assert_uint_lt(classifier_bytes(rules->classifier), 8 * 1024 * 1024);
	for (size_t i = 0; i < rules->count; i += 97) {
		struct packet packet = { .direction = INBOUND };
		packet.tuple.family = FAMILY_IPV4;
		packet.tuple.protocol = PROTOCOL_UDP;
		packet.tuple.dport = rules->rule[i].hull.low;
		packet.tuple.src = address_from_v4(0xc6120000 + (uint32_t)i);
		ck_assert_uint_gt(decided_by(rules, &packet, NULL), 0);
	}
	policy_destroy(policy);
}
END_TEST

START_TEST(who_joins_a_set_later_is_found)
{
	static const uint8_t key[16] = { 42 };
	struct policy *policy = load(
	    "sets = { some = { members = []; }; };"
	    "inbound = ( { port = 1; from = \"192.0.2.1\"; action = \"allow\"; "
	    "}, { port = 22; from = (\"192.0.2.2\", \"@some\"); action = "
	    "\"allow\"; } );");
	struct rules *rules = &policy->tables[TABLE_INBOUND];
	struct packet packet = { .direction = INBOUND };
	struct set *live = set_create(key);
	struct prefix prefix;

	make_index(rules);
	packet.tuple = (struct tuple){
		.family = FAMILY_IPV4,
		.protocol = PROTOCOL_TCP,
		.dport = 22,
	};
	ck_assert(address_parse("192.0.2.7", &packet.tuple.src));
	ck_assert_uint_eq(decided_by(rules, &packet, NULL), 0);
	policy_find_set(policy, "some")->live = live;
	ck_assert(prefix_parse("192.0.2.7", &prefix));
	ck_assert_int_eq(set_add(live, &prefix, SET_FOREVER, 10), SET_ADDED);
	ck_assert_uint_eq(decided_by(rules, &packet, NULL), 2);
	ck_assert(set_remove(live, &prefix));
	ck_assert_uint_eq(decided_by(rules, &packet, NULL), 0);
	policy_destroy(policy);
	set_destroy(live);
}
END_TEST

Suite *
suite_classifier(void)
{
	Suite *suite = suite_create("classifier");
	TCase *match = tcase_create("match");

	tcase_set_timeout(match, 30);
	tcase_add_loop_test(
	    match, the_first_match_decides_by_index_too, 0, PACKET_COUNT);
	tcase_add_loop_test(
	    match, random_tables_decide_the_same_at_every_end, 0, 2 * SIZES);
	tcase_add_test(
	    match, ten_thousand_rules_are_indexed_in_a_few_megabytes);
	suite_add_tcase(suite, match);
	tcase_add_test(match, who_joins_a_set_later_is_found);
	return suite;
}
