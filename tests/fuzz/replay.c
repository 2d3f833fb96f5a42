/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for libFuzzer's main: hands each file of the given corpus folders,
 * and the empty input, to LLVMFuzzerTestOneInput() once.  So the corpus runs
 * under plain ctest and every compiler.  The input is copied into a buffer of
 * exactly its size, for AddressSanitizer to see a read beyond it.  A folder
 * that cannot be read, or holds nothing, is a failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
die(const char *what, const char *path)
{
	fprintf(stderr, "replay: %s: ", path);
	perror(what);
	exit(EXIT_FAILURE);
}

static void
replay_file(const char *path)
{
	struct stat status;
	FILE *file = fopen(path, "rb");
	if (!file || fstat(fileno(file), &status) < 0)
		die("open", path);
	if (S_ISDIR(status.st_mode)) {
		fclose(file);
		return;
	}
	size_t size = (size_t)status.st_size;
	uint8_t *data = malloc(size);
	if (size > 0 && (!data || fread(data, 1, size, file) != size))
		die("read", path);
	fclose(file);
	/* An abort in the target must leave the culprit's name behind. */
	printf("%s (%zu bytes)\n", path, size);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static size_t
replay_folder(const char *folder)
{
	size_t files = 0;
	DIR *dir = opendir(folder);
	if (!dir)
		die("opendir", folder);
	for (struct dirent *entry; (entry = readdir(dir));) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder,
			entry->d_name) >= (int)sizeof(path))
			die("name too long", folder);
		replay_file(path);
		files++;
	}
	closedir(dir);
	return files;
}

int
main(int argc, char **argv)
{
	size_t files = 0;
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		files += replay_folder(argv[i]);
	printf("%zu inputs\n", files);
	if (files == 0)
		fputs("replay: no input: give folders with files\n", stderr);
	return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
