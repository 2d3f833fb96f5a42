/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nf_tables expressions.  A match loads a field into register 1 and compares
 * it there; the verdict register is the kernel's NFT_REG_VERDICT.  Payload and
 * addresses are compared in network order, all other values in host order.
 */
#include "hook_match.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_bpf.h>

#include <libnftnl/expr.h>

#define NEXT_HEADER_FRAGMENT 44
#define IP6_SOURCE_OFFSET    8
#define IP6_ADDRESS_SIZE     16
#define IP4_SOURCE_OFFSET    12
#define IP4_ADDRESS_SIZE     4
#define PORT_SIZE            2

static void
set_u32(struct nftnl_expr *expression, uint16_t attribute, uint32_t value)
{
	if (expression)
		nftnl_expr_set_u32(expression, attribute, value);
}

static void
set_u64(struct nftnl_expr *expression, uint16_t attribute, uint64_t value)
{
	if (expression)
		nftnl_expr_set_u64(expression, attribute, value);
}

static void
set_u16(struct nftnl_expr *expression, uint16_t attribute, uint16_t value)
{
	if (expression)
		nftnl_expr_set_u16(expression, attribute, value);
}

static void
set_u8(struct nftnl_expr *expression, uint16_t attribute, uint8_t value)
{
	if (expression)
		nftnl_expr_set_u8(expression, attribute, value);
}

static void
set_data(struct batch *batch, struct nftnl_expr *expression, uint16_t attribute,
    const void *data, uint32_t length)
{
	if (expression &&
	    nftnl_expr_set(expression, attribute, data, length) == -1)
		batch_fail(batch);
}

static void
set_text(struct batch *batch, struct nftnl_expr *expression, uint16_t attribute,
    const char *text)
{
	if (expression && nftnl_expr_set_str(expression, attribute, text) == -1)
		batch_fail(batch);
}

static void
load_meta(struct batch *batch, uint32_t key)
{
	struct nftnl_expr *meta = batch_expression(batch, "meta");

	set_u32(meta, NFTNL_EXPR_META_KEY, key);
	set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void
load_payload_to(struct batch *batch, uint32_t to, uint32_t base,
    uint32_t offset, uint32_t length)
{
	struct nftnl_expr *payload = batch_expression(batch, "payload");

	set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, base);
	set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, length);
	set_u32(payload, NFTNL_EXPR_PAYLOAD_DREG, to);
}

static void
load_payload(
    struct batch *batch, uint32_t base, uint32_t offset, uint32_t length)
{
	load_payload_to(batch, NFT_REG_1, base, offset, length);
}

static void
keep_bits(struct batch *batch, const void *mask, uint32_t length)
{
	static const uint8_t nothing[16];
	struct nftnl_expr *bits = batch_expression(batch, "bitwise");

	set_u32(bits, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	set_u32(bits, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	set_u32(bits, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	set_u32(bits, NFTNL_EXPR_BITWISE_LEN, length);
	set_data(batch, bits, NFTNL_EXPR_BITWISE_MASK, mask, length);
	set_data(batch, bits, NFTNL_EXPR_BITWISE_XOR, nothing, length);
}

static void
compare(
    struct batch *batch, uint32_t operation, const void *value, uint32_t length)
{
	struct nftnl_expr *cmp = batch_expression(batch, "cmp");

	set_u32(cmp, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	set_u32(cmp, NFTNL_EXPR_CMP_OP, operation);
	set_data(batch, cmp, NFTNL_EXPR_CMP_DATA, value, length);
}

void
match_meta_u8(struct batch *batch, uint32_t key, uint8_t value)
{
	load_meta(batch, key);
	compare(batch, NFT_CMP_EQ, &value, sizeof(value));
}

void
match_interface(struct batch *batch, uint32_t key, bool is, uint32_t index)
{
	load_meta(batch, key);
	compare(batch, is ? NFT_CMP_EQ : NFT_CMP_NEQ, &index, sizeof(index));
}

void
match_mark(struct batch *batch, uint32_t mask, uint32_t value)
{
	load_meta(batch, NFT_META_MARK);
	keep_bits(batch, &mask, sizeof(mask));
	compare(batch, NFT_CMP_EQ, &value, sizeof(value));
}

void
match_not_to_us(struct batch *batch)
{
	const uint8_t to_us = PACKET_HOST;

	load_meta(batch, NFT_META_PKTTYPE);
	compare(batch, NFT_CMP_NEQ, &to_us, sizeof(to_us));
}

void
match_network(
    struct batch *batch, uint32_t offset, const void *value, uint32_t length)
{
	load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER, offset, length);
	compare(batch, NFT_CMP_EQ, value, length);
}

void
match_transport(
    struct batch *batch, uint32_t offset, const void *value, uint32_t length)
{
	load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, offset, length);
	compare(batch, NFT_CMP_EQ, value, length);
}

void
match_transport_bits(
    struct batch *batch, uint32_t offset, uint8_t mask, uint8_t value)
{
	load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, offset, 1);
	keep_bits(batch, &mask, 1);
	compare(batch, NFT_CMP_EQ, &value, 1);
}

void
match_transport_range(
    struct batch *batch, uint32_t offset, uint8_t low, uint8_t high)
{
	load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, offset, 1);
	compare(batch, NFT_CMP_GTE, &low, 1);
	compare(batch, NFT_CMP_LTE, &high, 1);
}

void
match_ip6_source(
    struct batch *batch, const uint8_t mask[16], const uint8_t value[16])
{
	load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER, IP6_SOURCE_OFFSET, 16);
	keep_bits(batch, mask, 16);
	compare(batch, NFT_CMP_EQ, value, 16);
}

void
match_no_ip6_fragment(struct batch *batch)
{
	struct nftnl_expr *header = batch_expression(batch, "exthdr");
	const uint8_t absent = 0;

	set_u32(header, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV6);
	set_u8(header, NFTNL_EXPR_EXTHDR_TYPE, NEXT_HEADER_FRAGMENT);
	set_u32(header, NFTNL_EXPR_EXTHDR_OFFSET, 0);
	set_u32(header, NFTNL_EXPR_EXTHDR_LEN, 1);
	set_u32(header, NFTNL_EXPR_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT);
	set_u32(header, NFTNL_EXPR_EXTHDR_DREG, NFT_REG_1);
	compare(batch, NFT_CMP_EQ, &absent, sizeof(absent));
}

void
match_over_rate(struct batch *batch, unsigned packets_per_second)
{
	struct nftnl_expr *limit = batch_expression(batch, "limit");

	set_u64(limit, NFTNL_EXPR_LIMIT_RATE, packets_per_second);
	set_u64(limit, NFTNL_EXPR_LIMIT_UNIT, 1);
	set_u32(limit, NFTNL_EXPR_LIMIT_BURST, packets_per_second);
	set_u32(limit, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	set_u32(limit, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
}

/* Returns the next free register; NFT_REG32_00 is the start of NFT_REG_1. */
static uint32_t
load_address_to(struct batch *batch, uint32_t to, bool ip6, bool destination)
{
	uint32_t size = ip6 ? IP6_ADDRESS_SIZE : IP4_ADDRESS_SIZE;
	uint32_t offset = ip6 ? IP6_SOURCE_OFFSET : IP4_SOURCE_OFFSET;

	load_payload_to(batch, to, NFT_PAYLOAD_NETWORK_HEADER,
	    destination ? offset + size : offset, size);
	return to + size / NFT_REG32_SIZE;
}

static uint32_t
load_port_to(struct batch *batch, uint32_t to, bool destination)
{
	load_payload_to(batch, to, NFT_PAYLOAD_TRANSPORT_HEADER,
	    destination ? PORT_SIZE : 0, PORT_SIZE);
	return to + 1;
}

void
load_connection(struct batch *batch, bool ip6, bool of_answer)
{
	uint32_t to = NFT_REG32_00;

	to = load_address_to(batch, to, ip6, of_answer);
	to = load_port_to(batch, to, of_answer);
	to = load_address_to(batch, to, ip6, !of_answer);
	load_port_to(batch, to, !of_answer);
}

void
load_address(struct batch *batch, bool ip6, bool destination)
{
	load_address_to(batch, NFT_REG32_00, ip6, destination);
}

void
match_loaded(struct batch *batch, const char *set)
{
	struct nftnl_expr *lookup = batch_expression(batch, "lookup");

	set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	set_text(batch, lookup, NFTNL_EXPR_LOOKUP_SET, set);
}

void
then_remember_loaded(struct batch *batch, const char *set)
{
	struct nftnl_expr *update = batch_expression(batch, "dynset");

	set_u32(update, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	set_u32(update, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	set_text(batch, update, NFTNL_EXPR_DYNSET_SET_NAME, set);
}

/* No native expression runs a program; the match of xtables does. */
void
match_program(struct batch *batch, int fd)
{
	struct nftnl_expr *match = batch_expression(batch, "match");
	struct xt_bpf_info_v1 *info = calloc(1, sizeof(*info));

	if (!match || !info) {
		free(info);
		batch_fail(batch);
		return;
	}
	info->mode = XT_BPF_MODE_FD_ELF;
	info->fd = fd;
	set_text(batch, match, NFTNL_EXPR_MT_NAME, "bpf");
	set_u32(match, NFTNL_EXPR_MT_REV, 1);
	/* The expression frees it. */
	nftnl_expr_set(match, NFTNL_EXPR_MT_INFO, info, sizeof(*info));
}

static void
verdict(struct batch *batch, int code, const char *chain)
{
	struct nftnl_expr *immediate = batch_expression(batch, "immediate");

	set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	set_u32(immediate, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
	if (chain)
		set_text(batch, immediate, NFTNL_EXPR_IMM_CHAIN, chain);
}

void
then_accept(struct batch *batch)
{
	verdict(batch, NF_ACCEPT, NULL);
}

void
then_drop(struct batch *batch)
{
	verdict(batch, NF_DROP, NULL);
}

void
then_jump(struct batch *batch, const char *chain)
{
	verdict(batch, NFT_JUMP, chain);
}

void
then_goto(struct batch *batch, const char *chain)
{
	verdict(batch, NFT_GOTO, chain);
}

void
then_spread(struct batch *batch, uint32_t map, unsigned count)
{
	struct nftnl_expr *hash = batch_expression(batch, "hash");
	struct nftnl_expr *lookup = batch_expression(batch, "lookup");

	set_u32(hash, NFTNL_EXPR_HASH_TYPE, NFT_HASH_SYM);
	set_u32(hash, NFTNL_EXPR_HASH_MODULUS, count);
	set_u32(hash, NFTNL_EXPR_HASH_DREG, NFT_REG_1);
	set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	set_u32(lookup, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	set_text(batch, lookup, NFTNL_EXPR_LOOKUP_SET, BATCH_MAP_NAME);
	set_u32(lookup, NFTNL_EXPR_LOOKUP_SET_ID, map);
}

static void
reject(struct batch *batch, uint32_t type, uint8_t code)
{
	struct nftnl_expr *expression = batch_expression(batch, "reject");

	set_u32(expression, NFTNL_EXPR_REJECT_TYPE, type);
	set_u8(expression, NFTNL_EXPR_REJECT_CODE, code);
}

void
then_reject_tcp(struct batch *batch)
{
	reject(batch, NFT_REJECT_TCP_RST, 0);
}

void
then_reject_icmp(struct batch *batch)
{
	reject(
	    batch, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

void
then_queue_native(struct batch *batch, unsigned queue, bool bypass)
{
	struct nftnl_expr *leaf = batch_expression(batch, "queue");

	set_u16(leaf, NFTNL_EXPR_QUEUE_NUM, (uint16_t)queue);
	set_u16(leaf, NFTNL_EXPR_QUEUE_TOTAL, 1);
	set_u16(
	    leaf, NFTNL_EXPR_QUEUE_FLAGS, bypass ? NFT_QUEUE_FLAG_BYPASS : 0);
}

void
then_queue_xtables(struct batch *batch, unsigned queue, bool bypass)
{
	/* The kernel wants the size of a target rounded up to 8. */
	const uint32_t size = (sizeof(struct xt_NFQ_info_v3) + 7) & ~7u;
	struct nftnl_expr *leaf = batch_expression(batch, "target");
	struct xt_NFQ_info_v3 *target = calloc(1, size);

	if (!leaf || !target) {
		free(target);
		batch_fail(batch);
		return;
	}
	target->queuenum = (uint16_t)queue;
	target->queues_total = 1;
	target->flags = bypass ? NFQ_FLAG_BYPASS : 0;
	set_text(batch, leaf, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	set_u32(leaf, NFTNL_EXPR_TG_REV, 3);
	/* The expression frees it. */
	nftnl_expr_set(leaf, NFTNL_EXPR_TG_INFO, target, size);
}
