/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses that the kernel's network interfaces have.  Main thread.
 */
#ifndef EPHEMERALD_ADDRESSES_H
#define EPHEMERALD_ADDRESSES_H

#include "address.h"

struct addresses;

#define ADDRESSES_ERROR_SIZE 256

/* Asks for all there are; addresses_turn() tells.  NULL: error holds one
 * sentence. */
struct addresses *addresses_open(char error[ADDRESSES_ERROR_SIZE]);
/* To poll for reading, then addresses_turn(). */
int addresses_fd(const struct addresses *addresses);
/* Takes what the kernel reports; never waits.  True: the list is new. */
bool addresses_turn(struct addresses *addresses);
/* Good until the next turn. */
const struct address *addresses_list(
    const struct addresses *addresses, size_t *count);
void addresses_close(struct addresses *addresses); /* NULL is fine */

#endif
