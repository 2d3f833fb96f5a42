/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP resets to both ends of a connection, as if each came from the other.
 */
#ifndef EPHEMERALD_RESET_H
#define EPHEMERALD_RESET_H

#include <jansson.h>
#include <stdbool.h>

struct reset_sockets {
	int v4, v6;
};

/* False: it has been said why not. */
bool reset_open(struct reset_sockets *sockets);
/* Of a row of `kill`.  False: it has no numbers, or was not sent. */
bool reset_send(const struct reset_sockets *sockets, const json_t *row);
void reset_close(struct reset_sockets *sockets);

#endif
