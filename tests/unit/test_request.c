/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which lines are requests, and what is read from them.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define SIXTEEN          "0123456789abcdef"

/* clang-format off */
static const struct {
	const char *text;
	const char *error; /* a part of it; NULL: it is a request */
} lines[] = {
	{ "{\"id\":1,\"command\":\"flows\",\"args\":{}}",    NULL },
	{ " { \"command\" : \"flows\" } \r",                 NULL },
	{ "{\"command\":\"flows\",\"id\":null}",             NULL },
	{ "{\"command\":\"flows\",\"id\":0}",                NULL },
	{ "{\"command\":\"flows\",\"id\":\"a b\"}",          NULL },
	{ "{\"command\":\"flows\",\"id\":\"" SIXTEEN SIXTEEN SIXTEEN SIXTEEN "\"}", NULL },
	{ "{\"command\":\"flows\",\"id\":\"" SIXTEEN SIXTEEN SIXTEEN SIXTEEN "0\"}", "bad \"id\"" },
	{ "{\"command\":\"flows\",\"id\":-1}",               "bad \"id\"" },
	{ "{\"command\":\"flows\",\"id\":1.5}",              "bad \"id\"" },
	{ "{\"command\":\"flows\",\"id\":true}",             "bad \"id\"" },
	{ "{\"command\":\"flows\",\"id\":{}}",               "bad \"id\"" },
	{ "",                                                "not JSON" },
	{ "status",                                          "not JSON" },
	{ "{\"command\":\"status\"",                         "not JSON" },
	{ "{\"command\":\"status\"} x",                      "not JSON" },
	{ "{\"command\":\"a\",\"command\":\"b\"}",           "not JSON" },
	{ "{\"command\":\"\xff\"}",                          "not JSON" },
	{ "{\"command\":\"a\\u0000b\"}",                     "not JSON" },
	{ "[]",                                              "not an object" },
	{ "{}",                                              "no \"command\"" },
	{ "{\"command\":1}",                                 "no \"command\"" },
	{ "{\"command\":null}",                              "no \"command\"" },
	{ "{\"command\":\"a\",\"arg\":{}}",                  "unknown key" },
	{ "{\"command\":\"a\",\"args\":[]}",                 "bad \"args\"" },
	{ "{\"command\":\"a\",\"args\":{\"b\":1}}",          "bad \"args\"" },
	{ "{\"command\":\"a\",\"args\":{\"b\":{}}}",         "bad \"args\"" },
};
/* clang-format on */

START_TEST(line_is_a_request_or_said_why_not)
{
	char error[REQUEST_ERROR_SIZE] = "";
	const char *text = lines[_i].text, *want = lines[_i].error;
	struct request request;

	bool good = request_parse(text, strlen(text), &request, error);
	ck_assert_msg(good == !want, "%s: %s", text, error);
	if (good) {
		ck_assert_str_eq(request.command, "flows");
		request_free(&request);
	} else {
		ck_assert_msg(strstr(error, want) && strstr(error, "accepted:"),
		    "%s: got \"%s\", want \"%s\"", text, error, want);
	}
}
END_TEST

START_TEST(members_are_read)
{
	static const char text[] =
	    "{\"id\":9007199254740993,\"command\":\"flows\","
	    "\"args\":{\"src\":\"192.0.2.1\",\"dport\":\"22\"}}garbage";
	char error[REQUEST_ERROR_SIZE];
	struct request request;

	ck_assert(request_parse(
	    text, sizeof(text) - 1 - strlen("garbage"), &request, error));
	ck_assert_int_eq(request.id, ID_NUMBER);
	ck_assert_uint_eq(request.id_number, 9007199254740993);
	ck_assert_uint_eq(request.argument_count, 2);
	ck_assert_str_eq(request_argument(&request, "src"), "192.0.2.1");
	ck_assert_str_eq(request_argument(&request, "dport"), "22");
	ck_assert_ptr_null(request_argument(&request, "sport"));
	ck_assert_ptr_null(request_argument(&request, "dpor"));
	request_free(&request);
}
END_TEST

START_TEST(arguments_are_limited)
{
	char text[1024] = "{\"command\":\"a\",\"args\":{";
	char error[REQUEST_ERROR_SIZE];
	struct request request;

	for (int i = 0; i < ARGUMENTS_MAX; i++)
		sprintf(text + strlen(text), "\"k%d\":\"\",", i);
	char *end = text + strlen(text) - 1;
	strcpy(end, "}}");
	ck_assert(request_parse(text, strlen(text), &request, error));
	ck_assert_uint_eq(request.argument_count, ARGUMENTS_MAX);
	request_free(&request);
	strcpy(end, ",\"one more\":\"\"}}");
	ck_assert(!request_parse(text, strlen(text), &request, error));
}
END_TEST

START_TEST(nesting_does_not_exhaust_the_stack)
{
	static char text[65536];
	char error[REQUEST_ERROR_SIZE];
	struct request request;

	memset(text, '[', sizeof(text));
	ck_assert(!request_parse(text, sizeof(text), &request, error));
	ck_assert_ptr_nonnull(strstr(error, "not JSON, column 2049"));
}
END_TEST

Suite *
suite_request(void)
{
	Suite *suite = suite_create("request");
	TCase *tests = tcase_create("request");
	tcase_add_loop_test(
	    tests, line_is_a_request_or_said_why_not, 0, ARRAY_LEN(lines));
	tcase_add_test(tests, members_are_read);
	tcase_add_test(tests, arguments_are_limited);
	tcase_add_test(tests, nesting_does_not_exhaust_the_stack);
	suite_add_tcase(suite, tests);
	return suite;
}
