/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what root will obey, so each file is opened first and judged by its
 * descriptor: no name is looked at twice.  The folder comes first, and the
 * files are opened below its descriptor.
 *
 * A folder that others can write lets them exchange the file in it.  Where the
 * sticky bit forbids them that (the usual folder for temporary files), a file
 * that was asked for by name is still its owner's; but the files of rules.d are
 * taken because they lie there, so for it the sticky bit is no excuse.
 *
 * Every file that cannot be believed is reported, not only the first.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "owners.h"
#include "set_file.h"

#define FILE_MAX     (1 << 20)
#define SET_FILE_MAX (64 << 20) /* a million members and more */
#define SUFFIX       ".conf"

static void
complain_errno(struct diagnostics *diagnostics, const char *name)
{
	const char *hint = "";

	if (errno == ELOOP || errno == ENOTDIR)
		hint = "; symbolic links are not followed";
	diagnostics_add(diagnostics, "%s: cannot be read: %s%s", name,
	    strerror(errno), hint);
}

static bool
owner_is_trusted(const struct stat *status, const char *name,
    struct diagnostics *diagnostics)
{
	if (status->st_uid == 0 || status->st_uid == geteuid())
		return true;
	diagnostics_add(diagnostics,
	    "%s: belongs to uid %u; accepted: root, or the user of this "
	    "process (uid %u)",
	    name, (unsigned)status->st_uid, (unsigned)geteuid());
	return false;
}

static bool
writable_by_others(const struct stat *status)
{
	return (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static void
complain_writable(struct diagnostics *diagnostics, const char *name,
    const struct stat *status)
{
	diagnostics_add(diagnostics,
	    "%s: is writable by its group or by others (mode %04o); accepted: "
	    "by its owner alone (chmod go-w)",
	    name, (unsigned)status->st_mode & 07777);
}

enum folder_kind {
	FOLDER_OF_FILE, /* holds a file that was asked for by name */
	FOLDER_OF_ALL,  /* whatever lies in it is taken */
};

/* The folder, open, or -1. */
static int
open_folder(int at, const char *name, enum folder_kind kind, const char *shown,
    struct diagnostics *diagnostics)
{
	struct stat status;
	int links = kind == FOLDER_OF_ALL ? O_NOFOLLOW : 0;
	int folder =
	    openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | links);

	if (folder < 0) {
		complain_errno(diagnostics, shown);
		return -1;
	}
	if (fstat(folder, &status) < 0) {
		complain_errno(diagnostics, shown);
	} else if (owner_is_trusted(&status, shown, diagnostics)) {
		bool sticky =
		    kind == FOLDER_OF_FILE && (status.st_mode & S_ISVTX) != 0;
		if (sticky || !writable_by_others(&status))
			return folder;
		complain_writable(diagnostics, shown, &status);
	}
	close(folder);
	return -1;
}

static bool
file_is_trusted(const struct stat *status, const char *name,
    struct diagnostics *diagnostics)
{
	if (!S_ISREG(status->st_mode)) {
		diagnostics_add(diagnostics,
		    "%s: is not a regular file; accepted: a text file", name);
		return false;
	}
	if (!owner_is_trusted(status, name, diagnostics))
		return false;
	if (writable_by_others(status)) {
		complain_writable(diagnostics, name, status);
		return false;
	}
	return true;
}

/* All of the file, NUL after it; NULL: complained. */
static char *
read_whole(int file, const char *name, size_t most, size_t *size,
    struct diagnostics *diagnostics)
{
	char *text = malloc(most + 1);
	size_t used = 0;
	ssize_t got;

	if (!text) {
		complain_errno(diagnostics, name);
		return NULL;
	}
	do {
		got = read(file, text + used, most + 1 - used);
		if (got > 0)
			used += (size_t)got;
	} while ((got > 0 && used <= most) || (got < 0 && errno == EINTR));
	if (got < 0) {
		complain_errno(diagnostics, name);
		free(text);
		return NULL;
	}
	if (used > most) {
		diagnostics_add(diagnostics,
		    "%s: is too long; accepted: at most %zu bytes", name, most);
		free(text);
		return NULL;
	}
	text[used] = '\0';
	*size = used;
	char *fitting = realloc(text, used + 1);
	return fitting ? fitting : text;
}

/* All of the file, if it can be believed; NULL: complained. */
static char *
read_trusted(int folder, const char *name, const char *shown, size_t most,
    size_t *size, struct diagnostics *diagnostics)
{
	struct stat status;
	char *text = NULL;
	int file = openat(
	    folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (file < 0 || fstat(file, &status) < 0)
		complain_errno(diagnostics, shown);
	else if (file_is_trusted(&status, shown, diagnostics))
		text = read_whole(file, shown, most, size, diagnostics);
	if (file >= 0)
		close(file);
	return text;
}

/* Appends the file to *files.  Takes `shown`, the name for people. */
static bool
add_file(int folder, const char *name, char *shown, struct files *files,
    struct diagnostics *diagnostics)
{
	struct conf_text *more = NULL;
	size_t size;

	if (!shown) {
		complain_errno(diagnostics, name);
		return false;
	}
	char *text =
	    read_trusted(folder, name, shown, FILE_MAX, &size, diagnostics);
	if (text) {
		more = realloc(
		    files->text, (files->count + 1) * sizeof(*files->text));
		if (!more)
			complain_errno(diagnostics, shown);
	}
	if (!more) {
		free(text);
		free(shown);
		return false;
	}
	files->text = more;
	files->text[files->count++] =
	    (struct conf_text){ .name = shown, .text = text, .size = size };
	return true;
}

/* Hidden files are editors' and package managers' own. */
static int
is_rules_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	size_t suffix = strlen(SUFFIX);

	return entry->d_name[0] != '.' && length > suffix &&
	       strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

static int
byte_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static char *
join(const char *folder, const char *name)
{
	char *path;
	bool slash = folder[0] && folder[strlen(folder) - 1] != '/';

	if (asprintf(&path, "%s%s%s", folder, slash ? "/" : "", name) < 0)
		return NULL;
	return path;
}

/* The files of rules.d below the folder, if there is one. */
static bool
add_rules(int folder, const char *shown_folder, struct files *files,
    struct diagnostics *diagnostics)
{
	struct dirent **entries;
	char *shown = join(shown_folder, "rules.d");
	bool whole = false;

	if (faccessat(folder, "rules.d", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT) {
		free(shown);
		return true;
	}
	if (!shown) {
		complain_errno(diagnostics, "rules.d");
		return false;
	}
	int rules =
	    open_folder(folder, "rules.d", FOLDER_OF_ALL, shown, diagnostics);
	if (rules < 0)
		goto out;
	int count = scandirat(rules, ".", &entries, is_rules_file, byte_order);
	if (count < 0) {
		complain_errno(diagnostics, shown);
		goto out;
	}
	whole = true;
	for (int i = 0; i < count; i++) {
		char *path = join(shown, entries[i]->d_name);
		whole &= add_file(
		    rules, entries[i]->d_name, path, files, diagnostics);
		free(entries[i]);
	}
	free(entries);
out:
	if (rules >= 0)
		close(rules);
	free(shown);
	return whole;
}

bool
files_read(
    const char *path, struct files *files, struct diagnostics *diagnostics)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *shown = strndup(path, (size_t)(name - path)); /* "" or "…/" */
	bool whole = false;

	*files = (struct files){ 0 };
	if (!shown) {
		complain_errno(diagnostics, path);
		return false;
	}
	const char *folder_name = shown[0] ? shown : ".";
	int folder = open_folder(
	    AT_FDCWD, folder_name, FOLDER_OF_FILE, folder_name, diagnostics);
	if (folder >= 0) {
		whole =
		    add_file(folder, name, strdup(path), files, diagnostics);
		whole &= add_rules(folder, shown, files, diagnostics);
		close(folder);
	}
	free(shown);
	if (!whole)
		files_free(files);
	return whole;
}

void
files_free(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free((char *)files->text[i].name);
		free((char *)files->text[i].text);
	}
	free(files->text);
	*files = (struct files){ 0 };
}

/* The name as seen from the folder of the config that has it; malloc'd. */
static char *
path_from(const char *config, const char *name)
{
	const char *slash = strrchr(config, '/');
	char *path;

	if (name[0] == '/' || !slash)
		return strdup(name);
	return asprintf(
		   &path, "%.*s%s", (int)(slash + 1 - config), config, name) < 0
		   ? NULL
		   : path;
}

static bool
fill_set(struct named_set *set, struct diagnostics *diagnostics)
{
	char *path = path_from(set->file, set->members_file);
	const char *slash = path ? strrchr(path, '/') : NULL;
	char *shown =
	    slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
	struct conf_text text = { .name = path };
	bool whole = false;

	if (!path || !shown) {
		complain_errno(diagnostics, set->members_file);
	} else {
		int folder = open_folder(
		    AT_FDCWD, shown, FOLDER_OF_FILE, shown, diagnostics);
		if (folder >= 0)
			text.text =
			    read_trusted(folder, slash ? slash + 1 : path, path,
				SET_FILE_MAX, &text.size, diagnostics);
		if (folder >= 0)
			close(folder);
	}
	if (text.text)
		whole = set_file_read(set, &text, diagnostics);
	free((char *)text.text);
	free(shown);
	free(path);
	return whole;
}

/* The members of its sets, who its rules name, the time of its rules, then its
 * tests.  False: complained. */
static bool
complete(struct policy *policy, bool tests, struct diagnostics *diagnostics)
{
	bool whole = true;

	for (size_t i = 0; i < policy->set_count; i++)
		if (policy->sets[i].members_file)
			whole &= fill_set(&policy->sets[i], diagnostics);
	whole &= owners_of_policy(policy, diagnostics);
	policy_expire(policy, time(NULL));
	return whole && (!tests || policy_test(policy, diagnostics));
}

/* False: complained. */
static bool
load_shadow(struct policy *policy, struct diagnostics *diagnostics)
{
	char *path =
	    path_from(policy->shadow_written.file, policy->shadow_file);
	struct files files = { 0 };

	if (!path)
		complain_errno(diagnostics, policy->shadow_file);
	else if (files_read(path, &files, diagnostics))
		policy->shadow =
		    conf_load(files.text, files.count, diagnostics);
	files_free(&files);
	free(path);
	if (policy->shadow && policy->shadow->shadow_file) {
		diagnostics_add(diagnostics,
		    "%s:%u: shadow of a shadow, accepted is a config without",
		    policy->shadow->shadow_written.file,
		    policy->shadow->shadow_written.line);
		return false;
	}
	return policy->shadow && complete(policy->shadow, true, diagnostics);
}

struct policy *
files_policy(const struct conf_text *texts, size_t count, bool tests,
    struct diagnostics *diagnostics)
{
	struct policy *policy = conf_load(texts, count, diagnostics);

	if (!policy ||
	    (complete(policy, tests, diagnostics) &&
		(!policy->shadow_file || load_shadow(policy, diagnostics))))
		return policy;
	policy_destroy(policy);
	return NULL;
}

struct policy *
files_load(const char *path, struct diagnostics *diagnostics)
{
	struct files files;

	if (!files_read(path, &files, diagnostics))
		return NULL;
	struct policy *policy =
	    files_policy(files.text, files.count, true, diagnostics);
	files_free(&files);
	return policy;
}
