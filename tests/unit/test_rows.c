/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the commands, byte by byte: their names and forms are what
 * programs of others read.
 */
#include "rows.h"

#include <string.h>

#include "conf.h"
#include "suites.h"

static struct json json;
static struct interfaces *interfaces;
static struct policy *policy;

static const char config[] =
    "inbound = (\n"
    "  { port = 22; action = \"allow\"; name = \"ssh\"; comment = \"c\"; },\n"
    "  { port = (80, \"8000-8100\"); protocol = \"tcp\"; action = \"block\";\n"
    "    from = (\"192.0.2.0/24\", \"2001:db8::/32\"); to = \"192.0.2.7\"; },\n"
    "  { port = \"*\"; action = \"reject\"; }\n"
    ");\n";

static void
set_up(void)
{
	struct conf_text text = { "test.conf", config, sizeof(config) - 1 };
	struct diagnostics diagnostics = { 0 };

	json = (struct json){ 0 };
	interfaces = interfaces_create();
	policy = conf_load(&text, 1, &diagnostics);
	ck_assert(interfaces && policy);
	diagnostics_clear(&diagnostics);
	policy_identify(policy, NULL);
}

static void
tear_down(void)
{
	json_free(&json);
	policy_destroy(policy);
	interfaces_destroy(interfaces);
}

static void
assert_rule_row(
    size_t place, const struct rule_totals *totals, const char *want)
{
	const struct rule *rule =
	    &policy->tables[TABLE_INBOUND].rule[place - 1];

	json_reset(&json);
	row_rule(&json, TABLE_INBOUND, rule, totals, 1764000000000);
	ck_assert_str_eq(json.text, want);
}

START_TEST(time_is_a_number_and_a_text)
{
	json_open_object(&json, NULL);
	row_time(&json, "a", 1764000005007);
	row_time(&json, "b", 0);
	json_close_object(&json);
	ck_assert_str_eq(json.text,
	    "{\"a\":1764000005.007,\"a_iso\":\"2025-11-24T16:00:05.007Z\","
	    "\"b\":null,\"b_iso\":null}");
}
END_TEST

START_TEST(rule_row)
{
	struct rule_totals totals = { 3, 180, 5250 }, none = { 0 };

	assert_rule_row(1, &totals,
	    "{\"rule\":\"inbound 1\",\"name\":\"ssh\",\"comment\":\"c\","
	    "\"table\":\"inbound\",\"place\":1,\"action\":\"allow\","
	    "\"protocol\":\"tcp,udp\",\"port\":\"22\",\"from\":\"*\","
	    "\"to\":\"*\",\"text\":\"{ name = \\\"ssh\\\"; port = 22; action = "
	    "\\\"allow\\\"; comment = \\\"c\\\"; }\",\"hits\":3,\"bytes\":180,"
	    "\"last_hit\":1764000005.25,"
	    "\"last_hit_iso\":\"2025-11-24T16:00:05.250Z\","
	    "\"protect\":false,\"ends\":null,\"ends_iso\":null,\"file\":\"test."
	    "conf\",\"line\":2}\n");
	assert_rule_row(2, &none,
	    "{\"rule\":\"inbound 2\",\"name\":null,\"comment\":null,"
	    "\"table\":\"inbound\",\"place\":2,\"action\":\"block\","
	    "\"protocol\":\"tcp\",\"port\":\"80,8000-8100\","
	    "\"from\":\"192.0.2.0/24,2001:db8::/32\",\"to\":\"192.0.2.7\","
	    "\"text\":\"{ protocol = \\\"tcp\\\"; port = (80, "
	    "\\\"8000-8100\\\")"
	    "; from = (\\\"192.0.2.0/24\\\", \\\"2001:db8::/32\\\"); to = "
	    "\\\"192.0.2.7\\\"; action = \\\"block\\\"; }\",\"hits\":0,"
	    "\"bytes\":0,\"last_hit\":null,\"last_hit_iso\":null,"
	    "\"protect\":false,\"ends\":null,\"ends_iso\":null,\"file\":\"test."
	    "conf\",\"line\":3}\n");
	assert_rule_row(3, &none,
	    "{\"rule\":\"inbound 3\",\"name\":null,\"comment\":null,"
	    "\"table\":\"inbound\",\"place\":3,\"action\":\"reject\","
	    "\"protocol\":\"*\",\"port\":\"*\",\"from\":\"*\",\"to\":\"*\","
	    "\"text\":\"{ action = \\\"reject\\\"; }\",\"hits\":0,\"bytes\":0,"
	    "\"last_hit\":null,\"last_hit_iso\":null,\"protect\":false,"
	    "\"ends\":null,\"ends_iso\":null,\"file\":\"test.conf\","
	    "\"line\":5}\n");
}
END_TEST

START_TEST(row_of_what_no_rule_allows)
{
	row_rest(&json, TABLE_ACL_OUTBOUND, 5);
	ck_assert_str_eq(json.text,
	    "{\"rule\":\"acl.outbound *\",\"name\":null,\"comment\":null,"
	    "\"table\":\"acl.outbound\",\"place\":null,\"action\":\"block\","
	    "\"protocol\":\"*\",\"port\":\"*\",\"from\":\"*\",\"to\":\"*\","
	    "\"text\":null,\"hits\":5,\"bytes\":null,\"last_hit\":null,"
	    "\"last_hit_iso\":null,\"protect\":false,\"ends\":null,\"ends_"
	    "iso\":null,\"file\":null,\"line\":null}\n");
}
END_TEST

START_TEST(flow_row_names_the_rule_if_it_is_still_there)
{
	struct flow_view flow = {
		.tuple = { .src = address_from_v4(0xc0000209),
		    .dst = address_from_v4(0xc6336401),
		    .sport = 51000,
		    .dport = 22,
		    .family = FAMILY_IPV4,
		    .protocol = PROTOCOL_TCP },
		.state = "established",
		.rule_identity = policy->tables[0].rule[0].identity,
	};
	row_flow(&json, &flow, interfaces, policy);
	ck_assert_ptr_nonnull(
	    strstr(json.text, ",\"rule\":\"inbound 1\",\"name\":\"ssh\"}\n"));
	json_reset(&json);
	flow.rule_identity = 1000;
	row_flow(&json, &flow, interfaces, policy);
	ck_assert_ptr_nonnull(
	    strstr(json.text, ",\"rule\":null,\"name\":null}\n"));
}
END_TEST

static const struct drop_row tcp_drop = {
	.last = { .tuple = { .src = { 0, 0xffffc0000209 },
		      .dst = { 0, 0xffffc6336401 },
		      .sport = 4000,
		      .dport = 23,
		      .family = FAMILY_IPV4,
		      .protocol = PROTOCOL_TCP },
	    .generation = 7,
	    .why = RULE_BLOCK },
	.count = 2,
	.first_ms = 1764000000000,
	.last_ms = 1764000005250,
	.rule = "inbound 4",
	.rule_text = "{ action = \"block\"; }",
};

START_TEST(drop_row)
{
	struct drop_row row = tcp_drop;
	row.last.in_interface = interfaces_intern(interfaces, "eth0");
	row_drop(&json, &row, interfaces);
	ck_assert_str_eq(json.text,
	    "{\"last\":1764000005.25,\"last_iso\":\"2025-11-24T16:00:05.250Z\","
	    "\"first\":1764000000,\"first_iso\":\"2025-11-24T16:00:00.000Z\","
	    "\"count\":2,\"reason\":\"rule-block\","
	    "\"reason_text\":\"blocked by a rule\",\"direction\":\"inbound\","
	    "\"protocol\":\"tcp\",\"source\":\"192.0.2.9\","
	    "\"source_port\":4000,\"destination\":\"198.51.100.1\","
	    "\"destination_port\":23,\"icmp_type\":null,\"icmp_code\":null,"
	    "\"in_interface\":\"eth0\",\"rule\":\"inbound 4\","
	    "\"rule_text\":\"{ action = \\\"block\\\"; }\","
	    "\"generation\":7}\n");
}
END_TEST

START_TEST(drop_row_without_ports)
{
	struct drop_row row = tcp_drop;
	row.last.tuple.protocol = PROTOCOL_ICMP;
	row.last.tuple.kind = KIND_ECHO;
	row.last.icmp_type = 8;
	row.rule = row.rule_text = NULL;
	row_drop(&json, &row, interfaces);
	ck_assert_ptr_nonnull(strstr(json.text,
	    "\"protocol\":\"icmp\",\"source\":\"192.0.2.9\","
	    "\"source_port\":null,\"destination\":\"198.51.100.1\","
	    "\"destination_port\":null,\"icmp_type\":8,\"icmp_code\":0,"
	    "\"in_interface\":null,\"rule\":null,\"rule_text\":null,"));
	json_reset(&json);
	row.last.tuple.kind = KIND_FRAGMENT;
	row_drop(&json, &row, interfaces);
	ck_assert_ptr_nonnull(strstr(json.text, "\"icmp_type\":null,"));
	json_reset(&json);
	row.last.tuple.protocol = PROTOCOL_TCP;
	row_drop(&json, &row, interfaces);
	ck_assert_ptr_nonnull(strstr(json.text, "\"source_port\":null,"));
}
END_TEST

START_TEST(drop_row_of_what_could_not_be_read)
{
	struct drop_row row = tcp_drop;
	row.last.tuple = (struct tuple){ 0 };
	row.last.why = NOT_IP;
	row_drop(&json, &row, interfaces);
	ck_assert_ptr_nonnull(strstr(json.text,
	    "\"protocol\":null,\"source\":null,\"source_port\":null,"
	    "\"destination\":null,\"destination_port\":null,"));
}
END_TEST

Suite *
suite_rows(void)
{
	Suite *suite = suite_create("rows");
	TCase *tests = tcase_create("rows");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, time_is_a_number_and_a_text);
	tcase_add_test(tests, rule_row);
	tcase_add_test(tests, row_of_what_no_rule_allows);
	tcase_add_test(tests, flow_row_names_the_rule_if_it_is_still_there);
	tcase_add_test(tests, drop_row);
	tcase_add_test(tests, drop_row_without_ports);
	tcase_add_test(tests, drop_row_of_what_could_not_be_read);
	suite_add_tcase(suite, tests);
	return suite;
}
