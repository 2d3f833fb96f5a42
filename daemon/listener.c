/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket file outlives its process, and bind() does not replace it.  Whether
 * it is stale only connect() tells: refused means that nobody listens.  Between
 * that answer and bind() another instance could do the same, so all of it, and
 * the life of the socket after it, is under an exclusive flock() of
 * "PATH.lock".
 *
 * The lock file is removed at the end, by its holder.  Who opened it before
 * that holds the lock of a file without a name; so after locking it is compared
 * with what the path names now.
 *
 * Nobody can connect before listen(), so mode and group are set before that.
 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 32

struct listener {
	int socket, lock; /* -1: none */
	bool made_folder;
	bool bound;
	dev_t device; /* of the socket file, if bound */
	ino_t inode;
	struct sockaddr_un address;
	char lock_path[sizeof(((struct sockaddr_un *)0)->sun_path) + 8];
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static bool fail(char error[LISTENER_ERROR_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
fail(char error[LISTENER_ERROR_SIZE], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, LISTENER_ERROR_SIZE, format, arguments);
	va_end(arguments);
	return false;
}

static bool
set_paths(struct listener *listener, const char *path,
    char error[LISTENER_ERROR_SIZE])
{
	char *name = listener->address.sun_path;

	if (strlen(path) >= sizeof(listener->address.sun_path))
		return fail(error,
		    "control socket: the path %.60s... is too long; accepted: "
		    "at most %zu bytes",
		    path, sizeof(listener->address.sun_path) - 1);
	listener->address.sun_family = AF_UNIX;
	strcpy(name, path);
	snprintf(
	    listener->lock_path, sizeof(listener->lock_path), "%s.lock", path);
	const char *slash = strrchr(path, '/');
	if (!slash)
		strcpy(listener->folder, ".");
	else
		snprintf(listener->folder, sizeof(listener->folder), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	return true;
}

/* Holds the lock of the file that lock_path names. */
static bool
take_lock(struct listener *listener, char error[LISTENER_ERROR_SIZE])
{
	const char *path = listener->lock_path;
	struct stat held, named;

	for (;;) {
		int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
		if (lock < 0)
			return fail(error, "control socket: cannot open %s: %s",
			    path, strerror(errno));
		if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
			close(lock);
			return fail(error,
			    "control socket: %s is in use by another "
			    "ephemerald, which holds %s",
			    listener->address.sun_path, path);
		}
		if (fstat(lock, &held) == 0 && lstat(path, &named) == 0 &&
		    held.st_dev == named.st_dev &&
		    held.st_ino == named.st_ino) {
			listener->lock = lock;
			return true;
		}
		close(lock);
	}
}

/* Leaves no file at the path, or says why not. */
static bool
clear_path(const struct listener *listener, char error[LISTENER_ERROR_SIZE])
{
	const char *path = listener->address.sun_path;
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ||
		       fail(error, "control socket: cannot look at %s: %s",
			   path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return fail(error,
		    "control socket: %s exists and is not a socket", path);
	int probe =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return fail(error, "control socket: %s", strerror(errno));
	int result = connect(probe, (const struct sockaddr *)&listener->address,
	    sizeof(listener->address));
	int why = result == 0 ? 0 : errno;
	close(probe);
	if (why != ECONNREFUSED)
		return fail(error,
		    "control socket: %s is in use by another process", path);
	if (unlink(path) < 0)
		return fail(error, "control socket: cannot remove %s: %s", path,
		    strerror(errno));
	return true;
}

static bool
bind_and_listen(struct listener *listener, char error[LISTENER_ERROR_SIZE])
{
	const char *path = listener->address.sun_path;
	struct stat status;

	listener->socket =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->socket < 0 ||
	    bind(listener->socket, (const struct sockaddr *)&listener->address,
		sizeof(listener->address)) < 0)
		return fail(error, "control socket: cannot bind %s: %s", path,
		    strerror(errno));
	if (lstat(path, &status) < 0)
		return fail(error, "control socket: cannot look at %s: %s",
		    path, strerror(errno));
	listener->bound = true;
	listener->device = status.st_dev;
	listener->inode = status.st_ino;

	/* The group of the folder may read us; a service that may not chown
	   keeps its own group, which is that of its folder. */
	struct stat folder;
	if (stat(listener->folder, &folder) == 0 &&
	    folder.st_gid != status.st_gid &&
	    lchown(path, (uid_t)-1, folder.st_gid) < 0 && errno != EPERM)
		return fail(error,
		    "control socket: cannot give %s to gid %u: %s", path,
		    (unsigned)folder.st_gid, strerror(errno));
	if (chmod(path, 0660) < 0)
		return fail(error, "control socket: cannot chmod %s: %s", path,
		    strerror(errno));
	if (listen(listener->socket, BACKLOG) < 0)
		return fail(error, "control socket: cannot listen at %s: %s",
		    path, strerror(errno));
	return true;
}

/* The path is that socket's: nobody but the holder of the lock removes what it
 * names, and a process that ends without asking leaves it. */
static bool
adopt(struct listener *listener, int fd)
{
	const char *path = listener->address.sun_path;
	struct sockaddr_un bound = { 0 };
	socklen_t size = sizeof(bound), length = sizeof(int);
	int listens = 0;
	struct stat status;

	if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0 ||
	    !listens || bound.sun_family != AF_UNIX ||
	    strncmp(bound.sun_path, path, sizeof(bound.sun_path)) != 0 ||
	    lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode))
		return false;
	listener->socket = fd;
	listener->bound = true;
	listener->device = status.st_dev;
	listener->inode = status.st_ino;
	return true;
}

/* inherited: a socket, 0 for none. */
static struct listener *
listener_of(const char *path, int inherited, char error[LISTENER_ERROR_SIZE])
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener) {
		fail(error, "control socket: out of memory");
		return NULL;
	}
	listener->socket = listener->lock = -1;
	if (!set_paths(listener, path, error)) {
		free(listener);
		return NULL;
	}
	listener->made_folder = mkdir(listener->folder, 0750) == 0;
	if (take_lock(listener, error)) {
		if (inherited && adopt(listener, inherited))
			return listener;
		/* Closed first: else it would seem to be in use. */
		if (inherited)
			close(inherited);
		inherited = 0;
		if (clear_path(listener, error) &&
		    bind_and_listen(listener, error))
			return listener;
	}
	if (inherited)
		close(inherited);
	listener_close(listener);
	return NULL;
}

struct listener *
listener_open(const char *path, char error[LISTENER_ERROR_SIZE])
{
	return listener_of(path, 0, error);
}

struct listener *
listener_inherit(const char *path, int fd, char error[LISTENER_ERROR_SIZE])
{
	return listener_of(path, fd, error);
}

int
listener_fd(const struct listener *listener)
{
	return listener->socket;
}

void
listener_leave(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->socket >= 0)
		close(listener->socket);
	if (listener->lock >= 0)
		close(listener->lock);
	free(listener);
}

void
listener_close(struct listener *listener)
{
	struct stat status;

	if (!listener)
		return;
	if (listener->bound &&
	    lstat(listener->address.sun_path, &status) == 0 &&
	    status.st_dev == listener->device &&
	    status.st_ino == listener->inode)
		unlink(listener->address.sun_path);
	if (listener->lock >= 0)
		unlink(listener->lock_path);
	if (listener->made_folder)
		rmdir(listener->folder);
	listener_leave(listener);
}
