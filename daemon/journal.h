/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's log line as an entry of the journal, its parts as fields that can
 * be asked for: `journalctl EPHEMERALD_ACTION=drop`.  Any thread.
 */
#ifndef EPHEMERALD_JOURNAL_H
#define EPHEMERALD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_MESSAGE_ID "5b1c6f0f2f6a4c0b9f7d3a8e1d24c6e7"

/* The entry in the journal's own form; returns its bytes, 0: no room.  The
 * line, as packet_log.h has them, holds no control bytes. */
size_t journal_entry(int priority, const char *line, char *entry, size_t size);
/* False: the journal does not take it; say it another way. */
bool journal_send(int priority, const char *line);

#endif
