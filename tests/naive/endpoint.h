/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP endpoint as RFC 9293 and RFC 5961 have it, without the bytes: sequence
 * numbers, windows, retransmits, selective acknowledgements, and an application
 * that sends, reads slowly, closes or aborts as its plan says.  Virtual time.
 */
#ifndef EPHEMERALD_ENDPOINT_H
#define EPHEMERALD_ENDPOINT_H

#include "dice.h"
#include "packet.h"

enum endpoint_state {
	TCP_CLOSED,
	TCP_LISTEN,
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
};

/* What the application wants, and what its host can. */
struct plan {
	uint32_t bytes;    /* to send */
	uint32_t buffer;   /* for what arrives */
	uint32_t segment;  /* largest payload */
	uint32_t pause_ms; /* before the second half of the bytes */
	uint8_t scale;     /* or TCP_NO_SCALE */
	uint32_t on_syn;   /* bytes on the SYN: fast open */
	bool takes_syn_data;
	bool sack;
	bool closes_last; /* when the other side has closed */
	bool reads_late;  /* lets its window fill up, then reads */
	bool aborts;      /* instead of closing */
	bool silent;      /* never answers */
	bool keepalive;
};

struct endpoint {
	struct plan plan;
	enum endpoint_state state;
	uint32_t iss, irs;
	uint32_t una, next, highest; /* SND.UNA, SND.NXT, and the highest */
	uint32_t window;             /* SND.WND */
	uint32_t received;           /* RCV.NXT */
	uint32_t unread;
	uint32_t gap_from, gap_to; /* received out of order; equal: nothing */
	uint32_t fin_at;           /* number of the other side's FIN */
	uint8_t peer_scale;
	bool fin_known, scaled;
	bool refused, reset; /* how it ended, if not well */
	bool sent_first_half;
	unsigned tries;
	uint64_t resend_at, act_at, ack_at, leave_at, keep_at; /* 0: never */
};

#define OUTBOX 24
struct outbox {
	struct tcp_facts segment[OUTBOX];
	unsigned count;
};

void endpoint_open(struct endpoint *e, const struct plan *plan, uint32_t iss,
    uint64_t now_ms, struct outbox *out);
void endpoint_listen(struct endpoint *e, const struct plan *plan, uint32_t iss);
void endpoint_receive(struct endpoint *e, const struct tcp_facts *segment,
    uint64_t now_ms, struct outbox *out);
/* Timers and the application.  Call it at endpoint_wakes_at() or later. */
void endpoint_wake(struct endpoint *e, uint64_t now_ms, struct outbox *out);
uint64_t endpoint_wakes_at(const struct endpoint *e); /* UINT64_MAX: never */
/* How much it takes from RCV.NXT on. */
uint32_t endpoint_window(const struct endpoint *e);

#endif
