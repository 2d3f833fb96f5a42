/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy in force as the control socket gives it: lines that, put together,
 * are a config which means the same, however many parts they come in.
 */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "phrase.h"
#include "policies.h"
#include "print.h"
#include "suites.h"

struct answer_text {
	struct phrase lines; /* of the rows, as a config */
	struct phrase end;   /* the last line of the answer */
	unsigned parts;
};

/* The value of {"line":"..."}, whose escapes are \" and \t. */
static void
take_line(struct answer_text *answer, char *row)
{
	static const char start[] = "{\"line\":\"";

	if (strncmp(row, start, strlen(start)) != 0) {
		phrase_add(&answer->end, "%s", row);
		return;
	}
	for (char *c = row + strlen(start); *c != '"'; c++) {
		c += *c == '\\';
		phrase_add(&answer->lines, "%c",
		    c[-1] == '\\' && *c == 't' ? '\t' : *c);
	}
	phrase_add(&answer->lines, "\n");
}

/* The answer to one request; *again: a config to put in force after the first
 * part. */
static void
ask(struct filter *filter, struct answer_text *answer, const char *again)
{
	static const char request[] = "{\"id\":1,\"command\":\"policy\"}";
	struct commands commands = { .filter = filter };
	struct json out = { 0 };
	struct exchange exchange = {
		.line = request, .length = strlen(request), .out = &out
	};
	enum exchange_step step;

	*answer = (struct answer_text){ 0 };
	do {
		step = commands_answer(&commands, &exchange);
		answer->parts++;
		for (char *rest = out.text, *row;
		     (row = strsep(&rest, "\n")) && *row;)
			take_line(answer, row);
		json_reset(&out);
		struct policy *old = NULL;
		if (again && answer->parts == 1)
			ck_assert(
			    filter_publish(filter, policy_of(again), &old));
		policy_destroy(old);
	} while (step == EXCHANGE_MORE);
	free(exchange.progress);
	json_free(&out);
	commands_free(&commands);
}

static struct filter *
filter_with(const char *config)
{
	static const struct filter_options options = { .max_flows = 64,
		.workers = 1 };
	struct filter *filter = filter_create(&options);
	struct policy *old;

	ck_assert(filter_publish(filter, policy_of(config), &old));
	return filter;
}

static void
forget(struct answer_text *answer)
{
	free(phrase_take(&answer->lines));
	free(phrase_take(&answer->end));
}

static char *
many_rules(unsigned count)
{
	struct phrase config = { 0 };

	phrase_add(&config, "on_reload = \"keep\"; inbound = (");
	for (unsigned i = 0; i < count; i++)
		phrase_add(&config,
		    "{ name = \"r \\\"%u\\\"\"; port = %u; action = "
		    "\"allow\"; },\n",
		    i, i + 1);
	phrase_add(&config, "{ action = \"block\"; } );");
	return phrase_take(&config);
}

START_TEST(the_lines_are_a_config_that_means_the_same)
{
	struct answer_text answer;
	char *config = many_rules(_i);
	struct filter *filter = filter_with(config);
	char *want = policy_print(filter_policy(filter));

	ask(filter, &answer, NULL);
	ck_assert_str_eq(answer.end.text, "{\"id\":1,\"ok\":true,\"exit\":0}");
	ck_assert_uint_eq(answer.parts > 1, _i > 1000);
	struct policy *read = policy_of(answer.lines.text);
	char *got = policy_print(read);
	ck_assert_str_eq(got, want);
	forget(&answer);
	policy_destroy(read);
	filter_destroy(filter);
	free(config);
	free(want);
	free(got);
}
END_TEST

START_TEST(two_policies_are_not_mixed)
{
	struct answer_text answer;
	char *config = many_rules(3000);
	struct filter *filter = filter_with(config);

	ask(filter, &answer, "inbound = ();");
	ck_assert_msg(strstr(answer.end.text, "\"ok\":false,\"exit\":1"), "%s",
	    answer.end.text);
	forget(&answer);
	filter_destroy(filter);
	free(config);
}
END_TEST

Suite *
suite_policy_command(void)
{
	Suite *suite = suite_create("policy_command");
	TCase *lines = tcase_create("lines");

	tcase_add_loop_test(
	    lines, the_lines_are_a_config_that_means_the_same, 0, 1);
	tcase_add_loop_test(
	    lines, the_lines_are_a_config_that_means_the_same, 3000, 3001);
	tcase_add_test(lines, two_policies_are_not_mixed);
	suite_add_tcase(suite, lines);
	return suite;
}
