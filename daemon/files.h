/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The config files from disk, checked before they are believed: regular,
 * owned by root or by us, writable by nobody else, of sane size.  Used by the
 * daemon and by ephctl.
 */
#ifndef EPHEMERALD_FILES_H
#define EPHEMERALD_FILES_H

#include "load.h"

/* What policy_load() takes, owned: free with files_free(). */
struct files {
	struct conf_text *text;
	size_t count;
};

/* Reads `path` and, if its folder has a rules.d, the *.conf in that in byte
 * order.  False: diagnostics say which file and why; *files is empty. */
bool files_read(
    const char *path, struct files *files, struct diagnostics *diagnostics);
void files_free(struct files *files);
/* The policy of these texts merged in order, with the files that they name
 * beside themselves: members of sets, and a shadow, which is read as a config
 * is.  NULL: diagnostics say why.  tests: it passes those of the config. */
struct policy *files_policy(const struct conf_text *texts, size_t count,
    bool tests, struct diagnostics *diagnostics);
/* Both steps: the policy of the config at `path`, or NULL and diagnostics. */
struct policy *files_load(const char *path, struct diagnostics *diagnostics);

#endif
