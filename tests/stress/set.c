/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers ask a set that its writer fills, empties and reclaims as fast as it
 * can.  Claims: a member that stays is always found, an address that was never
 * added never; nobody reads memory that is gone (the sanitizers see to that).
 *
 *   stress_set [ROUNDS]
 */
#include "set.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "counter.h"

#define READERS 3
#define MANY    3000 /* enough to split buckets several times */
#define STAY    64

static const uint8_t key[16] = "stress";

static struct set *set;
static struct published stop;
static struct published quiet[READERS]; /* as in filter_wait() */
static struct counter asked[READERS];

/* Members that come and go are odd, those that stay are multiples of 4, and
 * what is 2 modulo 4 is never one; all in tables of the same lengths. */
static struct address
numbered(uint32_t number, bool v6)
{
	return v6 ? (struct address){ 0x20010db800000000, number }
		  : address_from_v4(number);
}

static void
require(bool holds, const char *claim, uint32_t number)
{
	if (holds)
		return;
	printf("%s: %u\n", claim, number);
	exit(EXIT_FAILURE);
}

static void *
read_all(void *argument)
{
	unsigned reader = (unsigned)(uintptr_t)argument;
	uint32_t number = reader;

	urcu_qsbr_register_thread();
	while (!published_read(&stop)) {
		for (unsigned i = 0; i < 64; i++) {
			bool v6 = number++ & 1;
			uint32_t stays = number % STAY * 4;
			require(set_has(set, numbered(stays, v6)),
			    "a member that stays is not found", stays);
			uint32_t never = number % MANY * 4 + 2;
			require(!set_has(set, numbered(never, v6)),
			    "what was never added is found", never);
			/* Whatever comes out: it must not crash. */
			set_has(set, numbered(number % MANY * 2 + 1, v6));
		}
		counter_add(&asked[reader], 64);
		published_set(
		    &quiet[reader], published_read(&quiet[reader]) + 1);
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void
wait_and_reclaim(void)
{
	urcu_qsbr_synchronize_rcu();
	for (unsigned i = 0; i < READERS; i++)
		published_read(&quiet[i]);
	set_reclaim(set);
}

static void
change(uint32_t number, bool v6, unsigned bits, bool remove)
{
	struct prefix p = prefix_of(numbered(number, v6), bits);

	if (remove)
		set_remove(set, &p);
	else
		set_add(set, &p, number, UINT32_MAX);
	if (set_retired(set) > 1000)
		wait_and_reclaim();
}

/* Tables grow and shrink; that of a length of its own begins and ends; at
 * last everything that has an end goes at once. */
static void
one_round(unsigned round)
{
	for (uint32_t n = 0; n < MANY; n++) {
		change(2 * n + 1, n & 1, 128, false);
		if (n % 3 == 0)
			change(n | 1, n & 1, 128, true);
		if (n % 64 == 0) {
			change(0x0b000000 + n, false, 120, false);
			change(0x0b000000 + n, false, 120, true);
		}
	}
	if (round % 2)
		set_expire(set, UINT32_MAX);
	for (uint32_t n = 0; n < MANY; n++)
		change(2 * n + 1, n & 1, 128, true);
	wait_and_reclaim();
}

int
main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100;
	pthread_t thread[READERS];
	uint64_t sum = 0;

	set = set_create(key);
	require(set != NULL, "out of memory", 0);
	for (uint32_t n = 0; n < 2 * STAY; n++) {
		struct prefix p = prefix_of(numbered(n / 2 * 4, n & 1), 128);
		set_add(set, &p, SET_FOREVER, UINT32_MAX);
	}
	for (uintptr_t i = 0; i < READERS; i++)
		require(
		    pthread_create(&thread[i], NULL, read_all, (void *)i) == 0,
		    "no thread", (uint32_t)i);
	for (unsigned round = 0; round < rounds; round++)
		one_round(round);
	published_set(&stop, 1);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(thread[i], NULL);
		sum += counter_read(&asked[i]);
	}
	require(set_count(set) == 2 * STAY, "members are left over",
	    set_count(set));
	require(sum > 0, "nobody asked", 0);
	printf(
	    "%u rounds, asked %llu times\n", rounds, (unsigned long long)sum);
	set_destroy(set);
	return EXIT_SUCCESS;
}
