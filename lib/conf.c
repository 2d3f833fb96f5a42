/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config text to policy: each text is scanned (conf_scan.c), parsed by
 * libconfig, and its top level walked here, rules by conf_rule.c, the rest by
 * conf_settings.c.  Rules of several texts are appended; a setting may stand
 * in one of them only.
 *
 * All or nothing: readers note their errors and go on, so that one run shows
 * them all, and with any error noted the half-made policy is destroyed.
 */
#include "conf.h"

#include "compile.h"
#include "conf_reader.h"
#include "conf_rule.h"
#include "conf_scan.h"
#include "conf_sets.h"
#include "conf_settings.h"
#include "conf_tests.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct load {
	struct reader reader;
	config_t *configs; /* one for each text */
	size_t count;
};

static void
read_acl(struct reader *reader, const config_setting_t *acl)
{
	char shown[SETTING_SHOW_SIZE], hint[GUESS_TEXT_SIZE];
	bool group = config_setting_is_group(acl);

	if (!group || config_setting_length(acl) == 0) {
		reader_fail(reader, config_setting_source_line(acl),
		    "acl is %s, accepted is { inbound = ( ); outbound = ( ); }",
		    group ? "empty" : setting_show(acl, shown));
		return;
	}
	for (int i = 0; i < config_setting_length(acl); i++) {
		const config_setting_t *member =
		    config_setting_get_elem(acl, (unsigned)i);
		struct guess guess = { .word = config_setting_name(member) };
		if (strcmp(guess.word, "inbound") == 0) {
			conf_rules_read(reader, TABLE_ACL_INBOUND, member);
		} else if (strcmp(guess.word, "outbound") == 0) {
			conf_rules_read(reader, TABLE_ACL_OUTBOUND, member);
		} else {
			guess_try(&guess, "inbound");
			guess_try(&guess, "outbound");
			reader_fail(reader, config_setting_source_line(member),
			    "acl has no key \"%s\", %s", guess.word,
			    guess_text(&guess, hint));
		}
	}
}

/* A setting that an earlier text has given already is an error. */
static void
check_once(struct load *load, const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);
	struct reader *reader = &load->reader;

	for (unsigned i = 0; i < reader->file; i++) {
		const config_setting_t *earlier = config_setting_get_member(
		    config_root_setting(&load->configs[i]), name);
		if (!earlier)
			continue;
		reader_fail(reader, config_setting_source_line(setting),
		    "%s is given already at %s:%u, accepted is one place", name,
		    reader->texts[i].name, config_setting_source_line(earlier));
		return;
	}
}

static void
read_shadow(struct reader *reader, const config_setting_t *shadow)
{
	struct policy *policy = reader->policy;
	const char *file = setting_string(shadow);
	unsigned line = config_setting_source_line(shadow);
	char shown[SETTING_SHOW_SIZE];

	if (policy->shadow_file)
		reader_fail(reader, line,
		    "shadow is given already, accepted is one place");
	else if (!file || !*file || !text_is_plain(file))
		reader_fail(reader, line,
		    "shadow is %s, accepted is the name of a config file",
		    setting_show(shadow, shown));
	else
		policy->shadow_file = reader_copy(reader, file);
	policy->shadow_written =
	    (struct written){ .file = policy->files[reader->file],
		    .line = line };
}

static void
read_top_level(struct load *load, const config_setting_t *root)
{
	static const char *const names[] = { "inbound", "outbound", "forward" };
	struct reader *reader = &load->reader;
	char hint[GUESS_TEXT_SIZE];

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *member =
		    config_setting_get_elem(root, (unsigned)i);
		struct guess guess = { .word = config_setting_name(member) };
		enum table_id table = TABLE_INBOUND;
		while (table <= TABLE_FORWARD &&
		       strcmp(guess.word, names[table]) != 0)
			table++;
		if (table <= TABLE_FORWARD) {
			conf_rules_read(reader, table, member);
		} else if (strcmp(guess.word, "acl") == 0) {
			read_acl(reader, member);
		} else if (strcmp(guess.word, "tests") == 0) {
			conf_tests_read(reader, member);
		} else if (strcmp(guess.word, "shadow") == 0) {
			read_shadow(reader, member);
		} else if (strcmp(guess.word, "sets") == 0) {
			continue; /* read already */
		} else if (conf_settings_read(reader, member)) {
			check_once(load, member);
		} else {
			for (size_t n = 0; n < 3; n++)
				guess_try(&guess, names[n]);
			guess_try(&guess, "acl");
			guess_try(&guess, "tests");
			guess_try(&guess, "shadow");
			guess_try(&guess, "sets");
			conf_settings_guess(&guess);
			reader_fail(reader, config_setting_source_line(member),
			    "unknown key \"%s\", %s", guess.word,
			    guess_text(&guess, hint));
		}
	}
}

/* Leaves an empty config behind if the text is no config. */
static void
parse_text(struct load *load)
{
	struct reader *reader = &load->reader;
	config_t *config = &load->configs[reader->file];
	char *scanned = conf_scan(reader);

	if (!scanned)
		return;
	if (!config_read_string(config, scanned)) {
		/* the grammar is checked, so this is what it cannot see */
		const char *error = config_error_text(config);
		reader_fail(reader, (unsigned)config_error_line(config),
		    "%s, accepted is each setting once in its group",
		    error ? error : "libconfig fails");
		config_destroy(config);
		config_init(config);
	}
	free(scanned);
}

/* Before all rules, which name them, wherever they stand. */
static void
read_sets(struct load *load)
{
	struct reader *reader = &load->reader;
	const config_setting_t *sets;
	size_t count = 0;

	for (size_t i = 0; i < load->count; i++) {
		sets = config_lookup(&load->configs[i], "sets");
		count += sets ? (size_t)config_setting_length(sets) : 0;
	}
	conf_sets_begin(reader, count);
	if (reader->out_of_memory)
		return;
	for (reader->file = 0; reader->file < load->count; reader->file++) {
		sets = config_lookup(&load->configs[reader->file], "sets");
		if (sets)
			conf_sets_read(reader, sets);
	}
	conf_sets_end(reader);
}

static void
read_texts(struct load *load)
{
	struct reader *reader = &load->reader;

	for (; reader->file < load->count; reader->file++)
		parse_text(load);
	read_sets(load);
	if (reader->out_of_memory)
		return;
	for (reader->file = 0; reader->file < load->count; reader->file++)
		read_top_level(
		    load, config_root_setting(&load->configs[reader->file]));
	conf_sets_note_use(reader->policy);
}

static int
compare_names(const void *left, const void *right)
{
	const struct rule *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);

	return order != 0                  ? order
	       : (*a)->place < (*b)->place ? -1
					   : (*a)->place > (*b)->place;
}

/* No name twice in a table. */
static void
check_names(struct reader *reader, const struct rules *rules)
{
	size_t count = 0;
	const struct rule **named =
	    rules->count == 0
		? NULL
		: reader_allocate(reader, rules->count, sizeof(named[0]));

	if (!named)
		return;
	for (size_t i = 0; i < rules->count; i++)
		if (rules->rule[i].name)
			named[count++] = &rules->rule[i];
	qsort(named, count, sizeof(named[0]), compare_names);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(named[i - 1]->name, named[i]->name) != 0)
			continue;
		reader->file = 0;
		while (named[i]->file != reader->policy->files[reader->file])
			reader->file++;
		reader_fail(reader, named[i]->line,
		    "rule \"%s\": the name is taken at %s:%u, accepted is one "
		    "that is unique in its table",
		    named[i]->name, named[i - 1]->file, named[i - 1]->line);
	}
	free(named);
}

/* An absent table next to a present one blocks as an empty one does, and
 * that is worth a word. */
static void
notice_blocks(const struct reader *reader, enum table_id table,
    const char *traffic, struct diagnostics *notices)
{
	struct rules *rules = &reader->policy->tables[table];

	if (rules->count == 0)
		diagnostics_add(notices,
		    "%s:1: notice: %s is %s, everything %s is blocked",
		    reader->texts[0].name, table_name(table),
		    rules->present ? "empty" : "missing", traffic);
	rules->present = true;
}

static void
complete_tables(struct reader *reader, struct diagnostics *notices)
{
	const struct rules *tables = reader->policy->tables;
	bool acl = tables[TABLE_ACL_INBOUND].present ||
		   tables[TABLE_ACL_OUTBOUND].present;

	if (acl) {
		notice_blocks(reader, TABLE_ACL_INBOUND, "inbound", notices);
		notice_blocks(reader, TABLE_ACL_OUTBOUND, "outbound", notices);
	}
	if (tables[TABLE_INBOUND].present || tables[TABLE_OUTBOUND].present) {
		notice_blocks(reader, TABLE_INBOUND, "inbound", notices);
		notice_blocks(reader, TABLE_OUTBOUND, "outbound", notices);
	}
	if (tables[TABLE_FORWARD].present)
		notice_blocks(reader, TABLE_FORWARD, "forwarded", notices);
}

static void
check_policy(struct reader *reader)
{
	const struct rules *tables = reader->policy->tables;

	for (enum table_id t = 0; t < TABLE_COUNT; t++)
		check_names(reader, &tables[t]);
	reader->file = 0;
	if (reader->error_count == 0 && !tables[TABLE_INBOUND].present &&
	    !tables[TABLE_OUTBOUND].present &&
	    !tables[TABLE_ACL_INBOUND].present &&
	    !tables[TABLE_ACL_OUTBOUND].present)
		reader_fail(reader, 1,
		    "no rules, accepted are inbound, outbound or acl, one of "
		    "them at least");
}

/* NULL: out of memory. */
static struct policy *
policy_create(
    const struct conf_text *texts, size_t count, struct reader *reader)
{
	struct policy *policy = reader_allocate(reader, 1, sizeof(*policy));

	if (!policy)
		return NULL;
	settings_default(&policy->settings);
	policy->files =
	    reader_allocate(reader, count, sizeof(policy->files[0]));
	for (size_t i = 0; policy->files && i < count; i++)
		policy->files[policy->file_count++] =
		    reader_copy(reader, texts[i].name);
	return policy;
}

struct policy *
conf_load(const struct conf_text *texts, size_t count,
    struct diagnostics *diagnostics)
{
	static const struct conf_text none = { "config", "", 0 };
	struct load load = { .count = count > 0 ? count : 1 };
	struct reader *reader = &load.reader;

	reader->texts = count > 0 ? texts : &none;
	reader->policy = policy_create(reader->texts, load.count, reader);
	load.configs =
	    reader_allocate(reader, load.count, sizeof(load.configs[0]));
	if (!reader->out_of_memory) {
		for (size_t i = 0; i < load.count; i++)
			config_init(&load.configs[i]);
		read_texts(&load);
		check_policy(reader);
		for (size_t i = 0; i < load.count; i++)
			config_destroy(&load.configs[i]);
	}
	free(load.configs);
	reader_report(reader, diagnostics);
	if (reader->out_of_memory)
		diagnostics_add(
		    diagnostics, "%s:1: out of memory", reader->texts[0].name);
	if (reader->error_count > 0 || reader->out_of_memory) {
		policy_destroy(reader->policy);
		return NULL;
	}
	settings_complete(&reader->policy->settings, reader->settings_written);
	complete_tables(reader, diagnostics);
	policy_compile(reader->policy, diagnostics);
	return reader->policy;
}
