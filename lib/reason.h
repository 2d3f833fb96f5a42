/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of outcomes.  Every exit of the data path returns a reason;
 * its row gives the verdict, the name in JSON, logs, statistics and tests, and
 * the sentence a person reads.  A new exit is a new row and a test.
 */
#ifndef EPHEMERALD_REASON_H
#define EPHEMERALD_REASON_H

enum verdict { VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT };

/* clang-format off */
#define REASONS(X) /* name       verdict  in JSON              for people */ \
	X(UNDECIDED,          DROP,   "undecided",         "no stage has decided yet") \
	/* accepted */ \
	X(ESTABLISHED,        ACCEPT, "established",       "part of a known connection") \
	X(PASSED,             ACCEPT, "passed",            "of a known connection, changes nothing: its endpoint judges") \
	X(RELATED,            ACCEPT, "related",           "ICMP error about a known connection") \
	X(FRAGMENT,           ACCEPT, "fragment",          "later fragment of an accepted datagram") \
	X(ESSENTIAL,          ACCEPT, "essential",         "neighbour discovery, MLD or DHCP client") \
	X(RULE_ALLOW,         ACCEPT, "rule-allow",        "allowed by a rule") \
	X(ACL_ALLOW,          ACCEPT, "acl-allow",         "allowed by the network ACL, and there are no other rules") \
	/* judged by the policy */ \
	X(BANNED,             DROP,   "banned",            "from or to a banned address") \
	X(RULE_BLOCK,         DROP,   "rule-block",        "blocked by a rule") \
	X(RULE_REJECT,        REJECT, "rule-reject",       "rejected by a rule") \
	X(NO_RULE,            DROP,   "no-rule",           "no rule matches, and what no rule allows is blocked") \
	X(LIMIT,              DROP,   "limit",             "comes faster than the limit of its rule") \
	X(LIMIT_REJECT,       REJECT, "limit-reject",      "rejected: comes faster than the limit of its rule") \
	X(MAX_FLOWS,          DROP,   "max-flows",         "its rule has as many connections as it may") \
	X(MAX_FLOWS_REJECT,   REJECT, "max-flows-reject",  "rejected: its rule has as many connections as it may") \
	X(MAX_FLOWS_PER_SOURCE, DROP, "max-flows-per-source", "its source has as many connections as the rule lets it have") \
	X(MAX_FLOWS_PER_SOURCE_REJECT, REJECT, "max-flows-per-source-reject", "rejected: its source has as many connections as the rule lets it have") \
	X(SOURCES_FULL,       DROP,   "sources-full",      "more sources than the limits can watch") \
	X(SOURCES_FULL_REJECT, REJECT, "sources-full-reject", "rejected: more sources than the limits can watch") \
	X(ACL_BLOCK,          DROP,   "acl-block",         "blocked by a rule of the network ACL") \
	X(ACL_NO_RULE,        DROP,   "acl-no-rule",       "no rule of the network ACL matches") \
	X(REVOKED,            DROP,   "revoked",           "its connection is no longer allowed by the rules in force") \
	/* judged by the connection table */ \
	X(NOT_A_START,        DROP,   "not-a-start",       "of no known connection, and may not open one") \
	X(BAD_STATE,          DROP,   "bad-state",         "not valid in the state of its connection") \
	X(BAD_WINDOW,         DROP,   "bad-window",        "outside the window of its connection") \
	X(WRONG_DIRECTION,    DROP,   "wrong-direction",   "arrives where its connection cannot come from") \
	X(ICMP_UNRELATED,     DROP,   "icmp-unrelated",    "ICMP error about no known connection") \
	X(FRAGMENT_UNKNOWN,   DROP,   "fragment-unknown",  "later fragment without an accepted first one") \
	X(HALF_OPEN_FULL,     DROP,   "half-open-full",    "too many connections are half-open already") \
	X(FRAGMENT_DUPLICATE, DROP,   "fragment-duplicate", "repeats what has come of its datagram") \
	X(FRAGMENT_OVERLAP,   DROP,   "fragment-overlap",  "overlaps or contradicts fragments of its datagram, which is lost") \
	X(FRAGMENT_SCATTERED, DROP,   "fragment-scattered", "would leave a second gap in its datagram") \
	X(TABLE_FULL,         DROP,   "table-full",        "the connection table is full") \
	/* malformed */ \
	X(NO_PACKET,          DROP,   "no-packet",         "the kernel handed over no usable packet") \
	X(NOT_IP,             DROP,   "not-ip",            "neither IPv4 nor IPv6") \
	X(TRUNCATED,          DROP,   "truncated",         "its headers reach beyond the bytes at hand") \
	X(BAD_IP_HEADER,      DROP,   "bad-ip-header",     "malformed IP header") \
	X(BAD_IP_OPTION,      DROP,   "bad-ip-option",     "malformed or source-routing IPv4 option") \
	X(BAD_EXTENSION,      DROP,   "bad-extension",     "malformed, misplaced or too many IPv6 extension headers") \
	X(BAD_FRAGMENT,       DROP,   "bad-fragment",      "malformed fragment") \
	X(BAD_ADDRESS,        DROP,   "bad-address",       "an address that cannot be in such a packet") \
	X(BAD_TCP_HEADER,     DROP,   "bad-tcp-header",    "malformed TCP header") \
	X(BAD_TCP_FLAGS,      DROP,   "bad-tcp-flags",     "impossible combination of TCP flags") \
	X(BAD_UDP_LENGTH,     DROP,   "bad-udp-length",    "UDP length does not fit the packet") \
	X(BAD_TRANSPORT,      DROP,   "bad-transport",     "malformed header of its protocol") \
	X(BAD_PORT,           DROP,   "bad-port",          "port 0") \
	X(BAD_ICMP,           DROP,   "bad-icmp",          "malformed or obsolete ICMP message") \
	X(BAD_DISCOVERY,      DROP,   "bad-discovery",     "neighbour discovery that does not come from the link") \
	X(BAD_CHECKSUM,       DROP,   "bad-checksum",      "wrong checksum")
/* clang-format on */

#define REASON_ENUM(name, verdict, json, text) name,
enum reason { REASONS(REASON_ENUM) REASON_COUNT };
#undef REASON_ENUM

/* Any thread.  The strings are static. */
enum verdict reason_verdict(enum reason why);
const char *reason_name(enum reason why);
const char *reason_text(enum reason why);
const char *verdict_name(enum verdict verdict); /* "accept", "drop", "reject" */

#endif
