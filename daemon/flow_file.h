/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows in a file, from one process to the next one of the same boot.  Believed
 * only if it is whole and was written by who had the key beside it.  Main
 * thread.
 */
#ifndef EPHEMERALD_FLOW_FILE_H
#define EPHEMERALD_FLOW_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct filter;
struct image_head;
struct interfaces;

#define FLOW_FILE_ERROR_SIZE 256

struct flow_file {
	void *memory; /* NULL: none */
	size_t size;
};

/* Writes the flows of a filter into the folder, whole or not at all.  False:
 * error holds one sentence. */
bool flow_file_write(const char *folder, const struct filter *filter,
    const struct interfaces *interfaces, char error[FLOW_FILE_ERROR_SIZE]);
/* Reads what is there, and removes it: it is good for one start.  NULL: error
 * holds one sentence, or is "": there is none. */
const struct image_head *flow_file_read(struct flow_file *file,
    const char *folder, char error[FLOW_FILE_ERROR_SIZE]);
void flow_file_close(struct flow_file *file); /* an empty one is fine */

#endif
