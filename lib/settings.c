/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of settings.  The timeouts keep every floor that the RFCs set:
 * RFC 5382 REQ-5 (240 s half-open, 2 h 4 min established), RFC 4787 REQ-5
 * (UDP, 5 minutes advised once both sides have spoken), RFC 5508 REQ-2
 * (60 s for ICMP queries), RFC 6092 REC-12, REC-40 and REC-44 (the rest).
 *
 * Every setting is 32 bits wide, enums included, so that a row needs no type.
 */
#include "settings.h"

#include <assert.h>
#include <string.h>

#define DAY       86400u
#define MONTH     (30 * DAY)
#define FLOWS_MAX (1u << 24)

#define SETTING(member) offsetof(struct settings, member)

static const char *const on_reload_words[] = { "revalidate", "keep", NULL };
static const char *const leaf_words[] = { "auto", "native", "xtables", NULL };

static_assert(sizeof(unsigned) == sizeof(uint32_t), "queue settings");
static_assert(sizeof(enum on_reload) == sizeof(uint32_t), "on_reload");
static_assert(sizeof(enum hook_leaf) == sizeof(uint32_t), "leaf");

/* clang-format off */
#define TIMEOUT(name, standard) { "conntrack.timeouts", #name, OPTION_SECONDS, \
	SETTING(conntrack.timeouts.name), standard, 1, MONTH, NULL }

const struct option settings_options[] = {
	{ "", "on_reload", OPTION_WORD, SETTING(on_reload), ON_RELOAD_REVALIDATE, 0, 0, on_reload_words },
	{ "queue", "first",  OPTION_NUMBER, SETTING(queue.first),  0,    0, 65535, NULL },
	{ "queue", "count",  OPTION_AUTO,   SETTING(queue.count),  0,    1, 256,   NULL },
	{ "queue", "length", OPTION_NUMBER, SETTING(queue.length), 1024, 1, 65535, NULL },
	{ "conntrack", "max_flows", OPTION_NUMBER, SETTING(conntrack.max_flows), 262144, 1, FLOWS_MAX, NULL },
	TIMEOUT(syn_sent, 240),
	TIMEOUT(syn_received, 240),
	TIMEOUT(established, 5 * DAY),
	TIMEOUT(fin_wait, 900),
	TIMEOUT(close_wait, 900),
	TIMEOUT(last_ack, 240),
	TIMEOUT(time_wait, 240),
	TIMEOUT(closed, 240),
	TIMEOUT(udp_one_way, 120),
	TIMEOUT(udp_both, 300),
	TIMEOUT(icmp, 60),
	TIMEOUT(sctp_established, 7440),
	TIMEOUT(sctp_other, 480),
	TIMEOUT(dccp_established, 7440),
	TIMEOUT(dccp_other, 480),
	TIMEOUT(other, 600),
	TIMEOUT(fragment_v4, 30),
	TIMEOUT(fragment_v6, 60),
	{ "hook", "leaf", OPTION_WORD, SETTING(hook.leaf), LEAF_AUTO, 0, 0, leaf_words },
	{ "hook", "mark_mask", OPTION_MASK, SETTING(hook.mark_mask), 0x30000000, 3, UINT32_MAX, NULL },
	{ 0 },
};
/* clang-format on */

void
settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	for (const struct option *o = settings_options; o->name; o++)
		settings_set(settings, o, o->standard);
}

uint32_t
settings_get(const struct settings *settings, const struct option *option)
{
	uint32_t value;
	memcpy(&value, (const char *)settings + option->offset, sizeof(value));
	return value;
}

void
settings_set(
    struct settings *settings, const struct option *option, uint32_t value)
{
	memcpy((char *)settings + option->offset, &value, sizeof(value));
}
