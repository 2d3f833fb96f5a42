/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP as a watcher in the middle must see it.  Sequence numbers are written
 * out.  The scenarios of Linux' packetdrill tests for nf_conntrack and of NPF's
 * state test are told again in these rows, under their names.
 */
#include "scenario.h"
#include "suites.h"

#define ALLOW_BOTH                                                             \
	"inbound = ( { port = 22; action = \"allow\"; } );"                    \
	"outbound = ( { port = \"*\"; action = \"allow\"; } );"

/* Our host opens to a peer's port 80: OUT_ is ours, IN_ the peer's. */
#define ROW(dir, src, dst, f, s, a, l, ...)                                    \
	{                                                                      \
		dir, TCP, src, dst, f, __VA_ARGS__, .raw = true, .seq = s,     \
						    .ack = a, .length = l      \
	}
#define OUT_(...) ROW(OUT, "192.0.2.2:40000", "203.0.113.1:80", __VA_ARGS__)
#define IN_(...)  ROW(IN, "203.0.113.1:80", "192.0.2.2:40000", __VA_ARGS__)
/* A peer opens to our port 22: ASK is the peer's, TELL ours. */
#define ASK(...)  ROW(IN, "203.0.113.9:51000", "192.0.2.2:22", __VA_ARGS__)
#define TELL(...) ROW(OUT, "192.0.2.2:22", "203.0.113.9:51000", __VA_ARGS__)

/* clang-format off */
#define HANDSHAKE                                  /*  seq  ack len */ \
	OUT_(S,       0,     0,    0, RULE_ALLOW,  .state = "syn-sent"), \
	IN_ (S | A,   0,     1,    0, ESTABLISHED, .state = "syn-received"), \
	OUT_(A,       1,     1,    0, ESTABLISHED, .state = "established")
#define SERVED \
	ASK (S,       0,     0,    0, RULE_ALLOW), \
	TELL(S | A,   0,     1,    0, ESTABLISHED), \
	ASK (A,       1,     1,    0, ESTABLISHED, .state = "established")

SCENARIO(it_opens_talks_and_ends, ALLOW_BOTH,
	HANDSHAKE,
	OUT_(A | P,   1,     1,  100, ESTABLISHED),
	IN_ (A,       1,   101,    0, ESTABLISHED),
	IN_ (A | P,   1,   101, 1000, ESTABLISHED),
	OUT_(F | A, 101,  1001,    0, ESTABLISHED, .state = "fin-wait"),
	IN_ (A,    1001,   102,    0, ESTABLISHED, .state = "close-wait"),
	IN_ (A,    1001,   102,  500, ESTABLISHED, .state = "close-wait"), /* half closed */
	IN_ (F | A, 1501,  102,    0, ESTABLISHED, .state = "last-ack"),
	OUT_(A,     102,  1502,    0, ESTABLISHED, .state = "time-wait"),
	IN_ (F | A, 1501,  102,    0, ESTABLISHED, .state = "time-wait"),
	IN_ (R,    9999,     0,    0, PASSED,      .state = "time-wait"))

SCENARIO(crossing_fins_end_in_time_wait, ALLOW_BOTH,
	HANDSHAKE,
	OUT_(F | A,   1,     1,    0, ESTABLISHED),
	IN_ (F | A,   1,     1,    0, ESTABLISHED, .state = "last-ack"),
	IN_ (A,       2,     2,    0, ESTABLISHED, .state = "last-ack"),
	OUT_(A,       2,     2,    0, ESTABLISHED, .state = "time-wait"))

/* Both FINs are out, but not all that came before them has arrived: the end is
 * not yet, and a forged SYN cannot begin anew. */
SCENARIO(time_wait_begins_when_all_is_acknowledged, ALLOW_BOTH,
	SERVED,
	ASK (A,       1,     1, 1000, ESTABLISHED),
	ASK (F | A, 1001,    1,    0, ESTABLISHED, .state = "fin-wait"),
	TELL(F | A,   1,     1,    0, ESTABLISHED, .state = "last-ack"), /* the data got lost */
	ASK (A,    1002,     2,    0, ESTABLISHED, .state = "last-ack"),
	ASK (S,   70000,     0,    0, PASSED,      .state = "last-ack"),
	ASK (A,       1,     2, 1000, ESTABLISHED, .state = "last-ack"), /* again */
	TELL(A,       2,  1001,    0, ESTABLISHED, .state = "last-ack"),
	ASK (F | A, 1001,    2,    0, ESTABLISHED, .state = "last-ack"),
	TELL(A,       2,  1002,    0, ESTABLISHED, .state = "time-wait"))

SCENARIO(a_stale_or_forged_answer_does_not_complete, ALLOW_BOTH,
	OUT_(S,    5000,     0,    0, RULE_ALLOW),
	IN_ (S | A,   0,  5000,    0, BAD_STATE,   .state = "syn-sent"),
	IN_ (S | A,   0,  5002,    0, BAD_STATE,   .state = "syn-sent"),
	IN_ (S | A,   0,  5001,    0, ESTABLISHED, .state = "syn-received"))

SCENARIO(a_reset_counts_only_if_it_acknowledges_the_syn, ALLOW_BOTH,
	OUT_(S,    5000,     0,    0, RULE_ALLOW),
	IN_ (R,       0,     0,    0, BAD_STATE,   .state = "syn-sent"),
	IN_ (R | A,   0,  4000,    0, BAD_STATE,   .state = "syn-sent"),
	IN_ (R | A,   0,  5001,    0, ESTABLISHED, .state = "closed"),
	/* from closed a SYN opens anew */
	OUT_(S,    9000,     0,    0, RULE_ALLOW,  .state = "syn-sent"),
	OUT_(R,    9001,     0,    0, ESTABLISHED, .state = "closed"))

SCENARIO(retransmits_pass_and_do_not_live_longer, ALLOW_BOTH,
	OUT_(S,    5000,     0,    0, RULE_ALLOW),
	OUT_(S,    5000,     0,    0, PASSED, .wait_ms = 239000, .state = "syn-sent"),
	IN_ (S | A,   0,  5001,    0, NOT_A_START, .wait_ms = 1000))

SCENARIO(a_new_isn_replaces_the_old, ALLOW_BOTH,
	OUT_(S,    5000,     0,    0, RULE_ALLOW),
	OUT_(S,    7000,     0,    0, ESTABLISHED, .state = "syn-sent"),
	IN_ (S | A,   0,  5001,    0, BAD_STATE),
	IN_ (S | A,   0,  7001,    0, ESTABLISHED, .state = "syn-received"))

SCENARIO(simultaneous_open, ALLOW_BOTH,
	OUT_(S,    1000,     0,    0, RULE_ALLOW),
	IN_ (S,    5000,     0,    0, ESTABLISHED, .state = "syn-sent2"),
	OUT_(S | A, 1000, 5001,    0, ESTABLISHED, .state = "syn-received"),
	IN_ (S | A, 5000, 1001,    0, ESTABLISHED, .state = "established"),
	OUT_(A,    1001,  5001,   10, ESTABLISHED),
	IN_ (A,    5001,  1011,   10, ESTABLISHED))

SCENARIO(simultaneous_open_after_an_attempt_without_answer, ALLOW_BOTH,
	OUT_(S,    1000,     0,    0, RULE_ALLOW),
	IN_ (S,    5000,     0,    0, ESTABLISHED, .state = "syn-sent2"),
	OUT_(S,    3000,     0,    0, ESTABLISHED, .state = "syn-sent2"),
	OUT_(S | A, 3000, 5001,    0, ESTABLISHED, .state = "syn-received"),
	IN_ (S | A, 5000, 3001,    0, ESTABLISHED, .state = "established"))

/* The opener's own SYN got lost before it came here. */
SCENARIO(simultaneous_open_by_a_syn_ack_with_a_new_isn, ALLOW_BOTH,
	OUT_(S,    1000,     0,    0, RULE_ALLOW),
	IN_ (S,    5000,     0,    0, ESTABLISHED, .state = "syn-sent2"),
	OUT_(S | A, 3000, 5000,    0, BAD_STATE,   .state = "syn-sent2"),
	OUT_(S | A, 3000, 5001,    0, ESTABLISHED, .state = "syn-received"),
	IN_ (S | A, 5000, 3001,    0, ESTABLISHED, .state = "established"),
	OUT_(A,    3001,  5001,   10, ESTABLISHED))

SCENARIO(split_handshake, ALLOW_BOTH,
	OUT_(S,    1000,     0,    0, RULE_ALLOW),
	IN_ (A,    5000,  1001,    0, PASSED,      .state = "syn-sent"),
	IN_ (S,    5000,     0,    0, ESTABLISHED, .state = "syn-sent2"),
	OUT_(S | A, 1000, 5001,    0, ESTABLISHED, .state = "syn-received"),
	IN_ (A,    5001,  1001,    0, ESTABLISHED, .state = "established"))

SCENARIO(data_with_the_handshake, ALLOW_BOTH,
	OUT_(S,       0,     0,  100, RULE_ALLOW), /* fast open */
	IN_ (S | A,   0,   101,    0, ESTABLISHED),
	IN_ (A,       1,   101, 1000, ESTABLISHED, .state = "syn-received"), /* before the last ACK */
	OUT_(A,     101,  1001,  200, ESTABLISHED, .state = "established"))

SCENARIO(resets_must_be_exact, ALLOW_BOTH,
	HANDSHAKE,
	IN_ (A,       1,     1, 1000, ESTABLISHED),
	OUT_(A,       1,  1001,    0, ESTABLISHED),
	IN_ (R,    1000,     0,    0, BAD_WINDOW,  .state = "established"), /* below */
	IN_ (R,    1002,     0,    0, PASSED,      .state = "established"), /* in the window */
	IN_ (R,  100000,     0,    0, BAD_WINDOW,  .state = "established"), /* beyond it */
	IN_ (R,    1001,     0,    0, ESTABLISHED, .state = "closed"),
	OUT_(A,       1,  1001,    0, PASSED,      .state = "closed"))      /* was under way */

SCENARIO(a_reset_right_behind_data, ALLOW_BOTH,
	HANDSHAKE,
	IN_ (A,       1,     1, 1000, ESTABLISHED),
	IN_ (R | A, 1001,    1,    0, ESTABLISHED, .state = "closed"))

SCENARIO(a_passed_reset_shortens_nothing, ALLOW_BOTH,
	HANDSHAKE,
	IN_ (R,       2,     0,    0, PASSED, .state = "established"),
	OUT_(A,       1,     1,   10, ESTABLISHED, .wait_ms = 400000000))

SCENARIO(syns_do_not_harm_a_living_connection, ALLOW_BOTH,
	HANDSHAKE,
	OUT_(S,   70000,     0,    0, PASSED,      .state = "established"),
	IN_ (A,       1,     1,    0, ESTABLISHED), /* challenge ACK */
	IN_ (S,   70000,     0,    0, BAD_STATE,   .state = "established"),
	IN_ (S | A, 777,     1,    0, BAD_STATE,   .state = "established"),
	IN_ (S | A,   0,     1,    0, PASSED,      .state = "established"), /* a duplicate */
	OUT_(A,       1,     1,   10, ESTABLISHED))

SCENARIO(beyond_the_window, ALLOW_BOTH,
	OUT_(S,       0,     0,    0, RULE_ALLOW,  .window = 1000),
	IN_ (S | A,   0,     1,    0, ESTABLISHED, .window = 1000),
	OUT_(A,       1,     1,    0, ESTABLISHED, .window = 1000),
	IN_ (A,    1001,     1,   10, ESTABLISHED),               /* its edge */
	IN_ (A,    2002,     1,   10, BAD_WINDOW),
	IN_ (A,       1,     2,   10, BAD_WINDOW),                /* acks what was not sent */
	OUT_(A,       1,  1012,    0, BAD_WINDOW))

SCENARIO(windows_scale_only_if_both_say_so, ALLOW_BOTH,
	OUT_(S,       0,     0,    0, RULE_ALLOW,  .window = 1000, .scale = 7),
	IN_ (S | A,   0,     1,    0, ESTABLISHED, .window = 1000, .scale = 7),
	OUT_(A,       1,     1,    0, ESTABLISHED, .window = 1000),
	IN_ (A,  128001,     1,   10, ESTABLISHED), /* 1000 << 7 */
	IN_ (A,  128002,     1,   10, BAD_WINDOW))

SCENARIO(no_scale_of_one_side, ALLOW_BOTH,
	OUT_(S,       0,     0,    0, RULE_ALLOW,  .window = 1000, .scale = 7),
	IN_ (S | A,   0,     1,    0, ESTABLISHED, .window = 1000),
	OUT_(A,       1,     1,    0, ESTABLISHED, .window = 1000),
	IN_ (A,    1002,     1,   10, BAD_WINDOW))

SCENARIO(numbers_wrap, ALLOW_BOTH,
	OUT_(S,     0xfffffff0, 0,         0, RULE_ALLOW),
	IN_ (S | A, 0xffffffff, 0xfffffff1, 0, ESTABLISHED),
	OUT_(A,     0xfffffff1, 0,       100, ESTABLISHED),
	IN_ (A,     0,          0x55,   1000, ESTABLISHED),
	OUT_(A,     0x55,       1000,      0, ESTABLISHED))

SCENARIO(keepalive_and_zero_window_probe, ALLOW_BOTH,
	HANDSHAKE,
	OUT_(A,       0,     1,    0, ESTABLISHED),          /* SND.NXT - 1 */
	OUT_(A,       0,     1,    1, ESTABLISHED),
	IN_ (A,       1,     1,    0, ESTABLISHED, .window = 1),
	OUT_(A,       1,     1,    1, ESTABLISHED))

/* Linux: tools/testing/selftests/net/netfilter/packetdrill */
SCENARIO(conntrack_ack_loss_stall, ALLOW_BOTH,
	SERVED,
	ASK (A,       1,     1, 33580, ESTABLISHED),
	TELL(A,       1, 33581,    0, ESTABLISHED),
	ASK (A,   33581,     1, 33580, ESTABLISHED),
	TELL(A,       1, 67161,    0, ESTABLISHED),
	ASK (A,       1,     1, 1460, PASSED),
	TELL(A,       1, 67161,    0, ESTABLISHED))

SCENARIO(conntrack_inexact_rst, ALLOW_BOTH,
	HANDSHAKE,
	IN_ (A,       1,     1, 3000, ESTABLISHED),
	OUT_(A,       1,  3001, 1000, ESTABLISHED),
	IN_ (F | A, 3001, 1001,    0, ESTABLISHED),
	OUT_(R | A, 1001, 3002,    0, ESTABLISHED, .state = "closed"),
	IN_ (R,    2001,     0,    0, PASSED))

SCENARIO(conntrack_rst_invalid, ALLOW_BOTH,
	HANDSHAKE,
	IN_ (A,       1,     1, 3000, ESTABLISHED),
	OUT_(A,       1,  3001,    0, ESTABLISHED),
	IN_ (R,       0,     0,    0, BAD_WINDOW),
	IN_ (R, 1000000,     0,    0, BAD_WINDOW),
	IN_ (R,      42,     0,    0, BAD_WINDOW),
	OUT_(A,       1,  3001, 1000, ESTABLISHED),
	IN_ (A,    3001,  1001,    0, ESTABLISHED),
	IN_ (R | A, 3000, 1001,    0, BAD_WINDOW,  .state = "established"),
	IN_ (R | A, 3001, 1001,    0, ESTABLISHED, .state = "closed"))

SCENARIO(conntrack_syn_challenge_ack, ALLOW_BOTH,
	OUT_(S,       0,     0,    0, RULE_ALLOW),
	IN_ (A, 145824453, 643160523, 0, PASSED,   .state = "syn-sent"),
	OUT_(R, 643160523,   0,    0, PASSED,      .state = "syn-sent"),
	OUT_(S,       0,     0,    0, PASSED),
	IN_ (S | A,   0,     1,    0, ESTABLISHED),
	OUT_(A,       1,     1,    0, ESTABLISHED, .state = "established"))

SCENARIO(conntrack_synack_old, ALLOW_BOTH,
	OUT_(S,       0,     0,    0, RULE_ALLOW),
	IN_ (S | A, 145824453, 643160523, 0, BAD_STATE, .state = "syn-sent"),
	OUT_(S,       0,     0,    0, PASSED),
	IN_ (S | A, 145758918, 1,  0, ESTABLISHED),
	OUT_(A,       1, 145758919, 1, ESTABLISHED, .state = "established"))

SCENARIO(conntrack_synack_reuse, ALLOW_BOTH,
	SERVED,
	ASK (A,       1,     1,  100, ESTABLISHED),
	TELL(A,       1,   101,    0, ESTABLISHED),
	ASK (S,    2000,     0,    0, PASSED,      .state = "established"),
	TELL(A,       1,   101,    0, ESTABLISHED),
	ASK (R | A, 101,     1,    0, ESTABLISHED, .state = "closed"),
	ASK (S,    2000,     0,    0, RULE_ALLOW),
	TELL(S | A, 9000, 2001,    0, ESTABLISHED, .state = "syn-received"))

SCENARIO(the_server_has_forgotten_and_answers_a_new_syn, ALLOW_BOTH,
	SERVED,
	ASK (S,    2000,     0,    0, PASSED),
	TELL(S | A, 9000, 2001,    0, ESTABLISHED, .state = "syn-received"),
	ASK (A,    2001,  9001,    0, ESTABLISHED, .state = "established"))

/* Its new SYN may scale otherwise than its old one; that is not remembered. */
SCENARIO(the_forgotten_connection_may_have_scaled_otherwise, ALLOW_BOTH,
	SERVED,
	ASK (S,    2000,     0,    0, PASSED,      .scale = 7, .window = 1000),
	TELL(S | A, 9000, 2001,    0, ESTABLISHED, .scale = 2, .window = 1000, .state = "syn-received"),
	ASK (A,    2001,  9001,    0, ESTABLISHED, .window = 1000, .state = "established"),
	TELL(A,   90000,  2001, 1460, ESTABLISHED, .window = 1000),
	ASK (A,    6001,  9001,    0, ESTABLISHED, .window = 1000),
	ASK (A,    6002,  9001,    0, BAD_WINDOW,  .window = 1000))

/* Or it listens no more: a refusal, as exact as one of a first attempt. */
SCENARIO(the_server_has_forgotten_and_refuses_a_new_syn, ALLOW_BOTH,
	SERVED,
	ASK (S,    2000,     0,    0, PASSED),
	TELL(R | A,   0,  2002,    0, BAD_WINDOW,  .state = "established"),
	TELL(R,       0,     0,    0, BAD_WINDOW,  .state = "established"),
	TELL(R | A,   0,  2001,    0, ESTABLISHED, .state = "closed"))

/* The SYN was a forger's: the opener goes on, and what answers it is none. */
SCENARIO(a_forged_syn_is_forgotten_when_the_opener_goes_on, ALLOW_BOTH,
	SERVED,
	ASK (S,    2000,     0,    0, PASSED),
	ASK (A,       1,     1,   10, ESTABLISHED),
	TELL(S | A, 9000, 2001,    0, BAD_STATE,   .state = "established"),
	TELL(R | A,   0,  2001,    0, BAD_WINDOW,  .state = "established"))

SCENARIO(a_refusal_after_a_lost_answer, ALLOW_BOTH,
	OUT_(S,    5000,     0,    0, RULE_ALLOW),
	IN_ (S | A, 9000, 5001,    0, ESTABLISHED, .state = "syn-received"),
	OUT_(S,    5000,     0,    0, PASSED),
	IN_ (R | A,   0,  5002,    0, BAD_WINDOW,  .state = "syn-received"),
	IN_ (R | A,   0,  5001,    0, ESTABLISHED, .state = "closed"))

SCENARIO(a_syn_after_the_end_is_judged_by_its_own_rules, ALLOW_BOTH,
	SERVED,
	ASK (R | A,   1,     1,    0, ESTABLISHED, .state = "closed"),
	/* the other way round: outbound allows it, and the opener changes */
	TELL(S,   50000,     0,    0, RULE_ALLOW,  .state = "syn-sent"),
	ASK (R | A,   0, 50001,    0, ESTABLISHED, .state = "closed"))

SCENARIO(and_dropped_if_they_do_not_allow_it, ALLOW_BOTH,
	HANDSHAKE,
	OUT_(R | A,   1,     1,    0, ESTABLISHED, .state = "closed"),
	IN_ (S,    5000,     0,    0, NO_RULE,     .state = "closed"))

SCENARIO(an_answer_that_crosses_a_reset_passes, ALLOW_BOTH,
	OUT_(S,    5000,     0,    0, RULE_ALLOW),
	OUT_(R,    5001,     0,    0, ESTABLISHED, .state = "closed"),
	IN_ (S | A,   0,  4000,    0, BAD_STATE),
	IN_ (S | A,   0,  5001,    0, PASSED,      .state = "closed"))

/* or who forges the address of another completes 66000 times too easily */
SCENARIO(only_an_ack_of_the_syn_completes_the_handshake, ALLOW_BOTH,
	ASK (S,       0,     0,    0, RULE_ALLOW),
	TELL(S | A, 5000,    1,    0, ESTABLISHED),
	ASK (A,       1,  5000,    0, BAD_STATE,   .state = "syn-received"),
	ASK (A,       1,  4000,    0, BAD_STATE,   .state = "syn-received"),
	ASK (F | A,   1,  4000,    0, BAD_STATE,   .state = "syn-received"),
	ASK (A,       1,  5001,    0, ESTABLISHED, .state = "established"))

SCENARIO(a_forged_syn_does_not_lock_out_the_answer, ALLOW_BOTH,
	OUT_(S,    1000,     0,    0, RULE_ALLOW),
	IN_ (S,    5000,     0,    0, ESTABLISHED, .state = "syn-sent2"),
	IN_ (S,    7000,     0,    0, ESTABLISHED, .state = "syn-sent2"), /* the newest */
	OUT_(A,    1001,  7001,    0, BAD_STATE,   .state = "syn-sent2"),
	IN_ (S | A, 9000, 1001,    0, ESTABLISHED, .state = "syn-received"),
	OUT_(A,    1001,  9001,    0, ESTABLISHED, .state = "established"),
	IN_ (A,    9001,  1001,  100, ESTABLISHED),
	OUT_(A,    1001,  9101,    0, ESTABLISHED))

SCENARIO(data_on_the_answer_of_a_simultaneous_open, ALLOW_BOTH,
	OUT_(S,    1000,     0,    0, RULE_ALLOW),
	IN_ (S,    5000,     0,    0, ESTABLISHED),
	IN_ (S | A, 5000, 1001,  100, ESTABLISHED),
	OUT_(A,    1001,  5101,    0, ESTABLISHED, .state = "established"))

SCENARIO(before_the_first_ack_a_reset_is_exact_behind_the_syn, ALLOW_BOTH,
	OUT_(S,       0,     0,    0, RULE_ALLOW),
	IN_ (S | A, 5000,    1,    0, ESTABLISHED),
	IN_ (R,    5000,     0,    0, BAD_WINDOW,  .state = "syn-received"),
	IN_ (R,    5001,     0,    0, ESTABLISHED, .state = "closed"))

/* A RST of the opener may be its answer to a challenge ACK, or forged. */
SCENARIO(only_an_exact_reset_of_the_opener_ends_its_attempt, ALLOW_BOTH,
	ASK (S,    5000,     0,    0, RULE_ALLOW),
	ASK (R,    4000,     0,    0, PASSED,      .state = "syn-sent"),
	ASK (R,    5000,     0,    0, PASSED,      .state = "syn-sent"),
	ASK (R | A, 5002,    0,    0, PASSED,      .state = "syn-sent"),
	TELL(A,       0,   700,    0, PASSED,      .state = "syn-sent"),
	TELL(A,       0,   900,    0, PASSED,      .state = "syn-sent"),
	ASK (R,     700,     0,    0, PASSED,      .state = "syn-sent"),
	ASK (R,    5001,     0,    0, ESTABLISHED, .state = "closed"),
	TELL(S | A,   0,   901,    0, BAD_STATE,   .state = "closed"))

/* NPF: src/npftest/libnpftest/npf_state_test.c */
SCENARIO(npf_1_order_of_acks, ALLOW_BOTH,
	OUT_(S,    9999,     0,    0, RULE_ALLOW,  .window = 4096),
	IN_ (S | A,   9, 10000,    0, ESTABLISHED, .window = 2048),
	OUT_(A,   10000,    10,    0, ESTABLISHED, .window = 4096),
	IN_ (A,      10, 10000,    0, ESTABLISHED, .window = 2048),
	OUT_(A,   10000,    10, 1000, ESTABLISHED, .window = 4096),
	OUT_(A,   11000,    10, 1000, ESTABLISHED, .window = 4096),
	IN_ (A,      10, 12000,    0, ESTABLISHED, .window = 2048),
	IN_ (A,      10, 13000,    0, BAD_WINDOW,  .window = 2048), /* not sent yet */
	OUT_(A,   12000,    10, 1000, ESTABLISHED, .window = 4096),
	IN_ (A,      10, 11000,    0, ESTABLISHED, .window = 1048),
	OUT_(A,   14000,    10, 1000, ESTABLISHED, .window = 4096),
	IN_ (A,      10, 13000,    0, ESTABLISHED, .window = 2048))

SCENARIO(npf_2_lost_ack, ALLOW_BOTH,
	OUT_(S,    9999,     0,    0, RULE_ALLOW,  .window = 1000),
	IN_ (S | A,   9, 10000,    0, ESTABLISHED, .window = 4000),
	OUT_(A,   10000,    10,    0, ESTABLISHED, .window = 1000),
	OUT_(A,   10000,    10, 1000, ESTABLISHED, .window = 1000),
	IN_ (A,      10, 11000,    0, ESTABLISHED, .window = 4000),
	OUT_(A,   11000,    10, 1000, ESTABLISHED, .window = 1000),
	OUT_(A,   12000,    10, 1000, ESTABLISHED, .window = 1000),
	OUT_(A,   13000,    10, 1000, ESTABLISHED, .window = 1000),
	OUT_(A,   14000,    10, 1000, ESTABLISHED, .window = 1000),
	IN_ (A,      10, 15000,    0, ESTABLISHED, .window = 4000),
	IN_ (A,      10, 15000,    0, ESTABLISHED, .window = 2000),
	OUT_(A,   12000,    10, 1000, ESTABLISHED, .window = 1000))

SCENARIO(npf_3_fins, ALLOW_BOTH,
	OUT_(S,     999,     0,    0, RULE_ALLOW),
	IN_ (S | A,   9,  1000,    0, ESTABLISHED),
	OUT_(A,    1000,    10,    0, ESTABLISHED),
	IN_ (F | A,  10,  1000,    0, ESTABLISHED, .state = "fin-wait"),
	OUT_(F | A, 1000,   10,    0, ESTABLISHED, .state = "last-ack"),
	OUT_(A,    1001,    11,    0, ESTABLISHED),
	OUT_(F | A, 1000,   10,    0, ESTABLISHED),
	OUT_(F | A, 1000,   10,    0, ESTABLISHED),
	OUT_(A,      11,  1001,    0, BAD_WINDOW))

SCENARIO(npf_4_window, ALLOW_BOTH,
	OUT_(S,       9,     0,    0, RULE_ALLOW,  .window = 8760),
	IN_ (S | A, 9999,   10,    0, ESTABLISHED, .window = 1000),
	OUT_(A,      10, 10000,    0, ESTABLISHED, .window = 8760),
	IN_ (A,   10000,    10, 1460, ESTABLISHED, .window = 1000),
	IN_ (A,   11460,    10, 1460, ESTABLISHED, .window = 1000),
	OUT_(A,      10, 12920,    0, ESTABLISHED, .window = 8760),
	IN_ (A,   12920,    10, 1460, ESTABLISHED, .window = 1000),
	OUT_(A,      10, 14380,    0, ESTABLISHED, .window = 8760),
	IN_ (A,   17300,    10, 1460, ESTABLISHED, .window = 1000),
	OUT_(A,      10, 14380,    0, ESTABLISHED, .window = 8760),
	IN_ (A,   18760,    10, 1460, ESTABLISHED, .window = 1000),
	OUT_(A,      10, 14380,    0, ESTABLISHED, .window = 8760),
	IN_ (A,   20220,    10, 1460, ESTABLISHED, .window = 1000),
	IN_ (A,   21680,    10, 1460, ESTABLISHED, .window = 1000),
	IN_ (A,   14380,    10, 1460, ESTABLISHED, .window = 1000),
	IN_ (A,   23140,    10, 1460, ESTABLISHED, .window = 1000))
/* clang-format on */

Suite *
suite_tcp(void)
{
	Suite *suite = suite_create("tcp");
	TCase *tc = tcase_create("scenarios");

	ADD_SCENARIO(tc, it_opens_talks_and_ends);
	ADD_SCENARIO(tc, crossing_fins_end_in_time_wait);
	ADD_SCENARIO(tc, time_wait_begins_when_all_is_acknowledged);
	ADD_SCENARIO(tc, a_stale_or_forged_answer_does_not_complete);
	ADD_SCENARIO(tc, a_reset_counts_only_if_it_acknowledges_the_syn);
	ADD_SCENARIO(tc, retransmits_pass_and_do_not_live_longer);
	ADD_SCENARIO(tc, a_new_isn_replaces_the_old);
	ADD_SCENARIO(tc, simultaneous_open);
	ADD_SCENARIO(tc, simultaneous_open_after_an_attempt_without_answer);
	ADD_SCENARIO(tc, simultaneous_open_by_a_syn_ack_with_a_new_isn);
	ADD_SCENARIO(tc, split_handshake);
	ADD_SCENARIO(tc, data_with_the_handshake);
	ADD_SCENARIO(tc, resets_must_be_exact);
	ADD_SCENARIO(tc, a_reset_right_behind_data);
	ADD_SCENARIO(tc, a_passed_reset_shortens_nothing);
	ADD_SCENARIO(tc, syns_do_not_harm_a_living_connection);
	ADD_SCENARIO(tc, beyond_the_window);
	ADD_SCENARIO(tc, windows_scale_only_if_both_say_so);
	ADD_SCENARIO(tc, no_scale_of_one_side);
	ADD_SCENARIO(tc, numbers_wrap);
	ADD_SCENARIO(tc, keepalive_and_zero_window_probe);
	ADD_SCENARIO(tc, conntrack_ack_loss_stall);
	ADD_SCENARIO(tc, conntrack_inexact_rst);
	ADD_SCENARIO(tc, conntrack_rst_invalid);
	ADD_SCENARIO(tc, conntrack_syn_challenge_ack);
	ADD_SCENARIO(tc, conntrack_synack_old);
	ADD_SCENARIO(tc, conntrack_synack_reuse);
	ADD_SCENARIO(tc, the_server_has_forgotten_and_answers_a_new_syn);
	ADD_SCENARIO(tc, the_forgotten_connection_may_have_scaled_otherwise);
	ADD_SCENARIO(tc, the_server_has_forgotten_and_refuses_a_new_syn);
	ADD_SCENARIO(tc, a_forged_syn_is_forgotten_when_the_opener_goes_on);
	ADD_SCENARIO(tc, a_refusal_after_a_lost_answer);
	ADD_SCENARIO(tc, a_syn_after_the_end_is_judged_by_its_own_rules);
	ADD_SCENARIO(tc, and_dropped_if_they_do_not_allow_it);
	ADD_SCENARIO(tc, an_answer_that_crosses_a_reset_passes);
	ADD_SCENARIO(tc, only_an_ack_of_the_syn_completes_the_handshake);
	ADD_SCENARIO(tc, a_forged_syn_does_not_lock_out_the_answer);
	ADD_SCENARIO(tc, data_on_the_answer_of_a_simultaneous_open);
	ADD_SCENARIO(tc, before_the_first_ack_a_reset_is_exact_behind_the_syn);
	ADD_SCENARIO(tc, only_an_exact_reset_of_the_opener_ends_its_attempt);
	ADD_SCENARIO(tc, npf_1_order_of_acks);
	ADD_SCENARIO(tc, npf_2_lost_ack);
	ADD_SCENARIO(tc, npf_3_fins);
	ADD_SCENARIO(tc, npf_4_window);
	suite_add_tcase(suite, tc);
	return suite;
}
