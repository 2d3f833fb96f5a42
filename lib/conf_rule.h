/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads rules.  conf_rule.c knows the keys of a rule and which go together,
 * conf_match.c and
 * conf_icmp.c what each match key accepts, conf_limit.c limits and timeouts.
 * Internal to conf*.c.
 */
#ifndef EPHEMERALD_CONF_RULE_H
#define EPHEMERALD_CONF_RULE_H

#include "conf_reader.h"

/* Append the rules of the list to the table. */
void conf_rules_read(
    struct reader *reader, enum table_id table, const config_setting_t *list);

/* One rule in the making. */
struct rule_reader {
	struct reader *reader;
	struct rule *rule;
	const char *key; /* being read */
};

/* Each reads one key into the rule; errors are noted. */
void conf_match_protocol(struct rule_reader *r, const config_setting_t *value);
void conf_match_port(struct rule_reader *r, const config_setting_t *value);
void conf_match_source_port(
    struct rule_reader *r, const config_setting_t *value);
void conf_match_from(struct rule_reader *r, const config_setting_t *value);
void conf_match_to(struct rule_reader *r, const config_setting_t *value);
/* Addresses without sets, for any key; the rule is not looked at. */
void conf_match_members(struct rule_reader *r, const config_setting_t *value,
    struct address_range **ranges, size_t *range_count);
/* After the protocol, which says what a number means. */
void conf_match_icmp(struct rule_reader *r, const config_setting_t *value);
/* Would the matches, printed, read as something else without the protocol? */
bool conf_icmp_needs_protocol(const struct rule *rule);
/* conf_conditions.c */
void conf_match_flags(struct rule_reader *r, const config_setting_t *value);
void conf_match_user(struct rule_reader *r, const config_setting_t *value);
void conf_match_group(struct rule_reader *r, const config_setting_t *value);
void conf_match_interface(struct rule_reader *r, const config_setting_t *value);
void conf_match_out_interface(
    struct rule_reader *r, const config_setting_t *value);

/* How much a rule may let in, and how long its flows live. */
void conf_limit_rate(struct rule_reader *r, const config_setting_t *value);
void conf_limit_flows(struct rule_reader *r, const config_setting_t *value);
void conf_limit_flows_per_source(
    struct rule_reader *r, const config_setting_t *value);
void conf_limit_overload(struct rule_reader *r, const config_setting_t *value);
void conf_limit_timeout(struct rule_reader *r, const config_setting_t *value);
/* Do they go with the other keys of the rule? */
void conf_limit_check(struct reader *reader, const struct rule *rule,
    const config_setting_t *group);

#endif
