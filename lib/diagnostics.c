/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing list of lines.  Without memory for a line it goes unsaid: the
 * caller's result tells of the failure all the same.
 */
#include "diagnostics.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
diagnostics_add(struct diagnostics *diagnostics, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	size_t room = diagnostics->count + 1;
	char **larger = realloc(diagnostics->line, room * sizeof(larger[0]));
	if (larger)
		diagnostics->line = larger;
	char *line = length < 0 ? NULL : malloc((size_t)length + 1);
	if (!larger || !line) {
		free(line);
		return;
	}
	va_start(arguments, format);
	vsnprintf(line, (size_t)length + 1, format, arguments);
	va_end(arguments);
	diagnostics->line[diagnostics->count++] = line;
}

void
diagnostics_clear(struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		free(diagnostics->line[i]);
	free(diagnostics->line);
	*diagnostics = (struct diagnostics){ 0 };
}
