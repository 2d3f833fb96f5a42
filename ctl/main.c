/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of ephctl.  One table says which commands there are, what
 * they take and what they are for; usage, errors and dispatch all come from
 * it.  Names match exactly: a script that leans on an abbreviation breaks the
 * day a second command begins like it.
 */
#include "command.h"

#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>

#include "text.h"

#define DEFAULT_SOCKET "/run/ephemerald/control.sock"
#define EXPLAIN_MOST   64 /* words of a line of some log */

struct command {
	const char *name;
	int (*function)(const struct call *call);
	const char *help;
	/* All of them, as usage shows them; those that may be missing follow a
	 * blank in brackets. */
	const char *arguments;
	size_t argument_count;
	const struct command_option *option;
};

/* clang-format off */
static const struct command_option none[] = { { 0 } };

#define CONDITIONS \
	{ "protocol",  "PROTOCOL",  "tcp, udp, icmp, ... or a number" }, \
	{ "src",       "ADDRESS",   "sender of the first packet; a prefix or a range too" }, \
	{ "dst",       "ADDRESS",   "receiver of the first packet" }, \
	{ "sport",     "PORT",      "its source port; a range too" }, \
	{ "dport",     "PORT",      "its destination port" }, \
	{ "state",     "STATE",     "established, syn-sent, ..." }, \
	{ "direction", "DIRECTION", "inbound, outbound or forward" }, \
	{ "rule",      "RULE",      "that let it in: \"inbound 1\", or its name" },

static const struct command_option flow_conditions[] = { CONDITIONS { 0 } };

static const struct command_option top_options[] = {
	CONDITIONS
	{ "interval", "SECONDS", "how often the daemon is asked (default: 2)" },
	{ 0 },
};

static const struct command_option kill_options[] = {
	CONDITIONS
	{ "all",   "", "every connection, instead of conditions" },
	{ "reset", "", "tell both ends of TCP connections, by a RST" },
	{ 0 },
};

static const struct command_option drop_options[] = {
	{ "limit", "N", "the last N lines only" },
	{ 0 },
};

static const struct command_option explain_options[] = {
	{ "config", "FILE",    "ask this file, not the running daemon" },
	{ "expect", "VERDICT", "accept, drop or reject; exit 8 if it differs" },
	{ 0 },
};

static const struct command_option lint_options[] = {
	{ "clients",   "PROFILE", "assume these ports of whoever connects: linux, iana, ..." },
	{ "elsewhere", "",        "the config is for another host: do not look at this one" },
	{ 0 },
};

static const struct command_option diff_options[] = {
	{ "config", "FILE", "compare with this file, not with the running daemon" },
	{ 0 },
};

static const struct command_option replay_options[] = {
	{ "config",  "FILE",     "judge by this (default: " DEFAULT_CONFIG ")" },
	{ "local",   "PREFIXES", "this host's addresses, with commas between" },
	{ "summary", "",         "only how often each reason was given" },
	{ "vs",      "FILE",     "judge by this too: only what differs is printed" },
	{ "expect-same", "",     "with --vs: exit 8 if anything differs" },
	{ 0 },
};

static const struct command_option set_options[] = {
	{ "for", "TIME", "with add: 90, 15m, 2h, 5d; -1: for ever" },
	{ 0 },
};

static const struct command_option reload_options[] = {
	{ "force", "", "though it cuts this session or protected connections" },
	{ 0 },
};

static const struct command_option shadow_options[] = {
	{ "limit", "N", "the last N lines only" },
	{ "force", "", "promote it though it cuts this session or protected connections" },
	{ 0 },
};

static const struct command_option try_options[] = {
	{ "timeout", "TIME", "how long to wait for the confirmation: 60, 5m, 1h" },
	{ "force",   "",     "though it cuts this session or protected connections" },
	{ 0 },
};

static const struct command_option allow_options[] = {
	{ "for",  "TIME",    "how long: 90, 15m, 2h, 5d" },
	{ "from", "ADDRESS", "only from there; a prefix, a range or a @set too" },
	{ 0 },
};

static const struct command_option ban_options[] = {
	{ "for", "TIME", "90, 15m, 2h, 5d; without it, or -1: for ever" },
	{ 0 },
};

static const struct command_option metrics_options[] = {
	{ "output", "FILE", "put them there, always whole: for node_exporter" },
	{ 0 },
};

static const struct command commands[] = {
	{ "status",  command_status,  "what the firewall does and how it is doing",      "", 0, none },
	{ "rules",   command_rules,   "the rules in order, what each has decided",       "", 0, none },
	{ "flows",   command_flows,   "the connections it knows; all conditions hold",   "", 0, flow_conditions },
	{ "watch",   command_watch,   "connections and drops as they happen; all conditions hold", "", 0, flow_conditions },
	{ "top",     command_top,     "the connections on a screen, sorted, the busiest first", "", 0, top_options },
	{ "kill",    command_kill,    "end the connections that meet the conditions", "", 0, kill_options },
	{ "drops",   command_drops,   "what it dropped of late, newest last",            "", 0, drop_options },
	{ "why",     command_why,     "why packets of this address were dropped, in a line", "ADDRESS", 1, none },
	{ "shadow",  command_shadow,  "what the shadow policy would have given another verdict; promote: put it in force", "[promote]", 1, shadow_options },
	{ "reload",  command_reload,  "read the config again; a bad one changes nothing", "", 0, reload_options },
	{ "try",     command_try,     "the config in FILE for a while: it goes unless `ephctl confirm` comes", "FILE", 1, try_options },
	{ "confirm", command_confirm, "the config on trial stays",                        "", 0, none },
	{ "rollback", command_rollback, "end the trial; without one, back to the policy before", "", 0, none },
	{ "allow",   command_allow,   "let a port in for a while; OPENING: 8080/tcp, or list, or del with a PORT", "OPENING [PORT]", 2, allow_options },
	{ "explain", command_explain, "what a packet would get, and its reply",
	    "DIRECTION PROTOCOL SRC[:PORT] DST[:PORT] [FIELD=VALUE...]", EXPLAIN_MOST, explain_options },
	{ "metrics", command_metrics, "all that is counted, for Prometheus",             "", 0, metrics_options },
	{ "set",     command_set,     "members of a set; WHAT: add, del, test or list", "WHAT [SET [ADDRESS]]", 3, set_options },
	{ "ban",     command_ban,     "drop all packets of this address, and cut its connections", "ADDRESS", 1, ban_options },
	{ "check",   command_check,   "is the config in FILE valid?  Needs no daemon",  "FILE", 1, none },
	{ "import",  command_import,  "rules of AWS, as JSON, to a config; KIND: aws-network-acls, aws-security-groups",
	    "KIND FILE", 2, none },
	{ "export",  command_export,  "a config to rules of AWS, as JSON; the same kinds", "KIND FILE", 2, none },
	{ "lint",    command_lint,    "what is wrong with a config that is valid; no daemon", "FILE", 1, lint_options },
	{ "diff",    command_diff,    "what the config in FILE would change, and which flows it would cut", "FILE", 1, diff_options },
	{ "replay",  command_replay,  "what a capture would get, by its own clock; no daemon", "FILE.pcap", 1, replay_options },
};
/* clang-format on */

enum global {
	GLOBAL_JSON = 1,
	GLOBAL_SOCKET,
	GLOBAL_NO_HEADER,
	GLOBAL_VERSION,
	GLOBAL_HELP = 'h',
	OWN_OPTION = 256, /* the first of the command's own */
};

static const struct option globals[] = {
	{ "json", no_argument, NULL, GLOBAL_JSON },
	{ "socket", required_argument, NULL, GLOBAL_SOCKET },
	{ "no-header", no_argument, NULL, GLOBAL_NO_HEADER },
	{ "version", no_argument, NULL, GLOBAL_VERSION },
	{ "help", no_argument, NULL, GLOBAL_HELP },
};

const char *
call_option(const struct call *call, const char *name)
{
	for (size_t i = 0; call->option[i].name; i++)
		if (strcmp(call->option[i].name, name) == 0)
			return call->value[i];
	return NULL;
}

static void
print_usage(void)
{
	puts("usage: ephctl [--socket PATH] [--json] [--no-header] [COMMAND]\n"
	     "       ephctl COMMAND --help\n"
	     "       ephctl --version\n\n"
	     "Asks the firewall ephemerald.  Without a command: status.\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-8s  %s\n", commands[i].name, commands[i].help);
	puts("\n"
	     "  --socket PATH  where the daemon listens, if not at\n"
	     "                 " DEFAULT_SOCKET "\n"
	     "  --json         an object, or an object per line\n"
	     "  --no-header    tables without headings");
}

static void
print_command_usage(const struct command *command)
{
	const struct command_option *option = command->option;

	printf("usage: ephctl %s%s%s%s\n\n%s\n", command->name,
	    *command->arguments ? " " : "", command->arguments,
	    option->name ? " [OPTIONS]" : "", command->help);
	if (option->name)
		putchar('\n');
	for (; option->name; option++) {
		int blanks =
		    20 - (int)strlen(option->name) - (int)strlen(option->value);

		printf("  --%s %s%*s  %s\n", option->name, option->value,
		    blanks, "", option->help);
	}
}

/* Insertions, deletions and replacements from `a` to `b`, which is a name of
 * ours; 99: far. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[32];
	size_t length = strlen(b);

	if (strlen(a) > 2 * length || length >= ARRAY_LEN(row))
		return 99;
	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (; *a; a++) {
		unsigned diagonal = row[0]++;

		for (size_t j = 1; j <= length; j++) {
			unsigned best = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j] = best;
		}
	}
	return row[length];
}

static noreturn void
refuse_command(const char *name)
{
	const char *nearest = NULL;
	unsigned least = 3;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		unsigned far = distance(name, commands[i].name);

		if (far < least && far < strlen(name)) {
			least = far;
			nearest = commands[i].name;
		}
	}
	if (nearest)
		text_complain(
		    "unknown command '%s', did you mean '%s'?", name, nearest);
	else
		text_complain("unknown command '%s'", name);
	fputs("commands:", stderr);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(stderr, "%s %s", i ? "," : "", commands[i].name);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

/* Says what is wrong and where the right form is described. */
static noreturn void __attribute__((format(printf, 2, 3)))
refuse(const struct command *command, const char *format, ...)
{
	va_list arguments;
	char *what;

	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	va_end(arguments);
	text_complain("%s; see `ephctl %s%s--help`", (char *)text_need(what),
	    command ? command->name : "", command ? " " : "");
	exit(EXIT_USAGE);
}

static noreturn void
refuse_option(const struct command *command, const char *word, bool has_value)
{
	char letter[] = { '-', (char)optopt, '\0' };

	if (optopt > ' ' && optopt < 0x7f)
		word = letter;
	if (has_value)
		refuse(command, "unknown option '%s'", word);
	refuse(command, "'%s' needs a value", word);
}

/* The options that may stand here: before the command (NULL) or after it.
 * Returns what is left, in *argc and *argv. */
static void
parse_options(
    const struct command *command, struct call *call, int *argc, char ***argv)
{
	struct option options[ARRAY_LEN(globals) + OPTIONS_MAX + 1] = { 0 };
	size_t count = ARRAY_LEN(globals);
	int got;

	memcpy(options, globals, sizeof(globals));
	for (int i = 0; command && command->option[i].name; i++)
		options[count++] = (struct option){ command->option[i].name,
			*command->option[i].value ? required_argument
						  : no_argument,
			NULL, OWN_OPTION + i };
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((got = getopt_long(*argc, *argv, command ? ":h" : "+:h", options,
		    NULL)) != -1) {
		switch (got) {
		case GLOBAL_JSON:
			call->json = true;
			break;
		case GLOBAL_SOCKET:
			call->socket = optarg;
			break;
		case GLOBAL_NO_HEADER:
			call->header = false;
			break;
		case GLOBAL_VERSION:
			puts("ephctl " EPHEMERALD_VERSION);
			exit(EXIT_OK);
		case GLOBAL_HELP:
			if (command)
				print_command_usage(command);
			else
				print_usage();
			exit(EXIT_OK);
		case '?':
		case ':':
			refuse_option(command, (*argv)[optind - 1], got == '?');
		default:
			if (call->value[got - OWN_OPTION])
				refuse(command, "--%s is given twice",
				    command->option[got - OWN_OPTION].name);
			call->value[got - OWN_OPTION] = optarg ? optarg : "";
		}
	}
	*argc -= optind;
	*argv += optind;
}

static size_t
least_arguments(const struct command *command)
{
	if (command->argument_count == EXPLAIN_MOST)
		return 1; /* all of it may be one that was pasted */
	size_t count = command->argument_count;
	char before = ' ';

	/* Each that may be missing begins with a bracket. */
	for (const char *at = command->arguments; *at; before = *at++)
		count -= before == ' ' && *at == '[';
	return count;
}

/* The command that the words ask for, and *call for it.  Ends the program on
 * bad usage, --help and --version. */
static const struct command *
parse(int argc, char **argv, struct call *call)
{
	const struct command *command = NULL;

	parse_options(NULL, call, &argc, &argv);
	const char *name = argc > 0 ? argv[0] : "status";
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			command = &commands[i];
	if (!command)
		refuse_command(name);
	if (argc > 0)
		parse_options(command, call, &argc, &argv);
	call->command = command->name;
	call->option = command->option;
	call->argument = argv;
	call->argument_count = (size_t)argc;
	if (call->argument_count > command->argument_count)
		refuse(command, "unexpected argument '%s'",
		    argv[command->argument_count]);
	if (call->argument_count < least_arguments(command))
		refuse(command, "%s needs %s", name, command->arguments);
	return command;
}

int
main(int argc, char **argv)
{
	struct call call = { .socket = DEFAULT_SOCKET, .header = true };

	setlocale(LC_CTYPE, "");
	const struct command *command = parse(argc, argv, &call);
	int code = command->function(&call);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		text_complain("the answer could not be written");
		return EXIT_FAILED;
	}
	return code;
}
