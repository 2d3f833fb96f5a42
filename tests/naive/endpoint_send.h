/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sending half of an endpoint, for its receiving half alone.
 */
#ifndef EPHEMERALD_ENDPOINT_SEND_H
#define EPHEMERALD_ENDPOINT_SEND_H

#include "endpoint.h"

#define KEEPALIVE_MS 7200000u

/* Append a segment; of it no more than the window is known here. */
struct tcp_facts *endpoint_put(struct endpoint *e, struct outbox *out,
    uint8_t flags, uint32_t seq, uint32_t length);
void endpoint_put_ack(struct endpoint *e, struct outbox *out);
void endpoint_put_syn(struct endpoint *e, struct outbox *out);
void endpoint_start_timer(struct endpoint *e, uint64_t now);
/* As much as the window takes; a byte into a window of zero when `probe`. */
void endpoint_send_more(
    struct endpoint *e, uint64_t now, struct outbox *out, bool probe);
/* The application's turn: all bytes written, and everything sent? */
void endpoint_maybe_close(struct endpoint *e, uint64_t now, struct outbox *out);
/* Behind the bytes that the application has written so far. */
uint32_t endpoint_written(const struct endpoint *e);
bool endpoint_has_closed(const struct endpoint *e);

#endif
