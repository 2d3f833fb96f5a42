/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ordered rules and the policy made of them.  A policy is immutable once
 * conf_load() has built it; any thread may read it.  First match wins, no
 * match is a block.
 */
#ifndef EPHEMERALD_RULES_H
#define EPHEMERALD_RULES_H

#include "interfaces.h"
#include "named_set.h"
#include "packet.h"
#include "question.h"
#include "tcp_flags.h"

struct port_range {
	uint16_t low, high; /* inclusive */
};

/* One ICMP type, or type and code. */
struct icmp_match {
	uint8_t family; /* enum family */
	uint8_t type;
	int16_t code; /* -1: any */
};

enum action { ACTION_ALLOW, ACTION_BLOCK, ACTION_REJECT };

/* What a rule does at one of its limits. */
enum overload {
	OVERLOAD_BLOCK,
	OVERLOAD_REJECT,
	OVERLOAD_NEXT, /* not match */
	OVERLOAD_ADD,  /* block, and put the source into a set */
};

/* How much a rule may let in; 0: as much as comes. */
struct rule_limits {
	struct {
		uint32_t count, seconds, burst;
		bool per_source;
	} rate; /* "6/30s burst 12 per source" */
	uint32_t max_flows, max_flows_per_source;
	enum overload on_overload;
	struct {
		const struct named_set *set; /* of policy.sets */
		uint32_t seconds;            /* 0: as long as the set says */
		bool cut;                    /* and end its connections */
	} add;
	bool any; /* there is a limit */
};

/* Idle seconds of the flows it lets in; 0: those of the settings. */
struct rule_timeouts {
	uint32_t new; /* until there is an answer */
	uint32_t established;
	uint32_t closing; /* TCP, from the first FIN or RST on */
	bool any;         /* one of these is set */
};

/*
 * A criterion with no element matches everything; protocols are always
 * spelled out as a set.  Ports and addresses are sorted, and no two overlap;
 * IPv4 comes before IPv6.  `to` and `from` never match across families; each is
 * its addresses and its sets together.
 */
struct rule {
	enum action action;
	bool stateful;
	bool log;               /* what it decides is told, packet_log.h */
	bool no_fast_path;      /* its flows never get a permit, permit.h */
	bool expired;           /* its time is over: matches nothing */
	bool names_protocol;    /* `protocol` was written and is not implied */
	struct port_range hull; /* lowest to highest of ports; none: 0-65535 */
	uint64_t protocols[4];  /* bit set of protocol numbers */
	struct port_range *ports;
	size_t port_count;
	struct port_range *source_ports;
	size_t source_port_count;
	struct address_range *from;
	size_t from_count;
	struct address_range *to;
	size_t to_count;
	const struct named_set **from_sets; /* of policy.sets, by name */
	size_t from_set_count;
	const struct named_set **to_sets;
	size_t to_set_count;
	struct icmp_match *icmp;
	size_t icmp_count;
	struct flags_match *flags; /* TCP, and then alone in protocols */
	size_t flags_count;
	struct owner_match *users; /* outbound only */
	size_t user_count;
	struct owner_match *groups;
	size_t group_count;
	char **interfaces;
	size_t interface_count;
	char **out_interfaces;
	size_t out_interface_count;
	struct rule_limits limits;
	struct rule_timeouts timeouts;
	bool protect;     /* no change of policy may cut its flows unasked */
	uint64_t ends_ms; /* a temporary one does, by the keeper's clock; 0 */
	int64_t expires;  /* seconds since the epoch (moment.h), 0: never */
	char *name;       /* NULL: none */
	char *comment;    /* NULL: none */
	const char *file; /* where it is written; of policy.files */
	unsigned line;
	unsigned place;    /* from 1, in its table */
	char *text;        /* normalised, one line: rule_print() */
	uint32_t identity; /* stays the same over reloads while table and name
			      (or text) do; see policy_identify() */
};

enum table_id {
	TABLE_INBOUND, /* same numbers as enum direction */
	TABLE_OUTBOUND,
	TABLE_FORWARD,
	TABLE_ACL_INBOUND,
	TABLE_ACL_OUTBOUND,
	TABLE_COUNT
};

struct classifier;

struct rules {
	struct rule *rule; /* in order */
	size_t count;
	bool present;                  /* written in the config, maybe empty */
	struct classifier *classifier; /* NULL: search in order */
};

/* May packets of settled flows pass in the kernel? */
enum fast_path_use { FAST_PATH_OFF, FAST_PATH_ON, FAST_PATH_AUTO };

enum on_reload { ON_RELOAD_REVALIDATE, ON_RELOAD_KEEP };
/* Whose timeouts: conformance with the RFCs, or as another firewall has them.
 */
enum profile { PROFILE_STANDARD, PROFILE_LINUX, PROFILE_PF, PROFILE_AWS };
#define PROFILE_COUNT 4

/* How closely the segments of a TCP connection are looked at. */
enum tcp_mode {
	TCP_STRICT,
	TCP_LIBERAL, /* outside the window: passed, not dropped */
	TCP_LOOSE,   /* and an ACK in mid-stream opens, if a rule allows it */
};

enum hook_leaf { LEAF_AUTO, LEAF_NATIVE, LEAF_XTABLES };

/* Idle seconds; defaults in settings.c. */
struct timeouts {
	uint32_t syn_sent, syn_received, established, fin_wait, close_wait,
	    last_ack, time_wait, closed;
	uint32_t udp_one_way, udp_both, icmp, sctp_established, sctp_other,
	    dccp_established, dccp_other, other, fragment_v4, fragment_v6;
};

struct settings {
	struct {
		unsigned first;  /* number of the first queue */
		unsigned count;  /* 0: as many as cores */
		unsigned length; /* packets the kernel may hold for us, each */
	} queue;
	struct {
		uint32_t max_flows;
		enum profile profile;
		enum tcp_mode tcp;
		struct timeouts timeouts;
	} conntrack;
	struct {
		enum hook_leaf leaf;
		uint32_t mark_mask; /* bits of the packet mark that are ours */
	} hook;
	enum on_reload on_reload;
	enum fast_path_use fast_path;
};

/* What a config claims of itself; load.h has it kept. */
struct policy_test {
	char *words; /* the packet, question.h */
	struct question question;
	enum verdict expect;
	bool asks_reply;
	enum verdict reply; /* what the answer shall get */
	char *rule;         /* that shall decide: its name, or "inbound 3";
			       NULL: any */
	const char *file;   /* as in struct rule */
	unsigned line;
};

/* Where something is written; file NULL: nowhere. */
struct written {
	const char *file; /* of policy.files */
	unsigned line;
};
#define SETTINGS_MOST 64

struct policy {
	struct rules tables[TABLE_COUNT];
	struct settings settings;
	struct policy_test *tests; /* in order */
	size_t test_count;
	struct named_set *sets; /* by name */
	size_t set_count;
	struct named_set *banned;              /* one of them */
	struct written written[SETTINGS_MOST]; /* by settings_options[] */
	char **files; /* names of the texts it was made of */
	size_t file_count;
	uint64_t generation; /* set by filter_publish(), from 1 */
	/* Of policy_identify(): every rule by identity, and the largest number
	 * that it or a policy before it has given. */
	struct rule_entry *index;
	size_t index_count;
	uint32_t last_identity;
	bool has_timeouts;   /* some rule has timeouts of its own */
	bool asks_owners;    /* some rule asks for a user or a group */
	int64_t next_expiry; /* of policy_expire() */
	bool on_trial; /* set before filter_publish(): see filter_confirm() */
	/* Judged beside this one, never enforced (shadow.h). */
	char *shadow_file; /* as written, NULL: none */
	struct written shadow_written;
	struct policy *shadow; /* owned */
};

/* Does it, or its shadow, need to know whose packets are? */
static inline bool
policy_asks_owners(const struct policy *policy)
{
	return policy->asks_owners ||
	       (policy->shadow && policy->shadow->asks_owners);
}

/* The rule that decides, or NULL: none matches.  Packet path. */
const struct rule *rules_match(const struct rules *rules,
    const struct packet *packet, const struct interfaces *interfaces);

/* The next one after `rule` that matches, or NULL.  Packet path. */
const struct rule *rules_match_after(const struct rules *rules,
    const struct rule *rule, const struct packet *packet,
    const struct interfaces *interfaces);

/* Does the rule ask whose socket sends? */
static inline bool
rule_asks_owner(const struct rule *rule)
{
	return rule->user_count + rule->group_count > 0;
}

/* First criterion of the rule that the packet fails: its config key
 * ("port", "from", ...), or NULL: the rule matches.  Packet path. */
const char *rule_mismatch(const struct rule *rule, const struct packet *packet,
    const struct interfaces *interfaces);

/* Give each rule the identity its namesake has in `old` (may be NULL), and
 * fresh ones, from 1, to the others; a number is never given twice along a
 * chain of policies.  Not thread-safe; before publication. */
void policy_identify(struct policy *policy, const struct policy *old);
/* The rule of that identity and its table, or NULL. */
const struct rule *policy_find_rule(
    const struct policy *policy, uint32_t identity, enum table_id *table);

/* The table that holds the rule, which must be one of the policy. */
enum table_id policy_table_of(
    const struct policy *policy, const struct rule *rule);
/* "inbound", "outbound", "forward", "acl.inbound", "acl.outbound" */
const char *table_name(enum table_id table);

/* Rules whose time is over at `now`, seconds since the epoch, match nothing any
 * more; sets when the next one is (0: none).  Before publication. */
void policy_expire(struct policy *policy, int64_t now);

/* The set of that name, or NULL. */
struct named_set *policy_find_set(
    const struct policy *policy, const char *name);

void policy_destroy(struct policy *policy); /* NULL is fine */

#endif
