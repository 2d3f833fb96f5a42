/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses by rtnetlink.
 *
 * One non-blocking socket carries the messages of both address groups and the
 * answers to dumps.  A message of change says only that there is one: all
 * addresses are asked for again, and a dump that is complete and consistent
 * becomes the list.  An address that is not yet, or no longer, this host's own
 * by duplicate address detection (RFC 4862 5.4) is none.
 */
#include "addresses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <libmnl/libmnl.h>

#include "log.h"

#define BUFFER_SIZE   32768 /* the largest part of a dump */
#define TURN_MESSAGES 256   /* then others have their turn */

struct list {
	struct address *address;
	size_t count, size;
};

struct addresses {
	int fd;
	bool dumping, again; /* again: what is being dumped has changed */
	struct list list, coming;
	_Alignas(NLMSG_ALIGNTO) char buffer[BUFFER_SIZE];
};

static bool
add(struct list *list, struct address address)
{
	if (list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 16;
		struct address *more =
		    realloc(list->address, size * sizeof(*more));

		if (!more)
			return false;
		list->address = more;
		list->size = size;
	}
	list->address[list->count++] = address;
	return true;
}

/* The attribute holds an address of that family. */
static bool
read_address(
    const struct nlattr *attribute, unsigned char family, struct address *out)
{
	const uint8_t *bytes = mnl_attr_get_payload(attribute);
	uint16_t length = mnl_attr_get_payload_len(attribute);

	if (family == AF_INET && length == 4)
		*out = address_from_v4((uint32_t)bytes[0] << 24 |
				       (uint32_t)bytes[1] << 16 |
				       (uint32_t)bytes[2] << 8 | bytes[3]);
	else if (family == AF_INET6 && length == 16)
		*out = address_from_bytes(bytes);
	else
		return false;
	return true;
}

static void
take_address(struct addresses *a, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	const struct nlattr *attribute;
	struct address address;
	bool local = false, found = false;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    info->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return;
	/* Of a point-to-point link IFA_ADDRESS is the other end's. */
	mnl_attr_for_each(attribute, message, sizeof(*info))
	{
		uint16_t type = mnl_attr_get_type(attribute);
		if ((type == IFA_LOCAL || (type == IFA_ADDRESS && !local)) &&
		    read_address(attribute, info->ifa_family, &address)) {
			local = type == IFA_LOCAL;
			found = true;
		}
	}
	if (found && !add(&a->coming, address)) {
		log_error("addresses of this host: out of memory");
		a->again = true;
	}
}

static void
ask(struct addresses *a)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg info;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETADDR,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.info = { .ifa_family = AF_UNSPEC },
	};

	a->again = a->dumping;
	if (a->dumping)
		return;
	a->coming.count = 0;
	a->dumping = send(a->fd, &request, sizeof(request), 0) != -1;
	if (!a->dumping)
		log_error("addresses of this host cannot be read: %s",
		    strerror(errno));
}

/* True: what has come is the new list. */
static bool
end_of_dump(struct addresses *a, const struct nlmsghdr *message)
{
	int32_t error = 0;

	a->dumping = false;
	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(message), sizeof(error));
	if (error < 0) {
		log_error("addresses of this host cannot be read: %s",
		    strerror(-error));
		return false; /* what is known is better than nothing */
	}
	if (a->again) {
		ask(a);
		return false;
	}
	struct list old = a->list;
	a->list = a->coming;
	a->coming = old;
	return true;
}

static bool
take(struct addresses *a, const struct nlmsghdr *message)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		a->again = true;
	switch (message->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		/* Only what answers a dump has this flag. */
		if (message->nlmsg_flags & NLM_F_MULTI)
			take_address(a, message);
		else
			ask(a);
		return false;
	case NLMSG_ERROR: /* both begin with an errno */
	case NLMSG_DONE:
		return end_of_dump(a, message);
	default:
		return false;
	}
}

bool
addresses_turn(struct addresses *a)
{
	bool changed = false;

	for (unsigned turns = 0; turns < TURN_MESSAGES; turns++) {
		const struct nlmsghdr *message = (void *)a->buffer;
		ssize_t length =
		    recv(a->fd, a->buffer, sizeof(a->buffer), MSG_TRUNC);
		int left = (int)length;

		if (length == -1 && errno == EINTR)
			continue;
		if ((length == -1 && errno == ENOBUFS) ||
		    length > BUFFER_SIZE) {
			ask(a);
			continue;
		}
		if (length <= 0)
			break;
		for (; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			changed |= take(a, message);
	}
	return changed;
}

struct addresses *
addresses_open(char error[ADDRESSES_ERROR_SIZE])
{
	const struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	struct addresses *a = calloc(1, sizeof(*a));

	if (!a) {
		snprintf(error, ADDRESSES_ERROR_SIZE, "out of memory");
		return NULL;
	}
	a->fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (a->fd == -1 || bind(a->fd, (const struct sockaddr *)&groups,
			       sizeof(groups)) == -1) {
		snprintf(error, ADDRESSES_ERROR_SIZE,
		    "addresses of this host cannot be read: %s",
		    strerror(errno));
		addresses_close(a);
		return NULL;
	}
	ask(a);
	return a;
}

int
addresses_fd(const struct addresses *a)
{
	return a->fd;
}

const struct address *
addresses_list(const struct addresses *a, size_t *count)
{
	*count = a->list.count;
	return a->list.address;
}

void
addresses_close(struct addresses *a)
{
	if (!a)
		return;
	if (a->fd != -1)
		close(a->fd);
	free(a->list.address);
	free(a->coming.address);
	free(a);
}
