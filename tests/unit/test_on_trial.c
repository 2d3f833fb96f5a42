/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy on trial: what it refuses is dropped, but the flows stay, so that
 * the policy before can go on with them.
 */
#include "scenario.h"
#include "suites.h"

/* clang-format off */
#define OUTWARD "outbound = ( { port = \"*\"; action = \"allow\"; } );"
#define WEB_AND_SSH "inbound = ( { port = (22, 80); action = \"allow\"; } );" OUTWARD
#define ONLY_SSH    "inbound = ( { port = 22; action = \"allow\"; } );" OUTWARD
#define WEB_STATELESS \
	"inbound = ( { port = 80; action = \"allow\"; stateful = false; } );" \
	"outbound = ( { source_port = 80; action = \"allow\"; stateful = false; } );"

#define WEB_IS_OPEN \
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    S,     RULE_ALLOW }, \
	{ OUT, TCP, "192.0.2.2:80",    "203.0.113.9:51000", S | A, ESTABLISHED }, \
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    A,     ESTABLISHED }

SCENARIO(what_is_refused_on_trial_lives_on_after_it, WEB_AND_SSH,
	WEB_IS_OPEN,
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.9:51000", A, REVOKED,
	  .reload = ONLY_SSH, .on_trial = true, .state = "established", .flows = 1 },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80", A, REVOKED, .state = "established" },
	/* a minute later, and after many a sweep */
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80", A, REVOKED, .wait_ms = 60000, .state = "established" },
	{ IN,  TCP, "203.0.113.9:51001", "192.0.2.2:80", S, NO_RULE },
	/* back */
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80", A, ESTABLISHED, .reload = WEB_AND_SSH, .length = 10 },
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.9:51000", A, ESTABLISHED })

SCENARIO(what_is_refused_ends_when_the_policy_is_confirmed, WEB_AND_SSH,
	WEB_IS_OPEN,
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.9:51000", A, REVOKED,
	  .reload = ONLY_SSH, .on_trial = true, .state = "established" },
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.9:51000", A, REVOKED, .confirm = true, .state = "" },
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.9:51000", A, NOT_A_START, .reload = WEB_AND_SSH })

SCENARIO(what_was_let_in_on_trial_needs_the_policy_after_it, ONLY_SSH,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    S,     RULE_ALLOW, .reload = WEB_AND_SSH, .on_trial = true },
	{ OUT, TCP, "192.0.2.2:80",    "203.0.113.9:51000", S | A, ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80",    A,     REVOKED, .reload = ONLY_SSH, .state = "" })

/* Its packets need a rule each, but it is there when it is needed again. */
SCENARIO(what_is_stateless_on_trial_is_a_connection_after_it, WEB_AND_SSH,
	WEB_IS_OPEN,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80", A, RULE_ALLOW,
	  .reload = WEB_STATELESS, .on_trial = true, .state = "established", .flows = 1 },
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.9:51000", A, RULE_ALLOW, .flows = 1 },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:80", A, ESTABLISHED, .reload = WEB_AND_SSH },
	{ OUT, TCP, "192.0.2.2:80", "203.0.113.9:51000", A, ESTABLISHED })

SCENARIO(what_is_allowed_on_trial_goes_on, WEB_AND_SSH,
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",    S,     RULE_ALLOW },
	{ OUT, TCP, "192.0.2.2:22",    "203.0.113.9:51000", S | A, ESTABLISHED, .reload = ONLY_SSH, .on_trial = true },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",    A,     ESTABLISHED },
	{ IN,  TCP, "203.0.113.9:51000", "192.0.2.2:22",    A,     ESTABLISHED, .reload = WEB_AND_SSH, .length = 10 })
/* clang-format on */

Suite *
suite_on_trial(void)
{
	Suite *suite = suite_create("on_trial");
	TCase *tests = tcase_create("on_trial");

	ADD_SCENARIO(tests, what_is_refused_on_trial_lives_on_after_it);
	ADD_SCENARIO(tests, what_is_refused_ends_when_the_policy_is_confirmed);
	ADD_SCENARIO(tests, what_was_let_in_on_trial_needs_the_policy_after_it);
	ADD_SCENARIO(
	    tests, what_is_stateless_on_trial_is_a_connection_after_it);
	ADD_SCENARIO(tests, what_is_allowed_on_trial_goes_on);
	suite_add_tcase(suite, tests);
	return suite;
}
