/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, ports and types as the family has them, headers with checksums,
 * TCP numbers that follow each other, and parts of it all as fragments.
 */
#include "scenario_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put8(struct bytes *b, unsigned value)
{
	b->data[b->size++] = (uint8_t)value;
}

static void
put16(struct bytes *b, unsigned value)
{
	put8(b, value >> 8);
	put8(b, value & 0xff);
}

static void
put32(struct bytes *b, uint32_t value)
{
	put16(b, value >> 16);
	put16(b, value & 0xffff);
}

static void
put_address(struct bytes *b, struct address a)
{
	if (!address_is_v4(a)) {
		put32(b, (uint32_t)(a.high >> 32));
		put32(b, (uint32_t)a.high);
		put32(b, (uint32_t)(a.low >> 32));
	}
	put32(b, (uint32_t)a.low);
}

/* IPv4 text to the family that is played. */
void
translate(unsigned family, const char *text, char out[TEXT_SIZE])
{
	static const char *const words[][2] = {
		{ "192.0.2.", "2001:db8:1::" },
		{ "198.51.100.", "2001:db8:2::" },
		{ "203.0.113.", "2001:db8:3::" },
		{ "/24", "/120" },
		{ "\"icmp\"", "\"icmpv6\"" },
	};
	size_t used = 0;

	while (*text && used + 16 < TEXT_SIZE) {
		size_t w = 0, count = sizeof(words) / sizeof(words[0]);
		while (family == FAMILY_IPV6 && w < count &&
		       strncmp(text, words[w][0], strlen(words[w][0])))
			w++;
		if (family == FAMILY_IPV6 && w < count) {
			used += (size_t)sprintf(out + used, "%s", words[w][1]);
			text += strlen(words[w][0]);
		} else {
			out[used++] = *text++;
		}
	}
	out[used] = '\0';
}

void
endpoint(unsigned family, const char *text, struct address *a, unsigned *port)
{
	char copy[TEXT_SIZE], translated[TEXT_SIZE];

	snprintf(copy, sizeof(copy), "%s", text);
	char *colon = strchr(copy, ':');
	*port = colon ? (unsigned)atoi(colon + 1) : 0;
	if (colon)
		*colon = '\0';
	translate(family, copy, translated);
	ck_assert_msg(address_parse(translated, a), "address %s", translated);
}

static unsigned
icmp_type(unsigned family, unsigned v4)
{
	if (family == FAMILY_IPV4)
		return v4;
	return v4 == PING ? 128 : v4 == PONG ? 129 : v4 == UNREACHABLE ? 1 : 3;
}

static unsigned
protocol_of(unsigned family, unsigned protocol)
{
	return protocol == ICMP && family == FAMILY_IPV6 ? PROTOCOL_ICMPV6
							 : protocol;
}

static void
put_ip(struct bytes *b, unsigned family, unsigned protocol, struct address src,
    struct address dst, size_t payload)
{
	if (family == FAMILY_IPV4) {
		put16(b, 0x4500);
		put16(b, (unsigned)(20 + payload));
		put32(b, 0);
		put16(b, 64u << 8 | protocol);
		put16(b, 0);
	} else {
		put32(b, 0x60000000);
		put16(b, (unsigned)payload);
		put16(b, protocol << 8 | 64u);
	}
	put_address(b, src);
	put_address(b, dst);
}

/* The packet that an ICMP error quotes: IP header and 8 bytes. */
static void
put_quote(struct bytes *b, unsigned family, const struct step *s)
{
	struct address src, dst;
	unsigned sport, dport;

	endpoint(family, s->quoted_src, &src, &sport);
	endpoint(family, s->quoted_dst, &dst, &dport);
	put_ip(
	    b, family, protocol_of(family, s->quoted_protocol), src, dst, 20);
	if (s->quoted_protocol == ICMP) {
		put16(b, icmp_type(family, PING) << 8);
		put16(b, 0);
		put16(b, s->id);
		put16(b, 1);
		return;
	}
	put16(b, sport);
	put16(b, dport);
	if (s->quoted_protocol == UDP)
		put32(b, 20 << 16);
	else
		put32(b, s->quoted_seq);
}

static struct side *
side_of(struct play *play, const char *src, const char *dst)
{
	struct side *s = play->sides;

	while (s < play->sides + SIDES && s->src &&
	       (strcmp(s->src, src) || strcmp(s->dst, dst)))
		s++;
	ck_assert_msg(s < play->sides + SIDES, "too many endpoints");
	if (!s->src)
		*s = (struct side){ src, dst, 1000 };
	return s;
}

static void
put_tcp(struct play *play, struct bytes *b, const struct step *s,
    unsigned sport, unsigned dport)
{
	struct side *own = side_of(play, s->src, s->dst);
	struct side *peer = side_of(play, s->dst, s->src);
	bool scaled = s->scale && s->flags & S;
	uint32_t seq = s->raw ? s->seq : own->next;

	put16(b, sport);
	put16(b, dport);
	put32(b, seq);
	put32(b, !(s->flags & A) ? 0 : s->raw ? s->ack : peer->next);
	put8(b, scaled ? 0x60 : 0x50);
	put8(b, s->flags);
	put16(b, s->window ? s->window : 65535);
	put32(b, 0);
	if (scaled) {
		put8(b, 1);
		put8(b, 3);
		put8(b, 3);
		put8(b, s->scale);
	}
	own->next = seq + s->length + !!(s->flags & S) + !!(s->flags & F);
}

struct bytes
from_hex(const char *hex)
{
	struct bytes b = { .size = 0 };
	unsigned byte;
	int used;

	while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
		put8(&b, byte);
		hex += used;
	}
	return b;
}

/* The whole packet becomes a fragment. */
static void
cut(struct bytes *b, const struct step *s)
{
	struct bytes whole = *b;

	b->size = 4;
	if (b->data[0] >> 4 == FAMILY_IPV4) {
		put16(b, s->datagram);
		put16(b, s->at / 8 | (s->more ? 0x2000 : 0));
		b->size = whole.size;
		return;
	}
	put32(b, (uint32_t)(whole.size - 40 + 8) << 16 | 44 << 8 | 64);
	b->size = 40;
	put16(b, whole.data[6] << 8);
	put16(b, s->at | s->more);
	put32(b, s->datagram);
	memcpy(b->data + b->size, whole.data + 40, whole.size - 40);
	b->size += whole.size - 40;
}

struct bytes
build(struct play *play, const struct step *s)
{
	static const uint8_t payload[60000];
	struct bytes l4 = { .size = 0 }, packet = { .size = 0 };
	struct address src, dst;
	unsigned sport, dport;

	endpoint(play->family, s->src, &src, &sport);
	endpoint(play->family, s->dst, &dst, &dport);
	if (s->at > 0) {
		; /* the header was in the first fragment */
	} else if (s->protocol == TCP) {
		put_tcp(play, &l4, s, sport, dport);
	} else if (s->protocol == UDP) {
		put16(&l4, sport);
		put16(&l4, dport);
		put16(&l4, 8 + s->length);
		put16(&l4, 1);
	} else if (s->protocol == ICMP) {
		put8(&l4, icmp_type(play->family, s->flags));
		put8(&l4, s->code);
		put16(&l4, 0);
		put16(&l4, s->id);
		put16(&l4, 1);
		if (s->quoted_src)
			put_quote(&l4, play->family, s);
	} else {
		put32(&l4, 1);
		put32(&l4, 1);
	}
	ck_assert_uint_le(s->length, sizeof(payload));
	memcpy(l4.data + l4.size, payload, s->length);
	l4.size += s->length;
	put_ip(&packet, play->family, protocol_of(play->family, s->protocol),
	    src, dst, l4.size);
	memcpy(packet.data + packet.size, l4.data, l4.size);
	packet.size += l4.size;
	if (s->datagram)
		cut(&packet, s);
	return packet;
}
