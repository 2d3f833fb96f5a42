/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch of changes to our nftables table: built message by message, sent
 * whole, done whole or not at all.  A call that cannot be carried out (memory)
 * makes the batch fail when it is sent, so callers need not look.  Part of
 * hook.c.
 */
#ifndef EPHEMERALD_HOOK_BATCH_H
#define EPHEMERALD_HOOK_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_NAME     "ephemerald"
#define BATCH_MAP_NAME "__map%d" /* the kernel fills in the number */

/* What a message asks of the kernel: the word on it if it is refused. */
enum piece {
	PIECE_NF_TABLES,
	PIECE_TABLE,
	PIECE_CHAINS,
	PIECE_MATCHES,
	PIECE_SPREAD,
	PIECE_NATIVE_LEAF,
	PIECE_XTABLES_LEAF,
	PIECE_REJECT,
	PIECE_FAST_PATH,
};

/* The first thing that went wrong. */
struct batch_failure {
	int error; /* errno, 0: done */
	enum piece piece;
};

struct batch;
struct nftnl_expr; /* libnftnl */

/* Room for the rules of so many queues.  NULL: out of memory. */
struct batch *batch_create(unsigned queue_count);
void batch_destroy(struct batch *batch);

/* The messages that follow are about this. */
void batch_about(struct batch *batch, enum piece piece);
void batch_table(struct batch *batch); /* owned by the sending socket */
void batch_delete_table(struct batch *batch);
void batch_delete_rules(struct batch *batch); /* all of the table */
void batch_chain(struct batch *batch, const char *name);
void batch_base_chain(struct batch *batch, const char *name,
    unsigned netfilter_hook, int priority);
/* A map from 0 ... count - 1 to "goto PREFIX0" ...: its id. */
uint32_t batch_goto_map(struct batch *batch, char prefix, unsigned count);

/* A named set that rules fill, whose elements go after a second.  type: nft's
 * number of the data type, for `nft list` only. */
void batch_timed_set(
    struct batch *batch, const char *name, uint32_t type, uint32_t key_length);

/* An element of it, for the time that its elements stay. */
void batch_element(
    struct batch *batch, const char *set, const void *key, uint32_t key_length);

/* A rule: begin, expressions in order, end. */
void batch_rule(struct batch *batch, const char *chain);
struct nftnl_expr *batch_expression(struct batch *batch, const char *name);
void batch_rule_end(struct batch *batch);
/* The libnftnl object of an expression could not be filled. */
void batch_fail(struct batch *batch);

/* Sends it over an nftables socket and takes the answers. */
struct batch_failure batch_send(struct batch *batch, int fd);

#endif
