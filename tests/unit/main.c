/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the suites of suites.h: all of them, or the one that CK_RUN_SUITE
 * names.  A name that no suite has runs no test, and that is a failure: a
 * misspelt ctest must not be green.  CK_FORK=no keeps every test in this
 * process, which the sanitizers need (tests/CMakeLists.txt sets it).
 */
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>

static Suite *(*const suites[])(void) = {
#include "suites.inc" /* made by CMake from suites.h */
};

int
main(void)
{
	SRunner *runner = srunner_create(NULL);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	int run = srunner_ntests_run(runner);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (run == 0)
		fputs("unit: no suite of that name has a test\n", stderr);
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
