/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image is a head, names of interfaces in places of 16 bytes, and flows: a
 * whole table (slots that name entries), or entries alone.  The head says where
 * things are, so that a process of another build, whose tables have other
 * sizes, finds them; but they must lie one behind the other inside the image,
 * and be aligned.
 *
 * The version changes with every change of what an entry means: struct flow,
 * struct flow_word, the key.
 */
#include "image.h"

#include <string.h>

#include "interfaces.h"

#define MAGIC   UINT64_C(0x736d6c6668706501) /* not text, and of one endian */
#define VERSION 1
#define ALIGN   64

_Static_assert(
    sizeof(struct saved_flow) == sizeof(struct flow) &&
	offsetof(struct saved_flow, word) == offsetof(struct flow, word) &&
	offsetof(struct saved_flow, packets) ==
	    offsetof(struct flow, packets) &&
	offsetof(struct saved_flow, isn) == offsetof(struct flow, isn) &&
	offsetof(struct saved_flow, interfaces) ==
	    offsetof(struct flow, interfaces),
    "an entry, copied, is a saved flow");

size_t
image_front_size(size_t names)
{
	size_t size =
	    sizeof(struct image_head) + names * INTERFACE_NAME_SIZE + ALIGN - 1;

	return size - size % ALIGN;
}

static struct image_head
head_of(size_t names)
{
	struct image_head head = {
		.magic = MAGIC,
		.version = VERSION,
		.flow_size = sizeof(struct flow),
		.names = names,
	};
	return head;
}

void
image_of_table(void *image, size_t names, const struct table *table)
{
	struct table_places places = table_places(table);
	struct image_head head = head_of(names);
	size_t front = image_front_size(names), size;

	table_memory(table, &size);
	head.size = front + size;
	head.slots_at = front + places.slots_at;
	head.slots = places.slots;
	head.flows_at = front + places.flows_at;
	head.flows = places.flows;
	memcpy(image, &head, sizeof(head));
}

size_t
image_of_flows(void *image, size_t names, uint64_t flows)
{
	struct image_head head = head_of(names);

	head.flows_at = image_front_size(names);
	head.flows = flows;
	head.size = head.flows_at + flows * sizeof(struct saved_flow);
	if (image)
		memcpy(image, &head, sizeof(head));
	return head.size;
}

void
image_put(void *image, uint64_t number, const struct saved_flow *flow)
{
	struct image_head head;

	memcpy(&head, image, sizeof(head));
	memcpy((char *)image + head.flows_at + number * sizeof(*flow), flow,
	    sizeof(*flow));
}

void
image_put_name(void *image, uint16_t id, const char *name)
{
	char *place = (char *)image + sizeof(struct image_head) +
		      (size_t)id * INTERFACE_NAME_SIZE;
	size_t length = strlen(name);

	if (length < INTERFACE_NAME_SIZE)
		memcpy(place, name, length + 1);
}

/* Do `count` things of that size fit between two places? */
static bool
fits(uint64_t from, uint64_t count, size_t size, uint64_t to)
{
	return from % ALIGN == 0 && from <= to && count <= (to - from) / size;
}

const struct image_head *
image_read(const void *memory, size_t size, const char **why)
{
	const struct image_head *head = memory;

	*why = "it is not of ephemerald";
	if (size < sizeof(*head) || head->magic != MAGIC)
		return NULL;
	*why = "it is of another version";
	if (head->version != VERSION || head->flow_size != sizeof(struct flow))
		return NULL;
	*why = "it is cut off or damaged";
	if (head->size != size || head->names > IMAGE_NAMES_MAX ||
	    !fits(head->flows_at, head->flows, sizeof(struct flow), size))
		return NULL;
	size_t front = image_front_size(head->names);
	if (front > head->flows_at ||
	    (head->slots && (head->slots_at < front ||
				!fits(head->slots_at, head->slots,
				    sizeof(uint64_t), head->flows_at))))
		return NULL;
	return head;
}

static void
read_entry(const struct image_head *image, uint64_t n, struct saved_flow *flow)
{
	const char *entries = (const char *)image + image->flows_at;

	memcpy(flow, entries + n * sizeof(*flow), sizeof(*flow));
}

bool
image_next(
    const struct image_head *image, uint64_t *cursor, struct saved_flow *flow)
{
	const char *slots = (const char *)image + image->slots_at;
	uint64_t slot, entry;

	while (image->slots && *cursor < image->slots) {
		memcpy(&slot, slots + (*cursor)++ * sizeof(slot), sizeof(slot));
		entry = table_entry_named(slot);
		if (!entry || entry >= image->flows)
			continue;
		read_entry(image, entry, flow);
		if (flow->word)
			return true;
	}
	if (image->slots || *cursor >= image->flows)
		return false;
	read_entry(image, (*cursor)++, flow);
	return true;
}

const char *
image_name(const struct image_head *image, uint16_t id)
{
	const char *name = (const char *)image + sizeof(*image) +
			   (size_t)id * INTERFACE_NAME_SIZE;

	return id < image->names && memchr(name, '\0', INTERFACE_NAME_SIZE)
		   ? name
		   : "";
}

void
image_copy(const struct flow *flow, struct saved_flow *saved)
{
	*saved = (struct saved_flow){
		.word = flow_word(flow),
		.challenge = flow_get(&flow->challenge),
		.rule = flow_get(&flow->rule),
		.created = flow_get(&flow->created),
		.interfaces = flow_get(&flow->interfaces),
	};
	for (unsigned i = 0; i < KEY_WORDS; i++)
		saved->key[i] = flow_get64(&flow->key[i]);
	for (unsigned side = 0; side < 2; side++) {
		saved->window[side] = flow_get64(&flow->window[side]);
		saved->bytes[side] = flow_get64(&flow->bytes[side]);
		saved->packets[side] = flow_get(&flow->packets[side]);
		saved->max_window[side] = flow_get(&flow->max_window[side]);
		saved->una[side] = flow_get(&flow->una[side]);
		saved->isn[side] = flow_get(&flow->isn[side]);
	}
}
