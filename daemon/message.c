/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a message of nfnetlink_queue.
 *
 * Written against net/netfilter/nfnetlink_queue.c, nfqnl_build_packet_message()
 * of kernels 6.1 to 6.18, but nothing the kernel sends is taken on trust:
 * every read is bounded by what is left.  The last attribute, the payload, is
 * not padded to a multiple of four there, so the step over an attribute is cut
 * to what is left instead of being an error.
 *
 * A packet whose id could be read is always a MESSAGE_PACKET, however broken
 * the rest: it waits in the kernel until it gets a verdict.
 */
#include "message.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#define PACKET_TYPE ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET)

/* One attribute: where its value is. */
struct attribute {
	uint16_t type;
	uint32_t length;
	const uint8_t *value;
};

/* What the pass over the attributes found. */
struct findings {
	bool has_id, sound, has_user, has_group;
	uint8_t hook;
	uint16_t protocol;
	uint32_t capture_length, skb_info, user, group;
};

/* Takes the attribute at *bytes and steps over it.  False: none is there. */
static bool
next_attribute(const uint8_t **bytes, size_t *left, struct attribute *attribute)
{
	struct nlattr header;
	size_t step;

	if (*left < sizeof(header))
		return false;
	memcpy(&header, *bytes, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > *left)
		return false;
	attribute->type = header.nla_type & NLA_TYPE_MASK;
	attribute->length = header.nla_len - (uint32_t)sizeof(header);
	attribute->value = *bytes + sizeof(header);
	step = NLA_ALIGN((size_t)header.nla_len);
	if (step > *left)
		step = *left;
	*bytes += step;
	*left -= step;
	return true;
}

static void
take_u32(const struct attribute *attribute, uint32_t *out)
{
	uint32_t value;

	if (attribute->length < sizeof(value))
		return;
	memcpy(&value, attribute->value, sizeof(value));
	*out = ntohl(value);
}

static void
take_packet_header(const struct attribute *attribute, struct message *message,
    struct findings *found)
{
	struct nfqnl_msg_packet_hdr header;

	if (attribute->length < sizeof(header))
		return;
	memcpy(&header, attribute->value, sizeof(header));
	message->id = ntohl(header.packet_id);
	found->protocol = ntohs(header.hw_protocol);
	found->hook = header.hook;
	found->has_id = true;
}

/* One forward pass; attributes that are not ours are stepped over. */
static struct findings
read_attributes(struct message *message, const uint8_t *bytes, size_t left)
{
	struct findings found = { 0 };
	struct attribute attribute;

	while (next_attribute(&bytes, &left, &attribute)) {
		switch (attribute.type) {
		case NFQA_PACKET_HDR:
			take_packet_header(&attribute, message, &found);
			break;
		case NFQA_MARK:
			take_u32(&attribute, &message->mark);
			break;
		case NFQA_IFINDEX_INDEV:
			take_u32(&attribute, &message->in_index);
			break;
		case NFQA_IFINDEX_OUTDEV:
			take_u32(&attribute, &message->out_index);
			break;
		case NFQA_CAP_LEN:
			take_u32(&attribute, &found.capture_length);
			break;
		case NFQA_SKB_INFO:
			take_u32(&attribute, &found.skb_info);
			break;
		case NFQA_UID:
			take_u32(&attribute, &found.user);
			found.has_user = attribute.length >= 4;
			break;
		case NFQA_GID:
			take_u32(&attribute, &found.group);
			found.has_group = attribute.length >= 4;
			break;
		case NFQA_PAYLOAD:
			message->payload = attribute.value;
			message->captured = attribute.length;
			break;
		default: /* hardware address, time, priority, ... */
			break;
		}
	}
	found.sound = left == 0;
	return found;
}

static bool
direction_of_hook(uint8_t hook, enum direction *direction)
{
	switch (hook) {
	case NF_INET_LOCAL_IN:
		*direction = INBOUND;
		return true;
	case NF_INET_LOCAL_OUT:
		*direction = OUTBOUND;
		return true;
	case NF_INET_FORWARD:
		*direction = FORWARD;
		return true;
	default:
		return false;
	}
}

static void
read_packet(struct message *message, const uint8_t *bytes, size_t length,
    bool truncated)
{
	struct findings found = read_attributes(message, bytes, length);
	bool known = direction_of_hook(found.hook, &message->direction);

	if (!found.has_id)
		return;
	message->kind = MESSAGE_PACKET;
	message->length = message->captured;
	if (found.capture_length > message->length)
		message->length = found.capture_length;

	/* An inbound packet may carry the owner of the socket that it is for,
	 * which says nothing of who sent it. */
	if (message->direction == OUTBOUND && found.has_user &&
	    found.has_group) {
		message->user = owner_value(found.user);
		message->group = owner_value(found.group);
	}

	/* The checksum is finished (RFC 9293 3.1 wants it checked) and no
	 * device has looked at it yet. */
	message->verify_checksum =
	    message->direction == INBOUND &&
	    (found.skb_info & NFQA_SKB_CSUM_NOTVERIFIED) &&
	    !(found.skb_info & NFQA_SKB_CSUMNOTREADY);

	if (truncated || !found.sound || !known || message->captured == 0)
		message->refused = NO_PACKET;
	else if (found.protocol != ETH_P_IP && found.protocol != ETH_P_IPV6)
		message->refused = NOT_IP;
}

static void
read_error(struct message *message, const uint8_t *bytes, size_t length)
{
	int32_t error;

	if (length < sizeof(error))
		return;
	memcpy(&error, bytes, sizeof(error));
	message->kind = MESSAGE_ERROR;
	message->error = error > 0 || error == INT32_MIN ? 0 : -error;
}

void
message_read(struct message *message, const uint8_t *bytes, size_t length,
    bool truncated)
{
	const size_t attributes = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	struct nlmsghdr header;

	*message = (struct message){ .kind = MESSAGE_ODD };
	if (length < sizeof(header))
		return;
	memcpy(&header, bytes, sizeof(header));
	if (header.nlmsg_len > length)
		truncated = true;
	else
		length = header.nlmsg_len;
	if (header.nlmsg_type == NLMSG_ERROR && length >= NLMSG_HDRLEN)
		read_error(
		    message, bytes + NLMSG_HDRLEN, length - NLMSG_HDRLEN);
	else if (header.nlmsg_type == PACKET_TYPE && length >= attributes)
		read_packet(message, bytes + attributes, length - attributes,
		    truncated);
}
