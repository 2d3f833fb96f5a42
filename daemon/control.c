/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every client has a seat with a buffer for one request line.  A turn takes it
 * through what it is ready for: read, find a line, get a part of the answer,
 * send it; the next part is asked for when all of the last one has gone, so
 * an answer of any length is never in memory.  While it is being answered
 * nothing is read from it.
 *
 * Two seconds (LATE_MS) are given: for the rest of a request once its first
 * byte is there, and for each sign that an answer is being read.  A client that
 * asks nothing may stay, but after that time a newcomer may have its seat.  The
 * last seats are for those who may change things: readers cannot lock root out.
 *
 * Who a client is, is asked once, of the connection (SO_PEERCRED: who called
 * connect()), and holds for all of it.
 */
#include "control.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "listener.h"
#include "log.h"

#define SEATS        16
#define SEATS_SHARED 14 /* for those who may only read */
#define LINE_MAX     65536
#define LATE_MS      2000
#define RETRY_MS     500
#define ACCEPTS_MAX  32 /* in one turn */

struct seat {
	int fd; /* -1: free */
	unsigned uid;
	int pid;
	bool may_change;
	bool ended;               /* sends no more */
	bool leaving;             /* to be closed when all is sent */
	bool waiting;             /* for news, with an answer under way */
	bool answering;           /* the first line_length bytes of `in` */
	size_t in_used, searched; /* of `in` */
	size_t line_length, line_taken; /* without and with its end */
	size_t sent;                    /* of `out` */
	struct json out;
	void *progress;
	uint64_t since_ms; /* see LATE_MS */
	uint32_t events;   /* asked of epoll */
	char in[LINE_MAX + 1];
};

struct control {
	struct listener *listener;
	int epoll;
	uint64_t accept_after_ms; /* 0, or when to listen again */
	struct seat seat[SEATS];
};

static void
leave(struct seat *seat)
{
	close(seat->fd); /* epoll forgets it */
	free(seat->progress);
	json_free(&seat->out);
	seat->fd = -1;
	seat->progress = NULL;
}

/* Has it asked for something, wholly or in part, that is not done? */
static bool
is_busy(const struct seat *seat)
{
	return seat->answering || seat->in_used > 0 || seat->out.used > 0;
}

/* An answer that ends the connection, without a request. */
static void
say_refusal(struct json *out, unsigned code, const char *error)
{
	json_open_object(out, NULL);
	json_null(out, "id");
	json_bool(out, "ok", false);
	json_unsigned(out, "exit", code);
	json_string(out, "error", error);
	json_close_object(out);
	json_newline(out);
}

/* False: the connection is broken. */
static bool
receive(struct seat *seat)
{
	ssize_t got = recv(seat->fd, seat->in + seat->in_used,
	    sizeof(seat->in) - seat->in_used, 0);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got == 0)
		seat->ended = true;
	else if (seat->in_used == 0)
		seat->since_ms = clock_ms();
	seat->in_used += (size_t)got;
	return true;
}

/* Is there a whole line in `in`?  What is left when the client ends is one. */
static bool
find_line(struct seat *seat)
{
	const char *from = seat->in + seat->searched;
	const char *end = memchr(from, '\n', seat->in_used - seat->searched);

	seat->searched = seat->in_used;
	seat->line_length = end ? (size_t)(end - seat->in) : seat->in_used;
	seat->line_taken = seat->line_length + (end ? 1 : 0);
	return end || (seat->ended && seat->in_used > 0);
}

/* Takes in what there is of the next line.  False: the connection is broken. */
static bool
read_line(struct seat *seat)
{
	seat->answering = find_line(seat);
	if (seat->answering)
		return true;
	if (!receive(seat))
		return false;
	seat->answering = find_line(seat);
	if (seat->line_length > LINE_MAX) {
		say_refusal(&seat->out, 2,
		    "the request is too long; accepted: at most 65536 bytes");
		seat->answering = false;
		seat->leaving = true;
	}
	return true;
}

/* On to what came after the line. */
static void
finish_line(struct seat *seat)
{
	seat->in_used -= seat->line_taken;
	memmove(seat->in, seat->in + seat->line_taken, seat->in_used);
	seat->searched = 0;
	seat->answering = false;
	free(seat->progress);
	seat->progress = NULL;
}

static void
answer_part(struct seat *seat, exchange_answer *answer, void *context)
{
	struct exchange exchange = {
		.line = seat->in,
		.length = seat->line_length,
		.uid = seat->uid,
		.pid = seat->pid,
		.may_change = seat->may_change,
		.out = &seat->out,
		.progress = seat->progress,
	};
	enum exchange_step step = answer(context, &exchange);

	seat->progress = exchange.progress;
	seat->since_ms = clock_ms();
	seat->waiting = step == EXCHANGE_WAIT;
	if (step == EXCHANGE_DONE || step == EXCHANGE_CLOSE)
		finish_line(seat);
	if (step == EXCHANGE_CLOSE)
		seat->leaving = true;
}

/* False: the connection is broken, or there was no memory for the answer. */
static bool
send_out(struct seat *seat)
{
	if (seat->out.failed)
		return false;
	while (seat->sent < seat->out.used) {
		ssize_t sent = send(seat->fd, seat->out.text + seat->sent,
		    seat->out.used - seat->sent, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		seat->sent += (size_t)sent;
		seat->since_ms = clock_ms();
	}
	seat->sent = 0;
	if (seat->out.size > 4 * EXCHANGE_CHUNK)
		json_free(&seat->out);
	else
		json_reset(&seat->out);
	return true;
}

/* What the client is ready for, a part of it.  False: it is to go. */
static bool
serve(struct seat *seat, exchange_answer *answer, void *context)
{
	if (seat->out.used == 0 && !seat->answering && !read_line(seat))
		return false;
	if (seat->out.used == 0 && seat->answering)
		answer_part(seat, answer, context);
	if (!send_out(seat))
		return false;
	if (seat->out.used > 0 || seat->answering)
		return true;
	return !seat->leaving && !seat->ended;
}

/* All that it was told has gone, and it waits for news. */
static bool
is_waiting(const struct seat *seat)
{
	return seat->waiting && seat->out.used == 0;
}

/* Wakes us for what it has to do next.  Who waits only wakes us by leaving.
 * Work that needs no byte of the client's waits until it has read most of what
 * it was sent. */
static void
watch(struct control *control, struct seat *seat)
{
	bool has_work = seat->answering || seat->out.used > 0 ||
			seat->searched < seat->in_used;
	struct epoll_event event = {
		.events = is_waiting(seat) ? 0
			  : has_work       ? EPOLLOUT
					   : EPOLLIN,
		.data.ptr = seat,
	};

	if (event.events == seat->events)
		return;
	if (epoll_ctl(control->epoll, EPOLL_CTL_MOD, seat->fd, &event) < 0)
		leave(seat);
	else
		seat->events = event.events;
}

/* A seat for a newcomer, NULL: none.  If need be, the one longest silent is
 * cleared; whoever is that late with a request has been cut before. */
static struct seat *
find_seat(struct control *control, bool may_change)
{
	uint64_t now_ms = clock_ms();
	struct seat *empty = NULL, *silent = NULL;
	unsigned shared = 0;

	for (unsigned i = 0; i < SEATS; i++) {
		struct seat *seat = &control->seat[i];
		if (seat->fd < 0) {
			empty = seat;
			continue;
		}
		shared += !seat->may_change;
		if (now_ms - seat->since_ms <= LATE_MS ||
		    (seat->may_change && !may_change))
			continue;
		if (!silent || seat->since_ms < silent->since_ms)
			silent = seat;
	}
	if (empty && (may_change || shared < SEATS_SHARED))
		return empty;
	if (silent)
		leave(silent);
	return silent;
}

static void
welcome(struct control *control, int fd)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		close(fd);
		return;
	}
	bool may_change = peer.uid == 0 || peer.uid == geteuid();
	struct seat *seat = find_seat(control, may_change);
	if (!seat) {
		struct json out = { 0 };
		say_refusal(&out, 1,
		    "the daemon has as many clients as it takes; try again");
		if (!out.failed)
			send(fd, out.text, out.used, MSG_NOSIGNAL);
		json_free(&out);
		close(fd);
		return;
	}
	memset(seat, 0, offsetof(struct seat, in));
	seat->fd = fd;
	seat->uid = peer.uid;
	seat->pid = peer.pid;
	seat->may_change = may_change;
	seat->since_ms = clock_ms();
	seat->events = EPOLLIN;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = seat };
	if (epoll_ctl(control->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		leave(seat);
}

static void
listen_for(struct control *control, uint32_t events)
{
	struct epoll_event event = { .events = events };

	epoll_ctl(control->epoll, EPOLL_CTL_MOD, listener_fd(control->listener),
	    &event);
}

static void
accept_clients(struct control *control)
{
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		int fd = accept4(listener_fd(control->listener), NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			welcome(control, fd);
			continue;
		}
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		/* Out of descriptors, say: the listener stays readable, so
		   without a pause we would spin. */
		log_warning("control socket: cannot accept: %s; again in %d ms",
		    strerror(errno), RETRY_MS);
		control->accept_after_ms = clock_ms() + RETRY_MS;
		listen_for(control, 0);
		return;
	}
}

struct control *
control_open(const char *path, int inherited, char error[CONTROL_ERROR_SIZE])
{
	struct control *control = calloc(1, sizeof(*control));
	struct epoll_event event = { .events = EPOLLIN };

	if (!control) {
		snprintf(
		    error, CONTROL_ERROR_SIZE, "control socket: out of memory");
		return NULL;
	}
	for (unsigned i = 0; i < SEATS; i++)
		control->seat[i].fd = -1;
	control->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (control->epoll < 0) {
		snprintf(error, CONTROL_ERROR_SIZE, "control socket: %s",
		    strerror(errno));
		free(control);
		return NULL;
	}
	control->listener = inherited ? listener_inherit(path, inherited, error)
				      : listener_open(path, error);
	if (control->listener &&
	    epoll_ctl(control->epoll, EPOLL_CTL_ADD,
		listener_fd(control->listener), &event) == 0)
		return control;
	if (control->listener)
		snprintf(error, CONTROL_ERROR_SIZE, "control socket: %s",
		    strerror(errno));
	control_close(control, false);
	return NULL;
}

int
control_fd(const struct control *control)
{
	return control->epoll;
}

static void
ask_waiting(struct control *control, exchange_answer *answer, void *context)
{
	for (unsigned i = 0; i < SEATS; i++) {
		struct seat *seat = &control->seat[i];
		if (seat->fd < 0 || !is_waiting(seat))
			continue;
		if (serve(seat, answer, context))
			watch(control, seat);
		else
			leave(seat);
	}
}

void
control_turn(struct control *control, exchange_answer *answer, void *context)
{
	struct epoll_event event[SEATS + 1];
	int count = epoll_wait(control->epoll, event, SEATS + 1, 0);
	bool newcomers = false;

	/* 1. Who is ready, before anyone may lose its seat to a newcomer. */
	for (int i = 0; i < count; i++) {
		struct seat *seat = event[i].data.ptr;
		if (!seat)
			newcomers = true;
		else if (is_waiting(seat))
			leave(seat);
		else if (serve(seat, answer, context))
			watch(control, seat);
		else
			leave(seat);
	}
	/* 2. Who waits for news, and who is late. */
	ask_waiting(control, answer, context);
	uint64_t now_ms = clock_ms();
	for (unsigned i = 0; i < SEATS; i++) {
		struct seat *seat = &control->seat[i];
		if (seat->fd >= 0 && is_busy(seat) &&
		    now_ms - seat->since_ms > LATE_MS)
			leave(seat);
	}
	/* 3. Who is new. */
	if (newcomers)
		accept_clients(control);
	if (control->accept_after_ms && now_ms >= control->accept_after_ms) {
		control->accept_after_ms = 0;
		listen_for(control, EPOLLIN);
	}
}

int
control_listener(const struct control *control)
{
	return listener_fd(control->listener);
}

void
control_close(struct control *control, bool leaving)
{
	if (!control)
		return;
	for (unsigned i = 0; i < SEATS; i++)
		if (control->seat[i].fd >= 0)
			leave(&control->seat[i]);
	(leaving ? listener_leave : listener_close)(control->listener);
	close(control->epoll);
	free(control);
}
