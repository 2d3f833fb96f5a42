/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `tests = ( { packet = "..."; expect = "..."; } )`: what the config claims of
 * itself.  Only read here; a policy is tested once it is whole (load.c).
 */
#include "conf_tests.h"

#include "question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One test in the making. */
struct test_reader {
	struct reader *reader;
	struct policy_test *test;
	bool has_packet, has_expect;
};

static const char *const keys[] = { "packet", "expect", "rule", "reply" };

/* `accepted`: words for what it may be. */
static const char *
need_string(
    struct test_reader *r, const config_setting_t *value, const char *accepted)
{
	const char *text = setting_string(value);
	char shown[SETTING_SHOW_SIZE];

	if (!text)
		reader_fail(r->reader, config_setting_source_line(value),
		    "%s is %s, accepted is %s", config_setting_name(value),
		    setting_show(value, shown), accepted);
	return text;
}

static void
read_packet(struct test_reader *r, const config_setting_t *value)
{
	static const char accepted[] =
	    "\"inbound tcp 198.51.100.7:40000 192.0.2.10:22\" and such";
	const char *text = need_string(r, value, accepted);
	char error[QUESTION_ERROR_SIZE];

	r->has_packet = true;
	if (!text)
		return;
	if (!question_read(text, &r->test->question, error))
		reader_fail(r->reader, config_setting_source_line(value),
		    "packet \"%.80s\": %s", text, error);
	r->test->words = reader_copy(r->reader, text);
}

static enum verdict
read_verdict(struct test_reader *r, const config_setting_t *value)
{
	static const char accepted[] = "\"accept\", \"drop\" or \"reject\"";
	const char *text = need_string(r, value, accepted);
	char shown[SETTING_SHOW_SIZE];

	for (enum verdict v = VERDICT_ACCEPT; text && v <= VERDICT_REJECT; v++)
		if (strcmp(text, verdict_name(v)) == 0)
			return v;
	if (text)
		reader_fail(r->reader, config_setting_source_line(value),
		    "%s is %s, accepted is %s", config_setting_name(value),
		    setting_show(value, shown), accepted);
	return VERDICT_DROP;
}

static void
read_rule(struct test_reader *r, const config_setting_t *value)
{
	const char *text = need_string(
	    r, value, "a rule's name, or its place such as \"inbound 3\"");

	if (text)
		r->test->rule = reader_copy(r->reader, text);
}

static void
read_member(struct test_reader *r, const config_setting_t *member)
{
	struct guess guess = { .word = config_setting_name(member) };
	char hint[GUESS_TEXT_SIZE];

	if (strcmp(guess.word, "packet") == 0) {
		read_packet(r, member);
	} else if (strcmp(guess.word, "expect") == 0) {
		r->test->expect = read_verdict(r, member);
		r->has_expect = true;
	} else if (strcmp(guess.word, "reply") == 0) {
		r->test->reply = read_verdict(r, member);
		r->test->asks_reply = true;
	} else if (strcmp(guess.word, "rule") == 0) {
		read_rule(r, member);
	} else {
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			guess_try(&guess, keys[i]);
		reader_fail(r->reader, config_setting_source_line(member),
		    "a test has no key \"%s\", %s", guess.word,
		    guess_text(&guess, hint));
	}
}

static void
read_test(struct reader *reader, const config_setting_t *item)
{
	struct policy *policy = reader->policy;
	struct test_reader r = { .reader = reader };
	char shown[SETTING_SHOW_SIZE];
	unsigned line = config_setting_source_line(item);

	if (!config_setting_is_group(item)) {
		reader_fail(reader, line,
		    "a test is %s, accepted is { packet = \"...\"; expect = "
		    "\"...\"; }",
		    setting_show(item, shown));
		return;
	}
	r.test = &policy->tests[policy->test_count++];
	r.test->file = policy->files[reader->file];
	r.test->line = line;
	for (int i = 0; i < config_setting_length(item); i++)
		read_member(&r, config_setting_get_elem(item, (unsigned)i));
	if (!r.has_packet || !r.has_expect)
		reader_fail(reader, line,
		    "a test without %s, accepted is { packet = \"...\"; expect "
		    "= \"...\"; }",
		    r.has_packet ? "expect" : "packet");
	else if (r.test->asks_reply && r.test->expect != VERDICT_ACCEPT)
		reader_fail(reader, line,
		    "a test has a reply, accepted is that only with expect = "
		    "\"accept\"");
}

void
conf_tests_read(struct reader *reader, const config_setting_t *list)
{
	struct policy *policy = reader->policy;
	size_t count = (size_t)config_setting_length(list);
	char shown[SETTING_SHOW_SIZE];

	if (!config_setting_is_list(list)) {
		reader_fail(reader, config_setting_source_line(list),
		    "tests is %s, accepted is ( { packet = \"...\"; expect = "
		    "\"...\"; }, ... )",
		    setting_show(list, shown));
		return;
	}
	struct policy_test *tests = reader_allocate(
	    reader, policy->test_count + count + 1, sizeof(*tests));
	if (!tests)
		return;
	if (policy->test_count > 0)
		memcpy(
		    tests, policy->tests, policy->test_count * sizeof(*tests));
	free(policy->tests);
	policy->tests = tests;
	for (size_t i = 0; i < count; i++)
		read_test(reader, config_setting_get_elem(list, (unsigned)i));
}
