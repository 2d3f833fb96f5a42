/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the kernel's queue: what is read of good ones, and that broken
 * ones still yield the id of their packet, which waits for a verdict.
 */
#include "message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include "suites.h"

#define ID      0x01020304u
#define PAYLOAD 21 /* not a multiple of four */

/* A message under construction. */
static uint8_t bytes[MESSAGE_SIZE];
static size_t length;

static void
begin(uint16_t type)
{
	const struct nlmsghdr header = { .nlmsg_type = type };

	memset(bytes, 0xee, sizeof(bytes));
	memcpy(bytes, &header, sizeof(header));
	length = NLMSG_HDRLEN;
}

static void
append(const void *data, size_t size)
{
	memcpy(bytes + length, data, size);
	length += size;
}

/* As the kernel does it: padded, but for the payload. */
static void
attribute(uint16_t type, const void *data, size_t size)
{
	const struct nlattr header = { (uint16_t)(sizeof(header) + size),
		type };

	append(&header, sizeof(header));
	append(data, size);
	if (type != NFQA_PAYLOAD)
		length = NLA_ALIGN(length);
}

static void
attribute_u32(uint16_t type, uint32_t value)
{
	value = htonl(value);
	attribute(type, &value, sizeof(value));
}

static void
packet_header(uint8_t hook, uint16_t protocol)
{
	const struct nfqnl_msg_packet_hdr header = {
		.packet_id = htonl(ID),
		.hw_protocol = htons(protocol),
		.hook = hook,
	};

	attribute(NFQA_PACKET_HDR, &header, sizeof(header));
}

static void
begin_packet(uint8_t hook, uint16_t protocol)
{
	const struct nfgenmsg queue = { .nfgen_family = AF_INET };

	begin((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET);
	append(&queue, sizeof(queue));
	packet_header(hook, protocol);
}

static void
payload(void)
{
	uint8_t data[PAYLOAD];

	for (size_t i = 0; i < PAYLOAD; i++)
		data[i] = (uint8_t)i;
	attribute(NFQA_PAYLOAD, data, sizeof(data));
}

/* Reads the first `size` bytes, from a block of just that size. */
static struct message
read_part(size_t size, bool truncated)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct message message;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, size);
	message_read(&message, exact, size, truncated);
	if (message.captured > 0)
		ck_assert_uint_le(
		    (size_t)(message.payload - exact) + message.captured, size);
	free(exact);
	return message;
}

static struct message
read_all(void)
{
	const uint32_t size = (uint32_t)length;

	memcpy(bytes, &size, sizeof(size)); /* nlmsg_len */
	return read_part(length, false);
}

static void
usual_packet(void)
{
	begin_packet(NF_INET_LOCAL_IN, ETH_P_IP);
	attribute_u32(NFQA_MARK, 0x30000007);
	attribute_u32(NFQA_IFINDEX_INDEV, 3);
	attribute_u32(NFQA_IFINDEX_OUTDEV, 4);
	attribute_u32(NFQA_SKB_INFO, NFQA_SKB_GSO);
	attribute_u32(NFQA_CAP_LEN, 64000);
	payload();
}

START_TEST(a_packet_is_read_whole)
{
	usual_packet();
	struct message m = read_all();

	ck_assert_int_eq(m.kind, MESSAGE_PACKET);
	ck_assert_int_eq(m.refused, UNDECIDED);
	ck_assert_uint_eq(m.id, ID);
	ck_assert_int_eq(m.direction, INBOUND);
	ck_assert_uint_eq(m.mark, 0x30000007);
	ck_assert_uint_eq(m.in_index, 3);
	ck_assert_uint_eq(m.out_index, 4);
	ck_assert_uint_eq(m.captured, PAYLOAD);
	ck_assert_uint_eq(m.length, 64000);
	ck_assert(!m.verify_checksum);
}
END_TEST

START_TEST(a_packet_copied_whole_is_as_long_as_its_payload)
{
	begin_packet(NF_INET_LOCAL_IN, ETH_P_IPV6);
	payload();
	ck_assert_uint_eq(read_all().length, PAYLOAD);
	ck_assert_int_eq(read_all().refused, UNDECIDED);
}
END_TEST

/* From the packet header on, every part of the message has the id. */
START_TEST(every_truncation_is_refused_but_keeps_the_id)
{
	const size_t id_known = NLMSG_HDRLEN + sizeof(struct nfgenmsg) +
				NLA_HDRLEN +
				sizeof(struct nfqnl_msg_packet_hdr);

	usual_packet();
	read_all();
	for (size_t size = 0; size < length; size++) {
		struct message m = read_part(size, false);

		if (size < id_known) {
			ck_assert_int_eq(m.kind, MESSAGE_ODD);
			continue;
		}
		ck_assert_int_eq(m.kind, MESSAGE_PACKET);
		ck_assert_uint_eq(m.id, ID);
		ck_assert_int_eq(m.refused, NO_PACKET);
	}
	ck_assert_int_eq(read_part(length, true).refused, NO_PACKET);
}
END_TEST

START_TEST(the_hook_tells_the_direction)
{
	static const struct {
		uint8_t hook;
		enum direction direction;
		enum reason refused;
	} rows[] = {
		{ NF_INET_LOCAL_IN, INBOUND, UNDECIDED },
		{ NF_INET_LOCAL_OUT, OUTBOUND, UNDECIDED },
		{ NF_INET_FORWARD, FORWARD, UNDECIDED },
		{ NF_INET_PRE_ROUTING, INBOUND, NO_PACKET },
		{ NF_INET_POST_ROUTING, INBOUND, NO_PACKET },
		{ 255, INBOUND, NO_PACKET },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_packet(rows[i].hook, ETH_P_IP);
		payload();
		ck_assert_int_eq(read_all().direction, rows[i].direction);
		ck_assert_int_eq(read_all().refused, rows[i].refused);
	}
}
END_TEST

START_TEST(of_what_is_sent_here_it_says_whose_it_is)
{
	static const struct {
		uint8_t hook;
		unsigned bytes; /* of the user; the group is whole */
		uint32_t user, group;
	} rows[] = {
		{ NF_INET_LOCAL_OUT, 4, 1001, 1 }, /* owner_value() */
		/* whose socket it is for says nothing of who sends it */
		{ NF_INET_LOCAL_IN, 4, 0, 0 },
		{ NF_INET_FORWARD, 4, 0, 0 },
		/* both or none */
		{ NF_INET_LOCAL_OUT, 3, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint32_t user = htonl(1000);

		begin_packet(rows[i].hook, ETH_P_IP);
		attribute(NFQA_UID, &user, rows[i].bytes);
		attribute_u32(NFQA_GID, 0);
		payload();
		ck_assert_int_eq(read_all().refused, UNDECIDED);
		ck_assert_uint_eq(read_all().user, rows[i].user);
		ck_assert_uint_eq(read_all().group, rows[i].group);
	}
}
END_TEST

START_TEST(what_is_no_ip_or_empty_is_refused)
{
	begin_packet(NF_INET_LOCAL_IN, ETH_P_ARP);
	payload();
	ck_assert_int_eq(read_all().refused, NOT_IP);
	begin_packet(NF_INET_LOCAL_IN, ETH_P_IP);
	ck_assert_int_eq(read_all().refused, NO_PACKET);
	ck_assert_uint_eq(read_all().id, ID);
}
END_TEST

START_TEST(a_checksum_is_to_be_verified_if_finished_and_not_yet_looked_at)
{
	static const struct {
		uint8_t hook;
		uint32_t info;
		bool verify;
	} rows[] = {
		{ NF_INET_LOCAL_IN, 0, false },
		{ NF_INET_LOCAL_IN, NFQA_SKB_CSUM_NOTVERIFIED, true },
		{ NF_INET_LOCAL_IN, NFQA_SKB_CSUMNOTREADY, false },
		{ NF_INET_LOCAL_IN,
		    NFQA_SKB_CSUMNOTREADY | NFQA_SKB_CSUM_NOTVERIFIED, false },
		{ NF_INET_LOCAL_OUT, NFQA_SKB_CSUM_NOTVERIFIED, false },
		{ NF_INET_FORWARD, NFQA_SKB_CSUM_NOTVERIFIED, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_packet(rows[i].hook, ETH_P_IP);
		attribute_u32(NFQA_SKB_INFO, rows[i].info);
		payload();
		ck_assert(read_all().verify_checksum == rows[i].verify);
	}
}
END_TEST

START_TEST(an_attribute_that_lies_about_its_length_refuses_the_packet)
{
	static const uint16_t lies[] = { 0, 1, 3, 40, 65535 };

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const struct nlattr lie = { lies[i], NFQA_PAYLOAD };

		begin_packet(NF_INET_LOCAL_IN, ETH_P_IP);
		attribute(NFQA_PAYLOAD, "01234567", 8);
		append(&lie, sizeof(lie));
		append("0123456789", 8);
		ck_assert_int_eq(read_all().kind, MESSAGE_PACKET);
		ck_assert_uint_eq(read_all().id, ID);
		ck_assert_int_eq(read_all().refused, NO_PACKET);
	}
}
END_TEST

START_TEST(values_too_short_for_their_attribute_are_not_read)
{
	begin_packet(NF_INET_LOCAL_IN, ETH_P_IP);
	attribute(NFQA_MARK, "abc", 3);
	payload();
	ck_assert_uint_eq(read_all().mark, 0);
	begin((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET);
	append("\2\0\0", 4);
	attribute(NFQA_PACKET_HDR, "abcdef", 6);
	payload();
	ck_assert_int_eq(read_all().kind, MESSAGE_ODD);
}
END_TEST

START_TEST(an_error_is_an_errno)
{
	static const struct {
		int32_t error;
		int want;
	} rows[] = { { 0, 0 }, { -ENOENT, ENOENT }, { -EPERM, EPERM }, { 5, 0 },
		{ INT32_MIN, 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(NLMSG_ERROR);
		append(&rows[i].error, sizeof(rows[i].error));
		ck_assert_int_eq(read_all().kind, MESSAGE_ERROR);
		ck_assert_int_eq(read_all().error, rows[i].want);
		ck_assert_int_eq(read_part(length - 1, true).kind, MESSAGE_ODD);
	}
}
END_TEST

START_TEST(other_messages_decide_nothing)
{
	static const uint16_t types[] = { NLMSG_NOOP, NLMSG_DONE, NLMSG_OVERRUN,
		(NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_CONFIG,
		(NFNL_SUBSYS_NFTABLES << 8) | NFQNL_MSG_PACKET, 0xffff };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		usual_packet();
		memcpy(bytes + 4, &types[i], sizeof(types[i]));
		ck_assert_int_eq(read_all().kind, MESSAGE_ODD);
	}
}
END_TEST

Suite *
suite_message(void)
{
	Suite *suite = suite_create("message");
	TCase *tests = tcase_create("message");

	tcase_add_test(tests, a_packet_is_read_whole);
	tcase_add_test(tests, a_packet_copied_whole_is_as_long_as_its_payload);
	tcase_add_test(tests, every_truncation_is_refused_but_keeps_the_id);
	tcase_add_test(tests, the_hook_tells_the_direction);
	tcase_add_test(tests, of_what_is_sent_here_it_says_whose_it_is);
	tcase_add_test(tests, what_is_no_ip_or_empty_is_refused);
	tcase_add_test(tests,
	    a_checksum_is_to_be_verified_if_finished_and_not_yet_looked_at);
	tcase_add_test(
	    tests, an_attribute_that_lies_about_its_length_refuses_the_packet);
	tcase_add_test(
	    tests, values_too_short_for_their_attribute_are_not_read);
	tcase_add_test(tests, an_error_is_an_errno);
	tcase_add_test(tests, other_messages_decide_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}
