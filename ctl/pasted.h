/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people paste, as the words of a question (lib/question.h).
 */
#ifndef EPHEMERALD_PASTED_H
#define EPHEMERALD_PASTED_H

#include <stddef.h>

/* Of arguments that are words already, a log line, a row of `drops`, or a JSON
 * row of `drops`, `flows` or `explain`.  malloc'd. */
char *pasted_question(char *const *argument, size_t count);

#endif
