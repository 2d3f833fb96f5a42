/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What top shows: the connections of the last answer, in order.  Whatever the
 * daemon or a filter is wrong about becomes the message.
 */
#ifndef EPHEMERALD_TOP_LIST_H
#define EPHEMERALD_TOP_LIST_H

#include <jansson.h>

#include "columns.h"
#include "command.h"

enum top_column {
	BY_PROTO,
	BY_STATE,
	BY_SRC,
	BY_DST,
	BY_RULE,
	BY_BYTES,
	BY_RATE,
	BY_IDLE,
	TOP_COLUMNS
};

struct top_entry {
	json_t *row;
	char *text[TOP_COLUMNS];
	double number[TOP_COLUMNS]; /* what numbers are sorted by */
};

struct top {
	struct call call;
	char *filter;   /* "dport=22 src=192.0.2.0/24" */
	json_t *before; /* bytes of each connection, and when */
	double before_at, now_at;
	json_t *now;
	struct top_entry *entry;
	size_t count, size;
	size_t selected, first; /* of the lines */
	unsigned sort;          /* enum top_column */
	bool reverse;
	char *message; /* NULL: none */
};

double top_seconds(void);
/* Takes the message. */
void top_say(struct top *top, char *message);
/* Asks the daemon anew.  Returns the exit code. */
int top_refresh(struct top *top);
void top_sort(struct top *top);
/* Ends the selected connection, and no other. */
void top_end_selected(struct top *top);
/* All it has. */
void top_free(struct top *top);

#endif
