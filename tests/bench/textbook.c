/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_textbook plain|gso CLOSED-PORT: a firewall on queue 0 in the way that
 * libnetfilter_queue is usually used: one receive, the whole packet, one
 * verdict each, default buffers; with "gso" segments come together.  Like the
 * partner bench_null it only knows one closed port; the kernel's rules are the
 * daemon's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>

#include "hook.h"
#include "stateless.h"

#define WHOLE_PACKET 0xffff
#define MESSAGE_SIZE 8192 /* all else of a message */

static struct mnl_socket *netlink;
static unsigned closed_port;

static void
check(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "bench_textbook: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void
send_verdict(uint32_t id, int verdict)
{
	char bytes[MESSAGE_SIZE];
	struct nlmsghdr *message = nfq_nlmsg_put(bytes, NFQNL_MSG_VERDICT, 0);

	nfq_nlmsg_verdict_put(message, (int)id, verdict);
	check(mnl_socket_sendto(netlink, message, message->nlmsg_len) != -1,
	    "sendto");
}

static int
judge(const struct nlmsghdr *message, void *data)
{
	struct nlattr *attributes[NFQA_MAX + 1] = { NULL };
	const struct nfqnl_msg_packet_hdr *header;
	bool closed = false;

	(void)data;
	if (nfq_nlmsg_parse(message, attributes) < 0 ||
	    !attributes[NFQA_PACKET_HDR])
		return MNL_CB_ERROR;
	header = mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]);
	if (attributes[NFQA_PAYLOAD])
		closed = stateless_closed(
		    mnl_attr_get_payload(attributes[NFQA_PAYLOAD]),
		    mnl_attr_get_payload_len(attributes[NFQA_PAYLOAD]),
		    closed_port);
	send_verdict(ntohl(header->packet_id), closed ? NF_DROP : NF_ACCEPT);
	return MNL_CB_OK;
}

/* The table goes when this process does. */
static void
install_rules(void)
{
	const struct hook_plan plan = {
		.fast_path = { -1, -1, -1 },
		.queue_count = 1,
		.leaf = LEAF_AUTO,
		.reject_mark = 1u << 31,
		.mark_mask = 1u << 31,
	};
	char error[HOOK_ERROR_SIZE];
	struct hook *hook = hook_open(error);

	if (hook && hook_install(hook, &plan, error))
		return;
	fprintf(stderr, "bench_textbook: %s\n", error);
	exit(EXIT_FAILURE);
}

static void
configure(bool gso)
{
	char bytes[MESSAGE_SIZE];
	struct nlmsghdr *message = nfq_nlmsg_put(bytes, NFQNL_MSG_CONFIG, 0);

	nfq_nlmsg_cfg_put_cmd(message, AF_INET, NFQNL_CFG_CMD_BIND);
	check(mnl_socket_sendto(netlink, message, message->nlmsg_len) != -1,
	    "bind");
	message = nfq_nlmsg_put(bytes, NFQNL_MSG_CONFIG, 0);
	nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, WHOLE_PACKET);
	if (gso) {
		mnl_attr_put_u32(
		    message, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
		mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
	}
	check(mnl_socket_sendto(netlink, message, message->nlmsg_len) != -1,
	    "configure");
}

int
main(int argc, char **argv)
{
	static char bytes[WHOLE_PACKET + MESSAGE_SIZE];
	unsigned port;

	errno = EINVAL;
	check(argc == 3, "usage: bench_textbook plain|gso CLOSED-PORT");
	closed_port = (unsigned)atoi(argv[2]);
	netlink = mnl_socket_open(NETLINK_NETFILTER);
	check(netlink != NULL, "open");
	check(mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) != -1, "bind");
	port = mnl_socket_get_portid(netlink);
	configure(strcmp(argv[1], "gso") == 0);
	install_rules();
	puts("ready");
	fflush(stdout);
	for (;;) {
		ssize_t length =
		    mnl_socket_recvfrom(netlink, bytes, sizeof(bytes));

		if (length == -1 && errno == ENOBUFS)
			continue;
		check(length != -1, "recvfrom");
		/* Answers to verdicts for what the kernel has lost. */
		if (mnl_cb_run(bytes, (size_t)length, 0, port, judge, NULL) ==
			-1 &&
		    errno != ENOENT)
			check(false, "message");
	}
}
