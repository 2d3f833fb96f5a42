/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of a rule: what nft's language calls matches and statements, each
 * appended to the rule that the batch has begun.  Part of hook.c.
 */
#ifndef EPHEMERALD_HOOK_MATCH_H
#define EPHEMERALD_HOOK_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hook_batch.h"

/* Of lo, in every network namespace (net/core/dev.c). */
#define LOOPBACK_INDEX 1

/* Meta keys are enum nft_meta_keys; lengths are in bytes. */
void match_meta_u8(struct batch *batch, uint32_t key, uint8_t value);
void match_interface(
    struct batch *batch, uint32_t key, bool is, uint32_t index);
void match_mark(struct batch *batch, uint32_t mask, uint32_t value);
void match_not_to_us(struct batch *batch); /* link-layer broadcast, ... */
void match_network(
    struct batch *batch, uint32_t offset, const void *value, uint32_t length);
void match_transport(
    struct batch *batch, uint32_t offset, const void *value, uint32_t length);
void match_transport_bits(
    struct batch *batch, uint32_t offset, uint8_t mask, uint8_t value);
void match_transport_range(
    struct batch *batch, uint32_t offset, uint8_t low, uint8_t high);
void match_ip6_source(
    struct batch *batch, const uint8_t mask[16], const uint8_t value[16]);
void match_no_ip6_fragment(struct batch *batch);
void match_over_rate(struct batch *batch, unsigned packets_per_second);

/* Keys for sets.  Source, port, destination, port; or as the answer has them.
 */
void load_connection(struct batch *batch, bool ip6, bool of_answer);
void load_address(struct batch *batch, bool ip6, bool destination);
void match_loaded(struct batch *batch, const char *set);
void then_remember_loaded(struct batch *batch, const char *set);

/* The socket-filter program of that descriptor says so. */
void match_program(struct batch *batch, int fd);
void then_accept(struct batch *batch);
void then_drop(struct batch *batch);
void then_jump(struct batch *batch, const char *chain);
void then_goto(struct batch *batch, const char *chain);
/* By symmetric hash to one of the map's chains. */
void then_spread(struct batch *batch, uint32_t map, unsigned count);
void then_reject_tcp(struct batch *batch);
void then_reject_icmp(struct batch *batch);
/* bypass: what finds nobody bound is accepted instead of dropped. */
void then_queue_native(struct batch *batch, unsigned queue, bool bypass);
void then_queue_xtables(struct batch *batch, unsigned queue, bool bypass);

#endif
