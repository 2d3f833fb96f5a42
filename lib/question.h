/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as people write them, or as a kernel's log does, to ask the firewall
 * about.  Any thread.
 */
#ifndef EPHEMERALD_QUESTION_H
#define EPHEMERALD_QUESTION_H

#include "interfaces.h"
#include "owner.h"
#include "packet.h"

#define QUESTION_SIZE       600 /* of the text */
#define QUESTION_ERROR_SIZE 160

/* A packet, but for the ids of its interfaces. */
struct question {
	struct packet packet;
	bool any_source_port; /* none was named; the packet's is one of them */
	char in[INTERFACE_NAME_SIZE], out[INTERFACE_NAME_SIZE]; /* "": none */
	/* Names that are to be looked up; numbers are in the packet. */
	char user[OWNER_NAME_SIZE], group[OWNER_NAME_SIZE];
};

/* "DIRECTION PROTOCOL SOURCE DESTINATION [FIELD=VALUE]...": directions
 * "inbound", "outbound", "forward"; protocol by name or number; endpoints
 * "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT", without source port an ephemeral
 * one; fields flags, icmp, in, out, user, group.  It is one that may open a
 * connection (a SYN, an echo request), if the fields do not say otherwise.
 *
 * Or a log line with IN=, OUT=, SRC=, DST=, PROTO=, SPT=, DPT= and such.
 *
 * False: error says what is wrong and what is accepted. */
bool question_read(
    const char *text, struct question *out, char error[QUESTION_ERROR_SIZE]);
/* The packet with its interfaces.  False: one of them is not known. */
bool question_packet(const struct question *question,
    const struct interfaces *interfaces, struct packet *packet);
/* Now they are, if there is room. */
void question_know(
    const struct question *question, struct interfaces *interfaces);
/* The packet that answers it, on its way back. */
struct packet question_answer(const struct packet *packet);

#endif
