/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules that reject in the kernel what the daemon has accepted with the
 * reject mark.  Part of hook.c.
 */
#ifndef EPHEMERALD_HOOK_REJECT_H
#define EPHEMERALD_HOOK_REJECT_H

#include <stdbool.h>

#include "hook.h"
#include "hook_batch.h"
#include "packet.h"

/* The chains "rejected" and "answers", and their sets; without `answers` a
 * rejected packet is only dropped. */
void reject_chains(struct batch *batch, bool answers);
/* Chain "answers" lets out, for a second, resets of this connection, whichever
 * end they claim to be of. */
void reject_expect_resets(struct batch *batch, const struct tuple *connection);
/* A base chain after the one that queues, for packets with the mark.  lo_key:
 * the meta key that tells lo apart, or -1. */
void reject_base_chain(struct batch *batch, const struct hook_plan *plan,
    const char *chain, unsigned netfilter_hook, int lo_key);
/* In the outbound chain: the kernel's own answers pass unjudged. */
void reject_let_answers_out(struct batch *batch, const char *chain);

#endif
