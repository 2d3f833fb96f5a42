/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of users and groups, looked up in this host's own lists of them.  Used
 * by the daemon and by ephctl.
 */
#ifndef EPHEMERALD_OWNERS_H
#define EPHEMERALD_OWNERS_H

#include "diagnostics.h"
#include "rules.h"

/* Those that the rules and the tests of the policy name.  False: diagnostics
 * say which are not known. */
bool owners_of_policy(struct policy *policy, struct diagnostics *diagnostics);
/* Those of the question; a user without a group has the one of its entry. */
bool owners_of_question(
    struct question *question, char error[QUESTION_ERROR_SIZE]);

#endif
