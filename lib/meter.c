/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second flow table whose entries are meters: the key is rule and source, and
 * all that changes is in the state word, so a take is one CAS and never half
 * done.
 *
 * The rate is the GCRA (ITU-T I.371, "virtual scheduling"): the word holds when
 * the bucket will be full again; a token puts that off by one interval, and
 * there is none if that would be more than the depth ahead.  Time is in
 * microseconds modulo 2^38, 76 hours.  What is up to METER_DEPTH_MAX_US ahead
 * of now is the future, all else is past: "full".  The sweep, every few
 * seconds, moves an old time up to now long before it could look like future.
 *
 * Beside the word stands how many flows have completed a handshake, in the
 * place of a flow's packets.  It may lag the count; who took one up gives it
 * back to the same entry, were that dead by then.
 *
 * A meter without flows and with a full bucket is as good as none.  It is
 * killed by CAS from just that word, so who took from it in between keeps it.
 * While somebody counts on it, it stays, so a give always finds it.
 */
#include "meter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "counter.h"
#include "table.h"

#define TIME_BITS  38
#define TIME_MASK  ((UINT64_C(1) << TIME_BITS) - 1)
#define COUNT_BITS 25
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define LIVE       (UINT64_C(1) << 63)

/* Rules have room of their own, whatever sources there are. */
#define RULES_MAX 16384

/* One pass over all meters takes this long, and a call so many shares. */
#define SWEEP_US   10000000
#define SWEEP_STEP 512

struct meters {
	struct budget sources; /* there are */
	uint32_t sources_max;
	struct table *table;
};

static uint64_t
pack(uint64_t count, uint64_t full_at)
{
	return LIVE | count << TIME_BITS | (full_at & TIME_MASK);
}

uint32_t
meter_word_count(uint64_t word)
{
	return (uint32_t)(word >> TIME_BITS & COUNT_MASK);
}

/* How long until the bucket is full. */
static uint64_t
ahead_of(uint64_t word, uint64_t now_us)
{
	uint64_t ahead = (word - now_us) & TIME_MASK;

	return ahead <= METER_DEPTH_MAX_US ? ahead : 0;
}

uint64_t
meter_fresh(uint64_t now_us)
{
	return pack(0, now_us);
}

bool
meter_idle(uint64_t word, uint64_t now_us)
{
	return meter_word_count(word) == 0 && ahead_of(word, now_us) == 0;
}

enum meter_answer
meter_step(uint64_t *word, const struct meter_terms *terms, uint64_t now_us)
{
	uint64_t ahead = ahead_of(*word, now_us);
	uint32_t count = meter_word_count(*word);

	if (terms->cap && count >= terms->cap)
		return METER_CAP;
	if (terms->interval_us && ahead + terms->interval_us > terms->depth_us)
		return METER_NO_TOKEN;
	*word = pack(
	    count + (terms->cap != 0), now_us + ahead + terms->interval_us);
	return METER_TAKEN;
}

struct address
meter_source(struct address address)
{
	if (!address_is_v4(address))
		address.low = 0;
	return address;
}

struct meters *
meters_create(uint32_t sources, unsigned workers, const uint8_t hash_key[16])
{
	struct meters *meters = aligned_alloc(64, sizeof(*meters));

	if (!meters)
		return NULL;
	memset(meters, 0, sizeof(*meters));
	meters->sources_max = sources;
	meters->table =
	    table_create(NULL, sources + RULES_MAX, workers, hash_key);
	if (!meters->table) {
		free(meters);
		return NULL;
	}
	return meters;
}

void
meters_destroy(struct meters *meters)
{
	if (!meters)
		return;
	table_destroy(meters->table);
	free(meters);
}

static struct key
key_of(const struct meter_name *name)
{
	/* The third word keeps a rule apart from the source ::/64. */
	struct key key = { .word = { name->source.high, name->source.low,
			       name->per_source, name->identity, 0 } };

	return key;
}

/* End a meter that has that word. */
static bool
forget(
    struct meters *meters, unsigned worker, struct flow *meter, uint64_t word)
{
	bool per_source = flow_get64(&meter->key[2]);

	if (!table_kill(meters->table, worker, meter, word))
		return false;
	if (per_source)
		budget_give(&meters->sources);
	return true;
}

/* Forget an idle meter of those that share the buckets: a source's, if a
 * source asks. */
static bool
evict(struct meters *meters, unsigned worker, bool per_source, uint64_t hash,
    uint64_t now_us)
{
	struct flow *near[TABLE_NEIGHBOURS];
	size_t count = table_neighbours(meters->table, hash, near);

	for (size_t i = 0; i < count; i++) {
		uint64_t word = flow_word(near[i]);
		if (word && meter_idle(word, now_us) &&
		    flow_get64(&near[i]->key[2]) >= per_source &&
		    forget(meters, worker, near[i], word))
			return true;
	}
	return false;
}

/* An entry to fill, or NULL. */
static struct flow *
take_room(struct meters *meters, unsigned worker, bool per_source,
    uint64_t hash, uint64_t now_us)
{
	if (!per_source)
		return table_take(meters->table, worker);
	while (!budget_take(&meters->sources, meters->sources_max))
		if (!evict(meters, worker, true, hash, now_us))
			return NULL;
	struct flow *meter = table_take(meters->table, worker);
	if (!meter)
		budget_give(&meters->sources);
	return meter;
}

static void
give_room(
    struct meters *meters, unsigned worker, bool per_source, struct flow *meter)
{
	table_give_back(meters->table, worker, meter);
	if (per_source)
		budget_give(&meters->sources);
}

/* A new meter with the first take in it.  False: somebody else was faster. */
static bool
start(struct meters *meters, unsigned worker, const struct meter_name *name,
    const struct key *key, uint64_t hash, const struct meter_terms *terms,
    uint64_t now_us, enum meter_answer *answer)
{
	uint64_t word = meter_fresh(now_us);

	*answer = meter_step(&word, terms, now_us);
	if (*answer != METER_TAKEN)
		return true;
	*answer = METER_NO_ROOM;
	struct flow *meter =
	    take_room(meters, worker, name->per_source, hash, now_us);
	if (!meter)
		return true;
	for (unsigned i = 0; i < KEY_WORDS; i++)
		flow_set64(&meter->key[i], key->word[i]);
	flow_set(&meter->packets[0], 0);
	flow_set64(&meter->word, word);
	for (;;) {
		struct flow *there =
		    table_insert(meters->table, worker, meter, hash);
		if (there == meter) {
			*answer = METER_TAKEN;
			return true;
		}
		if (!there && evict(meters, worker, false, hash, now_us))
			continue;
		give_room(meters, worker, name->per_source, meter);
		return !there;
	}
}

enum meter_answer
meter_take(struct meters *meters, unsigned worker,
    const struct meter_name *name, const struct meter_terms *terms,
    uint64_t now_us)
{
	struct key key = key_of(name);
	uint64_t hash = table_hash(meters->table, &key);
	enum meter_answer answer;

	for (;;) {
		struct flow *meter = table_find(meters->table, &key, hash);
		uint64_t old = meter ? flow_word(meter) : 0, new = old;
		if (!meter) {
			if (start(meters, worker, name, &key, hash, terms,
				now_us, &answer))
				return answer;
			continue;
		}
		if (!old)
			continue;
		answer = meter_step(&new, terms, now_us);
		if (answer != METER_TAKEN || flow_change(meter, old, new))
			return answer;
	}
}

struct flow *
meter_find(const struct meters *meters, const struct meter_name *name)
{
	struct key key = key_of(name);

	return table_find(meters->table, &key, table_hash(meters->table, &key));
}

/* Its word now; 0: there is none. */
static uint64_t
word_of(const struct meters *meters, const struct meter_name *name)
{
	const struct flow *meter = meter_find(meters, name);

	return meter ? flow_word(meter) : 0;
}

enum meter_answer
meter_ask(const struct meters *meters, const struct meter_name *name,
    const struct meter_terms *terms, uint64_t now_us)
{
	uint64_t word = word_of(meters, name);

	if (!word && name->per_source &&
	    budget_read(&meters->sources) >= meters->sources_max)
		return METER_NO_ROOM;
	if (!word)
		word = meter_fresh(now_us);
	return meter_step(&word, terms, now_us);
}

void
meter_give(struct meters *meters, const struct meter_name *name, bool counted,
    uint32_t interval_us)
{
	struct flow *meter = meter_find(meters, name);
	uint64_t old, new;

	/* Gone: it had a token, and that has come back by itself. */
	do {
		old = meter ? flow_word(meter) : 0;
		if (!old)
			return;
		assert(!counted || meter_word_count(old) > 0);
		new = pack(meter_word_count(old) - counted, old - interval_us);
	} while (!flow_change(meter, old, new));
}

struct flow *
meter_prove(const struct meters *meters, const struct meter_name *name)
{
	struct flow *meter = meter_find(meters, name);

	if (meter)
		flow_add(&meter->packets[0], 1);
	return meter;
}

void
meter_unprove(struct flow *meter)
{
	flow_add(&meter->packets[0], -1);
}

uint32_t
meter_proofs(const struct meters *meters, const struct meter_name *name)
{
	const struct flow *meter = meter_find(meters, name);

	return meter ? flow_get(&meter->packets[0]) : 0;
}

uint32_t
meter_count(const struct meters *meters, const struct meter_name *name)
{
	return meter_word_count(word_of(meters, name));
}

uint32_t
meters_sources(const struct meters *meters)
{
	return budget_read(&meters->sources);
}

static void
sweep_slot(
    struct meters *meters, unsigned worker, uint32_t slot, uint64_t now_us)
{
	struct flow *meter = table_at(meters->table, slot);
	uint64_t word = meter ? flow_word(meter) : 0;

	if (!word || ahead_of(word, now_us) != 0)
		return;
	if (meter_word_count(word) == 0)
		forget(meters, worker, meter, word);
	else if (((now_us - word) & TIME_MASK) > METER_DEPTH_MAX_US)
		flow_change(meter, word, pack(meter_word_count(word), now_us));
}

void
meters_sweep(struct meters *meters, unsigned worker, uint64_t now_us)
{
	uint32_t slots = table_slots(meters->table), first;
	uint64_t shares = (slots + TABLE_SHARE - 1) / TABLE_SHARE;
	uint64_t due = now_us / 1000 * shares / (SWEEP_US / 1000);

	if (!table_count(meters->table))
		return;
	for (unsigned i = 0;
	     i < SWEEP_STEP && table_next_share(meters->table, due, &first);
	     i++)
		for (uint32_t n = 0; n < TABLE_SHARE && first + n < slots; n++)
			sweep_slot(meters, worker, first + n, now_us);
}

void
meters_hand_over(struct meters *meters, unsigned worker)
{
	table_hand_over(meters->table, worker);
}

void
meters_reclaim(struct meters *meters)
{
	table_reclaim(meters->table);
}
