/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the questions of lint*.c share; for them alone.
 */
#ifndef EPHEMERALD_LINT_WORK_H
#define EPHEMERALD_LINT_WORK_H

#include "lint.h"
#include "phrase.h"
#include "reach.h"

struct lint_work {
	const struct policy *policy;
	const struct lint_options *options;
	struct space *space;
	struct reach reach[TABLE_COUNT];
	struct report *report;
	bool failed; /* out of memory */
};

/* Each asks one question of the policy. */
void lint_rules(struct lint_work *work);
void lint_replies(struct lint_work *work);
void lint_ranges(struct lint_work *work);
void lint_families(struct lint_work *work);
void lint_icmp(struct lint_work *work);
void lint_timeouts(struct lint_work *work);
void lint_sets(struct lint_work *work);

/* One more, at the rule, or at the end of the table if there is none.  Both
 * phrases are taken; an empty `mend`: there is nothing to offer. */
void lint_say(struct lint_work *work, enum lint kind, enum table_id table,
    const struct rule *rule, struct phrase *text, struct phrase *mend);
void lint_say_at(struct lint_work *work, enum lint kind, const char *file,
    unsigned line, struct phrase *text, struct phrase *mend);
bool lint_is_note(enum lint kind);

/* "inbound 4": of what something is said. */
void lint_subject(
    struct phrase *phrase, enum table_id table, const struct rule *rule);
/* "inbound 4 (line 10)": another rule, with the file if that is another one
 * than `from`'s; "inbound *" for none. */
void lint_place(struct phrase *phrase, enum table_id table,
    const struct rule *rule, const char *from);

/* The tables that a packet of this direction goes through, those of the
 * network ACL first.  Returns how many, at least one. */
size_t lint_way(const struct policy *policy, enum direction direction,
    enum table_id way[3]);
/* What all tables but one of that way let by for certain. */
struct region lint_allowed(
    struct lint_work *work, enum direction direction, enum table_id but);
/* Addresses that somebody can answer from. */
struct spans *lint_unicast(void);
/* The ports of the rule that are there for answers: in a range that holds all
 * that some system opens connections from, and no port below 1024.  NULL: out
 * of memory. */
struct spans *lint_ports_for_answers(const struct rule *rule);

/* "acl.inbound 4 (line 10) and acl.inbound *": who blocks it there. */
void lint_say_blockers(struct phrase *text, const struct lint_work *work,
    enum table_id table, const struct region *lost, const char *file);
const struct rule *lint_first_blocker(const struct lint_work *work,
    enum table_id table, const struct region *lost);
/* One more line: where to write which rule; `before` NULL: at the end. */
void lint_mend_before(struct phrase *mend, enum table_id table,
    const struct rule *before, const char *file, const char *rule);
/* The rules that let it by in that table, and where to write them: nothing
 * that is blocked there goes by them, but that. */
void lint_mend_table(struct phrase *mend, struct lint_work *work,
    enum table_id table, const struct region *passing,
    const struct region *lost, const char *file);
/* The rule as it would be if it remembered. */
void lint_mend_state(struct phrase *mend, const struct rule *rule);

#endif
