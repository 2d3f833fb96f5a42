/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: lines in, lines out, for up to 16 clients at a time.  It
 * never waits for one, and a bad client loses its connection and nothing else.
 * What a line means is for the caller to say.  Main thread.
 */
#ifndef EPHEMERALD_CONTROL_H
#define EPHEMERALD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

struct control;

/* A request under way. */
struct exchange {
	const char *line; /* `length` bytes, no line end, no NUL after them */
	size_t length;
	unsigned uid; /* who connected */
	int pid;
	bool may_change;  /* root, or the user of this process */
	struct json *out; /* add whole lines here, about EXCHANGE_CHUNK bytes */
	void *progress;   /* NULL at first; malloc'd by the answerer, to be kept
			     until the end, freed by control */
};

#define EXCHANGE_CHUNK 65536

enum exchange_step {
	EXCHANGE_DONE,
	EXCHANGE_MORE,  /* ask again when this part has been sent */
	EXCHANGE_WAIT,  /* ask again in the next turn, there may be news */
	EXCHANGE_CLOSE, /* done, and the client is to go */
};

/* Gives the next part of the answer. */
typedef enum exchange_step exchange_answer(
    void *context, struct exchange *exchange);

#define CONTROL_ERROR_SIZE 256

/* inherited: the listening socket of a process before, 0: none; it is taken, or
 * closed.  NULL: error holds one sentence. */
struct control *control_open(
    const char *path, int inherited, char error[CONTROL_ERROR_SIZE]);
/* That socket, for who keeps it beyond our life. */
int control_listener(const struct control *control);
/* Readable when control_turn() has something to do. */
int control_fd(const struct control *control);
/* Serves who is ready or waits for news, a part each, and cuts who is late.  To
 * be called when control_fd() is readable, and twice a second at least. */
void control_turn(
    struct control *control, exchange_answer *answer, void *context);
/* leaving: the path stays, to who else holds the listening socket.  NULL is
 * fine. */
void control_close(struct control *control, bool leaving);

#endif
