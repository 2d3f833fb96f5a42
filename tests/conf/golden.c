/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden tests of the config: what NN-topic.conf must read as.
 *
 *	golden [--update] FOLDER...
 *
 * Beside NN-topic.conf stands NN-topic.ok, the policy in normal form with the
 * notices as comments before it, or NN-topic.err, the errors, word for word.
 * The files of a folder NN-topic.d are read after it, as rules.d is.  What is
 * printed must read back as an equal policy that prints the same.  --update
 * writes the expectations anew: read the difference before you believe it.
 *
 * A folder without any expectation holds configs for use: each must make a
 * policy, without a notice, and print and read back likewise.
 */
#include "load.h"
#include "print.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE 4096
#define TEXTS_MAX 16
#define FIELD(a, b, list, count)                                               \
	same_bytes((a)->list, (b)->list, (a)->count, (b)->count,               \
	    sizeof((a)->list[0]))

static _Noreturn void
fatal(const char *what, const char *name)
{
	fprintf(stderr, "golden: %s: %s\n", name, what);
	exit(2);
}

/* The whole file, NUL-terminated; NULL: there is none. */
static char *
read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	struct stat status;

	if (!file)
		return NULL;
	if (fstat(fileno(file), &status) != 0)
		fatal("cannot be read", path);
	*size = (size_t)status.st_size;
	char *bytes = malloc(*size + 1);
	if (!bytes || fread(bytes, 1, *size, file) != *size)
		fatal("cannot be read", path);
	fclose(file);
	bytes[*size] = '\0';
	return bytes;
}

static bool
same_bytes(
    const void *a, const void *b, size_t a_count, size_t b_count, size_t size)
{
	return a_count == b_count &&
	       (a_count == 0 || memcmp(a, b, a_count * size) == 0);
}

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
same_names(char *const *a, char *const *b, size_t a_count, size_t b_count)
{
	bool same = a_count == b_count;
	for (size_t i = 0; same && i < a_count; i++)
		same = same_text(a[i], b[i]);
	return same;
}

static bool
same_limits(const struct rule *a, const struct rule *b)
{
	const struct rule_limits *l = &a->limits, *m = &b->limits;
	const struct rule_timeouts *t = &a->timeouts, *u = &b->timeouts;

	return l->rate.count == m->rate.count &&
	       l->rate.seconds == m->rate.seconds &&
	       l->rate.burst == m->rate.burst &&
	       l->rate.per_source == m->rate.per_source &&
	       l->max_flows == m->max_flows &&
	       l->max_flows_per_source == m->max_flows_per_source &&
	       l->on_overload == m->on_overload && l->any == m->any &&
	       !l->add.set == !m->add.set &&
	       (!l->add.set || same_text(l->add.set->name, m->add.set->name)) &&
	       l->add.seconds == m->add.seconds && l->add.cut == m->add.cut &&
	       t->new == u->new && t->established == u->established &&
	       t->closing == u->closing && t->any == u->any;
}

static bool
same_sets(const struct named_set *const *a, const struct named_set *const *b,
    size_t a_count, size_t b_count)
{
	bool same = a_count == b_count;
	for (size_t i = 0; same && i < a_count; i++)
		same = same_text(a[i]->name, b[i]->name);
	return same;
}

static bool
same_owners(const struct owner_match *a, const struct owner_match *b,
    size_t a_count, size_t b_count)
{
	bool same = a_count == b_count;
	for (size_t i = 0; same && i < a_count; i++)
		same = a[i].low == b[i].low && a[i].high == b[i].high &&
		       same_text(a[i].name, b[i].name);
	return same;
}

static bool
same_set(const struct named_set *a, const struct named_set *b)
{
	return same_text(a->name, b->name) && FIELD(a, b, fixed, fixed_count) &&
	       a->time_s == b->time_s && a->max == b->max &&
	       a->revalidates == b->revalidates && !a->file == !b->file;
}

/* Equal but for the place in the text. */
static bool
same_rule(const struct rule *a, const struct rule *b)
{
	bool same_icmp = a->icmp_count == b->icmp_count;
	for (size_t i = 0; same_icmp && i < a->icmp_count; i++)
		same_icmp = a->icmp[i].family == b->icmp[i].family &&
			    a->icmp[i].type == b->icmp[i].type &&
			    a->icmp[i].code == b->icmp[i].code;
	return same_icmp && a->action == b->action &&
	       a->stateful == b->stateful && a->log == b->log &&
	       same_limits(a, b) && a->place == b->place &&
	       a->names_protocol == b->names_protocol &&
	       memcmp(a->protocols, b->protocols, sizeof(a->protocols)) == 0 &&
	       FIELD(a, b, ports, port_count) &&
	       FIELD(a, b, source_ports, source_port_count) &&
	       FIELD(a, b, flags, flags_count) &&
	       same_owners(a->users, b->users, a->user_count, b->user_count) &&
	       same_owners(
		   a->groups, b->groups, a->group_count, b->group_count) &&
	       FIELD(a, b, from, from_count) && FIELD(a, b, to, to_count) &&
	       same_sets(a->from_sets, b->from_sets, a->from_set_count,
		   b->from_set_count) &&
	       same_sets(
		   a->to_sets, b->to_sets, a->to_set_count, b->to_set_count) &&
	       same_names(a->interfaces, b->interfaces, a->interface_count,
		   b->interface_count) &&
	       same_names(a->out_interfaces, b->out_interfaces,
		   a->out_interface_count, b->out_interface_count) &&
	       same_text(a->name, b->name) &&
	       same_text(a->comment, b->comment) && same_text(a->text, b->text);
}

static bool
same_policy(const struct policy *a, const struct policy *b)
{
	bool same =
	    memcmp(&a->settings, &b->settings, sizeof(a->settings)) == 0 &&
	    a->set_count == b->set_count;

	for (size_t i = 0; same && i < a->set_count; i++)
		same = same_set(&a->sets[i], &b->sets[i]);

	for (enum table_id t = 0; t < TABLE_COUNT; t++) {
		same = same && a->tables[t].present == b->tables[t].present &&
		       a->tables[t].count == b->tables[t].count;
		for (size_t i = 0; same && i < a->tables[t].count; i++)
			same = same_rule(
			    &a->tables[t].rule[i], &b->tables[t].rule[i]);
	}
	return same;
}

/* Does the printed policy read back as itself? */
static bool
round_trip(const char *name, const struct policy *policy, const char *printed)
{
	struct conf_text text = { "printed", printed, strlen(printed) };
	struct diagnostics diagnostics = { 0 };
	struct policy *again = policy_load(&text, 1, &diagnostics);
	char *reprinted = again ? policy_print(again) : NULL;
	bool same = again && reprinted && same_policy(policy, again) &&
		    strcmp(printed, reprinted) == 0;

	if (!same) {
		printf("%s: what is printed does not read back as itself:\n%s",
		    name, printed);
		for (size_t i = 0; i < diagnostics.count; i++)
			printf("%s\n", diagnostics.line[i]);
		if (reprinted)
			printf("but as:\n%s", reprinted);
	}
	free(reprinted);
	policy_destroy(again);
	diagnostics_clear(&diagnostics);
	return same;
}

/* Every line that begins or ends alike is left out. */
static void
print_difference(const char *want, const char *got)
{
	size_t head = 0;
	size_t want_end = strlen(want), got_end = strlen(got);

	for (size_t i = 0; want[i] && want[i] == got[i]; i++)
		if (want[i] == '\n')
			head = i + 1;
	for (size_t i = want_end, j = got_end; i > head && j > head;) {
		if (want[--i] != got[--j])
			break;
		if (i > head && want[i - 1] == '\n' && j > head &&
		    got[j - 1] == '\n') {
			want_end = i;
			got_end = j;
		}
	}
	for (size_t i = head; i < want_end; i++)
		printf("%s%c", i == head || want[i - 1] == '\n' ? "-" : "",
		    want[i]);
	for (size_t i = head; i < got_end; i++)
		printf(
		    "%s%c", i == head || got[i - 1] == '\n' ? "+" : "", got[i]);
}

/* What the texts come to: printed policy or errors; malloc'd. */
static char *
judge(const char *name, const struct conf_text *texts, size_t count,
    bool *valid, bool *failed)
{
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = policy_load(texts, count, &diagnostics);
	char *printed = policy ? policy_print(policy) : NULL;
	char *result = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&result, &size);

	if (!out || (policy && !printed))
		fatal("out of memory", name);
	for (size_t i = 0; i < diagnostics.count; i++)
		fprintf(out, "%s%s\n", policy ? "# " : "", diagnostics.line[i]);
	if (policy) {
		fputs(printed, out);
		if (!round_trip(name, policy, printed))
			*failed = true;
	} else if (diagnostics.count == 0) {
		printf("%s: refused without a word\n", name);
		*failed = true;
	}
	fclose(out);
	*valid = policy != NULL;
	free(printed);
	policy_destroy(policy);
	diagnostics_clear(&diagnostics);
	return result;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);
	return length > tail && strcmp(name + length - tail, end) == 0;
}

static int
is_conf(const struct dirent *entry)
{
	return ends_in(entry->d_name, ".conf");
}

static int
is_expectation(const struct dirent *entry)
{
	return ends_in(entry->d_name, ".ok") || ends_in(entry->d_name, ".err");
}

static void
path_join(
    char path[PATH_SIZE], const char *folder, const char *stem, const char *end)
{
	if (snprintf(path, PATH_SIZE, "%s/%s%s", folder, stem, end) >=
	    PATH_SIZE)
		fatal("path too long", folder);
}

/* NN-topic.conf and what is in NN-topic.d, all malloc'd. */
static size_t
collect(const char *folder, const char *stem, struct conf_text *texts)
{
	char path[PATH_SIZE], part[PATH_SIZE];
	struct dirent **entries;
	size_t count = 1;

	path_join(path, folder, stem, ".conf");
	texts[0].text = read_file(path, &texts[0].size);
	texts[0].name = strdup(strrchr(path, '/') + 1);
	path_join(path, folder, stem, ".d");
	int found = scandir(path, &entries, is_conf, by_name);
	for (int i = 0; i < found; i++) {
		if (count == TEXTS_MAX)
			fatal("too many files", path);
		path_join(part, path, entries[i]->d_name, "");
		texts[count].text = read_file(part, &texts[count].size);
		texts[count++].name = strdup(entries[i]->d_name);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return count;
}

/* Compare with the expectation, or write it.  True: as it should be. */
static bool
settle(const char *folder, const char *stem, const char *got, bool valid,
    bool update)
{
	char path[PATH_SIZE], other[PATH_SIZE];
	size_t size;
	bool same;

	path_join(path, folder, stem, valid ? ".ok" : ".err");
	path_join(other, folder, stem, valid ? ".err" : ".ok");
	if (update) {
		FILE *file = fopen(path, "w");
		if (!file || fputs(got, file) < 0 || fclose(file) != 0)
			fatal("cannot be written", path);
		remove(other);
		return true;
	}
	char *want = read_file(path, &size);
	char *unwanted = read_file(other, &size);
	same = want && !unwanted && strcmp(want, got) == 0;
	if (!same) {
		printf("%s: not as expected\n", path);
		if (unwanted)
			printf("%s is there, but the config is %s\n", other,
			    valid ? "valid" : "invalid");
		print_difference(want ? want : "", got);
	}
	free(want);
	free(unwanted);
	return same;
}

/* Valid, and nothing to say about it. */
static bool
is_clean(const char *stem, const char *got, bool valid)
{
	if (valid && got[0] != '#')
		return true;
	printf(
	    "%s.conf: for use, but there is something to say:\n%s", stem, got);
	return false;
}

static bool
check_one(const char *folder, const char *stem, bool expected, bool update)
{
	struct conf_text texts[TEXTS_MAX];
	size_t count = collect(folder, stem, texts);
	bool valid, failed = false;
	char *got = judge(stem, texts, count, &valid, &failed);

	if (expected ? !settle(folder, stem, got, valid, update)
		     : !is_clean(stem, got, valid))
		failed = true;
	for (size_t i = 0; i < count; i++) {
		free((void *)(uintptr_t)texts[i].name);
		free((void *)(uintptr_t)texts[i].text);
	}
	free(got);
	return !failed;
}

/* The expectations of the folder; those without a config are failures. */
static int
count_expectations(const char *folder, unsigned *failures)
{
	struct dirent **entries;
	char path[PATH_SIZE];
	struct stat status;

	int found = scandir(folder, &entries, is_expectation, by_name);
	if (found < 0)
		fatal("no such folder", folder);
	for (int i = 0; i < found; i++) {
		*strrchr(entries[i]->d_name, '.') = '\0';
		path_join(path, folder, entries[i]->d_name, ".conf");
		if (stat(path, &status) != 0) {
			printf("%s: missing, but its expectation is there\n",
			    path);
			++*failures;
		}
		free(entries[i]);
	}
	free(entries);
	return found;
}

/* Returns the number of failures. */
static unsigned
check_folder(const char *folder, bool update, unsigned *checked)
{
	struct dirent **entries;
	unsigned failures = 0;
	bool expected = count_expectations(folder, &failures) > 0 || update;

	int found = scandir(folder, &entries, is_conf, by_name);
	for (int i = 0; i < found; i++) {
		char *stem = entries[i]->d_name;
		stem[strlen(stem) - strlen(".conf")] = '\0';
		failures += !check_one(folder, stem, expected, update);
		++*checked;
		free(entries[i]);
	}
	free(entries);
	if (found == 0) {
		printf("%s: no config in it\n", folder);
		failures++;
	}
	return failures;
}

int
main(int argc, char **argv)
{
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	unsigned failures = 0, checked = 0;

	for (int i = update ? 2 : 1; i < argc; i++)
		failures += check_folder(argv[i], update, &checked);
	printf("golden: %u checked, %u failed\n", checked, failures);
	return checked > 0 && failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
