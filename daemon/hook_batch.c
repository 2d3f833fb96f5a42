/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of one nf_tables transaction, in one buffer and one send.
 *
 * nfnetlink works inside our send(2): when that returns, all answers are in
 * the socket.  It goes on after an error, to report every one, and then undoes
 * the whole batch; a failing commit is reported for the first message.  So the
 * batch is done if the last change was acknowledged and nothing was refused.
 * Only that one asks for an acknowledgement: answers to all of them would not
 * fit the socket's buffer.
 *
 * Messages are numbered from 0, the batch's own begin; `pieces` remembers what
 * each was about.
 */
#include "hook_batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

#define BASE_BYTES     20480 /* all rules that do not grow with the queues */
#define QUEUE_BYTES    768   /* four messages and two map elements */
#define BASE_MESSAGES  128
#define QUEUE_MESSAGES 4
#define MESSAGE_ROOM   1024 /* no message but a map's elements is larger */
#define ELEMENT_ROOM   80
#define SET_TIMEOUT_MS 1000
#define SET_SIZE       1024

#define TYPE_INTEGER    4 /* nft's number, for `nft list` only */
#define BYTEORDER_HOST  1 /* likewise */
#define DATA_IS_VERDICT 0xffffff00u

struct batch {
	char *bytes;
	size_t size, used;
	uint8_t *pieces; /* enum piece, by message */
	size_t piece_size;
	uint32_t count; /* of messages */
	enum piece piece;
	bool failed;
	uint32_t set_count;
	struct nlmsghdr *last;
	struct nftnl_rule *rule; /* between begin and end */
};

struct batch *
batch_create(unsigned queue_count)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->size = BASE_BYTES + (size_t)QUEUE_BYTES * queue_count;
	batch->piece_size =
	    BASE_MESSAGES + (size_t)QUEUE_MESSAGES * queue_count;
	batch->bytes = calloc(1, batch->size);
	batch->pieces = calloc(1, batch->piece_size);
	if (!batch->bytes || !batch->pieces) {
		batch_destroy(batch);
		return NULL;
	}
	batch->used = nftnl_batch_begin(batch->bytes, 0)->nlmsg_len;
	batch->pieces[0] = PIECE_NF_TABLES;
	batch->count = 1;
	return batch;
}

void
batch_destroy(struct batch *batch)
{
	if (!batch)
		return;
	free(batch->bytes);
	free(batch->pieces);
	if (batch->rule)
		nftnl_rule_free(batch->rule);
	free(batch);
}

void
batch_about(struct batch *batch, enum piece piece)
{
	batch->piece = piece;
}

void
batch_fail(struct batch *batch)
{
	batch->failed = true;
}

/* The header of the next message.  NULL: the batch has failed. */
static struct nlmsghdr *
begin(struct batch *batch, uint16_t type, uint16_t flags, size_t room)
{
	if (batch->failed || batch->size - batch->used < room ||
	    batch->count == batch->piece_size) {
		batch->failed = true;
		return NULL;
	}
	batch->pieces[batch->count] = (uint8_t)batch->piece;
	batch->last = nftnl_nlmsg_build_hdr(batch->bytes + batch->used, type,
	    NFPROTO_INET, flags, batch->count);
	return batch->last;
}

static void
end(struct batch *batch)
{
	batch->used += NLMSG_ALIGN(batch->last->nlmsg_len);
	batch->count++;
}

static void
put_table(struct batch *batch, uint16_t type, uint16_t flags, uint32_t owner)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct nlmsghdr *message;

	if (!table) {
		batch->failed = true;
		return;
	}
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, TABLE_NAME);
	if (owner)
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, owner);
	message = begin(batch, type, flags, MESSAGE_ROOM);
	if (message) {
		nftnl_table_nlmsg_build_payload(message, table);
		end(batch);
	}
	nftnl_table_free(table);
}

void
batch_table(struct batch *batch)
{
	put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFT_TABLE_F_OWNER);
}

void
batch_delete_table(struct batch *batch)
{
	put_table(batch, NFT_MSG_DELTABLE, 0, 0);
}

static void
put_chain(struct batch *batch, struct nftnl_chain *chain, const char *name)
{
	struct nlmsghdr *message;

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, TABLE_NAME);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	message = begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, MESSAGE_ROOM);
	if (message) {
		nftnl_chain_nlmsg_build_payload(message, chain);
		end(batch);
	}
	nftnl_chain_free(chain);
}

void
batch_chain(struct batch *batch, const char *name)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (chain)
		put_chain(batch, chain, name);
	else
		batch->failed = true;
}

void
batch_base_chain(struct batch *batch, const char *name, unsigned netfilter_hook,
    int priority)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain) {
		batch->failed = true;
		return;
	}
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, netfilter_hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	put_chain(batch, chain, name);
}

static struct nftnl_rule *
new_rule(const char *chain)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return NULL;
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, TABLE_NAME);
	if (chain)
		nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	return rule;
}

static void
put_rule(struct batch *batch, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message;

	if (!batch->rule) {
		batch->failed = true;
		return;
	}
	message = begin(batch, type, flags, MESSAGE_ROOM);
	if (message) {
		nftnl_rule_nlmsg_build_payload(message, batch->rule);
		end(batch);
	}
	nftnl_rule_free(batch->rule);
	batch->rule = NULL;
}

void
batch_delete_rules(struct batch *batch)
{
	batch->rule = new_rule(NULL);
	put_rule(batch, NFT_MSG_DELRULE, 0);
}

void
batch_rule(struct batch *batch, const char *chain)
{
	batch->rule = new_rule(chain);
}

void
batch_rule_end(struct batch *batch)
{
	put_rule(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
}

struct nftnl_expr *
batch_expression(struct batch *batch, const char *name)
{
	struct nftnl_expr *expression = nftnl_expr_alloc(name);

	if (!expression || !batch->rule) {
		batch->failed = true;
		if (expression)
			nftnl_expr_free(expression);
		return NULL;
	}
	nftnl_rule_add_expr(batch->rule, expression);
	return expression;
}

static bool
fill_map(struct nftnl_set *map, char prefix, unsigned count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct nftnl_set_elem *element = nftnl_set_elem_alloc();
		char chain[16];

		if (!element)
			return false;
		snprintf(chain, sizeof(chain), "%c%u", prefix, i);
		nftnl_set_elem_add(map, element);
		nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, &i, sizeof(i));
		nftnl_set_elem_set_u32(
		    element, NFTNL_SET_ELEM_VERDICT, (uint32_t)NFT_GOTO);
		nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN, chain);
	}
	return true;
}

/* Tells `nft list` that keys are in host order. */
static void
describe_keys(struct nftnl_set *map)
{
	struct nftnl_udata_buf *data = nftnl_udata_buf_alloc(16);

	if (!data)
		return;
	nftnl_udata_put_u32(data, NFTNL_UDATA_SET_KEYBYTEORDER, BYTEORDER_HOST);
	nftnl_set_set_data(map, NFTNL_SET_USERDATA, nftnl_udata_buf_data(data),
	    nftnl_udata_buf_len(data));
	nftnl_udata_buf_free(data);
}

static void
put_set(struct batch *batch, struct nftnl_set *set)
{
	struct nlmsghdr *message =
	    begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE, MESSAGE_ROOM);

	if (message) {
		nftnl_set_nlmsg_build_payload(message, set);
		end(batch);
	}
}

static void
put_elements(struct batch *batch, struct nftnl_set *set, unsigned count)
{
	struct nlmsghdr *message = begin(batch, NFT_MSG_NEWSETELEM,
	    NLM_F_CREATE, MESSAGE_ROOM + (size_t)ELEMENT_ROOM * count);

	if (message) {
		nftnl_set_elems_nlmsg_build_payload(message, set);
		end(batch);
	}
}

static struct nftnl_set *
new_set(struct batch *batch, const char *name, uint32_t flags, uint32_t type,
    uint32_t key_length)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set) {
		batch->failed = true;
		return NULL;
	}
	nftnl_set_set_str(set, NFTNL_SET_TABLE, TABLE_NAME);
	nftnl_set_set_str(set, NFTNL_SET_NAME, name);
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_u32(set, NFTNL_SET_ID, ++batch->set_count);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, type);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, key_length);
	return set;
}

uint32_t
batch_goto_map(struct batch *batch, char prefix, unsigned count)
{
	struct nftnl_set *map = new_set(batch, BATCH_MAP_NAME,
	    NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_MAP, TYPE_INTEGER,
	    sizeof(uint32_t));

	if (!map)
		return 0;
	nftnl_set_set_u32(map, NFTNL_SET_DATA_TYPE, DATA_IS_VERDICT);
	nftnl_set_set_u32(map, NFTNL_SET_DATA_LEN, 0);
	describe_keys(map);
	if (!fill_map(map, prefix, count))
		batch->failed = true;
	put_set(batch, map);
	put_elements(batch, map, count);
	nftnl_set_free(map);
	return batch->set_count;
}

void
batch_timed_set(
    struct batch *batch, const char *name, uint32_t type, uint32_t key_length)
{
	struct nftnl_set *set = new_set(
	    batch, name, NFT_SET_TIMEOUT | NFT_SET_EVAL, type, key_length);

	if (!set)
		return;
	nftnl_set_set_u64(set, NFTNL_SET_TIMEOUT, SET_TIMEOUT_MS);
	nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, SET_SIZE);
	put_set(batch, set);
	nftnl_set_free(set);
}

void
batch_element(
    struct batch *batch, const char *name, const void *key, uint32_t key_length)
{
	struct nftnl_set *set = nftnl_set_alloc();
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();

	if (set && element) {
		nftnl_set_set_str(set, NFTNL_SET_TABLE, TABLE_NAME);
		nftnl_set_set_str(set, NFTNL_SET_NAME, name);
		nftnl_set_elem_set(
		    element, NFTNL_SET_ELEM_KEY, key, key_length);
		nftnl_set_elem_add(set, element);
		element = NULL;
		put_elements(batch, set, 1);
	} else {
		batch->failed = true;
	}
	if (element)
		nftnl_set_elem_free(element);
	if (set)
		nftnl_set_free(set);
}

/* Takes one datagram of answers into *failure.  Returns whether the last
 * change was acknowledged. */
static bool
take_answers(const struct batch *batch, const char *bytes, size_t length,
    struct batch_failure *failure)
{
	const uint32_t last = batch->count - 1;
	bool acknowledged = false;
	struct nlmsghdr header;
	struct nlmsgerr answer;

	while (length >= NLMSG_HDRLEN + sizeof(answer)) {
		memcpy(&header, bytes, sizeof(header));
		memcpy(&answer, bytes + NLMSG_HDRLEN, sizeof(answer));
		if (header.nlmsg_type == NLMSG_ERROR && answer.error != 0 &&
		    failure->error == 0 && header.nlmsg_seq < batch->count) {
			failure->error = -answer.error;
			failure->piece =
			    (enum piece)batch->pieces[header.nlmsg_seq];
		}
		if (header.nlmsg_type == NLMSG_ERROR && answer.error == 0 &&
		    header.nlmsg_seq == last)
			acknowledged = true;
		if (header.nlmsg_len < NLMSG_HDRLEN ||
		    NLMSG_ALIGN((size_t)header.nlmsg_len) >= length)
			break;
		bytes += NLMSG_ALIGN((size_t)header.nlmsg_len);
		length -= NLMSG_ALIGN((size_t)header.nlmsg_len);
	}
	return acknowledged;
}

struct batch_failure
batch_send(struct batch *batch, int fd)
{
	struct batch_failure failure = { 0 };
	char answers[8192];
	bool acknowledged = false;
	ssize_t length;

	if (batch->failed || !batch->last ||
	    batch->size - batch->used < MESSAGE_ROOM) {
		failure.error = ENOMEM;
		return failure;
	}
	batch->last->nlmsg_flags |= NLM_F_ACK;
	batch->used += nftnl_batch_end(batch->bytes + batch->used, batch->count)
			   ->nlmsg_len;
	if (send(fd, batch->bytes, batch->used, 0) == -1) {
		failure.error = errno;
		return failure;
	}
	while (
	    (length = recv(fd, answers, sizeof(answers), MSG_DONTWAIT)) != -1 ||
	    errno == ENOBUFS || errno == EINTR)
		if (length > 0 &&
		    take_answers(batch, answers, (size_t)length, &failure))
			acknowledged = true;
	if (failure.error == 0 && !acknowledged)
		failure.error = ENOMSG;
	return failure;
}
