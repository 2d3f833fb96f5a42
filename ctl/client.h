/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request to the daemon and its answer.  Whatever goes wrong has been
 * said on stderr when a function returns.
 *
 * jansson's json_string(), json_real() and json_null() are hidden by
 * functions of lib/json.h of the same name: make values with json_pack().
 */
#ifndef EPHEMERALD_CLIENT_H
#define EPHEMERALD_CLIENT_H

#include <jansson.h>

#include "command.h"

/* Asks for call->command with `arguments` (an object that is released here,
 * or NULL: none) and hands over each row of the answer; with --json all rows
 * are printed too, once the answer is whole.  Returns the exit code. */
int client_ask(const struct call *call, json_t *arguments,
    void (*take)(void *context, const json_t *row), void *context);

/* The same for an answer of one row: the row, or NULL and *code. */
json_t *client_ask_one(const struct call *call, json_t *arguments, int *code);

/* The same for an answer without end: each row is handed over, or with --json
 * printed, as it comes. */
int client_follow(const struct call *call, json_t *arguments,
    void (*take)(void *context, const json_t *row), void *context);

/* Prints a line of JSON.  What is no JSON object is refused: NULL. */
json_t *client_parse(const char *line, size_t bytes, bool print);

#endif
