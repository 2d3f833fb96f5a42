/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall against the naive engine, seed after seed: every other one a
 * storm of packets close to every bound (storm.h), the rest endpoints that talk
 * through it (world.h).  A difference is told with its seed, and
 * `differential --seed N --packets 1` plays that one again.  Compiled with
 * FRONT, the kernel's program of the fast path stands before the firewall.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FRONT
#include "front.h"
#endif
#include "storm.h"
#include "world.h"

#define EPISODE       20000 /* packets of one seed */
#define TIGHT_EPISODE 2000

/* Near the wrap of the firewall's 32-bit tick, every other time. */
static uint64_t
start_ms(uint64_t seed)
{
	return seed % 2 ? (uint64_t)UINT32_MAX * TICK_MS - 500000 : 1000000;
}

static void
add_reasons(uint64_t total[REASON_COUNT], const struct match *m)
{
	for (unsigned why = 0; why < REASON_COUNT; why++)
		total[why] += match_reasons(m)[why];
}

#ifdef FRONT

static uint64_t passed;

static struct front *
open_front(uint32_t flows)
{
	char why[256];
	struct front *front = front_open(flows, why);

	if (!front) {
		printf("skipped: no fast path: %s\n", why);
		exit(77);
	}
	return front;
}

#endif

static uint64_t
play_seed(uint64_t seed, uint64_t reasons[REASON_COUNT])
{
	struct dice dice = dice_new(seed);
	uint64_t now = start_ms(seed / 2);
	bool tight = seed % 8 == 6;
	uint32_t flows = tight ? 40 : 8192;
#ifdef FRONT
	struct front *front = open_front(flows);
#else
	const struct front *front = NULL;
#endif
	struct match *m = match_create(flows, tight, seed, now, front);

	if (seed % 2)
		world_play(m, &dice, EPISODE, now);
	else if (tight)
		storm_play_tight(m, &dice, TIGHT_EPISODE, now);
	else
		storm_play(m, &dice, EPISODE, now);
	add_reasons(reasons, m);
	uint64_t packets = match_packets(m);
	match_destroy(m);
#ifdef FRONT
	passed += front_passed(front);
	front_close(front);
#endif
	return packets;
}

int
main(int argc, char **argv)
{
	uint64_t seed = 1, wanted = 1500000, packets = 0;
	uint64_t reasons[REASON_COUNT] = { 0 };

	for (int i = 1; i < argc; i += 2) {
		uint64_t *option = !strcmp(argv[i], "--seed")      ? &seed
				   : !strcmp(argv[i], "--packets") ? &wanted
								   : NULL;
		if (!option || i + 1 == argc) {
			fputs("usage: differential [--seed N] [--packets N]\n",
			    stderr);
			return 2;
		}
		*option = strtoull(argv[i + 1], NULL, 10);
	}
	while (packets < wanted)
		packets += play_seed(seed++, reasons);
	for (unsigned why = 0; why < REASON_COUNT; why++)
		if (reasons[why])
			printf("%9" PRIu64 " %s\n", reasons[why],
			    reason_name(why));
#ifdef FRONT
	printf("%9" PRIu64 " of them passed in the kernel\n", passed);
#endif
	printf("%" PRIu64 " packets, no difference\n", packets);
	return EXIT_SUCCESS;
}
