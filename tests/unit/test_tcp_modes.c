/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conntrack.tcp: the same segments in its three modes.  "liberal" passes what
 * is outside the window, "loose" picks connections up in mid-stream as well.
 */
#include "scenario.h"
#include "suites.h"

#define RULES                                                                  \
	"inbound = ( { port = 22; action = \"allow\"; } );"                    \
	"outbound = ( { port = \"*\"; action = \"allow\"; } );"
#define MODE(mode) "conntrack = { tcp = \"" mode "\"; };" RULES

#define ROW(dir, src, dst, f, s, a, l, ...)                                    \
	{                                                                      \
		dir, TCP, src, dst, f, __VA_ARGS__, .raw = true, .seq = s,     \
						    .ack = a, .length = l      \
	}
#define OUT_(...) ROW(OUT, "192.0.2.2:40000", "203.0.113.1:80", __VA_ARGS__)
#define IN_(...)  ROW(IN, "203.0.113.1:80", "192.0.2.2:40000", __VA_ARGS__)
#define ASK(...)  ROW(IN, "203.0.113.9:51000", "192.0.2.2:22", __VA_ARGS__)
#define TELL(...) ROW(OUT, "192.0.2.2:22", "203.0.113.9:51000", __VA_ARGS__)

/* clang-format off */
#define HANDSHAKE                                 /*  seq  ack len */ \
	OUT_(S,       0,     0,    0, RULE_ALLOW,  .window = 1000), \
	IN_ (S | A,   0,     1,    0, ESTABLISHED, .window = 1000), \
	OUT_(A,       1,     1,    0, ESTABLISHED, .window = 1000)
/* Beyond the window, and an ACK of what was not sent. */
#define OUTSIDE(verdict) \
	IN_ (A,    1002,     1,   10, verdict), \
	IN_ (A,       1,     2,   10, verdict), \
	IN_ (F | A, 1002,    1,    0, verdict,     .state = "established")
/* Whatever the mode: exact, or it ends nothing. */
#define RESETS \
	IN_ (R,    5000,     0,    0, BAD_WINDOW,  .state = "established"), \
	IN_ (R,       2,     0,    0, PASSED,      .state = "established"), \
	IN_ (R,       1,     0,    0, ESTABLISHED, .state = "closed")

SCENARIO(strict_drops_what_is_outside_the_window, MODE("strict"),
	HANDSHAKE, OUTSIDE(BAD_WINDOW), RESETS)

SCENARIO(strict_is_the_default, RULES,
	HANDSHAKE, OUTSIDE(BAD_WINDOW), RESETS)

SCENARIO(liberal_passes_it_without_effect, MODE("liberal"),
	HANDSHAKE, OUTSIDE(PASSED), RESETS)

/* A passed segment teaches nothing: what it claims stays outside. */
SCENARIO(liberal_believes_nothing_of_it, MODE("liberal"),
	HANDSHAKE,
	IN_ (A,   50000,     1,   10, PASSED),
	OUT_(A,       1, 50010,    0, PASSED),
	IN_ (A,       1,     1,   10, ESTABLISHED, .window = 1000),
	OUT_(A,       1,    11,    0, ESTABLISHED))

SCENARIO(loose_passes_it_too, MODE("loose"),
	HANDSHAKE, OUTSIDE(PASSED), RESETS)

#define MID_STREAM(verdict) \
	OUT_(A,    5000,  7000,   10, verdict), \
	ASK (A,    5000,  7000,    0, verdict)

SCENARIO(strict_picks_nothing_up, MODE("strict"), MID_STREAM(NOT_A_START))
SCENARIO(liberal_picks_nothing_up, MODE("liberal"), MID_STREAM(NOT_A_START))

/* It is half-open until the other side has answered. */
SCENARIO(loose_picks_up_what_a_rule_allows, MODE("loose"),
	OUT_(A,    5000,  7000,   10, RULE_ALLOW,  .state = "syn-received"),
	OUT_(A,    5010,  7000,   10, ESTABLISHED, .state = "syn-received"),
	IN_ (A,    7000,  5020, 1000, ESTABLISHED, .state = "established"),
	/* windows are not known: their scale was in the SYNs */
	IN_ (A,  900000,  5020, 1000, ESTABLISHED),
	OUT_(A,    5020, 901000,   0, ESTABLISHED, .window = 1),
	IN_ (F | A, 901000, 5020,  0, ESTABLISHED, .state = "fin-wait"),
	OUT_(A,    5020, 901001,   0, ESTABLISHED, .state = "close-wait"),
	OUT_(F | A, 5020, 901001,  0, ESTABLISHED, .state = "last-ack"),
	IN_ (A,  901001,  5021,    0, ESTABLISHED, .state = "time-wait"))

SCENARIO(loose_leaves_the_rest_to_the_rules, MODE("loose"),
	/* a reply whose opener has not spoken yet */
	IN_ (A,    7000,  5000, 1000, NO_RULE,     .state = ""),
	/* nothing but an ACK */
	ASK (S | A, 5000, 7000,    0, NOT_A_START, .state = ""),
	ASK (F | A, 5000, 7000,    0, NOT_A_START, .state = ""),
	ASK (R,    5000,     0,    0, NOT_A_START, .state = ""),
	ASK (A,    5000,  7000,    0, RULE_ALLOW,  .state = "syn-received"))

/* No number is sure enough for a RST to end it (RFC 9293 3.10.7.4). */
SCENARIO(loose_ends_nothing_by_a_reset_that_it_cannot_judge, MODE("loose"),
	ASK (A,    5000,  7000,   10, RULE_ALLOW),
	TELL(A,    7000,  5010,    0, ESTABLISHED, .state = "established"),
	ASK (R,    5010,     0,    0, PASSED,      .state = "established"),
	TELL(R,    7000,     0,    0, PASSED,      .state = "established"))

SCENARIO(loose_forgets_what_nobody_answers, MODE("loose"),
	ASK (A,    5000,  7000,   10, RULE_ALLOW),
	ASK (A,    5010,  7000,   10, ESTABLISHED, .wait_ms = 239000),
	TELL(A,    7000,  5020,    0, RULE_ALLOW,  .wait_ms = 1000))

/* A new handshake in its place is a known connection again. */
SCENARIO(loose_knows_the_windows_after_a_handshake, MODE("loose"),
	ASK (A,    5000,  7000,   10, RULE_ALLOW),
	TELL(A,    7000,  5010,    0, ESTABLISHED),
	ASK (S,     100,     0,    0, PASSED),
	TELL(S | A, 900,   101,    0, ESTABLISHED, .state = "syn-received"),
	ASK (A,     101,   901,    0, ESTABLISHED, .state = "established"),
	ASK (A,  900000,   901,    0, PASSED),
	ASK (R,     101,     0,    0, ESTABLISHED, .state = "closed"))
/* clang-format on */

Suite *
suite_tcp_modes(void)
{
	Suite *suite = suite_create("tcp_modes");
	TCase *tc = tcase_create("scenarios");

	ADD_SCENARIO(tc, strict_drops_what_is_outside_the_window);
	ADD_SCENARIO(tc, strict_is_the_default);
	ADD_SCENARIO(tc, liberal_passes_it_without_effect);
	ADD_SCENARIO(tc, liberal_believes_nothing_of_it);
	ADD_SCENARIO(tc, loose_passes_it_too);
	ADD_SCENARIO(tc, strict_picks_nothing_up);
	ADD_SCENARIO(tc, liberal_picks_nothing_up);
	ADD_SCENARIO(tc, loose_picks_up_what_a_rule_allows);
	ADD_SCENARIO(tc, loose_leaves_the_rest_to_the_rules);
	ADD_SCENARIO(tc, loose_ends_nothing_by_a_reset_that_it_cannot_judge);
	ADD_SCENARIO(tc, loose_forgets_what_nobody_answers);
	ADD_SCENARIO(tc, loose_knows_the_windows_after_a_handshake);
	suite_add_tcase(suite, tc);
	return suite;
}
