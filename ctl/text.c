/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Widths and cuts go by character: mbrtowc() of the locale decides what one
 * is.  Names and paths come from others, so whatever is not a printable
 * character of its own width (control bytes, broken UTF-8, marks that turn
 * the direction of writing) is shown as \xNN before anything measures or
 * prints it.  In the C locale that is all but ASCII.
 */
#include "text.h"

#include <langinfo.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "command.h"

#define LONGEST (UINT64_C(1000000) * 86400) /* seconds, to print */

void *
text_need(void *memory)
{
	if (!memory) {
		fputs("ephctl: out of memory\n", stderr);
		exit(EXIT_FAILED);
	}
	return memory;
}

char *
text_format(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text_need(text);
}

/* Bytes of the character at `s`, and its width; width 0: show it as \xNN. */
static size_t
character(const char *s, unsigned *width)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t bytes = mbrtowc(&wide, s, strlen(s), &state);

	*width = 0;
	if (bytes == 0 || bytes > MB_LEN_MAX)
		return 1;
	if (iswprint((wint_t)wide) && wcwidth(wide) > 0)
		*width = (unsigned)wcwidth(wide);
	return bytes;
}

char *
text_clean(const char *raw)
{
	char *clean = text_need(malloc(4 * strlen(raw) + 1));
	char *out = clean;

	while (*raw) {
		unsigned width;
		size_t bytes = character(raw, &width);

		if (width) {
			memcpy(out, raw, bytes);
			out += bytes;
			raw += bytes;
		} else {
			for (; bytes; bytes--)
				out += sprintf(out, "\\x%02x",
				    (unsigned)(unsigned char)*raw++);
		}
	}
	*out = '\0';
	return clean;
}

unsigned
text_width(const char *clean)
{
	unsigned sum = 0;

	while (*clean) {
		unsigned width;

		clean += character(clean, &width);
		sum += width;
	}
	return sum;
}

size_t
text_bytes_within(const char *clean, unsigned width)
{
	size_t used = 0;

	while (clean[used]) {
		unsigned next;
		size_t bytes = character(clean + used, &next);

		if (next > width)
			break;
		width -= next;
		used += bytes;
	}
	return used;
}

const char *
text_ellipsis(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\u2026" : "~";
}

char *
text_duration(double seconds, bool brief)
{
	static const struct {
		uint64_t seconds;
		char name;
	} unit[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint64_t left = seconds <= 0         ? 0
			: seconds >= LONGEST ? LONGEST
					     : (uint64_t)seconds;
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(unit) && left < unit[i].seconds)
		i++;
	uint64_t large = left / unit[i].seconds;
	uint64_t small = 0;
	if (i + 1 < ARRAY_LEN(unit))
		small = left % unit[i].seconds / unit[i + 1].seconds;
	if (brief || !small)
		return text_format("%ju%c", (uintmax_t)large, unit[i].name);
	return text_format("%ju%c%ju%c", (uintmax_t)large, unit[i].name,
	    (uintmax_t)small, unit[i + 1].name);
}

/* "950", "1.5K", "15K": three digits at most. */
static char *
scaled(uint64_t value, unsigned base, const char *units)
{
	double rest = (double)value;

	if (value < base)
		return text_format("%ju", (uintmax_t)value);
	while (rest >= base && units[1]) {
		rest /= base;
		units++;
	}
	/* 9.96 would be printed as 10.0 */
	return text_format(rest < 9.95 ? "%.1f%c" : "%.0f%c", rest, *units);
}

char *
text_size(uint64_t bytes)
{
	return scaled(bytes, 1024, " KMGTPE");
}

char *
text_count(uint64_t count, bool brief)
{
	if (brief)
		return scaled(count, 1000, " kMGTPE");
	return text_format("%ju", (uintmax_t)count);
}

unsigned
text_terminal(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

static bool
wants_colour(void)
{
	const char *no = getenv("NO_COLOR"); /* no-color.org: empty is unset */
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no || !*no) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

char *
text_tone(enum tone tone, const char *clean)
{
	static const char *const code[] = {
		[TONE_PLAIN] = "0",
		[TONE_STRONG] = "1",
		[TONE_GOOD] = "32",
		[TONE_BAD] = "31",
	};

	if (tone == TONE_PLAIN || !wants_colour())
		return text_format("%s", clean);
	return text_format("\033[%sm%s\033[0m", code[tone], clean);
}

/* Width of the first `bytes` of a word that may be dressed by text_tone(). */
static unsigned
dressed_width(const char *word, size_t bytes)
{
	unsigned sum = 0;

	for (const char *s = word; s < word + bytes;) {
		unsigned width;

		if (*s == '\033') {
			s += strcspn(s, "m") + 1;
			continue;
		}
		s += character(s, &width);
		sum += width;
	}
	return sum;
}

void
text_print(unsigned hang, const char *clean)
{
	unsigned limit = text_terminal();
	unsigned at = 0;

	while (*clean) {
		size_t blanks = strspn(clean, " ");
		size_t bytes = blanks + strcspn(clean + blanks, " ");
		unsigned width = dressed_width(clean, bytes);

		if (limit && at > hang && at + width > limit) {
			printf("\n%*s", (int)hang, "");
			at = hang;
			clean += blanks;
			bytes -= blanks;
			width -= (unsigned)blanks;
		}
		fwrite(clean, 1, bytes, stdout);
		at += width;
		clean += bytes;
	}
	putchar('\n');
}

void
text_say(char *raw)
{
	char *clean = text_clean(raw);

	text_print(0, clean);
	free(clean);
	free(raw);
}

void
text_complain(const char *format, ...)
{
	va_list arguments;
	char *raw = NULL;

	va_start(arguments, format);
	if (vasprintf(&raw, format, arguments) < 0)
		raw = NULL;
	va_end(arguments);
	char *clean = text_clean(text_need(raw));
	fflush(stdout);
	fprintf(stderr, "ephctl: %s\n", clean);
	free(clean);
	free(raw);
}

void
text_report(const char *raw)
{
	char *copy = text_format("%s", raw);
	char *rest = copy;

	fflush(stdout);
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *clean = text_clean(line);

		fprintf(stderr, "%s\n", clean);
		free(clean);
	}
	free(copy);
}
