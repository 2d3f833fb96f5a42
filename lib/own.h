/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of this host, as a set that never changes: a new one takes its
 * place.  Any thread may look.  Inside lib.
 */
#ifndef EPHEMERALD_OWN_H
#define EPHEMERALD_OWN_H

#include "packet.h"

struct own;

/* Copies them.  NULL: out of memory. */
struct own *own_create(const struct address *addresses, size_t count);
void own_destroy(struct own *own); /* NULL is fine */
/* Does it claim to be from this host, though it comes from outside (RFC 2827,
 * RFC 3704 2.3)?  own: NULL if they are not known. */
bool own_is_forged(const struct own *own, const struct packet *packet);

#endif
