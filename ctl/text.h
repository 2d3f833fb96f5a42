/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for people: sizes, times, widths, colour, and nothing that could steer
 * a terminal.  What returns char * is malloc'd; without memory the program
 * ends.  Needs setlocale(LC_CTYPE) once.
 */
#ifndef EPHEMERALD_TEXT_H
#define EPHEMERALD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* `memory`, or the end of the program if it is NULL. */
void *text_need(void *memory);
char *text_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* The text with every byte that is not of a printable character as \xNN. */
char *text_clean(const char *raw);

/* Of clean text: columns on a terminal. */
unsigned text_width(const char *clean);
/* Of clean text: bytes of the longest beginning that is `width` wide. */
size_t text_bytes_within(const char *clean, unsigned width);
/* Stands for what was cut off; one column. */
const char *text_ellipsis(void);

/* "3h12m"; brief: "3h" */
char *text_duration(double seconds, bool brief);
/* "1.5K", of 1024 */
char *text_size(uint64_t bytes);
/* "12345"; brief: "12k", of 1000 */
char *text_count(uint64_t count, bool brief);

/* Columns of the terminal on stdout, 0: it is none. */
unsigned text_terminal(void);
enum tone { TONE_PLAIN, TONE_STRONG, TONE_GOOD, TONE_BAD };
/* Clean text, dressed in colour if stdout is a terminal that wants it. */
char *text_tone(enum tone tone, const char *clean);

/* Prints clean text, on a terminal broken between words; lines after the
 * first are indented by `hang`. */
void text_print(unsigned hang, const char *clean);
/* The same of a text that may be anything and is freed. */
void text_say(char *raw);
/* One line to stderr, "ephctl: ..."; the text may be anything. */
void text_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* Each line of the text to stderr as it is, but clean. */
void text_report(const char *raw);

#endif
