/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three workers see the fragments of one datagram at the same time, then those
 * of the next.  Each passes once: whoever comes later is told that it is a
 * copy, or, when the datagram is complete, that nothing is known of it; and
 * none is left in the table.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "fragment.h"

#define WORKERS   3
#define DATAGRAMS 200
#define PIECES    4000 /* of 8 bytes */

static const struct timeouts timeouts;
static struct table *table;
static struct meters *meters;
static pthread_barrier_t start;
static unsigned char passed[WORKERS][DATAGRAMS][PIECES];

static struct packet
piece_of(uint32_t datagram, unsigned piece)
{
	struct packet p = {
		.tuple = { .src = address_from_v4(datagram + 1),
		    .family = FAMILY_IPV4,
		    .protocol = PROTOCOL_UDP },
		.direction = FORWARD,
		.is_fragment = true,
		.is_later_fragment = piece > 0,
		.fragment = { .start = (uint16_t)(piece * 8),
		    .end = (uint16_t)(piece * 8 + 8),
		    .is_last = piece == PIECES - 1 },
	};

	p.fragment.datagram = p.tuple;
	p.fragment.datagram.kind = KIND_FRAGMENT;
	return p;
}

static struct conntrack
conntrack_of_worker(unsigned worker)
{
	struct conntrack ct = {
		.table = table,
		.meters = meters,
		.timing = { .timeouts = &timeouts, .haste.scale = SCALE_WHOLE },
		.worker = worker,
	};

	return ct;
}

static void *
work(void *argument)
{
	unsigned worker = *(unsigned *)argument;
	struct conntrack ct = conntrack_of_worker(worker);

	urcu_qsbr_register_thread();
	for (uint32_t d = 0; d < DATAGRAMS; d++) {
		pthread_barrier_wait(&start);
		for (unsigned i = 1; i < PIECES; i++) {
			struct packet p = piece_of(d, i);
			passed[worker][d][i] =
			    fragment_judge(&ct, &p, false) == FRAGMENT;
		}
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static unsigned
count_wrong(void)
{
	unsigned wrong = 0;

	for (uint32_t d = 0; d < DATAGRAMS; d++)
		for (unsigned i = 1; i < PIECES; i++) {
			unsigned times = 0;
			for (unsigned w = 0; w < WORKERS; w++)
				times += passed[w][d][i];
			wrong += times != 1;
		}
	return wrong;
}

int
main(void)
{
	static const uint8_t key[16] = { 1 };
	pthread_t threads[WORKERS];
	unsigned numbers[WORKERS];

	table = table_create(NULL, DATAGRAMS, WORKERS, key);
	meters = meters_create(DATAGRAMS, WORKERS, key);
	if (!table || !meters)
		return EXIT_FAILURE;
	struct conntrack ct = conntrack_of_worker(0);
	for (uint32_t d = 0; d < DATAGRAMS; d++) {
		struct packet first = piece_of(d, 0);
		fragment_accept(&ct, &first);
	}
	pthread_barrier_init(&start, NULL, WORKERS);
	for (unsigned w = 0; w < WORKERS; w++) {
		numbers[w] = w;
		if (pthread_create(&threads[w], NULL, work, &numbers[w]))
			return EXIT_FAILURE;
	}
	for (unsigned w = 0; w < WORKERS; w++)
		pthread_join(threads[w], NULL);
	unsigned wrong = count_wrong(), left = table_count(table);
	printf("%u of %u pieces did not pass exactly once, %u left\n", wrong,
	    DATAGRAMS * (PIECES - 1), left);
	table_destroy(table);
	meters_destroy(meters);
	return wrong || left ? EXIT_FAILURE : EXIT_SUCCESS;
}
