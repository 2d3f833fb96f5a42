/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guess that hits the window of an endpoint by chance harms the endpoint,
 * whatever stands in between; so guesses here never do.  A forged SYN towards
 * SYN-SENT would make its target believe in a simultaneous open, and one to
 * TIME-WAIT would open anew: neither is forged.
 */
#include "attack.h"

/* Far from everything that the target may take for the next bytes. */
static uint32_t
outside(struct dice *d, const struct endpoint *target)
{
	return target->received + 0x40000000 +
	       dice_roll(d, 0x80000000 - 0x1000000);
}

static uint32_t
inside_not_exact(struct dice *d, const struct endpoint *target)
{
	uint32_t window = endpoint_window(target);

	return target->received + 1 + dice_roll(d, window > 2 ? window - 2 : 1);
}

static bool
forge_to_syn_sent(
    struct dice *d, const struct endpoint *target, struct tcp_facts *t)
{
	static const uint8_t flags[] = { TCP_ACK, TCP_SYN | TCP_ACK, TCP_RST,
		TCP_RST | TCP_ACK, TCP_FIN | TCP_ACK };

	t->flags = DICE_PICK(d, flags);
	t->seq = dice_u32(d);
	t->ack = target->iss + 0x40000000 + dice_roll(d, 0x40000000);
	return true;
}

bool
attack_forge(struct dice *d, const struct endpoint *from,
    const struct endpoint *target, struct tcp_facts *t)
{
	*t = (struct tcp_facts){ .window = (uint16_t)dice_u32(d),
		.scale = TCP_NO_SCALE };
	if (target->state == TCP_SYN_SENT)
		return forge_to_syn_sent(d, target, t);
	if (target->state < TCP_SYN_RECEIVED || from->state < TCP_ESTABLISHED ||
	    target->state == TCP_TIME_WAIT || from->state == TCP_TIME_WAIT)
		return false;
	t->ack = dice_u32(d);
	switch (dice_roll(d, 7)) {
	case 0:
		t->flags = TCP_RST;
		t->seq = outside(d, target);
		return true;
	case 1:
		t->flags = TCP_RST | TCP_ACK;
		t->seq = inside_not_exact(d, target);
		return true;
	case 2:
		t->flags = TCP_SYN;
		t->seq = dice_u32(d);
		t->ack = 0;
		return true;
	case 3:
		t->flags = TCP_SYN | TCP_ACK;
		t->seq = outside(d, target);
		return true;
	case 4:
		t->flags = TCP_ACK;
		t->seq = outside(d, target);
		t->length = dice_roll(d, 2) * 1000;
		return true;
	case 5: /* the right place, but an ACK of what was never sent */
		t->flags = TCP_ACK;
		t->seq = target->received;
		t->ack = target->highest + 1 + dice_roll(d, 0x40000000);
		t->length = 1;
		return true;
	default:
		t->flags = TCP_FIN | TCP_ACK;
		t->seq = outside(d, target);
		return true;
	}
}
