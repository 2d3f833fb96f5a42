/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps struct interfaces in step with the kernel's network interfaces.
 * Main thread.
 */
#ifndef EPHEMERALD_LINKS_H
#define EPHEMERALD_LINKS_H

#include "interfaces.h"

struct links;

#define LINKS_ERROR_SIZE 256

/* Reads all interfaces there are.  NULL: error holds one sentence. */
struct links *links_open(
    struct interfaces *interfaces, char error[LINKS_ERROR_SIZE]);
/* To poll for reading, then links_turn(). */
int links_fd(const struct links *links);
/* Takes what the kernel reports; never waits. */
void links_turn(struct links *links);
void links_close(struct links *links); /* NULL is fine */

#endif
