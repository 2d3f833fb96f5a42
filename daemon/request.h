/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client of the control socket asks, one JSON object:
 * {"id": 1, "command": "flows", "args": {"dport": "22"}}.  Hides the JSON
 * parser, whose names collide with those of lib/json.h.
 */
#ifndef EPHEMERALD_REQUEST_H
#define EPHEMERALD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum request_id { ID_NONE, ID_NUMBER, ID_TEXT };

#define ID_TEXT_SIZE  65
#define ARGUMENTS_MAX 16

/* The strings live until request_free(). */
struct request {
	enum request_id id; /* which of the next two holds it */
	uint64_t id_number;
	char id_text[ID_TEXT_SIZE];
	const char *command;
	struct {
		const char *name, *value;
	} argument[ARGUMENTS_MAX];
	size_t argument_count;
	void *tree;
};

#define REQUEST_ERROR_SIZE 256

/* False: not such an object; error says why, nothing is to be freed. */
bool request_parse(const char *text, size_t length, struct request *request,
    char error[REQUEST_ERROR_SIZE]);
void request_free(struct request *request);
/* Value of the argument, NULL: not given. */
const char *request_argument(const struct request *request, const char *name);

#endif
