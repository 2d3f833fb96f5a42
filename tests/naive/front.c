/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program was compiled to take its time from the control map, as the
 * packets have a time of their own.  What the kernel cannot be handed here goes
 * to the firewall at once: packets whose checksum is not known to be good, for
 * which the program relies on the receiver, cut ones, and those longer than a
 * page.
 */
#include "front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <linux/if_ether.h>

#include "fast_path.h"
#include "fast_path/maps.h"

#define LONGEST 2048

struct lent {
	struct front front;
	struct fast_path_kernel *kernel;
	uint64_t passed;
};

static struct fast_control *
control_of(const struct lent *lent)
{
	char *epoch = (char *)lent->front.fast_path->epoch;

	return (void *)(epoch - offsetof(struct fast_control, epoch));
}

static void
start(void *context, const struct filter *filter)
{
	struct lent *lent = context;

	fast_path_start(lent->kernel, filter_table(filter), 1);
}

static void
follow(void *context, const struct policy *policy)
{
	struct lent *lent = context;

	fast_path_follow(lent->kernel, policy);
}

static bool
passes(void *context, const struct frame *frame, uint64_t now_ms)
{
	struct lent *lent = context;
	uint8_t bytes[ETH_HLEN + LONGEST] = { 0 };
	bool is_v6 = frame->captured > 0 && frame->bytes[0] >> 4 == 6;

	if (frame->verify_checksum || frame->captured != frame->length ||
	    frame->length > LONGEST || frame->length == 0)
		return false;
	bytes[12] = is_v6 ? 0x86 : 0x08;
	bytes[13] = is_v6 ? 0xdd : 0x00;
	memcpy(bytes + ETH_HLEN, frame->bytes, frame->length);
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = bytes,
	    .data_size_in = ETH_HLEN + frame->length);
	control_of(lent)->now = (uint32_t)(now_ms / TICK_MS);
	if (bpf_prog_test_run_opts(
		fast_path_program(lent->kernel, frame->direction), &run)) {
		perror("BPF_PROG_TEST_RUN");
		exit(EXIT_FAILURE);
	}
	lent->passed += run.retval != 0;
	return run.retval != 0;
}

struct front *
front_open(uint32_t max_flows, char why[256])
{
	struct lent *lent = calloc(1, sizeof(*lent));

	lent->kernel = fast_path_open(table_size(max_flows, 1), why);
	if (!lent->kernel) {
		free(lent);
		return NULL;
	}
	lent->front = (struct front){
		.fast_path = fast_path_face(lent->kernel),
		.memory = fast_path_memory(lent->kernel),
		.start = start,
		.follow = follow,
		.passes = passes,
		.context = lent,
	};
	return &lent->front;
}

uint64_t
front_passed(const struct front *front)
{
	const struct lent *lent = front->context;

	return lent->passed;
}

void
front_close(struct front *front)
{
	struct lent *lent = front->context;

	fast_path_close(lent->kernel);
	free(lent);
}
