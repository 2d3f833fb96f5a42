/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flows of the process before are copied, one by one, into a table of our
 * own, in memory of our own: so sizes may change from one to the next, and
 * nothing of it needs to be believed.  Only when our table is complete does it
 * take the other's place in the store: as "flows-0" and "flows-1" by turns,
 * because what is given up there is given up by name.  Killed in between, there
 * are two, and either will do: no packet was judged since the copy.
 */
#include "flows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flow_file.h"
#include "interfaces.h"
#include "log.h"
#include "notify.h"

static const char *const store_names[] = { "flows-0", "flows-1" };

/* Every packet looks up a flow somewhere in a large table: in huge pages that
 * takes a third less at a million flows.  Only advice: nothing fails. */
static void
advise(const struct filter *filter)
{
	size_t size, page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = table_memory(filter_table(filter), &size);
	size_t skip = -(uintptr_t)memory % page; /* to the first whole one */

	if (skip < size)
		madvise(memory + skip, size - skip, MADV_HUGEPAGE);
}

void
flows_open(struct flows *f, const char *folder, struct filter_options *options)
{
	size_t front = image_front_size(IMAGE_NAMES_MAX);
	size_t size = table_size(options->max_flows, options->workers);

	*f = (struct flows){ .folder = folder };
	if (!notify_wanted() || !size || options->memory)
		return;
	if (flow_memory_create(&f->memory, front + size))
		options->memory = (char *)f->memory.memory + front;
	else
		log_warning("a restart will lose all connections: no memory "
			    "that can be kept: %s",
		    strerror(errno));
}

static void
say(const char *from, const uint64_t totals[RESTORED_COUNT])
{
	log_info("connections taken over from %s: %llu; %llu were over, %llu "
		 "are refused by the rules, %llu damaged, %llu without room",
	    from, (unsigned long long)totals[RESTORED],
	    (unsigned long long)totals[RESTORED_OVER],
	    (unsigned long long)totals[RESTORED_REFUSED],
	    (unsigned long long)totals[RESTORED_ODD],
	    (unsigned long long)totals[RESTORED_NO_ROOM]);
}

static void
take_in(struct flows *f, const struct image_head *image, const char *from,
    uint64_t now_ms)
{
	uint64_t totals[RESTORED_COUNT] = { 0 };

	if (filter_restore(f->filter, image, now_ms, totals))
		say(from, totals);
	else
		log_error("connections of %s: out of memory", from);
}

/* Of the memories in the store, all are taken, the first that can be read is
 * read.  True: one was. */
static bool
take_memory(struct flows *f, struct handover *handover, uint64_t now_ms)
{
	bool taken = false;

	for (unsigned i = 0; i < 2; i++) {
		int fd = handover_take(handover, store_names[i]);
		struct flow_memory before;
		const char *why;
		if (!fd)
			continue;
		f->stored[i] = true;
		const struct image_head *image =
		    flow_memory_inherit(&before, fd, &why);
		if (!image)
			log_error("connections of the process before are lost: "
				  "%s",
			    why);
		else if (!taken)
			take_in(f, image, "the process before", now_ms);
		taken |= image != NULL;
		flow_memory_close(&before);
	}
	return taken;
}

static void
take_file(struct flows *f, bool needed, uint64_t now_ms)
{
	char error[FLOW_FILE_ERROR_SIZE];
	struct flow_file file;
	const struct image_head *image =
	    flow_file_read(&file, f->folder, error);

	if (image && needed)
		take_in(f, image, f->folder, now_ms);
	else if (!image && *error)
		log_warning("%s", error);
	flow_file_close(&file);
}

void
flows_begin(struct flows *f, struct filter *filter,
    const struct interfaces *interfaces, struct handover *handover,
    uint64_t now_ms)
{
	f->filter = filter;
	f->interfaces = interfaces;
	advise(filter);
	if (f->memory.memory)
		image_of_table(
		    f->memory.memory, IMAGE_NAMES_MAX, filter_table(filter));
	bool taken = take_memory(f, handover, now_ms);
	if (f->folder)
		take_file(f, !taken, now_ms);
	flows_turn(f);
}

void
flows_keep(struct flows *f)
{
	unsigned ours = f->stored[0] ? 1 : 0;

	if (f->stored[ours])
		handover_forget(store_names[ours]);
	if (f->memory.memory)
		handover_store(store_names[ours], f->memory.fd);
	if (f->stored[!ours])
		handover_forget(store_names[!ours]);
}

void
flows_turn(struct flows *f)
{
	const char *name;

	while (
	    f->memory.memory && f->named < IMAGE_NAMES_MAX - 1 &&
	    *(name = interfaces_name(f->interfaces, (uint16_t)(f->named + 1))))
		image_put_name(f->memory.memory, ++f->named, name);
}

void
flows_save(struct flows *f)
{
	char error[FLOW_FILE_ERROR_SIZE];

	if (f->folder &&
	    !flow_file_write(f->folder, f->filter, f->interfaces, error))
		log_error("%s", error);
}

void
flows_close(struct flows *f)
{
	flow_memory_close(&f->memory);
}
