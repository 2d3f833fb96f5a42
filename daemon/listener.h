/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Unix stream socket that has a path to itself: what a dead process left
 * there is removed, what a live one has is not touched.  Mode 0660, group of
 * the folder if we may give that.  Main thread.
 */
#ifndef EPHEMERALD_LISTENER_H
#define EPHEMERALD_LISTENER_H

struct listener;

#define LISTENER_ERROR_SIZE 256

/* Makes the folder too, if only that is missing.  NULL: error holds one
 * sentence, nothing was changed. */
struct listener *listener_open(
    const char *path, char error[LISTENER_ERROR_SIZE]);
/* The same with the socket of a process before, where who connected meanwhile
 * waits.  The descriptor is the listener's, or closed. */
struct listener *listener_inherit(
    const char *path, int fd, char error[LISTENER_ERROR_SIZE]);
/* Non-blocking, to accept from. */
int listener_fd(const struct listener *listener);
/* Removes what listener_open() made.  NULL is fine. */
void listener_close(struct listener *listener);
/* Leaves it to who else holds the socket.  NULL is fine. */
void listener_leave(struct listener *listener);

#endif
