/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands without a socket: a line in, rows and a closing object out, on a
 * real filter with real policies.  The texts compared are the interface.
 */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "suites.h"

#define MANY      5000
#define MAX_FLOWS (8 * MANY) /* a quarter may be half open */
#define READER    65534

static struct filter *filter;
static struct interfaces *interfaces;
static struct drops *drops;
static struct commands commands;
static unsigned reloads;
static char *text; /* the last answer */
static size_t text_size;
static unsigned parts;

static const char config[] =
    "inbound = (\n"
    "  { port = 22; action = \"allow\"; name = \"ssh\"; comment = \"c\"; },\n"
    "  { port = (80, \"8000-8100\"); protocol = \"tcp\"; action = \"allow\";\n"
    "    from = (\"192.0.2.0/24\", \"2001:db8::/32\"); },\n"
    "  { port = \"*\"; action = \"reject\"; }\n"
    ");\n"
    "outbound = ( { port = 22; action = \"allow\"; } );\n";

static bool
put_in_force(const char *source, struct diagnostics *diagnostics)
{
	struct conf_text conf = { "test.conf", source, strlen(source) };
	struct policy *policy = conf_load(&conf, 1, diagnostics), *old = NULL;

	if (!policy)
		return false;
	ck_assert(filter_publish(filter, policy, &old));
	policy_destroy(old);
	return true;
}

static bool
read_config(const char *path, struct files *files, struct diagnostics *report)
{
	(void)path;
	(void)report;
	files->count = 1;
	files->text = malloc(sizeof(files->text[0]));
	files->text[0] = (struct conf_text){
		.name = strdup("test.conf"),
		.text = strdup(config),
		.size = strlen(config),
	};
	return true;
}

static bool
enforce(void *context, struct policy *policy, struct diagnostics *diagnostics)
{
	struct policy *old = NULL;

	ck_assert_ptr_eq(context, &reloads);
	(void)diagnostics;
	reloads++;
	ck_assert(filter_publish(filter, policy, &old));
	policy_destroy(old);
	return true;
}

static void
set_up(void)
{
	struct diagnostics diagnostics = { 0 };
	struct files files;

	interfaces = interfaces_create();
	struct filter_options options = {
		.max_flows = MAX_FLOWS,
		.workers = 1,
		.hash_key = { 1, 2, 3 },
		.interfaces = interfaces,
	};
	filter = filter_create(&options);
	drops = drops_create();
	ck_assert(filter && drops && interfaces);
	filter_enter(filter, 0);
	ck_assert(put_in_force(config, &diagnostics));
	diagnostics_clear(&diagnostics);
	struct changes_options changes_options = { filter, interfaces,
		"test.conf", read_config, enforce, &reloads };
	read_config("test.conf", &files, &diagnostics);
	commands = (struct commands){
		.filter = filter,
		.interfaces = interfaces,
		.drops = drops,
		.disagreements = drops,
		.changes = changes_create(&changes_options, &files),
	};
	commands_begin(&commands, NULL);
	reloads = 0;
	text = NULL;
}

static void
tear_down(void)
{
	free(text);
	commands_free(&commands);
	changes_destroy(commands.changes);
	drops_destroy(drops);
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
}

/* One part of the answer goes to `text`. */
static enum exchange_step
ask_part(struct exchange *exchange)
{
	enum exchange_step step = commands_answer(&commands, exchange);
	const struct json *out = exchange->out;

	ck_assert(!out->failed);
	ck_assert_uint_lt(out->used, EXCHANGE_CHUNK + 4096);
	text = realloc(text, text_size + out->used + 1);
	ck_assert_ptr_nonnull(text);
	if (out->used)
		memcpy(text + text_size, out->text, out->used);
	text_size += out->used;
	text[text_size] = '\0';
	json_reset(exchange->out);
	parts++;
	filter_online();
	return step;
}

static enum exchange_step
ask_as(bool may_change, const char *line)
{
	struct json out = { 0 };
	struct exchange exchange = {
		.line = line,
		.length = strlen(line),
		.uid = READER,
		.may_change = may_change,
		.out = &out,
	};
	enum exchange_step step;

	text_size = parts = 0;
	do
		step = ask_part(&exchange);
	while (step == EXCHANGE_MORE);
	free(exchange.progress);
	json_free(&out);
	return step;
}

static void
ask(const char *line)
{
	ck_assert_int_eq(ask_as(true, line), EXCHANGE_DONE);
}

static void
assert_holds(const char *want)
{
	ck_assert_msg(
	    strstr(text, want) != NULL, "got %.2000s\nwant %s", text, want);
}

static unsigned
count_lines(void)
{
	unsigned count = 0;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

/* A SYN from 192.0.2.9. */
static enum verdict
knock(uint16_t sport, uint16_t dport)
{
	uint8_t bytes[40] = { 0x45, 0, 0, 40, [8] = 64,
		PROTOCOL_TCP, [12] = 192, 0, 2, 9, 198, 51, 100, 1,
		(uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8),
		(uint8_t)dport, [27] = 1, [32] = 0x50, TCP_SYN, 0xff, 0xff };
	struct frame frame = { .bytes = bytes,
		.captured = sizeof(bytes),
		.length = sizeof(bytes),
		.direction = INBOUND };
	struct decision decision;

	filter_batch(filter, 0, &frame, &decision, 1, clock_ms());
	filter_quiescent(filter, 0);
	return reason_verdict(decision.why);
}

START_TEST(answer_ends_with_the_id_of_the_request)
{
	ask("{\"id\":7,\"command\":\"drops\"}");
	ck_assert_str_eq(text, "{\"id\":7,\"ok\":true,\"exit\":0}\n");
	ask("{\"id\":\"a\\\"b\",\"command\":\"drops\"}");
	ck_assert_str_eq(text, "{\"id\":\"a\\\"b\",\"ok\":true,\"exit\":0}\n");
	ask("{\"command\":\"drops\"}");
	ck_assert_str_eq(text, "{\"id\":null,\"ok\":true,\"exit\":0}\n");
}
END_TEST

START_TEST(malformed_request_ends_the_connection)
{
	ck_assert_int_eq(ask_as(true, "status"), EXCHANGE_CLOSE);
	assert_holds("{\"id\":null,\"ok\":false,\"exit\":2,\"error\":"
		     "\"not JSON");
	ck_assert_uint_eq(count_lines(), 1);
}
END_TEST

START_TEST(names_match_exactly)
{
	ask("{\"id\":1,\"command\":\"statu\"}");
	assert_holds(
	    "\"exit\":2,\"error\":\"unknown command \\\"statu\\\"; "
	    "accepted: status, rules, policy, flows, watch, kill, states, "
	    "drops, "
	    "shadow, explain, set-add, set-del, set-test, set-list, ban, "
	    "reload, "
	    "try, trial, confirm, rollback, shadow-promote, allow, allow-del, "
	    "allow-list\"}\n");
	ask("{\"id\":1,\"command\":\"statuss\"}");
	assert_holds("\"exit\":2,\"error\":\"unknown command \\\"statuss");
	ask("{\"id\":1,\"command\":\"flows\",\"args\":{\"dprot\":\"22\"}}");
	ck_assert_str_eq(text, "{\"id\":1,\"ok\":false,\"exit\":2,\"error\":"
			       "\"flows: unknown argument \\\"dprot\\\"\"}\n");
}
END_TEST

START_TEST(reader_may_look_but_not_change)
{
	static const char *const readable[] = { "status", "rules", "flows",
		"states", "drops", "policy" };
	char line[64];
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
		snprintf(
		    line, sizeof(line), "{\"command\":\"%s\"}", readable[i]);
		ask_as(false, line);
		assert_holds("\"ok\":true,\"exit\":0}\n");
	}
	ask_as(false, "{\"id\":1,\"command\":\"reload\"}");
	ck_assert_str_eq(text,
	    "{\"id\":1,\"ok\":false,\"exit\":4,\"error\":\"reload is for root "
	    "and the user of the daemon; uid 65534 may only look\"}\n");
	ck_assert_uint_eq(reloads, 0);
}
END_TEST

START_TEST(status_tells_policy_flows_and_counts)
{
	ck_assert_int_eq(knock(1, 22), VERDICT_ACCEPT);
	ck_assert_int_eq(knock(2, 80), VERDICT_ACCEPT);
	ck_assert_int_eq(knock(3, 23), VERDICT_REJECT);
	ask("{\"command\":\"status\"}");
	ck_assert_uint_eq(count_lines(), 2);
	assert_holds("{\"version\":\"");
	assert_holds("\",\"mode\":\"enforce\",\"pid\":");
	assert_holds("\"policy\":{\"generation\":1,\"loaded\":");
	assert_holds(
	    "\"files\":[\"test.conf\"],\"differs_on_disk\":false,"
	    "\"rules\":{\"inbound\":3,"
	    "\"outbound\":1,\"forward\":null,\"acl\":null}},"
	    "\"last_reload\":null,\"trial\":null,"
	    "\"hook\":{\"leaf\":null,\"forward\":false,\"fast_path\":null},"
	    "\"queues\":[],\"latency\":{\"p50_seconds\":null,");
	assert_holds("\"flows\":{\"used\":2,\"max\":40000},");
	assert_holds(
	    "\"verdicts\":{\"inbound\":{\"accept\":2,\"drop\":0,\"reject\":1},"
	    "\"outbound\":{\"accept\":0,\"drop\":0,\"reject\":0},"
	    "\"forward\":{\"accept\":0,\"drop\":0,\"reject\":0}},"
	    "\"reasons\":{\"rule-allow\":2,\"rule-reject\":1},"
	    "\"shadow\":null}\n");
}
END_TEST

START_TEST(rules_come_in_order_with_what_they_did)
{
	knock(1, 22);
	knock(2, 22);
	ask("{\"command\":\"rules\"}");
	ck_assert_uint_eq(count_lines(), 7);
	assert_holds("{\"rule\":\"inbound 1\",\"name\":\"ssh\",");
	assert_holds("\"hits\":2,\"bytes\":80,\"last_hit\":1");
	assert_holds("\"line\":2}\n{\"rule\":\"inbound 2\",");
	assert_holds("\n{\"rule\":\"inbound *\",");
	assert_holds("\n{\"rule\":\"outbound 1\",");
	assert_holds("\n{\"rule\":\"outbound *\",");
	assert_holds("\n{\"id\":null,\"ok\":true,\"exit\":0}\n");
}
END_TEST

START_TEST(rest_of_a_table_counts_what_no_rule_matched)
{
	struct diagnostics diagnostics = { 0 };
	ck_assert(put_in_force("acl = { inbound = ( { port = 22; action = "
			       "\"allow\"; } ); };",
	    &diagnostics));
	diagnostics_clear(&diagnostics);
	knock(1, 23);
	knock(2, 24);
	ask("{\"command\":\"rules\"}");
	ck_assert_uint_eq(count_lines(), 4);
	assert_holds("{\"rule\":\"acl.inbound 1\",");
	assert_holds("{\"rule\":\"acl.inbound *\",");
	assert_holds("\"text\":null,\"hits\":2,\"bytes\":null,");
}
END_TEST

/* A config of MANY rules. */
static char *
many_rules(void)
{
	char *source = malloc(MANY * 64 + 64);
	ck_assert_ptr_nonnull(source);
	char *at = source + sprintf(source, "inbound = (");
	for (unsigned i = 1; i <= MANY; i++)
		at += sprintf(at, "%s{ port = %u; action = \"allow\"; }",
		    i > 1 ? "," : "", i);
	strcpy(at, ");");
	return source;
}

START_TEST(many_rules_come_in_parts_each_once)
{
	struct diagnostics diagnostics = { 0 };
	char *source = many_rules(), want[64];
	ck_assert(put_in_force(source, &diagnostics));
	diagnostics_clear(&diagnostics);
	ask("{\"command\":\"rules\"}");
	ck_assert_uint_gt(parts, 10);
	ck_assert_uint_eq(count_lines(), MANY + 3);
	const char *at = text;
	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(want, sizeof(want), "{\"rule\":\"inbound %u\",", i);
		ck_assert(strncmp(at, want, strlen(want)) == 0);
		at = strchr(at, '\n') + 1;
	}
	free(source);
}
END_TEST

START_TEST(rules_replaced_meanwhile_are_not_mixed)
{
	static const char line[] = "{\"id\":1,\"command\":\"rules\"}";
	struct diagnostics diagnostics = { 0 };
	struct json out = { 0 };
	struct exchange exchange = {
		.line = line, .length = sizeof(line) - 1, .out = &out
	};
	char *source = many_rules();
	ck_assert(put_in_force(source, &diagnostics));
	text_size = 0;
	ck_assert_int_eq(ask_part(&exchange), EXCHANGE_MORE);
	ck_assert(put_in_force(config, &diagnostics));
	diagnostics_clear(&diagnostics);
	text_size = 0;
	ck_assert_int_eq(ask_part(&exchange), EXCHANGE_DONE);
	ck_assert_str_eq(text,
	    "{\"id\":1,\"ok\":false,\"exit\":1,\"error\":\"the rules were "
	    "replaced while they were listed; ask again\"}\n");
	free(exchange.progress);
	json_free(&out);
	free(source);
}
END_TEST

START_TEST(flows_are_listed_with_the_rule_that_let_them_in)
{
	knock(1000, 22);
	knock(1001, 80);
	ask("{\"command\":\"flows\",\"args\":{\"dport\":\"22\"}}");
	ck_assert_uint_eq(count_lines(), 2);
	assert_holds("{\"protocol\":\"tcp\",\"source\":\"192.0.2.9\","
		     "\"source_port\":1000,\"destination\":\"198.51.100.1\","
		     "\"destination_port\":22,");
	assert_holds("\"state\":\"syn-sent\",\"assured\":false,");
	assert_holds("\"packets\":[1,0],\"bytes\":[40,0],");
	assert_holds("\"rule\":\"inbound 1\",\"name\":\"ssh\"}\n");
	ask("{\"command\":\"flows\",\"args\":{\"rule\":\"inbound 2\"}}");
	ck_assert_uint_eq(count_lines(), 2);
	assert_holds("\"source_port\":1001,");
	assert_holds("\"rule\":\"inbound 2\",\"name\":null}\n");
}
END_TEST

START_TEST(many_flows_come_in_parts_each_once)
{
	static bool seen[MANY];
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_int_eq(
		    knock((uint16_t)(1000 + i), 22), VERDICT_ACCEPT);
	ask("{\"command\":\"flows\"}");
	ck_assert_uint_gt(parts, 10);
	ck_assert_uint_eq(count_lines(), filter_flow_count(filter) + 1);
	for (const char *at = text;
	     (at = strstr(at, "\"source_port\":")) != NULL; at++) {
		unsigned port = (unsigned)atoi(at + strlen("\"source_port\":"));
		ck_assert(port >= 1000 && port < 1000 + MANY);
		ck_assert(!seen[port - 1000]);
		seen[port - 1000] = true;
	}
	ask("{\"command\":\"states\"}");
	ck_assert_uint_gt(parts, 1);
	assert_holds("{\"state\":\"syn-sent\",\"flows\":5000}\n");
}
END_TEST

START_TEST(bad_conditions_have_their_exit_codes)
{
	ask("{\"command\":\"flows\",\"args\":{\"dport\":\"x\"}}");
	assert_holds("\"ok\":false,\"exit\":2,\"error\":\"dport \\\"x\\\"; ");
	ask("{\"command\":\"flows\",\"args\":{\"rule\":\"inbound 9\"}}");
	assert_holds(
	    "\"ok\":false,\"exit\":6,\"error\":\"no rule \\\"inbound ");
	ask("{\"command\":\"drops\",\"args\":{\"limit\":\"x\"}}");
	assert_holds("\"ok\":false,\"exit\":2,\"error\":\"limit \\\"x\\\"; ");
	ask("{\"command\":\"explain\",\"args\":{}}");
	assert_holds(
	    "\"ok\":false,\"exit\":2,\"error\":\"no \\\"direction\\\"");
}
END_TEST

START_TEST(drops_are_listed_newest_last)
{
	struct drop drop = { .time_ms = 1000, .why = NOT_IP };
	drops_add(drops, &drop, NULL, 0);
	drop.why = TRUNCATED;
	drops_add(drops, &drop, NULL, 0);
	ask("{\"command\":\"drops\"}");
	ck_assert_uint_eq(count_lines(), 3);
	ck_assert_ptr_nonnull(
	    strstr(strstr(text, "\"not-ip\""), "\"truncated\""));
	ask("{\"command\":\"drops\",\"args\":{\"limit\":\"1\"}}");
	ck_assert_uint_eq(count_lines(), 2);
	assert_holds("\"truncated\"");
}
END_TEST

START_TEST(explain_asks_the_policy_in_force)
{
	ask("{\"command\":\"explain\",\"args\":{\"direction\":\"inbound\","
	    "\"protocol\":\"tcp\",\"source\":\"203.0.113.9:51000\","
	    "\"destination\":\"192.0.2.1:22\"}}");
	ck_assert_uint_eq(count_lines(), 2);
	assert_holds("\"verdict\":\"accept\",\"reason\":\"rule-allow\"");
	assert_holds("\"rule\":\"inbound 1\",\"name\":\"ssh\","
		     "\"file\":\"test.conf\",\"line\":2,");
	assert_holds("\"by\":\"state\"");
}
END_TEST

Suite *
suite_commands(void)
{
	Suite *suite = suite_create("commands");
	TCase *tests = tcase_create("commands");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, answer_ends_with_the_id_of_the_request);
	tcase_add_test(tests, malformed_request_ends_the_connection);
	tcase_add_test(tests, names_match_exactly);
	tcase_add_test(tests, reader_may_look_but_not_change);
	tcase_add_test(tests, status_tells_policy_flows_and_counts);
	tcase_add_test(tests, rules_come_in_order_with_what_they_did);
	tcase_add_test(tests, rest_of_a_table_counts_what_no_rule_matched);
	tcase_add_test(tests, many_rules_come_in_parts_each_once);
	tcase_add_test(tests, rules_replaced_meanwhile_are_not_mixed);
	tcase_add_test(tests, flows_are_listed_with_the_rule_that_let_them_in);
	tcase_add_test(tests, many_flows_come_in_parts_each_once);
	tcase_add_test(tests, bad_conditions_have_their_exit_codes);
	tcase_add_test(tests, drops_are_listed_newest_last);
	tcase_add_test(tests, explain_asks_the_policy_in_force);
	suite_add_tcase(suite, tests);
	return suite;
}
