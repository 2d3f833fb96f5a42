/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker: receive a batch, judge it, send the verdicts, quiescent state.
 *
 * The queue's thread owns the socket, the buffers and `verdicts` from
 * queue_start() to queue_stop(); before and after, the main thread does.  Main
 * reads counters and sets `stop`; the eventfd only wakes the thread for it.
 *
 * Per batch there are two system calls, recvmmsg(2) and send(2), and no lock
 * and no allocation.  Every id the kernel hands over is decided once: in its
 * batch, or, where its message was lost or unreadable, by the gap rule of
 * verdicts.c, or, where the verdict itself was lost, by drop_stale() when
 * the queue is idle.  A send that fails is repeated with the same bytes before
 * anything else is sent: a later verdict would decide these ids too.
 *
 * In a rush a batch may gather for a moment, which is all the delay there is.
 *
 * Nothing that happens to the socket ends the thread.  If it is of no use any
 * more, the queue is bound anew.  Before any wait the thread goes offline, so
 * that it never holds up a reload.
 */
#include "queue_work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "drop.h"
#include "log.h"
#include "queue_bind.h"

#define IDLE_MS      400  /* wakes at least twice a second */
#define RETRY_MAX_MS 100  /* between tries to send or to bind */
#define STOP_TRIES   10   /* to send, once we are to stop */
#define LOG_EVERY_MS 1000 /* at most a line of the packet path */

/* When and how a worker gathers. */
#define RUSH_SPAN_MS  10
#define RUSH_PER_MS   32 /* packets */
#define GATHER_NS     100000
#define GATHER_LEAST  8   /* packets, or it was of no use, */
#define GATHER_NOT_MS 500 /* and is not tried for so long */

/* A few milliseconds behind, for a tenth of the cost. */
static uint64_t
coarse_ms(void)
{
	return clock_read_ms(CLOCK_MONOTONIC_COARSE);
}

static bool
may_log(struct queue *queue)
{
	if (queue->now_ms < queue->next_log_ms)
		return false;
	queue->next_log_ms = queue->now_ms + LOG_EVERY_MS;
	return true;
}

static bool
stopping(const struct queue *queue)
{
	return published_read(&queue->stop) != 0;
}

/* Offline for so long, or until there is something to read (if wanted), or
 * until we are to stop. */
static bool
rest(struct queue *queue, int milliseconds, bool until_readable)
{
	struct pollfd fds[] = {
		{ .fd = stopping(queue) ? -1 : queue->stop_fd,
		    .events = POLLIN },
		{ .fd = until_readable ? queue->fd : -1, .events = POLLIN },
	};
	int ready;

	counter_add(&queue->progress, 1);
	filter_offline(queue->options.filter, queue->options.worker);
	ready = poll(fds, 2, milliseconds);
	filter_online();
	queue->now_ms = coarse_ms();
	return ready > 0;
}

/* Errors that pass by themselves. */
static bool
worth_retrying(int reason)
{
	return reason == EINTR || reason == EAGAIN || reason == ENOBUFS ||
	       reason == ENOMEM;
}

static int
next_delay(int delay_ms)
{
	if (delay_ms == 0)
		return 1;
	return 2 * delay_ms < RETRY_MAX_MS ? 2 * delay_ms : RETRY_MAX_MS;
}

/* However long it takes: a send is whole or nothing, and repeating it is
 * harmless.  At once, then after 1 ms, 2 ms and so on.  False: given up. */
static bool
send_piece(struct queue *queue, const uint8_t *bytes, size_t size)
{
	int delay_ms = 0, tries_left = STOP_TRIES;

	while (send(queue->fd, bytes, size, 0) == -1) {
		if (!worth_retrying(errno)) {
			log_error("queue %u: cannot send verdicts: %s",
			    queue->options.number, strerror(errno));
			queue->unusable = true;
			return false;
		}
		counter_add(&queue->send_retries, 1);
		if (stopping(queue) && tries_left-- == 0)
			return false;
		if (delay_ms > 0)
			rest(queue, delay_ms, false);
		delay_ms = next_delay(delay_ms);
	}
	return true;
}

/* Nearly always in one piece. */
static bool
send_verdicts(struct queue *queue)
{
	const struct verdicts *verdicts = &queue->verdicts;

	for (size_t at = 0, size; (size = verdicts_piece(verdicts, at)) > 0;
	     at += size)
		if (!send_piece(queue, verdicts->bytes + at, size))
			return false;
	return true;
}

/* What the process before had read when it was killed waits for its verdict.
 * True: that is all up to verdicts.previous, for a whole idle time ago it had
 * been handed over, and nothing is left of it to read. */
static bool
inherited_all(struct queue *queue, const struct queue_figures *figures)
{
	if (queue->inherited_id)
		verdicts_inherited(&queue->verdicts, queue->inherited_id);
	queue->inherited_id = figures->last_id;
	return !queue->verdicts.inherits;
}

/* A verdict that the kernel lost would hold its place in the queue for ever.
 * On an idle tick all ids so far are decided, so dropping them again can only
 * hit such a one. */
static void
drop_stale(struct queue *queue)
{
	struct queue_figures figures =
	    queue_figures_read(queue->figures_fd, queue->options.number);

	if (queue->verdicts.inherits && !inherited_all(queue, &figures))
		return;
	if (figures.waiting == 0 || queue->verdicts.previous == 0)
		return;
	verdicts_drop_stale(&queue->verdicts);
	send_verdicts(queue);
}

static void
take_error(struct queue *queue, int error)
{
	switch (error) {
	case 0:
		return;
	case ENOENT:
		/* Nothing had those ids: a gap, or the kernel has flushed the
		 * queue, as it does when any hook of the namespace goes. */
		counter_add(&queue->flushed, 1);
		return;
	case ENODEV:
		queue->unusable = true;
		return;
	case EPERM:
		if (may_log(queue))
			log_error("queue %u: the kernel refuses our verdicts: "
				  "CAP_NET_ADMIN was taken away, or another "
				  "program has the queue",
			    queue->options.number);
		return;
	default:
		if (may_log(queue))
			log_warning("queue %u: the kernel answers: %s",
			    queue->options.number, strerror(error));
	}
}

static struct frame
frame_of(const struct queue *queue, const struct message *message)
{
	const struct interfaces *interfaces = queue->options.interfaces;

	return (struct frame){
		.bytes = message->payload,
		.captured = message->captured,
		.length = message->length,
		.direction = (uint8_t)message->direction,
		.verify_checksum = message->verify_checksum,
		.in_interface =
		    interfaces_of_index(interfaces, message->in_index),
		.out_interface =
		    interfaces_of_index(interfaces, message->out_index),
		.user = message->user,
		.group = message->group,
	};
}

/* Reads the messages into waiting and frames.  Returns how many wait. */
static size_t
read_messages(struct queue *queue, unsigned count, size_t *frame_count)
{
	size_t waiting = 0;

	*frame_count = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct mmsghdr *header = &queue->headers[i];
		struct waiting *w = &queue->waiting[waiting];

		message_read(&w->message, queue->bytes[i], header->msg_len,
		    header->msg_hdr.msg_flags & MSG_TRUNC);
		switch (w->message.kind) {
		case MESSAGE_PACKET:
			waiting++;
			if (w->message.refused != UNDECIDED)
				break;
			w->frame = (unsigned)(*frame_count)++;
			queue->frames[w->frame] = frame_of(queue, &w->message);
			break;
		case MESSAGE_ERROR:
			take_error(queue, w->message.error);
			break;
		case MESSAGE_ODD:
			counter_add(&queue->odd_messages, 1);
			break;
		}
	}
	return waiting;
}

/* A reject is an accept with our mark: a later chain of our table rejects the
 * packet in the kernel.  So an accepted one must not come with it. */
static struct answer
answer_of(const struct queue *queue, enum verdict verdict, uint32_t old_mark)
{
	uint32_t mark = old_mark & ~queue->options.mark_mask;

	switch (verdict) {
	case VERDICT_DROP:
		break;
	case VERDICT_REJECT:
		mark |= queue->options.reject_mark;
		/* fall through */
	case VERDICT_ACCEPT:
		return (struct answer){
			.accept = true,
			.marks = mark != old_mark,
			.mark = mark,
		};
	}
	return (struct answer){ .accept = false };
}

/* What was dropped, and what the shadow policy says another verdict of. */
static void
record(struct queue *queue, const struct message *message,
    const struct decision *decision)
{
	const struct packet *packet = decision->packet;
	const struct policy *policy = filter_policy(queue->options.filter);
	struct drop drop = {
		.time_ms = queue->now_ms,
		.generation = policy->generation,
		.rule_identity = decision->rule ? decision->rule->identity : 0,
		.length = message->length,
		.direction = (uint8_t)message->direction,
		.why = (uint8_t)decision->why,
		.log = decision->rule && decision->rule->log,
		.shadow_why = (uint8_t)decision->shadow_why,
		.shadow_rule =
		    decision->shadow_rule ? decision->shadow_rule->identity : 0,
	};

	if (packet) {
		uint8_t protocol = packet->tuple.protocol;

		drop.tuple = packet->tuple;
		drop.in_interface = packet->in_interface;
		drop.out_interface = packet->out_interface;
		if (protocol == PROTOCOL_TCP)
			drop.tcp_flags = packet->tcp.flags;
		if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) {
			drop.icmp_type = packet->icmp.type;
			drop.icmp_code = packet->icmp.code;
		}
	}
	ring_push(queue->options.drops, &drop);
}

static void
judge(struct queue *queue, unsigned count)
{
	struct filter *filter = queue->options.filter;
	unsigned worker = queue->options.worker;
	size_t frame_count, waiting;

	waiting = read_messages(queue, count, &frame_count);
	if (frame_count > 0)
		filter_batch(filter, worker, queue->frames, queue->decisions,
		    frame_count, queue->now_ms);

	verdicts_begin(&queue->verdicts);
	for (size_t i = 0; i < waiting; i++) {
		const struct message *message = &queue->waiting[i].message;
		struct decision decision =
		    message->refused == UNDECIDED
			? queue->decisions[queue->waiting[i].frame]
			: filter_refuse(filter, worker, message->direction,
			      message->refused);
		enum verdict verdict = reason_verdict(decision.why);
		struct answer answer = answer_of(queue, verdict, message->mark);

		verdicts_add(&queue->verdicts, message->id, &answer);
		/* Before the send: a retry goes offline, and what the decision
		 * points to may go then. */
		if (verdict != VERDICT_ACCEPT ||
		    (decision.rule && decision.rule->log) ||
		    decision.shadow_why != UNDECIDED)
			record(queue, message, &decision);
	}
	verdicts_end(&queue->verdicts);

	counter_add(&queue->packets, waiting);
	if (waiting > 0)
		counter_add(&queue->batches, 1);
	if (send_verdicts(queue)) {
		counter_add(&queue->verdicts_sent, waiting);
		latency_add(
		    &queue->latency, clock_ns() - queue->received_ns, waiting);
	}
	filter_permit(filter, worker);
}

/* What waits in the queue is dropped by the kernel, which counts from 0 for the
 * next socket. */
static void
give_up_socket(struct queue *queue)
{
	struct queue_figures last =
	    queue_figures_read(queue->figures_fd, queue->options.number);

	pthread_mutex_lock(&queue->socket);
	/* Closing is not enough: another may keep it for our successor.  What
	   takes its place meanwhile keeps the number. */
	queue_unbind(queue->fd, queue->options.number);
	dup3(queue->stop_fd, queue->fd, O_CLOEXEC);
	pthread_mutex_unlock(&queue->socket);
	counter_add(&queue->lost_queue_full, last.lost_queue_full);
	counter_add(&queue->lost_socket_full, last.lost_socket_full);
	counter_add(&queue->lost_rebound, last.waiting);
	published_set(&queue->rebound, published_read(&queue->rebound) + 1);
}

static void
bind_anew(struct queue *queue)
{
	const struct queue_options *options = &queue->options;
	char error[QUEUE_ERROR_SIZE];
	int fd;

	rest(queue, RETRY_MAX_MS, false);
	give_up_socket(queue);
	while (
	    (fd = queue_bind(options->number, options->length, error)) == -1) {
		if (may_log(queue))
			log_error("%s", error);
		rest(queue, RETRY_MAX_MS, false);
		if (stopping(queue))
			return;
	}
	pthread_mutex_lock(&queue->socket);
	/* In its place, so that the number of the descriptor stays. */
	if (dup3(fd, queue->fd, O_CLOEXEC) == -1)
		log_error("queue %u: %s", options->number, strerror(errno));
	close(fd);
	if (queue->tells_owners)
		queue_ask_owners(queue->fd, options->number, true);
	pthread_mutex_unlock(&queue->socket);
	published_set(&queue->bound, published_read(&queue->bound) + 1);
	verdicts_reset(&queue->verdicts, (uint16_t)options->number);
	queue->unusable = false;
	log_warning("queue %u: bound again", options->number);
}

/* A worker that is woken by each packet interrupts whoever sends from its core
 * each time, and has batches of one that cost two switches of the core.  So in
 * a rush it waits a moment before it receives, and a batch gathers, as network
 * cards moderate their interrupts; as long as one does. */
static void
gather(struct queue *queue)
{
	struct rush *rush = &queue->rush;
	uint64_t packets = counter_read(&queue->packets);
	uint64_t span_ms = queue->now_ms - rush->since_ms;

	if (span_ms >= RUSH_SPAN_MS) {
		rush->on = packets - rush->packets >= span_ms * RUSH_PER_MS;
		rush->since_ms = queue->now_ms;
		rush->packets = packets;
	}
	if (!rush->on || queue->now_ms < rush->not_before_ms)
		return;
	nanosleep(&(struct timespec){ .tv_nsec = GATHER_NS }, NULL);
	rush->gathered = true;
}

static void
gathered(struct queue *queue, unsigned count)
{
	struct rush *rush = &queue->rush;

	if (rush->gathered && count < GATHER_LEAST)
		rush->not_before_ms = queue->now_ms + GATHER_NOT_MS;
	rush->gathered = false;
}

static void
receive_failed(struct queue *queue, int reason)
{
	switch (reason) {
	case EAGAIN:
		/* A large table takes many steps, with a look for packets
		   between them. */
		if (filter_sweep(queue->options.filter, queue->options.worker,
			queue->now_ms)) {
			filter_quiescent(
			    queue->options.filter, queue->options.worker);
			return;
		}
		if (rest(queue, IDLE_MS, true))
			gather(queue);
		else
			drop_stale(queue);
		return;
	case EINTR:
		return;
	case ENOBUFS:
	case ENOMEM:
		counter_add(&queue->receive_errors, 1);
		rest(queue, 1, false);
		return;
	default:
		counter_add(&queue->receive_errors, 1);
		log_error("queue %u: cannot receive: %s", queue->options.number,
		    strerror(reason));
		queue->unusable = true;
	}
}

void *
queue_work(void *argument)
{
	struct queue *queue = argument;
	struct filter *filter = queue->options.filter;
	unsigned worker = queue->options.worker;

	filter_enter(filter, worker);
	while (!stopping(queue)) {
		int count = recvmmsg(queue->fd, queue->headers, FILTER_BATCH,
		    MSG_DONTWAIT, NULL);
		int reason = errno;

		queue->now_ms = coarse_ms();
		counter_add(&queue->progress, 1);
		if (count > 0) {
			queue->received_ns = clock_ns();
			gathered(queue, (unsigned)count);
			judge(queue, (unsigned)count);
			filter_quiescent(filter, worker);
			filter_sweep(filter, worker, queue->now_ms);
		} else {
			receive_failed(queue, reason);
		}
		if (queue->unusable)
			bind_anew(queue);
	}
	filter_leave(filter, worker);
	return NULL;
}
