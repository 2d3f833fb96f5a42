/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines to stderr.
 *
 * A line is built on the stack and leaves with one write(2), so lines of
 * several threads never mix.  Nobody waits for the reader of stderr: a line
 * that would block (a stopped terminal, a full pipe) is lost and counted, and
 * the thread's next line says how many were.  That is why a worker may log.
 * Control bytes become '?', so no interface or file name can forge a line.
 *
 * The one global, `prefixed`, is set by log_open() before there are threads.
 */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "journal.h"

#define LINE_SIZE 1024 /* below PIPE_BUF: a write is whole or nothing */

static bool prefixed;

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream. */
void
log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	prefixed = stream &&
		   sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		   fstat(STDERR_FILENO, &status) == 0 &&
		   status.st_dev == device && status.st_ino == inode;
}

static void append(char line[LINE_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
append(char line[LINE_SIZE], const char *format, ...)
{
	size_t used = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + used, LINE_SIZE - used, format, arguments);
	va_end(arguments);
}

static void
clean(char *text)
{
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

static void write_line(int priority, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void
write_line(int priority, const char *format, va_list arguments)
{
	static _Thread_local unsigned lost;
	struct pollfd reader = { .fd = STDERR_FILENO, .events = POLLOUT };
	char text[LINE_SIZE - 128]; /* leaves room for what is around it */
	char line[LINE_SIZE] = "";

	vsnprintf(text, sizeof(text), format, arguments);
	clean(text);
	if (prefixed)
		append(line, "<%d>", priority);
	append(line, "ephemerald: %s", text);
	if (lost)
		append(line, " (%u lines before this one were lost)", lost);
	append(line, "\n");

	size_t length = strlen(line);
	if (poll(&reader, 1, 0) == 1 && (reader.revents & POLLOUT) &&
	    write(STDERR_FILENO, line, length) == (ssize_t)length)
		lost = 0;
	else
		lost++;
}

void
log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(LOG_ERR, format, arguments);
	va_end(arguments);
}

void
log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(LOG_WARNING, format, arguments);
	va_end(arguments);
}

void
log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(LOG_INFO, format, arguments);
	va_end(arguments);
}

void
log_packet(const char *line)
{
	char text[LINE_SIZE];

	snprintf(text, sizeof(text), "%s", line);
	clean(text);
	if (!prefixed || !journal_send(LOG_INFO, text))
		log_info("%s", text);
}
