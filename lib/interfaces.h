/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of network interfaces as small numbers.  Ids are given once and never
 * taken back, so a flow can remember the interface of its first packet even
 * when that interface is gone.  One writer (main thread); any thread reads.
 */
#ifndef EPHEMERALD_INTERFACES_H
#define EPHEMERALD_INTERFACES_H

#include <stdint.h>

#define INTERFACE_NAME_SIZE 16 /* IFNAMSIZ */

struct interfaces;

struct interfaces *interfaces_create(void); /* NULL: out of memory */
void interfaces_destroy(struct interfaces *interfaces);
/* Id of the name, new if need be; 0 if no more can be remembered, or the name
 * is empty or too long.  Writer only. */
uint16_t interfaces_intern(struct interfaces *interfaces, const char *name);
/* Id of a name that has one; 0: it has none.  Any thread. */
uint16_t interfaces_find(const struct interfaces *interfaces, const char *name);
/* "" for 0 and unknown ids; never NULL, lives as long as the registry. */
const char *interfaces_name(const struct interfaces *interfaces, uint16_t id);

/* Network interface `index` of the kernel now has that id; 0: it is gone.
 * Writer only. */
void interfaces_bind(
    struct interfaces *interfaces, uint32_t index, uint16_t id);
/* Id of the kernel's interface, 0: unknown.  Any thread, packet path. */
uint16_t interfaces_of_index(
    const struct interfaces *interfaces, uint32_t index);

#endif
