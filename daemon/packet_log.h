/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for what rules with `log` decide, in the kernel's shape.  The first
 * packet of a (rule, reason, source, destination port) is a line; those of the
 * next minute are a line with their number.  At most LOG_LINES_MOST lines a
 * second, the rest is counted.  Hides the table of the folding; main thread.
 */
#ifndef EPHEMERALD_PACKET_LOG_H
#define EPHEMERALD_PACKET_LOG_H

#include "drop.h"
#include "interfaces.h"
#include "rules.h"

#define LOG_LINES_MOST 50
#define LOG_LINE_SIZE  512

struct packet_log;

struct packet_log *packet_log_create(void); /* NULL: out of memory */
void packet_log_destroy(struct packet_log *log);
/* One packet.  `policy`: that of drop->generation, NULL if it is gone.  True:
 * there is a line to write. */
bool packet_log_add(struct packet_log *log, const struct drop *drop,
    const struct policy *policy, const struct interfaces *interfaces,
    char line[LOG_LINE_SIZE]);
/* The next line that is due by time alone.  False: none is. */
bool packet_log_due(
    struct packet_log *log, uint64_t now_ms, char line[LOG_LINE_SIZE]);

#endif
