/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a row of a scenario to the bytes of its packet.  Inside scenario.c only.
 */
#ifndef EPHEMERALD_SCENARIO_BYTES_H
#define EPHEMERALD_SCENARIO_BYTES_H

#include "scenario.h"

#define TEXT_SIZE 4096
#define SIDES     32

/* The next sequence number of each (src, dst) of the scenario. */
struct side {
	const char *src, *dst;
	uint32_t next;
};

struct play {
	unsigned family;
	uint8_t processes; /* so far: each has a hash key of its own */
	struct filter *filter;
	struct interfaces *interfaces;
	void *image; /* of the filter's flows */
	uint64_t now_ms;
	struct side sides[SIDES];
};

struct bytes {
	uint8_t data[65536];
	size_t size;
};

void translate(unsigned family, const char *text, char out[TEXT_SIZE]);
void endpoint(
    unsigned family, const char *text, struct address *a, unsigned *port);
struct bytes from_hex(const char *hex);
struct bytes build(struct play *play, const struct step *s);

#endif
