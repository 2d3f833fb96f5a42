/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slot is where a key hashes to; a new key takes it over, and what the old
 * one had not told yet is counted as not logged.  So the work per packet and
 * the memory are bounded, whatever is sent, and a flood of sources ends in the
 * count.  The hash is keyed, as whoever floods us chooses what is hashed.
 *
 * A slot keeps the line of its last packet, so that the number that follows
 * names the rule as it was when it decided.
 */
#include "packet_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "siphash.h"

#define SLOTS     1024
#define FOLD_MS   60000
#define KEY_COUNT 4

struct slot {
	uint64_t key[KEY_COUNT];
	uint64_t begin_ms; /* of its minute */
	uint64_t more;     /* packets in it after the one that is logged */
	bool used;
	char line[LOG_LINE_SIZE - 32]; /* of the last one */
};

struct packet_log {
	struct siphash_key hash_key;
	struct slot slot[SLOTS];
	size_t next; /* for packet_log_due() */
	uint64_t second;
	unsigned lines; /* in this second */
	uint64_t held;  /* packets not logged */
};

struct packet_log *
packet_log_create(void)
{
	struct packet_log *log = calloc(1, sizeof(*log));

	/* A key that stays zero costs nothing but folding under attack. */
	if (log &&
	    getrandom(&log->hash_key, sizeof(log->hash_key), GRND_NONBLOCK) < 0)
		memset(&log->hash_key, 0, sizeof(log->hash_key));
	return log;
}

void
packet_log_destroy(struct packet_log *log)
{
	free(log);
}

static void append(char *line, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
append(char *line, size_t size, const char *format, ...)
{
	size_t used = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + used, size - used, format, arguments);
	va_end(arguments);
}

static void
put_transport(char *line, size_t size, const struct drop *drop)
{
	static const char *const flags[] = { "FIN", "SYN", "RST", "PSH", "ACK",
		"URG", "ECE", "CWR" };
	const struct tuple *t = &drop->tuple;
	char protocol[16];

	protocol_print(t->protocol, protocol, sizeof(protocol));
	for (char *c = protocol; *c; c++)
		if (*c >= 'a' && *c <= 'z' &&
		    !(t->protocol == PROTOCOL_ICMPV6 && *c == 'v'))
			*c &= (char)~0x20;
	append(line, size, " PROTO=%s", protocol);
	if (t->protocol == PROTOCOL_ICMP || t->protocol == PROTOCOL_ICMPV6)
		append(line, size, " TYPE=%u CODE=%u", drop->icmp_type,
		    drop->icmp_code);
	else if (t->kind == KIND_PORTS && protocol_has_ports(t->protocol))
		append(line, size, " SPT=%u DPT=%u", t->sport, t->dport);
	for (unsigned i = 0; t->protocol == PROTOCOL_TCP && i < 8; i++)
		if (drop->tcp_flags >> i & 1)
			append(line, size, " %s", flags[i]);
}

static void
put_rule(char *line, size_t size, const struct drop *drop,
    const struct policy *policy)
{
	enum table_id table;
	const struct rule *rule =
	    policy ? policy_find_rule(policy, drop->rule_identity, &table)
		   : NULL;

	if (!rule)
		return;
	append(line, size, " RULE=\"%s %u\"", table_name(table), rule->place);
	if (rule->name && !strchr(rule->name, '"'))
		append(line, size, " NAME=\"%s\"", rule->name);
}

static void
describe(struct slot *slot, const struct drop *drop,
    const struct policy *policy, const struct interfaces *interfaces)
{
	static const char *const actions[] = { [VERDICT_ACCEPT] = "ALLOW",
		[VERDICT_DROP] = "BLOCK",
		[VERDICT_REJECT] = "REJECT" };
	enum reason why = drop->why;
	char src[ADDRESS_TEXT_SIZE], dst[ADDRESS_TEXT_SIZE];
	size_t size = sizeof(slot->line);

	address_print(drop->tuple.src, src, sizeof(src));
	address_print(drop->tuple.dst, dst, sizeof(dst));
	snprintf(slot->line, size, "%s IN=%s OUT=%s SRC=%s DST=%s LEN=%u",
	    actions[reason_verdict(why)],
	    interfaces_name(interfaces, drop->in_interface),
	    interfaces_name(interfaces, drop->out_interface), src, dst,
	    (unsigned)drop->length);
	put_transport(slot->line, size, drop);
	append(slot->line, size, " REASON=%s", reason_name(why));
	put_rule(slot->line, size, drop, policy);
	append(slot->line, size, " GEN=%llu",
	    (unsigned long long)drop->generation);
}

/* May there be one more line in this second? */
static bool
may_write(struct packet_log *log, uint64_t now_ms)
{
	if (now_ms / 1000 != log->second) {
		log->second = now_ms / 1000;
		log->lines = 0;
	}
	return log->lines < LOG_LINES_MOST;
}

bool
packet_log_add(struct packet_log *log, const struct drop *drop,
    const struct policy *policy, const struct interfaces *interfaces,
    char line[LOG_LINE_SIZE])
{
	const struct tuple *t = &drop->tuple;
	uint64_t key[KEY_COUNT] = { t->src.high, t->src.low,
		(uint64_t)drop->rule_identity << 32 | drop->why,
		t->kind == KIND_PORTS ? t->dport : 0 };
	struct slot *slot =
	    &log->slot[siphash(&log->hash_key, key, KEY_COUNT) % SLOTS];
	bool same = slot->used && memcmp(slot->key, key, sizeof(key)) == 0 &&
		    drop->time_ms - slot->begin_ms < FOLD_MS;

	describe(slot, drop, policy, interfaces);
	if (same) {
		slot->more++;
		return false;
	}
	log->held += slot->more;
	memcpy(slot->key, key, sizeof(key));
	slot->begin_ms = drop->time_ms;
	slot->more = 0;
	slot->used = true;
	if (!may_write(log, drop->time_ms)) {
		log->held++;
		return false;
	}
	log->lines++;
	snprintf(line, LOG_LINE_SIZE, "%s", slot->line);
	return true;
}

bool
packet_log_due(
    struct packet_log *log, uint64_t now_ms, char line[LOG_LINE_SIZE])
{
	for (; log->next < SLOTS && may_write(log, now_ms); log->next++) {
		struct slot *slot = &log->slot[log->next];
		if (!slot->used || now_ms - slot->begin_ms < FOLD_MS)
			continue;
		slot->used = false;
		if (slot->more == 0)
			continue;
		snprintf(line, LOG_LINE_SIZE, "%s COUNT=%llu", slot->line,
		    (unsigned long long)slot->more);
		slot->more = 0;
		log->lines++;
		return true;
	}
	if (log->next == SLOTS)
		log->next = 0;
	if (log->held == 0 || !may_write(log, now_ms))
		return false;
	snprintf(line, LOG_LINE_SIZE, "%llu packets were not logged",
	    (unsigned long long)log->held);
	log->held = 0;
	log->lines++;
	return true;
}
