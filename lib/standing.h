/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a flow that an older policy allowed stands with another one.  Plain
 * function of its arguments; any thread.
 *
 * Rules judge the packet that opened it.  Of that all is remembered but whose
 * socket sent it, for which an entry has no room, and which would be of no use
 * after a restart: its sender's next packet says it again.  Until then, where
 * rules ask, a flow stands as well as it could for anybody.
 */
#ifndef EPHEMERALD_STANDING_H
#define EPHEMERALD_STANDING_H

#include "rules.h"

enum standing {
	STANDS,          /* a rule allows it */
	STANDS_BY_OWNER, /* allowed to somebody, it is not known to whom */
	/* It is over: */
	STANDS_APART, /* a rule allows it, and remembers nothing */
	FALLS,        /* none does */
};

/* `first` opened it; *rule decides, or NULL: none matches. */
enum standing standing_of(const struct policy *policy,
    const struct packet *first, const struct interfaces *interfaces,
    const struct rule **rule);

#endif
