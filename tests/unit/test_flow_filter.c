/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which flows a filter means.  One TCP flow, one ICMPv6 echo and one SCTP flow
 * stand for all; a row says which of them match.
 */
#include "flow_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

static struct policy *policy;
static struct flow_view flows[3];

static const char config[] =
    "inbound = ( { port = 22; action = \"allow\"; name = \"ssh\"; },"
    "  { protocol = \"icmpv6\"; action = \"allow\"; } );"
    "outbound = ( { port = 22; action = \"allow\"; name = \"ssh\"; },"
    "  { protocol = \"sctp\"; port = 22; action = \"allow\"; } );";

static struct flow_view
make_flow(uint8_t protocol, const char *src, const char *dst,
    enum direction direction, size_t rule)
{
	struct flow_view flow = {
		.tuple = { .protocol = protocol },
		.direction = direction,
		.rule_identity = policy->tables[direction].rule[rule].identity,
	};

	ck_assert(address_parse(src, &flow.tuple.src));
	ck_assert(address_parse(dst, &flow.tuple.dst));
	return flow;
}

static void
set_up(void)
{
	struct conf_text text = { "test.conf", config, sizeof(config) - 1 };
	struct diagnostics diagnostics = { 0 };

	policy = conf_load(&text, 1, &diagnostics);
	ck_assert_ptr_nonnull(policy);
	diagnostics_clear(&diagnostics);
	policy_identify(policy, NULL);

	flows[0] =
	    make_flow(PROTOCOL_TCP, "203.0.113.9", "192.0.2.1", INBOUND, 0);
	flows[0].tuple.sport = 51000;
	flows[0].tuple.dport = 22;
	flows[0].state = state_name(STATE_ESTABLISHED);
	flows[1] = make_flow(
	    PROTOCOL_ICMPV6, "2001:db8::9", "2001:db8::1", INBOUND, 1);
	flows[1].tuple.kind = KIND_ECHO;
	flows[1].tuple.sport = flows[1].tuple.dport = 22;
	flows[1].state = state_name(STATE_BOTH);
	flows[2] =
	    make_flow(PROTOCOL_SCTP, "192.0.2.1", "203.0.113.9", OUTBOUND, 1);
	flows[2].tuple.sport = 22;
	flows[2].tuple.dport = 51000;
	flows[2].state = state_name(STATE_ONE_WAY);
}

static void
tear_down(void)
{
	policy_destroy(policy);
}

static enum flow_filter_result
parse(const char *arguments, struct flow_filter *filter, char *error)
{
	char text[256], why[REQUEST_ERROR_SIZE];
	struct request request;

	snprintf(
	    text, sizeof(text), "{\"command\":\"x\",\"args\":{%s}}", arguments);
	ck_assert_msg(
	    request_parse(text, strlen(text), &request, why), "%s", why);
	enum flow_filter_result result =
	    flow_filter_parse(&request, policy, filter, error);
	request_free(&request);
	return result;
}

/* clang-format off */
static const struct {
	const char *arguments;
	const char *matches; /* numbers of flows */
} good[] = {
	{ "",                                            "012" },
	{ "\"protocol\":\"tcp\"",                        "0" },
	{ "\"protocol\":\"58\"",                         "1" },
	{ "\"protocol\":\"udp\"",                        "" },
	{ "\"src\":\"203.0.113.9\"",                     "0" },
	{ "\"src\":\"203.0.113.0/24\"",                  "0" },
	{ "\"src\":\"0.0.0.0/0\"",                       "02" },
	{ "\"src\":\"::/0\"",                            "1" },
	{ "\"dst\":\"203.0.113.1-203.0.113.9\"",         "2" },
	{ "\"dst\":\"203.0.113.1-203.0.113.8\"",         "" },
	{ "\"dst\":\"2001:db8::/64\"",                   "1" },
	{ "\"sport\":\"51000\"",                         "0" },
	{ "\"sport\":\"22\"",                            "2" },
	{ "\"dport\":\"22\"",                            "0" },
	{ "\"dport\":\"1-65535\"",                       "02" },
	{ "\"dport\":\"23-51000\"",                      "2" },
	{ "\"dport\":\"23-50999\"",                      "" },
	{ "\"state\":\"established\"",                   "0" },
	{ "\"state\":\"both-ways\"",                     "1" },
	{ "\"direction\":\"inbound\"",                   "01" },
	{ "\"direction\":\"outbound\"",                  "2" },
	{ "\"direction\":\"forward\"",                   "" },
	{ "\"rule\":\"inbound 1\"",                      "0" },
	{ "\"rule\":\"inbound 2\"",                      "1" },
	{ "\"rule\":\"outbound 2\"",                     "2" },
	{ "\"rule\":\"outbound 1\"",                     "" },
	{ "\"rule\":\"ssh\"",                            "0" },
	{ "\"direction\":\"inbound\",\"src\":\"::/0\"",  "1" },
	{ "\"protocol\":\"tcp\",\"dport\":\"23\"",       "" },
};

static const struct {
	const char *arguments;
	enum flow_filter_result result;
	const char *error; /* a part of it */
} bad[] = {
	{ "\"protocol\":\"TCP\"",      FILTER_BAD,     "protocol \"TCP\"; accepted: a name in lower case" },
	{ "\"protocol\":\"256\"",      FILTER_BAD,     "a number from 0 to 255" },
	{ "\"src\":\"example.org\"",   FILTER_BAD,     "src \"example.org\"; accepted: ADDRESS, " },
	{ "\"src\":\"192.0.2.0/33\"",  FILTER_BAD,     "ADDRESS/BITS" },
	{ "\"dst\":\"192.0.2.9-192.0.2.1\"", FILTER_BAD, "ADDRESS-ADDRESS" },
	{ "\"sport\":\"0\"",           FILTER_BAD,     "sport \"0\"; accepted: a number from 1 to 65535" },
	{ "\"dport\":\"65536\"",       FILTER_BAD,     "dport \"65536\"" },
	{ "\"dport\":\"65558\"",       FILTER_BAD,     "dport \"65558\"" },
	{ "\"dport\":\"4294967318\"",  FILTER_BAD,     "dport \"4294967318\"" },
	{ "\"dport\":\"\"",            FILTER_BAD,     "dport \"\"" },
	{ "\"dport\":\"-5\"",          FILTER_BAD,     "dport \"-5\"" },
	{ "\"dport\":\"5-\"",          FILTER_BAD,     "dport \"5-\"" },
	{ "\"dport\":\"9-5\"",         FILTER_BAD,     "dport \"9-5\"" },
	{ "\"dport\":\"22 \"",         FILTER_BAD,     "dport \"22 \"" },
	{ "\"dport\":\"ssh\"",         FILTER_BAD,     "dport \"ssh\"" },
	{ "\"state\":\"dead\"",        FILTER_BAD,     "state \"dead\"; accepted: syn-sent, " },
	{ "\"state\":\"Established\"", FILTER_BAD,     ", both-ways" },
	{ "\"direction\":\"in\"",      FILTER_BAD,     "direction \"in\"; accepted: inbound, outbound or forward" },
	{ "\"rule\":\"inbound 3\"",    FILTER_NO_RULE, "no rule \"inbound 3\"; accepted: " },
	{ "\"rule\":\"inbound *\"",    FILTER_NO_RULE, "no rule" },
	{ "\"rule\":\"inbound 1x\"",   FILTER_NO_RULE, "no rule" },
	{ "\"rule\":\"inbound 0\"",    FILTER_NO_RULE, "no rule" },
	{ "\"rule\":\"inbound\"",      FILTER_NO_RULE, "no rule" },
	{ "\"rule\":\"\"",             FILTER_NO_RULE, "no rule" },
	{ "\"rule\":\"ss\"",           FILTER_NO_RULE, "no rule" },
	{ "\"rule\":\"acl.inbound 1\"", FILTER_NO_RULE, "no rule" },
};
/* clang-format on */

START_TEST(filter_matches_these_flows)
{
	char error[FLOW_FILTER_ERROR_SIZE] = "", got[4] = "";
	struct flow_filter filter;

	ck_assert_msg(parse(good[_i].arguments, &filter, error) == FILTER_OK,
	    "%s: %s", good[_i].arguments, error);
	ck_assert(flow_filter_is_empty(&filter) == !*good[_i].arguments);
	for (size_t i = 0; i < ARRAY_LEN(flows); i++)
		if (flow_filter_match(&filter, &flows[i]))
			sprintf(got + strlen(got), "%zu", i);
	ck_assert_msg(strcmp(got, good[_i].matches) == 0,
	    "%s: got \"%s\", want \"%s\"", good[_i].arguments, got,
	    good[_i].matches);
}
END_TEST

START_TEST(filter_is_refused)
{
	char error[FLOW_FILTER_ERROR_SIZE] = "";
	struct flow_filter filter;

	ck_assert_int_eq(
	    parse(bad[_i].arguments, &filter, error), bad[_i].result);
	ck_assert_msg(strstr(error, bad[_i].error) != NULL,
	    "%s: got \"%s\", want \"%s\"", bad[_i].arguments, error,
	    bad[_i].error);
}
END_TEST

START_TEST(rule_stays_the_one_that_was_meant)
{
	char error[FLOW_FILTER_ERROR_SIZE];
	struct flow_filter filter;

	ck_assert_int_eq(parse("\"rule\":\"ssh\"", &filter, error), FILTER_OK);
	ck_assert_uint_eq(filter.rule_count, 2);
	ck_assert_uint_eq(
	    filter.rule[0], policy->tables[TABLE_INBOUND].rule[0].identity);
	ck_assert_uint_eq(
	    filter.rule[1], policy->tables[TABLE_OUTBOUND].rule[0].identity);
}
END_TEST

Suite *
suite_flow_filter(void)
{
	Suite *suite = suite_create("flow_filter");
	TCase *tests = tcase_create("flow_filter");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(
	    tests, filter_matches_these_flows, 0, ARRAY_LEN(good));
	tcase_add_loop_test(tests, filter_is_refused, 0, ARRAY_LEN(bad));
	tcase_add_test(tests, rule_stays_the_one_that_was_meant);
	suite_add_tcase(suite, tests);
	return suite;
}
