/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The suites of the unit tests, one line each, in any order.  CMake reads this
 * list: suite_NAME() returns suite_create("NAME"), lives in test_NAME.c, and
 * becomes the ctest unit_NAME.
 */
#ifndef EPHEMERALD_SUITES_H
#define EPHEMERALD_SUITES_H

#include <check.h>

Suite *suite_filter(void);
Suite *suite_tcp(void);
Suite *suite_json(void);
Suite *suite_files(void);
Suite *suite_drops(void);
Suite *suite_address(void);
Suite *suite_packet(void);
Suite *suite_packet_ipv6(void);
Suite *suite_packet_icmp(void);
Suite *suite_fragment(void);
Suite *suite_rules(void);
Suite *suite_policy(void);
Suite *suite_set(void);
Suite *suite_filter_sets(void);
Suite *suite_classifier(void);
Suite *suite_compile(void);
Suite *suite_shadow(void);
Suite *suite_sweep(void);
Suite *suite_conf(void);
Suite *suite_message(void);
Suite *suite_timers(void);
Suite *suite_tcp_modes(void);
Suite *suite_verdicts(void);
Suite *suite_watch(void);
Suite *suite_latency(void);
Suite *suite_journal(void);
Suite *suite_listener(void);
Suite *suite_control(void);
Suite *suite_request(void);
Suite *suite_flow_filter(void);
Suite *suite_commands(void);
Suite *suite_commands_sets(void);
Suite *suite_rows(void);
Suite *suite_limits(void);
Suite *suite_meter(void);
Suite *suite_life(void);
Suite *suite_pressure(void);
Suite *suite_spans(void);
Suite *suite_region(void);
Suite *suite_lint(void);
Suite *suite_lint_random(void);
Suite *suite_diff(void);
Suite *suite_expires(void);
Suite *suite_owners(void);
Suite *suite_explain(void);
Suite *suite_packet_log(void);
Suite *suite_policy_command(void);
Suite *suite_on_trial(void);
Suite *suite_commands_change(void);
Suite *suite_changes(void);
Suite *suite_restore(void);
Suite *suite_flow_file(void);
#endif
