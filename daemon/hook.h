/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nftables table that sends packets to our queues: `table inet ephemerald`,
 * owned by the socket in struct hook, so it goes when the process does.
 * Main thread.
 */
#ifndef EPHEMERALD_HOOK_H
#define EPHEMERALD_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"
#include "rules.h"

struct hook;

struct hook_plan {
	unsigned first_queue, queue_count;
	bool forward;         /* hook forwarded packets too */
	enum hook_leaf leaf;  /* LEAF_AUTO: native queue, else xt NFQUEUE */
	uint32_t reject_mark; /* mark of an accepted packet that the kernel is
				 to reject; all its bits in reject_mask */
	uint32_t mark_mask;
	/* Programs that accept packets ahead of the queues, or -1: none. */
	int fast_path[DIRECTION_COUNT];
};

#define HOOK_ERROR_SIZE 256

/* Opens the socket.  NULL: error holds one sentence. */
struct hook *hook_open(char error[HOOK_ERROR_SIZE]);
/* The same with the socket of a process before, and with its table. */
struct hook *hook_inherit(int fd, char error[HOOK_ERROR_SIZE]);
/* Brings the kernel's rules to the plan in one batch; the queues must be bound
 * before.  False: nothing was changed, error holds one sentence (another
 * instance, missing kernel support, missing privilege, ...).  Base chains are
 * never deleted: that would drop every queued packet of the namespace. */
bool hook_install(struct hook *hook, const struct hook_plan *plan,
    char error[HOOK_ERROR_SIZE]);
/* For a second our outbound chain lets resets of this TCP connection out, from
 * either end's address, unjudged: somebody ends it.  False: the kernel refuses,
 * and they are judged as any packet. */
bool hook_expect_resets(
    const struct hook *hook, const struct tuple *connection);
/* "native" or "xtables"; valid after hook_install(). */
const char *hook_leaf_in_force(const struct hook *hook);
/* The table lives as long as anybody holds it. */
int hook_socket(const struct hook *hook);
/* Does the kernel run the plan's programs?  Valid after hook_install(). */
bool hook_has_fast_path(const struct hook *hook);
/* Deletes the table and closes the socket.  NULL is fine. */
void hook_close(struct hook *hook);
/* Leaves the table to who else holds the socket.  NULL is fine. */
void hook_leave(struct hook *hook);

#endif
