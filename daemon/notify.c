/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol of sd_notify(3), by hand: libsystemd brings four libraries for
 * it.  NOTIFY_SOCKET names a datagram socket, by its path or, after '@', in
 * the abstract namespace; the state is one datagram.  A busy service manager
 * (its socket holds a few datagrams only) is waited for, but not for ever.
 */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define WAIT_SECONDS 1

/* 0, or the errno of what failed. */
static int
tell(const char *name, const char *state)
{
	const struct timeval wait = { .tv_sec = WAIT_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);
	int failure = 0;

	if (length > sizeof(address.sun_path))
		return ENAMETOOLONG;
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	/* An abstract name is as long as the address says: no NUL ends it. */
	socklen_t size =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		(const struct sockaddr *)&address, size) < 0)
		failure = errno;
	close(fd);
	return failure;
}

void
notify(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int failure = name && *name ? tell(name, state) : 0;

	if (failure)
		log_warning("the service manager at %s was not told %s: %s",
		    name, state, strerror(failure));
}
