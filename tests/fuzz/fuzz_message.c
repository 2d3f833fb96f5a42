/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of queue messages under any bytes, and the verdicts that follow.
 * Byte 0 tells whether the message was truncated; the rest is the message.
 *
 * Held: nothing beyond the bytes is read (the sanitizers look); the payload
 * lies within them; a packet that is not refused has one; a message cut short
 * never becomes a good packet; and a packet is decided, whatever its id.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "verdicts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_packet(const struct message *m, const uint8_t *bytes, size_t size)
{
	require(m->direction < DIRECTION_COUNT);
	require(m->length >= m->captured);
	require(!m->verify_checksum || m->direction == INBOUND);
	if (m->captured > 0)
		require(m->payload >= bytes &&
			m->payload + m->captured <= bytes + size);
	if (m->refused == UNDECIDED)
		require(m->captured > 0);
	else
		require(reason_verdict(m->refused) == VERDICT_DROP);
}

static void
check_verdict(uint32_t id)
{
	static const struct answer passed = { .accept = true };
	struct verdicts verdicts;

	verdicts_reset(&verdicts, 0);
	verdicts_add(&verdicts, id, &passed);
	verdicts_end(&verdicts);
	/* Ids from 1 on are new after a bind; the rest is in the past. */
	require((int32_t)id <= 0 || verdicts.used == (id == 1 ? 32 : 64));
	require((int32_t)id <= 0 || verdicts.previous == id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message;

	if (size < 1 || size > 2 * MESSAGE_SIZE)
		return 0;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);

		if (!exact)
			abort();
		memcpy(exact, data + 1, cut);
		message_read(&message, exact, cut, data[0] & 1);
		if (message.kind == MESSAGE_PACKET) {
			check_packet(&message, exact, cut);
			check_verdict(message.id);
			require(!(data[0] & 1) || message.refused != UNDECIDED);
		}
		if (message.kind == MESSAGE_ERROR)
			require(message.error >= 0);
		free(exact);
	}
	return 0;
}
