/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy is made of a version, the texts of its config, with the temporary
 * rules in front.  Texts are kept, not policies: when the policy before comes
 * back, it is with the temporary rules of then.
 *
 * `now` is in force; `before` is what rollback goes back to; `base` is there
 * during a trial only, and is what it is about to come back to.  The config's
 * own tests are asked of a version when it is read, without temporary rules.
 *
 * What time brings must not fail for good: what could not be put in force is
 * tried again every second.
 */
#include "changes.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "guard.h"
#include "log.h"
#include "notify.h"
#include "regime.h"

#define RETRY_MS 1000

struct changes {
	struct changes_options options;
	struct files now, before, base;
	bool has_before;
	struct attempt attempt;
	struct temporaries temporaries;
	bool outdated;     /* rules have ended, but are still in force */
	uint64_t retry_ms; /* nothing is due before */
	uint64_t loaded_ms;
};

struct changes *
changes_create(const struct changes_options *options, struct files *files)
{
	struct changes *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->options = *options;
	c->now = *files;
	*files = (struct files){ 0 };
	return c;
}

void
changes_destroy(struct changes *c)
{
	if (!c)
		return;
	files_free(&c->now);
	files_free(&c->before);
	files_free(&c->base);
	temporary_free(&c->temporaries);
	free(c);
}

static void
note_memory(struct diagnostics *report)
{
	diagnostics_add(report, "out of memory");
}

/* These files, in force; terms NULL: whatever the guard would say. */
static enum change
put_in_force(struct changes *c, const struct files *files,
    const struct temporaries *temporaries, bool on_trial,
    const struct change_terms *terms, struct diagnostics *report)
{
	struct policy *policy = temporary_load(files, temporaries, report);

	if (!policy)
		return CHANGE_INVALID;
	policy->on_trial = on_trial;
	if (terms && !terms->force) {
		struct guard guard = { c->options.filter, c->options.interfaces,
			terms->session, terms->now_ms };
		bool known = filter_prepare(c->options.filter, policy);
		if (!known)
			note_memory(report);
		if (!known || !guard_admits(&guard, policy, report)) {
			policy_destroy(policy);
			return known ? CHANGE_REFUSED : CHANGE_FAILED;
		}
	}
	return c->options.enforce(c->options.context, policy, report)
		   ? CHANGE_DONE
		   : CHANGE_FAILED;
}

static bool
is_on_trial(const struct changes *c)
{
	return c->attempt.state == ATTEMPT_RUNNING;
}

/* What `rollback` would go back to from now on; takes the files. */
static void
set_before(struct changes *c, struct files *files)
{
	files_free(&c->before);
	c->before = *files;
	c->has_before = true;
	*files = (struct files){ 0 };
}

/* *old: what was in force. */
static enum change
take(struct changes *c, const char *path, bool on_trial, struct files *old,
    const struct change_terms *terms, struct diagnostics *report)
{
	struct files files;

	if (is_on_trial(c)) {
		diagnostics_add(report,
		    "a policy is on trial: confirm it or roll it back first");
		return CHANGE_REFUSED;
	}
	if (!c->options.read(path, &files, report))
		return CHANGE_INVALID;
	enum change change =
	    put_in_force(c, &files, &c->temporaries, on_trial, terms, report);
	if (change != CHANGE_DONE) {
		files_free(&files);
		return change;
	}
	*old = c->now;
	c->now = files;
	c->outdated = false;
	c->loaded_ms = terms->now_ms;
	return change;
}

/* The config at `path` comes into force, and what was is where a rollback goes
 * to. */
static enum change
replace(struct changes *c, const char *path, const struct change_terms *terms,
    struct diagnostics *report)
{
	struct files old;
	enum change change = take(c, path, false, &old, terms, report);

	if (change == CHANGE_DONE)
		set_before(c, &old);
	return change;
}

enum change
changes_reload(struct changes *c, const struct change_terms *terms,
    struct diagnostics *report)
{
	return replace(c, c->options.config, terms, report);
}

enum change
changes_promote(struct changes *c, const struct change_terms *terms,
    struct diagnostics *report)
{
	const struct policy *shadow = filter_policy(c->options.filter)->shadow;

	if (!shadow) {
		diagnostics_add(report,
		    "no shadow policy; the config names one as shadow = "
		    "\"FILE\"");
		return CHANGE_NOTHING;
	}
	/* It goes with the policy that names it. */
	char *path = strdup(shadow->files[0]);
	if (!path) {
		diagnostics_add(report, "out of memory");
		return CHANGE_FAILED;
	}
	enum change change = replace(c, path, terms, report);
	free(path);
	return change;
}

enum change
changes_try(struct changes *c, const char *path, uint64_t seconds,
    const struct change_terms *terms, struct diagnostics *report)
{
	struct files old;
	enum change change = take(c, path, true, &old, terms, report);

	if (change != CHANGE_DONE)
		return change;
	c->base = old;
	c->attempt = (struct attempt){
		.state = ATTEMPT_RUNNING,
		.number = filter_policy(c->options.filter)->generation,
		.end_ms = terms->now_ms + seconds * 1000,
	};
	notify("STATUS=a policy is on trial, and goes unless it is confirmed");
	return change;
}

enum change
changes_confirm(struct changes *c, struct diagnostics *report)
{
	if (!is_on_trial(c)) {
		diagnostics_add(report, "no policy is on trial");
		return CHANGE_NOTHING;
	}
	filter_confirm(c->options.filter);
	set_before(c, &c->base);
	c->attempt.state = ATTEMPT_CONFIRMED;
	notify("STATUS=the policy on trial was confirmed");
	return CHANGE_DONE;
}

/* *files comes into force and what was is forgotten. */
static enum change
go_back(struct changes *c, struct files *files, uint64_t now_ms,
    struct diagnostics *report)
{
	enum change change =
	    put_in_force(c, files, &c->temporaries, false, NULL, report);

	if (change != CHANGE_DONE)
		return CHANGE_FAILED;
	files_free(&c->now);
	c->now = *files;
	*files = (struct files){ 0 };
	c->outdated = false;
	c->loaded_ms = now_ms;
	return change;
}

enum change
changes_rollback(struct changes *c, uint64_t now_ms, struct diagnostics *report)
{
	bool on_trial = is_on_trial(c);
	enum change change;

	if (!on_trial && !c->has_before) {
		diagnostics_add(report,
		    "no policy is on trial, and there is none before the one "
		    "in force");
		return CHANGE_NOTHING;
	}
	change = go_back(c, on_trial ? &c->base : &c->before, now_ms, report);
	if (change != CHANGE_DONE)
		return change;
	if (on_trial) {
		c->attempt.state = ATTEMPT_ROLLED_BACK;
		notify("STATUS=the policy on trial was rolled back");
	} else {
		c->has_before = false;
	}
	return change;
}

/* Takes the rules if they can be put in force. */
static enum change
replace_temporaries(struct changes *c, struct temporaries *rules,
    uint64_t now_ms, struct diagnostics *report)
{
	enum change change =
	    put_in_force(c, &c->now, rules, is_on_trial(c), NULL, report);

	if (change != CHANGE_DONE) {
		temporary_free(rules);
		return change;
	}
	temporary_free(&c->temporaries);
	c->temporaries = *rules;
	c->outdated = false;
	c->loaded_ms = now_ms;
	return change;
}

enum change
changes_allow(struct changes *c, const char *what, const char *from,
    uint64_t end_ms, uint64_t now_ms, struct diagnostics *report)
{
	char error[TEMPORARY_ERROR_SIZE];
	struct temporaries rules;

	if (!regime_judges_connections(filter_policy(c->options.filter))) {
		diagnostics_add(report,
		    "the config is a network ACL alone: what that lets in "
		    "needs no rule");
		return CHANGE_REFUSED;
	}
	if (!temporary_copy(&c->temporaries, &rules)) {
		note_memory(report);
		return CHANGE_FAILED;
	}
	if (!temporary_add(&rules, what, from, end_ms, error)) {
		diagnostics_add(report, "%s", error);
		temporary_free(&rules);
		return CHANGE_INVALID;
	}
	return replace_temporaries(c, &rules, now_ms, report);
}

enum change
changes_allow_end(struct changes *c, const char *what, const char *from,
    uint64_t now_ms, struct diagnostics *report)
{
	struct temporaries rules;

	if (!temporary_copy(&c->temporaries, &rules)) {
		note_memory(report);
		return CHANGE_FAILED;
	}
	if (!temporary_remove(&rules, what, from)) {
		diagnostics_add(report,
		    "no temporary rule opens %.40s%s%.60s; `allow list` shows "
		    "which there are",
		    what, from ? " from " : "", from ? from : "");
		temporary_free(&rules);
		return CHANGE_NOTHING;
	}
	return replace_temporaries(c, &rules, now_ms, report);
}

/* What was due, and will be tried again. */
static void
postpone(struct changes *c, const char *what, uint64_t now_ms,
    struct diagnostics *report)
{
	c->retry_ms = now_ms + RETRY_MS;
	for (size_t i = 0; i < report->count; i++)
		log_error("%s: %s", what, report->line[i]);
	diagnostics_clear(report);
}

static void
end_trial(struct changes *c, uint64_t now_ms)
{
	struct diagnostics report = { 0 };

	if (changes_rollback(c, now_ms, &report) != CHANGE_DONE) {
		postpone(c, "rollback", now_ms, &report);
		return;
	}
	diagnostics_clear(&report);
	c->attempt.timed_out = true;
	log_warning("the policy on trial was not confirmed in time: the one "
		    "before is in force again, as generation %llu",
	    (unsigned long long)filter_policy(c->options.filter)->generation);
}

static void
end_rules(struct changes *c, uint64_t now_ms)
{
	struct diagnostics report = { 0 };

	c->outdated = put_in_force(c, &c->now, &c->temporaries, is_on_trial(c),
			  NULL, &report) != CHANGE_DONE;
	if (c->outdated) {
		postpone(c, "rules that have ended", now_ms, &report);
		return;
	}
	diagnostics_clear(&report);
	c->loaded_ms = now_ms;
	log_info("rules have ended; %zu temporary ones are left",
	    c->temporaries.count);
}

/* Has a rule of it, or of its shadow, come to its end? */
static bool
expires(const struct policy *policy, uint64_t now_ms)
{
	int64_t now = ((int64_t)now_ms + clock_wall_offset_ms()) / 1000;

	for (; policy; policy = policy->shadow)
		if (policy->next_expiry && policy->next_expiry <= now)
			return true;
	return false;
}

void
changes_tend(struct changes *c, uint64_t now_ms)
{
	if (now_ms < c->retry_ms)
		return;
	if (is_on_trial(c) && now_ms >= c->attempt.end_ms)
		end_trial(c, now_ms);
	if (temporary_expire(&c->temporaries, now_ms) ||
	    expires(filter_policy(c->options.filter), now_ms))
		c->outdated = true;
	if (c->outdated)
		end_rules(c, now_ms);
}

const struct attempt *
changes_attempt(const struct changes *c)
{
	return &c->attempt;
}

const struct temporaries *
changes_temporaries(const struct changes *c)
{
	return &c->temporaries;
}

const struct files *
changes_files(const struct changes *c)
{
	return &c->now;
}

uint64_t
changes_loaded_ms(const struct changes *c)
{
	return c->loaded_ms;
}

bool
changes_differ_on_disk(const struct changes *c)
{
	struct diagnostics ignored = { 0 };
	struct files disk;
	bool same = c->options.read(c->options.config, &disk, &ignored);

	diagnostics_clear(&ignored);
	if (!same)
		return true;
	same = disk.count == c->now.count;
	for (size_t i = 0; same && i < disk.count; i++)
		same = disk.text[i].size == c->now.text[i].size &&
		       memcmp(disk.text[i].text, c->now.text[i].text,
			   disk.text[i].size) == 0;
	files_free(&disk);
	return !same;
}
