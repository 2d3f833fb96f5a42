/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of a set from a file of their own: an address, a prefix or a
 * range a line, of both families; a `#` begins a comment.  Not thread-safe;
 * before the policy of the set is published.
 */
#ifndef EPHEMERALD_SET_FILE_H
#define EPHEMERALD_SET_FILE_H

#include "diagnostics.h"
#include "named_set.h"

/* These are the fixed members of the set.  False: some line is none, and
 * diagnostics say which; the set is as it was. */
bool set_file_read(struct named_set *set, const struct conf_text *text,
    struct diagnostics *diagnostics);

#endif
