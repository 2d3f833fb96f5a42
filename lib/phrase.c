/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One buffer that doubles.  After a failure nothing more is added, and the end
 * gets nothing: half a sentence is worse than none.
 */
#include "phrase.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool
grow(struct phrase *phrase, size_t need)
{
	size_t size = phrase->size > 0 ? phrase->size : 128;

	while (size < need)
		size *= 2;
	if (size == phrase->size)
		return true;
	char *larger = realloc(phrase->text, size);
	if (!larger)
		return false;
	phrase->text = larger;
	phrase->size = size;
	return true;
}

void
phrase_add(struct phrase *phrase, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (phrase->failed || length < 0 ||
	    !grow(phrase, phrase->used + (size_t)length + 1)) {
		phrase->failed = true;
		return;
	}
	va_start(arguments, format);
	vsnprintf(
	    phrase->text + phrase->used, (size_t)length + 1, format, arguments);
	va_end(arguments);
	phrase->used += (size_t)length;
}

char *
phrase_take(struct phrase *phrase)
{
	phrase_add(phrase, "%s", "");
	char *text = phrase->text;
	if (phrase->failed) {
		free(text);
		text = NULL;
	}
	*phrase = (struct phrase){ 0 };
	return text;
}
