/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From our config to AWS's JSON, the way back from aws.h: what both exports
 * share.  One thread; what there is to say goes to stderr.
 */
#ifndef EPHEMERALD_AWS_EXPORT_H
#define EPHEMERALD_AWS_EXPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "aws.h"
#include "rules.h"

struct export
{
	const struct policy *policy;
	const char *what;     /* "a network ACL" */
	const char *accepted; /* of keys, behind that of the peer */
	bool failed;
};

/* One rule as AWS has them; several come of one of ours. */
struct aws_rule {
	int protocol;       /* -1: every one */
	bool detailed;      /* from and to are said */
	int from, to;       /* ports; or ICMP type and code, -1: any */
	enum family family; /* of the peer; 0: it is a set */
	char peer[ADDRESS_TEXT_SIZE + 4]; /* CIDR, or the set's name */
};

struct aws_rules {
	struct aws_rule *rule;
	size_t count, room;
};

/* "FILE:LINE: rule "NAME": ...", and nothing will be written. */
void export_fail(struct export *export, const struct rule *rule,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same, but only a word. */
void export_notice(const struct export *export, const struct rule *rule,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Of the whole config. */
void export_fail_all(struct export *export, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void export_notice_all(const struct export *export, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Which sides of a rule AWS has, in that table. */
struct export_side {
	const struct address_range *range;
	size_t range_count;
	const struct named_set *const *set;
	size_t set_count;
};
struct export_side export_peers(const struct rule *rule, bool egress);

/* Fails, naming them, if the rule has keys beyond protocol, port, icmp, name,
 * comment, the peer's addresses and what `known` says.  True: it has none. */
enum export_known { KNOWN_BLOCK = 1, KNOWN_SETS = 2 };
bool export_check(struct export *export, const struct rule *rule, bool egress,
    unsigned known);
/* What AWS needs for the rule, behind what is there already; the same rule of
 * ours may need none, if it matches nothing. */
void export_expand(struct export *export, const struct rule *rule, bool egress,
    struct aws_rules *rules);

/* What AWS would describe; of no use if the export has failed. */
json_t *aws_export_network_acl(struct export *export);
json_t *aws_export_security_groups(struct export *export);

#endif
