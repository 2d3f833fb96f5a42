/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In the place of loader.c where it cannot be built: clang compiles the
 * kernel's program, and libbpf loads it.
 */
#include "fast_path.h"

#include <stdio.h>

struct fast_path_kernel *
fast_path_open(size_t table_bytes, char error[FAST_PATH_ERROR_SIZE])
{
	(void)table_bytes;
	snprintf(error, FAST_PATH_ERROR_SIZE,
	    "this ephemerald was built without clang or libbpf");
	return NULL;
}

/* Without one that was opened nobody comes here. */
void *
fast_path_memory(const struct fast_path_kernel *kernel)
{
	(void)kernel;
	return NULL;
}

const struct fast_path *
fast_path_face(const struct fast_path_kernel *kernel)
{
	(void)kernel;
	return NULL;
}

void
fast_path_start(struct fast_path_kernel *kernel, const struct table *table,
    uint32_t mark_mask)
{
	(void)kernel;
	(void)table;
	(void)mark_mask;
}

void
fast_path_follow(struct fast_path_kernel *kernel, const struct policy *policy)
{
	(void)kernel;
	(void)policy;
}

int
fast_path_program(
    const struct fast_path_kernel *kernel, enum direction direction)
{
	(void)kernel;
	(void)direction;
	return -1;
}

uint64_t
fast_path_packets(
    const struct fast_path_kernel *kernel, enum direction direction)
{
	(void)kernel;
	(void)direction;
	return 0;
}

uint64_t
fast_path_bytes(const struct fast_path_kernel *kernel, enum direction direction)
{
	(void)kernel;
	(void)direction;
	return 0;
}

void
fast_path_stop(struct fast_path_kernel *kernel)
{
	(void)kernel;
}

void
fast_path_close(struct fast_path_kernel *kernel)
{
	(void)kernel;
}
