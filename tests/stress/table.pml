/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/table.c for the model checker spin: one key, a few slots, and the steps
 * of insert, find, refresh, kill and reclaim that others can see, one each.
 * Every order of them is tried.  tests/stress/model gives the sizes, and checks
 *
 *   one live       a key is never live twice
 *   once           an entry is retired once, and only when it is in no slot
 *   refreshed      a kill by a word that has changed since does nothing
 *   no late use    what a reader or a killer holds is not reused under it
 *   nobody waits   with SOLO: from every state each process alone, all others
 *                  stopped where they are, ends within ALONE steps
 *
 * FAULT_* breaks one step each; then the property must fail.  Simplified: taking
 * an entry, handing it over and the snapshot of a grace period are one step.
 */
#define PENDING 16 /* slot: entry, or entry + PENDING; 0: empty */
#define NOWHERE 255
#define POISON  99

#define PROCESSES (INSERTERS + KILLERS + READERS)

byte slot[SLOTS];
byte word[ENTRIES + 1]; /* 0: dead; else grows with each refresh */

/* What is true of them, for the claims; no step looks at it. */
mtype = { FREE, TAKEN, LIVE, DEAD, RETIRED, WAITING };
mtype is[ENTRIES + 1];
byte life[ENTRIES + 1];      /* how often it was free again */
byte refreshes[ENTRIES + 1];
byte live;

bool online[PROCESSES], owes[PROCESSES]; /* a quiescent state */
bool ended[PROCESSES];

/* Who alone may move; PROCESSES: all. */
byte solo = PROCESSES;
byte alone;

#ifdef SOLO
#define MAY_MOVE provided (solo == PROCESSES || solo + 1 == _pid)
#define STEP                                                                   \
	if                                                                     \
	:: solo == me -> alone++; assert(alone < ALONE)                        \
	:: else                                                                \
	fi;
#else
#define MAY_MOVE
#define STEP
#endif

inline retire(entry)
{
	assert(is[entry] == TAKEN || is[entry] == DEAD);
	assert(slot[0] != entry && slot[1] != entry && slot[SLOTS - 1] != entry);
	is[entry] = RETIRED
}

/* Begin and end of a read side; what was local is forgotten. */
inline enter()
{
	online[me] = true
}

inline leave()
{
	owes[me] = false;
	online[me] = false;
	s = 0; v = 0; w = 0; n++;
	ended[me] = n == turns
}

#define SEES_LIVE(at) (slot[at] > 0 && slot[at] < PENDING)

/* Empty slot `at` if it still is v, a dead entry. */
inline empty_slot(at)
{
	atomic {
		STEP
		if
		:: slot[at] == v -> slot[at] = 0; retire(v)
		:: else ->
#ifdef FAULT_ONCE
			retire(v)
#else
			skip
#endif
		fi;
		v = 0
	}
}

/* Among all slots but `place`: other = a live entry, or 0 after every pending
 * one was emptied. */
inline settle()
{
	do
	:: atomic { s < SLOTS && (s == place || slot[s] == 0) -> STEP s++ }
#ifdef FAULT_ONE_LIVE
	:: atomic { s < SLOTS && s != place && slot[s] > PENDING -> STEP s++ }
#else
	:: atomic { s < SLOTS && s != place && slot[s] > PENDING ->
			STEP v = slot[s] };
		atomic {
#ifdef FAULT_NOBODY_WAITS
			slot[s] != v -> v = 0
#else
			STEP
			if
			:: slot[s] == v -> slot[s] = 0
			:: else
			fi;
			v = 0
#endif
		}
#endif
	:: atomic { s < SLOTS && s != place && SEES_LIVE(s) ->
			STEP v = slot[s] };
		atomic {
			STEP
			w = word[v];
			assert(w != POISON);
			if
			:: w != 0 -> other = v; v = 0; w = 0; break
			:: else
			fi
		};
		empty_slot(s)
	:: atomic { s == SLOTS -> break }
	od;
	s = 0
}

/* Empty the slots of dead entries when there is no room. */
inline clear_dead()
{
	do
	:: atomic { s < SLOTS && !SEES_LIVE(s) -> STEP s++ }
	:: atomic { s < SLOTS && SEES_LIVE(s) -> STEP v = slot[s] };
		atomic {
			STEP
			if
			:: word[v] != 0 -> v = 0; s++; goto next
			:: else
			fi
		};
		empty_slot(s);
		s++;
next:		skip
	:: atomic { s == SLOTS -> s = 0; break }
	od
}

inline take()
{
	e = 1;
	do
	:: e <= ENTRIES && is[e] != FREE -> e++
	:: else -> break
	od;
	if
	:: e <= ENTRIES -> is[e] = TAKEN; word[e] = 1; refreshes[e] = 0
	:: else
	fi
}

/* place = some empty slot, or NOWHERE. */
inline choose_place()
{
	if
	:: slot[0] == 0 -> place = 0
	:: slot[1] == 0 -> place = 1
	:: slot[SLOTS - 1] == 0 -> place = SLOTS - 1
	:: slot[0] != 0 && slot[1] != 0 && slot[SLOTS - 1] != 0 ->
		place = NOWHERE
	fi
}

proctype inserter(byte me) MAY_MOVE
{
	byte e, s, v, w, place, other, n;
	byte turns = INSERTS;

end_idle:
	atomic {
		n < turns -> enter();
		STEP
		take();
		if
		:: e > ENTRIES -> e = 0; leave(); goto end_idle /* none is free */
		:: else
		fi
	};
again:	atomic {
		STEP
		choose_place();
		if
		:: place != NOWHERE -> goto put
		:: else
		fi
	};
	clear_dead();
	if
	:: atomic {
		slot[0] == 0 || slot[1] == 0 || slot[SLOTS - 1] == 0 ->
			STEP goto again
		}
	:: else
	fi;
	settle();
	goto give_back;
put:	atomic {
		STEP
		if
		:: slot[place] == 0 -> slot[place] = e + PENDING
		:: else -> goto again
		fi
	};
	settle();
	if
	:: atomic { other != 0 ->
			STEP
			if
			:: slot[place] == e + PENDING -> slot[place] = 0
			:: else
			fi };
		goto give_back
	:: atomic { other == 0 && slot[place] != e + PENDING -> STEP goto again }
	:: atomic { other == 0 && slot[place] == e + PENDING ->
			STEP
			slot[place] = e;
			is[e] = LIVE;
			live++;
			assert(live <= 1);
			e = 0; place = 0; leave();
			goto end_idle }
	fi;
give_back:
	atomic {
		STEP
		retire(e);
		e = 0; place = 0; other = 0; leave();
		goto end_idle
	}
}

/* v = a live entry and w its word; v = 0: there is none. */
inline find()
{
	do
	:: atomic { s < SLOTS && !SEES_LIVE(s) -> STEP s++ }
	:: atomic { s < SLOTS && SEES_LIVE(s) ->
			STEP
			v = slot[s];
			held_life = life[v] };
		atomic {
			STEP
			w = word[v];
			assert(w != POISON && life[v] == held_life);
			held_refreshes = refreshes[v];
			if
			:: w != 0 -> s = 0; break
			:: else -> v = 0; s++; held_life = 0;
				held_refreshes = 0
			fi
		}
	:: atomic { s == SLOTS -> s = 0; break }
	od
}

inline forget()
{
	held_life = 0; held_refreshes = 0; leave()
}

proctype killer(byte me) MAY_MOVE
{
	byte s, v, w, n, held_life, held_refreshes;
	byte turns = KILLS;

end_idle:
	atomic { n < turns -> enter() };
	find();
	atomic {
		STEP
		if
		:: v == 0 -> forget(); goto end_idle
		:: else
		fi;
		if
#ifdef FAULT_REFRESHED
		:: word[v] != 0 ->
#else
		:: word[v] == w ->
#endif
			assert(life[v] == held_life);
			assert(refreshes[v] == held_refreshes);
			word[v] = 0;
			is[v] = DEAD;
			live--
		:: else -> forget(); goto end_idle
		fi;
		w = v
	};
	do
	:: atomic { s < SLOTS && slot[s] != w -> STEP s++ }
	:: atomic { s < SLOTS && slot[s] == w -> STEP v = w };
		empty_slot(s)
	:: atomic { s == SLOTS -> forget(); goto end_idle }
	od
}

proctype reader(byte me) MAY_MOVE
{
	byte s, v, w, n, held_life, held_refreshes;
	byte turns = READS;

end_idle:
	atomic { n < turns -> enter() };
	find();
	atomic {
		STEP
		if
		:: v == 0 -> forget(); goto end_idle
		:: else
		fi;
		/* A packet: refresh it if nothing has changed. */
		assert(life[v] == held_life);
		if
		:: word[v] == w -> word[v] = w + 1; refreshes[v]++
		:: else
		fi
	};
	atomic {
		STEP
		assert(life[v] == held_life && word[v] != POISON);
		forget();
		goto end_idle
	}
}

#define ALL_PASSED                                                             \
	(!owes[0] && !owes[1] && !owes[PROCESSES - 2] && !owes[PROCESSES - 1])

proctype keeper() 
{
	byte e, n;

	do
	:: n == RECLAIMS -> break
	:: n < RECLAIMS ->
		d_step {
			e = 1;
			do
			:: e > ENTRIES -> break
			:: e <= ENTRIES ->
				if
				:: is[e] == RETIRED -> is[e] = WAITING
				:: else
				fi;
				e++
			od;
			e = 0;
			do
			:: e == PROCESSES -> break
			:: e < PROCESSES -> owes[e] = online[e]; e++
			od
		}
#ifndef FAULT_LATE_USE
		ALL_PASSED;
#endif
		d_step {
			e = 1;
			do
			:: e > ENTRIES -> break
			:: e <= ENTRIES ->
				if
				:: is[e] == WAITING ->
					is[e] = FREE;
					word[e] = POISON;
					life[e]++
				:: else
				fi;
				e++
			od;
			e = 0;
			n++
		}
	od
}

#ifdef SOLO
/* At any time stop all but one, until that one has ended all it has to. */
proctype stopper()
{
	byte p;

	if
	:: p = 0
	:: PROCESSES > 1 -> p = 1
	:: PROCESSES > 2 -> p = 2
	:: PROCESSES > 3 -> p = 3
	fi;
	solo = p;
	ended[p];
	d_step { solo = PROCESSES; alone = 0 }
}
#endif

init {
	byte p;

	atomic {
		p = 1;
		do
		:: p > ENTRIES -> break
		:: p <= ENTRIES -> is[p] = FREE; p++
		od;
		p = 0;
		do
		:: p == INSERTERS -> break
		:: p < INSERTERS -> run inserter(p); p++
		od;
		do
		:: p == INSERTERS + KILLERS -> break
		:: p < INSERTERS + KILLERS -> run killer(p); p++
		od;
		do
		:: p == PROCESSES -> break
		:: p < PROCESSES -> run reader(p); p++
		od;
		run keeper();
#ifdef SOLO
		run stopper();
#endif
		p = 0
	}
}
