/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns of the reason table, each generated from the one list.
 */
#include "reason.h"

#include <assert.h>

#define ROW_VERDICT(name, verdict, json, text) VERDICT_##verdict,
#define ROW_NAME(name, verdict, json, text)    json,
#define ROW_TEXT(name, verdict, json, text)    text,

static const enum verdict verdicts[] = { REASONS(ROW_VERDICT) };
static const char *const names[] = { REASONS(ROW_NAME) };
static const char *const texts[] = { REASONS(ROW_TEXT) };

enum verdict
reason_verdict(enum reason why)
{
	assert(why < REASON_COUNT);
	return verdicts[why];
}

const char *
reason_name(enum reason why)
{
	assert(why < REASON_COUNT);
	return names[why];
}

const char *
reason_text(enum reason why)
{
	assert(why < REASON_COUNT);
	return texts[why];
}

const char *
verdict_name(enum verdict verdict)
{
	static const char *const name[] = { "accept", "drop", "reject" };
	return name[verdict];
}
