/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the program with libbpf and maps its maps.  They are plain arrays, so
 * that our memory and the program's are the same, and unpinned, so that they go
 * when the process and the rules do.
 *
 * Waiting for the program: changing an array of maps makes the kernel wait
 * until all programs that may see the old element have ended (kernel/bpf/
 * syscall.c, maybe_wait_bpf_programs()); that is all the map is for.
 */
#include "fast_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "maps.h"
#include "object.h"
#include "table_slot.h"

struct fast_path_kernel {
	struct fast_path face;
	struct bpf_object *object;
	void *table;
	struct fast_control *control;
	struct fast_count *counts;
	size_t table_bytes, control_bytes, counts_bytes;
	unsigned processors;
	int waiting; /* the array of maps */
	int control_fd;
	int program[DIRECTION_COUNT];
};

static const char *const program_names[DIRECTION_COUNT] = {
	[INBOUND] = "inbound",
	[OUTBOUND] = "outbound",
	[FORWARD] = "forward",
};

static void
wait_for_programs(void *context)
{
	const struct fast_path_kernel *kernel = context;
	const uint32_t first = 0;

	bpf_map_update_elem(kernel->waiting, &first, &kernel->control_fd, 0);
}

static uint64_t
sum(const struct fast_path_kernel *kernel, size_t offset)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < kernel->processors; i++) {
		const char *count = (const char *)&kernel->counts[i];
		total += *(const volatile uint64_t *)(count + offset);
	}
	return total;
}

uint64_t
fast_path_packets(
    const struct fast_path_kernel *kernel, enum direction direction)
{
	return sum(kernel, offsetof(struct fast_count, packets[direction]));
}

static uint64_t
passed(void *context, enum direction direction)
{
	return fast_path_packets(context, direction);
}

uint64_t
fast_path_bytes(const struct fast_path_kernel *kernel, enum direction direction)
{
	return sum(kernel, offsetof(struct fast_count, bytes[direction]));
}

/* The elements of a map as memory, whole pages.  NULL: errno says why. */
static void *
share(const struct bpf_object *object, const char *name, size_t *bytes)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*bytes = (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	*bytes = (*bytes + page - 1) / page * page;
	void *memory = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
	    bpf_map__fd(map), 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static bool
load(struct fast_path_kernel *kernel, size_t table_bytes)
{
	int processors = libbpf_num_possible_cpus();

	libbpf_set_print(NULL);
	kernel->object = bpf_object__open_mem(fast_path_object,
	    (size_t)(fast_path_object_end - fast_path_object), NULL);
	if (!kernel->object || processors <= 0)
		return false;
	kernel->processors = (unsigned)processors;
	bpf_map__set_max_entries(
	    bpf_object__find_map_by_name(kernel->object, "counts"),
	    kernel->processors);
	bpf_map__set_max_entries(
	    bpf_object__find_map_by_name(kernel->object, "table"),
	    (uint32_t)((table_bytes + FAST_LINE - 1) / FAST_LINE));
	int failure = bpf_object__load(kernel->object);
	if (failure) {
		errno = -failure;
		return false;
	}
	for (enum direction d = INBOUND; d < DIRECTION_COUNT; d++)
		kernel->program[d] =
		    bpf_program__fd(bpf_object__find_program_by_name(
			kernel->object, program_names[d]));
	return true;
}

static bool
open_waiting(struct fast_path_kernel *kernel)
{
	struct bpf_map *control =
	    bpf_object__find_map_by_name(kernel->object, "control");
	LIBBPF_OPTS(bpf_map_create_opts, options,
	    .inner_map_fd = (uint32_t)bpf_map__fd(control));

	kernel->control_fd = bpf_map__fd(control);
	kernel->waiting = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, NULL,
	    sizeof(uint32_t), sizeof(uint32_t), 1, &options);
	return kernel->waiting >= 0;
}

struct fast_path_kernel *
fast_path_open(size_t table_bytes, char error[FAST_PATH_ERROR_SIZE])
{
	struct fast_path_kernel *kernel = calloc(1, sizeof(*kernel));

	errno = ENOMEM;
	if (kernel)
		kernel->waiting = -1;
	if (kernel && load(kernel, table_bytes) && open_waiting(kernel) &&
	    (kernel->table =
		    share(kernel->object, "table", &kernel->table_bytes)) &&
	    (kernel->control =
		    share(kernel->object, "control", &kernel->control_bytes)) &&
	    (kernel->counts =
		    share(kernel->object, "counts", &kernel->counts_bytes))) {
		kernel->face = (struct fast_path){
			.epoch = (struct epoch *)&kernel->control->epoch,
			.wait = wait_for_programs,
			.passed = passed,
			.context = kernel,
		};
		return kernel;
	}
	if (errno == EPERM)
		snprintf(error, FAST_PATH_ERROR_SIZE,
		    "bpf(2) is not permitted: CAP_BPF is missing");
	else
		snprintf(error, FAST_PATH_ERROR_SIZE,
		    "the kernel does not take the program: %s",
		    strerror(errno));
	fast_path_close(kernel);
	return NULL;
}

void *
fast_path_memory(const struct fast_path_kernel *kernel)
{
	return kernel->table;
}

const struct fast_path *
fast_path_face(const struct fast_path_kernel *kernel)
{
	return &kernel->face;
}

void
fast_path_start(struct fast_path_kernel *kernel, const struct table *table,
    uint32_t mark_mask)
{
	struct table_places places = table_places(table);
	struct fast_control *control = kernel->control;

	table_hash_key(table, control->hash_key);
	control->buckets_at = (uint32_t)(places.slots_at / FAST_LINE);
	control->bucket_count = (uint32_t)(places.slots / SLOTS);
	control->flows_at = (uint32_t)(places.flows_at / FAST_LINE);
	control->mark_mask = mark_mask;
	/* Permits stand where the number of a stranger's SYN may have stood a
	   moment before: not for him to guess. */
	(void)!getrandom(&control->epoch, sizeof(control->epoch), 0);
	control->epoch &= INT32_MAX;
}

/* Half of the shortest life, so that what has ended for the daemon does not go
 * on here. */
void
fast_path_follow(struct fast_path_kernel *kernel, const struct policy *policy)
{
	const struct timeouts *t = &policy->settings.conntrack.timeouts;
	uint32_t least =
	    t->established < t->udp_both ? t->established : t->udp_both;

	for (enum table_id id = TABLE_INBOUND; id <= TABLE_FORWARD; id++)
		for (size_t i = 0; i < policy->tables[id].count; i++) {
			uint32_t own =
			    policy->tables[id].rule[i].timeouts.established;
			if (own && own < least)
				least = own;
		}
	kernel->control->idle_ticks = least * TICKS_PER_SECOND / 2;
}

int
fast_path_program(
    const struct fast_path_kernel *kernel, enum direction direction)
{
	return kernel->program[direction];
}

void
fast_path_stop(struct fast_path_kernel *kernel)
{
	kernel->control->epoch = 0;
	wait_for_programs(kernel);
}

void
fast_path_close(struct fast_path_kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->table)
		munmap(kernel->table, kernel->table_bytes);
	if (kernel->control)
		munmap(kernel->control, kernel->control_bytes);
	if (kernel->counts)
		munmap(kernel->counts, kernel->counts_bytes);
	if (kernel->waiting >= 0)
		close(kernel->waiting);
	bpf_object__close(kernel->object);
	free(kernel);
}
