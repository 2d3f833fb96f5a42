/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts on the wire, played to a model of the kernel's queue: each id gets
 * one outcome, the one that was meant; what was never read is dropped.
 */
#include "verdicts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include "suites.h"

#define QUEUE     7
#define MODEL_MAX 1024

static const struct answer passed = { .accept = true };
static const struct answer drop = { .accept = false };
static const struct answer mark5 = { true, true, 5 };
static const struct answer mark6 = { true, true, 6 };

/* Packets that wait in the kernel, and what became of them. */
static struct {
	uint32_t id;
	unsigned decisions;
	struct answer answer;
} model[MODEL_MAX];
static size_t waiting, messages;
static struct verdicts verdicts;

static void
set_up(void)
{
	waiting = messages = 0;
	verdicts_reset(&verdicts, QUEUE);
}

static void
enqueue(uint32_t id)
{
	ck_assert_uint_lt(waiting, MODEL_MAX);
	model[waiting].id = id;
	model[waiting++].decisions = 0;
}

/* nfqnl_recv_verdict_batch(): everything up to the id, by signed difference. */
static void
play_message(const uint8_t *bytes, uint32_t size)
{
	struct nfgenmsg queue;
	struct nlattr attribute;
	struct nfqnl_msg_verdict_hdr verdict;
	struct answer answer = { 0 };
	uint32_t mark;

	memcpy(&queue, bytes + NLMSG_HDRLEN, sizeof(queue));
	ck_assert_uint_eq(ntohs(queue.res_id), QUEUE);
	memcpy(&attribute, bytes + 20, sizeof(attribute));
	ck_assert_uint_eq(attribute.nla_type, NFQA_VERDICT_HDR);
	ck_assert_uint_eq(attribute.nla_len, 12);
	memcpy(&verdict, bytes + 24, sizeof(verdict));
	answer.accept = ntohl(verdict.verdict) == NF_ACCEPT;
	ck_assert(answer.accept || ntohl(verdict.verdict) == NF_DROP);
	if (size == 40) {
		memcpy(&attribute, bytes + 32, sizeof(attribute));
		ck_assert_uint_eq(attribute.nla_type, NFQA_MARK);
		ck_assert_uint_eq(attribute.nla_len, 8);
		memcpy(&mark, bytes + 36, sizeof(mark));
		answer.marks = true;
		answer.mark = ntohl(mark);
	} else {
		ck_assert_uint_eq(size, 32);
	}
	for (size_t i = 0; i < waiting; i++)
		if (model[i].decisions == 0 &&
		    (int32_t)(model[i].id - ntohl(verdict.id)) <= 0) {
			model[i].decisions++;
			model[i].answer = answer;
		}
}

static void
play(void)
{
	struct nlmsghdr header;

	for (size_t at = 0; at < verdicts.used; at += header.nlmsg_len) {
		memcpy(&header, verdicts.bytes + at, sizeof(header));
		ck_assert_uint_eq(header.nlmsg_type,
		    (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_VERDICT_BATCH);
		ck_assert_uint_eq(header.nlmsg_flags, NLM_F_REQUEST);
		ck_assert_uint_le(at + header.nlmsg_len, verdicts.used);
		play_message(verdicts.bytes + at, header.nlmsg_len);
		messages++;
	}
}

static void
expect(uint32_t id, struct answer want)
{
	for (size_t i = 0; i < waiting; i++)
		if (model[i].id == id) {
			ck_assert_msg(
			    model[i].decisions == 1, "id %u: no verdict", id);
			ck_assert_msg(model[i].answer.accept == want.accept &&
					  model[i].answer.marks == want.marks &&
					  model[i].answer.mark == want.mark,
			    "id %u: another verdict", id);
			return;
		}
	ck_abort_msg("id %u never waited", id);
}

START_TEST(equal_answers_are_one_message)
{
	verdicts_begin(&verdicts);
	for (uint32_t id = 1; id <= 60; id++) {
		enqueue(id);
		verdicts_add(&verdicts, id, &passed);
	}
	verdicts_end(&verdicts);
	play();
	ck_assert_uint_eq(messages, 1);
	ck_assert_uint_eq(verdicts.used, 32);
	for (uint32_t id = 1; id <= 60; id++)
		expect(id, passed);
}
END_TEST

START_TEST(another_answer_begins_another_message)
{
	const struct answer answers[] = { passed, drop, passed, mark5, mark5,
		mark6, drop, drop };
	const uint32_t count = sizeof(answers) / sizeof(answers[0]);

	verdicts_begin(&verdicts);
	for (uint32_t i = 0; i < count; i++) {
		enqueue(i + 1);
		verdicts_add(&verdicts, i + 1, &answers[i]);
	}
	verdicts_end(&verdicts);
	play();
	ck_assert_uint_eq(messages, 6);
	for (uint32_t i = 0; i < count; i++)
		expect(i + 1, answers[i]);
}
END_TEST

START_TEST(what_was_never_read_is_dropped)
{
	for (uint32_t id = 1; id <= 9; id++)
		enqueue(id);
	verdicts_begin(&verdicts);
	verdicts_add(&verdicts, 2, &passed); /* 1 was lost after the bind */
	verdicts_add(&verdicts, 4, &passed); /* 3 within the batch */
	verdicts_end(&verdicts);
	play();
	verdicts_begin(&verdicts);
	verdicts_add(&verdicts, 7, &mark5); /* 5 and 6 between batches */
	verdicts_add(&verdicts, 9, &drop);  /* 8: drops join */
	verdicts_end(&verdicts);
	play();
	ck_assert_uint_eq(messages, 4 + 3);
	for (uint32_t id = 1; id <= 9; id++)
		expect(id, id == 2 || id == 4 ? passed
			   : id == 7          ? mark5
					      : drop);
}
END_TEST

START_TEST(ids_wrap)
{
	verdicts.previous = UINT32_MAX - 2;
	verdicts_begin(&verdicts);
	for (uint32_t id = UINT32_MAX - 1; id != 3; id++) {
		enqueue(id);
		verdicts_add(&verdicts, id, id % 2 ? &drop : &passed);
	}
	verdicts_end(&verdicts);
	play();
	for (uint32_t id = UINT32_MAX - 1; id != 3; id++)
		expect(id, id % 2 ? drop : passed);
}
END_TEST

START_TEST(what_is_decided_stays_decided)
{
	enqueue(1);
	enqueue(2);
	verdicts_begin(&verdicts);
	verdicts_add(&verdicts, 2, &drop);
	verdicts_add(&verdicts, 1, &passed);
	verdicts_add(&verdicts, 2, &passed);
	verdicts_end(&verdicts);
	play();
	ck_assert_uint_eq(messages, 1);
	expect(1, drop);
	expect(2, drop);
}
END_TEST

START_TEST(the_worst_batch_fits)
{
	verdicts_begin(&verdicts);
	for (uint32_t i = 1; i <= FILTER_BATCH; i++) {
		enqueue(2 * i - 1);
		enqueue(2 * i);
		verdicts_add(&verdicts, 2 * i, i % 2 ? &mark5 : &mark6);
	}
	verdicts_end(&verdicts);
	play();
	ck_assert_uint_eq(messages, 2 * FILTER_BATCH);
	for (uint32_t i = 1; i <= FILTER_BATCH; i++) {
		expect(2 * i - 1, drop);
		expect(2 * i, i % 2 ? mark5 : mark6);
	}
}
END_TEST

START_TEST(a_send_is_whole_messages_and_not_too_long)
{
	const size_t most = VERDICTS_SEND_MAX;
	size_t sent = 0, pieces = 0, size;

	ck_assert_uint_eq(verdicts_piece(&verdicts, 0), 0);
	verdicts_begin(&verdicts);
	for (uint32_t i = 1; i <= FILTER_BATCH; i++)
		verdicts_add(&verdicts, 2 * i, i % 2 ? &mark5 : &mark6);
	verdicts_end(&verdicts);
	ck_assert_uint_eq(verdicts.used, FILTER_BATCH * (32 + 40));
	for (; (size = verdicts_piece(&verdicts, sent)) > 0; sent += size) {
		struct nlmsghdr header;
		ck_assert_uint_le(size, most);
		/* The next message would not have gone in, if there is one. */
		if (sent + size < verdicts.used) {
			memcpy(&header, verdicts.bytes + sent + size,
			    sizeof(header));
			ck_assert_uint_eq(header.nlmsg_type,
			    (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_VERDICT_BATCH);
			ck_assert_uint_gt(size + header.nlmsg_len, most);
		}
		pieces++;
	}
	ck_assert_uint_eq(sent, verdicts.used);
	ck_assert_uint_eq(pieces, 2);
}
END_TEST

START_TEST(nothing_stale_outlives_an_idle_tick)
{
	verdicts_begin(&verdicts);
	verdicts_add(&verdicts, 1, &passed);
	verdicts_end(&verdicts);
	enqueue(1); /* its verdict got lost */
	enqueue(2); /* not read yet */
	verdicts_drop_stale(&verdicts);
	play();
	expect(1, drop);
	ck_assert_uint_eq(model[1].decisions, 0);
}
END_TEST

/* A process before us had read two and was killed.  _i: about where ids wrap,
 * and where they are half way round. */
START_TEST(what_another_process_had_read_is_dropped)
{
	const uint32_t firsts[] = { 1, 5, UINT32_MAX - 1, UINT32_MAX / 2 };
	uint32_t first = firsts[_i];

	verdicts.inherits = true;
	for (uint32_t i = 0; i < 4; i++)
		enqueue(first + i);
	verdicts_begin(&verdicts);
	verdicts_add(&verdicts, first + 2, &passed);
	verdicts_add(&verdicts, first + 3, &mark5);
	verdicts_end(&verdicts);
	play();
	expect(first, drop);
	expect(first + 1, drop);
	expect(first + 2, passed);
	expect(first + 3, mark5);
}
END_TEST

/* The same, and nothing comes that we could read. */
START_TEST(what_another_process_had_read_last_is_dropped)
{
	verdicts.inherits = true;
	enqueue(41);
	enqueue(42);
	enqueue(43); /* came after we had looked at the last id */
	verdicts_inherited(&verdicts, 42);
	verdicts_drop_stale(&verdicts);
	play();
	expect(41, drop);
	expect(42, drop);
	ck_assert_uint_eq(model[2].decisions, 0);
	verdicts_begin(&verdicts);
	verdicts_add(&verdicts, 43, &passed);
	verdicts_end(&verdicts);
	play();
	expect(43, passed);
}
END_TEST

/* Any mix of losses and answers, in batches of any size. */
START_TEST(every_id_gets_the_verdict_that_was_meant)
{
	const struct answer answers[] = { passed, drop, mark5, mark6 };
	struct answer want[MODEL_MAX];
	uint32_t random = 1, id = 1;

	while (id + FILTER_BATCH < MODEL_MAX) {
		verdicts_begin(&verdicts);
		for (uint32_t end = id + 1 + random % FILTER_BATCH; id < end;
		     id++) {
			random = random * 1664525 + 1013904223;
			enqueue(id);
			want[id] = drop;
			if ((random >> 16) % 5 == 0)
				continue; /* its message is lost */
			want[id] = answers[(random >> 24) % 4];
			verdicts_add(&verdicts, id, &want[id]);
		}
		verdicts_end(&verdicts);
		play();
	}
	enqueue(id);
	verdicts_begin(&verdicts);
	verdicts_add(&verdicts, id, &passed);
	verdicts_end(&verdicts);
	play();
	for (uint32_t i = 1; i < id; i++)
		expect(i, want[i]);
	expect(id, passed);
}
END_TEST

Suite *
suite_verdicts(void)
{
	Suite *suite = suite_create("verdicts");
	TCase *tests = tcase_create("verdicts");

	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_test(tests, equal_answers_are_one_message);
	tcase_add_test(tests, another_answer_begins_another_message);
	tcase_add_test(tests, what_was_never_read_is_dropped);
	tcase_add_test(tests, ids_wrap);
	tcase_add_test(tests, what_is_decided_stays_decided);
	tcase_add_test(tests, the_worst_batch_fits);
	tcase_add_test(tests, a_send_is_whole_messages_and_not_too_long);
	tcase_add_test(tests, nothing_stale_outlives_an_idle_tick);
	tcase_add_loop_test(
	    tests, what_another_process_had_read_is_dropped, 0, 4);
	tcase_add_test(tests, what_another_process_had_read_last_is_dropped);
	tcase_add_test(tests, every_id_gets_the_verdict_that_was_meant);
	suite_add_tcase(suite, tests);
	return suite;
}
