/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics in Prometheus' text format: a family is begun, then come all of its
 * samples.
 */
#ifndef EPHEMERALD_EXPOSITION_H
#define EPHEMERALD_EXPOSITION_H

#include <stdint.h>
#include <stdio.h>

/* Ends an array of labels where it has no name. */
struct label {
	const char *name, *value;
};

struct exposition {
	FILE *out;
	const char *family;
};

enum kind { COUNTER, GAUGE, HISTOGRAM };

/* `family` without the prefix ephemerald_; lives while samples come. */
void exposition_begin(struct exposition *exposition, enum kind kind,
    const char *family, const char *help);
/* Of a HISTOGRAM: a sample of this ending, "_sum"; le: its label, NULL: none.
 */
void exposition_part(struct exposition *exposition, const char *ending,
    const char *le, double value);
/* labels: NULL, none.  Values may be any text. */
void exposition_count(
    struct exposition *exposition, const struct label *labels, uint64_t value);
void exposition_number(
    struct exposition *exposition, const struct label *labels, double value);

#endif
