/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items are numbered from 0 on; the last WATCH_KEPT of them are there, each at
 * its number modulo that.  A cursor is the number of the item to come.
 *
 * Nobody says good-bye: a client that goes away just asks no more.  Those that
 * stay ask in each turn of the main thread, or, while they have not read what
 * they were sent, within the two seconds after which they are cut; so when
 * nobody has asked for longer than that, nobody watches.
 */
#include "watch.h"

#include <stdlib.h>

#define SILENT_MS 3000

struct watch {
	uint64_t count;    /* of items so far */
	uint64_t asked_ms; /* 0: never */
	struct watch_item lag;
	struct watch_item kept[WATCH_KEPT];
};

struct watch *
watch_create(void)
{
	return calloc(1, sizeof(struct watch));
}

void
watch_destroy(struct watch *watch)
{
	free(watch);
}

bool
watch_is_on(const struct watch *watch, uint64_t now_ms)
{
	return watch->asked_ms && now_ms < watch->asked_ms + SILENT_MS;
}

static struct watch_item *
add(struct watch *watch, enum watch_kind kind, uint64_t time_ms)
{
	struct watch_item *item = &watch->kept[watch->count++ % WATCH_KEPT];

	*item = (struct watch_item){
		.kind = kind,
		.event = { .time_ms = time_ms },
	};
	return item;
}

void
watch_add_flow(struct watch *watch, const struct flow_event *event)
{
	add(watch, WATCH_FLOW, event->time_ms)->event = *event;
}

void
watch_add_drop(struct watch *watch, const struct drop *drop)
{
	struct watch_item *item = add(watch, WATCH_DROP, drop->time_ms);

	item->why = drop->why;
	item->event.flow = (struct flow_view){
		.tuple = drop->tuple,
		.direction = drop->direction,
		.in_interface = drop->in_interface,
		.out_interface = drop->out_interface,
		.rule_identity = drop->rule_identity,
		.packets = { 1 },
		.bytes = { drop->length },
	};
}

void
watch_add_missed(struct watch *watch, uint64_t count, uint64_t now_ms)
{
	add(watch, WATCH_MISSED, now_ms)->missed = count;
}

uint64_t
watch_begin(struct watch *watch, uint64_t now_ms)
{
	watch->asked_ms = now_ms;
	return watch->count;
}

const struct watch_item *
watch_next(struct watch *watch, uint64_t *cursor, uint64_t now_ms)
{
	uint64_t oldest =
	    watch->count > WATCH_KEPT ? watch->count - WATCH_KEPT : 0;

	watch->asked_ms = now_ms;
	if (*cursor < oldest) {
		watch->lag = (struct watch_item){
			.kind = WATCH_MISSED,
			.missed = oldest - *cursor,
			.event = { .time_ms = now_ms },
		};
		*cursor = oldest;
		return &watch->lag;
	}
	if (*cursor == watch->count)
		return NULL;
	return &watch->kept[(*cursor)++ % WATCH_KEPT];
}
