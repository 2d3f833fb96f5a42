/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ephemerald: reads its config, starts, turns until a signal says stop.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "files.h"
#include "log.h"
#include "notify.h"
#include "service.h"

#define DEFAULT_CONFIG "/etc/ephemerald/ephemerald.conf"
#define DEFAULT_SOCKET "/run/ephemerald/control.sock"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INVALID_CONFIG = 5 };

struct options {
	struct service_paths paths;
	bool check;
};

static const char usage[] =
    "usage: ephemerald [-c FILE] [--check] [--socket PATH] [--state DIR]\n"
    "                  [--version]\n"
    "  -c, --config FILE   config (default: " DEFAULT_CONFIG ")\n"
    "      --check         say whether the config is valid, and exit\n"
    "      --socket PATH   control socket (default: " DEFAULT_SOCKET ")\n"
    "      --state DIR     keep connections there from a stop to the next "
    "start\n"
    "      --version       print the version, and exit\n"
    "      --help          print this, and exit\n"
    "Signals: SIGHUP reloads the config; SIGINT and SIGTERM stop.\n";

/* Exits on bad usage, and after --help and --version. */
static struct options
parse_options(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' },
		{ "socket", required_argument, NULL, 's' },
		{ "state", required_argument, NULL, 't' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options opt = {
		.paths = { DEFAULT_CONFIG, DEFAULT_SOCKET,
		    getenv("STATE_DIRECTORY") },
	};

	for (int c;
	     (c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			opt.paths.config = optarg;
			break;
		case 'k':
			opt.check = true;
			break;
		case 's':
			opt.paths.socket = optarg;
			break;
		case 't':
			opt.paths.state = optarg;
			break;
		case 'v':
			puts("ephemerald " EPHEMERALD_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			fputs(usage, stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ephemerald: unexpected argument '%s'\n%s",
		    argv[optind], usage);
		exit(EXIT_USAGE);
	}
	return opt;
}

/* NULL: *files is empty. */
static struct policy *
load_policy(const char *path, struct files *files)
{
	struct diagnostics diagnostics = { NULL, 0 };
	struct policy *policy =
	    files_read(path, files, &diagnostics)
		? files_policy(files->text, files->count, true, &diagnostics)
		: NULL;

	for (size_t i = 0; i < diagnostics.count; i++)
		(policy ? log_info : log_error)("%s", diagnostics.line[i]);
	diagnostics_clear(&diagnostics);
	if (!policy)
		files_free(files);
	return policy;
}

int
main(int argc, char **argv)
{
	struct options opt = parse_options(argc, argv);
	char error[SERVICE_ERROR_SIZE];
	struct files files;

	log_open();
	struct policy *policy = load_policy(opt.paths.config, &files);
	if (!policy)
		return EXIT_INVALID_CONFIG;
	if (opt.check) {
		policy_destroy(policy);
		files_free(&files);
		printf("%s: ok\n", opt.paths.config);
		return EXIT_SUCCESS;
	}
	service_block_signals();
	struct service *service =
	    service_start(policy, &files, &opt.paths, error);
	if (!service) {
		log_error("%s", error);
		return EXIT_FAILED;
	}
	notify("READY=1");
	while (service_turn(service))
		;
	notify("STOPPING=1");
	service_stop(service);
	return EXIT_SUCCESS;
}
