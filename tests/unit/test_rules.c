/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What matches what, row by row; that the first match wins; that the searches
 * in lists agree with a look at every element.
 */
#include "rules.h"

#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

enum { IN = INBOUND, OUT = OUTBOUND, FWD = FORWARD };
enum {
	ICMP = PROTOCOL_ICMP,
	TCP = PROTOCOL_TCP,
	UDP = PROTOCOL_UDP,
	ESP = PROTOCOL_ESP,
	ICMP6 = PROTOCOL_ICMPV6,
	SCTP = PROTOCOL_SCTP
};

static struct policy *
load(const char *config)
{
	struct conf_text text = { "test.conf", config, strlen(config) };
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = conf_load(&text, 1, &diagnostics);

	ck_assert_msg(policy != NULL, "%s\nin %s",
	    diagnostics.count > 0 ? diagnostics.line[0] : "", config);
	diagnostics_clear(&diagnostics);
	return policy;
}

/* One rule with these criteria, and a packet for it. */
struct row {
	const char *rule;
	unsigned direction, protocol;
	const char *src, *dst; /* "192.0.2.1:22", "[2001:db8::1]:22", no port */
	const char *want; /* first criterion that fails, NULL: it matches */

	unsigned icmp_type, icmp_code;
	const char *in, *out; /* interfaces */
	bool later_fragment;
	unsigned flags;       /* TCP */
	unsigned user, group; /* 0: not known */
};

/* clang-format off */
static const struct row rows[] = {
	/* port: of the destination, ends included */
	{ .rule = "port = 22", IN, TCP, "198.51.100.7:40000", "192.0.2.1:22", NULL },
	{ .rule = "port = 22", IN, UDP, "198.51.100.7:40000", "192.0.2.1:22", NULL },
	{ .rule = "port = 22", IN, TCP, "198.51.100.7:40000", "192.0.2.1:23", "port" },
	{ .rule = "port = 22", IN, TCP, "198.51.100.7:22", "192.0.2.1:40000", "port" },
	{ .rule = "port = 22", IN, TCP, "[2001:db8::7]:40000", "[2001:db8::1]:22", NULL },
	{ .rule = "port = 65535", IN, TCP, "198.51.100.7:1", "192.0.2.1:65535", NULL },
	{ .rule = "port = '1000-2000'", IN, TCP, "198.51.100.7:1500", "192.0.2.1:999", "port" },
	{ .rule = "port = '1000-2000'", IN, TCP, "198.51.100.7:1500", "192.0.2.1:1000", NULL },
	{ .rule = "port = '1000-2000'", IN, TCP, "198.51.100.7:1500", "192.0.2.1:2000", NULL },
	{ .rule = "port = '1000-2000'", IN, TCP, "198.51.100.7:1500", "192.0.2.1:2001", "port" },
	{ .rule = "port = (22, 'https', '8000-8100')", IN, TCP, "198.51.100.7:1", "192.0.2.1:443", NULL },
	{ .rule = "port = (22, 'https', '8000-8100')", IN, TCP, "198.51.100.7:1", "192.0.2.1:8100", NULL },
	{ .rule = "port = (22, 'https', '8000-8100')", IN, TCP, "198.51.100.7:1", "192.0.2.1:80", "port" },
	{ .rule = "port = 22", IN, TCP, "198.51.100.7:1", "192.0.2.1:22", "port", .later_fragment = true },
	{ .rule = "source_port = 53", IN, UDP, "198.51.100.7:53", "192.0.2.1:40000", NULL },
	{ .rule = "source_port = 53", IN, UDP, "198.51.100.7:54", "192.0.2.1:53", "source_port" },
	{ .rule = "source_port = 53", IN, UDP, "198.51.100.7:53", "192.0.2.1:1", "source_port", .later_fragment = true },
	{ .rule = "port = 53; source_port = '1024-65535'", OUT, UDP, "192.0.2.1:1023", "198.51.100.7:53", "source_port" },
	{ .rule = "port = 53; source_port = '1024-65535'", OUT, UDP, "192.0.2.1:1024", "198.51.100.7:53", NULL },

	/* protocol: tcp and udp with a port, every one without */
	{ .rule = "port = 22", IN, SCTP, "198.51.100.7:1", "192.0.2.1:22", "protocol" },
	{ .rule = "port = 22", IN, ESP, "198.51.100.7", "192.0.2.1", "protocol" },
	{ .rule = "port = 22", IN, ICMP, "198.51.100.7:22", "192.0.2.1:22", "protocol" }, /* ports hold the identifier */
	{ .rule = "port = '*'", IN, ICMP, "198.51.100.7:22", "192.0.2.1:22", NULL },
	{ .rule = "port = '*'", IN, ESP, "198.51.100.7", "192.0.2.1", NULL },
	{ .rule = "port = '*'", IN, 255, "198.51.100.7", "192.0.2.1", NULL },
	{ .rule = "port = '*'", IN, 0, "198.51.100.7", "192.0.2.1", NULL },
	{ .rule = "port = '*'", IN, TCP, "198.51.100.7", "192.0.2.1", NULL, .later_fragment = true },
	{ .rule = "protocol = 'tcp'", IN, UDP, "198.51.100.7:1", "192.0.2.1:22", "protocol" },
	{ .rule = "protocol = 'tcp'", IN, TCP, "198.51.100.7:1", "192.0.2.1:22", NULL },
	{ .rule = "protocol = ('tcp', 'sctp'); port = 22", IN, SCTP, "198.51.100.7:1", "192.0.2.1:22", NULL },
	{ .rule = "protocol = ('tcp', 'sctp'); port = 22", IN, UDP, "198.51.100.7:1", "192.0.2.1:22", "protocol" },
	{ .rule = "protocol = (0, 63, 64, 255)", IN, 63, "198.51.100.7", "192.0.2.1", NULL },
	{ .rule = "protocol = (0, 63, 64, 255)", IN, 64, "198.51.100.7", "192.0.2.1", NULL },
	{ .rule = "protocol = (0, 63, 64, 255)", IN, 65, "198.51.100.7", "192.0.2.1", "protocol" },
	{ .rule = "protocol = (0, 63, 64, 255)", IN, 255, "198.51.100.7", "192.0.2.1", NULL },

	/* addresses: IPv4 never matches IPv6 */
	{ .rule = "from = '192.0.2.0/24'", IN, TCP, "192.0.1.255:1", "203.0.113.1:1", "from" },
	{ .rule = "from = '192.0.2.0/24'", IN, TCP, "192.0.2.0:1", "203.0.113.1:1", NULL },
	{ .rule = "from = '192.0.2.0/24'", IN, TCP, "192.0.2.255:1", "203.0.113.1:1", NULL },
	{ .rule = "from = '192.0.2.0/24'", IN, TCP, "192.0.3.0:1", "203.0.113.1:1", "from" },
	{ .rule = "from = '192.0.2.0/24'", IN, TCP, "203.0.113.1:1", "192.0.2.1:1", "from" },
	{ .rule = "to = '192.0.2.1'", IN, TCP, "203.0.113.1:1", "192.0.2.1:1", NULL },
	{ .rule = "to = '192.0.2.1'", IN, TCP, "192.0.2.1:1", "203.0.113.1:1", "to" },
	{ .rule = "to = '2001:db8::/64'", IN, TCP, "[2001:db8:1::7]:1", "[2001:db8::ffff:0:0:1]:1", NULL },
	{ .rule = "to = '2001:db8::/64'", IN, TCP, "[2001:db8:1::7]:1", "[2001:db8:0:1::]:1", "to" },
	{ .rule = "from = '0.0.0.0/0'", IN, TCP, "[2001:db8::7]:1", "[2001:db8::1]:1", "from" },
	{ .rule = "from = '0.0.0.0/0'", IN, TCP, "203.0.113.1:1", "192.0.2.1:1", NULL },
	{ .rule = "from = '::/0'", IN, TCP, "203.0.113.1:1", "192.0.2.1:1", "from" }, /* ::/0 spans ::ffff:0:0/96 */
	{ .rule = "from = '::/0'", IN, TCP, "[2001:db8::7]:1", "[2001:db8::1]:1", NULL },
	{ .rule = "from = ('::/0', '192.0.2.0/24')", IN, TCP, "192.0.2.7:1", "203.0.113.1:1", NULL },
	{ .rule = "from = ('::/0', '192.0.2.0/24')", IN, TCP, "192.0.3.7:1", "203.0.113.1:1", "from" },
	{ .rule = "from = ('::/0', '192.0.2.0/24')", IN, TCP, "[2001:db8::7]:1", "[2001:db8::1]:1", NULL },
	{ .rule = "from = ('::-::1', '192.0.2.0/24', '203.0.113.0/24', '2001:db8::/32')", IN, TCP, "203.0.113.9:1", "192.0.2.1:1", NULL },
	{ .rule = "from = ('::-::1', '192.0.2.0/24', '203.0.113.0/24', '2001:db8::/32')", IN, TCP, "[::2]:1", "[2001:db8::1]:1", "from" },
	{ .rule = "from = '192.0.2.0/24'; to = '203.0.113.1'", IN, TCP, "192.0.2.7:1", "203.0.113.1:1", NULL },
	{ .rule = "from = '192.0.2.0/24'", IN, TCP, "192.0.2.7", "203.0.113.1", NULL, .later_fragment = true },

	/* flags: of TCP alone, and of no fragment */
	{ .rule = "flags = 'syn'", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", NULL, .flags = TCP_SYN },
	{ .rule = "flags = 'syn'", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", NULL, .flags = TCP_SYN | TCP_ACK },
	{ .rule = "flags = 'syn,ack'", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", "flags", .flags = TCP_SYN },
	{ .rule = "flags = 'syn/syn,ack'", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", NULL, .flags = TCP_SYN | TCP_ECE },
	{ .rule = "flags = 'syn/syn,ack'", IN, TCP, "[2001:db8::7]:9", "[2001:db8::1]:9", "flags", .flags = TCP_SYN | TCP_ACK },
	{ .rule = "flags = 'none/syn,rst'", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", NULL, .flags = TCP_FIN | TCP_ACK },
	{ .rule = "flags = 'none/syn,rst'", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", "flags", .flags = TCP_RST },
	{ .rule = "flags = ('rst', 'fin')", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", NULL, .flags = TCP_RST },
	{ .rule = "flags = ('rst', 'fin')", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", "flags", .flags = TCP_ACK },
	{ .rule = "flags = 'none/syn'", IN, TCP, "198.51.100.7", "192.0.2.1", "flags", .later_fragment = true },
	{ .rule = "flags = 'none/syn'", IN, UDP, "198.51.100.7:9", "192.0.2.1:9", "protocol" },
	{ .rule = "port = 22; flags = 'syn'", IN, UDP, "198.51.100.7:9", "192.0.2.1:22", "protocol" },
	/* icmp: by name in both families, by number in the one named */
	{ .rule = "icmp = 'echo-request'", IN, ICMP, "198.51.100.7:9", "192.0.2.1:9", NULL, .icmp_type = 8 },
	{ .rule = "icmp = 'echo-request'", IN, ICMP6, "[2001:db8::7]:9", "[2001:db8::1]:9", NULL, .icmp_type = 128 },
	{ .rule = "icmp = 'echo-request'", IN, ICMP, "198.51.100.7:9", "192.0.2.1:9", "icmp", .icmp_type = 0 },
	{ .rule = "icmp = 'echo-request'", IN, ICMP, "198.51.100.7:9", "192.0.2.1:9", "icmp", .icmp_type = 128 },
	{ .rule = "icmp = 'echo-request'", IN, TCP, "198.51.100.7:9", "192.0.2.1:9", "protocol", .icmp_type = 8 },
	{ .rule = "icmp = 'echo-request'", IN, ICMP6, "198.51.100.7", "192.0.2.1", "icmp", .icmp_type = 8 }, /* not IPv4's own */
	{ .rule = "icmp = 'echo-request'", IN, ICMP, "[2001:db8::7]", "[2001:db8::1]", "icmp", .icmp_type = 128 },
	{ .rule = "icmp = 'echo-request'", IN, ICMP, "198.51.100.7", "192.0.2.1", "icmp", .icmp_type = 8, .later_fragment = true },
	{ .rule = "protocol = 'icmp'; icmp = 'echo-request'", IN, ICMP6, "[2001:db8::7]:9", "[2001:db8::1]:9", "protocol", .icmp_type = 128 },
	{ .rule = "protocol = 'icmp'; icmp = '3/4'", IN, ICMP, "198.51.100.7", "192.0.2.1", NULL, .icmp_type = 3, .icmp_code = 4 },
	{ .rule = "protocol = 'icmp'; icmp = '3/4'", IN, ICMP, "198.51.100.7", "192.0.2.1", "icmp", .icmp_type = 3, .icmp_code = 3 },
	{ .rule = "protocol = 'icmp'; icmp = '3'", IN, ICMP, "198.51.100.7", "192.0.2.1", NULL, .icmp_type = 3, .icmp_code = 15 },
	{ .rule = "protocol = 'icmpv6'; icmp = '200/7'", IN, ICMP6, "[2001:db8::7]", "[2001:db8::1]", NULL, .icmp_type = 200, .icmp_code = 7 },

	/* user, group: of the socket that sends */
	{ .rule = "user = 1000", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", NULL, .user = 1000, .group = 1 },
	{ .rule = "user = 1000", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", "user", .user = 1001, .group = 1000 },
	{ .rule = "user = 1000", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", "user" }, /* the kernel's own */
	{ .rule = "user = (5, '1000-1999', 3000)", OUT, UDP, "[2001:db8::1]:1", "[2001:db8::7]:1", NULL, .user = 1999, .group = 1 },
	{ .rule = "user = (5, '1000-1999', 3000)", OUT, UDP, "[2001:db8::1]:1", "[2001:db8::7]:1", "user", .user = 2000, .group = 1 },
	{ .rule = "user = (5, '1000-1999', 3000)", OUT, ESP, "192.0.2.1", "198.51.100.7", NULL, .user = 3000, .group = 1 },
	{ .rule = "group = 100", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", NULL, .user = 1000, .group = 100 },
	{ .rule = "group = 100", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", "group", .user = 100, .group = 1000 },
	{ .rule = "user = 9; group = 100", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", "group", .user = 9, .group = 9 },
	{ .rule = "user = 'nobody-looked-her-up'", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", "user", .user = 1000, .group = 1 },
	{ .rule = "user = '*'", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", NULL },

	/* interface: where it arrives; of what we send, where it leaves */
	{ .rule = "interface = 'eth0'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", NULL, .in = "eth0" },
	{ .rule = "interface = 'eth0'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", "interface", .in = "eth1" },
	{ .rule = "interface = 'eth0'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", "interface", .in = "eth01" },
	{ .rule = "interface = 'eth0'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", "interface", .in = "eth" },
	{ .rule = "interface = 'eth0'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", "interface", .out = "eth0" },
	{ .rule = "interface = 'eth0'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", "interface" }, /* unknown */
	{ .rule = "interface = 'eth0'", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", NULL, .out = "eth0" },
	{ .rule = "interface = 'eth0'", OUT, TCP, "192.0.2.1:1", "198.51.100.7:1", "interface", .in = "eth0" },
	{ .rule = "interface = 'eth0'", FWD, TCP, "192.0.2.1:1", "198.51.100.7:1", NULL, .in = "eth0", .out = "eth1" },
	{ .rule = "interface = 'eth0'", FWD, TCP, "192.0.2.1:1", "198.51.100.7:1", "interface", .in = "eth1", .out = "eth0" },
	{ .rule = "out_interface = 'eth0'", FWD, TCP, "192.0.2.1:1", "198.51.100.7:1", NULL, .in = "eth1", .out = "eth0" },
	{ .rule = "out_interface = 'eth0'", FWD, TCP, "192.0.2.1:1", "198.51.100.7:1", "out_interface", .in = "eth0", .out = "eth1" },
	{ .rule = "interface = 'wg*'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", NULL, .in = "wg0" },
	{ .rule = "interface = 'wg*'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", NULL, .in = "wg" },
	{ .rule = "interface = 'wg*'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", "interface", .in = "w" },
	{ .rule = "interface = ('lo', 'wg*')", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", NULL, .in = "wg12" },
	{ .rule = "interface = '*'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", NULL },

	/* of several that fail, the first in this order is told */
	{ .rule = "port = 22; from = '192.0.2.9'; interface = 'eth0'", IN, ESP, "198.51.100.7:1", "192.0.2.1:1", "protocol" },
	{ .rule = "port = 22; from = '192.0.2.9'; interface = 'eth0'", IN, TCP, "198.51.100.7:1", "192.0.2.1:1", "port" },
	{ .rule = "port = 22; from = '192.0.2.9'; interface = 'eth0'", IN, TCP, "198.51.100.7:1", "192.0.2.1:22", "from" },
	{ .rule = "port = 22; from = '192.0.2.9'; interface = 'eth0'", IN, TCP, "192.0.2.9:1", "192.0.2.1:22", "interface" },
	{ .rule = "port = 22; from = '192.0.2.9'; interface = 'eth0'", IN, TCP, "192.0.2.9:1", "192.0.2.1:22", NULL, .in = "eth0" },
};
/* clang-format on */

#define ROW_COUNT (int)(sizeof(rows) / sizeof(rows[0]))

/* Address and port of an endpoint; no port: 0. */
static struct address
endpoint(const char *text, uint16_t *port)
{
	char address[64];
	struct address result = { 0, 0 };
	bool bracket = text[0] == '[';
	size_t length = strcspn(text + bracket, bracket ? "]" : ":");

	ck_assert(length < sizeof(address));
	memcpy(address, text + bracket, length);
	address[length] = '\0';
	ck_assert_msg(address_parse(address, &result), "%s", text);
	const char *colon = strchr(text + bracket + length, ':');
	*port = colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
	return result;
}

static struct packet
packet_of(const struct row *row, struct interfaces *interfaces)
{
	struct packet packet = {
		.direction = (uint8_t)row->direction,
		.is_later_fragment = row->later_fragment,
		.user = row->user ? owner_value(row->user) : 0,
		.group = row->group ? owner_value(row->group) : 0,
		.in_interface =
		    interfaces_intern(interfaces, row->in ? row->in : ""),
		.out_interface =
		    interfaces_intern(interfaces, row->out ? row->out : ""),
	};
	struct tuple *tuple = &packet.tuple;

	tuple->src = endpoint(row->src, &tuple->sport);
	tuple->dst = endpoint(row->dst, &tuple->dport);
	tuple->protocol = (uint8_t)row->protocol;
	tuple->family = address_is_v4(tuple->src) ? FAMILY_IPV4 : FAMILY_IPV6;
	if (row->protocol == TCP) {
		packet.tcp.flags = (uint8_t)row->flags;
	} else {
		packet.icmp.type = (uint8_t)row->icmp_type;
		packet.icmp.code = (uint8_t)row->icmp_code;
	}
	return packet;
}

/* A table of its direction with the one rule; quotes are single in rows. */
static struct policy *
load_row(const struct row *row)
{
	static const char *const tables[] = { "inbound", "outbound",
		"forward" };
	char config[512];

	snprintf(config, sizeof(config),
	    "%s%s = ( { %s; action = 'allow'; } );",
	    row->direction == FWD ? "inbound = ( ); " : "",
	    tables[row->direction], row->rule);
	for (char *c = config; *c; c++)
		if (*c == '\'')
			*c = '"';
	return load(config);
}

START_TEST(a_row_fails_at_its_first_wrong_criterion)
{
	const struct row *row = &rows[_i];
	struct interfaces *interfaces = interfaces_create();
	struct packet packet = packet_of(row, interfaces);
	struct policy *policy = load_row(row);
	const struct rules *table = &policy->tables[row->direction];
	const char *got = rule_mismatch(&table->rule[0], &packet, interfaces);

	ck_assert_msg(row->want ? got && strcmp(got, row->want) == 0 : !got,
	    "row %d { %s } for %s -> %s: fails at %s, want %s", _i, row->rule,
	    row->src, row->dst, got ? got : "none",
	    row->want ? row->want : "none");
	ck_assert_ptr_eq(rules_match(table, &packet, interfaces),
	    row->want ? NULL : &table->rule[0]);
	policy_destroy(policy);
	interfaces_destroy(interfaces);
}
END_TEST

START_TEST(the_first_match_decides)
{
	struct policy *policy =
	    load("inbound = ( { port = 22; from = \"192.0.2.0/24\"; action = "
		 "\"block\"; },"
		 "            { port = (22, 80); action = \"allow\"; },"
		 "            { port = 80; action = \"block\"; },"
		 "            { protocol = \"tcp\"; action = \"reject\"; } );"
		 "outbound = ( );");
	static const struct {
		const char *src, *dst;
		unsigned protocol;
		unsigned place; /* 0: none matches */
	} cases[] = {
		{ "192.0.2.9:1", "203.0.113.1:22", TCP, 1 },
		{ "198.51.100.7:1", "203.0.113.1:22", TCP, 2 },
		{ "192.0.2.9:1", "203.0.113.1:80", TCP, 2 },
		{ "192.0.2.9:1", "203.0.113.1:443", TCP, 4 },
		{ "192.0.2.9:1", "203.0.113.1:443", UDP, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct row row = { .protocol = cases[i].protocol,
			.src = cases[i].src,
			.dst = cases[i].dst };
		struct interfaces *none = interfaces_create();
		struct packet packet = packet_of(&row, none);
		const struct rule *rule =
		    rules_match(&policy->tables[TABLE_INBOUND], &packet, none);
		ck_assert_uint_eq(rule ? rule->place : 0, cases[i].place);
		packet.direction = OUTBOUND; /* an empty table matches none */
		ck_assert_ptr_null(rules_match(
		    &policy->tables[TABLE_OUTBOUND], &packet, none));
		interfaces_destroy(none);
	}
	policy_destroy(policy);
}
END_TEST

/* Every port against lists of one to many ranges, and a look at each. */
START_TEST(a_port_list_agrees_with_a_look_at_each_range)
{
	char config[4096], *at = config;

	at += sprintf(at, "inbound = ( { port = ( 1");
	for (unsigned n = 1; n <= (unsigned)_i; n++)
		at += sprintf(at, ", %u, \"%u-%u\"", n * 1500, n * 1500 + 7,
		    n * 1500 + 90);
	sprintf(at, ", 65535); action = \"allow\"; } );");
	struct policy *policy = load(config);
	const struct rule *rule = &policy->tables[TABLE_INBOUND].rule[0];
	struct packet packet = { .tuple = { .protocol = TCP } };
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		bool want = port == 1 || port == UINT16_MAX;
		for (unsigned n = 1; n <= (unsigned)_i; n++)
			want |= port == n * 1500 ||
				(port >= n * 1500 + 7 && port <= n * 1500 + 90);
		packet.tuple.dport = (uint16_t)port;
		ck_assert_msg(!rule_mismatch(rule, &packet, NULL) == want,
		    "port %u of %d ranges", port, _i);
	}
	policy_destroy(policy);
}
END_TEST

/* Both ends of every range, one inside and one outside, in both families. */
START_TEST(an_address_list_agrees_with_a_look_at_each_range)
{
	char config[8192], *at = config;

	at += sprintf(at, "inbound = ( { from = ( \"255.255.255.255\"");
	for (int n = 1; n <= _i; n++)
		at += sprintf(at, ", \"2001:db8:%x::/48\", \"10.%d.0.0/24\"",
		    (unsigned)n * 4, n * 2);
	sprintf(at, "); action = \"allow\"; } );");
	struct policy *policy = load(config);
	const struct rule *rule = &policy->tables[TABLE_INBOUND].rule[0];
	ck_assert_uint_eq(rule->from_count, 1 + 2 * (size_t)_i);
	for (size_t r = 0; r < rule->from_count; r++) {
		const struct address_range *range = &rule->from[r];
		struct address beyond = range->high, before = range->low;
		beyond.low++;
		beyond.high += beyond.low == 0;
		before.high -= before.low == 0;
		before.low--;
		const struct address ends[] = { before, range->low, range->high,
			beyond };
		for (size_t e = 0; e < 4; e++) {
			struct packet packet = { .tuple.src = ends[e] };
			bool want = false;
			for (size_t k = 0; k < rule->from_count; k++)
				want |= address_in(ends[e], &rule->from[k]);
			ck_assert(e != 1 || want);
			ck_assert_msg(
			    !rule_mismatch(rule, &packet, NULL) == want,
			    "end %zu of range %zu of %d", e, r, _i);
		}
	}
	policy_destroy(policy);
}
END_TEST

Suite *
suite_rules(void)
{
	Suite *suite = suite_create("rules");
	TCase *match = tcase_create("match");

	tcase_add_loop_test(
	    match, a_row_fails_at_its_first_wrong_criterion, 0, ROW_COUNT);
	tcase_add_test(match, the_first_match_decides);
	tcase_add_loop_test(
	    match, a_port_list_agrees_with_a_look_at_each_range, 0, 12);
	tcase_add_loop_test(
	    match, an_address_list_agrees_with_a_look_at_each_range, 0, 9);
	suite_add_tcase(suite, match);
	return suite;
}
