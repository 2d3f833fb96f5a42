/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill: how many connections were ended, and with --reset the resets, each as
 * its row comes, for they are let out for a second only.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "look.h"
#include "reset.h"
#include "row.h"
#include "text.h"

struct killing {
	const struct reset_sockets *sockets; /* NULL: no resets */
	uint64_t count, reset;
};

static void
take_killed(void *context, const json_t *row)
{
	struct killing *killing = context;

	killing->count++;
	if (killing->sockets && reset_send(killing->sockets, row))
		killing->reset++;
}

static void
say_killed(const struct killing *killing)
{
	printf("%ju %s ended", (uintmax_t)killing->count,
	    killing->count == 1 ? "connection" : "connections");
	if (killing->sockets)
		printf(", %ju reset", (uintmax_t)killing->reset);
	putchar('\n');
}

int
command_kill(const struct call *call)
{
	struct reset_sockets sockets = { -1, -1 };
	struct killing killing = { 0 };
	json_t *arguments = look_options(call);

	if (!arguments)
		return EXIT_USAGE;
	if (call_option(call, "reset")) {
		if (!reset_open(&sockets)) {
			json_decref(arguments);
			return EXIT_NOT_PERMITTED;
		}
		killing.sockets = &sockets;
	}
	int code = client_ask(call, arguments, take_killed, &killing);
	if (code == EXIT_OK && !call->json)
		say_killed(&killing);
	reset_close(&sockets);
	return code;
}
