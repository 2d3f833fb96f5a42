/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's part of the fast path: does this packet belong to a flow that
 * the daemon permits to pass unseen, and is it as plain as can be?  Then it is
 * accepted here; all else goes to the queue, where the daemon judges it as
 * ever.  So nothing is ever dropped here, and what is accepted here is what the
 * daemon would accept: the hash, the window check and the entry are the same
 * source and the same memory.
 *
 * The map `table` is the daemon's flow table (lib/table.c): there is nothing to
 * insert or to delete, and what the program notes (last seen, windows, counts)
 * is where the daemon looks for it.  It takes part as one more worker would: a
 * field changes by one compare-and-swap, and where that fails, for somebody was
 * faster, the packet is queued.  Before an entry is used again the daemon waits
 * until no program that may see it runs.
 *
 * An xt `bpf` match runs it, one for each direction, in softirq or in the
 * context of who sends.  Checksums of TCP and UDP are not looked at: the kernel
 * keeps from a program whether they are verified.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flowkey.h"
#include "maps.h"
#include "siphash.h"
#include "table.h"
#include "table_slot.h"
#include "tcp_window.c"

#define IP4_HEADER  20
#define IP6_HEADER  40
#define TCP_HEADER  20
#define UDP_HEADER  8
#define LENGTH_MOST 65535
#define TICK_NS     (TICK_MS * UINT64_C(1000000))
#ifndef NOW
#define NOW(control) ((uint32_t)(bpf_ktime_get_ns() / TICK_NS))
#endif
#define SACK_BLOCKS    4
#define TIMESTAMP      0x0101080a /* two NOPs, kind, length */
#define TIMESTAMP_SIZE 12

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at start */
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, FAST_LINE);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct fast_control);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at start */
	__type(key, uint32_t);
	__type(value, struct fast_count);
} counts SEC(".maps");

/* The plain packet at hand. */
struct plain {
	struct key key;
	bool src_is_high;
	uint8_t protocol;
	uint32_t ends_at; /* the IP header does */
	struct tcp_facts tcp;
};

/* An entry, as two elements of the map. */
struct entry {
	struct flow *flow; /* its first half only */
	char *second;
};

#define READ64(field) (*(volatile uint64_t *)&(field))
#define READ32(at)    (*(volatile uint32_t *)(at))
#define HALF          64
#define SECOND(e, type, field)                                                 \
	((type *)((e)->second + (offsetof(struct flow, field) - HALF)))

static __always_inline uint64_t
be64_at(const uint8_t *at)
{
	uint64_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return bpf_be64_to_cpu(value);
}

static __always_inline uint32_t
be32_at(const uint8_t *at)
{
	uint32_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return bpf_ntohl(value);
}

static __always_inline uint16_t
be16_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* The two ends in the order of flowkey_lookup(). */
static __always_inline void
set_key(struct plain *p, const uint64_t src[2], const uint64_t dst[2],
    uint16_t sport, uint16_t dport, uint8_t family)
{
	bool high = src[0] != dst[0]   ? src[0] > dst[0]
		    : src[1] != dst[1] ? src[1] > dst[1]
				       : sport > dport;

	p->src_is_high = high;
	p->key.word[0] = high ? dst[0] : src[0];
	p->key.word[1] = high ? dst[1] : src[1];
	p->key.word[2] = high ? src[0] : dst[0];
	p->key.word[3] = high ? src[1] : dst[1];
	p->key.word[4] = (uint64_t)(high ? dport : sport) << 48 |
			 (uint64_t)(high ? sport : dport) << 32 |
			 (uint64_t)p->protocol << 24 | (uint64_t)family << 16;
}

/* SACK blocks, as Linux and most others lay out options: a timestamp or none,
 * then NOP, NOP and the blocks.  False: they are laid out otherwise. */
static __always_inline bool
read_options(struct __sk_buff *skb, struct plain *p, uint32_t at, uint32_t size)
{
	uint8_t word[8];

	if (size == 0)
		return true;
	if (size < 4 || bpf_skb_load_bytes(skb, at, word, 4))
		return false;
	if (be32_at(word) == TIMESTAMP) {
		if (size == TIMESTAMP_SIZE)
			return true;
		at += TIMESTAMP_SIZE;
		size -= TIMESTAMP_SIZE;
		if (size < 4 || bpf_skb_load_bytes(skb, at, word, 4))
			return false;
	}
	if (be16_at(word) != 0x0101 || word[2] != 5 || word[3] + 2u != size ||
	    size % 8 != 4 || size < 12 || size > 4 + 8 * SACK_BLOCKS)
		return false;
	p->tcp.has_sack = true;
	p->tcp.sack_edge = p->tcp.ack;
	for (unsigned i = 0; i < SACK_BLOCKS; i++) {
		if (4 + 8 * i >= size)
			break;
		if (bpf_skb_load_bytes(skb, at + 4 + 8 * i, word, 8))
			return false;
		p->tcp.sack_edge =
		    seq_later(p->tcp.sack_edge, be32_at(word + 4));
	}
	return true;
}

/* An ACK with or without data. */
static __always_inline bool
read_tcp(
    struct __sk_buff *skb, struct plain *p, uint16_t *sport, uint16_t *dport)
{
	uint8_t tcp[TCP_HEADER];

	if (bpf_skb_load_bytes(skb, p->ends_at, tcp, sizeof(tcp)))
		return false;
	uint32_t header = (tcp[12] >> 4) * 4u;
	uint32_t left = skb->len - p->ends_at;
	if (header < TCP_HEADER || header > left || !(tcp[13] & TCP_ACK) ||
	    tcp[13] & (TCP_SYN | TCP_FIN | TCP_RST))
		return false;
	*sport = be16_at(tcp);
	*dport = be16_at(tcp + 2);
	p->tcp.seq = be32_at(tcp + 4);
	p->tcp.ack = be32_at(tcp + 8);
	p->tcp.window = be16_at(tcp + 14);
	p->tcp.flags = tcp[13];
	p->tcp.length = left - header;
	return read_options(
	    skb, p, p->ends_at + TCP_HEADER, header - TCP_HEADER);
}

static __always_inline bool
read_udp(struct __sk_buff *skb, struct plain *p, uint16_t *sport,
    uint16_t *dport, bool may_lack_checksum)
{
	uint8_t udp[UDP_HEADER];

	if (bpf_skb_load_bytes(skb, p->ends_at, udp, sizeof(udp)))
		return false;
	*sport = be16_at(udp);
	*dport = be16_at(udp + 2);
	return be16_at(udp + 4) == skb->len - p->ends_at &&
	       (may_lack_checksum || be16_at(udp + 6) != 0);
}

static __always_inline bool
read_transport(struct __sk_buff *skb, struct plain *p, const uint64_t src[2],
    const uint64_t dst[2], uint8_t family)
{
	uint16_t sport, dport;

	if (p->protocol == PROTOCOL_TCP
		? !read_tcp(skb, p, &sport, &dport)
		: p->protocol != PROTOCOL_UDP ||
		      !read_udp(skb, p, &sport, &dport, family == FAMILY_IPV4))
		return false;
	set_key(p, src, dst, sport, dport, family);
	return true;
}

/* Whole, and without options.  Big TCP says length 0. */
static __always_inline bool
read_ip4(struct __sk_buff *skb, struct plain *p)
{
	uint8_t ip[IP4_HEADER];

	if (bpf_skb_load_bytes(skb, 0, ip, sizeof(ip)))
		return false;
	uint32_t length = be16_at(ip + 2);
	if (ip[0] != 0x45 || be16_at(ip + 6) & 0x3fff ||
	    (length != skb->len && (length || skb->len <= LENGTH_MOST)))
		return false;
	const uint64_t mapped = UINT64_C(0xffff) << 32;
	uint64_t src[2] = { 0, mapped | be32_at(ip + 12) };
	uint64_t dst[2] = { 0, mapped | be32_at(ip + 16) };
	p->protocol = ip[9];
	p->ends_at = IP4_HEADER;
	return read_transport(skb, p, src, dst, FAMILY_IPV4);
}

/* Without extension headers. */
static __always_inline bool
read_ip6(struct __sk_buff *skb, struct plain *p)
{
	uint8_t ip[IP6_HEADER];

	if (bpf_skb_load_bytes(skb, 0, ip, sizeof(ip)))
		return false;
	if (ip[0] >> 4 != 6 || be16_at(ip + 4) + IP6_HEADER != skb->len)
		return false;
	uint64_t src[2] = { be64_at(ip + 8), be64_at(ip + 16) };
	uint64_t dst[2] = { be64_at(ip + 24), be64_at(ip + 32) };
	p->protocol = ip[6];
	p->ends_at = IP6_HEADER;
	return read_transport(skb, p, src, dst, FAMILY_IPV6);
}

static __always_inline void *
line(uint32_t index)
{
	return bpf_map_lookup_elem(&table, &index);
}

static __always_inline bool
same_key(struct flow *flow, const struct key *key)
{
	for (unsigned i = 0; i < KEY_WORDS; i++) {
		uint64_t x = READ64(flow->key[i]) ^ key->word[i];
		if (i == KEY_WORDS - 1 ? x & ~KEY_IGNORED : x)
			return false;
	}
	return true;
}

static __always_inline bool
find_in(const struct fast_control *c, const struct plain *p, uint64_t hash,
    unsigned which, struct entry *e)
{
	uint64_t tag = slot_tag(hash);
	volatile uint64_t *slot =
	    line(c->buckets_at + slot_bucket(hash, which, c->bucket_count));

	if (!slot)
		return false;
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t value = slot[i];
		if (!slot_names(value, tag))
			continue;
		uint32_t at = c->flows_at + 2 * (uint32_t)(value & INDEX_MASK);
		e->flow = line(at);
		e->second = line(at + 1);
		if (e->flow && e->second && same_key(e->flow, &p->key))
			return true;
	}
	return false;
}

static __always_inline bool
find(const struct fast_control *c, const struct plain *p, struct entry *e)
{
	struct siphash_key key = { c->hash_key[0], c->hash_key[1] };
	uint64_t hash = siphash_ending(&key, p->key.word, KEY_WORDS - 1,
	    KEY_ENDING(p->key.word[KEY_WORDS - 1]));

	return find_in(c, p, hash, 0, e) || find_in(c, p, hash, 1, e);
}

static __always_inline bool
change64(volatile uint64_t *field, uint64_t old, uint64_t new)
{
	return old == new ||
	       __sync_val_compare_and_swap(field, old, new) == old;
}

static __always_inline bool
change32(volatile uint32_t *field, uint32_t old, uint32_t new)
{
	return old == new ||
	       __sync_val_compare_and_swap(field, old, new) == old;
}

static __always_inline struct tcp_side
load_side(struct entry *e, unsigned side)
{
	uint64_t window = READ64(e->flow->window[side]);
	struct tcp_side s = {
		.end = (uint32_t)window,
		.edge = (uint32_t)(window >> 32),
		.una = READ32(SECOND(e, uint32_t, una[side])),
		.max_window = READ32(SECOND(e, uint32_t, max_window[side])),
	};
	return s;
}

static __always_inline bool
store_side(struct entry *e, unsigned side, const struct tcp_side *old,
    const struct tcp_side *new)
{
	return change64((uint64_t *)&e->flow->window[side],
		   old->end | (uint64_t)old->edge << 32,
		   new->end | (uint64_t) new->edge << 32) &&
	       change32(SECOND(e, uint32_t, una[side]), old->una, new->una) &&
	       change32(SECOND(e, uint32_t, max_window[side]), old->max_window,
		   new->max_window);
}

/* What a segment makes of its flow, the sender first, whichever side it is. */
struct change {
	struct tcp_side before[2], after[2];
};

/* The window check of tcp_judge(), and what the segment teaches. */
static __always_inline bool
fits(struct entry *e, const struct plain *p, unsigned side,
    const struct flow_word *word, struct change *change)
{
	struct tcp_flow flow = {
		.word.scale = { side ? word->scale[1] : word->scale[0],
		    side ? word->scale[0] : word->scale[1] },
		.side = { load_side(e, side), load_side(e, !side) },
	};

	if (window_judge(&flow, &p->tcp, 0) != FIT_INSIDE)
		return false;
	change->before[0] = flow.side[0];
	change->before[1] = flow.side[1];
	window_learn(&flow, &p->tcp, 0);
	change->after[0] = flow.side[0];
	change->after[1] = flow.side[1];
	return true;
}

static __always_inline void
count(struct entry *e, unsigned side, enum direction direction, uint32_t bytes)
{
	uint32_t processor = bpf_get_smp_processor_id();
	struct fast_count *c = bpf_map_lookup_elem(&counts, &processor);

	__sync_fetch_and_add(SECOND(e, uint32_t, packets[side]), 1);
	__sync_fetch_and_add(SECOND(e, uint64_t, bytes[side]), bytes);
	if (c) {
		__sync_fetch_and_add(&c->packets[direction], 1);
		__sync_fetch_and_add(&c->bytes[direction], bytes);
	}
}

/* A packet of that flow: may it pass?  Then it is noted there. */
static __always_inline bool
flow_passes(const struct fast_control *c, struct entry *e,
    const struct plain *p, enum direction direction, uint32_t bytes)
{
	uint64_t packed = READ64(e->flow->word);
	uint64_t last = READ64(e->flow->key[KEY_WORDS - 1]);
	struct flow_word word = flow_word_unpack(packed);
	unsigned side = flowkey_word_side(last, p->src_is_high) & 1;
	enum direction from = flowkey_word_direction(last);
	uint32_t tick = NOW(c);
	int32_t idle = (int32_t)(tick - word.seen);
	bool is_tcp = p->protocol == PROTOCOL_TCP;
	struct change change;

	if (word.state != (is_tcp ? STATE_ESTABLISHED : STATE_BOTH) ||
	    word.flags & (FLOW_NO_WINDOW | FLOW_CHALLENGE) ||
	    READ32(SECOND(e, uint32_t, challenge)) != flow_permit(c->epoch) ||
	    idle > (int32_t)c->idle_ticks ||
	    direction != (side == OPENER ? from : direction_opposite(from)))
		return false;
	if (is_tcp && !fits(e, p, side, &word, &change))
		return false;
	/* In the order of conntrack_apply(). */
	word.seen = tick;
	if (idle > 0 &&
	    !change64((uint64_t *)&e->flow->word, packed, flow_word_pack(word)))
		return false;
	if (is_tcp &&
	    (!store_side(e, side, &change.before[0], &change.after[0]) ||
		!store_side(e, !side, &change.before[1], &change.after[1])))
		return false;
	count(e, side, direction, bytes);
	return true;
}

static __always_inline int
passes(struct __sk_buff *skb, enum direction direction)
{
	const uint32_t first = 0;
	const struct fast_control *c = bpf_map_lookup_elem(&control, &first);
	struct plain p = { 0 };
	struct entry e;

	if (!c || c->epoch == 0 || skb->mark & c->mark_mask)
		return 0;
	if (skb->protocol == bpf_htons(ETH_P_IP)
		? !read_ip4(skb, &p)
		: skb->protocol != bpf_htons(ETH_P_IPV6) || !read_ip6(skb, &p))
		return 0;
	return find(c, &p, &e) && flow_passes(c, &e, &p, direction, skb->len);
}

SEC("socket")
int
inbound(struct __sk_buff *skb)
{
	return passes(skb, INBOUND);
}

SEC("socket")
int
outbound(struct __sk_buff *skb)
{
	return passes(skb, OUTBOUND);
}

SEC("socket")
int
forward(struct __sk_buff *skb)
{
	return passes(skb, FORWARD);
}

/* It calls nothing that asks for the GPL, but the kernel wants to know. */
char licence[] SEC("license") = "GPL";
