/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * why: the drops of one address, the latest in a line of its own.  Asks the
 * daemon for its drops, so what is shown of a rule is its text when it decided,
 * however often the rules have changed since.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "address.h"
#include "client.h"
#include "row.h"
#include "text.h"

struct search {
	struct address_range wanted;
	uint64_t packets;
	json_t *last; /* owned; NULL: none yet */
};

static bool
is_wanted(const struct search *search, const char *text)
{
	struct address address;

	return text && address_parse(text, &address) &&
	       address_in(address, &search->wanted);
}

static void
take(void *context, const json_t *row)
{
	struct search *search = context;

	if (!is_wanted(search, row_text(row, "source")) &&
	    !is_wanted(search, row_text(row, "destination")))
		return;
	search->packets += row_count(row, "count");
	if (search->last &&
	    row_number(search->last, "last") > row_number(row, "last"))
		return;
	json_decref(search->last);
	search->last = text_need(json_deep_copy(row));
}

static void
print_json(const struct search *search, const char *address)
{
	json_t *answer =
	    text_need(json_pack("{s:s, s:I, s:O}", "address", address,
		"packets", (json_int_t)search->packets, "last", search->last));
	char *line = text_need(json_dumps(answer, JSON_COMPACT));

	puts(line);
	free(line);
	json_decref(answer);
}

static const char *
or_unknown(const char *text)
{
	return text ? text : "?";
}

static void
print_line(const struct search *search, const char *address)
{
	const json_t *last = search->last;
	const char *rule = row_text(last, "rule");
	const char *text = row_text(last, "rule_text");
	char *ago = row_ago(last, "last");
	char *source = row_endpoint(last, "source", "source_port");
	char *destination =
	    row_endpoint(last, "destination", "destination_port");
	char *raw = text_format("%s: %ju %s dropped, last %s: %s %s %s -> %s: "
				"%s (%s)%s%s%s%s",
	    address, (uintmax_t)search->packets,
	    search->packets == 1 ? "packet" : "packets", or_unknown(ago),
	    or_unknown(row_text(last, "direction")),
	    or_unknown(row_text(last, "protocol")), or_unknown(source),
	    or_unknown(destination), or_unknown(row_text(last, "reason_text")),
	    or_unknown(row_text(last, "reason")), rule ? ", " : "",
	    rule ? rule : "", text ? " " : "", text ? text : "");
	char *clean = text_clean(raw);

	puts(clean);
	free(clean);
	free(raw);
	free(destination);
	free(source);
	free(ago);
}

int
command_why(const struct call *call)
{
	const char *address = call->argument[0];
	struct search search = { .packets = 0 };
	struct call drops = *call;

	if (!address_range_parse(address, &search.wanted)) {
		text_complain("\"%s\": accepted is an address, a prefix or a "
			      "range",
		    address);
		return EXIT_USAGE;
	}
	drops.command = "drops";
	drops.json = false;
	int code = client_ask(&drops, NULL, take, &search);
	if (code == EXIT_OK && !search.last) {
		text_complain("no recent drop of %s", address);
		code = EXIT_NO_OBJECT;
	} else if (code == EXIT_OK && call->json) {
		print_json(&search, address);
	} else if (code == EXIT_OK) {
		print_line(&search, address);
	}
	json_decref(search.last);
	return code;
}
