/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As long as the service manager holds a descriptor, what is behind it lives,
 * whatever happens to us: the owner socket keeps the table, a queue's socket
 * keeps its packets waiting, the memory keeps the flows.
 *
 * FDPOLL=0 is needed: else the manager watches what it keeps, takes the
 * overrun of a queue's socket for its end, and drops it without a word.
 *
 * The protocol of sd_listen_fds_with_names(3) is a few lines; libsystemd would
 * bring four libraries for it.
 */
#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "notify.h"

#define FIRST_FD 3

/* -1: not a number. */
static long
number_in(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;

	if (!text || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	long value = strtol(text, &end, 10);
	return errno || *end ? -1 : value;
}

static void
add(struct handover *h, const char *name, size_t length, int fd)
{
	if (h->count == HANDOVER_MAX || length >= HANDOVER_NAME_SIZE ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		close(fd);
		return;
	}
	memcpy(h->got[h->count].name, name, length);
	h->got[h->count].name[length] = '\0';
	h->got[h->count++].fd = fd;
}

void
handover_receive(struct handover *h)
{
	long count = number_in("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");

	h->count = 0;
	if (number_in("LISTEN_PID") != (long)getpid())
		count = 0;
	for (int fd = FIRST_FD; fd - FIRST_FD < count; fd++) {
		size_t length = names ? strcspn(names, ":") : 0;
		add(h, names ? names : "", length, fd);
		if (names)
			names += length + (names[length] == ':');
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

int
handover_take(struct handover *h, const char *name)
{
	for (unsigned i = 0; i < h->count; i++)
		if (h->got[i].fd >= 0 && strcmp(h->got[i].name, name) == 0) {
			int fd = h->got[i].fd;
			h->got[i].fd = -1;
			return fd;
		}
	return 0;
}

void
handover_end(struct handover *h)
{
	for (unsigned i = 0; i < h->count; i++)
		if (h->got[i].fd >= 0) {
			handover_forget(h->got[i].name);
			close(h->got[i].fd);
		}
	h->count = 0;
}

static void
say(const char *what, const char *name, int fd)
{
	char state[64 + HANDOVER_NAME_SIZE];

	snprintf(state, sizeof(state), "%s=1\nFDNAME=%s\nFDPOLL=0", what, name);
	notify_with(state, fd);
}

void
handover_store(const char *name, int fd)
{
	say("FDSTORE", name, fd);
}

void
handover_forget(const char *name)
{
	say("FDSTOREREMOVE", name, -1);
}
