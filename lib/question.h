/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as people write them, to ask the firewall about.  Any thread.
 */
#ifndef EPHEMERALD_QUESTION_H
#define EPHEMERALD_QUESTION_H

#include "packet.h"

#define QUESTION_SIZE       200 /* of a question in one string */
#define QUESTION_ERROR_SIZE 160

/* The packet that the words describe, one that may open a connection (TCP: a
 * SYN, ICMP: an echo request).  Directions "inbound", "outbound", "forward";
 * protocol by name or number; endpoints "ADDRESS", "ADDRESS:PORT",
 * "[ADDRESS]:PORT"; without source port an ephemeral one is taken.  False:
 * error says what is wrong and what is accepted. */
bool question_parse(const char *direction, const char *protocol,
    const char *source, const char *destination, struct packet *out,
    char error[QUESTION_ERROR_SIZE]);
/* The same, the four in one string with blanks between. */
bool question_read(
    const char *text, struct packet *out, char error[QUESTION_ERROR_SIZE]);
/* The packet that answers it, on its way back. */
struct packet question_answer(const struct packet *packet);

#endif
