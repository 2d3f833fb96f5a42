/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows outside of a process that knows them: in the memory of a table whose
 * process has ended, or one behind the other in a file.  An image is read as if
 * an enemy had written it: whatever it says, no byte outside of it is touched,
 * and what it says of a flow is for filter_restore() to judge.
 *
 * Plain memory, which nobody changes while it is read.  One thread.
 */
#ifndef EPHEMERALD_IMAGE_H
#define EPHEMERALD_IMAGE_H

#include "table.h"

/* A flow as struct flow has it, byte by byte; no thread looks at it. */
struct saved_flow {
	uint64_t key[KEY_WORDS];
	uint64_t word;
	uint64_t window[2];
	uint64_t bytes[2];
	uint32_t packets[2];
	uint32_t max_window[2];
	uint32_t una[2];
	uint32_t isn[2];
	uint32_t challenge;
	uint32_t rule;
	uint32_t created;
	uint32_t interfaces; /* places of their names in the image */
};

/* What an image begins with. */
struct image_head {
	uint64_t magic;
	uint32_t version, flow_size;
	uint64_t size;            /* of the image, this included */
	uint64_t names;           /* places for names, behind the head */
	uint64_t slots_at, slots; /* of the table; 0: each entry is a flow */
	uint64_t flows_at, flows; /* entries */
};

/* Room for the head and so many names of interfaces, a multiple of 64. */
size_t image_front_size(size_t names);
#define IMAGE_NAMES_MAX 65536 /* ids are 16 bits, 0 is nobody's */

/* Writes the head of an image that is a table: the table's memory begins
 * image_front_size(names) bytes behind it. */
void image_of_table(void *image, size_t names, const struct table *table);
/* The same for so many flows in a row, filled in by image_put().  Returns the
 * size; image NULL: only that. */
size_t image_of_flows(void *image, size_t names, uint64_t flows);
void image_put(void *image, uint64_t number, const struct saved_flow *flow);
/* The name that flows of the image mean by that id. */
void image_put_name(void *image, uint16_t id, const char *name);

/* The head of a whole image of this version in so many bytes; or NULL, and *why
 * says what it is instead. */
const struct image_head *image_read(
    const void *memory, size_t size, const char **why);
/* Walk: *cursor starts at 0; false: the end.  Flows that were alive. */
bool image_next(
    const struct image_head *image, uint64_t *cursor, struct saved_flow *flow);
/* "" for what has none; never NULL. */
const char *image_name(const struct image_head *image, uint16_t id);

/* A live flow as it is now. */
void image_copy(const struct flow *flow, struct saved_flow *saved);

#endif
