/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words that rules are made of are few, so that rules meet, hold and
 * complete each other often.
 */
#include "policies.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

unsigned
rounds(unsigned count)
{
	return getenv("FEWER_ROUNDS") ? count / 10 : count;
}

/* splitmix64, by Sebastiano Vigna (public domain): one addition, three
 * multiplications by odd numbers. */
uint32_t
dice_throw(struct dice *dice, uint32_t sides)
{
	uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) % sides);
}

struct policy *
policy_of(const char *config)
{
	struct conf_text text = { "test.conf", config, strlen(config) };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = conf_load(&text, 1, &diagnostics);

	ck_assert_msg(policy != NULL, "%s\nin %s",
	    diagnostics.count > 0 ? diagnostics.line[0] : "", config);
	diagnostics_clear(&diagnostics);
	return policy;
}

/* clang-format off */
static const char *const port_words[] = {
	"22", "80", "443", "'1-1023'", "'1024-65535'", "'32768-60999'", "'49152-65535'",
	"'40000-40007'", "40005", "'40004-40015'", "(22, '40000-40003')", "'1-65535'", "65535",
};
static const char *const addresses[] = {
	"'192.0.2.0/24'", "'192.0.2.128/25'", "'0.0.0.0/0'", "'::/0'",
	"'2001:db8::/32'", "'2001:db8:1::/48'", "('192.0.2.7', '2001:db8::/32')",
	"('0.0.0.0/0', '::/0')", "'192.0.2.100-192.0.3.5'", "'::-2001:db8:1::5'",
};
static const char *const few_addresses[] = {
	"'192.0.2.0/24'", "'192.0.2.128/25'", "'0.0.0.0/0'", "'2001:db8::/32'", "'::/0'",
};
static const char *const protocols[] = {
	"'tcp'", "'udp'", "('tcp', 'udp')", "('tcp', 'udp', 'sctp')", "'sctp'",
};
static const char *const port_free[] = {
	"'icmp'", "'icmpv6'", "('icmp', 'icmpv6', 'tcp')", "'esp'", "'tcp'",
};
static const char *const icmp[] = {
	"'echo-request'", "'echo-reply'", "'timestamp-request'",
	"'packet-too-big'", "('destination-unreachable/fragmentation-needed', 'echo-request')",
	"'destination-unreachable'", "('echo-reply', 'destination-unreachable/fragmentation-needed')",
};
static const char *const flag_words[] = {
	"'syn'", "'syn/syn,ack'", "'ack'", "'ack/syn,ack'", "('rst', 'fin')", "'none/psh,ack'",
};
static const char *const interfaces[] = { "'eth0'", "'wg*'", "'wg1'", "('eth0', 'wg*')", "'eth*'" };
/* clang-format on */

const char *const interface_names[INTERFACES] = { "eth0", "eth1", "wg0", "wg1",
	"lan0" };

struct interfaces *
named_interfaces(void)
{
	struct interfaces *names = interfaces_create();

	for (size_t i = 0; i < INTERFACES; i++)
		ck_assert_uint_eq(
		    interfaces_intern(names, interface_names[i]), i + 1);
	return names;
}

static const char *
one_of(struct dice *dice, const char *const *words, size_t count)
{
	return words[dice_throw(dice, (uint32_t)count)];
}

#define ONE_OF(dice, words) one_of(dice, words, ARRAY_LEN(words))

static void
add_criteria(struct phrase *config, struct dice *dice, unsigned kind)
{
	bool small = kind & RULES_SMALL;
	uint32_t form = dice_throw(dice, 10);
	bool udp = false; /* perhaps */

	if (form < 6) {
		udp = dice_throw(dice, 2) == 1;
		if (udp)
			phrase_add(
			    config, "protocol = %s; ", ONE_OF(dice, protocols));
		phrase_add(config, "port = %s; ", ONE_OF(dice, port_words));
		if (!dice_throw(dice, 4))
			phrase_add(config, "source_port = %s; ",
			    ONE_OF(dice, port_words));
	} else if (form == 6) {
		phrase_add(config, "icmp = %s; ", ONE_OF(dice, icmp));
	} else if (form == 7) {
		phrase_add(config, "protocol = %s; ", ONE_OF(dice, port_free));
	}
	if (!udp && (form < 6 || form > 7) && !dice_throw(dice, 6))
		phrase_add(config, "flags = %s; ", ONE_OF(dice, flag_words));
	if (!dice_throw(dice, 3))
		phrase_add(config, "from = %s; ",
		    small ? ONE_OF(dice, few_addresses)
			  : ONE_OF(dice, addresses));
	if (!dice_throw(dice, small ? 4 : 6))
		phrase_add(config, "to = %s; ",
		    small ? ONE_OF(dice, few_addresses)
			  : ONE_OF(dice, addresses));
	if (!dice_throw(dice, 6))
		phrase_add(
		    config, "interface = %s; ", ONE_OF(dice, interfaces));
}

void
random_rules(
    struct phrase *config, struct dice *dice, size_t count, unsigned kind)
{
	static const char *const actions[] = { "allow", "block", "allow",
		"reject" };

	phrase_add(config, "(\n");
	for (size_t i = 0; i < count; i++) {
		phrase_add(config, "{ ");
		add_criteria(config, dice, kind);
		phrase_add(config, "action = '%s'; ",
		    actions[dice_throw(dice, kind & RULES_REJECT ? 4 : 3)]);
		if (kind & RULES_STATELESS && dice_throw(dice, 3))
			phrase_add(config, "stateful = false; ");
		phrase_add(config, "}%s\n",
		    i + 1 < count || kind & RULES_CLOSED ? "," : "");
	}
	if (kind & RULES_CLOSED)
		phrase_add(config, "{ action = 'block'; }\n");
	phrase_add(config, ");\n");
	for (char *c = config->text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
}

/* Values that tell something apart, without repeats. */
struct values {
	uint64_t at[128];
	size_t count;
};

static void
add_value(struct values *values, uint64_t value)
{
	for (size_t i = 0; i < values->count; i++)
		if (values->at[i] == value)
			return;
	ck_assert_uint_lt(values->count, ARRAY_LEN(values->at));
	values->at[values->count++] = value;
}

struct places {
	struct address at[64];
	size_t count;
};

static void
add_place(struct places *places, struct address address)
{
	for (size_t i = 0; i < places->count; i++)
		if (address_equal(places->at[i], address))
			return;
	ck_assert_uint_lt(places->count, ARRAY_LEN(places->at));
	places->at[places->count++] = address;
}

struct corners {
	struct values port, source_port, icmp, flags;
	struct places from, to;
	bool interfaces;
};

static void
add_ports(struct values *values, const struct port_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add_value(values, ranges[i].low);
		if (ranges[i].high < UINT16_MAX)
			add_value(values, ranges[i].high + 1u);
	}
}

static void
add_places(
    struct places *places, const struct address_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct address next = ranges[i].high;
		next.low++;
		next.high += next.low == 0;
		add_place(places, ranges[i].low);
		/* not into the other family, and not round */
		if (address_is_v4(next) == address_is_v4(ranges[i].low) &&
		    (next.high || next.low))
			add_place(places, next);
	}
}

static void
add_corners(struct corners *c, const struct rule *rule)
{
	add_ports(&c->port, rule->ports, rule->port_count);
	add_ports(&c->source_port, rule->source_ports, rule->source_port_count);
	add_places(&c->from, rule->from, rule->from_count);
	add_places(&c->to, rule->to, rule->to_count);
	for (size_t i = 0; i < rule->icmp_count; i++) {
		const struct icmp_match *m = &rule->icmp[i];
		uint64_t code = m->code < 0 ? 0 : (uint64_t)m->code;
		add_value(&c->icmp, (uint64_t)m->type << 8 | code);
		add_value(&c->icmp, (uint64_t)m->type << 8 | (code + 1));
	}
	/* of the flags that rules here ask for, all that go together */
	for (unsigned flags = 0; rule->flags_count > 0 && flags < TCP_URG;
	     flags++)
		if (tcp_flags_are_legal((uint8_t)flags))
			add_value(&c->flags, flags);
	c->interfaces |= rule->interface_count > 0;
}

/* What tells answers apart, seen from the packet that is answered. */
static void
add_reverse(struct corners *c)
{
	for (size_t i = 0; i < c->source_port.count; i++)
		add_value(&c->port, c->source_port.at[i]);
	for (size_t i = 0; i < c->from.count; i++)
		add_place(&c->to, c->from.at[i]);
	for (size_t i = 0; i < c->to.count; i++)
		add_place(&c->from, c->to.at[i]);
}

/* Of TCP; of anything else itself. */
static void
each_segment(struct packet *p, const struct corners *c,
    void (*visit)(void *context, const struct packet *packet), void *context)
{
	bool tcp = p->tuple.protocol == PROTOCOL_TCP;

	for (size_t i = 0; tcp && i < c->flags.count; i++) {
		p->tcp.flags = (uint8_t)c->flags.at[i];
		visit(context, p);
	}
	p->tcp.flags = 0;
	if (!tcp)
		visit(context, p);
}

static void
each_number(struct packet *p, const struct corners *c,
    void (*visit)(void *context, const struct packet *packet), void *context)
{
	bool v4 = p->tuple.family == FAMILY_IPV4;
	bool ports = protocol_has_ports(p->tuple.protocol);
	bool own_icmp =
	    p->tuple.protocol == (v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);

	for (size_t i = 0; ports && i < c->port.count; i++)
		for (size_t j = 0; j < c->source_port.count; j++) {
			p->tuple.dport = (uint16_t)c->port.at[i];
			p->tuple.sport = (uint16_t)c->source_port.at[j];
			each_segment(p, c, visit, context);
		}
	p->tuple.sport = p->tuple.dport = 0;
	for (size_t i = 0; own_icmp && i < c->icmp.count; i++) {
		p->icmp.type = (uint8_t)(c->icmp.at[i] >> 8);
		p->icmp.code = (uint8_t)c->icmp.at[i];
		visit(context, p);
	}
	p->icmp = (struct icmp_facts){ 0 };
	if (!ports && !own_icmp)
		visit(context, p);
}

static void
each_tuple(struct packet *p, const struct corners *c,
    void (*visit)(void *context, const struct packet *packet), void *context)
{
	static const uint8_t numbers[] = { 1, 6, 17, 50, 58, 132 };

	for (size_t i = 0; i < c->from.count; i++)
		for (size_t j = 0; j < c->to.count; j++)
			for (size_t n = 0; n < ARRAY_LEN(numbers); n++) {
				bool v4 = address_is_v4(c->from.at[i]);
				if (v4 != address_is_v4(c->to.at[j]))
					continue;
				p->tuple = (struct tuple){
					.src = c->from.at[i],
					.dst = c->to.at[j],
					.family =
					    v4 ? FAMILY_IPV4 : FAMILY_IPV6,
					.protocol = numbers[n],
				};
				each_number(p, c, visit, context);
			}
}

void
each_packet(const struct policy *const *policies, size_t count,
    enum direction direction, bool answered,
    void (*visit)(void *context, const struct packet *packet), void *context)
{
	/* of each family, and those of hosts */
	const struct address lowest[] = { { 0, 0 }, { 0, 2 },
		address_from_v4(0), address_from_v4(1u << 24) };
	const uint64_t queries[] = { 0, 8 << 8, 13 << 8, 128 << 8 };
	struct corners c = { 0 };
	struct packet packet = { .direction = (uint8_t)direction };

	add_value(&c.port, 1);
	add_value(&c.source_port, 1);
	add_value(&c.flags, TCP_SYN);
	for (size_t i = 0; i < ARRAY_LEN(queries); i++)
		add_value(&c.icmp, queries[i]);
	for (size_t i = 0; i < ARRAY_LEN(lowest); i++) {
		add_place(&c.from, lowest[i]);
		add_place(&c.to, lowest[i]);
	}
	for (size_t p = 0; p < count; p++)
		for (enum table_id t = 0; t < TABLE_COUNT; t++)
			for (size_t i = 0; i < policies[p]->tables[t].count;
			     i++)
				add_corners(
				    &c, &policies[p]->tables[t].rule[i]);
	if (answered)
		add_reverse(&c);
	uint16_t names = c.interfaces ? INTERFACES : 1;
	for (uint16_t in = 1; in <= names; in++)
		for (uint16_t out = 1; out <= names; out++) {
			if (direction != FORWARD && out != in)
				continue;
			packet.in_interface = in;
			packet.out_interface = out;
			each_tuple(&packet, &c, visit, context);
		}
}

struct policy *
probe_policy(void)
{
	struct phrase config = { 0 };

	phrase_add(&config, "inbound = (); forward = (");
	for (size_t i = 0; i < INTERFACES; i++)
		for (size_t j = 0; j < INTERFACES; j++)
			phrase_add(&config,
			    "%s{ interface = \"%s\"; out_interface = \"%s\"; "
			    "action = \"allow\"; }",
			    i + j > 0 ? ", " : "", interface_names[i],
			    interface_names[j]);
	phrase_add(&config, ");");
	struct policy *policy = policy_of(config.text);
	free(phrase_take(&config));
	return policy;
}

struct region
region_of_packet(
    struct space *space, const struct policy *probe, const struct packet *p)
{
	uint64_t values[] = { p->tuple.protocol, p->tuple.dport, p->tuple.sport,
		0, 0 };
	struct address_range from = { p->tuple.src, p->tuple.src };
	struct address_range to = { p->tuple.dst, p->tuple.dst };
	uint64_t user = p->user, group = p->group;
	size_t names =
	    (p->in_interface - 1u) * INTERFACES + (p->out_interface - 1u);
	space_begin(space, REGION_STEPS);
	struct region one = region_of_rule(
	    space, &probe->tables[TABLE_FORWARD].rule[names], REGION_LEAST);

	if (p->tuple.protocol ==
	    (p->tuple.family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6))
		values[3] =
		    icmp_value(p->tuple.family, p->icmp.type, p->icmp.code);
	if (p->tuple.protocol == PROTOCOL_TCP)
		values[4] = flags_value(p->tcp.flags);
	for (enum side s = SIDE_PROTOCOL; s <= SIDE_FLAGS; s++)
		region_limit(space, &one, s, spans_of(values[s], values[s]));
	region_limit(space, &one, SIDE_USER, spans_of(user, user));
	region_limit(space, &one, SIDE_GROUP, spans_of(group, group));
	region_limit(space, &one, SIDE_FROM, spans_create(&from, 1));
	region_limit(space, &one, SIDE_TO, spans_create(&to, 1));
	EXPECT(one.count == 1, "there is no such packet");
	return one;
}
