/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums of 16-bit words in a 64-bit register, folded once at the end.
 */
#include "checksum.h"

uint64_t
checksum_sum(const uint8_t *bytes, uint32_t size)
{
	uint64_t sum = 0;

	for (; size > 1; size -= 2, bytes += 2)
		sum += be16(bytes);
	return size > 0 ? sum + ((uint32_t)bytes[0] << 8) : sum;
}

bool
checksum_good(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum >> 16) + (sum & 0xffff);
	return sum == 0xffff;
}

bool
checksum_verifiable(const struct reader *r)
{
	return r->frame->verify_checksum && r->captured == r->length &&
	       !r->packet->is_fragment && !r->readdressed;
}

/* 32-bit words will do: 2^16 is 1 to the modulus of the sum.  So is 0xffff 0,
 * and an IPv4 address counts in its ::ffff:a.b.c.d form as on its own. */
static uint64_t
address_sum(struct address a)
{
	return (a.high >> 32) + (uint32_t)a.high + (a.low >> 32) +
	       (uint32_t)a.low;
}

bool
checksum_passes(const struct reader *r, uint32_t covered, bool pseudo)
{
	const struct tuple *t = &r->packet->tuple;

	if (!checksum_verifiable(r))
		return true;
	uint64_t sum = checksum_sum(r->at, covered);
	if (pseudo)
		sum += address_sum(t->src) + address_sum(t->dst) + t->protocol +
		       (t->protocol == PROTOCOL_UDP ? covered : r->length);
	return checksum_good(sum);
}
