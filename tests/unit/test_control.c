/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket under good and bad clients.  Server and clients are one
 * thread: turn() serves until nothing is left to do, so each test decides who
 * speaks when.  What a line asks for is invented here:
 * "say TEXT", "parts N" (N parts of PART bytes), "empty N" (N parts without a
 * byte, then one line), "who", "bye" (close), "news" (what `news` is then, and
 * no end).
 */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "suites.h"

#define PART     300000 /* more than a socket takes */
#define LONGEST  65536
#define READER   65534
#define LATE_MS  2000 /* as promised to clients */
#define GRACE_MS 1000

static char folder[64], path[96];
static struct control *control;
static unsigned parts_made, largest_out, news_asked;
static const char *news;

static void
set_up(void)
{
	char error[CONTROL_ERROR_SIZE];

	snprintf(folder, sizeof(folder), "%s/control-XXXXXX", P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/control.sock", folder);
	control = control_open(path, 0, error);
	ck_assert_msg(control != NULL, "%s", error);
	parts_made = largest_out = news_asked = 0;
	news = NULL;
}

static void
tear_down(void)
{
	control_close(control, false);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
say(struct json *out, const char *text)
{
	json_string(out, NULL, text);
	json_newline(out);
}

static enum exchange_step
next_part(struct exchange *exchange, unsigned parts, bool empty)
{
	static char filler[PART];
	unsigned *done = exchange->progress;

	if (!done)
		done = exchange->progress = calloc(1, sizeof(*done));
	ck_assert_ptr_nonnull(done);
	if (!empty) {
		memset(filler, 'x', sizeof(filler) - 1);
		say(exchange->out, filler);
		parts_made++;
	}
	if (exchange->out->used > largest_out)
		largest_out = (unsigned)exchange->out->used;
	if (++*done < parts)
		return EXCHANGE_MORE;
	say(exchange->out, "end");
	return EXCHANGE_DONE;
}

static enum exchange_step
answer(void *context, struct exchange *exchange)
{
	char line[LONGEST + 1];

	ck_assert_ptr_null(context);
	ck_assert_uint_le(exchange->length, LONGEST);
	memcpy(line, exchange->line, exchange->length);
	line[exchange->length] = '\0';
	if (strncmp(line, "parts ", 6) == 0)
		return next_part(exchange, (unsigned)atoi(line + 6), false);
	if (strncmp(line, "empty ", 6) == 0)
		return next_part(exchange, (unsigned)atoi(line + 6), true);
	if (strcmp(line, "news") == 0) {
		news_asked++;
		if (news)
			say(exchange->out, news);
		news = NULL;
		return EXCHANGE_WAIT;
	}
	if (strcmp(line, "who") == 0)
		say(exchange->out, exchange->may_change ? "boss" : "reader");
	else if (strncmp(line, "say ", 4) == 0)
		say(exchange->out, line + 4);
	else
		say(exchange->out, "what?");
	return strcmp(line, "bye") == 0 ? EXCHANGE_CLOSE : EXCHANGE_DONE;
}

/* Until there is nothing to do. */
static void
turn(void)
{
	struct pollfd ready = { .fd = control_fd(control), .events = POLLIN };

	do
		control_turn(control, answer, NULL);
	while (poll(&ready, 1, 0) > 0);
}

static int
dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	strcpy(address.sun_path, path);
	ck_assert_int_eq(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	turn();
	return fd;
}

static void
tell(int fd, const char *text)
{
	ck_assert_int_eq(
	    send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	turn();
}

enum line_end { OPEN, CLOSED };

/* What has come, up to size - 1 bytes of it; has the connection ended? */
static enum line_end
hear(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t got;

	do {
		got = recv(fd, text + used, size - 1 - used, 0);
		if (got > 0)
			used += (size_t)got;
	} while (got > 0 && used < size - 1);
	text[used] = '\0';
	if (got < 0 && errno == EAGAIN)
		return OPEN;
	return got > 0 ? OPEN : CLOSED;
}

static void
assert_hears(int fd, const char *want, enum line_end want_end)
{
	char text[1024];
	enum line_end end = hear(fd, text, sizeof(text));

	ck_assert_str_eq(text, want);
	ck_assert_int_eq(end, want_end);
}

/* Serves until the client's connection is cut, and says after how long. */
static uint64_t
wait_until_cut(int fd, uint64_t since_ms)
{
	char text[1024];

	while (hear(fd, text, sizeof(text)) == OPEN) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ck_assert_str_eq(text, "");
		ck_assert_uint_lt(clock_ms() - since_ms, LATE_MS + GRACE_MS);
		poll(&ready, 1, 20);
		turn();
	}
	return clock_ms() - since_ms;
}

START_TEST(request_is_answered)
{
	int fd = dial();
	tell(fd, "say a\n");
	assert_hears(fd, "\"a\"\n", OPEN);
	tell(fd, "say b\n");
	assert_hears(fd, "\"b\"\n", OPEN);
	close(fd);
}
END_TEST

START_TEST(request_may_come_in_pieces)
{
	int fd = dial();
	tell(fd, "sa");
	tell(fd, "y a");
	assert_hears(fd, "", OPEN);
	tell(fd, "\nsay");
	assert_hears(fd, "\"a\"\n", OPEN);
	tell(fd, " b\n");
	assert_hears(fd, "\"b\"\n", OPEN);
	close(fd);
}
END_TEST

START_TEST(requests_may_come_at_once)
{
	int fd = dial();
	static char text[2 * PART];
	size_t used = 0;

	tell(fd, "say a\nempty 3\nparts 0\nsay c\nsay");
	do { /* what it has not read holds up the rest */
		ck_assert_int_eq(
		    hear(fd, text + used, sizeof(text) - used), OPEN);
		ck_assert_str_ne(text + used, "");
		used = strlen(text);
		turn();
	} while (!strstr(text, "\"c\"\n"));
	ck_assert(strncmp(text, "\"a\"\n\"end\"\n\"xxx", 14) == 0);
	ck_assert_str_eq(strstr(text, "x\"\n"), "x\"\n\"end\"\n\"c\"\n");
	ck_assert_uint_eq(used, PART + 22);
	close(fd);
}
END_TEST

START_TEST(half_closed_client_gets_its_answers)
{
	int fd = dial();
	ck_assert_int_eq(send(fd, "say a\nsay b", 11, 0), 11);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	turn();
	assert_hears(fd, "\"a\"\n\"b\"\n", CLOSED);
	close(fd);
}
END_TEST

START_TEST(answerer_may_end_the_connection)
{
	int fd = dial();
	tell(fd, "bye\nsay a\n");
	assert_hears(fd, "\"what?\"\n", CLOSED);
	close(fd);
}
END_TEST

START_TEST(longest_line_is_taken_and_no_longer_one)
{
	static char line[LONGEST + 3], want[LONGEST], got[LONGEST];
	int fd = dial();

	memset(line, 'x', sizeof(line));
	memcpy(line, "say ", 4);
	snprintf(want, sizeof(want), "\"%.*s\"\n", LONGEST - 4, line + 4);
	line[LONGEST] = '\n';
	line[LONGEST + 1] = '\0';
	tell(fd, line);
	ck_assert_int_eq(hear(fd, got, sizeof(got)), OPEN);
	ck_assert_str_eq(got, want);

	line[LONGEST] = 'x';
	line[LONGEST + 1] = '\n';
	line[LONGEST + 2] = '\0';
	ck_assert_int_gt(send(fd, line, LONGEST + 2, MSG_NOSIGNAL), 0);
	turn();
	ck_assert_int_eq(hear(fd, got, sizeof(got)), CLOSED);
	ck_assert_ptr_nonnull(strstr(got,
	    "\"exit\":2,\"error\":\"the request is too long; accepted: at most "
	    "65536 bytes\""));
	close(fd);
}
END_TEST

START_TEST(long_answer_is_never_in_memory)
{
	static char text[8 * PART];
	unsigned before;
	size_t got = 0;
	int fd = dial();

	tell(fd, "parts 100\n");
	before = parts_made;
	ck_assert_uint_lt(before, 10); /* what socket buffers hold */
	while (parts_made < 100) {
		ck_assert_int_eq(hear(fd, text, sizeof(text)), OPEN);
		got += strlen(text);
		ck_assert_str_ne(text, "");
		turn();
	}
	do {
		ck_assert_int_eq(hear(fd, text, sizeof(text)), OPEN);
		got += strlen(text);
		turn();
	} while (strstr(text, "end") == NULL);
	ck_assert_uint_eq(got, 100 * (PART + 2) + strlen("\"end\"\n"));
	ck_assert_uint_lt(largest_out, PART + 100);
	close(fd);
}
END_TEST

START_TEST(client_that_vanishes_ends_its_answer)
{
	int fd = dial(), other = dial();
	tell(fd, "parts 1000\n");
	close(fd);
	turn();
	unsigned made = parts_made;
	tell(other, "say a\n");
	ck_assert_uint_eq(parts_made, made);
	assert_hears(other, "\"a\"\n", OPEN);
	close(other);
}
END_TEST

START_TEST(who_waits_for_news_gets_it_in_the_turn_when_it_is_there)
{
	int fd = dial();

	news = "first";
	tell(fd, "news\n");
	assert_hears(fd, "\"first\"\n", OPEN);
	unsigned before = news_asked;
	turn(); /* it sleeps meanwhile: asked once a turn, no more */
	ck_assert_uint_le(news_asked, before + 2);
	assert_hears(fd, "", OPEN);
	news = "second";
	turn();
	assert_hears(fd, "\"second\"\n", OPEN);
	close(fd);
	turn();
	before = news_asked;
	turn();
	ck_assert_uint_eq(news_asked, before); /* its seat is free */
}
END_TEST

/* The four that wait for the clock are one test, to wait once. */
START_TEST(late_clients_are_cut_after_two_seconds_and_silent_ones_are_not)
{
	char text[1024];
	int other = dial(), silent = dial();
	int slow = dial(), trickling = dial(), deaf = dial();
	uint64_t start_ms = clock_ms();

	tell(slow, "say");
	tell(trickling, "say ");
	tell(deaf, "parts 1000\n");
	uint64_t deaf_ms = clock_ms();
	while (clock_ms() - start_ms < LATE_MS - 500) {
		tell(trickling, "x");
		poll(NULL, 0, 50);
	}
	assert_hears(slow, "", OPEN);
	assert_hears(trickling, "", OPEN);
	tell(other, "say a\n");
	assert_hears(other, "\"a\"\n", OPEN);

	ck_assert_uint_ge(wait_until_cut(slow, start_ms), LATE_MS);
	ck_assert_uint_ge(wait_until_cut(trickling, start_ms), LATE_MS);
	while (clock_ms() - deaf_ms <= LATE_MS + 1) {
		poll(NULL, 0, 20);
		turn();
	}
	unsigned made = parts_made;
	while (hear(deaf, text, sizeof(text)) == OPEN)
		ck_assert_str_ne(text, ""); /* then it would still be served */
	turn();
	ck_assert_uint_eq(parts_made, made);

	tell(silent, "say a\n");
	assert_hears(silent, "\"a\"\n", OPEN);
	close(other);
	close(silent);
	close(slow);
	close(trickling);
	close(deaf);
}
END_TEST

START_TEST(seventeenth_client_is_told_and_later_takes_a_silent_one_s_seat)
{
	char text[1024];
	int fd[17];
	uint64_t start_ms = clock_ms();

	for (int i = 0; i < 17; i++)
		fd[i] = dial();
	for (int i = 0; i < 16; i++)
		assert_hears(fd[i], "", OPEN);
	ck_assert_int_eq(hear(fd[16], text, sizeof(text)), CLOSED);
	ck_assert_ptr_nonnull(strstr(
	    text, "\"ok\":false,\"exit\":1,\"error\":\"the daemon has "));
	close(fd[16]);

	while (clock_ms() - start_ms <= LATE_MS + 100) {
		poll(NULL, 0, 50);
		tell(fd[0], "say a\n"); /* not silent */
		assert_hears(fd[0], "\"a\"\n", OPEN);
	}
	fd[16] = dial();
	tell(fd[16], "say a\n");
	assert_hears(fd[16], "\"a\"\n", OPEN);
	unsigned lost = 0;
	for (int i = 0; i < 16; i++)
		lost += hear(fd[i], text, sizeof(text)) == CLOSED;
	ck_assert_uint_eq(lost, 1);
	for (int i = 0; i < 17; i++)
		close(fd[i]);
}
END_TEST

/* Root only: connects as somebody else. */
START_TEST(readers_have_fourteen_seats_and_root_two_more)
{
	char text[1024];
	int fd[15], root[2];

	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	for (int i = 0; i < 15; i++) {
		ck_assert_int_eq(seteuid(READER), 0);
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		fd[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		strcpy(address.sun_path, path);
		int result = connect(
		    fd[i], (struct sockaddr *)&address, sizeof(address));
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(result, 0);
		turn();
	}
	ck_assert_int_eq(hear(fd[14], text, sizeof(text)), CLOSED);
	ck_assert_ptr_nonnull(strstr(text, "\"exit\":1"));
	tell(fd[13], "who\n");
	assert_hears(fd[13], "\"reader\"\n", OPEN);
	for (int i = 0; i < 2; i++) {
		root[i] = dial();
		tell(root[i], "who\n");
		assert_hears(root[i], "\"boss\"\n", OPEN);
	}
	for (int i = 0; i < 15; i++)
		close(fd[i]);
	close(root[0]);
	close(root[1]);
}
END_TEST

Suite *
suite_control(void)
{
	Suite *suite = suite_create("control");
	TCase *tests = tcase_create("control");
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, request_is_answered);
	tcase_add_test(tests, request_may_come_in_pieces);
	tcase_add_test(tests, requests_may_come_at_once);
	tcase_add_test(tests, half_closed_client_gets_its_answers);
	tcase_add_test(tests, answerer_may_end_the_connection);
	tcase_add_test(tests, longest_line_is_taken_and_no_longer_one);
	tcase_add_test(tests, long_answer_is_never_in_memory);
	tcase_add_test(tests, client_that_vanishes_ends_its_answer);
	tcase_add_test(
	    tests, who_waits_for_news_gets_it_in_the_turn_when_it_is_there);
	tcase_add_test(tests,
	    late_clients_are_cut_after_two_seconds_and_silent_ones_are_not);
	tcase_add_test(tests,
	    seventeenth_client_is_told_and_later_takes_a_silent_one_s_seat);
	if (geteuid() == 0)
		tcase_add_test(
		    tests, readers_have_fourteen_seats_and_root_two_more);
	suite_add_tcase(suite, tests);
	return suite;
}
