/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For each prefix length in use a hash table of the members of that length
 * (tags.c): an address is in the set if, cut to some length in use, it is in
 * its table.  Most sets use a few lengths; memory of several is fetched at the
 * same time.
 *
 * A reader that comes upon a number may read the member's prefix until
 * set_index_reclaim(): it is written before the number is published, and the
 * number of a removed member is not given again before that.  Members are in
 * chunks that never move, each twice as large as the one before.
 */
#include "set_index.h"

#include <stdlib.h>
#include <string.h>

#include "counter.h"
#include "siphash.h"
#include "tags.h"

#define CHUNKS      26
#define FIRST_CHUNK 64
#define LENGTHS     129
#define AHEAD       8 /* lengths searched at the same time */
#define NONE        SET_INDEX_NONE

struct member {
	struct address address;
	struct set_note note;
	uint32_t next; /* of those free, or retired */
	uint8_t bits;
};

/* A length is known by the bits that it leaves free: so all of IPv4 are in the
 * first word of in_use, and the longest come first. */
struct set_index {
	struct published in_use[2][3]; /* [is IPv6]: set of lengths */
	struct tags tags[2][LENGTHS];
	struct siphash_key key;
	uint32_t key_v4[4]; /* made of it */
	struct member *chunk[CHUNKS];
	uint32_t numbers; /* given so far */
	uint32_t free, retired;
	size_t retired_count;
	struct waste waste;
};

/* For an address, cut to a length. */
struct search {
	struct address address;
	struct tags_search tags;
};

static unsigned
chunk_of(uint32_t number)
{
	return 31 - (unsigned)__builtin_clz(number / FIRST_CHUNK + 1);
}

static struct member *
member_at(const struct set_index *index, uint32_t number)
{
	unsigned chunk = chunk_of(number);

	return &index->chunk[chunk][number - ((1u << chunk) - 1) * FIRST_CHUNK];
}

static struct address
cut(struct address a, unsigned free_bits)
{
	if (free_bits < 64) {
		a.low &= UINT64_MAX << free_bits;
		return a;
	}
	a.low = 0;
	a.high &= free_bits < 128 ? UINT64_MAX << (free_bits - 64) : 0;
	return a;
}

/* IPv4: a permutation of the 32 bits under our key, every step of which can be
 * undone, so that one tag is one address.  Else: a hash. */
static uint32_t
tag_of(const struct set_index *index, struct address a)
{
	uint64_t words[] = { a.low, a.high };
	uint32_t x = (uint32_t)a.low;

	if (!address_is_v4(a))
		return (uint32_t)(siphash(&index->key, words, 2) >> 32);
	x = (x ^ index->key_v4[0]) * (index->key_v4[1] | 1);
	x = (x ^ x >> 16) * (index->key_v4[2] | 1);
	x = (x ^ x >> 15) * (index->key_v4[3] | 1);
	return x ^ x >> 16;
}

static struct search
search_for(const struct set_index *index, struct address a, unsigned free_bits)
{
	bool v6 = !address_is_v4(a);
	struct search s = { .address = cut(a, free_bits) };

	s.tags =
	    tags_search(&index->tags[v6][free_bits], tag_of(index, s.address));
	return s;
}

static uint32_t
find(const struct set_index *index, struct search *s)
{
	uint32_t number = tags_next(&s->tags);

	/* Spares the read of memory that is far. */
	if (address_is_v4(s->address))
		return number;
	while (number != TAGS_NONE &&
	       !address_equal(member_at(index, number)->address, s->address))
		number = tags_next(&s->tags);
	return number;
}

uint32_t
set_index_match(const struct set_index *index, struct address address)
{
	bool v6 = !address_is_v4(address);

	for (unsigned w = 0; w < (v6 ? 3u : 1u); w++) {
		uint64_t lengths = published_read(&index->in_use[v6][w]);
		while (lengths) {
			struct search search[AHEAD];
			unsigned count = 0;
			for (; lengths && count < AHEAD; lengths &= lengths - 1)
				search[count++] = search_for(index, address,
				    w * 64 +
					(unsigned)__builtin_ctzll(lengths));
			for (unsigned i = 0; i < count; i++) {
				uint32_t number = find(index, &search[i]);
				if (number != NONE)
					return number;
			}
		}
	}
	return NONE;
}

bool
set_index_is_empty(const struct set_index *index)
{
	uint64_t lengths = 0;

	for (unsigned i = 0; i < 2 * 3; i++)
		lengths |= published_read(&index->in_use[i / 3][i % 3]);
	return lengths == 0;
}

uint32_t
set_index_find(const struct set_index *index, const struct prefix *prefix)
{
	struct search s =
	    search_for(index, prefix->address, 128u - prefix->bits);

	return find(index, &s);
}

struct prefix
set_index_prefix(const struct set_index *index, uint32_t number)
{
	const struct member *m = member_at(index, number);

	return (struct prefix){ m->address, m->bits };
}

struct set_note *
set_index_note(const struct set_index *index, uint32_t number)
{
	return &member_at(index, number)->note;
}

uint32_t
set_index_end(const struct set_index *index)
{
	return index->numbers;
}

/* A number and its memory; NONE: out of memory. */
static uint32_t
take_number(struct set_index *index)
{
	uint32_t number = index->free;

	if (number != NONE) {
		index->free = member_at(index, number)->next;
		return number;
	}
	unsigned chunk = chunk_of(index->numbers);
	if (chunk >= CHUNKS)
		return NONE;
	if (!index->chunk[chunk])
		index->chunk[chunk] =
		    calloc((size_t)FIRST_CHUNK << chunk, sizeof(struct member));
	return index->chunk[chunk] ? index->numbers++ : NONE;
}

static void
free_number(struct set_index *index, uint32_t number)
{
	member_at(index, number)->next = index->free;
	index->free = number;
}

static void
use_length(struct set_index *index, bool v6, unsigned free_bits, bool use)
{
	struct published *in_use = &index->in_use[v6][free_bits / 64];
	uint64_t bit = UINT64_C(1) << free_bits % 64;
	uint64_t lengths = published_read(in_use);

	if (use != !!(lengths & bit))
		published_set(in_use, lengths ^ bit);
}

uint32_t
set_index_add(struct set_index *index, const struct prefix *prefix)
{
	bool v6 = !address_is_v4(prefix->address);
	unsigned free_bits = 128u - prefix->bits;
	uint32_t number = take_number(index);

	if (number == NONE)
		return NONE;
	*member_at(index, number) = (struct member){
		.address = prefix->address,
		.bits = prefix->bits,
	};
	if (!tags_add(&index->tags[v6][free_bits],
		tag_of(index, prefix->address), number, &index->waste)) {
		free_number(index, number);
		return NONE;
	}
	use_length(index, v6, free_bits, true);
	return number;
}

void
set_index_remove(struct set_index *index, uint32_t number)
{
	struct member *m = member_at(index, number);
	bool v6 = !address_is_v4(m->address);
	unsigned free_bits = 128u - m->bits;
	struct tags *tags = &index->tags[v6][free_bits];

	tags_remove(tags, tag_of(index, m->address), number, &index->waste);
	use_length(index, v6, free_bits, !tags_empty(tags));
	m->next = index->retired;
	index->retired = number;
	index->retired_count++;
}

size_t
set_index_retired(const struct set_index *index)
{
	return index->retired_count + index->waste.count;
}

void
set_index_reclaim(struct set_index *index)
{
	waste_free(&index->waste);
	while (index->retired != NONE) {
		uint32_t number = index->retired;
		index->retired = member_at(index, number)->next;
		free_number(index, number);
	}
	index->retired_count = 0;
}

struct set_index *
set_index_create(const uint8_t key[16])
{
	struct set_index *index = calloc(1, sizeof(*index));

	if (!index)
		return NULL;
	memcpy(&index->key, key, sizeof(index->key));
	for (uint64_t i = 0; i < 4; i++)
		index->key_v4[i] = (uint32_t)siphash(&index->key, &i, 1);
	index->free = index->retired = NONE;
	return index;
}

void
set_index_destroy(struct set_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < LENGTHS; i++) {
		tags_clear(&index->tags[0][i], &index->waste);
		tags_clear(&index->tags[1][i], &index->waste);
	}
	waste_free(&index->waste);
	for (size_t i = 0; i < CHUNKS; i++)
		free(index->chunk[i]);
	free(index);
}
