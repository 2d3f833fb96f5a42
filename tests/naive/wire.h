/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From facts to bytes, the way back of packet_parse(): what a struct packet
 * says becomes a frame that says it.  Payload is not built, only announced: a
 * frame may be captured in part.  Plain values, any thread.
 */
#ifndef EPHEMERALD_WIRE_H
#define EPHEMERALD_WIRE_H

#include <stdio.h>

#include "packet.h"

#define WIRE_SIZE 256

/* Read of the packet: tuple, direction, interfaces, tcp or icmp (type, code,
 * quotes, quoted), opens_sctp_dccp, pass_only; length: payload of what is not
 * TCP.  The frame borrows `bytes`. */
struct frame wire_build(const struct packet *packet, uint8_t bytes[WIRE_SIZE]);
/* "IN  TCP 192.0.2.1:80 > 192.0.2.2:4000 S. seq 5 ack 7 len 0 win 1000" */
void wire_print(FILE *out, const struct packet *packet);

#endif
