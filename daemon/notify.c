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
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define WAIT_SECONDS 1

/* fd: -1 for none.  0, or the errno of what failed. */
static int
send_to(int from, const struct sockaddr_un *address, socklen_t size,
    const char *state, int fd)
{
	struct iovec text = { (void *)(uintptr_t)state, strlen(state) };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = { .bytes = { 0 } };
	struct msghdr message = {
		.msg_name = (void *)(uintptr_t)address,
		.msg_namelen = size,
		.msg_iov = &text,
		.msg_iovlen = 1,
	};

	if (fd >= 0) {
		message.msg_control = rights.bytes;
		message.msg_controllen = sizeof(rights.bytes);
		rights.header.cmsg_level = SOL_SOCKET;
		rights.header.cmsg_type = SCM_RIGHTS;
		rights.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&rights.header), &fd, sizeof(fd));
	}
	return sendmsg(from, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

static int
tell(const char *name, const char *state, int passed)
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
	failure =
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0
		? errno
		: send_to(fd, &address, size, state, passed);
	close(fd);
	return failure;
}

static const char *
manager(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	return name && *name ? name : NULL;
}

bool
notify_wanted(void)
{
	return manager() != NULL;
}

void
notify_with(const char *state, int fd)
{
	const char *name = manager();
	int failure = name ? tell(name, state, fd) : 0;

	if (failure)
		log_warning("the service manager at %s was not told %.*s: %s",
		    name, (int)strcspn(state, "\n"), state, strerror(failure));
}

void
notify(const char *state)
{
	notify_with(state, -1);
}
