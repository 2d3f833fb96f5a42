/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of a packet log, as the kernel writes it, put into the words of a
 * question.  Inside question*.c.
 */
#ifndef EPHEMERALD_QUESTION_LINE_H
#define EPHEMERALD_QUESTION_LINE_H

#include "question.h"

/* False: it is no such line. */
bool question_line(const char *text, char words[QUESTION_SIZE]);

#endif
