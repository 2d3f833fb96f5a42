/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hands the bytes of a row to filter_batch(), compares.
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "flow_event.h"
#include "scenario_bytes.h"

#define NAMES 8 /* of interfaces */

static struct policy *
load_text(const char *text)
{
	struct diagnostics diagnostics = { 0 };
	struct conf_text conf = { "test.conf", text, strlen(text) };
	struct policy *policy = conf_load(&conf, 1, &diagnostics);
	ck_assert_msg(policy != NULL, "config: %s",
	    diagnostics.count ? diagnostics.line[0] : "no diagnostic");
	diagnostics_clear(&diagnostics);
	return policy;
}

static struct policy *
load(unsigned family, const char *config)
{
	char text[TEXT_SIZE];

	translate(family, config, text);
	char *shadow = strstr(text, "shadow:");
	if (shadow)
		*shadow = '\0';
	struct policy *policy = load_text(text);
	if (shadow)
		policy->shadow = load_text(shadow + strlen("shadow:"));
	return policy;
}

static void
put_in_force(struct play *play, struct policy *policy, bool on_trial)
{
	struct policy *old = NULL;

	policy->on_trial = on_trial;
	ck_assert(filter_publish(play->filter, policy, &old));
	policy_destroy(old);
}

/* All that this source has opened; each dies once. */
static void
kill_from(struct play *play, const char *source)
{
	struct address address;
	struct flow_numbers numbers;
	struct flow_view v;
	uint32_t cursor = 0;
	bool known;

	ck_assert(address_parse(source, &address));
	while (filter_next_flow(play->filter, &cursor, play->now_ms, &v)) {
		if (!address_equal(v.tuple.src, address))
			continue;
		ck_assert(filter_kill(
		    play->filter, cursor, &v, play->now_ms, &numbers, &known));
		ck_assert(known == (v.tuple.protocol == TCP));
		ck_assert(!filter_kill(
		    play->filter, cursor, &v, play->now_ms, &numbers, &known));
	}
	filter_online();
}

/* What the keeper, or a worker, does to sets; then what time brings. */
static void
keep(struct play *play, const char *command)
{
	struct filter *filter = play->filter;
	char text[TEXT_SIZE], verb[8], set[40] = SET_BANNED, member[64];
	unsigned seconds = 0;
	struct prefix p;

	translate(play->family, command, text);
	if (strncmp(text, "kill ", 5) == 0) {
		kill_from(play, text + 5);
		return;
	}
	if (strncmp(text, "ban ", 4) == 0)
		sscanf(text, "%7s %63s %u", verb, member, &seconds);
	else
		sscanf(text, "%7s %39s %63s %u", verb, set, member, &seconds);
	ck_assert_msg(prefix_parse(member, &p), "%s", text);
	const struct named_set *named =
	    policy_find_set(filter_policy(filter), set);
	ck_assert_msg(named != NULL, "%s", text);
	uint64_t end_ms = seconds ? play->now_ms + seconds * UINT64_C(1000)
				  : named_set_end(named, play->now_ms);
	bool done = strcmp(verb, "add") == 0
			? filter_set_add(filter, set, &p, end_ms) == SET_DONE
		    : strcmp(verb, "del") == 0
			? filter_set_remove(filter, set, &p) == SET_DONE
		    : strcmp(verb, "ban") == 0
			? filter_ban(filter, &p, end_ms) == SET_DONE
			: filter_set_ask(filter, 0, named, &p, seconds,
			      strcmp(verb, "cut") == 0);
	ck_assert_msg(done, "%s", text);
}

static void
set_own(struct play *play, const char *text)
{
	struct address own[8];
	size_t count = 0;
	char copy[TEXT_SIZE];
	unsigned port;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		endpoint(play->family, word, &own[count++], &port);
	ck_assert(filter_set_own(play->filter, own, count));
}

/* The flow that the row's packet belongs to; its state is "" if none. */
static struct flow_view
view_of(struct play *play, const struct step *s)
{
	struct address src, dst;
	unsigned sport, dport;
	struct flow_view v, found = { .state = "" };
	uint32_t cursor = 0;

	endpoint(play->family, s->src, &src, &sport);
	endpoint(play->family, s->dst, &dst, &dport);
	if (s->protocol == ICMP)
		sport = dport = s->id;
	while (filter_next_flow(play->filter, &cursor, play->now_ms, &v)) {
		const struct tuple *t = &v.tuple;
		bool forth = address_equal(t->src, src) && t->sport == sport &&
			     address_equal(t->dst, dst) && t->dport == dport;
		bool back = address_equal(t->src, dst) && t->sport == dport &&
			    address_equal(t->dst, src) && t->dport == sport;
		if (forth || back)
			found = v;
	}
	filter_online();
	return found;
}

/* What explain says of it.  It does not foresee a full table. */
static void
check_trial(struct play *play, const struct frame *frame, enum reason want)
{
	struct packet packet;

	packet_parse(frame, &packet);
	struct trial trial =
	    filter_try(play->filter, filter_policy(play->filter),
		play->interfaces, &packet, play->now_ms);
	filter_online();
	ck_assert_msg(
	    trial.why == want || want == TABLE_FULL || want == HALF_OPEN_FULL,
	    "on trial %s, not %s", reason_name(trial.why), reason_name(want));
}

static enum reason
judge(struct play *play, const struct bytes *b, const struct step *s)
{
	struct decision d;
	/* Exactly as many bytes as there are, for the sanitizers. */
	uint8_t *copy = malloc(b->size);

	memcpy(copy, b->data, b->size);
	struct frame frame = {
		.bytes = copy,
		.captured = (uint32_t)b->size,
		.length = (uint32_t)b->size,
		.direction = (uint8_t)s->direction,
		.user = s->user ? owner_value(s->user) : 0,
		.group = s->group ? owner_value(s->group) : 0,
	};
	check_trial(play, &frame, s->want);
	filter_batch(play->filter, 0, &frame, &d, 1, play->now_ms);
	free(copy);
	filter_quiescent(play->filter, 0);
	filter_reclaim(play->filter);
	ck_assert_msg(d.shadow_why == s->shadow, "shadow: %s, not %s",
	    reason_name(d.shadow_why), reason_name(s->shadow));
	return d.why;
}

static void
check_told(struct play *play, const struct step *s, unsigned number)
{
	struct flow_event event;
	char got[TEXT_SIZE] = "";

	while (filter_next_event(play->filter, &event)) {
		size_t used = strlen(got);
		bool end = event.change == FLOW_END;
		snprintf(got + used, sizeof(got) - used, "%s%s%s%s",
		    used ? ", " : "", flow_change_name(event.change),
		    end ? " " : "", end ? flow_end_name(event.end) : "");
	}
	ck_assert_msg(!s->told || !strcmp(got, s->told),
	    "IPv%u, step %u, %s > %s: told \"%s\", not \"%s\"", play->family,
	    number, s->src, s->dst, got, s->told ? s->told : "");
}

/* What the row says of the flows after its packets. */
static void
check_flows(struct play *play, const struct step *s, unsigned number)
{
	struct flow_view v = { .state = "" };
	uint32_t count = filter_flow_count(play->filter);

	if (s->state || s->expires_s)
		v = view_of(play, s);
	ck_assert_msg(!s->state || !strcmp(v.state, s->state),
	    "IPv%u, step %u, %s > %s: state %s, not %s", play->family, number,
	    s->src, s->dst, v.state, s->state);
	ck_assert_msg(!s->expires_s || v.expires_ms == s->expires_s * 1000,
	    "IPv%u, step %u, %s > %s: expires in %llu ms, not %u s",
	    play->family, number, s->src, s->dst,
	    (unsigned long long)v.expires_ms, s->expires_s);
	ck_assert_msg(!s->flows || count == s->flows,
	    "IPv%u, step %u, %s > %s: %u flows, not %u", play->family, number,
	    s->src, s->dst, count, s->flows);
}

/* A firewall as a process has it, with the policy in force. */
static void
begin(struct play *play, unsigned family, const char *config)
{
	struct policy *policy = load(family, config);
	uint32_t max_flows = policy->settings.conntrack.max_flows;
	struct filter_options options = {
		.max_flows = strstr(config, "conntrack") ? max_flows : 100,
		.workers = 1,
		.hash_key = { 1, 2, ++play->processes },
		.interfaces = play->interfaces = interfaces_create(),
	};
	size_t front = image_front_size(NAMES);
	size_t size = front + table_size(options.max_flows, options.workers);

	play->image = aligned_alloc(64, (size + 63) & ~(size_t)63);
	memset(play->image, 0, size);
	options.memory = (char *)play->image + front;
	play->filter = filter_create(&options);
	ck_assert(play->filter != NULL);
	image_of_table(play->image, NAMES, filter_table(play->filter));
	filter_enter(play->filter, 0);
	filter_watch(play->filter, true);
	put_in_force(play, policy, false);
}

static void
finish(struct play *play)
{
	filter_leave(play->filter, 0);
	filter_destroy(play->filter);
	interfaces_destroy(play->interfaces);
}

/* All flows in a row. */
static void *
flows_of(const struct play *play)
{
	struct saved_flow saved;
	uint64_t count = 0;
	uint32_t cursor = 0;

	while (filter_next_saved(play->filter, &cursor, &saved))
		count++;
	void *image = calloc(1, image_of_flows(NULL, NAMES, count));
	image_of_flows(image, NAMES, count);
	count = cursor = 0;
	while (filter_next_saved(play->filter, &cursor, &saved))
		image_put(image, count++, &saved);
	filter_online();
	return image;
}

static void
start_again(struct play *play, const struct step *s)
{
	void *file = s->restart_from_file ? flows_of(play) : NULL;
	struct play before = *play;
	uint64_t totals[RESTORED_COUNT] = { 0 };
	const char *why;

	finish(&before);
	begin(play, play->family, file ? s->restart_from_file : s->restart);
	const struct image_head *image = file ? file : before.image;
	image = image_read(image, image->size, &why);
	ck_assert_msg(image != NULL, "image: %s", why);
	ck_assert(filter_restore(play->filter, image, play->now_ms, totals));
	filter_online();
	ck_assert_uint_eq(totals[RESTORED_ODD], 0);
	ck_assert_uint_eq(totals[RESTORED], filter_flow_count(play->filter));
	free(before.image);
	free(file);
}

static void
play_step(struct play *play, const struct step *s, unsigned number)
{
	/* Of the port that moves on. */
	size_t at =
	    (play->family == FAMILY_IPV4 ? 20 : 40) + (s->to_next ? 2 : 0);

	play->now_ms = play->now_ms - s->back_ms + s->wait_ms;
	if (s->restart || s->restart_from_file)
		start_again(play, s);
	for (unsigned i = 0; s->wait_ms && i < 200; i++)
		filter_sweep(play->filter, 0, play->now_ms);
	if (s->reload)
		put_in_force(play, load(play->family, s->reload), s->on_trial);
	if (s->confirm)
		filter_confirm(play->filter);
	if (s->own)
		set_own(play, s->own);
	if (s->keeper)
		keep(play, s->keeper);
	filter_tend(play->filter, play->now_ms);
	struct bytes b = s->hex ? from_hex(s->hex) : build(play, s);
	for (unsigned i = 0; i <= s->again; i++) {
		enum reason why = judge(play, &b, s);
		ck_assert_msg(why == s->want,
		    "IPv%u, step %u.%u, %s > %s: %s, not %s", play->family,
		    number, i, s->src, s->dst, reason_name(why),
		    reason_name(s->want));
		if (++b.data[at + 1] == 0)
			b.data[at]++;
	}
	check_flows(play, s, number);
	check_told(play, s, number);
}

void
scenario_play(unsigned family, const char *config, const struct step *steps)
{
	struct play play = {
		.family = family,
		.now_ms = (uint64_t)UINT32_MAX * TICK_MS - 500, /* wraps soon */
	};

	begin(&play, family, config);
	for (unsigned i = 0; steps[i].want != UNDECIDED; i++)
		play_step(&play, &steps[i], i + 1);
	finish(&play);
	free(play.image);
}
