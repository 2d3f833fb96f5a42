/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the bytes of a row, hands them to filter_batch(), compares.
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define TEXT_SIZE 4096
#define SIDES     32

/* The next sequence number of each (src, dst) of the scenario. */
struct side {
	const char *src, *dst;
	uint32_t next;
};

struct play {
	unsigned family;
	struct filter *filter;
	struct interfaces *interfaces;
	uint64_t now_ms;
	struct side sides[SIDES];
};

struct bytes {
	uint8_t data[65536];
	size_t size;
};

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
static void
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

static void
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

static struct bytes
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

static struct bytes
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

static struct policy *
load(unsigned family, const char *config)
{
	char text[TEXT_SIZE];
	struct diagnostics diagnostics = { 0 };

	translate(family, config, text);
	struct conf_text conf = { "test.conf", text, strlen(text) };
	struct policy *policy = conf_load(&conf, 1, &diagnostics);
	ck_assert_msg(policy != NULL, "config: %s",
	    diagnostics.count ? diagnostics.line[0] : "no diagnostic");
	diagnostics_clear(&diagnostics);
	return policy;
}

static void
put_in_force(struct play *play, struct policy *policy, bool on_trial)
{
	struct policy *old = NULL;

	policy->on_trial = on_trial;
	ck_assert(filter_publish(play->filter, policy, &old));
	policy_destroy(old);
}

/* What the keeper, or a worker, does to sets; then what time brings. */
static void
keep(struct play *play, const char *command)
{
	struct filter *filter = play->filter;
	char text[TEXT_SIZE], verb[8], set[40] = SET_BANNED, member[64];
	unsigned seconds = 0;
	struct prefix p;

	translate(play->family, command, text);
	if (strncmp(text, "ban ", 4) == 0)
		sscanf(text, "%7s %63s %u", verb, member, &seconds);
	else
		sscanf(text, "%7s %39s %63s %u", verb, set, member, &seconds);
	ck_assert_msg(prefix_parse(member, &p), "%s", text);
	const struct named_set *named =
	    policy_find_set(filter_policy(filter), set);
	ck_assert_msg(named != NULL, "%s", text);
	uint64_t end_ms = seconds ? play->now_ms + seconds * UINT64_C(1000)
				  : named_set_end(named, play->now_ms);
	bool done = strcmp(verb, "add") == 0
			? filter_set_add(filter, set, &p, end_ms) == SET_DONE
		    : strcmp(verb, "del") == 0
			? filter_set_remove(filter, set, &p) == SET_DONE
		    : strcmp(verb, "ban") == 0
			? filter_ban(filter, &p, end_ms) == SET_DONE
			: filter_set_ask(filter, 0, named, &p, seconds,
			      strcmp(verb, "cut") == 0);
	ck_assert_msg(done, "%s", text);
}

static void
set_own(struct play *play, const char *text)
{
	struct address own[8];
	size_t count = 0;
	char copy[TEXT_SIZE];
	unsigned port;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		endpoint(play->family, word, &own[count++], &port);
	ck_assert(filter_set_own(play->filter, own, count));
}

/* The flow that the row's packet belongs to; its state is "" if none. */
static struct flow_view
view_of(struct play *play, const struct step *s)
{
	struct address src, dst;
	unsigned sport, dport;
	struct flow_view v, found = { .state = "" };
	uint32_t cursor = 0;

	endpoint(play->family, s->src, &src, &sport);
	endpoint(play->family, s->dst, &dst, &dport);
	if (s->protocol == ICMP)
		sport = dport = s->id;
	while (filter_next_flow(play->filter, &cursor, play->now_ms, &v)) {
		const struct tuple *t = &v.tuple;
		bool forth = address_equal(t->src, src) && t->sport == sport &&
			     address_equal(t->dst, dst) && t->dport == dport;
		bool back = address_equal(t->src, dst) && t->sport == dport &&
			    address_equal(t->dst, src) && t->dport == sport;
		if (forth || back)
			found = v;
	}
	filter_online();
	return found;
}

/* What explain says of it.  It does not foresee a full table. */
static void
check_trial(struct play *play, const struct frame *frame, enum reason want)
{
	struct packet packet;

	packet_parse(frame, &packet);
	struct trial trial =
	    filter_try(play->filter, filter_policy(play->filter),
		play->interfaces, &packet, play->now_ms);
	filter_online();
	ck_assert_msg(
	    trial.why == want || want == TABLE_FULL || want == HALF_OPEN_FULL,
	    "on trial %s, not %s", reason_name(trial.why), reason_name(want));
}

static enum reason
judge(struct play *play, const struct bytes *b, const struct step *s)
{
	struct decision d;
	/* Exactly as many bytes as there are, for the sanitizers. */
	uint8_t *copy = malloc(b->size);

	memcpy(copy, b->data, b->size);
	struct frame frame = {
		.bytes = copy,
		.captured = (uint32_t)b->size,
		.length = (uint32_t)b->size,
		.direction = (uint8_t)s->direction,
	};
	check_trial(play, &frame, s->want);
	filter_batch(play->filter, 0, &frame, &d, 1, play->now_ms);
	free(copy);
	filter_quiescent(play->filter, 0);
	filter_reclaim(play->filter);
	return d.why;
}

/* What the row says of the flows after its packets. */
static void
check_flows(struct play *play, const struct step *s, unsigned number)
{
	struct flow_view v = { .state = "" };
	uint32_t count = filter_flow_count(play->filter);

	if (s->state || s->expires_s)
		v = view_of(play, s);
	ck_assert_msg(!s->state || !strcmp(v.state, s->state),
	    "IPv%u, step %u, %s > %s: state %s, not %s", play->family, number,
	    s->src, s->dst, v.state, s->state);
	ck_assert_msg(!s->expires_s || v.expires_ms == s->expires_s * 1000,
	    "IPv%u, step %u, %s > %s: expires in %llu ms, not %u s",
	    play->family, number, s->src, s->dst,
	    (unsigned long long)v.expires_ms, s->expires_s);
	ck_assert_msg(!s->flows || count == s->flows,
	    "IPv%u, step %u, %s > %s: %u flows, not %u", play->family, number,
	    s->src, s->dst, count, s->flows);
}

static void
play_step(struct play *play, const struct step *s, unsigned number)
{
	/* Of the port that moves on. */
	size_t at =
	    (play->family == FAMILY_IPV4 ? 20 : 40) + (s->to_next ? 2 : 0);

	play->now_ms = play->now_ms - s->back_ms + s->wait_ms;
	for (unsigned i = 0; s->wait_ms && i < 200; i++)
		filter_sweep(play->filter, 0, play->now_ms);
	if (s->reload)
		put_in_force(play, load(play->family, s->reload), s->on_trial);
	if (s->confirm)
		filter_confirm(play->filter);
	if (s->own)
		set_own(play, s->own);
	if (s->keeper)
		keep(play, s->keeper);
	filter_tend(play->filter, play->now_ms);
	struct bytes b = s->hex ? from_hex(s->hex) : build(play, s);
	for (unsigned i = 0; i <= s->again; i++) {
		enum reason why = judge(play, &b, s);
		ck_assert_msg(why == s->want,
		    "IPv%u, step %u.%u, %s > %s: %s, not %s", play->family,
		    number, i, s->src, s->dst, reason_name(why),
		    reason_name(s->want));
		if (++b.data[at + 1] == 0)
			b.data[at]++;
	}
	check_flows(play, s, number);
}

void
scenario_play(unsigned family, const char *config, const struct step *steps)
{
	struct policy *policy = load(family, config);
	uint32_t max_flows = policy->settings.conntrack.max_flows;
	struct filter_options options = {
		.max_flows = strstr(config, "conntrack") ? max_flows : 100,
		.workers = 1,
		.hash_key = { 1, 2, 3 },
		.interfaces = interfaces_create(),
	};
	struct play play = {
		.family = family,
		.interfaces = options.interfaces,
		.filter = filter_create(&options),
		.now_ms = (uint64_t)UINT32_MAX * TICK_MS - 500, /* wraps soon */
	};

	ck_assert(play.filter != NULL);
	filter_enter(play.filter, 0);
	put_in_force(&play, policy, false);
	for (unsigned i = 0; steps[i].want != UNDECIDED; i++)
		play_step(&play, &steps[i], i + 1);
	filter_leave(play.filter, 0);
	filter_destroy(play.filter);
	interfaces_destroy(play.interfaces);
}
