/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdicts of one batch, as the bytes to send to the kernel: one
 * NFQNL_MSG_VERDICT_BATCH per run of equal verdicts, all in one buffer.
 * One thread.
 */
#ifndef EPHEMERALD_VERDICTS_H
#define EPHEMERALD_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter.h"

/* What the kernel is to do with a packet. */
struct answer {
	bool accept;
	bool marks; /* gives the packet another mark; an accept only */
	uint32_t mark;
};

#define VERDICT_BYTES 40 /* of one message, with a mark */

struct verdicts {
	uint16_t queue;
	uint32_t previous; /* id decided last, 0: none yet */
	bool inherits; /* from a process before, whose last id is not known */
	bool open;     /* run holds what is not in bytes yet */
	struct answer run;
	size_t used; /* of bytes */
	/* A batch at worst: each packet a run of its own, behind a gap. */
	uint8_t bytes[2 * FILTER_BATCH * VERDICT_BYTES];
};

/* For a queue that was just bound: its first packet has id 1. */
void verdicts_reset(struct verdicts *verdicts, uint16_t queue);
/* Starts an empty buffer.  Then up to FILTER_BATCH times verdicts_add(). */
void verdicts_begin(struct verdicts *verdicts);
/* The packet's answer, in order of ids.  Ids that were skipped are dropped,
 * so that nothing unread is accepted; ids already decided stay decided. */
void verdicts_add(
    struct verdicts *verdicts, uint32_t id, const struct answer *answer);
/* Closes the last run: bytes and used are what is to be sent. */
void verdicts_end(struct verdicts *verdicts);
/* Bytes from `at` on that go out in the next send: whole messages, and no more
 * than the kernel takes in one page (NLMSG_GOODSIZE; for more it has to map
 * memory, netlink_alloc_large_skb()).  0: that was all. */
#define VERDICTS_SEND_MAX 3584
size_t verdicts_piece(const struct verdicts *verdicts, size_t at);
/* The buffer: drop whatever has an id up to the previous one. */
void verdicts_drop_stale(struct verdicts *verdicts);
/* Of an inherited queue: all ids up to this one were read by the process before
 * us.  Without it, that is what lies before the first id that we read. */
void verdicts_inherited(struct verdicts *verdicts, uint32_t id);

#endif
