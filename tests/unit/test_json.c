/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON writer: what a value looks like, and that whatever it is fed, a
 * parser of others reads one line of valid JSON back.
 */
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const struct {
	const char *claim, *value, *want;
} strings[] = {
	{ "plain text stays",       "ab c/",            "\"ab c/\"" },
	{ "empty",                  "",                 "\"\"" },
	{ "no string is null",      NULL,               "null" },
	{ "quote and backslash",    "a\"b\\",           "\"a\\\"b\\\\\"" },
	{ "line break and tab",     "\n\t",             "\"\\n\\t\"" },
	{ "other control bytes",    "\x01\x1b[\x7f",    "\"\\u0001\\u001b[\\u007f\"" },
	{ "C1 controls",            "\xc2\x80\xc2\x9b\xc2\x9f", "\"\\u0080\\u009b\\u009f\"" },
	{ "U+00A0 stays",           "\xc2\xa0",         "\"\xc2\xa0\"" },
	{ "line separators",        "\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"" },
	{ "two, three, four bytes", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	                            "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
	{ "last code point",        "\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"" },
	{ "beyond the last",        "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "stray continuation",     "a\x80z",           "\"a\xef\xbf\xbdz\"" },
	{ "cut off at the end",     "a\xe2\x82",        "\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "cut off in the middle",  "\xe2z\x82",        "\"\xef\xbf\xbdz\xef\xbf\xbd\"" },
	{ "overlong slash",         "\xc0\xaf",         "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "overlong, three bytes",  "\xe0\x9f\xbf",     "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "surrogate",              "\xed\xa0\x80",     "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "last before surrogates", "\xed\x9f\xbf",     "\"\xed\x9f\xbf\"" },
	{ "never a lead byte",      "\xff\xfe",         "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
};

static const struct {
	double value;
	const char *want;
} reals[] = {
	{ 0,                   "0" },
	{ -0.0,                "0" },
	{ 1,                   "1" },
	{ 100,                 "100" },
	{ 0.5,                 "0.5" },
	{ -2.25,               "-2.25" },
	{ 0.1,                 "0.1" },
	{ 0.000001,            "0.000001" },
	{ 0.0000004,           "0" },
	{ -0.0000004,          "0" },
	{ 0.9999996,           "1" },
	{ 1764045111.123456,   "1764045111.123456" },
	{ 9007199254740991.0,  "9007199254740991" },
	{ 1e18,                "1000000000000000000" },
	{ -1e18,               "-1000000000000000000" },
	{ INFINITY,            "null" },
	{ -INFINITY,           "null" },
	{ NAN,                 "null" },
};
/* clang-format on */

START_TEST(string_is_written_as_valid_json)
{
	struct json json = { 0 };
	json_string(&json, NULL, strings[_i].value);
	ck_assert_msg(strcmp(json.text, strings[_i].want) == 0,
	    "%s: got %s, want %s", strings[_i].claim, json.text,
	    strings[_i].want);
	ck_assert(!json.failed);
	json_free(&json);
}
END_TEST

START_TEST(number_has_six_digits_after_the_point_at_most)
{
	struct json json = { 0 };
	json_real(&json, NULL, reals[_i].value);
	ck_assert_str_eq(json.text, reals[_i].want);
	json_free(&json);
}
END_TEST

START_TEST(largest_numbers_are_whole)
{
	struct json json = { 0 };
	json_unsigned(&json, NULL, UINT64_MAX);
	ck_assert_str_eq(json.text, "18446744073709551615");
	json_reset(&json);
	json_real(&json, NULL, 1.7976931348623157e308);
	ck_assert_uint_eq(strlen(json.text), 309);
	ck_assert(strncmp(json.text, "17976931348623157", 17) == 0);
	json_free(&json);
}
END_TEST

START_TEST(commas_stand_between_values_only)
{
	struct json json = { 0 };
	json_open_object(&json, NULL);
	json_open_array(&json, "empty");
	json_close_array(&json);
	json_open_array(&json, "list");
	json_unsigned(&json, NULL, 1);
	json_bool(&json, NULL, true);
	json_open_object(&json, NULL);
	json_null(&json, "a\"b");
	json_close_object(&json);
	json_open_object(&json, NULL);
	json_close_object(&json);
	json_close_array(&json);
	json_bool(&json, "last", false);
	json_close_object(&json);
	json_newline(&json);
	json_string(&json, NULL, "next");
	json_newline(&json);
	ck_assert_str_eq(json.text,
	    "{\"empty\":[],\"list\":[1,true,{\"a\\\"b\":null},{}],"
	    "\"last\":false}\n\"next\"\n");
	ck_assert_uint_eq(json.used, strlen(json.text));
	json_free(&json);
}
END_TEST

START_TEST(sixteen_levels_and_no_more)
{
	struct json json = { 0 };
	for (int i = 0; i < 16; i++)
		json_open_array(&json, NULL);
	ck_assert(!json.failed);
	json_open_array(&json, NULL);
	ck_assert(json.failed);
	for (int i = 0; i < 17; i++)
		json_close_array(&json);
	ck_assert(json.failed);
	json_reset(&json);
	json_null(&json, NULL);
	ck_assert(!json.failed);
	ck_assert_str_eq(json.text, "null");
	json_free(&json);
}
END_TEST

START_TEST(reset_keeps_memory_and_forgets_text)
{
	struct json json = { 0 };
	json_open_array(&json, NULL);
	json_unsigned(&json, NULL, 1);
	const char *text = json.text;
	json_reset(&json);
	ck_assert_ptr_eq(json.text, text);
	ck_assert_str_eq(json.text, "");
	json_unsigned(&json, NULL, 2);
	ck_assert_str_eq(json.text, "2");
	json_free(&json);
	ck_assert_ptr_null(json.text);
}
END_TEST

/* Any bytes without NUL, read back by the parser of the control socket: one
 * line, and the same ASCII in it. */
START_TEST(any_bytes_come_back_from_a_parser)
{
	struct json json = { 0 };
	srand(4711);
	for (int round = 0; round < 20000; round++) {
		char bytes[24];
		size_t count = (size_t)rand() % sizeof(bytes);
		for (size_t i = 0; i < count; i++)
			bytes[i] = (char)(1 + rand() % 255);
		bytes[count] = '\0';
		json_reset(&json);
		json_open_object(&json, NULL);
		json_string(&json, "command", bytes);
		json_open_object(&json, "args");
		json_string(&json, bytes, bytes);
		json_close_object(&json);
		json_close_object(&json);
		ck_assert_ptr_null(strpbrk(json.text, "\n\r\x1b\x7f"));

		struct request request;
		char error[REQUEST_ERROR_SIZE];
		ck_assert_msg(
		    request_parse(json.text, json.used, &request, error),
		    "%s: %s", error, json.text);
		ck_assert_str_eq(request.command, request.argument[0].name);
		ck_assert_str_eq(request.command, request.argument[0].value);
		size_t ascii = 0;
		for (const char *at = request.command; *at; at++) {
			if ((unsigned char)*at >= 0x80)
				continue;
			while ((unsigned char)bytes[ascii] >= 0x80)
				ascii++;
			ck_assert_int_eq(*at, bytes[ascii++]);
		}
		request_free(&request);
	}
	json_free(&json);
}
END_TEST

START_TEST(buffer_grows_to_any_length)
{
	size_t length = 100000;
	char *value = malloc(length + 1);
	ck_assert_ptr_nonnull(value);
	memset(value, 'x', length);
	value[length] = '\0';
	struct json json = { 0 };
	json_string(&json, NULL, value);
	ck_assert_uint_eq(json.used, length + 2);
	ck_assert_int_eq(json.text[json.used], '\0');
	json_free(&json);
	free(value);
}
END_TEST

Suite *
suite_json(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");
	tcase_add_loop_test(
	    tests, string_is_written_as_valid_json, 0, ARRAY_LEN(strings));
	tcase_add_loop_test(tests,
	    number_has_six_digits_after_the_point_at_most, 0, ARRAY_LEN(reals));
	tcase_add_test(tests, largest_numbers_are_whole);
	tcase_add_test(tests, commas_stand_between_values_only);
	tcase_add_test(tests, sixteen_levels_and_no_more);
	tcase_add_test(tests, reset_keeps_memory_and_forgets_text);
	tcase_add_test(tests, any_bytes_come_back_from_a_parser);
	tcase_add_test(tests, buffer_grows_to_any_length);
	suite_add_tcase(suite, tests);
	return suite;
}
