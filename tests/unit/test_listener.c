/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of the control socket: what is removed there, what is not touched,
 * who may connect, and that nothing is left.
 */
#include "listener.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "suites.h"

#define SOME_GROUP 65533

static char folder[64], path[96], lock[104];
static char error[LISTENER_ERROR_SIZE];

static void
set_up(void)
{
	snprintf(folder, sizeof(folder), "%s/listener-XXXXXX", P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/control.sock", folder);
	snprintf(lock, sizeof(lock), "%s.lock", path);
}

static void
tear_down(void)
{
	unlink(path);
	unlink(lock);
	ck_assert_int_eq(rmdir(folder), 0);
}

static bool
exists(const char *name)
{
	struct stat status;

	return lstat(name, &status) == 0;
}

/* A socket bound to the path, listening or not. */
static int
bind_path(bool listening)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	strcpy(address.sun_path, path);
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (listening)
		ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

static void
assert_refused(const char *want)
{
	ck_assert_ptr_null(listener_open(path, error));
	ck_assert_msg(strstr(error, want) != NULL, "got \"%s\", want \"%s\"",
	    error, want);
}

START_TEST(nothing_is_left_at_the_end)
{
	struct listener *listener = listener_open(path, error);
	ck_assert_msg(listener != NULL, "%s", error);
	ck_assert(exists(path));
	listener_close(listener);
	ck_assert(!exists(path));
	ck_assert(!exists(lock));
}
END_TEST

START_TEST(mode_and_group_are_right)
{
	struct stat status;
	if (geteuid() == 0)
		ck_assert_int_eq(chown(folder, (uid_t)-1, SOME_GROUP), 0);
	struct listener *listener = listener_open(path, error);
	ck_assert_msg(listener != NULL, "%s", error);
	ck_assert_int_eq(lstat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0660);
	ck_assert_uint_eq(
	    status.st_gid, geteuid() == 0 ? SOME_GROUP : getegid());
	listener_close(listener);
}
END_TEST

START_TEST(second_listener_is_refused)
{
	struct listener *listener = listener_open(path, error);
	ck_assert_msg(listener != NULL, "%s", error);
	assert_refused("in use by another ephemerald");
	ck_assert(exists(path));
	ck_assert(exists(lock));
	listener_close(listener);
}
END_TEST

START_TEST(stale_socket_is_replaced)
{
	close(bind_path(true));
	ck_assert(exists(path));
	struct listener *listener = listener_open(path, error);
	ck_assert_msg(listener != NULL, "%s", error);
	listener_close(listener);
}
END_TEST

START_TEST(stale_lock_file_does_not_matter)
{
	FILE *file = fopen(lock, "w");
	ck_assert_ptr_nonnull(file);
	fclose(file);
	struct listener *listener = listener_open(path, error);
	ck_assert_msg(listener != NULL, "%s", error);
	listener_close(listener);
	ck_assert(!exists(lock));
}
END_TEST

START_TEST(live_socket_of_others_is_not_touched)
{
	int fd = bind_path(true);
	assert_refused("in use by another process");
	ck_assert(exists(path));
	ck_assert(!exists(lock));
	close(fd);
}
END_TEST

START_TEST(other_file_is_not_touched)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fclose(file);
	assert_refused("exists and is not a socket");
	ck_assert(exists(path));
}
END_TEST

START_TEST(socket_that_took_our_place_is_not_removed)
{
	struct listener *listener = listener_open(path, error);
	ck_assert_msg(listener != NULL, "%s", error);
	/* kept under another name, so that its inode is not given away */
	char aside[112];
	snprintf(aside, sizeof(aside), "%s.aside", path);
	ck_assert_int_eq(rename(path, aside), 0);
	int fd = bind_path(true);
	listener_close(listener);
	ck_assert(exists(path));
	close(fd);
	ck_assert_int_eq(unlink(aside), 0);
}
END_TEST

START_TEST(missing_folder_is_made_and_removed)
{
	struct stat status;
	char below[80];
	snprintf(below, sizeof(below), "%s/run", folder);
	snprintf(path, sizeof(path), "%s/control.sock", below);
	struct listener *listener = listener_open(path, error);
	ck_assert_msg(listener != NULL, "%s", error);
	ck_assert_int_eq(lstat(below, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0750);
	listener_close(listener);
	ck_assert(!exists(below));
}
END_TEST

START_TEST(missing_folders_are_an_error)
{
	snprintf(path, sizeof(path), "%s/a/b/control.sock", folder);
	assert_refused("No such file or directory");
}
END_TEST

START_TEST(long_path_is_refused)
{
	char deep[PATH_MAX];
	memset(deep, 'x', 108);
	deep[0] = '/';
	deep[108] = '\0';
	ck_assert_ptr_null(listener_open(deep, error));
	ck_assert_ptr_nonnull(strstr(error, "at most 107 bytes"));
}
END_TEST

/* Can somebody connect, and is that one there to be accepted? */
static bool
is_served(const struct listener *listener)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	bool ok =
	    connect(client, (struct sockaddr *)&address, sizeof(address)) == 0;
	int accepted = ok ? accept(listener_fd(listener), NULL, NULL) : -1;
	if (accepted >= 0)
		close(accepted);
	close(client);
	return ok && accepted >= 0;
}

START_TEST(what_is_left_to_another_is_taken_over)
{
	struct listener *before = listener_open(path, error);
	int kept = dup(listener_fd(before));

	listener_leave(before);
	ck_assert(exists(path));
	struct listener *listener = listener_inherit(path, kept, error);
	ck_assert_msg(listener != NULL, "%s", error);
	ck_assert_int_eq(listener_fd(listener), kept);
	ck_assert(is_served(listener));
	listener_close(listener);
	ck_assert(!exists(path));
	ck_assert(!exists(lock));
}
END_TEST

/* The path has gone; it is another's; it is no listener at all. */
START_TEST(what_cannot_be_taken_over_is_made_anew)
{
	struct listener *before = listener_open(path, error);
	int kept = dup(listener_fd(before));
	int any = socket(AF_UNIX, SOCK_STREAM, 0);

	if (_i == 0)
		unlink(path);
	if (_i == 1) {
		close(kept);
		strcat(path, "2");
		kept = bind_path(true);
		unlink(path);
		path[strlen(path) - 1] = '\0';
	}
	listener_leave(before);
	struct listener *listener =
	    listener_inherit(path, _i == 2 ? dup(any) : kept, error);
	if (_i == 2) /* the one before still listens there */
		ck_assert(listener == NULL && strstr(error, "in use"));
	else
		ck_assert(listener != NULL && is_served(listener));
	if (_i == 2)
		close(kept);
	close(any);
	listener_close(listener);
}
END_TEST

Suite *
suite_listener(void)
{
	Suite *suite = suite_create("listener");
	TCase *tests = tcase_create("listener");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, nothing_is_left_at_the_end);
	tcase_add_test(tests, mode_and_group_are_right);
	tcase_add_test(tests, second_listener_is_refused);
	tcase_add_test(tests, stale_socket_is_replaced);
	tcase_add_test(tests, stale_lock_file_does_not_matter);
	tcase_add_test(tests, live_socket_of_others_is_not_touched);
	tcase_add_test(tests, other_file_is_not_touched);
	tcase_add_test(tests, socket_that_took_our_place_is_not_removed);
	tcase_add_test(tests, missing_folder_is_made_and_removed);
	tcase_add_test(tests, missing_folders_are_an_error);
	tcase_add_test(tests, long_path_is_refused);
	tcase_add_test(tests, what_is_left_to_another_is_taken_over);
	tcase_add_loop_test(
	    tests, what_cannot_be_taken_over_is_made_anew, 0, 3);
	suite_add_tcase(suite, tests);
	return suite;
}
