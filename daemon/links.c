/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces by rtnetlink.
 *
 * One non-blocking socket carries both the messages of RTNLGRP_LINK and the
 * answer to a dump, in the order in which the kernel wrote them.  A dump is a
 * round: whatever is named by a message gets the round's number, and what has
 * an older one when the dump ends is gone.  A round that the kernel calls
 * inconsistent (NLM_F_DUMP_INTR), or during which messages were lost
 * (ENOBUFS), is run again.
 *
 * Messages of other families are about bridge ports and the like; their
 * RTM_DELLINK does not mean that the interface goes.
 */
#include "links.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <libmnl/libmnl.h>

#include "log.h"

#define BUFFER_SIZE   32768 /* the largest part of a dump */
#define PATIENCE_MS   2000  /* for the first dump */
#define TURN_MESSAGES 256   /* then others have their turn */

/* An interface that is bound in struct interfaces. */
struct link {
	uint32_t index;
	unsigned round; /* of the dump that named it last */
};

struct links {
	struct interfaces *interfaces;
	int fd;
	unsigned round;
	bool dumping, repeat; /* repeat: ask again when this one ends */
	int failure;          /* errno of the last dump */
	bool full;            /* said so already */
	struct link *link;
	size_t count, size;
	_Alignas(NLMSG_ALIGNTO) char buffer[BUFFER_SIZE];
};

static struct link *
find(struct links *links, uint32_t index)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->link[i].index == index)
			return &links->link[i];
	return NULL;
}

static struct link *
add(struct links *links, uint32_t index)
{
	if (links->count == links->size) {
		size_t size = links->size ? 2 * links->size : 16;
		struct link *more = realloc(links->link, size * sizeof(*more));

		if (!more)
			return NULL;
		links->link = more;
		links->size = size;
	}
	links->link[links->count].index = index;
	return &links->link[links->count++];
}

static void
forget(struct links *links, struct link *link)
{
	interfaces_bind(links->interfaces, link->index, 0);
	*link = links->link[--links->count];
}

static void
learn(struct links *links, uint32_t index, const char *name)
{
	struct link *link = find(links, index);
	uint16_t id = interfaces_intern(links->interfaces, name);

	if (id == 0 && !links->full) {
		log_warning("interface %s: no room for more names, rules that "
			    "name it do not match",
		    name);
		links->full = true;
	}
	if (!link)
		link = add(links, index);
	if (!link) {
		log_error("interface %s: out of memory", name);
		return;
	}
	link->round = links->round;
	interfaces_bind(links->interfaces, index, id);
}

static void
take_link(struct links *links, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct nlattr *attribute;
	struct link *link;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    info->ifi_family != AF_UNSPEC || info->ifi_index <= 0)
		return;
	if (message->nlmsg_type == RTM_DELLINK) {
		link = find(links, (uint32_t)info->ifi_index);
		if (link)
			forget(links, link);
		return;
	}
	mnl_attr_for_each(attribute, message,
	    sizeof(*info)) if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
			       mnl_attr_validate(attribute,
				   MNL_TYPE_NUL_STRING) == 0) learn(links,
	    (uint32_t)info->ifi_index, mnl_attr_get_str(attribute));
}

/* Asks for all interfaces.  errno, or 0. */
static int
ask(struct links *links)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		struct nlattr attribute;
		uint32_t mask;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.info = { .ifi_family = AF_UNSPEC },
		.attribute = { sizeof(request.attribute) +
			sizeof(request.mask), IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_SKIP_STATS,
	};

	if (links->dumping) {
		links->repeat = true;
		return 0;
	}
	if (send(links->fd, &request, sizeof(request), 0) == -1)
		return errno;
	links->dumping = true;
	links->repeat = false;
	links->round++;
	return 0;
}

static void
ask_again(struct links *links)
{
	int failure = ask(links);

	if (failure)
		log_error(
		    "network interfaces cannot be read: %s", strerror(failure));
}

static void
end_of_dump(struct links *links, const struct nlmsghdr *message)
{
	int32_t error = 0;

	links->dumping = false;
	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(message), sizeof(error));
	links->failure = error < 0 ? -error : 0;
	if (links->failure) {
		log_error("network interfaces cannot be read: %s",
		    strerror(links->failure));
		return; /* what is known is better than nothing */
	}
	if (links->repeat) {
		ask_again(links);
		return;
	}
	for (size_t i = links->count; i-- > 0;)
		if (links->link[i].round != links->round)
			forget(links, &links->link[i]);
}

static void
take(struct links *links, const struct nlmsghdr *message)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		links->repeat = true;
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		take_link(links, message);
		break;
	case NLMSG_ERROR: /* both begin with an errno */
	case NLMSG_DONE:
		end_of_dump(links, message);
		break;
	default:
		break;
	}
}

void
links_turn(struct links *links)
{
	for (unsigned turns = 0; turns < TURN_MESSAGES; turns++) {
		const struct nlmsghdr *message = (void *)links->buffer;
		ssize_t length = recv(
		    links->fd, links->buffer, sizeof(links->buffer), MSG_TRUNC);
		int left = (int)length;

		if (length == -1 && errno == EINTR)
			continue;
		if (length == -1 && errno == ENOBUFS) {
			ask_again(links);
			continue;
		}
		if (length <= 0)
			return;
		if (length > BUFFER_SIZE) {
			ask_again(links);
			continue;
		}
		for (; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			take(links, message);
	}
}

/* errno of what failed, or 0. */
static int
read_all(struct links *links)
{
	const struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	int failure;

	links->fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (links->fd == -1 || bind(links->fd, (const struct sockaddr *)&groups,
				   sizeof(groups)) == -1)
		return errno;
	failure = ask(links);
	while (!failure && links->dumping) {
		struct pollfd fd = { .fd = links->fd, .events = POLLIN };
		int ready = poll(&fd, 1, PATIENCE_MS);

		if (ready == 0)
			return ETIMEDOUT;
		links_turn(links);
	}
	return failure ? failure : links->failure;
}

struct links *
links_open(struct interfaces *interfaces, char error[LINKS_ERROR_SIZE])
{
	struct links *links = calloc(1, sizeof(*links));
	int failure;

	if (!links) {
		snprintf(error, LINKS_ERROR_SIZE, "out of memory");
		return NULL;
	}
	links->interfaces = interfaces;
	failure = read_all(links);
	if (!failure)
		return links;
	snprintf(error, LINKS_ERROR_SIZE,
	    "network interfaces cannot be read: %s", strerror(failure));
	links_close(links);
	return NULL;
}

int
links_fd(const struct links *links)
{
	return links->fd;
}

void
links_close(struct links *links)
{
	if (!links)
		return;
	if (links->fd != -1)
		close(links->fd);
	free(links->link);
	free(links);
}
