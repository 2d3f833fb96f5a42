/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP flags in words: "syn,ack" is a set of them, "syn/syn,ack" a match: of
 * those behind the slash exactly those before it are set.  Plain values; any
 * thread.
 */
#ifndef EPHEMERALD_TCP_FLAGS_H
#define EPHEMERALD_TCP_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One match. */
struct flags_match {
	uint8_t set, of; /* enum tcp_flag; `set` is within `of` */
};

/* "fin", ... of the flag 1 << bit. */
const char *tcp_flag_name(unsigned bit);
/* Names with commas between, or "none", until the text ends. */
bool tcp_flags_parse(const char *text, uint8_t *flags);
/* Without a slash: these are set, whatever the others are. */
bool flags_match_parse(const char *text, struct flags_match *match);

#define TCP_FLAGS_TEXT_SIZE   40
#define FLAGS_MATCH_TEXT_SIZE (2 * TCP_FLAGS_TEXT_SIZE)
/* They return the buffer. */
const char *tcp_flags_print(uint8_t flags, char text[TCP_FLAGS_TEXT_SIZE]);
const char *flags_match_print(
    const struct flags_match *match, char text[FLAGS_MATCH_TEXT_SIZE]);

#endif
