/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts, run-length coded.
 *
 * NFQNL_MSG_VERDICT_BATCH decides every packet of the queue up to an id
 * (nfqnl_recv_verdict_batch() in net/netfilter/nfnetlink_queue.c), so one
 * message serves a run of packets with the same answer.  That is safe only if
 * nothing undecided lies below: a packet of the queue that we never read (its
 * message was lost) must not ride on a later accept.  Hence the gap rule: ids
 * between the previous and this one are a run of drops of their own.  Usually
 * nobody waits there and the kernel answers ENOENT.
 *
 * Ids wrap; they are compared by their signed difference, as the kernel does.
 */
#include "verdicts.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

/* A message as it goes out, without the last two members if no mark is set. */
struct verdict_message {
	struct nlmsghdr header;
	struct nfgenmsg queue;
	struct nlattr verdict_attribute;
	struct nfqnl_msg_verdict_hdr verdict;
	struct nlattr mark_attribute;
	uint32_t mark;
};

static_assert(sizeof(struct verdict_message) == VERDICT_BYTES,
    "no padding: this is what the kernel reads");

#define BYTES_WITHOUT_MARK offsetof(struct verdict_message, mark_attribute)

static const struct answer drop = { .accept = false };

static void
put_message(struct verdicts *verdicts, uint32_t last_id, struct answer answer)
{
	size_t size = answer.marks ? VERDICT_BYTES : BYTES_WITHOUT_MARK;
	struct verdict_message message = {
		.header = {
			.nlmsg_len = (uint32_t)size,
			.nlmsg_type = (NFNL_SUBSYS_QUEUE << 8) |
			    NFQNL_MSG_VERDICT_BATCH,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.queue = {
			.nfgen_family = AF_UNSPEC,
			.version = NFNETLINK_V0,
			.res_id = htons(verdicts->queue),
		},
		.verdict_attribute = {
			.nla_len = sizeof(struct nlattr) +
			    sizeof(struct nfqnl_msg_verdict_hdr),
			.nla_type = NFQA_VERDICT_HDR,
		},
		.verdict = {
			.verdict = htonl(answer.accept ? NF_ACCEPT : NF_DROP),
			.id = htonl(last_id),
		},
		.mark_attribute = {
			.nla_len = sizeof(struct nlattr) + sizeof(uint32_t),
			.nla_type = NFQA_MARK,
		},
		.mark = htonl(answer.mark),
	};

	assert(verdicts->used + size <= sizeof(verdicts->bytes));
	memcpy(verdicts->bytes + verdicts->used, &message, size);
	verdicts->used += size;
}

static bool
same_answer(struct answer a, struct answer b)
{
	return a.accept == b.accept && a.marks == b.marks &&
	       (!a.marks || a.mark == b.mark);
}

/* Makes the run reach up to `id`, after closing it if the answer differs. */
static void
extend_run(struct verdicts *verdicts, uint32_t id, struct answer answer)
{
	if (verdicts->open && !same_answer(verdicts->run, answer))
		put_message(verdicts, verdicts->previous, verdicts->run);
	verdicts->open = true;
	verdicts->run = answer;
	verdicts->previous = id;
}

void
verdicts_reset(struct verdicts *verdicts, uint16_t queue)
{
	verdicts->queue = queue;
	verdicts->previous = 0;
	verdicts->inherits = false;
	verdicts_begin(verdicts);
}

void
verdicts_begin(struct verdicts *verdicts)
{
	verdicts->open = false;
	verdicts->used = 0;
}

void
verdicts_add(
    struct verdicts *verdicts, uint32_t id, const struct answer *answer)
{
	/* What the process before has read and not decided is a gap, too. */
	if (verdicts->inherits)
		verdicts_inherited(verdicts, id - 2);
	int32_t ahead = (int32_t)(id - verdicts->previous);

	if (ahead <= 0)
		return;
	if (ahead > 1)
		extend_run(verdicts, id - 1, drop);
	extend_run(verdicts, id, *answer);
}

void
verdicts_end(struct verdicts *verdicts)
{
	if (verdicts->open)
		put_message(verdicts, verdicts->previous, verdicts->run);
	verdicts->open = false;
}

size_t
verdicts_piece(const struct verdicts *verdicts, size_t at)
{
	size_t end = at;
	struct nlmsghdr header;

	while (end < verdicts->used) {
		memcpy(&header, verdicts->bytes + end, sizeof(header));
		if (end + header.nlmsg_len - at > VERDICTS_SEND_MAX)
			break;
		end += header.nlmsg_len;
	}
	return end - at;
}

void
verdicts_drop_stale(struct verdicts *verdicts)
{
	verdicts_begin(verdicts);
	put_message(verdicts, verdicts->previous, drop);
}

void
verdicts_inherited(struct verdicts *verdicts, uint32_t id)
{
	verdicts->previous = id;
	verdicts->inherits = false;
}
