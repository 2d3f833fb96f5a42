/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit vectors (Lakshman and Stiliadis, 1998; Baboescu and Varghese, 2001).
 *
 * Each of four fields is cut into intervals at the ends of what the rules ask
 * for; in one interval the set of rules that its values satisfy is the same.
 * A packet falls into one interval of each field, and the rules that may match
 * it are what the four sets have in common; the lowest number comes first, so
 * the order of the rules holds.
 *
 * A set is cut into blocks of 512 rules.  Equal blocks are stored once, and so
 * are equal sets: a row is a set as the numbers of its blocks.  Neighbouring
 * intervals differ in few rules, so most of a row is shared with the one
 * before.  Block 0 is empty: where a row has it, 512 rules are out at once.
 *
 * Built by walking up each field with the set of the current interval at hand:
 * at an edge only the blocks change in which a rule begins or ends.
 *
 * What is not indexed (source port, ICMP type, interfaces) counts as satisfied,
 * and so does an address where a rule asks a set, whose members come and go.
 */
#include "classifier.h"

#include <stdlib.h>

#include "unique.h"

#define BLOCK_WORDS 8
#define BLOCK_RULES (64 * BLOCK_WORDS)
/* Rows grow with the square of the rules: about 100 MB here, at worst. */
#define RULES_MAX (64 * BLOCK_RULES)
#define PORTS     65536
#define PROTOCOLS 256

struct block {
	uint64_t word[BLOCK_WORDS];
};

/* Addresses of one family: rows[i] from low[i] up to before low[i + 1]. */
struct intervals {
	struct address *low;
	uint32_t *rows;
	size_t count;
};

enum family_index { INDEX_V4, INDEX_V6, FAMILIES };

struct classifier {
	size_t block_count; /* of a row */
	struct unique blocks, rows;
	uint32_t protocol_rows[PROTOCOLS];
	uint32_t *port_rows; /* of PORTS */
	struct intervals from[FAMILIES], to[FAMILIES];
};

/* ---- one field, from its lowest value up */

/* From `at` on, the rule is satisfied, or is not any more. */
struct edge {
	struct address at;
	uint32_t rule;
	bool begins;
};

/* The set of the current interval.  Blocks in `changed` are not in `row` yet.
 */
struct walk {
	struct classifier *classifier;
	struct block *blocks;
	uint32_t *row;
	bool *changed;
	struct edge *edges;
	size_t edge_count, edge_room;
};

static void
walk_end(struct walk *walk)
{
	free(walk->blocks);
	free(walk->row);
	free(walk->changed);
	free(walk->edges);
}

static bool
walk_begin(struct walk *walk, struct classifier *classifier)
{
	size_t count = classifier->block_count;

	*walk = (struct walk){
		.classifier = classifier,
		.blocks = calloc(count, sizeof(*walk->blocks)),
		.row = calloc(1, classifier->rows.item_size),
		.changed = calloc(count, sizeof(*walk->changed)),
	};
	if (walk->blocks && walk->row && walk->changed)
		return true;
	walk_end(walk);
	return false;
}

static void
put(struct walk *walk, size_t rule, bool in)
{
	struct block *block = &walk->blocks[rule / BLOCK_RULES];
	uint64_t *word = &block->word[rule % BLOCK_RULES / 64];
	uint64_t bit = UINT64_C(1) << (rule % 64);

	*word = in ? *word | bit : *word & ~bit;
	walk->changed[rule / BLOCK_RULES] = true;
}

/* The number of the current set's row. */
static bool
row_of(struct walk *walk, uint32_t *number)
{
	struct classifier *c = walk->classifier;

	for (size_t i = 0; i < c->block_count; i++) {
		if (walk->changed[i] &&
		    !unique_number(&c->blocks, &walk->blocks[i], &walk->row[i]))
			return false;
		walk->changed[i] = false;
	}
	return unique_number(&c->rows, walk->row, number);
}

static bool
add_edge(struct walk *walk, struct address at, size_t rule, bool begins)
{
	if (walk->edge_count == walk->edge_room) {
		size_t room = walk->edge_room ? 2 * walk->edge_room : 256;
		struct edge *edges =
		    realloc(walk->edges, room * sizeof(*edges));
		if (!edges)
			return false;
		walk->edges = edges;
		walk->edge_room = room;
	}
	walk->edges[walk->edge_count++] =
	    (struct edge){ at, (uint32_t)rule, begins };
	return true;
}

/* The rule is satisfied from low to high; top is the highest value there is. */
static bool
add_range(struct walk *walk, const struct address_range *range,
    struct address top, size_t rule)
{
	struct address next = range->high;

	if (!add_edge(walk, range->low, rule, true))
		return false;
	if (address_equal(range->high, top))
		return true;
	next.low++;
	next.high += next.low == 0;
	return add_edge(walk, next, rule, false);
}

/* What ends at a value ends before anything begins there: a rule may do both.
 */
static int
compare_edges(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;
	int order = address_compare(a->at, b->at);

	return order != 0 ? order : a->begins - b->begins;
}

/* The edges as intervals, the first of which begins at `bottom`. */
static bool
cut(struct walk *walk, struct address bottom, struct intervals *out)
{
	size_t i = 0;

	if (walk->edge_count > 0)
		qsort(walk->edges, walk->edge_count, sizeof(walk->edges[0]),
		    compare_edges);
	out->low = calloc(walk->edge_count + 1, sizeof(*out->low));
	out->rows = calloc(walk->edge_count + 1, sizeof(*out->rows));
	if (!out->low || !out->rows)
		return false;
	for (struct address at = bottom;;) {
		for (; i < walk->edge_count &&
		       address_equal(walk->edges[i].at, at);
		     i++)
			put(walk, walk->edges[i].rule, walk->edges[i].begins);
		out->low[out->count] = at;
		if (!row_of(walk, &out->rows[out->count]))
			return false;
		out->count++;
		if (i == walk->edge_count)
			return true;
		at = walk->edges[i].at;
	}
}

static void
free_intervals(struct intervals *intervals)
{
	free(intervals->low);
	free(intervals->rows);
}

/* ---- the fields */

static bool
asks_for(const struct rule *rule, size_t protocol)
{
	return rule->protocols[protocol / 64] >> (protocol % 64) & 1;
}

static bool
index_protocols(struct classifier *c, const struct rules *rules)
{
	struct walk walk;
	bool done = walk_begin(&walk, c);

	for (size_t p = 0; done && p < PROTOCOLS; p++) {
		for (size_t i = 0; i < rules->count; i++) {
			bool in = asks_for(&rules->rule[i], p);
			if (p == 0 || in != asks_for(&rules->rule[i], p - 1))
				put(&walk, i, in);
		}
		done = row_of(&walk, &c->protocol_rows[p]);
	}
	walk_end(&walk);
	return done;
}

static struct address_range
ports_as_range(unsigned low, unsigned high)
{
	return (struct address_range){ { 0, low }, { 0, high } };
}

static bool
index_ports(struct classifier *c, const struct rules *rules)
{
	const struct address top = { 0, PORTS - 1 };
	struct intervals intervals = { 0 };
	struct walk walk;
	bool done = walk_begin(&walk, c);

	for (size_t i = 0; done && i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		struct address_range any = ports_as_range(0, PORTS - 1);
		if (rule->port_count == 0)
			done = add_range(&walk, &any, top, i);
		for (size_t j = 0; done && j < rule->port_count; j++) {
			struct address_range range = ports_as_range(
			    rule->ports[j].low, rule->ports[j].high);
			done = add_range(&walk, &range, top, i);
		}
	}
	done = done && cut(&walk, (struct address){ 0, 0 }, &intervals);
	for (size_t i = 0; done && i < intervals.count; i++) {
		size_t end =
		    i + 1 < intervals.count ? intervals.low[i + 1].low : PORTS;
		for (size_t p = intervals.low[i].low; p < end; p++)
			c->port_rows[p] = intervals.rows[i];
	}
	free_intervals(&intervals);
	walk_end(&walk);
	return done;
}

/* All of a family.  A range of IPv6 may span the place of the IPv4 addresses;
 * no IPv6 packet comes from there. */
static struct address_range
all_of(enum family_index family)
{
	struct address_range v4 = { address_from_v4(0),
		address_from_v4(UINT32_MAX) };
	struct address_range v6 = { { 0, 0 }, { UINT64_MAX, UINT64_MAX } };

	return family == INDEX_V4 ? v4 : v6;
}

static bool
index_addresses(const struct rules *rules, bool source,
    enum family_index family, struct classifier *c, struct intervals *out)
{
	const struct address_range any = all_of(family);
	struct walk walk;
	bool done = walk_begin(&walk, c);

	for (size_t i = 0; done && i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		const struct address_range *ranges =
		    source ? rule->from : rule->to;
		size_t count = source ? rule->from_count : rule->to_count;
		size_t sets =
		    source ? rule->from_set_count : rule->to_set_count;
		if (count == 0 || sets > 0)
			done = add_range(&walk, &any, any.high, i);
		for (size_t j = 0; done && sets == 0 && j < count; j++)
			if (address_is_v4(ranges[j].low) ==
			    (family == INDEX_V4))
				done =
				    add_range(&walk, &ranges[j], any.high, i);
	}
	done = done && cut(&walk, any.low, out);
	walk_end(&walk);
	return done;
}

struct classifier *
classifier_create(const struct rules *rules)
{
	const struct block empty = { { 0 } };
	struct classifier *c = NULL;
	uint32_t number;

	if (rules->count > 0 && rules->count <= RULES_MAX)
		c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->block_count = (rules->count + BLOCK_RULES - 1) / BLOCK_RULES;
	c->blocks.item_size = sizeof(struct block);
	/* A multiple of the word that is hashed. */
	c->rows.item_size = (c->block_count + 1) / 2 * 2 * sizeof(uint32_t);
	c->port_rows = calloc(PORTS, sizeof(*c->port_rows));
	bool done = c->port_rows &&
		    unique_number(&c->blocks, &empty, &number) &&
		    index_protocols(c, rules) && index_ports(c, rules);
	for (enum family_index f = 0; done && f < FAMILIES; f++)
		done = index_addresses(rules, true, f, c, &c->from[f]) &&
		       index_addresses(rules, false, f, c, &c->to[f]);
	if (done)
		return c;
	classifier_destroy(c);
	return NULL;
}

void
classifier_destroy(struct classifier *c)
{
	if (!c)
		return;
	for (enum family_index f = 0; f < FAMILIES; f++) {
		free_intervals(&c->from[f]);
		free_intervals(&c->to[f]);
	}
	free(c->port_rows);
	unique_free(&c->blocks);
	unique_free(&c->rows);
	free(c);
}

size_t
classifier_bytes(const struct classifier *c)
{
	size_t bytes = sizeof(*c) + PORTS * sizeof(*c->port_rows) +
		       unique_bytes(&c->blocks) + unique_bytes(&c->rows);
	for (enum family_index f = 0; f < FAMILIES; f++)
		bytes += (c->from[f].count + c->to[f].count) *
			 (sizeof(struct address) + sizeof(uint32_t));
	return bytes;
}

/* ---- the packet path */

/* The last interval that begins at the address or below. */
static uint32_t
row_at(const struct intervals *intervals, struct address address)
{
	const struct address *low = intervals->low;
	size_t count = intervals->count;

	while (count > 1) {
		size_t half = count / 2;
		const struct address *middle = low + half;
		bool below = middle->high != address.high
				 ? middle->high < address.high
				 : middle->low <= address.low;
		low = below ? middle : low;
		count -= half;
	}
	return intervals->rows[low - intervals->low];
}

static const uint32_t *
row(const struct classifier *c, uint32_t number)
{
	return (const uint32_t *)(const void *)(c->rows.items +
						number * c->rows.item_size);
}

struct classes
classifier_look_up(const struct classifier *c, const struct packet *packet)
{
	const struct tuple *tuple = &packet->tuple;
	enum family_index f =
	    tuple->family == FAMILY_IPV4 ? INDEX_V4 : INDEX_V6;

	return (struct classes){ {
	    row(c, c->protocol_rows[tuple->protocol]),
	    row(c, c->port_rows[tuple->dport]),
	    row(c, row_at(&c->from[f], tuple->src)),
	    row(c, row_at(&c->to[f], tuple->dst)),
	} };
}

/* The lowest rule of one block from bit `from` on, or BLOCK_RULES. */
static size_t
next_in_block(const struct block *blocks, const uint32_t number[], size_t from)
{
	const struct block *a = &blocks[number[0]], *b = &blocks[number[1]];
	const struct block *d = &blocks[number[2]], *e = &blocks[number[3]];
	uint64_t mask = UINT64_MAX << (from % 64);

	for (size_t i = from / 64; i < BLOCK_WORDS; i++, mask = UINT64_MAX) {
		uint64_t word =
		    a->word[i] & b->word[i] & d->word[i] & e->word[i] & mask;
		if (word)
			return 64 * i + (size_t)__builtin_ctzll(word);
	}
	return BLOCK_RULES;
}

size_t
classifier_next(
    const struct classifier *c, const struct classes *classes, size_t from)
{
	const struct block *blocks =
	    (const struct block *)(const void *)c->blocks.items;

	for (size_t i = from / BLOCK_RULES; i < c->block_count; i++) {
		uint32_t number[CLASSIFIER_FIELDS];
		size_t start = i == from / BLOCK_RULES ? from % BLOCK_RULES : 0;
		bool empty = false;

		for (size_t f = 0; f < CLASSIFIER_FIELDS; f++) {
			number[f] = classes->row[f][i];
			empty = empty || number[f] == 0;
		}
		if (empty)
			continue;
		size_t rule = next_in_block(blocks, number, start);
		if (rule < BLOCK_RULES)
			return i * BLOCK_RULES + rule;
	}
	return CLASSIFIER_NONE;
}
