/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding a socket to a packet queue, and reading the queue's line in procfs.
 *
 * One message binds and configures, so that the queue never exists in the
 * kernel's initial mode, which drops all (NFQNL_COPY_NONE):
 *  - copy range 128: the longest headers that matter, and a message stays in
 *    the smallest slab of the socket's buffer;
 *  - GSO: the kernel hands over a train of segments as one packet;
 *  - fail-open, user ids (but see queue_ask_owners()), security contexts and
 *    conntrack data off.
 * The socket's buffer is made to hold a full queue, and NETLINK_NO_ENOBUFS
 * keeps an overrun from blocking it until it is read empty.  Connected to the
 * kernel (port 0), it takes nothing from other processes.
 */
#include "queue_bind.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>

#include "log.h"
#include "message.h"

#define COPY_RANGE 128
/* Socket memory for one message of that range; the kernel doubles it. */
#define MESSAGE_MEMORY 2048
#define ANSWER_MS      1000

/* The calling thread's network namespace, also where it is not that of the
 * process. */
#define FIGURES_PATH "/proc/thread-self/net/netfilter/nfnetlink_queue"

static bool
may_administer_network(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[0].effective & (1u << CAP_NET_ADMIN));
}

/* " (NAME)" if a process has that port as its id, as is usual; else "". */
static void
name_of_port(uint32_t port, char *out, size_t size)
{
	char path[32];
	FILE *file;

	*out = '\0';
	if (port == 0 || size < 4)
		return;
	snprintf(path, sizeof(path), "/proc/%u/comm", port);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(out + 2, (int)size - 3, file)) {
		out[0] = ' ';
		out[1] = '(';
		strcpy(out + strcspn(out, "\n"), ")");
	}
	fclose(file);
}

static void
explain_refusal(unsigned number, int reason, char error[QUEUE_ERROR_SIZE])
{
	int fd;
	struct queue_figures figures;
	char name[32];

	switch (reason) {
	case EPERM:
		if (!may_administer_network()) {
			snprintf(error, QUEUE_ERROR_SIZE,
			    "queue %u cannot be bound: CAP_NET_ADMIN is "
			    "missing, run as root",
			    number);
			return;
		}
		fd = queue_figures_open();
		figures = queue_figures_read(fd, number);
		if (fd != -1)
			close(fd);
		name_of_port(figures.port, name, sizeof(name));
		if (figures.known)
			snprintf(error, QUEUE_ERROR_SIZE,
			    "queue %u is taken by the program with netlink "
			    "port %u%s: stop it, or set another queue.first",
			    number, figures.port, name);
		else
			snprintf(error, QUEUE_ERROR_SIZE,
			    "queue %u is taken by another program: stop it, "
			    "or set another queue.first",
			    number);
		return;
	case EINVAL:
	case EPROTONOSUPPORT:
		snprintf(error, QUEUE_ERROR_SIZE,
		    "queue %u cannot be bound: the kernel has no NFQUEUE "
		    "(CONFIG_NETFILTER_NETLINK_QUEUE, module nfnetlink_queue)",
		    number);
		return;
	default:
		snprintf(error, QUEUE_ERROR_SIZE,
		    "queue %u cannot be bound: %s", number, strerror(reason));
	}
}

/* The errno the kernel answered with, 0: done.  Packets of the new queue may
 * come before the answer: they are left to the gap rule of verdicts.c. */
static int
read_answer(int fd)
{
	for (;;) {
		struct pollfd socket = { .fd = fd, .events = POLLIN };
		uint8_t bytes[MESSAGE_SIZE];
		struct message message;
		int ready = poll(&socket, 1, ANSWER_MS);
		ssize_t length;

		if (ready == 0)
			return ETIMEDOUT;
		length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (length == -1 && errno != EINTR && errno != EAGAIN)
			return errno;
		if (length == -1)
			continue;
		message_read(&message, bytes, (size_t)length, false);
		if (message.kind == MESSAGE_ERROR)
			return message.error;
	}
}

static void
put_settings(struct nlmsghdr *request, unsigned length)
{
	const uint32_t all = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_CONNTRACK |
			     NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID |
			     NFQA_CFG_F_SECCTX;

	nfq_nlmsg_cfg_put_params(request, NFQNL_COPY_PACKET, COPY_RANGE);
	nfq_nlmsg_cfg_put_qmaxlen(request, length);
	mnl_attr_put_u32(request, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(request, NFQA_CFG_MASK, htonl(all));
}

static int
configure(int fd, unsigned number, unsigned length)
{
	_Alignas(NLMSG_ALIGNTO) char bytes[MESSAGE_SIZE];
	struct nlmsghdr *request =
	    nfq_nlmsg_put(bytes, NFQNL_MSG_CONFIG, number);

	request->nlmsg_flags |= NLM_F_ACK;
	nfq_nlmsg_cfg_put_cmd(request, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	put_settings(request, length);
	if (send(fd, request, request->nlmsg_len, 0) == -1)
		return errno;
	return read_answer(fd);
}

void
queue_ask_owners(int fd, unsigned number, bool ask)
{
	_Alignas(NLMSG_ALIGNTO) char bytes[MESSAGE_SIZE];
	struct nlmsghdr *request =
	    nfq_nlmsg_put(bytes, NFQNL_MSG_CONFIG, number);

	mnl_attr_put_u32(
	    request, NFQA_CFG_FLAGS, htonl(ask ? NFQA_CFG_F_UID_GID : 0));
	mnl_attr_put_u32(request, NFQA_CFG_MASK, htonl(NFQA_CFG_F_UID_GID));
	if (send(fd, request, request->nlmsg_len, 0) == -1)
		log_error("queue %u: cannot be told to name the users of "
			  "packets: %s",
		    number, strerror(errno));
}

/* The errno of what failed, or 0. */
static int
make_room(int fd, unsigned length)
{
	int memory = length < INT_MAX / 2 / MESSAGE_MEMORY
			 ? (int)length * MESSAGE_MEMORY
			 : INT_MAX / 2;

	/* Forcing takes CAP_NET_ADMIN of the initial user namespace; in a
	 * container what net.core.rmem_max allows must do. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &memory,
		sizeof(memory)) == -1 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &memory, sizeof(memory)) ==
		-1)
		return errno;
	return 0;
}

static int
prepare_socket(int fd, unsigned length)
{
	const struct sockaddr_nl ours = { .nl_family = AF_NETLINK };
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const int on = 1;

	if (bind(fd, (const struct sockaddr *)&ours, sizeof(ours)) == -1 ||
	    connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) ==
		-1 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on)) ==
		-1)
		return errno;
	return make_room(fd, length);
}

int
queue_bind(unsigned number, unsigned length, char error[QUEUE_ERROR_SIZE])
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int failure = fd == -1 ? errno : prepare_socket(fd, length);

	if (!failure)
		failure = configure(fd, number, length);
	if (!failure)
		return fd;
	if (fd != -1)
		close(fd);
	explain_refusal(number, failure, error);
	return -1;
}

/* An answer would have to be looked for among the packets. */
void
queue_inherit(int fd, unsigned number, unsigned length)
{
	_Alignas(NLMSG_ALIGNTO) char bytes[MESSAGE_SIZE];
	struct nlmsghdr *request =
	    nfq_nlmsg_put(bytes, NFQNL_MSG_CONFIG, number);

	make_room(fd, length);
	put_settings(request, length);
	if (send(fd, request, request->nlmsg_len, 0) == -1)
		log_warning("queue %u: its settings stay as they were: %s",
		    number, strerror(errno));
}

void
queue_unbind(int fd, unsigned number)
{
	_Alignas(NLMSG_ALIGNTO) char bytes[MESSAGE_SIZE];
	struct nlmsghdr *request =
	    nfq_nlmsg_put(bytes, NFQNL_MSG_CONFIG, number);

	nfq_nlmsg_cfg_put_cmd(request, AF_UNSPEC, NFQNL_CFG_CMD_UNBIND);
	if (send(fd, request, request->nlmsg_len, 0) == -1)
		log_warning(
		    "queue %u: cannot be unbound: %s", number, strerror(errno));
}

int
queue_figures_open(void)
{
	return open(FIGURES_PATH, O_RDONLY | O_CLOEXEC);
}

/* seq_show() in nfnetlink_queue.c: number, port, waiting, copy mode, copy
 * range, dropped because the queue was full, dropped because the socket was,
 * last id, 1. */
static bool
parse_line(const char *line, unsigned number, struct queue_figures *figures)
{
	unsigned queue, port, last_id;
	unsigned long long waiting, queue_full, socket_full;

	if (sscanf(line, "%u %u %llu %*u %*u %llu %llu %u", &queue, &port,
		&waiting, &queue_full, &socket_full, &last_id) != 6 ||
	    queue != number)
		return false;
	*figures = (struct queue_figures){
		.known = true,
		.port = port,
		.waiting = waiting,
		.lost_queue_full = queue_full,
		.lost_socket_full = socket_full,
		.last_id = last_id,
	};
	return true;
}

/* The line of the queue in the text; *whole: bytes up to the last newline. */
static bool
find_line(
    char *text, unsigned number, struct queue_figures *figures, size_t *whole)
{
	char *line = text, *end;

	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		if (parse_line(line, number, figures))
			return true;
		line = end + 1;
	}
	*whole = (size_t)(line - text);
	return false;
}

struct queue_figures
queue_figures_read(int fd, unsigned number)
{
	struct queue_figures figures = { 0 };
	char text[4096 + 1]; /* what one read of a seq_file gives */
	size_t whole = 1;
	off_t offset = 0;

	/* By offset, since threads share the descriptor. */
	while (whole > 0) {
		ssize_t length = pread(fd, text, sizeof(text) - 1, offset);

		if (length <= 0)
			break;
		text[length] = '\0';
		if (find_line(text, number, &figures, &whole))
			break;
		offset += (off_t)whole;
	}
	return figures;
}
