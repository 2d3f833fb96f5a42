/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker stopped anywhere blocks no other.  Two threads, each with one thing
 * to do on one key, are stopped at every pair of points of table.c where they
 * can be (TABLE_POINTS); each time a third thread finds, inserts, changes and
 * kills flows of that key and of colliding ones, and sweeps, and must be
 * through with each within a fixed number of points.  Then the first goes one
 * point further, the third works again, and both are let go, in either order.
 * Never is a key live twice; in the end the count is what can be reached.  One
 * thread moves at a time, so a run repeats exactly, and no clock is asked.
 *
 * All keys hash alike: two buckets, one tag.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "probe.h"

#define KEY    1   /* which all are about */
#define OTHERS 100 /* first of the keys that fill the buckets */
#define STEPS  250 /* points that one operation may pass, undisturbed */
#define KEYS   3   /* the third works on: KEY and others that collide */

enum { FIRST, SECOND, THIRD, WORKERS };

struct thread {
	unsigned worker;
	pthread_t id;
	sem_t go, halted;
	void (*script)(struct thread *); /* NULL: end */
	unsigned steps, stop_at;         /* 0: nowhere */
	enum table_point at, last;       /* where it stands; one before */
	bool done;
};

static struct table *table;
static struct thread threads[2];
static _Thread_local struct thread *self; /* NULL: the third */
static _Thread_local unsigned budget;     /* points left for what it does */
static _Thread_local const char *task;
static unsigned long stopped_at[POINT_COUNT];

static const char *const point_names[] = {
#define NAME(name, next) [POINT_##name] = next,
	TABLE_POINTS(NAME)
#undef NAME
};

uint64_t
table_probe_hash(uint64_t hash)
{
	(void)hash;
	return UINT64_C(0x80000000) << 32;
}

static const char *
where(const struct thread *t)
{
	return t->done ? "(done)" : point_names[t->at];
}

static void
halt(void)
{
	sem_post(&self->halted);
	sem_wait(&self->go);
}

void
table_probe_point(enum table_point point)
{
	if (budget-- == 0)
		probe_fail("blocked: %s, while the first is at \"%s\" and the "
			   "second at \"%s\"",
		    task, where(&threads[FIRST]), where(&threads[SECOND]));
	if (!self)
		return;
	self->last = self->at;
	self->at = point;
	if (++self->steps == self->stop_at)
		halt();
}

static void
begin(const char *what)
{
	task = what;
	budget = STEPS;
}

static struct flow *
find(unsigned n)
{
	struct key key = probe_key(n);

	begin("find");
	uint64_t hash = table_hash(table, &key);
	struct flow *hint = table_prefetch_flow(table, hash);
	bool confirmed = table_confirm(hint, &key);
	struct flow *flow = confirmed ? hint : table_find(table, &key, hash);
	if (flow && !probe_is(flow, n))
		probe_fail("find: not the flow that was asked for");
	return flow;
}

/* True: a flow of that key is live, ours or another's. */
static bool
insert(unsigned worker, unsigned n)
{
	static _Atomic uint64_t words;
	struct key key = probe_key(n);

	begin("take");
	struct flow *flow = probe_take(table, worker, n, ++words);
	if (!flow)
		return false;
	begin("insert");
	struct flow *there =
	    table_insert(table, worker, flow, table_hash(table, &key));
	if (there && !probe_is(there, n))
		probe_fail("insert: not the flow that was asked for");
	if (there != flow)
		table_give_back(table, worker, flow);
	return there;
}

static bool
kill_key(unsigned worker, unsigned n)
{
	struct flow *flow = find(n);

	begin("kill");
	return flow && table_kill(table, worker, flow, flow_word(flow));
}

static void
sweep(unsigned worker)
{
	static uint64_t due;
	uint32_t first;

	begin("sweep");
	if (!table_next_share(table, ++due, &first))
		return;
	/* Not the share, but the slots that are in use here. */
	struct flow *near[TABLE_NEIGHBOURS];
	size_t count = table_neighbours(table, table_probe_hash(0), near);
	for (size_t i = 0; i < count; i++)
		if (probe_is(near[i], KEY)) {
			begin("kill what is swept");
			table_kill(table, worker, near[i], flow_word(near[i]));
		}
}

/* What the stopped ones do. */

static void
script_find(struct thread *t)
{
	(void)t;
	find(KEY);
}

static void
script_insert(struct thread *t)
{
	insert(t->worker, KEY);
}

static void
script_kill(struct thread *t)
{
	kill_key(t->worker, KEY);
}

static void
script_sweep(struct thread *t)
{
	sweep(t->worker);
}

static void
script_hand_over(struct thread *t)
{
	begin("hand over");
	table_hand_over(table, t->worker);
}

/* Not with another thread stopped: it waits for all readers, as it must. */
static void
script_reclaim(struct thread *t)
{
	urcu_qsbr_thread_offline();
	script_hand_over(t);
	begin("reclaim");
	table_reclaim(table);
	urcu_qsbr_thread_online();
}

static void (*const scripts[])(struct thread *) = { script_find, script_insert,
	script_kill, script_sweep, script_hand_over, script_reclaim };
#define SCRIPT_COUNT (sizeof(scripts) / sizeof(scripts[0]))

static void *
run_scripts(void *argument)
{
	self = argument;
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
	for (;;) {
		sem_wait(&self->go);
		if (!self->script)
			break;
		urcu_qsbr_thread_online();
		self->script(self);
		urcu_qsbr_thread_offline();
		self->done = true;
		sem_post(&self->halted);
	}
	urcu_qsbr_thread_online();
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* Let it go until its next stop, or to the end (stop_at 0). */
static void
let_go(struct thread *t, unsigned stop_at)
{
	t->stop_at = stop_at;
	sem_post(&t->go);
	sem_wait(&t->halted);
	if (!t->done)
		stopped_at[t->at]++;
}

static void
start(struct thread *t, void (*script)(struct thread *), unsigned stop_at)
{
	t->script = script;
	t->steps = 0;
	t->at = t->last = POINT_COUNT;
	t->done = !script;
	if (script)
		let_go(t, stop_at);
}

/* Must there be room for one more?  A stopped inserter holds a slot; each
 * stopped thread may hold one of the entries that are counted. */
static bool
room(void)
{
	struct flow *near[TABLE_NEIGHBOURS];
	size_t flows = table_neighbours(table, table_probe_hash(0), near);
	unsigned stopped = 0, inserters = 0;

	for (unsigned i = 0; i < 2; i++) {
		stopped += !threads[i].done;
		inserters +=
		    !threads[i].done && threads[i].script == script_insert;
	}
	return flows + inserters < TABLE_NEIGHBOURS &&
	       flows + stopped < table_limit(table);
}

static void
require(bool holds, const char *claim)
{
	if (!holds)
		probe_fail("not %s, while the first is at \"%s\" and the "
			   "second at \"%s\"",
		    claim, where(&threads[FIRST]), where(&threads[SECOND]));
}

static void
work_on(unsigned n)
{
	bool must = room();

	find(n);
	require(insert(THIRD, n) || !must, "inserted");
	require(probe_live(table, n) <= 1, "live once");
	struct flow *flow = find(n);
	require(flow || !must, "found");
	require(!flow || flow_change(flow, flow_word(flow), 1), "changed");
	require(!flow || kill_key(THIRD, n), "killed");
	require(!find(n), "gone");
}

static void
work(void)
{
	urcu_qsbr_thread_online();
	for (unsigned n = KEY; n < KEY + KEYS; n++)
		work_on(n);
	sweep(THIRD);
	/* They stay, in slots that the stopped ones once had. */
	for (unsigned n = KEY; n < KEY + KEYS; n++)
		insert(THIRD, n);
	begin("hand over");
	table_hand_over(table, THIRD);
	urcu_qsbr_thread_offline();
}

/* What is there before: flows of other keys, one of KEY. */
struct setting {
	uint32_t max_flows;
	unsigned others;
	bool present;
	bool used; /* the two have something to hand over */
};

static const struct setting settings[] = {
	{ 64, 0, false, false }, /* empty */
	{ 64, 3, true, true },   /* the flow is there */
	{ 64, 16, false, true }, /* both buckets are full */
	{ 64, 15, true, false }, /* with the flow itself */
	{ 4, 4, false, true },   /* the table is full */
	{ 4, 3, true, false },   /* with the flow itself */
};

static void
check_end(void)
{
	urcu_qsbr_thread_online();
	if (probe_live(table, KEY) > 1)
		probe_fail("live twice in the end");
	if (probe_reachable(table) != table_count(table))
		probe_fail("%u flows counted, %u can be reached",
		    table_count(table), probe_reachable(table));
	struct flow *near[TABLE_NEIGHBOURS];
	size_t count = table_neighbours(table, table_probe_hash(0), near);
	for (size_t i = 0; i < count; i++) {
		begin("kill");
		if (!table_kill(table, THIRD, near[i], flow_word(near[i])))
			probe_fail("cannot be killed in the end");
	}
	if (table_count(table))
		probe_fail("killed, yet counted");
	urcu_qsbr_thread_offline();
	for (unsigned worker = 0; worker < WORKERS; worker++)
		table_hand_over(table, worker);
	begin("reclaim");
	budget = 1000;
	table_reclaim(table);
	/* All that were used come back once, poisoned. */
	urcu_qsbr_thread_online();
	for (uint32_t n = 0; n < table_limit(table); n++) {
		begin("take");
		if (!probe_take(table, THIRD, n, 1))
			probe_fail("an entry is lost");
	}
	urcu_qsbr_thread_offline();
}

struct stop {
	unsigned script; /* SCRIPT_COUNT: none */
	unsigned step;
};

static void (*script_of(struct stop stop))(struct thread *)
{
	return stop.script < SCRIPT_COUNT ? scripts[stop.script] : NULL;
}

/* One history: the first stops at that step, then the second (that of a row of
 * the same points, as when a bucket is scanned, counts as one).  Returns the
 * step at which the second stood (the first, if there is no second), 0: it was
 * through. */
static unsigned
play(const struct setting *setting, struct stop one, struct stop two,
    unsigned first_to_end, bool *repeated)
{
	static const uint8_t hash_key[16];
	struct thread *a = &threads[FIRST], *b = &threads[SECOND];

	table = table_create(NULL, setting->max_flows, WORKERS, hash_key);
	if (!table)
		probe_fail("out of memory");
	urcu_qsbr_thread_online();
	for (unsigned n = 0; n < setting->others; n++)
		insert(THIRD, OTHERS + n);
	if (setting->present)
		insert(THIRD, KEY);
	if (setting->used) {
		kill_key(FIRST, OTHERS);
		kill_key(SECOND, OTHERS + 1);
		insert(FIRST, OTHERS);
		insert(SECOND, OTHERS + 1);
	}
	urcu_qsbr_thread_offline();

	start(a, script_of(one), one.step);
	start(b, script_of(two), two.step);
	while (!b->done && b->at == b->last)
		let_go(b, b->steps + 1);
	struct thread *last = b->script ? b : a;
	unsigned step = last->done ? 0 : last->steps;
	*repeated = step && last->at == last->last;
	work();
	if (!a->done) {
		let_go(a, a->steps + 1);
		work();
	}
	if (!threads[first_to_end].done)
		let_go(&threads[first_to_end], 0);
	if (!threads[!first_to_end].done)
		let_go(&threads[!first_to_end], 0);
	check_end();
	table_destroy(table);
	return step;
}

/* All stops of the second with the first where it is. */
static unsigned long
play_second(const struct setting *setting, struct stop one)
{
	unsigned long played = 0;
	bool repeated;

	for (unsigned script = 0; script + 1 < SCRIPT_COUNT; script++)
		for (struct stop two = { script, 1 }; two.step; played++) {
			two.step =
			    play(setting, one, two, played % 2, &repeated);
			if (two.step)
				two.step++;
		}
	return played;
}

static unsigned long
play_all(const struct setting *setting)
{
	static const struct stop none = { SCRIPT_COUNT, 0 };
	unsigned long played = 0;

	for (unsigned script = 0; script < SCRIPT_COUNT; script++) {
		struct stop one = { script, 1 };
		bool repeated;
		for (; play(setting, one, none, FIRST, &repeated); one.step++) {
			played++;
			if (scripts[script] != script_reclaim && !repeated)
				played += play_second(setting, one);
		}
	}
	return played;
}

int
main(void)
{
	unsigned long played = 0;

	/* One thread moves at a time: a second core would only cost. */
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
	for (unsigned i = 0; i < 2; i++) {
		threads[i].worker = i;
		sem_init(&threads[i].go, 0, 0);
		sem_init(&threads[i].halted, 0, 0);
		pthread_create(&threads[i].id, NULL, run_scripts, &threads[i]);
	}
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		played += play_all(&settings[i]);
	for (unsigned i = 0; i < 2; i++) {
		threads[i].script = NULL;
		sem_post(&threads[i].go);
		pthread_join(threads[i].id, NULL);
	}
	urcu_qsbr_unregister_thread();
	for (unsigned p = 0; p < POINT_COUNT; p++)
		if (!stopped_at[p])
			probe_fail(
			    "nobody was stopped at \"%s\"", point_names[p]);
	printf(
	    "%lu histories, stopped at all %d points\n", played, POINT_COUNT);
	return EXIT_SUCCESS;
}
