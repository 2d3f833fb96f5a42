/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fast path: packets of settled flows pass in the kernel, by a program that
 * reads our flow table (fast_path/kernel.c says how).  Main thread, but for
 * what fast_path_face() hands to the filter.
 */
#ifndef EPHEMERALD_FAST_PATH_H
#define EPHEMERALD_FAST_PATH_H

#include "filter.h"
#include "table.h"

struct fast_path_kernel;

#define FAST_PATH_ERROR_SIZE 256

/* The program and its maps, one of them with room for a table of so many bytes.
 * NULL: error holds one sentence, and all packets go by the queues. */
struct fast_path_kernel *fast_path_open(
    size_t table_bytes, char error[FAST_PATH_ERROR_SIZE]);
/* That room, zeroed, for table_create(). */
void *fast_path_memory(const struct fast_path_kernel *kernel);
/* For filter_create(); lives as long as the kernel's side. */
const struct fast_path *fast_path_face(const struct fast_path_kernel *kernel);
/* The table is made, no policy is in force yet: packets with a mark under the
 * mask are never for the fast path. */
void fast_path_start(struct fast_path_kernel *kernel, const struct table *table,
    uint32_t mark_mask);
/* How long flows may be idle under that policy, before it comes into force. */
void fast_path_follow(
    struct fast_path_kernel *kernel, const struct policy *policy);
/* The program for packets of that direction; closed with the rest. */
int fast_path_program(
    const struct fast_path_kernel *kernel, enum direction direction);
/* What it has let pass so far. */
uint64_t fast_path_packets(
    const struct fast_path_kernel *kernel, enum direction direction);
uint64_t fast_path_bytes(
    const struct fast_path_kernel *kernel, enum direction direction);
/* Nothing passes from now on. */
void fast_path_stop(struct fast_path_kernel *kernel);
/* After the rules that use it are gone.  NULL is fine. */
void fast_path_close(struct fast_path_kernel *kernel);

#endif
