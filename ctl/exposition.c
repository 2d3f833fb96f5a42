/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text format 0.0.4.  In the value of a label it wants \, " and newlines
 * escaped; other control characters become a visible \xNN, since the text may
 * end up on a terminal.
 */
#include "exposition.h"

#include <string.h>

void
exposition_begin(struct exposition *exposition, enum kind kind,
    const char *family, const char *help)
{
	static const char *const names[] = {
		[COUNTER] = "counter",
		[GAUGE] = "gauge",
		[HISTOGRAM] = "histogram",
	};

	exposition->family = family;
	fprintf(exposition->out, "# HELP ephemerald_%s %s\n", family, help);
	fprintf(
	    exposition->out, "# TYPE ephemerald_%s %s\n", family, names[kind]);
}

static void
put_value(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	for (; *at; at++) {
		if (*at == '\n')
			fputs("\\n", out);
		else if (*at == '\\' || *at == '"')
			fprintf(out, "\\%c", *at);
		else if (*at < ' ' || *at == 0x7f)
			fprintf(out, "\\\\x%02x", *at);
		else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			fprintf(out, "\\\\x%02x", *++at); /* U+0080 and up */
		else
			putc(*at, out);
	}
}

static void
put_name(const struct exposition *exposition, const struct label *labels)
{
	FILE *out = exposition->out;
	const char *before = "{";

	fprintf(out, "ephemerald_%s", exposition->family);
	for (; labels && labels->name; labels++, before = ",") {
		fprintf(out, "%s%s=\"", before, labels->name);
		put_value(out, labels->value ? labels->value : "");
		putc('"', out);
	}
	fputs(*before == ',' ? "} " : " ", out);
}

void
exposition_part(struct exposition *exposition, const char *ending,
    const char *le, double value)
{
	FILE *out = exposition->out;

	fprintf(out, "ephemerald_%s%s", exposition->family, ending);
	if (le)
		fprintf(out, "{le=\"%s\"}", le);
	fprintf(out, " %.15g\n", value);
}

void
exposition_count(
    struct exposition *exposition, const struct label *labels, uint64_t value)
{
	put_name(exposition, labels);
	fprintf(exposition->out, "%ju\n", (uintmax_t)value);
}

void
exposition_number(
    struct exposition *exposition, const struct label *labels, double value)
{
	put_name(exposition, labels);
	fprintf(exposition->out, "%.3f\n", value);
}
