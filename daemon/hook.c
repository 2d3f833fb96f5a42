/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owned table: opened, installed, replaced, removed.
 *
 * The table belongs to the netlink socket that made it (flag owner): others
 * may not change it, and it vanishes with the socket, however the process
 * ends.  Every change is one transaction: the rules are deleted and added
 * anew, so at no moment is a packet judged by half of them.  Base chains are
 * only ever added: when any hook of a namespace is unregistered, the kernel
 * drops every packet that waits in any queue of it (nf_queue_nf_hook_drop() in
 * net/netfilter/core.c).  A chain that is not wanted any more stays, empty.
 *
 * What the kernel can do is found out by asking: if a batch is refused because
 * of a piece that there is another way for, the batch with that is tried.
 */
#include "hook.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <libnftnl/common.h>
#include <libnftnl/table.h>

#include "hook_batch.h"
#include "hook_reject.h"
#include "hook_rules.h"
#include "log.h"

struct hook {
	int fd;
	bool installed, has_fast_path;
	enum hook_leaf leaf; /* in force, or LEAF_AUTO: none yet */
};

/* What the kernel lacks if it does not know a piece. */
static const char *const lacks[] = {
	[PIECE_NF_TABLES] = "nftables (CONFIG_NF_TABLES, module nf_tables)",
	[PIECE_TABLE] = "nftables for IPv4 and IPv6 together "
			"(CONFIG_NF_TABLES_INET)",
	[PIECE_CHAINS] = "nftables filter chains (CONFIG_NF_TABLES_INET)",
	[PIECE_MATCHES] = "an nftables match that is needed",
	[PIECE_SPREAD] = "the symmetric hash that spreads packets over queues "
			 "(CONFIG_NFT_HASH); queue.count = 1 needs none",
	[PIECE_NATIVE_LEAF] = "the nftables queue statement (CONFIG_NFT_QUEUE, "
			      "module nft_queue); hook.leaf = \"xtables\" may "
			      "do",
	[PIECE_XTABLES_LEAF] = "the NFQUEUE target for nftables "
			       "(CONFIG_NFT_COMPAT and "
			       "CONFIG_NETFILTER_XT_TARGET_NFQUEUE, modules "
			       "nft_compat and xt_NFQUEUE)",
	[PIECE_REJECT] =
	    "the nftables reject statement (CONFIG_NFT_REJECT_INET "
	    "and CONFIG_NFT_LIMIT)",
	[PIECE_FAST_PATH] = "the bpf match of xtables",
};

static const char missing_privilege[] =
    "the table inet " TABLE_NAME " cannot be installed: CAP_NET_ADMIN is "
    "missing, run as root";

/* Unknown to the kernel, rather than wrong. */
static bool
is_missing(int error)
{
	return error == ENOENT || error == EOPNOTSUPP ||
	       error == EAFNOSUPPORT || error == EPROTONOSUPPORT;
}

static void
describe(const struct batch_failure *failure, char error[HOOK_ERROR_SIZE])
{
	if (failure->error == EPERM && failure->piece == PIECE_NF_TABLES)
		snprintf(error, HOOK_ERROR_SIZE, "%s", missing_privilege);
	else if (failure->error == EPERM)
		snprintf(error, HOOK_ERROR_SIZE,
		    "another instance of ephemerald is already running: the "
		    "table inet " TABLE_NAME " is owned by it");
	else if (failure->error == EINVAL && failure->piece == PIECE_TABLE)
		snprintf(error, HOOK_ERROR_SIZE,
		    "the kernel knows no owned nftables tables, which takes "
		    "Linux 5.12 or later");
	else if (is_missing(failure->error))
		snprintf(error, HOOK_ERROR_SIZE, "the kernel lacks %s",
		    lacks[failure->piece]);
	else
		snprintf(error, HOOK_ERROR_SIZE,
		    "the kernel refuses the table inet " TABLE_NAME ": %s",
		    strerror(failure->error));
}

/* Reads what the kernel has of our name.  Returns errno, ENOENT: nothing. */
static int
look_for_table(int fd, struct nftnl_table *table)
{
	_Alignas(NLMSG_ALIGNTO) char bytes[4096];
	struct nlmsghdr *message =
	    nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETTABLE, NFPROTO_INET, 0, 0);
	const struct nlmsgerr *answer;

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, TABLE_NAME);
	nftnl_table_nlmsg_build_payload(message, table);
	if (send(fd, message, message->nlmsg_len, 0) == -1 ||
	    recv(fd, bytes, sizeof(bytes), 0) < (ssize_t)NLMSG_HDRLEN)
		return errno;
	if (message->nlmsg_type != NLMSG_ERROR)
		return nftnl_table_nlmsg_parse(message, table) == -1 ? errno
								     : 0;
	answer = NLMSG_DATA(message);
	return -answer->error;
}

/* Is the table there, and the socket's own? */
static bool
is_ours(int fd, const struct nftnl_table *table)
{
	struct sockaddr_nl address = { 0 };
	socklen_t size = sizeof(address);

	return nftnl_table_is_set(table, NFTNL_TABLE_OWNER) &&
	       getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
	       nftnl_table_get_u32(table, NFTNL_TABLE_OWNER) == address.nl_pid;
}

/* Is the way free? */
static bool
check(int fd, char error[HOOK_ERROR_SIZE])
{
	struct nftnl_table *table = nftnl_table_alloc();
	int failure = table ? look_for_table(fd, table) : ENOMEM;
	bool ours = !failure && is_ours(fd, table);

	if (failure == EPERM)
		snprintf(error, HOOK_ERROR_SIZE, "%s", missing_privilege);
	else if (failure == EINVAL || failure == EOPNOTSUPP)
		snprintf(error, HOOK_ERROR_SIZE, "the kernel lacks %s",
		    lacks[PIECE_NF_TABLES]);
	else if (failure && failure != ENOENT)
		snprintf(error, HOOK_ERROR_SIZE,
		    "nftables cannot be asked for its tables: %s",
		    strerror(failure));
	else if (!failure && !ours &&
		 nftnl_table_is_set(table, NFTNL_TABLE_OWNER))
		snprintf(error, HOOK_ERROR_SIZE,
		    "another instance of ephemerald is already running: the "
		    "table inet " TABLE_NAME " is owned by netlink port %u",
		    nftnl_table_get_u32(table, NFTNL_TABLE_OWNER));
	else if (!failure && !ours)
		snprintf(error, HOOK_ERROR_SIZE,
		    "there is a table inet " TABLE_NAME " that no program "
		    "owns: remove it with `nft delete table inet " TABLE_NAME
		    "`");
	if (table)
		nftnl_table_free(table);
	return failure == ENOENT || ours;
}

/* Connected to the kernel: nobody else is heard. */
static int
open_socket(void)
{
	const struct sockaddr_nl ours = { .nl_family = AF_NETLINK };
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd == -1)
		return -1;
	if (bind(fd, (const struct sockaddr *)&ours, sizeof(ours)) == 0 &&
	    connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* fd: -1 for a new one. */
static struct hook *
hook_of(int fd, char error[HOOK_ERROR_SIZE])
{
	struct hook *hook = calloc(1, sizeof(*hook));

	if (!hook) {
		snprintf(error, HOOK_ERROR_SIZE, "out of memory");
		return NULL;
	}
	hook->leaf = LEAF_AUTO;
	hook->fd = fd == -1 ? open_socket() : fd;
	if (hook->fd == -1)
		snprintf(error, HOOK_ERROR_SIZE,
		    "no netlink socket for nftables: %s", strerror(errno));
	else if (check(hook->fd, error))
		return hook;
	hook_close(hook);
	return NULL;
}

struct hook *
hook_open(char error[HOOK_ERROR_SIZE])
{
	return hook_of(-1, error);
}

struct hook *
hook_inherit(int fd, char error[HOOK_ERROR_SIZE])
{
	char bytes[4096];

	/* Answers that the process before did not read. */
	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
	return hook_of(fd, error);
}

static struct batch_failure
try_rules(const struct hook *hook, const struct hook_plan *plan,
    enum hook_leaf leaf, bool answers, bool fast)
{
	struct batch_failure failure = { .error = ENOMEM };
	struct batch *batch = batch_create(plan->queue_count);

	if (!batch)
		return failure;
	hook_rules(batch, plan, leaf, answers, fast);
	failure = batch_send(batch, hook->fd);
	batch_destroy(batch);
	return failure;
}

bool
hook_install(struct hook *hook, const struct hook_plan *plan,
    char error[HOOK_ERROR_SIZE])
{
	enum hook_leaf leaf = plan->leaf;
	struct batch_failure failure;
	bool answers = true, fast = true;

	assert(plan->queue_count > 0);
	assert((plan->reject_mark & ~plan->mark_mask) == 0);
	if (leaf == LEAF_AUTO)
		leaf = hook->leaf == LEAF_AUTO ? LEAF_NATIVE : hook->leaf;
	for (;;) {
		failure = try_rules(hook, plan, leaf, answers, fast);
		if (failure.error && failure.piece == PIECE_FAST_PATH && fast) {
			fast = false;
			continue;
		}
		if (!is_missing(failure.error))
			break;
		if (failure.piece == PIECE_NATIVE_LEAF &&
		    plan->leaf == LEAF_AUTO)
			leaf = LEAF_XTABLES;
		else if (failure.piece == PIECE_REJECT && answers)
			answers = false;
		else
			break;
	}
	if (failure.error) {
		describe(&failure, error);
		return false;
	}
	if (!answers)
		log_warning("the kernel lacks %s: what a rule rejects is "
			    "dropped without an answer",
		    lacks[PIECE_REJECT]);
	hook->has_fast_path = fast;
	hook->installed = true;
	hook->leaf = leaf;
	return true;
}

bool
hook_expect_resets(const struct hook *hook, const struct tuple *connection)
{
	struct batch_failure failure = { .error = ENOMEM };
	struct batch *batch = batch_create(0);

	if (batch) {
		reject_expect_resets(batch, connection);
		failure = batch_send(batch, hook->fd);
		batch_destroy(batch);
	}
	return failure.error == 0;
}

const char *
hook_leaf_in_force(const struct hook *hook)
{
	return hook->leaf == LEAF_NATIVE ? "native" : "xtables";
}

bool
hook_has_fast_path(const struct hook *hook)
{
	return hook->has_fast_path;
}

static void
remove_table(const struct hook *hook)
{
	struct batch_failure failure = { .error = ENOMEM };
	struct batch *batch = batch_create(0);

	if (batch) {
		batch_about(batch, PIECE_TABLE);
		batch_delete_table(batch);
		failure = batch_send(batch, hook->fd);
		batch_destroy(batch);
	}
	/* It goes with the socket all the same. */
	if (failure.error)
		log_warning("the table inet " TABLE_NAME
			    " cannot be deleted: %s",
		    strerror(failure.error));
}

int
hook_socket(const struct hook *hook)
{
	return hook->fd;
}

void
hook_leave(struct hook *hook)
{
	if (!hook)
		return;
	if (hook->fd != -1)
		close(hook->fd);
	free(hook);
}

void
hook_close(struct hook *hook)
{
	if (hook && hook->installed)
		remove_table(hook);
	hook_leave(hook);
}
