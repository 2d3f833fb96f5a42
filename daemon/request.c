/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jansson does the parsing: it stops at 2048 levels of nesting, refuses
 * invalid UTF-8 and NUL, and with JSON_REJECT_DUPLICATES a key given twice,
 * which two readers could read as two different requests.  What follows is
 * strict about everything that is there: a misspelt key that is ignored would
 * make a filter match more than was meant.
 */
#include "request.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define ACCEPTED                                                               \
	"accepted: {\"id\": NUMBER, \"command\": \"NAME\", "                   \
	"\"args\": {\"NAME\": \"TEXT\", ...}}"

static bool
fail(char error[REQUEST_ERROR_SIZE], const char *what)
{
	snprintf(error, REQUEST_ERROR_SIZE, "%s; " ACCEPTED, what);
	return false;
}

static bool
read_id(const json_t *id, struct request *request)
{
	if (json_is_null(id))
		return true;
	if (json_is_integer(id) && json_integer_value(id) >= 0) {
		request->id = ID_NUMBER;
		request->id_number = (uint64_t)json_integer_value(id);
		return true;
	}
	if (json_is_string(id) && json_string_length(id) < ID_TEXT_SIZE) {
		request->id = ID_TEXT;
		strcpy(request->id_text, json_string_value(id));
		return true;
	}
	return false;
}

static bool
read_arguments(json_t *arguments, struct request *request)
{
	const char *name;
	json_t *value;

	if (!json_is_object(arguments) ||
	    json_object_size(arguments) > ARGUMENTS_MAX)
		return false;
	json_object_foreach(arguments, name, value)
	{
		if (!json_is_string(value))
			return false;
		size_t i = request->argument_count++;
		request->argument[i].name = name;
		request->argument[i].value = json_string_value(value);
	}
	return true;
}

static bool
read_members(
    json_t *tree, struct request *request, char error[REQUEST_ERROR_SIZE])
{
	const char *key;
	json_t *value;

	if (!json_is_object(tree))
		return fail(error, "the request is not an object");
	json_object_foreach(tree, key, value)
	{
		if (strcmp(key, "id") == 0) {
			if (!read_id(value, request))
				return fail(error, "bad \"id\"");
		} else if (strcmp(key, "command") == 0) {
			request->command = json_string_value(value);
		} else if (strcmp(key, "args") == 0) {
			if (!read_arguments(value, request))
				return fail(error, "bad \"args\"");
		} else {
			return fail(error, "unknown key in the request");
		}
	}
	if (!request->command)
		return fail(error, "no \"command\"");
	return true;
}

bool
request_parse(const char *text, size_t length, struct request *request,
    char error[REQUEST_ERROR_SIZE])
{
	json_error_t why;

	*request = (struct request){ 0 };
	json_t *tree = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	if (!tree) {
		snprintf(error, REQUEST_ERROR_SIZE,
		    "not JSON, column %d: %.100s; " ACCEPTED, why.column,
		    why.text);
		return false;
	}
	if (!read_members(tree, request, error)) {
		json_decref(tree);
		*request = (struct request){ 0 };
		return false;
	}
	request->tree = tree;
	return true;
}

void
request_free(struct request *request)
{
	json_decref(request->tree);
	*request = (struct request){ 0 };
}

const char *
request_argument(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->argument_count; i++)
		if (strcmp(request->argument[i].name, name) == 0)
			return request->argument[i].value;
	return NULL;
}
