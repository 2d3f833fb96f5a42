/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ssh session that this program is used in.
 */
#ifndef EPHEMERALD_SESSION_H
#define EPHEMERALD_SESSION_H

/* As in $SSH_CONNECTION, "CLIENT PORT SERVER PORT"; malloc'd.  NULL: none is
 * found. */
char *session_find(void);

#endif
