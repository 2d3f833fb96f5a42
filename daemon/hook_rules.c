/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `nft list table inet ephemerald` shows, for two queues:
 *
 *   chain q0, q1           the leaves: to queue i
 *   chain f0, f1           the same, but accept if nobody is bound
 *   chain judge            symhash mod 2 vmap { 0 : goto q0, 1 : goto q1 }
 *   chain essential        symhash mod 2 vmap { 0 : goto f0, 1 : goto f1 }
 *   chain essential_icmp   neighbour discovery and MLD: goto essential
 *   chain inbound          hook input, filter - 10: not lo; what the program
 *                          of the fast path says: accept; jump
 *                          essential_icmp; DHCP client: goto essential;
 *                          goto judge
 *   chain outbound         hook output, likewise
 *   chain forward          hook forward: goto judge (nothing essential is
 *                          ever forwarded)
 *   chain reject_inbound   hook input, filter - 9, after the verdict: packets
 *   chain reject_outbound  with our mark: goto rejected
 *   chain reject_forward
 *   chain rejected         answer within limits, drop
 *   chain answers          from outbound: those answers, accept
 *
 * With one queue, q0 and f0 take the place of judge and essential.  The hash
 * is symmetric: both directions of a connection meet in one queue.
 */
#include "hook_rules.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include "hook_match.h"
#include "hook_reject.h"
#include "packet.h"

#define VERDICT_PRIORITY (NF_IP_PRI_FILTER - 10)
#define CHAIN_NAME_SIZE  24

/* Offsets in their headers. */
#define IP6_NEXT_HEADER 6
#define IP6_HOP_LIMIT   7
#define ICMP_TYPE       0
#define ICMP_CODE       1

/* A direction: where its packets pass, and by which interface lo is told. */
struct hooked {
	const char *chain, *reject_chain;
	unsigned hook;
	int lo_key; /* enum nft_meta_keys, -1: nothing comes from lo */
	uint8_t dhcp4[4], dhcp6[4]; /* source and destination port */
};

/* clang-format off */
static const struct hooked directions[DIRECTION_COUNT] = {
	[INBOUND] = { "inbound", "reject_inbound", NF_INET_LOCAL_IN, NFT_META_IIF,
	    { 0, 67, 0, 68 }, { 547 >> 8, 547 & 0xff, 546 >> 8, 546 & 0xff } },
	[OUTBOUND] = { "outbound", "reject_outbound", NF_INET_LOCAL_OUT, NFT_META_OIF,
	    { 0, 68, 0, 67 }, { 546 >> 8, 546 & 0xff, 547 >> 8, 547 & 0xff } },
	[FORWARD] = { "forward", "reject_forward", NF_INET_FORWARD, -1,
	    { 0 }, { 0 } },
};

static const uint8_t whole[16] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
/* clang-format on */
static const uint8_t unspecified[16] = { 0 };
static const uint8_t link_local[16] = { 0xfe, 0x80 }; /* fe80::/10 */
static const uint8_t link_local_mask[16] = { 0xff, 0xc0 };

static void
leaf_chain(struct batch *batch, char prefix, unsigned i,
    const struct hook_plan *plan, enum hook_leaf leaf)
{
	char chain[CHAIN_NAME_SIZE];
	bool bypass = prefix == 'f';

	snprintf(chain, sizeof(chain), "%c%u", prefix, i);
	batch_about(batch, PIECE_CHAINS);
	batch_chain(batch, chain);
	batch_about(batch,
	    leaf == LEAF_NATIVE ? PIECE_NATIVE_LEAF : PIECE_XTABLES_LEAF);
	batch_rule(batch, chain);
	if (leaf == LEAF_NATIVE)
		then_queue_native(batch, plan->first_queue + i, bypass);
	else
		then_queue_xtables(batch, plan->first_queue + i, bypass);
	batch_rule_end(batch);
}

/* The leaves of that prefix.  chain: the name of what spreads over them. */
static void
leaves(struct batch *batch, char prefix, const struct hook_plan *plan,
    enum hook_leaf leaf, const char *spread, char chain[CHAIN_NAME_SIZE])
{
	uint32_t map;

	for (unsigned i = 0; i < plan->queue_count; i++)
		leaf_chain(batch, prefix, i, plan, leaf);
	if (plan->queue_count == 1) {
		snprintf(chain, CHAIN_NAME_SIZE, "%c0", prefix);
		return;
	}
	snprintf(chain, CHAIN_NAME_SIZE, "%s", spread);
	batch_about(batch, PIECE_CHAINS);
	batch_chain(batch, spread);
	batch_about(batch, PIECE_SPREAD);
	map = batch_goto_map(batch, prefix, plan->queue_count);
	batch_rule(batch, spread);
	then_spread(batch, map, plan->queue_count);
	batch_rule_end(batch);
}

/* An ICMPv6 message that has come that far, of these types. */
static void
match_icmp6(struct batch *batch, uint8_t hops, uint8_t low, uint8_t high)
{
	match_meta_u8(batch, NFT_META_NFPROTO, NFPROTO_IPV6);
	match_network(batch, IP6_HOP_LIMIT, &hops, 1);
	match_meta_u8(batch, NFT_META_L4PROTO, PROTOCOL_ICMPV6);
	match_transport_range(batch, ICMP_TYPE, low, high);
}

/* RFC 4861 7.1: from the link itself, straight behind the IPv6 header. */
static void
neighbour_discovery(struct batch *batch, const char *essential)
{
	const uint8_t next = PROTOCOL_ICMPV6, code = 0;

	batch_rule(batch, "essential_icmp");
	match_icmp6(batch, 255, 133, 136);
	match_network(batch, IP6_NEXT_HEADER, &next, 1);
	match_transport(batch, ICMP_CODE, &code, 1);
	then_goto(batch, essential);
	batch_rule_end(batch);
}

/* RFC 2710 3, RFC 3810 5: hop limit 1, from a link-local address, or from none
 * while there is none.  It has a Hop-by-Hop header, never a Fragment header. */
static void
listener_discovery(struct batch *batch, const char *essential, uint8_t low,
    uint8_t high, const uint8_t mask[16], const uint8_t source[16])
{
	batch_rule(batch, "essential_icmp");
	match_icmp6(batch, 1, low, high);
	match_ip6_source(batch, mask, source);
	match_no_ip6_fragment(batch);
	then_goto(batch, essential);
	batch_rule_end(batch);
}

static void
essential_icmp(struct batch *batch, const char *essential)
{
	batch_about(batch, PIECE_CHAINS);
	batch_chain(batch, "essential_icmp");
	batch_about(batch, PIECE_MATCHES);
	neighbour_discovery(batch, essential);
	listener_discovery(
	    batch, essential, 130, 132, link_local_mask, link_local);
	listener_discovery(
	    batch, essential, 143, 143, link_local_mask, link_local);
	listener_discovery(batch, essential, 130, 132, whole, unspecified);
	listener_discovery(batch, essential, 143, 143, whole, unspecified);
}

/* The client's side; what a server sends must be from the link (RFC 8415). */
static void
dhcp_client(struct batch *batch, enum direction d, const char *essential)
{
	const struct hooked *hooked = &directions[d];

	batch_rule(batch, hooked->chain);
	match_meta_u8(batch, NFT_META_NFPROTO, NFPROTO_IPV4);
	match_meta_u8(batch, NFT_META_L4PROTO, PROTOCOL_UDP);
	match_transport(batch, 0, hooked->dhcp4, sizeof(hooked->dhcp4));
	then_goto(batch, essential);
	batch_rule_end(batch);

	batch_rule(batch, hooked->chain);
	match_meta_u8(batch, NFT_META_NFPROTO, NFPROTO_IPV6);
	match_meta_u8(batch, NFT_META_L4PROTO, PROTOCOL_UDP);
	match_transport(batch, 0, hooked->dhcp6, sizeof(hooked->dhcp6));
	if (d == INBOUND)
		match_ip6_source(batch, link_local_mask, link_local);
	then_goto(batch, essential);
	batch_rule_end(batch);
}

/* Most packets, so ahead of all but lo. */
static void
fast_path(struct batch *batch, const char *chain, int program)
{
	batch_about(batch, PIECE_FAST_PATH);
	batch_rule(batch, chain);
	match_program(batch, program);
	then_accept(batch);
	batch_rule_end(batch);
	batch_about(batch, PIECE_MATCHES);
}

static void
verdict_chain(struct batch *batch, enum direction d, const char *essential,
    const char *judge, bool answers, int program)
{
	const struct hooked *hooked = &directions[d];

	batch_about(batch, PIECE_CHAINS);
	batch_base_chain(batch, hooked->chain, hooked->hook, VERDICT_PRIORITY);
	batch_about(batch, PIECE_MATCHES);
	if (hooked->lo_key != -1) {
		batch_rule(batch, hooked->chain);
		match_interface(
		    batch, (uint32_t)hooked->lo_key, true, LOOPBACK_INDEX);
		then_accept(batch);
		batch_rule_end(batch);
	}
	if (program != -1)
		fast_path(batch, hooked->chain, program);
	if (hooked->lo_key != -1) {
		batch_rule(batch, hooked->chain);
		match_meta_u8(batch, NFT_META_L4PROTO, PROTOCOL_ICMPV6);
		then_jump(batch, "essential_icmp");
		batch_rule_end(batch);

		dhcp_client(batch, d, essential);
	}
	if (d == OUTBOUND && answers)
		reject_let_answers_out(batch, hooked->chain);
	batch_rule(batch, hooked->chain);
	then_goto(batch, judge);
	batch_rule_end(batch);
}

void
hook_rules(struct batch *batch, const struct hook_plan *plan,
    enum hook_leaf leaf, bool answers, bool fast)
{
	char judge[CHAIN_NAME_SIZE], essential[CHAIN_NAME_SIZE];

	batch_about(batch, PIECE_TABLE);
	batch_table(batch);
	batch_delete_rules(batch);
	leaves(batch, 'q', plan, leaf, "judge", judge);
	leaves(batch, 'f', plan, leaf, "essential", essential);
	essential_icmp(batch, essential);
	reject_chains(batch, answers);
	for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++) {
		if (d == FORWARD && !plan->forward)
			continue;
		verdict_chain(batch, d, essential, judge, answers,
		    fast ? plan->fast_path[d] : -1);
		reject_base_chain(batch, plan, directions[d].reject_chain,
		    directions[d].hook, directions[d].lo_key);
	}
}
