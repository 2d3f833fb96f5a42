/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever many threads ask of the table at once, every answer is one that
 * some order of their calls gives (history.h).  Few keys, all of one hash, so
 * that they share two buckets and a tag; entries are recycled, and poisoned
 * while free, all the while; threads yield and sleep between the steps of
 * table.c at random.  After each round, when all is quiet: no key is live
 * twice, and the count is what can be reached.
 *
 *   stress_linear [OPERATIONS [CORES]]
 */
#include "history.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <urcu-qsbr.h>

#include "probe.h"

#define THREADS    4
#define KEYS       4
#define PER_ROUND  12 /* operations of a thread, at most */
#define LONGEST    5  /* operations of one turn, at most */
#define ROUND_MOST (THREADS * PER_ROUND)

static_assert(ROUND_MOST + 2 <= HISTORY_MOST, "a round fits the checker");

struct worker {
	unsigned number;
	pthread_t id;
	uint64_t random, born;
	size_t count;
	unsigned key[PER_ROUND];
	struct operation done[PER_ROUND];
};

static struct table *table;
static struct worker workers[THREADS];
static pthread_barrier_t barrier;
static _Atomic uint64_t now;
static _Atomic bool running = true;
static unsigned long wanted = 300000, checked;
static unsigned long seen[5][2]; /* call, ok */
static _Thread_local struct worker *self;

static uint64_t
draw(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random >> 11;
}

uint64_t
table_probe_hash(uint64_t hash)
{
	(void)hash;
	return UINT64_C(0x80000000) << 32;
}

/* One time in `odds` let others go first. */
static void
dawdle(unsigned odds)
{
	uint64_t r = draw(self) % (odds * 64);

	if (r == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	else if (r < 64)
		sched_yield();
}

void
table_probe_point(enum table_point point)
{
	(void)point;
	if (self)
		dawdle(64);
}

/* A step of time: seq_cst, so its order is that of the calls around it. */
static uint64_t
stamp(void)
{
	return atomic_fetch_add(&now, 1);
}

static struct operation *
begin(enum call call, unsigned n)
{
	struct operation *o = &self->done[self->count];

	self->key[self->count++] = n;
	*o = (struct operation){ .call = call, .start = stamp() };
	return o;
}

static struct flow *
find(unsigned n)
{
	struct key key = probe_key(n);
	/* Half of the time with a hint, as in a batch, which may be stale. */
	uint64_t hash = table_hash(table, &key);
	struct flow *hint =
	    draw(self) % 2 ? table_prefetch_flow(table, hash) : NULL;
	dawdle(64);
	struct operation *o = begin(FIND, n);

	struct flow *flow =
	    table_confirm(hint, &key) ? hint : table_find(table, &key, hash);
	o->end = stamp();
	o->ok = flow;
	if (flow && !probe_is(flow, n))
		probe_fail("found what was not asked for");
	o->flow = flow ? flow_get64(&flow->bytes[0]) : 0;
	return flow;
}

static void
insert(unsigned n)
{
	uint64_t word = (uint64_t)(self->number + 1) << 48 | ++self->born;
	struct flow *flow = probe_take(table, self->number, n, word);
	struct key key = probe_key(n);

	if (!flow)
		return; /* all wait for their grace period */
	struct operation *o = begin(INSERT, n);
	o->flow = word;
	struct flow *there =
	    table_insert(table, self->number, flow, table_hash(table, &key));
	o->end = stamp();
	o->ok = there == flow;
	if (there && !probe_is(there, n))
		probe_fail("inserted, and got what was not asked for");
	if (there && there != flow)
		o->other = flow_get64(&there->bytes[0]);
	if (!there)
		probe_fail("no room for a key of %d", KEYS);
	if (there != flow)
		table_give_back(table, self->number, flow);
}

static uint64_t
read_word(struct flow *flow, unsigned n)
{
	struct operation *o = begin(READ, n);

	o->word = flow_word(flow);
	o->end = stamp();
	o->ok = o->word;
	o->flow = flow_get64(&flow->bytes[0]);
	if (!probe_is(flow, n))
		probe_fail("an entry was reused under its reader");
	return o->word;
}

static void
change(struct flow *flow, uint64_t word, unsigned n)
{
	struct operation *o = begin(CHANGE, n);

	o->flow = flow_get64(&flow->bytes[0]);
	o->word = word;
	o->to = (uint64_t)(self->number + 1) << 48 | ++self->born;
	o->ok = flow_change(flow, o->word, o->to);
	o->end = stamp();
}

static void
kill_flow(struct flow *flow, uint64_t word, unsigned n)
{
	struct operation *o = begin(KILL, n);

	o->flow = flow_get64(&flow->bytes[0]);
	o->word = word;
	o->ok = table_kill(table, self->number, flow, o->word);
	o->end = stamp();
}

/* What a worker does for a packet, with time to be overtaken in between. */
static void
turn(void)
{
	unsigned n = (unsigned)(draw(self) % KEYS) + 1;
	unsigned what = (unsigned)(draw(self) % 8);
	struct flow *flow = find(n);

	if (!flow || what == 0) {
		insert(n);
		return;
	}
	uint64_t word = read_word(flow, n);
	dawdle(8);
	if (what < 4 && word)
		change(flow, word, n);
	if (what > 2 && word)
		kill_flow(flow, word, n);
	if (what == 7)
		read_word(flow, n);
}

static void
play_round(void)
{
	self->count = 0;
	urcu_qsbr_thread_online();
	while (self->count + LONGEST <= PER_ROUND) {
		turn();
		if (draw(self) % 2)
			urcu_qsbr_quiescent_state();
		if (draw(self) % 4 == 0)
			table_hand_over(table, self->number);
	}
	urcu_qsbr_thread_offline();
}

/* All is quiet: what the round did to one key. */
static void
check_key(unsigned n, struct truth *truth)
{
	struct operation history[HISTORY_MOST];
	struct truth before = *truth;
	struct worker quiet = { .number = THREADS };
	size_t count = 0;

	for (unsigned i = 0; i < THREADS; i++)
		for (size_t k = 0; k < workers[i].count; k++)
			if (workers[i].key[k] == n)
				history[count++] = workers[i].done[k];
	self = &quiet;
	quiet.random = 1;
	struct flow *flow = find(n);
	if (flow)
		read_word(flow, n);
	for (size_t k = 0; k < quiet.count; k++)
		history[count++] = quiet.done[k];
	for (size_t k = 0; k < count; k++)
		seen[history[k].call][history[k].ok]++;
	if (probe_live(table, n) > 1)
		probe_fail("key %u is live twice", n);
	if (history_is_linear(history, count, truth))
		return;
	fprintf(stderr, "key %u, was flow %llx word %llx:\n", n,
	    (unsigned long long)before.flow, (unsigned long long)before.word);
	history_print(history, count);
	probe_fail("no order of these calls gives these answers");
}

static void
check_round(void)
{
	static struct truth truth[KEYS + 1];
	struct worker *me = self;

	urcu_qsbr_thread_online();
	for (unsigned i = 0; i < THREADS; i++)
		checked += workers[i].count;
	for (unsigned n = 1; n <= KEYS; n++)
		check_key(n, &truth[n]);
	if (probe_reachable(table) != table_count(table))
		probe_fail("%u flows are counted, %u can be reached",
		    table_count(table), probe_reachable(table));
	urcu_qsbr_thread_offline();
	self = me;
	if (checked >= wanted)
		running = false;
}

static void *
work(void *argument)
{
	self = argument;
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
	while (running) {
		play_round();
		pthread_barrier_wait(&barrier);
		if (self->number == 0)
			check_round();
		pthread_barrier_wait(&barrier);
	}
	urcu_qsbr_thread_online();
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* Histories that the checker must accept, or refuse. */
static void
check_checker(void)
{
	static const struct {
		bool linear;
		struct operation operations[3];
	} cases[] = {
		/* two inserters at once, one learns of the other */
		{ true, { { INSERT, true, 1, 0, 0, 0, 0, 5 },
			    { INSERT, false, 2, 0, 0, 1, 1, 3 },
			    { FIND, true, 1, 0, 0, 0, 6, 7 } } },
		/* both win */
		{ false, { { INSERT, true, 1, 0, 0, 0, 0, 5 },
			     { INSERT, true, 2, 0, 0, 0, 1, 3 },
			     { FIND, true, 1, 0, 0, 0, 6, 7 } } },
		/* gone before the find began */
		{ false, { { INSERT, true, 1, 0, 0, 0, 0, 1 },
			     { KILL, true, 1, 1, 0, 0, 2, 3 },
			     { FIND, true, 1, 0, 0, 0, 4, 5 } } },
		/* while it ran */
		{ true, { { INSERT, true, 1, 0, 0, 0, 0, 1 },
			    { KILL, true, 1, 1, 0, 0, 2, 5 },
			    { FIND, true, 1, 0, 0, 0, 4, 6 } } },
		/* refreshed, and killed by the old word all the same */
		{ false, { { INSERT, true, 1, 0, 0, 0, 0, 1 },
			     { CHANGE, true, 1, 1, 9, 0, 2, 3 },
			     { KILL, true, 1, 1, 0, 0, 4, 5 } } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct truth truth = { 0, 0 };
		if (history_is_linear(cases[i].operations, 3, &truth) !=
		    cases[i].linear)
			probe_fail("the checker is wrong of case %zu", i);
	}
}

static void
use_cores(int cores)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < cores; i++)
		CPU_SET(i, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		probe_fail("cannot run on %d cores", cores);
}

int
main(int argc, char **argv)
{
	static const uint8_t hash_key[16];

	if (argc > 1)
		wanted = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		use_cores(atoi(argv[2]));
	check_checker();
	table = table_create(NULL, 64, THREADS, hash_key);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].number = i;
		workers[i].random = i + UINT64_C(88172645463325252);
		pthread_create(&workers[i].id, NULL, work, &workers[i]);
	}
	while (running) {
		table_reclaim(table);
		sched_yield();
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].id, NULL);
	for (unsigned call = 0; call < 5; call++)
		if (!seen[call][1] || !seen[call][0])
			probe_fail("one answer of call %u never came", call);
	printf("%lu operations; inserted %lu, found there %lu; changed %lu, "
	       "too late %lu; killed %lu, too late %lu\n",
	    checked, seen[INSERT][1], seen[INSERT][0], seen[CHANGE][1],
	    seen[CHANGE][0], seen[KILL][1], seen[KILL][0]);
	table_destroy(table);
	return EXIT_SUCCESS;
}
