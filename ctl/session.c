/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sudo(8) and su(1) drop $SSH_CONNECTION, but a shell above them still has it:
 * so the parents are asked, one after the other, for the environment that they
 * were started with.
 */
#include "session.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "SSH_CONNECTION="
#define PARENTS  64

/* NULL: it has none, or may not be asked. */
static char *
of_process(int pid)
{
	char path[40], *entry = NULL, *found = NULL;
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return NULL;
	while (!found && getdelim(&entry, &size, '\0', file) > 0)
		if (strncmp(entry, VARIABLE, strlen(VARIABLE)) == 0)
			found = strdup(entry + strlen(VARIABLE));
	free(entry);
	fclose(file);
	return found;
}

/* 0: none, or unknown. */
static int
parent_of(int pid)
{
	char path[40], line[256];
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "PPid: %d", &parent) == 1)
			break;
	fclose(file);
	return parent;
}

char *
session_find(void)
{
	const char *own = getenv("SSH_CONNECTION");
	char *found = own ? strdup(own) : NULL;
	int pid = getppid();

	for (int i = 0; !found && i < PARENTS && pid > 1; i++) {
		found = of_process(pid);
		pid = parent_of(pid);
	}
	return found;
}
