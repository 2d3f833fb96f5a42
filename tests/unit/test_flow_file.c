/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of flows between two processes: it comes back as it was, once; and
 * whatever was done to it meanwhile is told in one sentence.
 */
#include "flow_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter.h"
#include "interfaces.h"
#include "policies.h"
#include "siphash.h"
#include "suites.h"

#define NOW_MS UINT64_C(1000000)

static char folder[64], path[96], key[96], new_path[96];
static char error[FLOW_FILE_ERROR_SIZE];
static struct interfaces *interfaces;
static struct filter *filter;

/* A filter with one flow, a ping out on eth0. */
static void
set_up(void)
{
	struct filter_options options = { .max_flows = 64, .workers = 1 };
	struct policy *old;
	uint8_t ping[28] = { 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, 192, 0, 2,
		2, 203, 0, 113, 1, 8 };
	struct decision d;

	snprintf(folder, sizeof(folder), "%s/flows-XXXXXX", P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/flows", folder);
	snprintf(key, sizeof(key), "%s/key", folder);
	snprintf(new_path, sizeof(new_path), "%s/flows.new", folder);
	options.interfaces = interfaces = interfaces_create();
	filter = filter_create(&options);
	filter_enter(filter, 0);
	ck_assert(filter_publish(filter,
	    policy_of("outbound = ( { port = \"*\"; action = \"allow\"; } );"),
	    &old));
	struct frame frame = {
		.bytes = ping,
		.captured = sizeof(ping),
		.length = sizeof(ping),
		.direction = OUTBOUND,
		.out_interface = interfaces_intern(interfaces, "eth0"),
	};
	filter_batch(filter, 0, &frame, &d, 1, NOW_MS);
	ck_assert_int_eq(d.why, RULE_ALLOW);
	filter_quiescent(filter, 0);
}

static void
tear_down(void)
{
	filter_leave(filter, 0);
	filter_destroy(filter);
	interfaces_destroy(interfaces);
	unlink(path);
	unlink(new_path);
	unlink(key);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
write_file(void)
{
	ck_assert_msg(
	    flow_file_write(folder, filter, interfaces, error), "%s", error);
	filter_online();
}

START_TEST(it_comes_back_once)
{
	struct flow_file file;
	struct saved_flow saved;
	struct stat status;
	uint64_t cursor = 0;

	write_file();
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(key, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_int_ne(access(new_path, F_OK), 0);
	const struct image_head *image = flow_file_read(&file, folder, error);
	ck_assert_msg(image != NULL, "%s", error);
	ck_assert(image_next(image, &cursor, &saved));
	ck_assert_str_eq(image_name(image, saved.interfaces >> 16), "eth0");
	ck_assert(!image_next(image, &cursor, &saved));
	flow_file_close(&file);
	ck_assert(!flow_file_read(&file, folder, error));
	ck_assert_str_eq(error, "");
}
END_TEST

static void
assert_refused(const char *want)
{
	struct flow_file file;

	ck_assert(!flow_file_read(&file, folder, error));
	ck_assert_msg(strstr(error, want), "\"%s\", not \"%s\"", error, want);
	ck_assert_msg(!strchr(error, '\n'), "%s", error);
	/* And is not tried again. */
	ck_assert_int_ne(access(path, F_OK), 0);
}

/* Every byte of it, one after the other. */
START_TEST(a_changed_byte_is_found)
{
	struct stat status;

	write_file();
	ck_assert_int_eq(stat(path, &status), 0);
	for (off_t at = 0; at < status.st_size; at += 1 + at / 50) {
		uint8_t byte;
		write_file();
		int fd = open(path, O_RDWR);
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		close(fd);
		assert_refused("it was changed, or written elsewhere");
	}
}
END_TEST

START_TEST(a_torn_one_is_found)
{
	struct stat status;

	write_file();
	ck_assert_int_eq(stat(path, &status), 0);
	for (off_t size = 1; size < status.st_size; size += 1 + size / 9) {
		write_file();
		ck_assert_int_eq(truncate(path, size), 0);
		assert_refused("flows is not used: it ");
	}
	write_file();
	ck_assert_int_eq(truncate(path, 0), 0);
	assert_refused("cannot be read");
}
END_TEST

START_TEST(one_of_another_key_is_refused)
{
	write_file();
	int fd = open(key, O_WRONLY);
	ck_assert_int_eq(write(fd, "another", 7), 7);
	close(fd);
	assert_refused("it was changed, or written elsewhere");
	write_file();
	unlink(key);
	assert_refused("it was changed, or written elsewhere");
}
END_TEST

/* Written by who has the key, but at another boot, or later than now: the last
 * words are the time and the tag, before them is the boot's id. */
START_TEST(one_of_another_time_is_refused)
{
	static uint64_t words[65536];
	struct siphash_key k;

	write_file();
	int fd = open(key, O_RDONLY);
	ck_assert_int_eq(read(fd, &k, sizeof(k)), sizeof(k));
	close(fd);
	fd = open(path, O_RDWR);
	ssize_t size = read(fd, words, sizeof(words));
	ck_assert_int_gt(size, 64);
	size_t last = (size_t)size / 8 - 1;
	ck_assert_uint_eq(words[last], siphash(&k, words, last));
	words[last - (_i ? 1 : 4)] ^= UINT64_C(1) << 60;
	words[last] = siphash(&k, words, last);
	ck_assert_int_eq(pwrite(fd, words, (size_t)size, 0), size);
	close(fd);
	assert_refused("it is of another boot");
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_told)
{
	struct flow_file file;

	ck_assert(!flow_file_read(&file, "/nowhere", error));
	ck_assert(strstr(error, "/nowhere cannot be opened"));
	ck_assert(!flow_file_write("/nowhere", filter, interfaces, error));
	ck_assert(strstr(error, "/nowhere cannot be opened"));
}
END_TEST

Suite *
suite_flow_file(void)
{
	Suite *suite = suite_create("flow_file");
	TCase *tests = tcase_create("flow_file");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, it_comes_back_once);
	tcase_add_test(tests, a_changed_byte_is_found);
	tcase_add_test(tests, a_torn_one_is_found);
	tcase_add_test(tests, one_of_another_key_is_refused);
	tcase_add_loop_test(tests, one_of_another_time_is_refused, 0, 2);
	tcase_add_test(tests, a_folder_that_is_not_there_is_told);
	suite_add_tcase(suite, tests);
	return suite;
}
