/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of settings.  The timeouts keep every floor that the RFCs set:
 * RFC 5382 REQ-5 (240 s half-open, 2 h 4 min established), RFC 4787 REQ-5
 * (UDP, 5 minutes advised once both sides have spoken), RFC 5508 REQ-2
 * (60 s for ICMP queries), RFC 6092 REC-12, REC-40 and REC-44 (the rest).  The
 * profiles are as the others have them, some below the floors: Linux 6.12
 * (nf_conntrack_proto_*.c), FreeBSD's pf.conf(5), AWS's VPC guide.  pf tells
 * the first packet of UDP from the second of one side; here its longer time
 * serves for both.
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
static const char *const fast_path_words[] = { "off", "on", "auto", NULL };
static const char *const profile_words[] = { "standard", "linux", "pf", "aws",
	NULL };
static const char *const tcp_words[] = { "strict", "liberal", "loose", NULL };
static const char *const leaf_words[] = { "auto", "native", "xtables", NULL };

static_assert(sizeof(unsigned) == sizeof(uint32_t), "queue settings");
static_assert(sizeof(enum on_reload) == sizeof(uint32_t), "on_reload");
static_assert(sizeof(enum fast_path_use) == sizeof(uint32_t), "fast_path");
static_assert(sizeof(enum profile) == sizeof(uint32_t), "profile");
static_assert(sizeof(enum tcp_mode) == sizeof(uint32_t), "tcp");
static_assert(sizeof(enum hook_leaf) == sizeof(uint32_t), "leaf");

/* clang-format off */
#define TIMEOUT(name, ...) { "conntrack.timeouts", #name, OPTION_SECONDS, \
	SETTING(conntrack.timeouts.name), 1, MONTH, NULL, { __VA_ARGS__ } }
#define HOURS(n) ((n) * 3600u)

const struct option settings_options[] = {
	{ "", "on_reload", OPTION_WORD, SETTING(on_reload), 0, 0, on_reload_words, { ON_RELOAD_REVALIDATE } },
	{ "", "fast_path", OPTION_WORD, SETTING(fast_path), 0, 0, fast_path_words, { FAST_PATH_OFF } },
	{ "queue", "first",  OPTION_NUMBER, SETTING(queue.first),  0, 65535, NULL, { 0 } },
	{ "queue", "count",  OPTION_AUTO,   SETTING(queue.count),  1, 256,   NULL, { 0 } },
	{ "queue", "length", OPTION_NUMBER, SETTING(queue.length), 1, 65535, NULL, { 1024 } },
	{ "conntrack", "max_flows", OPTION_NUMBER, SETTING(conntrack.max_flows), 1, FLOWS_MAX, NULL, { 262144 } },
	{ "conntrack", "profile", OPTION_WORD, SETTING(conntrack.profile), 0, 0, profile_words, { PROFILE_STANDARD } },
	{ "conntrack", "tcp", OPTION_WORD, SETTING(conntrack.tcp), 0, 0, tcp_words, { TCP_STRICT } },
	/*                        standard    linux    pf       aws */
	TIMEOUT(syn_sent,         240,        120,     120,     240),
	TIMEOUT(syn_received,     240,        60,      30,      240),
	TIMEOUT(established,      5 * DAY,    5 * DAY, DAY,     5 * DAY),
	TIMEOUT(fin_wait,         900,        120,     900,     900),
	TIMEOUT(close_wait,       900,        60,      900,     900),
	TIMEOUT(last_ack,         240,        30,      45,      240),
	TIMEOUT(time_wait,        240,        120,     45,      240),
	TIMEOUT(closed,           240,        10,      90,      240),
	TIMEOUT(udp_one_way,      120,        30,      60,      30),
	TIMEOUT(udp_both,         300,        120,     60,      180),
	TIMEOUT(icmp,             60,         30,      20,      60),
	TIMEOUT(sctp_established, 7440,       210,     60,      600),
	TIMEOUT(sctp_other,       480,        210,     60,      600),
	TIMEOUT(dccp_established, 7440,       HOURS(12), 60,    600),
	TIMEOUT(dccp_other,       480,        240,     60,      600),
	TIMEOUT(other,            600,        600,     60,      600),
	TIMEOUT(fragment_v4,      30,         30,      30,      30),
	TIMEOUT(fragment_v6,      60,         60,      60,      60),
	{ "hook", "leaf", OPTION_WORD, SETTING(hook.leaf), 0, 0, leaf_words, { LEAF_AUTO } },
	{ "hook", "mark_mask", OPTION_MASK, SETTING(hook.mark_mask), 3, UINT32_MAX, NULL, { 0x30000000 } },
	{ 0 },
};
/* clang-format on */

void
settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	for (const struct option *o = settings_options; o->name; o++)
		settings_set(settings, o, o->standard[PROFILE_STANDARD]);
}

static bool
is_timeout(const struct option *option)
{
	return option->standard[PROFILE_LINUX] != 0;
}

uint32_t
settings_standard(const struct settings *settings, const struct option *option)
{
	return option->standard[is_timeout(option) ? settings->conntrack.profile
						   : PROFILE_STANDARD];
}

void
settings_complete(struct settings *settings, uint64_t written)
{
	for (const struct option *o = settings_options; o->name; o++)
		if (!(written >> (o - settings_options) & 1))
			settings_set(
			    settings, o, settings_standard(settings, o));
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
