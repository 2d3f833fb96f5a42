/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From bytes to facts: the headers of one IP packet, checked and in host
 * order.  Bounded work for any input; no byte beyond `captured` is read.
 * Plain values, any thread.
 */
#ifndef EPHEMERALD_PACKET_H
#define EPHEMERALD_PACKET_H

#include "address.h"
#include "owner.h"
#include "reason.h"

enum direction { INBOUND, OUTBOUND, FORWARD, DIRECTION_COUNT };

/* Of the packets that answer. */
static inline enum direction
direction_opposite(enum direction d)
{
	return d == INBOUND ? OUTBOUND : d == OUTBOUND ? INBOUND : FORWARD;
}

/* One IP packet as the outside hands it in.  `bytes` is borrowed. */
struct frame {
	const uint8_t *bytes; /* from the IP header on */
	uint32_t captured;    /* bytes at hand */
	uint32_t length;      /* bytes on the wire; >= captured */
	uint8_t direction;    /* enum direction */
	bool verify_checksum; /* the kernel has not, and the sender has finished
				 it */
	uint16_t in_interface, out_interface; /* ids of interfaces.h, 0: none */
	uint32_t user, group; /* owner_value() of whose socket sends it */
};

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* May a segment have these?  PSH, ECE and CWR go with all. */
static inline bool
tcp_flags_are_legal(uint8_t flags)
{
	switch (flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK | TCP_URG)) {
	case TCP_SYN:
	case TCP_SYN | TCP_URG:
	case TCP_SYN | TCP_ACK:
	case TCP_RST:
	case TCP_RST | TCP_ACK:
	case TCP_FIN | TCP_ACK:
	case TCP_FIN | TCP_ACK | TCP_URG:
	case TCP_ACK:
	case TCP_ACK | TCP_URG:
		return true;
	default:
		return false;
	}
}

/* Window scale of a SYN that offers none. */
#define TCP_NO_SCALE 15

struct tcp_facts {
	uint32_t seq, ack;
	uint32_t length; /* payload bytes on the wire; of a first fragment,
			    those in the fragment */
	uint32_t
	    sack_edge;   /* highest right edge of its SACK blocks, `ack` if
			    all lie behind that; valid if has_sack (RFC 2018) */
	uint16_t window; /* unscaled */
	uint8_t flags;   /* enum tcp_flag */
	uint8_t scale;   /* 0-14 (more is 14, RFC 7323 2.3), or TCP_NO_SCALE */
	bool has_sack;
};

struct icmp_facts {
	uint8_t type, code;
	bool is_error;  /* v4 3, 11, 12; v6 1-4 */
	bool is_query;  /* request of a tracked query: may open */
	bool is_answer; /* answer of a tracked query */
	bool quotes; /* the error quotes a usable packet: quoted, quoted_seq */
	uint32_t quoted_seq; /* TCP only */
	struct tuple quoted; /* as the quoted packet travelled */
};

struct fragment_facts {
	struct tuple datagram; /* KIND_FRAGMENT */
	uint16_t start, end;   /* its bytes of the datagram */
	bool is_last;          /* the datagram ends with it */
};

struct packet {
	struct tuple tuple;
	uint8_t direction; /* enum direction */
	uint8_t fault;     /* enum reason: UNDECIDED if well formed */
	uint8_t hop_limit;
	bool is_fragment;       /* not whole; an IPv6 one of offset 0 without
				   more is (RFC 6946) */
	bool is_later_fragment; /* offset > 0: only the fragment tuple is known
				 */
	bool is_essential;      /* conformance list: ND, MLD, DHCP client */
	bool opens_sctp_dccp;   /* SCTP INIT alone, DCCP Request */
	bool pass_only;         /* unverified RST: let it by, believe nothing */
	uint16_t in_interface, out_interface;
	uint32_t user, group; /* owner.h, 0: not known */
	uint32_t length;      /* of the whole IP packet on the wire, without
				 padding of the link */
	struct fragment_facts fragment; /* valid if is_fragment */
	union {
		struct tcp_facts tcp;
		struct icmp_facts icmp;
	};
};

/* Fill *out from the frame.  Returns out->fault: UNDECIDED if the packet is
 * well formed, else the reason to drop it.  Then whatever had been read before
 * the fault is in out->tuple, hop_limit, tcp.flags, icmp.type and icmp.code for
 * people to see; direction, interfaces and length are set, the rest is 0. */
enum reason packet_parse(const struct frame *frame, struct packet *out);

/* By its direction and tuple; such packets are essential. */
bool packet_is_dhcp_client(const struct packet *packet);

const char *direction_name(enum direction d); /* "inbound", ... */

#endif
