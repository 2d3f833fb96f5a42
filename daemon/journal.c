/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The native protocol of the journal (systemd's page JOURNAL_NATIVE_PROTOCOL):
 * a datagram of lines FIELD=VALUE.  A value cannot hold a newline here, as the
 * line that it comes from has no control bytes.
 *
 * The fields are read from the line, which has each of them once, so the text
 * and the fields cannot tell different stories.
 *
 * Nobody waits for the journal: what would block is refused.
 */
#include "journal.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_PATH "/run/systemd/journal/socket"
#define ENTRY_SIZE  2048

struct entry {
	char *text;
	size_t size, used;
	bool full;
};

/* clang-format off */
static const struct {
	const char *key, *field;
	bool lower; /* in lower case, as everywhere else */
} fields[] = {
	{ "IN",     "IN",         false },
	{ "OUT",    "OUT",        false },
	{ "SRC",    "SRC",        false },
	{ "DST",    "DST",        false },
	{ "PROTO",  "PROTOCOL",   true },
	{ "SPT",    "SPORT",      false },
	{ "DPT",    "DPORT",      false },
	{ "REASON", "REASON",     false },
	{ "RULE",   "RULE",       false },
	{ "NAME",   "NAME",       false },
	{ "GEN",    "GENERATION", false },
	{ "COUNT",  "COUNT",      false },
};

static const struct { const char *word, *action; } actions[] = {
	{ "ALLOW",  "accept" },
	{ "BLOCK",  "drop" },
	{ "REJECT", "reject" },
};
/* clang-format on */

static void
put(struct entry *entry, const char *field, const char *value, size_t length)
{
	int used = snprintf(entry->text + entry->used,
	    entry->size - entry->used, "%s=%.*s\n", field, (int)length, value);

	if (used < 0 || (size_t)used >= entry->size - entry->used)
		entry->full = true;
	else
		entry->used += (size_t)used;
}

static void
put_part(struct entry *entry, const char *key, size_t key_length,
    const char *value, size_t length)
{
	char name[40];

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strlen(fields[i].key) != key_length ||
		    strncmp(fields[i].key, key, key_length) != 0)
			continue;
		size_t before = entry->used;
		snprintf(name, sizeof(name), "EPHEMERALD_%s", fields[i].field);
		if (length > 0)
			put(entry, name, value, length);
		char *at = entry->text + before + strlen(name) + 1;
		for (; fields[i].lower && at < entry->text + entry->used; at++)
			if (*at >= 'A' && *at <= 'Z')
				*at |= 0x20;
	}
}

/* Words without "=" are flags of a packet. */
static void
put_parts(struct entry *entry, const char *line, bool *in, bool *out)
{
	while (*(line += strspn(line, " "))) {
		size_t key = strcspn(line, " =");
		if (line[key] != '=') {
			line += key;
			continue;
		}
		const char *value = line + key + 1;
		bool quoted = *value == '"';
		value += quoted;
		size_t length = strcspn(value, quoted ? "\"" : " ");
		put_part(entry, line, key, value, length);
		*in |= key == 2 && strncmp(line, "IN", 2) == 0 && length > 0;
		*out |= key == 3 && strncmp(line, "OUT", 3) == 0 && length > 0;
		line = value + length;
		line += quoted && *line;
	}
}

static void
put_word(struct entry *entry, const char *field, const char *value)
{
	put(entry, field, value, strlen(value));
}

size_t
journal_entry(int priority, const char *line, char *text, size_t size)
{
	struct entry entry = { .text = text, .size = size };
	char number[16], message[ENTRY_SIZE];
	bool in = false, out = false;

	snprintf(number, sizeof(number), "%d", priority);
	snprintf(message, sizeof(message), "ephemerald: %s", line);
	put_word(&entry, "MESSAGE", message);
	put_word(&entry, "PRIORITY", number);
	put_word(&entry, "SYSLOG_IDENTIFIER", "ephemerald");
	put_word(&entry, "MESSAGE_ID", JOURNAL_MESSAGE_ID);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strncmp(line, actions[i].word, strcspn(line, " ")) == 0)
			put_word(
			    &entry, "EPHEMERALD_ACTION", actions[i].action);
	put_parts(&entry, line, &in, &out);
	if (in || out)
		put_word(&entry, "EPHEMERALD_DIRECTION",
		    in && out ? "forward"
		    : in      ? "inbound"
			      : "outbound");
	return entry.full ? 0 : entry.used;
}

bool
journal_send(int priority, const char *line)
{
	static const struct sockaddr_un journal = {
		.sun_family = AF_UNIX,
		.sun_path = SOCKET_PATH,
	};
	char entry[ENTRY_SIZE];
	size_t bytes = journal_entry(priority, line, entry, sizeof(entry));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	bool sent =
	    bytes > 0 && sendto(fd, entry, bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
			     (const struct sockaddr *)&journal,
			     sizeof(journal)) == (ssize_t)bytes;
	close(fd);
	return sent;
}
