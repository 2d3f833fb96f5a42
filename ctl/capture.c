/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpcap reads the file, old format or pcapng; here the link layer is taken
 * off.  The lengths of link headers are those of the link types' descriptions
 * (pcap-linktype(7)); a VLAN tag adds four bytes and a type of its own.
 */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_IPV4  0x0800
#define TYPE_IPV6  0x86dd
#define TYPE_VLAN  0x8100 /* IEEE 802.1Q */
#define TYPE_QINQ  0x88a8 /* IEEE 802.1ad */
#define TYPE_QINQ1 0x9100 /* before it was a standard */

#define BUFFER_SIZE (1 << 20)

struct capture {
	pcap_t *pcap;
	char *file;
	int link;
	uint64_t count;
};

static uint32_t
be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

struct capture *
capture_open(const char *file, char error[CAPTURE_ERROR_SIZE])
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture || !(capture->file = strdup(file))) {
		snprintf(error, CAPTURE_ERROR_SIZE, "out of memory");
		capture_close(capture);
		return NULL;
	}
	FILE *stream = fopen(file, "rbe");
	if (!stream) {
		snprintf(
		    error, CAPTURE_ERROR_SIZE, "%s: %s", file, strerror(errno));
		capture_close(capture);
		return NULL;
	}
	setvbuf(stream, NULL, _IOFBF, BUFFER_SIZE);
	capture->pcap = pcap_fopen_offline(stream, reason); /* owns stream */
	if (!capture->pcap) {
		fclose(stream);
		snprintf(error, CAPTURE_ERROR_SIZE, "%s: %s", file, reason);
		capture_close(capture);
		return NULL;
	}
	capture->link = pcap_datalink(capture->pcap);
	switch (capture->link) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP:
		return capture;
	}
	const char *name = pcap_datalink_val_to_name(capture->link);
	snprintf(error, CAPTURE_ERROR_SIZE,
	    "%s: link type %s; accepted are Ethernet, Linux cooked, raw IP, "
	    "null and loop",
	    file, name ? name : "without a name");
	capture_close(capture);
	return NULL;
}

void
capture_close(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->pcap)
		pcap_close(capture->pcap);
	free(capture->file);
	free(capture);
}

/* Bytes before what an Ethernet type announces, 0: not IP. */
static uint32_t
behind_type(const uint8_t *bytes, uint32_t size, uint32_t at, uint32_t header)
{
	while (header <= size && at + 2 <= size) {
		switch (be16(bytes + at)) {
		case TYPE_IPV4:
		case TYPE_IPV6:
			return header;
		case TYPE_VLAN:
		case TYPE_QINQ:
		case TYPE_QINQ1:
			at = header + 2;
			header += 4;
			continue;
		}
		break;
	}
	return 0;
}

/* Bytes of the link layer; false: what it carries is not IP. */
static bool
link_header(int link, const uint8_t *bytes, uint32_t size, uint32_t *header)
{
	switch (link) {
	case DLT_EN10MB:
		return (*header = behind_type(bytes, size, 12, 14)) != 0;
	case DLT_LINUX_SLL:
		return (*header = behind_type(bytes, size, 14, 16)) != 0;
	case DLT_LINUX_SLL2:
		return (*header = behind_type(bytes, size, 0, 20)) != 0;
	case DLT_NULL:
	case DLT_LOOP:
		/* The number of the address family differs by system and
		   byte order; the version of what follows does not. */
		*header = 4;
		break;
	default:
		*header = 0;
	}
	return *header < size &&
	       (bytes[*header] >> 4 == 4 || bytes[*header] >> 4 == 6);
}

/* What the IP header says, 0: nothing (a jumbogram, BIG TCP, too short). */
static uint32_t
ip_length(const uint8_t *ip, uint32_t size)
{
	if (size < 6)
		return 0;
	if (ip[0] >> 4 == 4)
		return be16(ip + 2);
	uint32_t payload = be16(ip + 4);
	return payload ? payload + 40 : 0;
}

enum capture_status
capture_next(struct capture *capture, struct captured *packet,
    char error[CAPTURE_ERROR_SIZE])
{
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	uint32_t link = 0;
	int status = pcap_next_ex(capture->pcap, &header, &bytes);

	if (status == PCAP_ERROR_BREAK)
		return CAPTURE_END;
	capture->count++;
	if (status != 1) {
		snprintf(error, CAPTURE_ERROR_SIZE, "%s: packet %llu: %s",
		    capture->file, (unsigned long long)capture->count,
		    pcap_geterr(capture->pcap));
		return CAPTURE_BROKEN;
	}
	*packet = (struct captured){
		.time_us = (uint64_t)header->ts.tv_sec * 1000000 +
			   (uint64_t)header->ts.tv_usec,
		.is_ip =
		    link_header(capture->link, bytes, header->caplen, &link),
	};
	if (!packet->is_ip)
		return CAPTURE_PACKET;
	packet->bytes = bytes + link;
	packet->captured = header->caplen - link;
	packet->length =
	    header->len > link ? header->len - link : packet->captured;
	uint32_t said = ip_length(packet->bytes, packet->captured);
	if (said && said < packet->length)
		packet->length = said;
	if (packet->length < packet->captured)
		packet->captured = packet->length;
	return CAPTURE_PACKET;
}
