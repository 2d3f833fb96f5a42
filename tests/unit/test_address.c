/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, ranges, endpoints and protocol names: what is read, what is
 * refused, and that what is printed reads back the same.
 */
#include "address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct address
address_of(const char *text)
{
	struct address a = { 0, 0 };
	ck_assert_msg(address_parse(text, &a), "%s", text);
	return a;
}

static struct address_range
range_of(const char *text)
{
	struct address_range r = { { 0, 0 }, { 0, 0 } };
	ck_assert_msg(address_range_parse(text, &r), "%s", text);
	return r;
}

/* clang-format off */
static const struct {
	const char *text, *printed;
	uint64_t high, low;
} addresses[] = {
	{ "192.0.2.1", "192.0.2.1", 0, 0xffffc0000201 },
	{ "0.0.0.0", "0.0.0.0", 0, 0xffff00000000 },
	{ "255.255.255.255", "255.255.255.255", 0, 0xffffffffffff },
	{ "2001:db8::1", "2001:db8::1", 0x20010db800000000, 1 },
	{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1", 0x20010db800000000, 1 },
	{ "::", "::", 0, 0 },
	{ "::1", "::1", 0, 1 },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT64_MAX, UINT64_MAX },
	{ "2001:db8:1:2:3:4:192.0.2.1", "2001:db8:1:2:3:4:c000:201", 0x20010db800010002, 0x00030004c0000201 },
};

static const char *const no_addresses[] = {
	"", " ", "192.0.2", "192.0.2.1 ", " 192.0.2.1", "192.0.2.256", "192.0.2.01", "0x7f.0.0.1", "3221225985", "192.0.2.1.1", "-1.0.0.1",
	"192.0.2.1/32", "2001:db8::1::2", "2001:db8:1", "12345::", "[::1]", "fe80::1%eth0", "::ffff:192.0.2.1", "::ffff:0:0", "example.org",
};

static const struct {
	const char *text, *printed, *low, *high;
} ranges[] = {
	{ "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "192.0.2.1/32", "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "192.0.2.1/31", "192.0.2.0/31", "192.0.2.0", "192.0.2.1" },
	{ "192.0.2.77/24", "192.0.2.0/24", "192.0.2.0", "192.0.2.255" },
	{ "100.68.0.18/18", "100.68.0.0/18", "100.68.0.0", "100.68.63.255" },
	{ "128.0.0.0/1", "128.0.0.0/1", "128.0.0.0", "255.255.255.255" },
	{ "10.1.2.3/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255" },
	{ "192.0.2.0-192.0.2.255", "192.0.2.0/24", "192.0.2.0", "192.0.2.255" },
	{ "192.0.2.1-192.0.2.2", "192.0.2.1-192.0.2.2", "192.0.2.1", "192.0.2.2" },
	{ "192.0.2.0-192.0.2.2", "192.0.2.0-192.0.2.2", "192.0.2.0", "192.0.2.2" },
	{ "192.0.2.5-192.0.2.5", "192.0.2.5", "192.0.2.5", "192.0.2.5" },
	{ "2001:db8::1", "2001:db8::1", "2001:db8::1", "2001:db8::1" },
	{ "2001:db8::1/128", "2001:db8::1", "2001:db8::1", "2001:db8::1" },
	{ "2001:db8::/127", "2001:db8::/127", "2001:db8::", "2001:db8::1" },
	{ "2001:db8::5:0:0:1/65", "2001:db8::/65", "2001:db8::", "2001:db8::7fff:ffff:ffff:ffff" },
	{ "2001:db8::1/64", "2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff" },
	{ "2001:db8::1/63", "2001:db8::/63", "2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff" },
	{ "2001:db8::1/32", "2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "fe80::/10", "fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "::1/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:db8::1-2001:db8::ff", "2001:db8::1-2001:db8::ff", "2001:db8::1", "2001:db8::ff" },
};

static const char *const no_ranges[] = {
	"", "/", "-", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+1", "192.0.2.0/", "192.0.2.0/ 24", "192.0.2.0/24 ", "192.0.2.0/024",
	"192.0.2.0/4294967320", "192.0.2.0/255.255.255.0", "2001:db8::/129", "2001:db8::/1a", "192.0.2.2-192.0.2.1", "192.0.2.1-2001:db8::1",
	"2001:db8::1-192.0.2.1", "192.0.2.1-", "-192.0.2.1", "192.0.2.1-192.0.2.2-192.0.2.3", "192.0.2.1-192.0.2.2/24", "192.0.2.0/24-192.0.3.0",
	"::ffff:192.0.2.0/120", "::ffff:0:0-::ffff:ffff:ffff", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001",
};

static const struct {
	const char *address, *range;
	bool in;
} members[] = {
	{ "192.0.2.0", "192.0.2.0/24", true },
	{ "192.0.2.255", "192.0.2.0/24", true },
	{ "192.0.1.255", "192.0.2.0/24", false },
	{ "192.0.3.0", "192.0.2.0/24", false },
	{ "192.0.2.1", "0.0.0.0/0", true },
	{ "2001:db8::", "2001:db8::/32", true },
	{ "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::/32", true },
	{ "2001:db9::", "2001:db8::/32", false },
	{ "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::/32", false },
	{ "2001:db8::2", "2001:db8::1-2001:db8::3", true },
	{ "2001:db8::4", "2001:db8::1-2001:db8::3", false },
	/* never across families */
	{ "192.0.2.1", "::/0", false },
	{ "2001:db8::1", "0.0.0.0/0", false },
	{ "::1", "0.0.0.0/0", false },
};

static const struct {
	const char *name;
	int protocol;
} protocols[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "icmpv6", 58 }, { "igmp", 2 }, { "ipip", 4 }, { "dccp", 33 }, { "ipv6", 41 },
	{ "gre", 47 }, { "esp", 50 }, { "ah", 51 }, { "ospf", 89 }, { "pim", 103 }, { "vrrp", 112 }, { "l2tp", 115 }, { "sctp", 132 },
	{ "udplite", 136 },
};
/* clang-format on */

START_TEST(addresses_are_read_and_printed)
{
	for (size_t i = 0; i < COUNT(addresses); i++) {
		char text[ADDRESS_TEXT_SIZE];
		struct address a = address_of(addresses[i].text);
		ck_assert_uint_eq(a.high, addresses[i].high);
		ck_assert_uint_eq(a.low, addresses[i].low);
		address_print(a, text, sizeof(text));
		ck_assert_str_eq(text, addresses[i].printed);
		ck_assert(address_equal(a, address_of(text)));
	}
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	for (size_t i = 0; i < COUNT(no_addresses); i++) {
		struct address a = { 1, 2 };
		ck_assert_msg(!address_parse(no_addresses[i], &a), "\"%s\"",
		    no_addresses[i]);
		ck_assert_uint_eq(a.high, 1);
		ck_assert_uint_eq(a.low, 2);
	}
}
END_TEST

START_TEST(ranges_are_read_and_printed_in_the_shortest_form)
{
	for (size_t i = 0; i < COUNT(ranges); i++) {
		char text[2 * ADDRESS_TEXT_SIZE];
		struct address_range r = range_of(ranges[i].text);
		ck_assert_msg(
		    address_equal(r.low, address_of(ranges[i].low)) &&
			address_equal(r.high, address_of(ranges[i].high)),
		    "%s", ranges[i].text);
		address_range_print(&r, text, sizeof(text));
		ck_assert_str_eq(text, ranges[i].printed);
		struct address_range again = range_of(text);
		ck_assert(address_equal(r.low, again.low));
		ck_assert(address_equal(r.high, again.high));
	}
}
END_TEST

START_TEST(what_is_no_range_is_refused)
{
	for (size_t i = 0; i < COUNT(no_ranges); i++) {
		struct address_range r = { { 1, 2 }, { 3, 4 } };
		ck_assert_msg(!address_range_parse(no_ranges[i], &r), "\"%s\"",
		    no_ranges[i]);
		ck_assert_uint_eq(r.low.high, 1);
		ck_assert_uint_eq(r.high.low, 4);
	}
}
END_TEST

START_TEST(every_prefix_prints_as_itself)
{
	for (int bits = 0; bits <= 128; bits++) {
		char text[2 * ADDRESS_TEXT_SIZE], again[2 * ADDRESS_TEXT_SIZE];
		snprintf(text, sizeof(text),
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/%d", bits);
		struct address_range r = range_of(text);
		address_range_print(&r, again, sizeof(again));
		const char *slash = strchr(again, '/');
		ck_assert(
		    bits == 128 ? !slash : slash && atoi(slash + 1) == bits);
		r = range_of(again);
		ck_assert(address_equal(r.high,
		    address_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
	}
}
END_TEST

START_TEST(ranges_hold_addresses_of_their_family)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		struct address_range r = range_of(members[i].range);
		ck_assert_msg(address_in(address_of(members[i].address), &r) ==
				  members[i].in,
		    "%s in %s", members[i].address, members[i].range);
	}
}
END_TEST

START_TEST(addresses_have_an_order)
{
	static const char *const ascending[] = { "::", "::1", "0.0.0.0",
		"192.0.2.1", "192.0.2.2", "2001:db8::", "2001:db8::1",
		"2001:db8:0:1::", "ff02::1" };

	for (size_t i = 0; i < COUNT(ascending); i++)
		for (size_t j = 0; j < COUNT(ascending); j++)
			ck_assert_int_eq(
			    address_compare(address_of(ascending[i]),
				address_of(ascending[j])),
			    (i > j) - (i < j));
}
END_TEST

START_TEST(addresses_come_from_numbers_and_bytes)
{
	static const uint8_t bytes[16] = { 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 1 };
	ck_assert(address_equal(
	    address_from_v4(0xc0000201), address_of("192.0.2.1")));
	ck_assert(address_equal(
	    address_from_bytes(bytes), address_of("2001:db8::1")));
	ck_assert(address_is_v4(address_from_v4(0)));
	ck_assert(address_is_v4(address_from_v4(UINT32_MAX)));
	ck_assert(!address_is_v4(address_of("2001:db8::ffff:192.0.2.1")));
	ck_assert(!address_is_v4(address_of("::192.0.2.1")));
}
END_TEST

START_TEST(endpoints_are_printed_with_and_without_port)
{
	char text[ENDPOINT_TEXT_SIZE];
	endpoint_print(address_of("192.0.2.1"), 22, true, text, sizeof(text));
	ck_assert_str_eq(text, "192.0.2.1:22");
	endpoint_print(address_of("192.0.2.1"), 22, false, text, sizeof(text));
	ck_assert_str_eq(text, "192.0.2.1");
	endpoint_print(address_of("2001:db8::1"), 22, true, text, sizeof(text));
	ck_assert_str_eq(text, "[2001:db8::1]:22");
	endpoint_print(address_of("2001:db8::1"), 0, false, text, sizeof(text));
	ck_assert_str_eq(text, "2001:db8::1");
	struct address longest =
	    address_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	endpoint_print(longest, 65535, true, text, sizeof(text));
	ck_assert_str_eq(
	    text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}
END_TEST

START_TEST(protocols_have_names_and_numbers)
{
	char text[8];
	unsigned named = 0;

	for (size_t i = 0; i < COUNT(protocols); i++) {
		uint8_t number = (uint8_t)protocols[i].protocol;
		ck_assert_int_eq(
		    protocol_parse(protocols[i].name), protocols[i].protocol);
		ck_assert_str_eq(protocol_name(number), protocols[i].name);
	}
	for (unsigned number = 0; number < 256; number++) {
		named += protocol_name((uint8_t)number) != NULL;
		protocol_print((uint8_t)number, text, sizeof(text));
		ck_assert_int_eq(protocol_parse(text), (int)number);
		snprintf(text, sizeof(text), "%u", number);
		ck_assert_int_eq(protocol_parse(text), (int)number);
	}
	ck_assert_uint_eq(named, COUNT(protocols));
}
END_TEST

START_TEST(what_is_no_protocol_is_refused)
{
	static const char *const none[] = { "", "TCP", "tcp ", " 6", "+6", "-1",
		"06", "256", "4294967302", "6a", "tcpudp", "t" };
	for (size_t i = 0; i < COUNT(none); i++)
		ck_assert_msg(protocol_parse(none[i]) == -1, "\"%s\"", none[i]);
}
END_TEST

START_TEST(five_protocols_have_ports)
{
	for (unsigned number = 0; number < 256; number++) {
		bool ports = number == 6 || number == 17 || number == 33 ||
			     number == 132 || number == 136;
		ck_assert_int_eq(protocol_has_ports((uint8_t)number), ports);
	}
}
END_TEST

Suite *
suite_address(void)
{
	Suite *suite = suite_create("address");
	TCase *cases = tcase_create("address");

	tcase_add_test(cases, addresses_are_read_and_printed);
	tcase_add_test(cases, what_is_no_address_is_refused);
	tcase_add_test(cases, ranges_are_read_and_printed_in_the_shortest_form);
	tcase_add_test(cases, what_is_no_range_is_refused);
	tcase_add_test(cases, every_prefix_prints_as_itself);
	tcase_add_test(cases, ranges_hold_addresses_of_their_family);
	tcase_add_test(cases, addresses_have_an_order);
	tcase_add_test(cases, addresses_come_from_numbers_and_bytes);
	tcase_add_test(cases, endpoints_are_printed_with_and_without_port);
	tcase_add_test(cases, protocols_have_names_and_numbers);
	tcase_add_test(cases, what_is_no_protocol_is_refused);
	tcase_add_test(cases, five_protocols_have_ports);
	suite_add_tcase(suite, cases);
	return suite;
}
