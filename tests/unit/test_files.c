/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which config files are believed, in which order they come, and what the
 * refusal of the others says.  Each test has a folder of its own.
 */
#include "files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "print.h"
#include "suites.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define NOBODY           65534

static char start[PATH_MAX], folder[PATH_MAX];
static struct files files;
static struct diagnostics diagnostics;

static void
write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(name, 0644), 0);
}

static void
enter_folder(void)
{
	ck_assert_ptr_nonnull(getcwd(start, sizeof(start)));
	snprintf(folder, sizeof(folder), "%s/files-XXXXXX", P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	write_file("main.conf", "main");
}

static void
leave_folder(void)
{
	char command[PATH_MAX + 16];

	files_free(&files);
	diagnostics_clear(&diagnostics);
	ck_assert_int_eq(chdir(start), 0);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Refused, with one line that holds all of `want`. */
static void
assert_refused(const char *path, const char *want)
{
	ck_assert(!files_read(path, &files, &diagnostics));
	ck_assert_uint_eq(files.count, 0);
	ck_assert_uint_eq(diagnostics.count, 1);
	ck_assert_msg(strstr(diagnostics.line[0], want) != NULL,
	    "got \"%s\", want \"%s\"", diagnostics.line[0], want);
}

static void
assert_read(const char *path)
{
	bool read = files_read(path, &files, &diagnostics);
	ck_assert_msg(read, "%s",
	    diagnostics.count ? diagnostics.line[0] : "(no diagnostic)");
	ck_assert_uint_eq(diagnostics.count, 0);
}

START_TEST(file_alone_is_read_whole)
{
	assert_read("main.conf");
	ck_assert_uint_eq(files.count, 1);
	ck_assert_str_eq(files.text[0].name, "main.conf");
	ck_assert_uint_eq(files.text[0].size, 4);
	ck_assert_str_eq(files.text[0].text, "main");
}
END_TEST

START_TEST(rules_follow_in_byte_order)
{
	ck_assert_int_eq(mkdir("rules.d", 0755), 0);
	write_file("rules.d/a.conf", "a");
	write_file("rules.d/B.conf", "B");
	write_file("rules.d/10.conf", "10");
	write_file("rules.d/9.conf", "9");
	/* none of these is a file of rules */
	write_file("rules.d/.hidden.conf", "x");
	write_file("rules.d/b.conf~", "x");
	write_file("rules.d/b.conf.dpkg-old", "x");
	write_file("rules.d/README", "x");
	write_file("rules.d/.conf", "x");

	char path[PATH_MAX + 16];
	snprintf(path, sizeof(path), "%s/main.conf", folder);
	assert_read(path);
	static const char *const want[] = { "main", "10", "9", "B", "a" };
	ck_assert_uint_eq(files.count, ARRAY_LEN(want));
	for (size_t i = 0; i < files.count; i++)
		ck_assert_str_eq(files.text[i].text, want[i]);
	ck_assert_str_eq(files.text[0].name, path);
	snprintf(path, sizeof(path), "%s/rules.d/10.conf", folder);
	ck_assert_str_eq(files.text[1].name, path);
}
END_TEST

START_TEST(relative_names_stay_relative)
{
	ck_assert_int_eq(mkdir("rules.d", 0755), 0);
	write_file("rules.d/a.conf", "a");
	assert_read("main.conf");
	ck_assert_str_eq(files.text[1].name, "rules.d/a.conf");
}
END_TEST

START_TEST(missing_file_is_refused)
{
	assert_refused("other.conf", "other.conf: cannot be read: No such");
}
END_TEST

START_TEST(symbolic_link_is_refused)
{
	ck_assert_int_eq(symlink("main.conf", "link.conf"), 0);
	assert_refused(
	    "link.conf", "link.conf: cannot be read: Too many levels");
}
END_TEST

START_TEST(linked_rules_folder_is_refused)
{
	ck_assert_int_eq(mkdir("elsewhere", 0755), 0);
	ck_assert_int_eq(symlink("elsewhere", "rules.d"), 0);
	assert_refused("main.conf", "symbolic links are not followed");
}
END_TEST

START_TEST(pipe_is_refused_without_waiting)
{
	ck_assert_int_eq(mkfifo("pipe.conf", 0644), 0);
	assert_refused("pipe.conf", "pipe.conf: is not a regular file");
}
END_TEST

START_TEST(folder_is_no_file)
{
	ck_assert_int_eq(mkdir("rules.d", 0755), 0);
	ck_assert_int_eq(mkdir("rules.d/sub.conf", 0755), 0);
	assert_refused("main.conf", "rules.d/sub.conf: is not a regular file");
}
END_TEST

START_TEST(file_is_no_rules_folder)
{
	write_file("rules.d", "");
	assert_refused("main.conf", "rules.d: cannot be read: Not a directory");
}
END_TEST

START_TEST(writable_file_is_refused)
{
	static const mode_t modes[] = { 0664, 0646, 0666 };
	ck_assert_int_eq(chmod("main.conf", modes[_i]), 0);
	assert_refused("main.conf", "main.conf: is writable by its group or");
}
END_TEST

START_TEST(writable_folder_is_refused)
{
	static const mode_t modes[] = { 0775, 0757 };
	ck_assert_int_eq(chmod(".", modes[_i]), 0);
	assert_refused("main.conf", ".: is writable by its group or");
}
END_TEST

START_TEST(sticky_folder_is_fine_for_a_named_file)
{
	ck_assert_int_eq(chmod(".", 01777), 0);
	assert_read("main.conf");
}
END_TEST

START_TEST(sticky_rules_folder_is_refused)
{
	ck_assert_int_eq(mkdir("rules.d", 0755), 0);
	ck_assert_int_eq(chmod("rules.d", 01777), 0);
	assert_refused("main.conf", "rules.d: is writable by its group or");
}
END_TEST

START_TEST(one_mebibyte_is_the_most)
{
	ck_assert_int_eq(truncate("main.conf", 1 << 20), 0);
	assert_read("main.conf");
	ck_assert_uint_eq(files.text[0].size, 1 << 20);
	files_free(&files);
	ck_assert_int_eq(truncate("main.conf", (1 << 20) + 1), 0);
	assert_refused("main.conf", "accepted: at most 1048576 bytes");
}
END_TEST

START_TEST(every_bad_file_is_reported)
{
	ck_assert_int_eq(mkdir("rules.d", 0755), 0);
	write_file("rules.d/a.conf", "");
	write_file("rules.d/b.conf", "");
	write_file("rules.d/c.conf", "");
	ck_assert_int_eq(chmod("rules.d/a.conf", 0666), 0);
	ck_assert_int_eq(chmod("rules.d/c.conf", 0666), 0);
	ck_assert_int_eq(chmod("main.conf", 0666), 0);
	ck_assert(!files_read("main.conf", &files, &diagnostics));
	ck_assert_uint_eq(files.count, 0);
	ck_assert_uint_eq(diagnostics.count, 3);
	ck_assert(strncmp(diagnostics.line[0], "main.conf:", 10) == 0);
	ck_assert(strncmp(diagnostics.line[1], "rules.d/a.conf:", 15) == 0);
	ck_assert(strncmp(diagnostics.line[2], "rules.d/c.conf:", 15) == 0);
}
END_TEST

static const char with_set[] =
    "inbound = ( { from = \"@bad\"; action = \"allow\"; } );\n"
    "outbound = ( );\n"
    "sets = { bad = { file = \"bad.txt\"; }; };\n"
    "tests = ( { packet = \"inbound tcp 192.0.2.9:5 192.0.2.1:22\";\n"
    "  expect = \"accept\"; } );\n";

/* Of the set in the policy of main.conf. */
static size_t
count_members(void)
{
	struct policy *policy = files_load("main.conf", &diagnostics);
	ck_assert_msg(policy != NULL, "%s",
	    diagnostics.count ? diagnostics.line[0] : "(no diagnostic)");
	size_t count = policy_find_set(policy, "bad")->fixed_count;
	char *printed = policy_print(policy);

	ck_assert_ptr_nonnull(printed);
	ck_assert_ptr_nonnull(strstr(printed, "bad.txt\"; };\n"));
	free(printed);
	policy_destroy(policy);
	diagnostics_clear(&diagnostics);
	return count;
}

/* With these members; one line that holds all of `want`. */
static void
assert_set_refused(const char *members, const char *want)
{
	if (members)
		write_file("bad.txt", members);
	ck_assert_ptr_null(files_load("main.conf", &diagnostics));
	ck_assert_uint_eq(diagnostics.count, 2); /* outbound is empty */
	ck_assert_msg(strstr(diagnostics.line[1], want) != NULL,
	    "got \"%s\", want \"%s\"", diagnostics.line[1], want);
	diagnostics_clear(&diagnostics);
}

START_TEST(set_has_its_members_from_a_file)
{
	write_file("main.conf", with_set);
	write_file("bad.txt",
	    "# whom nobody likes\n192.0.2.0/24\t# a net\r\n\n"
	    "  2001:db8::1-2001:db8::9  \n192.0.2.9\n2001:db8::/32");
	ck_assert_uint_eq(count_members(), 2);
	/* read anew each time */
	write_file("bad.txt", "192.0.2.9\n2001:db8::1\n203.0.113.1\n");
	ck_assert_uint_eq(count_members(), 3);
}
END_TEST

START_TEST(set_file_is_near_the_config_that_names_it)
{
	ck_assert_int_eq(mkdir("rules.d", 0755), 0);
	write_file("main.conf", "inbound = ( );\n");
	write_file("rules.d/a.conf", with_set);
	write_file("rules.d/bad.txt", "192.0.2.9");
	ck_assert_uint_eq(count_members(), 1);
}
END_TEST

START_TEST(set_file_may_have_a_whole_path)
{
	char text[PATH_MAX + 100];

	snprintf(text, sizeof(text),
	    "inbound = ( );\nsets = { bad = { file = \"%s/bad.txt\"; }; };\n",
	    folder);
	write_file("main.conf", text);
	write_file("bad.txt", "");
	ck_assert_uint_eq(count_members(), 0);
}
END_TEST

START_TEST(bad_set_file_is_refused)
{
	write_file("main.conf", with_set);
	assert_set_refused(NULL, "bad.txt: cannot be read");
	assert_set_refused(
	    "192.0.2.9\n\nnobody # here\n", "bad.txt:3: it is no");
	assert_set_refused("192.0.2.9 192.0.2.8\n", "bad.txt:1: it is no");
	assert_set_refused("192.0.2.9-192.0.2.8\n", "bad.txt:1: it is no");
	/* the tests of the config are asked with the members */
	assert_set_refused("192.0.2.8\n", "main.conf:4: test");
	write_file("bad.txt", "192.0.2.9");
	ck_assert_int_eq(chmod("bad.txt", 0666), 0);
	assert_set_refused(NULL, "bad.txt: is writable by");
}
END_TEST

START_TEST(of_many_bad_lines_the_first_are_shown)
{
	char text[64] = "";

	for (size_t i = 0; i < 30; i++)
		strcat(text, "x\n");
	write_file("main.conf", with_set);
	write_file("bad.txt", text);
	ck_assert_ptr_null(files_load("main.conf", &diagnostics));
	ck_assert_uint_eq(diagnostics.count, 1 + 20 + 1);
	ck_assert_str_eq(diagnostics.line[21], "bad.txt:1: and 10 lines more");
}
END_TEST

START_TEST(set_file_of_a_million_lines)
{
	write_file("main.conf", with_set);
	FILE *file = fopen("bad.txt", "w");
	ck_assert_ptr_nonnull(file);
	fputs("192.0.2.9\n", file);
	/* every other address, in no order */
	for (unsigned i = 1; i < 1000000; i++) {
		unsigned a = (unsigned)(2 * ((uint64_t)i * 7919 % 1000003));
		fprintf(file, "10.%u.%u.%u\n", a >> 16, a >> 8 & 255, a & 255);
	}
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod("bad.txt", 0644), 0);
	ck_assert_uint_eq(count_members(), 1000000);
}
END_TEST

#define INBOUND "inbound = ( { port = 22; action = \"allow\"; } );\n"

/* What main.conf and next.conf say, and what the load says of it; "": it is
 * good. */
static const struct {
	const char *main, *next, *want;
} shadows[] = {
	{ INBOUND "shadow = \"next.conf\";", INBOUND, "" },
	{ INBOUND "shadow = \"next.conf\";", "inbound = ( { port = 0; } );",
	    "etc/next.conf:1: " },
	{ INBOUND "shadow = \"other.conf\";", INBOUND,
	    "etc/other.conf: cannot be read: " },
	{ INBOUND "shadow = \"next.conf\";", INBOUND "shadow = \"main.conf\";",
	    "etc/next.conf:2: shadow of a shadow" },
	{ INBOUND "shadow = 7;", INBOUND, "etc/main.conf:2: shadow is 7" },
};

static const char with_names[] =
    "outbound = ( { user = [\"root\", \"daemon\"]; port = 1; action = "
    "\"allow\"; },\n"
    " { group = \"daemon\"; action = \"allow\"; } ); inbound = ();\n"
    "tests = ("
    " { packet = \"outbound tcp 192.0.2.1 192.0.2.2:1 user=root\";"
    "   expect = \"accept\"; rule = \"outbound 1\"; },\n"
    " { packet = \"outbound tcp 192.0.2.1 192.0.2.2:2 user=daemon\";"
    "   expect = \"accept\"; rule = \"outbound 2\"; },\n"
    " { packet = \"outbound tcp 192.0.2.1 192.0.2.2:2 user=0 group=0\";"
    "   expect = \"drop\"; } );";

START_TEST(users_and_groups_are_those_of_this_host)
{
	write_file("main.conf", with_names);
	struct policy *policy = files_load("main.conf", &diagnostics);
	ck_assert_msg(policy != NULL, "%s",
	    diagnostics.count ? diagnostics.line[diagnostics.count - 1] : "");
	const struct rule *rule = policy->tables[TABLE_OUTBOUND].rule;
	ck_assert_uint_eq(rule[0].users[0].low, 1); /* daemon */
	ck_assert_uint_eq(rule[0].users[0].high, 1);
	ck_assert_uint_eq(rule[0].users[1].low, 0);
	ck_assert_uint_eq(rule[0].users[1].high, 0);
	ck_assert_uint_eq(rule[1].groups[0].low, 1);
	policy_destroy(policy);
}
END_TEST

/* A config with one wrong name, and how that is told. */
static const struct {
	const char *config, *want;
} strangers[] = {
	{ "outbound = (\n { user = [\"root\", \"no-one\"]; action = "
	  "\"allow\"; } );",
	    "main.conf:2: user \"no-one\" is not in /etc/passwd, accepted" },
	{ "outbound = (\n { group = \"no-one\"; action = \"allow\"; } );",
	    "main.conf:2: group \"no-one\" is not in /etc/group, accepted" },
	{ "outbound = ( { action = \"allow\"; } ); tests = (\n"
	  " { packet = \"outbound tcp 192.0.2.1 192.0.2.2:1 user=no-one\";"
	  " expect = \"drop\"; } );",
	    "main.conf:2: test \"outbound tcp 192.0.2.1 192.0.2.2:1 "
	    "user=no-one\": user \"no-one\"" },
};

START_TEST(strangers_are_refused)
{
	write_file("main.conf", strangers[_i].config);
	ck_assert_ptr_null(files_load("main.conf", &diagnostics));
	const char *last = diagnostics.line[diagnostics.count - 1];
	ck_assert_msg(strstr(last, strangers[_i].want) == last, "%s", last);
}
END_TEST

START_TEST(shadow_lies_beside_the_config)
{
	ck_assert_int_eq(mkdir("etc", 0755), 0);
	write_file("etc/main.conf", shadows[_i].main);
	write_file("etc/next.conf", shadows[_i].next);
	struct policy *policy = files_load("etc/main.conf", &diagnostics);
	const char *want = shadows[_i].want;
	bool told = false;

	ck_assert_int_eq(policy != NULL, *want == '\0');
	ck_assert(!policy || policy->shadow->tables[TABLE_INBOUND].count == 1);
	for (size_t i = 0; i < diagnostics.count; i++)
		told |= strncmp(diagnostics.line[i], want, strlen(want)) == 0;
	ck_assert_msg(told, "\"%s\" is not told", want);
	policy_destroy(policy);
}
END_TEST

/* The next three need root, to give files away. */
START_TEST(file_of_another_user_is_refused)
{
	ck_assert_int_eq(chown("main.conf", NOBODY, NOBODY), 0);
	assert_refused("main.conf", "main.conf: belongs to uid 65534");
}
END_TEST

START_TEST(folder_of_another_user_is_refused)
{
	ck_assert_int_eq(chown(".", NOBODY, NOBODY), 0);
	assert_refused("main.conf", ".: belongs to uid 65534");
}
END_TEST

START_TEST(own_file_is_fine_for_any_user)
{
	ck_assert_int_eq(chown(".", NOBODY, NOBODY), 0);
	ck_assert_int_eq(chown("main.conf", NOBODY, NOBODY), 0);
	ck_assert_int_eq(seteuid(NOBODY), 0);
	assert_read("main.conf");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

Suite *
suite_files(void)
{
	Suite *suite = suite_create("files");
	TCase *tests = tcase_create("files");
	tcase_add_checked_fixture(tests, enter_folder, leave_folder);
	tcase_add_test(tests, file_alone_is_read_whole);
	tcase_add_test(tests, rules_follow_in_byte_order);
	tcase_add_test(tests, relative_names_stay_relative);
	tcase_add_test(tests, missing_file_is_refused);
	tcase_add_test(tests, symbolic_link_is_refused);
	tcase_add_test(tests, linked_rules_folder_is_refused);
	tcase_add_test(tests, pipe_is_refused_without_waiting);
	tcase_add_test(tests, folder_is_no_file);
	tcase_add_test(tests, file_is_no_rules_folder);
	tcase_add_loop_test(tests, writable_file_is_refused, 0, 3);
	tcase_add_loop_test(tests, writable_folder_is_refused, 0, 2);
	tcase_add_test(tests, sticky_folder_is_fine_for_a_named_file);
	tcase_add_test(tests, sticky_rules_folder_is_refused);
	tcase_add_test(tests, one_mebibyte_is_the_most);
	tcase_add_test(tests, every_bad_file_is_reported);
	tcase_add_test(tests, set_has_its_members_from_a_file);
	tcase_add_test(tests, set_file_is_near_the_config_that_names_it);
	tcase_add_test(tests, set_file_may_have_a_whole_path);
	tcase_add_test(tests, bad_set_file_is_refused);
	tcase_add_test(tests, of_many_bad_lines_the_first_are_shown);
	tcase_add_test(tests, set_file_of_a_million_lines);
	tcase_add_test(tests, users_and_groups_are_those_of_this_host);
	tcase_add_loop_test(
	    tests, strangers_are_refused, 0, ARRAY_LEN(strangers));
	tcase_add_loop_test(
	    tests, shadow_lies_beside_the_config, 0, ARRAY_LEN(shadows));
	if (geteuid() == 0) {
		tcase_add_test(tests, file_of_another_user_is_refused);
		tcase_add_test(tests, folder_of_another_user_is_refused);
		tcase_add_test(tests, own_file_is_fine_for_any_user);
	}
	suite_add_tcase(suite, tests);
	return suite;
}
