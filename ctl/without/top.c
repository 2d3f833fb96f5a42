/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top, where there was no ncurses to build it with.  Takes the place of
 * ctl/top.c.
 */
#include "command.h"
#include "text.h"

int
command_top(const struct call *call)
{
	(void)call;
	text_complain("this ephctl was built without ncurses, hence without "
		      "top; see `ephctl flows` and `ephctl watch`");
	return EXIT_FAILED;
}
