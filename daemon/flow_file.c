/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file is an image (image.h) and a trailer: boot id, time since boot, and
 * a tag over all before it, SipHash with the key of the file `key` beside it,
 * which is made with the first one.  The tag finds what is torn, and what was
 * brought from another machine or folder; who can read the key can forge it.
 *
 * Times of flows are those of a clock that starts anew at each boot, so a file
 * of another boot is refused.  A file is read into memory of our own before it
 * is believed: nobody changes it under us.
 *
 * Written under another name, synced, then renamed.
 */
#include "flow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "filter.h"
#include "interfaces.h"
#include "siphash.h"

#define FILE_NAME "flows"
#define NEW_NAME  "flows.new"
#define KEY_NAME  "key"
#define BOOT_PATH "/proc/sys/kernel/random/boot_id"
#define BOOT_SIZE 40 /* 36 characters, padded with 0 */

struct trailer {
	char boot[BOOT_SIZE];
	uint64_t saved_ms; /* since boot */
	uint64_t tag;      /* of all before it */
};

static bool fail(char error[FLOW_FILE_ERROR_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
fail(char error[FLOW_FILE_ERROR_SIZE], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, FLOW_FILE_ERROR_SIZE, format, arguments);
	va_end(arguments);
	return false;
}

static bool
read_all(int fd, void *to, size_t size)
{
	for (size_t have = 0; have < size;) {
		ssize_t got = read(fd, (char *)to + have, size - have);
		if (got <= 0 && !(got < 0 && errno == EINTR))
			return false;
		have += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static bool
write_all(int fd, const void *from, size_t size)
{
	for (size_t sent = 0; sent < size;) {
		ssize_t n = write(fd, (const char *)from + sent, size - sent);
		if (n < 0 && errno != EINTR)
			return false;
		sent += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* "" where the kernel does not say. */
static void
read_boot(char boot[BOOT_SIZE])
{
	int fd = open(BOOT_PATH, O_RDONLY | O_CLOEXEC);

	memset(boot, 0, BOOT_SIZE);
	if (fd < 0)
		return;
	if (!read_all(fd, boot, 36))
		memset(boot, 0, BOOT_SIZE);
	close(fd);
}

/* make: if there is none yet. */
static bool
read_key(int folder, bool make, struct siphash_key *key)
{
	int fd = openat(folder, KEY_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool ok = fd >= 0 && read_all(fd, key, sizeof(*key));

	if (fd >= 0)
		close(fd);
	if (ok || !make)
		return ok;
	/* None, or a torn one. */
	unlinkat(folder, KEY_NAME, 0);
	fd = openat(folder, KEY_NAME,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	ok = getrandom(key, sizeof(*key), 0) == sizeof(*key) &&
	     write_all(fd, key, sizeof(*key)) && fsync(fd) == 0;
	close(fd);
	return ok;
}

/* Size: of all but the tag itself, whole words. */
static uint64_t
tag_of(const struct siphash_key *key, const void *memory, size_t size)
{
	return siphash(key, memory, size / sizeof(uint64_t));
}

/* How many names there are, the place of id 0 included. */
static size_t
count_names(const struct interfaces *interfaces)
{
	size_t names = 1;

	while (names < IMAGE_NAMES_MAX &&
	       *interfaces_name(interfaces, (uint16_t)names))
		names++;
	return names;
}

/* The file as it is to be, but for the tag.  NULL: out of memory. */
static void *
build(const struct filter *filter, const struct interfaces *interfaces,
    size_t *size)
{
	size_t names = count_names(interfaces);
	struct trailer trailer = { .saved_ms = clock_read_ms(CLOCK_BOOTTIME) };
	/* Some may come while we look: those beyond are left out. */
	uint64_t count = 0, room = filter_flow_count(filter) + 1024;
	size_t most = image_of_flows(NULL, names, room) + sizeof(trailer);
	char *memory = calloc(1, most);
	struct saved_flow saved;
	uint32_t cursor = 0;

	if (!memory)
		return NULL;
	image_of_flows(memory, names, room);
	while (count < room && filter_next_saved(filter, &cursor, &saved))
		image_put(memory, count++, &saved);
	*size = image_of_flows(memory, names, count);
	for (size_t id = 1; id < names; id++)
		image_put_name(memory, (uint16_t)id,
		    interfaces_name(interfaces, (uint16_t)id));
	read_boot(trailer.boot);
	memcpy(memory + *size, &trailer, sizeof(trailer));
	*size += sizeof(trailer);
	return memory;
}

static bool
put_in_place(int folder, const void *memory, size_t size)
{
	int fd = openat(folder, NEW_NAME,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	bool ok = write_all(fd, memory, size) && fsync(fd) == 0;
	int failure = errno;
	close(fd);
	if (ok && renameat(folder, NEW_NAME, folder, FILE_NAME) == 0 &&
	    fsync(folder) == 0)
		return true;
	failure = ok ? errno : failure;
	unlinkat(folder, NEW_NAME, 0);
	errno = failure;
	return false;
}

static int
open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool
flow_file_write(const char *path, const struct filter *filter,
    const struct interfaces *interfaces, char error[FLOW_FILE_ERROR_SIZE])
{
	int folder = open_folder(path);
	struct siphash_key key;
	size_t size = 0;

	if (folder < 0)
		return fail(error, "state: %s cannot be opened: %s", path,
		    strerror(errno));
	bool ok = read_key(folder, true, &key);
	if (!ok)
		fail(error, "state: %s/" KEY_NAME " cannot be written: %s",
		    path, strerror(errno));
	char *memory = ok ? build(filter, interfaces, &size) : NULL;
	if (ok && !memory)
		ok = fail(error, "state: out of memory");
	if (ok) {
		uint64_t tag = tag_of(&key, memory, size - sizeof(tag));
		memcpy(memory + size - sizeof(tag), &tag, sizeof(tag));
		ok = put_in_place(folder, memory, size);
		if (!ok)
			fail(error,
			    "state: %s/" FILE_NAME " cannot be written: %s",
			    path, strerror(errno));
	}
	free(memory);
	close(folder);
	return ok;
}

/* Takes the file into memory, and away.  False: error says why, or is "". */
static bool
take_file(int folder, struct flow_file *file, const char *path,
    char error[FLOW_FILE_ERROR_SIZE])
{
	int fd = openat(folder, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	error[0] = '\0';
	if (fd < 0)
		return errno != ENOENT &&
		       fail(error, "state: %s/" FILE_NAME " cannot be read: %s",
			   path, strerror(errno));
	unlinkat(folder, FILE_NAME, 0);
	bool ok = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	file->size = ok ? (size_t)status.st_size : 0;
	file->memory = file->size ? malloc(file->size) : NULL;
	ok = ok && file->memory && read_all(fd, file->memory, file->size);
	close(fd);
	return ok ||
	       fail(error, "state: %s/" FILE_NAME " cannot be read", path);
}

/* NULL: why says what it is instead. */
static const struct image_head *
believe(const struct flow_file *file, const struct siphash_key *key,
    const char **why)
{
	size_t size = file->size - sizeof(struct trailer);
	char boot[BOOT_SIZE];
	struct trailer trailer;

	*why = "it is cut off";
	if (file->size < sizeof(trailer) || file->size % sizeof(uint64_t))
		return NULL;
	memcpy(&trailer, (const char *)file->memory + size, sizeof(trailer));
	*why = "it was changed, or written elsewhere";
	if (!key || trailer.tag != tag_of(key, file->memory,
				       file->size - sizeof(trailer.tag)))
		return NULL;
	read_boot(boot);
	*why = "it is of another boot";
	if (!*boot || memcmp(boot, trailer.boot, sizeof(boot)) != 0 ||
	    trailer.saved_ms > clock_read_ms(CLOCK_BOOTTIME))
		return NULL;
	return image_read(file->memory, size, why);
}

const struct image_head *
flow_file_read(
    struct flow_file *file, const char *path, char error[FLOW_FILE_ERROR_SIZE])
{
	const struct image_head *image = NULL;
	int folder = open_folder(path);
	struct siphash_key key;
	const char *why;

	*file = (struct flow_file){ .memory = NULL };
	if (folder < 0) {
		fail(error, "state: %s cannot be opened: %s", path,
		    strerror(errno));
		return NULL;
	}
	if (take_file(folder, file, path, error)) {
		bool has_key = read_key(folder, false, &key);
		image = believe(file, has_key ? &key : NULL, &why);
		if (!image)
			fail(error, "state: %s/" FILE_NAME " is not used: %s",
			    path, why);
	}
	close(folder);
	if (!image)
		flow_file_close(file);
	return image;
}

void
flow_file_close(struct flow_file *file)
{
	free(file->memory);
	file->memory = NULL;
}
