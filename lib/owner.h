/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users and groups: as rules ask for them, and as a packet that this host sends
 * carries those of the socket it comes from.  Numbers are the kernel's, as seen
 * from outside of user namespaces.  Plain values, any thread.
 */
#ifndef EPHEMERALD_OWNER_H
#define EPHEMERALD_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OWNER_NAME_SIZE 64
/* Of the two above, -1 is the kernel's nobody, -2 was NFS's. */
#define OWNER_MOST (UINT32_MAX - 2)

/* A name, or numbers.  Until somebody looks the name up it is nobody's: low is
 * above high. */
struct owner_match {
	uint32_t low, high; /* inclusive */
	char *name;         /* owned, NULL: numbers */
};

/* In a packet that may be anybody's: each rule's. */
#define OWNER_ANYBODY UINT32_MAX

/* In a packet: the number, or 0 if it is not known. */
static inline uint32_t
owner_value(uint32_t number)
{
	return number > OWNER_MOST ? 0 : number + 1;
}

/* Is it one of these?  What is not known is none. */
bool owner_is_among(
    const struct owner_match *list, size_t count, uint32_t value);

/* A name that a user or a group may have. */
bool owner_is_name(const char *text);
/* A number in decimal.  False: it is none, or too large. */
bool owner_parse(const char *text, uint32_t *number);

/* In one order, and numbers joined; names that go are freed.  Returns how many
 * are left. */
size_t owners_join(struct owner_match *list, size_t count);

#endif
