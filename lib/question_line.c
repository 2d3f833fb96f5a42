/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "... IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 ... PROTO=TCP SPT=40000
 * DPT=3389 ... SYN": the shape of net/netfilter/nf_log_syslog.c, of the logs of
 * other firewalls, and of ours.  IN and OUT say which way it goes.  The quoted
 * packet of an ICMP error, which follows in brackets, is not looked at.
 */
#include "question_line.h"

#include <stdio.h>
#include <string.h>

#define VALUE_SIZE 64

/* The value of KEY= in the line, "" for none. */
static void
find(const char *text, const char *key, char value[VALUE_SIZE])
{
	size_t length = strlen(key);
	const char *end = text + strcspn(text, "[");

	/* a bracket that opens the line is a time, not a quote */
	if (!strstr(text, "SRC=") || end < strstr(text, "SRC="))
		end = text + strlen(text);
	value[0] = '\0';
	for (const char *at = text; (at = strstr(at, key)) && at < end; at++) {
		if (at > text && at[-1] != ' ')
			continue;
		size_t size = strcspn(at + length, " \t\n");
		if (size < VALUE_SIZE) {
			memcpy(value, at + length, size);
			value[size] = '\0';
		}
		return;
	}
}

/* As in the text, a word of its own. */
static bool
has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at++)
		if ((at == text || at[-1] == ' ') &&
		    (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static size_t
add_flags(const char *text, char *words, size_t used)
{
	static const char *const names[][2] = { { "FIN", "fin" },
		{ "SYN", "syn" }, { "RST", "rst" }, { "PSH", "psh" },
		{ "ACK", "ack" }, { "URG", "urg" }, { "ECE", "ece" },
		{ "CWR", "cwr" } };
	const char *before = " flags=";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (has_word(text, names[i][0])) {
			used += (size_t)snprintf(words + used,
			    QUESTION_SIZE - used, "%s%s", before, names[i][1]);
			before = ",";
		}
	return used;
}

/* Lower case, and ICMP by its family. */
static void
name_protocol(char protocol[VALUE_SIZE], bool v6)
{
	for (char *c = protocol; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c |= 0x20;
	if (v6 && strcmp(protocol, "icmp") == 0)
		strcpy(protocol, "icmpv6");
}

bool
question_line(const char *text, char words[QUESTION_SIZE])
{
	static const char *const keys[] = { "IN=", "OUT=", "SRC=", "DST=",
		"PROTO=", "SPT=", "DPT=", "TYPE=", "CODE=" };
	enum { IN, OUT, SRC, DST, PROTO, SPT, DPT, TYPE, CODE, KEYS };
	char value[KEYS][VALUE_SIZE];

	for (size_t i = 0; i < KEYS; i++)
		find(text, keys[i], value[i]);
	if (!value[SRC][0] || !value[DST][0])
		return false;
	name_protocol(value[PROTO], strchr(value[SRC], ':') != NULL);
	const char *direction = !value[OUT][0]  ? "inbound"
				: !value[IN][0] ? "outbound"
						: "forward";
	bool ports = value[DPT][0] != '\0';
	size_t used = (size_t)snprintf(words, QUESTION_SIZE,
	    ports ? "%s %s [%s]:%s [%s]:%s" : "%s %s %s%s %s%s", direction,
	    value[PROTO][0] ? value[PROTO] : "?", value[SRC], value[SPT],
	    value[DST], value[DPT]);
	if (strcmp(value[PROTO], "tcp") == 0)
		used = add_flags(text, words, used);
	if (value[TYPE][0])
		used += (size_t)snprintf(words + used, QUESTION_SIZE - used,
		    " icmp=%s%s%s", value[TYPE], value[CODE][0] ? "/" : "",
		    value[CODE]);
	if (value[IN][0])
		used += (size_t)snprintf(
		    words + used, QUESTION_SIZE - used, " in=%s", value[IN]);
	if (value[OUT][0])
		snprintf(
		    words + used, QUESTION_SIZE - used, " out=%s", value[OUT]);
	return true;
}
