/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line to stderr per call, with the priority as `<N>` in front when stderr
 * is the journal.  Any thread; a line is one write.
 */
#ifndef EPHEMERALD_LOG_H
#define EPHEMERALD_LOG_H

void log_open(void);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line of packet_log.h; in the journal, its parts are fields. */
void log_packet(const char *line);
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
