/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file is sealed against every change of its size: what is mapped is there,
 * so a reader of an inherited one cannot fault (SIGBUS).
 *
 * It costs what huge pages save: anonymous memory gets them as
 * /sys/kernel/mm/transparent_hugepage/enabled says, a file only where
 * shmem_enabled beside it says "advise" or more, which is seldom so.
 */
#include "flow_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int
create_file(void)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("flows", flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("flows", flags) : fd;
}

bool
flow_memory_create(struct flow_memory *m, size_t size)
{
	*m = (struct flow_memory){ .fd = create_file(), .size = size };
	if (m->fd > 0 && ftruncate(m->fd, (off_t)size) == 0 &&
	    fcntl(m->fd, F_ADD_SEALS, SEALS) == 0) {
		m->memory = mmap(
		    NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
		if (m->memory != MAP_FAILED)
			return true;
		m->memory = NULL;
	}
	int failure = errno;
	flow_memory_close(m);
	errno = failure;
	return false;
}

const struct image_head *
flow_memory_inherit(struct flow_memory *m, int fd, const char **why)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	*m = (struct flow_memory){ .fd = fd };
	*why = "it is no memory of flows";
	if (seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &status) == 0 &&
	    status.st_size > 0) {
		m->size = (size_t)status.st_size;
		m->memory = mmap(NULL, m->size, PROT_READ, MAP_SHARED, fd, 0);
		if (m->memory == MAP_FAILED)
			m->memory = NULL;
	}
	const struct image_head *image =
	    m->memory ? image_read(m->memory, m->size, why) : NULL;
	if (!image)
		flow_memory_close(m);
	return image;
}

void
flow_memory_close(struct flow_memory *m)
{
	if (m->memory)
		munmap(m->memory, m->size);
	if (m->fd > 0)
		close(m->fd);
	*m = (struct flow_memory){ .memory = NULL };
}
