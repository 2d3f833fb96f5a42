/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a policy that is valid: replies that nothing lets in,
 * rules that are never reached, services left out or laid open.  What it finds
 * is so for some packet, exactly; where that is too intricate to decide it says
 * so, and nothing else.  One thread.
 */
#ifndef EPHEMERALD_LINT_H
#define EPHEMERALD_LINT_H

#include "rules.h"

#define LINTS(X) /* name, as in JSON */                                        \
	X(REPLY_LOST, "reply-lost")                                            \
	X(NEVER_REACHED, "never-reached")                                      \
	X(EXPOSED, "exposed-listener")                                         \
	X(ICMP_MISSING, "icmp-missing")                                        \
	X(ONE_FAMILY, "one-family")                                            \
	X(SHORT_TIMEOUT, "short-timeout")                                      \
	X(UNUSED_SET, "unused-set")                                            \
	X(OTHER_CLIENTS, "other-clients")                                      \
	X(WIDE_RANGE, "wide-range")                                            \
	X(ORDER, "order")                                                      \
	X(NEEDLESS, "needless")                                                \
	X(UNDECIDED, "undecided")

enum lint {
#define LINT_ENUM(symbol, name) LINT_##symbol,
	LINTS(LINT_ENUM)
#undef LINT_ENUM
};

/* From which ports clients open connections. */
struct client {
	const char *name;
	struct port_range ports;
};

/* A socket that waits for what comes from outside; address 0: any of both
 * families. */
struct listening {
	uint8_t protocol;
	struct address address;
	uint16_t port;
};

/* What there is to know of the host; 0 is fine for all. */
struct lint_options {
	struct port_range own; /* ephemeral ports of this host; 0-0: linux */
	const struct client *clients; /* assume these, whoever opens */
	bool has_ipv6;
	const struct listening *listening;
	size_t listening_count;
};

struct finding {
	enum lint kind;
	bool is_note;     /* not wrong, but good to know */
	const char *file; /* where; of the policy */
	unsigned line;    /* 0: the file as a whole */
	char *text;       /* what */
	char *mend;       /* how to mend it, or NULL */
};

/* In order of file and line, findings before notes. */
struct report {
	struct finding *finding;
	size_t count;
	size_t notes; /* of them */
};

/* False: out of memory. */
bool lint_policy(const struct policy *policy,
    const struct lint_options *options, struct report *report);
void report_free(struct report *report);

const char *lint_name(enum lint kind);
/* A system, or a kind of clients, by name; NULL: unknown. */
const struct client *lint_client(const char *name);
/* The names in order, NULL from the end on. */
const struct client *lint_client_at(size_t i);

#endif
