/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a rule that say how much it may let in and how long that lives:
 * limit, max_flows, max_flows_per_source, on_overload, timeout.
 *
 * A rate is "COUNT/PERIOD [burst COUNT] [per source]", PERIOD a unit (s, m, h,
 * d) or a number of them.  Its bounds are those of the meters: a token takes
 * ten microseconds or more, and a whole burst comes back within a day.
 */
#include "conf_rule.h"

#include <string.h>

#define DAY         86400
#define FLOWS_MAX   (1 << 24)
#define TIMEOUT_MAX (30 * DAY)
#define RATE_MAX    100000 /* a second */

/* The word at *at, which then is behind it and the blanks that follow. */
static bool
skip_word(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) != 0 ||
	    ((*at)[length] != ' ' && (*at)[length] != '\0'))
		return false;
	*at += length + strspn(*at + length, " ");
	return true;
}

/* "s", "30s", as far as the next blank. */
static bool
parse_period(const char **at, uint32_t *seconds)
{
	char period[16] = "1";
	size_t length = strcspn(*at, " ");
	bool counted = **at >= '0' && **at <= '9';
	int64_t value;

	if (length + 2 > sizeof(period))
		return false;
	memcpy(period + !counted, *at, length);
	period[length + !counted] = '\0';
	if (!parse_time(period, &value) || value < 1 || value > DAY)
		return false;
	*seconds = (uint32_t)value;
	*at += length + strspn(*at + length, " ");
	return true;
}

static bool
parse_rate(const char *at, struct rule_limits *limits)
{
	uint32_t count, seconds, burst;
	bool per_source = false;

	if (!parse_digits(&at, &count) || *at++ != '/' ||
	    !parse_period(&at, &seconds))
		return false;
	burst = count;
	if (skip_word(&at, "burst")) {
		if (!parse_digits(&at, &burst) || (*at != ' ' && *at))
			return false;
		at += strspn(at, " ");
	}
	if (skip_word(&at, "per")) {
		if (!skip_word(&at, "source"))
			return false;
		per_source = true;
	}
	if (*at || count < 1 || count > (uint64_t)seconds * RATE_MAX ||
	    burst < 1 || (uint64_t)burst * seconds > (uint64_t)count * DAY)
		return false;
	limits->rate.count = count;
	limits->rate.seconds = seconds;
	limits->rate.burst = burst;
	limits->rate.per_source = per_source;
	limits->any = true;
	return true;
}

void
conf_limit_rate(struct rule_reader *r, const config_setting_t *value)
{
	const char *text = setting_string(value);
	char shown[SETTING_SHOW_SIZE];

	if (text && parse_rate(text, &r->rule->limits))
		return;
	reader_fail(r->reader, config_setting_source_line(value),
	    "%s is %s, accepted are \"10/s\", \"100/m burst 200\", \"6/30s per "
	    "source\" and the like: 1 to %d a second, in a time and with a "
	    "burst that takes up to a day",
	    r->key, setting_show(value, shown), RATE_MAX);
}

static void
read_flows(
    struct rule_reader *r, const config_setting_t *value, uint32_t *flows)
{
	char shown[SETTING_SHOW_SIZE];
	int64_t number;

	if (!setting_number(value, &number) || number < 1 ||
	    number > FLOWS_MAX) {
		reader_fail(r->reader, config_setting_source_line(value),
		    "%s is %s, accepted are 1 to %d", r->key,
		    setting_show(value, shown), FLOWS_MAX);
		return;
	}
	*flows = (uint32_t)number;
	r->rule->limits.any = true;
}

void
conf_limit_flows(struct rule_reader *r, const config_setting_t *value)
{
	read_flows(r, value, &r->rule->limits.max_flows);
}

void
conf_limit_flows_per_source(
    struct rule_reader *r, const config_setting_t *value)
{
	read_flows(r, value, &r->rule->limits.max_flows_per_source);
}

/* 0: it is none; the error is noted. */
static uint32_t
read_time(struct rule_reader *r, const char *key, const config_setting_t *value,
    int most)
{
	char shown[SETTING_SHOW_SIZE];
	int64_t seconds;

	if (setting_seconds(value, &seconds) && seconds >= 1 && seconds <= most)
		return (uint32_t)seconds;
	reader_fail(r->reader, config_setting_source_line(value),
	    "%s is %s, accepted are 1 to %d seconds, also as \"90s\", \"15m\", "
	    "\"2h\", \"5d\"",
	    key, setting_show(value, shown), most);
	return 0;
}

/* "@abusers" */
static void
read_add(struct rule_reader *r, const config_setting_t *value)
{
	const char *text = setting_string(value);
	const struct policy *policy = r->reader->policy;
	const struct named_set *set =
	    text && *text == '@' ? policy_find_set(policy, text + 1) : NULL;
	struct guess guess = { .word = text ? text + (*text == '@') : "" };
	char hint[GUESS_TEXT_SIZE], shown[SETTING_SHOW_SIZE];

	if (set) {
		r->rule->limits.add.set = set;
		r->rule->limits.on_overload = OVERLOAD_ADD;
		return;
	}
	for (size_t i = 0; reader_listens(r->reader) && i < policy->set_count;
	     i++)
		guess_try(&guess, policy->sets[i].name);
	reader_fail(r->reader, config_setting_source_line(value),
	    "on_overload.add is %s, which is not \"@\" and the name of a set, "
	    "%s",
	    setting_show(value, shown), guess_text(&guess, hint));
}

static void
read_add_member(struct rule_reader *r, const config_setting_t *member)
{
	struct rule_limits *limits = &r->rule->limits;
	struct guess guess = { .word = config_setting_name(member) };
	char hint[GUESS_TEXT_SIZE], shown[SETTING_SHOW_SIZE];
	unsigned line = config_setting_source_line(member);

	if (strcmp(guess.word, "add") == 0) {
		read_add(r, member);
	} else if (strcmp(guess.word, "time") == 0) {
		limits->add.seconds =
		    read_time(r, "on_overload.time", member, SET_TIME_MAX);
	} else if (strcmp(guess.word, "cut") != 0) {
		guess_try(&guess, "add");
		guess_try(&guess, "time");
		guess_try(&guess, "cut");
		reader_fail(r->reader, line,
		    "on_overload has no key \"%s\", %s", guess.word,
		    guess_text(&guess, hint));
	} else if (config_setting_type(member) == CONFIG_TYPE_BOOL) {
		limits->add.cut = config_setting_get_bool(member);
	} else {
		reader_fail(r->reader, line,
		    "on_overload.cut is %s, accepted are true and false",
		    setting_show(member, shown));
	}
}

static void
read_add_group(struct rule_reader *r, const config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++)
		read_add_member(r, config_setting_get_elem(group, (unsigned)i));
	if (!config_setting_get_member(group, "add"))
		reader_fail(r->reader, config_setting_source_line(group),
		    "on_overload.add is missing, accepted is \"@\" with the "
		    "name of a set");
}

void
conf_limit_overload(struct rule_reader *r, const config_setting_t *value)
{
	static const char *const words[] = {
		[OVERLOAD_BLOCK] = "block",
		[OVERLOAD_REJECT] = "reject",
		[OVERLOAD_NEXT] = "next",
	};
	const char *text = setting_string(value);
	char shown[SETTING_SHOW_SIZE];

	if (config_setting_is_group(value)) {
		read_add_group(r, value);
		return;
	}
	for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0) {
			r->rule->limits.on_overload = (enum overload)i;
			return;
		}
	reader_fail(r->reader, config_setting_source_line(value),
	    "%s is %s, accepted are \"block\", \"reject\", \"next\" and "
	    "{ add = \"@SET\"; time = \"1h\"; cut = true; }",
	    r->key, setting_show(value, shown));
}

void
conf_limit_timeout(struct rule_reader *r, const config_setting_t *value)
{
	struct rule_timeouts *t = &r->rule->timeouts;
	const struct {
		const char *name, *path;
		uint32_t *seconds;
	} members[] = {
		{ "new", "timeout.new", &t->new },
		{ "established", "timeout.established", &t->established },
		{ "closing", "timeout.closing", &t->closing },
	};
	const size_t count = sizeof(members) / sizeof(members[0]);

	t->any = true;
	if (!config_setting_is_group(value)) {
		t->established = read_time(r, r->key, value, TIMEOUT_MAX);
		return;
	}
	for (int i = 0; i < config_setting_length(value); i++) {
		const config_setting_t *member =
		    config_setting_get_elem(value, (unsigned)i);
		struct guess guess = { .word = config_setting_name(member) };
		char hint[GUESS_TEXT_SIZE];
		size_t m = 0;
		while (m < count && strcmp(members[m].name, guess.word) != 0)
			guess_try(&guess, members[m++].name);
		if (m < count)
			*members[m].seconds =
			    read_time(r, members[m].path, member, TIMEOUT_MAX);
		else
			reader_fail(r->reader,
			    config_setting_source_line(member),
			    "timeout has no key \"%s\", %s", guess.word,
			    guess_text(&guess, hint));
	}
	t->any = t->new || t->established || t->closing;
}

/* The key, if it is there, in a rule that cannot have it. */
static void
refuse(struct reader *reader, const config_setting_t *group, const char *key,
    bool refused, const char *where)
{
	const config_setting_t *value = config_setting_get_member(group, key);

	if (value && refused)
		reader_fail(reader, config_setting_source_line(value),
		    "%s in a rule %s", key, where);
}

void
conf_limit_check(struct reader *reader, const struct rule *rule,
    const config_setting_t *group)
{
	static const char allow[] =
	    "that does not allow, accepted with action = \"allow\"";
	static const char remembers[] =
	    "that remembers nothing, accepted without stateful = false";
	bool allows = rule->action == ACTION_ALLOW;
	bool tcp = rule->names_protocol ? rule->protocols[0] >> PROTOCOL_TCP & 1
					: rule->icmp_count == 0;
	bool adds = rule->limits.on_overload == OVERLOAD_ADD;
	bool forgets = allows && !rule->stateful;

	refuse(reader, group, "limit", !allows, allow);
	refuse(reader, group, "max_flows", !allows, allow);
	refuse(reader, group, "max_flows", forgets, remembers);
	refuse(reader, group, "max_flows_per_source", !allows, allow);
	refuse(reader, group, "max_flows_per_source", forgets, remembers);
	refuse(reader, group, "timeout", !allows, allow);
	refuse(reader, group, "timeout", forgets, remembers);
	refuse(reader, group, "on_overload",
	    !config_setting_get_member(group, "limit") &&
		!config_setting_get_member(group, "max_flows") &&
		!config_setting_get_member(group, "max_flows_per_source"),
	    "without a limit, accepted with limit, max_flows or "
	    "max_flows_per_source");
	refuse(reader, group, "on_overload", allows && adds && forgets,
	    "that remembers nothing and adds nobody, accepted without "
	    "stateful = false");
	/* Who sends else is not known before it has answered. */
	refuse(reader, group, "on_overload", allows && adds && !tcp,
	    "that allows no TCP and adds nobody, accepted with TCP");
}
