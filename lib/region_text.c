/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cube side by side.  Each side that leaves something out is a list of items,
 * printed by the printer of its side in one of two styles: for people plain,
 * and as "all but" what is left out where that is shorter; for a config quoted,
 * and if it cannot be said there, not at all.
 *
 * What no packet has, port 0 or the code of an ICMP type in the other family,
 * is in no list.
 */
#include "region_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "icmp_names.h"
#include "region_space.h"

/* More codes and types than that are no rule any more. */
#define ICMP_MOST  16
#define FLAGS_MOST 16

struct writer {
	struct phrase *phrase;
	const struct space *space;
	bool config;     /* style */
	bool impossible; /* no config says it */
	size_t items;    /* written in this list */
	bool icmp6;      /* the family of numbers in SIDE_ICMP */
};

static void
item(struct writer *w, const char *text, bool quoted)
{
	const char *quote = quoted && w->config ? "\"" : "";

	phrase_add(w->phrase, "%s%s%s%s", w->items++ > 0 ? ", " : "", quote,
	    text, quote);
}

static void
number_item(struct writer *w, uint64_t low, uint64_t high)
{
	char text[48];

	if (low == high)
		snprintf(text, sizeof(text), "%u", (unsigned)low);
	else
		snprintf(
		    text, sizeof(text), "%u-%u", (unsigned)low, (unsigned)high);
	item(w, text, low != high);
}

static void
protocol_items(struct writer *w, const struct spans *protocols)
{
	for (unsigned p = 0; p <= UINT8_MAX; p++) {
		char name[16];
		if (!spans_has(protocols, p))
			continue;
		protocol_print((uint8_t)p, name, sizeof(name));
		item(w, name, protocol_name((uint8_t)p) != NULL);
	}
}

static void
port_items(struct writer *w, const struct spans *ports)
{
	for (size_t i = 0; i < ports->count; i++) {
		uint64_t low = ports->at[i].low.low;
		if (low == 0)
			low = 1;
		if (low <= ports->at[i].high.low)
			number_item(w, low, ports->at[i].high.low);
	}
}

/* A type, and a code of it or -1. */
static void
icmp_item(struct writer *w, uint8_t type, int code)
{
	enum family family = w->icmp6 ? FAMILY_IPV6 : FAMILY_IPV4;
	const char *name = icmp_type_name(family, type);
	const char *code_name =
	    name && code >= 0 ? icmp_code_name(family, type, (uint8_t)code)
			      : NULL;
	char text[80], number[8];

	snprintf(number, sizeof(number), "%u", (unsigned)type);
	if (code < 0)
		snprintf(text, sizeof(text), "%s", name ? name : number);
	else if (code_name)
		snprintf(text, sizeof(text), "%s/%s", name, code_name);
	else
		snprintf(
		    text, sizeof(text), "%s/%d", name ? name : number, code);
	item(w, text, true);
}

static void
icmp_items(struct writer *w, const struct spans *values)
{
	enum family family = w->icmp6 ? FAMILY_IPV6 : FAMILY_IPV4;

	for (unsigned type = 0; type <= UINT8_MAX; type++) {
		struct address_range whole = {
			{ 0, icmp_value(family, (uint8_t)type, 0) },
			{ 0, icmp_value(family, (uint8_t)type, UINT8_MAX) }
		};
		struct spans *all = spans_create(&whole, 1);
		if (!all)
			w->phrase->failed = true;
		else if (spans_within(all, values))
			icmp_item(w, (uint8_t)type, -1);
		else if (spans_overlap(all, values))
			for (int code = 0; code <= UINT8_MAX; code++)
				if (spans_has(values,
					icmp_value(family, (uint8_t)type,
					    (uint8_t)code)))
					icmp_item(w, (uint8_t)type, code);
		spans_drop(all);
	}
	w->impossible |= w->items > ICMP_MOST;
}

/* Those of which only PSH, URG, ECE and CWR are free are one item, if all of
 * them are there, or else each is one. */
static void
flags_items(struct writer *w, const struct spans *values)
{
	const uint8_t main = TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK;

	for (uint64_t v = 1; v <= FLAGS_VALUE_MOST; v++) {
		uint8_t flags = flags_of_value(v);
		struct flags_match match = { flags & main, main };
		char text[FLAGS_MATCH_TEXT_SIZE];
		bool first = (flags & ~main) == 0;
		struct spans *alike = flags_spans(&match, 1, false);
		bool whole = alike && spans_within(alike, values);
		w->phrase->failed |= !alike;
		spans_drop(alike);
		if (!whole)
			match = (struct flags_match){ flags, UINT8_MAX };
		if (spans_has(values, v) && (first || !whole))
			item(w, flags_match_print(&match, text), true);
	}
	w->impossible |= w->items > FLAGS_MOST;
}

static void
range_item(struct writer *w, const struct address_range *range)
{
	char text[2 * ADDRESS_TEXT_SIZE];

	address_range_print(range, text, sizeof(text));
	item(w, text, true);
}

/* IPv4 first; then IPv6, of which what goes on behind the block of IPv4 is one
 * range. */
static void
address_items(struct writer *w, const struct spans *addresses)
{
	static const struct address_range *const blocks[] = { &block_below_v4,
		&block_above_v4 };
	struct address_range open = { { 0, 1 }, { 0, 0 } };

	for (size_t i = 0; i < addresses->count; i++) {
		struct address_range v4 =
		    range_clip(addresses->at[i], block_v4);
		if (!range_is_empty(v4))
			range_item(w, &v4);
	}
	for (size_t i = 0; i < addresses->count; i++)
		for (size_t b = 0; b < 2; b++) {
			struct address_range v6 =
			    range_clip(addresses->at[i], *blocks[b]);
			if (range_is_empty(v6))
				continue;
			if (!range_is_empty(open) &&
			    address_equal(open.high, block_below_v4.high) &&
			    address_equal(v6.low, block_above_v4.low)) {
				open.high = v6.high;
				continue;
			}
			if (!range_is_empty(open))
				range_item(w, &open);
			open = v6;
		}
	if (!range_is_empty(open))
		range_item(w, &open);
}

/* Names and patterns all of which the set holds, the widest first; what they
 * leave is the rest of some pattern, for which configs have no word. */
static void
interface_items(struct writer *w, struct spans *numbers)
{
	const struct atoms *atoms = w->space->atoms;
	struct spans *rest = spans_keep(numbers);
	const char *name, *best;

	do {
		size_t width = 0;
		struct spans *most = NULL;
		best = NULL;
		for (size_t i = 0; rest && (name = atoms_name(atoms, i)); i++) {
			size_t low, high;
			atoms_find(atoms, name, &low, &high);
			struct spans *these = spans_of(low, high);
			if (these && high - low + 1 > width &&
			    spans_within(these, rest)) {
				best = name;
				width = high - low + 1;
				spans_drop(most);
				most = spans_keep(these);
			}
			spans_drop(these);
		}
		if (best) {
			item(w, best, true);
			struct spans *left = spans_subtract(rest, most);
			spans_drop(rest);
			rest = left;
		}
		spans_drop(most);
	} while (best);
	w->phrase->failed |= !rest;
	if (rest && rest->count > 0) {
		w->impossible = true;
		item(w, "others", false);
	}
	spans_drop(rest);
}

/* Numbers, one less than the values; "unknown" has no word in a config. */
static void
owner_items(struct writer *w, const struct spans *values)
{
	if (spans_has(values, 0)) {
		w->impossible |= w->config;
		item(w, "unknown", false);
	}
	for (size_t i = 0; i < values->count; i++) {
		uint64_t low = values->at[i].low.low;
		if (low == 0)
			low = 1;
		if (low <= values->at[i].high.low)
			number_item(w, low - 1, values->at[i].high.low - 1);
	}
}

static void
put_items(struct writer *w, enum side side, struct spans *values)
{
	w->items = 0;
	switch (side) {
	case SIDE_PROTOCOL:
		protocol_items(w, values);
		break;
	case SIDE_PORT:
	case SIDE_SOURCE_PORT:
		port_items(w, values);
		break;
	case SIDE_ICMP:
		icmp_items(w, values);
		break;
	case SIDE_FLAGS:
		flags_items(w, values);
		break;
	case SIDE_USER:
	case SIDE_GROUP:
		owner_items(w, values);
		break;
	case SIDE_FROM:
	case SIDE_TO:
		address_items(w, values);
		break;
	case SIDE_INTERFACE:
	case SIDE_OUT_INTERFACE:
		interface_items(w, values);
		break;
	case SIDE_COUNT:
		break;
	}
}

/* The values that mean anything there: without those that say "has none", and
 * of ICMP those of one family. */
static struct spans *
meaning(const struct writer *w, enum side side)
{
	enum family family = w->icmp6 ? FAMILY_IPV6 : FAMILY_IPV4;
	static const struct flags_match any_flags = { 0, 0 };

	switch (side) {
	case SIDE_PORT:
	case SIDE_SOURCE_PORT:
		return spans_of(1, UINT16_MAX);
	case SIDE_ICMP:
		return spans_of(icmp_value(family, 0, 0),
		    icmp_value(family, UINT8_MAX, UINT8_MAX));
	case SIDE_FLAGS:
		return flags_spans(&any_flags, 1, false);
	case SIDE_PROTOCOL:
	case SIDE_USER:
	case SIDE_GROUP:
	case SIDE_FROM:
	case SIDE_TO:
	case SIDE_INTERFACE:
	case SIDE_OUT_INTERFACE:
	case SIDE_COUNT:
		break;
	}
	return spans_keep(space_all(w->space, side));
}

/* The items of that set alone.  *count: how many, the most for what no config
 * says. */
static char *
items_of(struct writer *w, enum side side, struct spans *values, size_t *count)
{
	struct phrase phrase = { 0 };
	struct writer inner = *w;

	inner.phrase = &phrase;
	inner.impossible = false;
	if (values)
		put_items(&inner, side, values);
	*count = inner.impossible ? SIZE_MAX : inner.items;
	w->impossible |= inner.impossible;
	return phrase_take(&phrase);
}

/* `key LIST` or `key = (LIST); `, if the side leaves anything out. */
static void
put_side(
    struct writer *w, const char *key, enum side side, const struct cube *cube)
{
	struct spans *all = meaning(w, side);
	size_t count = 0, others = 0;

	if (all && spans_within(all, cube->side[side])) {
		spans_drop(all);
		return;
	}
	struct spans *values =
	    all ? spans_intersect(all, cube->side[side]) : NULL;
	struct spans *rest = values ? spans_subtract(all, values) : NULL;
	char *list = items_of(w, side, values, &count);
	char *but = w->config ? NULL : items_of(w, side, rest, &others);
	if (!rest || !list)
		w->phrase->failed = true;
	else if (w->config)
		phrase_add(w->phrase, count > 1 ? "%s = (%s); " : "%s = %s; ",
		    key, list);
	else
		phrase_add(w->phrase, "%s%s %s%s",
		    w->phrase->used > 0 ? "; " : "", key,
		    others < count ? "all but " : "",
		    others < count && but ? but : list);
	free(list);
	free(but);
	spans_drop(values);
	spans_drop(rest);
	spans_drop(all);
}

static bool
has_icmp(const struct cube *cube)
{
	return spans_has(cube->side[SIDE_PROTOCOL], PROTOCOL_ICMP) ||
	       spans_has(cube->side[SIDE_PROTOCOL], PROTOCOL_ICMPV6);
}

static bool
has_ports(const struct cube *cube)
{
	for (unsigned p = 0; p <= UINT8_MAX; p++)
		if (protocol_has_ports((uint8_t)p) &&
		    spans_has(cube->side[SIDE_PROTOCOL], p))
			return true;
	return false;
}

/* The protocols of a rule that names none but has ports. */
static bool
is_tcp_and_udp(const struct cube *cube)
{
	struct spans *const *side = cube->side;

	return spans_has(side[SIDE_PROTOCOL], PROTOCOL_TCP) &&
	       spans_has(side[SIDE_PROTOCOL], PROTOCOL_UDP) &&
	       !spans_has(side[SIDE_PROTOCOL], PROTOCOL_DCCP) &&
	       !spans_has(side[SIDE_PROTOCOL], PROTOCOL_SCTP) &&
	       !spans_has(side[SIDE_PROTOCOL], PROTOCOL_UDPLITE);
}

static bool
is_whole(const struct writer *w, const struct cube *cube, enum side side)
{
	struct spans *all = meaning(w, side);
	bool whole = all && spans_within(all, cube->side[side]);

	spans_drop(all);
	return whole;
}

/* Of TCP alone, whatever protocols it has. */
static bool
is_segments(const struct cube *cube)
{
	return !spans_has(cube->side[SIDE_FLAGS], 0);
}

static void
put_cube(struct writer *w, const struct cube *cube)
{
	bool segments = is_segments(cube);
	bool flags = spans_has(cube->side[SIDE_PROTOCOL], PROTOCOL_TCP) &&
		     !is_whole(w, cube, SIDE_FLAGS);
	bool icmp =
	    has_icmp(cube) && !spans_within(space_all(w->space, SIDE_ICMP),
				  cube->side[SIDE_ICMP]);
	bool ports =
	    has_ports(cube) && (!is_whole(w, cube, SIDE_PORT) ||
				   !is_whole(w, cube, SIDE_SOURCE_PORT));

	w->icmp6 = spans_has(cube->side[SIDE_PROTOCOL], PROTOCOL_ICMPV6);
	if (segments)
		phrase_add(w->phrase, "%s",
		    !w->config ? "protocol tcp"
		    : flags    ? ""
			       : "protocol = \"tcp\"; ");
	else if (icmp ? w->config
		      : !(w->config && ports && is_tcp_and_udp(cube)))
		put_side(w, "protocol", SIDE_PROTOCOL, cube);
	if (ports) {
		put_side(w, "port", SIDE_PORT, cube);
		put_side(w, "source_port", SIDE_SOURCE_PORT, cube);
	}
	if (icmp)
		put_side(w, w->icmp6 && !w->config ? "icmpv6" : "icmp",
		    SIDE_ICMP, cube);
	if (flags) {
		put_side(w, "flags", SIDE_FLAGS, cube);
		w->impossible |= !segments;
	}
	put_side(w, "user", SIDE_USER, cube);
	put_side(w, "group", SIDE_GROUP, cube);
	put_side(w, "from", SIDE_FROM, cube);
	put_side(w, "to", SIDE_TO, cube);
	put_side(w, "interface", SIDE_INTERFACE, cube);
	put_side(w, "out_interface", SIDE_OUT_INTERFACE, cube);
}

void
cube_say(
    struct phrase *phrase, const struct space *space, const struct cube *cube)
{
	struct phrase own = { 0 };
	struct writer w = { .phrase = &own, .space = space };

	put_cube(&w, cube);
	char *text = phrase_take(&own);
	phrase_add(phrase, "%s", !text ? "?" : *text ? text : "everything");
	phrase->failed |= !text;
	free(text);
}

char *
cube_rule(
    const struct space *space, const struct cube *cube, const char *action)
{
	struct phrase phrase = { 0 };
	struct writer w = { .phrase = &phrase, .space = space, .config = true };

	phrase_add(&phrase, "{ ");
	put_cube(&w, cube);
	phrase_add(&phrase, "action = \"%s\"; }", action);
	char *text = phrase_take(&phrase);
	if (!w.impossible)
		return text;
	free(text);
	return NULL;
}

void
ports_say(struct phrase *phrase, const struct spans *ports)
{
	struct writer w = { .phrase = phrase };

	port_items(&w, ports);
}
