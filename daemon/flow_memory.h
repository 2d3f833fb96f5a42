/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for the flow table that can outlive the process: an anonymous file,
 * mapped, whose descriptor another may hold.  Main thread.
 */
#ifndef EPHEMERALD_FLOW_MEMORY_H
#define EPHEMERALD_FLOW_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct image_head;

struct flow_memory {
	int fd;       /* 0: none */
	void *memory; /* NULL: none */
	size_t size;
};

/* So many bytes, zeroed.  False: *memory is empty, errno says why. */
bool flow_memory_create(struct flow_memory *memory, size_t size);
/* The image in the memory of a process before, to be read: takes the
 * descriptor.  NULL: why says what it is instead; *memory is empty. */
const struct image_head *flow_memory_inherit(
    struct flow_memory *memory, int fd, const char **why);
/* Our part of it; an empty one is fine. */
void flow_memory_close(struct flow_memory *memory);

#endif
