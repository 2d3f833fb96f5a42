/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the rows, and checks each as it stands and cut short at every byte.
 * Bytes lie in a buffer of exactly the size that the parser is told of, for
 * AddressSanitizer to see a read beyond it.
 */
#include "packet_rows.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 512
#define BYTES_MAX 4096

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static uint32_t
read_hex(const char *hex, uint8_t bytes[BYTES_MAX], uint32_t *length_at)
{
	uint32_t size = 0;

	*length_at = 0;
	while (*hex) {
		ck_assert_uint_lt(size, BYTES_MAX - 256);
		if (*hex == ' ') {
			hex++;
		} else if (*hex == '*') {
			char *end;
			unsigned long times = strtoul(hex + 1, &end, 10);
			ck_assert(size > 0 && times > 0 && times <= 2048);
			ck_assert_uint_lt(size + times, BYTES_MAX - 256);
			memset(bytes + size, bytes[size - 1], times - 1);
			size += (uint32_t)times - 1;
			hex = end;
		} else if (strncmp(hex, "LLLL", 4) == 0) {
			*length_at = size;
			size += 2;
			hex += 4;
		} else {
			int high = hex_digit(hex[0]), low = hex_digit(hex[1]);
			ck_assert_msg(high >= 0 && low >= 0, "hex: %s", hex);
			bytes[size++] = (uint8_t)(high << 4 | low);
			hex += 2;
		}
	}
	return size;
}

uint8_t *
row_bytes(const struct row *row, uint32_t *size)
{
	uint8_t bytes[BYTES_MAX];
	uint32_t length_at;

	*size = read_hex(row->hex, bytes, &length_at);
	if (length_at > 0) {
		uint32_t length = row->length ? row->length : *size;
		length -= bytes[0] >> 4 == 6 ? 40 : 0;
		bytes[length_at] = (uint8_t)(length >> 8);
		bytes[length_at + 1] = (uint8_t)length;
	}
	uint8_t *copy = malloc(*size ? *size : 1);
	ck_assert_ptr_nonnull(copy);
	return memcpy(copy, bytes, *size);
}

static void
say(char text[TEXT_SIZE], const char *more)
{
	size_t length = strlen(text);
	snprintf(
	    text + length, TEXT_SIZE - length, "%s%s", length ? " " : "", more);
}

static void
say_number(char text[TEXT_SIZE], const char *name, uint32_t value)
{
	char number[32];
	snprintf(number, sizeof(number), "%s %u", name, (unsigned)value);
	say(text, number);
}

static void
say_tuple(char text[TEXT_SIZE], const struct tuple *t)
{
	static const char *const kinds[] = {
		[KIND_ECHO] = "echo",
		[KIND_ECHO_REPLY] = "echo-reply",
		[KIND_TIMESTAMP] = "timestamp",
		[KIND_TIMESTAMP_REPLY] = "timestamp-reply",
		[KIND_FRAGMENT] = "fragment",
	};
	char word[ENDPOINT_TEXT_SIZE];
	bool ports = protocol_has_ports(t->protocol) && (t->sport || t->dport);

	protocol_print(t->protocol, word, sizeof(word));
	say(text, word);
	endpoint_print(t->src, t->sport, ports, word, sizeof(word));
	say(text, word);
	say(text, ">");
	endpoint_print(t->dst, t->dport, ports, word, sizeof(word));
	say(text, word);
	if (t->kind != KIND_PORTS)
		say_number(text, kinds[t->kind], t->sport);
}

static void
say_tcp(char text[TEXT_SIZE], const struct tcp_facts *tcp)
{
	char flags[9] = "", *at = flags;

	for (unsigned bit = 0; bit < 8; bit++)
		if (tcp->flags >> bit & 1)
			*at++ = "FSRP.UEW"[bit];
	*at = '\0';
	say(text, flags);
	say_number(text, "seq", tcp->seq);
	say_number(text, "ack", tcp->ack);
	say_number(text, "win", tcp->window);
	say_number(text, "len", tcp->length);
	if (tcp->scale != TCP_NO_SCALE)
		say_number(text, "scale", tcp->scale);
	if (tcp->has_sack)
		say_number(text, "sack", tcp->sack_edge);
}

static void
say_icmp(char text[TEXT_SIZE], const struct icmp_facts *icmp)
{
	char word[32];

	snprintf(word, sizeof(word), "%u/%u", icmp->type, icmp->code);
	say(text, word);
	if (icmp->is_query)
		say(text, "query");
	if (icmp->is_answer)
		say(text, "answer");
	if (icmp->is_error)
		say(text, "error");
	if (!icmp->quotes) {
		ck_assert_uint_eq(icmp->quoted_seq, 0);
		ck_assert_uint_eq(icmp->quoted.family, 0);
		return;
	}
	say(text, "about");
	say_tuple(text, &icmp->quoted);
	if (icmp->quoted.protocol == PROTOCOL_TCP)
		say_number(text, "seq", icmp->quoted_seq);
}

static void
say_fragment(char text[TEXT_SIZE], const struct packet *p)
{
	const struct fragment_facts *f = &p->fragment;
	char word[32];

	say_number(text,
	    p->is_later_fragment ? "later-fragment" : "first-fragment",
	    (uint32_t)f->datagram.sport << 16 | f->datagram.dport);
	snprintf(word, sizeof(word), "%u-%u", f->start, f->end);
	say(text, word);
	if (f->is_last)
		say(text, "last");
}

static void
describe(char text[TEXT_SIZE], const struct packet *p)
{
	uint8_t protocol = p->tuple.protocol;

	text[0] = '\0';
	if (p->fault) {
		say(text, reason_name(p->fault));
		return;
	}
	say_tuple(text, &p->tuple);
	if (protocol == PROTOCOL_TCP && !p->is_later_fragment)
		say_tcp(text, &p->tcp);
	if ((protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) &&
	    !p->is_later_fragment)
		say_icmp(text, &p->icmp);
	if (p->is_essential)
		say(text, "essential");
	if (p->opens_sctp_dccp)
		say(text, "opens");
	if (p->pass_only)
		say(text, "pass-only");
	if (p->is_fragment)
		say_fragment(text, p);
}

/* Of the first `captured` of the bytes. */
static struct packet
parse(const struct row *row, const uint8_t *bytes, uint32_t captured,
    uint32_t length)
{
	uint8_t *exact = malloc(captured ? captured : 1);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, captured);
	struct frame frame = {
		.bytes = exact,
		.captured = captured,
		.length = length,
		.direction = (uint8_t)row->direction,
		.verify_checksum = row->verify,
		.in_interface = 3,
		.out_interface = 4,
	};
	struct packet p, again;
	memset(&p, 0xaa, sizeof(p));
	memset(&again, 0x55, sizeof(again));
	enum reason why = packet_parse(&frame, &p);
	ck_assert_int_eq(packet_parse(&frame, &again), why);
	free(exact);

	ck_assert_msg(memcmp(&p, &again, sizeof(p)) == 0,
	    "%s: something is left unset", row->claim);
	ck_assert_int_eq(p.fault, why);
	ck_assert_int_eq(p.direction, row->direction);
	ck_assert_int_eq(p.in_interface, 3);
	ck_assert_int_eq(p.out_interface, 4);
	ck_assert_int_ne(reason_verdict(why), VERDICT_ACCEPT);
	return p;
}

/* Cut short in the capture: refused, or the same ends.  Cut short on the wire:
 * refused, since the IP header says otherwise. */
static void
check_truncations(const struct row *row, const uint8_t *bytes, uint32_t size,
    const struct packet *whole)
{
	for (uint32_t cut = 0; cut < size; cut++) {
		uint32_t length = row->length ? row->length : size;
		struct packet p = parse(row, bytes, cut, length);
		bool same = p.tuple.family == whole->tuple.family &&
			    p.tuple.kind == whole->tuple.kind &&
			    p.tuple.sport == whole->tuple.sport &&
			    p.tuple.dport == whole->tuple.dport &&
			    p.tuple.protocol == whole->tuple.protocol &&
			    address_equal(p.tuple.src, whole->tuple.src) &&
			    address_equal(p.tuple.dst, whole->tuple.dst);
		ck_assert_msg(p.fault || whole->fault || same,
		    "%s: other ends at %u bytes", row->claim, cut);
		if (whole->fault || cut >= whole->length)
			continue;
		p = parse(row, bytes, cut, cut);
		ck_assert_msg(p.fault, "%s: accepted though cut to %u bytes",
		    row->claim, cut);
	}
}

void
rows_check(const struct row *rows, size_t count)
{
	for (const struct row *row = rows; row < rows + count; row++) {
		char got[TEXT_SIZE];
		uint32_t size;
		uint8_t *bytes = row_bytes(row, &size);
		struct packet p =
		    parse(row, bytes, row->captured ? row->captured : size,
			row->length ? row->length : size);
		describe(got, &p);
		ck_assert_msg(strcmp(got, row->want) == 0,
		    "%s\n   got: %s\n  want: %s", row->claim, got, row->want);
		check_truncations(row, bytes, size, &p);
		free(bytes);
	}
}
