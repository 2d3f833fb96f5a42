/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One netlink message from the kernel's packet queue, read into plain values.
 * Any bytes will do: what cannot be trusted is said to be odd, or is a packet
 * that is to be refused.  Any thread.
 */
#ifndef EPHEMERALD_MESSAGE_H
#define EPHEMERALD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

enum message_kind {
	MESSAGE_PACKET, /* a packet waits for its verdict: all but error */
	MESSAGE_ERROR,  /* answer to what we sent: error */
	MESSAGE_ODD,    /* nothing to decide */
};

struct message {
	enum message_kind kind;
	int error;           /* errno, 0: done */
	uint32_t id;         /* of the packet */
	enum reason refused; /* UNDECIDED, or why it can be no frame */
	enum direction direction;
	uint32_t mark;
	uint32_t in_index, out_index; /* the kernel's interfaces, 0: none */
	uint32_t user,
	    group; /* owner.h: whose socket sends it; outbound only */
	const uint8_t *payload; /* within the message */
	uint32_t captured;      /* bytes of payload */
	uint32_t length;        /* of the packet */
	bool verify_checksum;   /* as in struct frame */
};

/* Bytes that hold any message of a queue whose copy range is 128. */
#define MESSAGE_SIZE 512

/* truncated: the message was longer than what is at hand. */
void message_read(struct message *message, const uint8_t *bytes, size_t length,
    bool truncated);

#endif
