/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rejecting.
 *
 * Of what carries our mark, nothing passes: chain "rejected" ends in a drop.
 * An answer goes only to a SYN or to what is not TCP (RFC 5382 REQ-4), only if
 * the link brought the packet to us alone, and within a rate; the kernel
 * itself answers no multicast, no broadcast address, no later fragment and no
 * ICMP error (net/ipv4/icmp.c, net/ipv6/icmp.c).
 *
 * The answer, which the kernel makes, goes out through our own outbound chain.
 * To the daemon a RST of no connection would be one to drop.  So "rejected"
 * remembers whom it answers, for a second, and "answers" lets just that out.
 */
#include "hook_reject.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include "hook_match.h"
#include "packet.h"

#define REJECT_PRIORITY    (NF_IP_PRI_FILTER - 9)
#define ANSWERS_PER_SECOND 100
#define TCP_FLAGS          13 /* offset */

/* What an answer differs by between the families.  The sets hold whom we
 * answer: resets by connection, unreachables by address. */
struct answer_family {
	bool ip6;
	uint8_t nfproto, icmp;
	uint8_t prohibited[2]; /* ICMP type and code: RFC 1812 5.2.7.1, RFC
				  4443 3.1 */
	const char *resets, *unreachables;
	uint32_t connection_size, address_size;
	uint32_t connection_type, address_type; /* nft's numbers, for people */
};

/* nft's concatenation of types: 6 bits each.  13: a port. */
#define CONNECTION_TYPE(address)                                               \
	((address) << 18 | 13u << 12 | (address) << 6 | 13u)

/* clang-format off */
static const struct answer_family families[] = {
	{ false, NFPROTO_IPV4, PROTOCOL_ICMP, { 3, 13 }, "resets4", "unreachables4",
	    16, 4, CONNECTION_TYPE(7u), 7 },
	{ true, NFPROTO_IPV6, PROTOCOL_ICMPV6, { 1, 1 }, "resets6", "unreachables6",
	    40, 16, CONNECTION_TYPE(8u), 8 },
};
/* clang-format on */
#define FAMILIES (sizeof(families) / sizeof(families[0]))

static void
answer_reset(struct batch *batch, const struct answer_family *family)
{
	batch_rule(batch, "rejected");
	match_meta_u8(batch, NFT_META_NFPROTO, family->nfproto);
	match_meta_u8(batch, NFT_META_L4PROTO, PROTOCOL_TCP);
	match_transport_bits(
	    batch, TCP_FLAGS, TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN);
	load_connection(batch, family->ip6, false);
	then_remember_loaded(batch, family->resets);
	then_reject_tcp(batch);
	batch_rule_end(batch);
}

static void
answer_unreachable(struct batch *batch, const struct answer_family *family)
{
	batch_rule(batch, "rejected");
	match_meta_u8(batch, NFT_META_NFPROTO, family->nfproto);
	load_address(batch, family->ip6, false);
	then_remember_loaded(batch, family->unreachables);
	then_reject_icmp(batch);
	batch_rule_end(batch);
}

static void
reject_and_answer(struct batch *batch)
{
	batch_rule(batch, "rejected");
	match_not_to_us(batch);
	then_drop(batch);
	batch_rule_end(batch);

	batch_rule(batch, "rejected");
	match_over_rate(batch, ANSWERS_PER_SECOND);
	then_drop(batch);
	batch_rule_end(batch);

	for (size_t i = 0; i < FAMILIES; i++)
		answer_reset(batch, &families[i]);

	batch_rule(batch, "rejected");
	match_meta_u8(batch, NFT_META_L4PROTO, PROTOCOL_TCP);
	then_drop(batch);
	batch_rule_end(batch);

	for (size_t i = 0; i < FAMILIES; i++)
		answer_unreachable(batch, &families[i]);
}

static void
let_out(struct batch *batch, const struct answer_family *family)
{
	batch_rule(batch, "answers");
	match_meta_u8(batch, NFT_META_NFPROTO, family->nfproto);
	match_meta_u8(batch, NFT_META_L4PROTO, PROTOCOL_TCP);
	load_connection(batch, family->ip6, true);
	match_loaded(batch, family->resets);
	then_accept(batch);
	batch_rule_end(batch);

	batch_rule(batch, "answers");
	match_meta_u8(batch, NFT_META_NFPROTO, family->nfproto);
	match_meta_u8(batch, NFT_META_L4PROTO, family->icmp);
	match_transport(batch, 0, family->prohibited, 2);
	load_address(batch, family->ip6, true);
	match_loaded(batch, family->unreachables);
	then_accept(batch);
	batch_rule_end(batch);
}

static size_t
put_address(uint8_t *at, struct address address, uint32_t size)
{
	uint8_t bytes[16];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((i < 8 ? address.high : address.low) >>
				     (56 - 8 * (i % 8)));
	memcpy(at, bytes + sizeof(bytes) - size, size);
	return size;
}

/* A port has a register of four bytes to itself. */
static size_t
put_port(uint8_t *at, uint16_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)port;
	return 4;
}

void
reject_expect_resets(struct batch *batch, const struct tuple *connection)
{
	const struct tuple *t = connection;
	const struct answer_family *family =
	    &families[t->family == FAMILY_IPV6];

	batch_about(batch, PIECE_REJECT);
	for (unsigned back = 0; back < 2; back++) {
		uint8_t key[40] = { 0 };
		size_t at = put_address(
		    key, back ? t->dst : t->src, family->address_size);
		at += put_port(key + at, back ? t->dport : t->sport);
		at += put_address(
		    key + at, back ? t->src : t->dst, family->address_size);
		put_port(key + at, back ? t->sport : t->dport);
		batch_element(
		    batch, family->resets, key, family->connection_size);
	}
}

static void
answers_chain(struct batch *batch)
{
	batch_about(batch, PIECE_CHAINS);
	batch_chain(batch, "answers");
	batch_about(batch, PIECE_REJECT);
	for (size_t i = 0; i < FAMILIES; i++) {
		const struct answer_family *family = &families[i];

		batch_timed_set(batch, family->resets, family->connection_type,
		    family->connection_size);
		batch_timed_set(batch, family->unreachables,
		    family->address_type, family->address_size);
		let_out(batch, family);
	}
}

void
reject_chains(struct batch *batch, bool answers)
{
	if (answers)
		answers_chain(batch);
	batch_about(batch, PIECE_CHAINS);
	batch_chain(batch, "rejected");
	batch_about(batch, PIECE_REJECT);
	if (answers)
		reject_and_answer(batch);
	batch_rule(batch, "rejected");
	then_drop(batch);
	batch_rule_end(batch);
}

/* A mark that another program gave to a packet on lo is not our verdict. */
void
reject_base_chain(struct batch *batch, const struct hook_plan *plan,
    const char *chain, unsigned netfilter_hook, int lo_key)
{
	batch_about(batch, PIECE_CHAINS);
	batch_base_chain(batch, chain, netfilter_hook, REJECT_PRIORITY);
	batch_about(batch, PIECE_MATCHES);
	batch_rule(batch, chain);
	match_mark(batch, plan->mark_mask, plan->reject_mark);
	if (lo_key != -1)
		match_interface(batch, (uint32_t)lo_key, false, LOOPBACK_INDEX);
	then_goto(batch, "rejected");
	batch_rule_end(batch);
}

void
reject_let_answers_out(struct batch *batch, const char *chain)
{
	static const uint8_t icmp[] = { PROTOCOL_ICMP, PROTOCOL_ICMPV6 };

	batch_rule(batch, chain);
	match_meta_u8(batch, NFT_META_L4PROTO, PROTOCOL_TCP);
	match_transport_bits(batch, TCP_FLAGS,
	    TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN, TCP_RST | TCP_ACK);
	then_jump(batch, "answers");
	batch_rule_end(batch);

	for (size_t i = 0; i < sizeof(icmp); i++) {
		batch_rule(batch, chain);
		match_meta_u8(batch, NFT_META_L4PROTO, icmp[i]);
		then_jump(batch, "answers");
		batch_rule_end(batch);
	}
}
