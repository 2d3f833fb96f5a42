/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of well-known ports.  A name is a port number and no more: it says
 * nothing about the protocol.  Constant data, any thread.
 */
#ifndef EPHEMERALD_SERVICES_H
#define EPHEMERALD_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Port of the service, in any case (RFC 6335 5.1).  False: unknown. */
bool service_port(const char *name, uint16_t *port);
/* The names in order, NULL from the end on; for suggestions. */
const char *service_name(size_t i);

#endif
