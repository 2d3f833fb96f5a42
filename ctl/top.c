/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top: the screen and its keys; what is on it is made in top_list.c.  A line a
 * connection, below two lines of headings, above one of help or a message.
 */
#include "top_list.h"

#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define HEAD_LINES 2
#define FOOT_LINES 1

/* clang-format off */
static const struct {
	const char *heading;
	unsigned width; /* 0: a share of what is left */
	bool right;
	enum cut cut;
} column[TOP_COLUMNS] = {
	[BY_PROTO] = { "PROTO", 6,  false, CUT_END },
	[BY_STATE] = { "STATE", 12, false, CUT_END },
	[BY_SRC] =   { "SRC",   0,  false, CUT_MIDDLE },
	[BY_DST] =   { "DST",   0,  false, CUT_MIDDLE },
	[BY_RULE] =  { "RULE",  7,  false, CUT_END },
	[BY_BYTES] = { "BYTES", 6,  true,  CUT_END },
	[BY_RATE] =  { "RATE",  7,  true,  CUT_END },
	[BY_IDLE] =  { "IDLE",  5,  true,  CUT_END },
};
/* clang-format on */

static unsigned
width_of(size_t i)
{
	unsigned fixed = ARRAY_LEN(column) - 1, shares = 0;

	if (column[i].width)
		return column[i].width;
	for (size_t c = 0; c < ARRAY_LEN(column); c++) {
		fixed += column[c].width;
		shares += !column[c].width;
	}
	unsigned rest = (unsigned)COLS > fixed + 8 * shares
			    ? (unsigned)COLS - fixed
			    : 8 * shares;
	return rest / shares;
}

static void
draw_line(int y, const char *const text[ARRAY_LEN(column)])
{
	unsigned end = 0; /* what has no room is left out, from the right */

	move(y, 0);
	for (size_t i = 0; i < ARRAY_LEN(column); i++) {
		unsigned width = width_of(i);

		end += width + (i > 0);
		if (end > (unsigned)COLS)
			return;
		char *cut = columns_cut(text[i], column[i].cut, width);
		unsigned pad = width - text_width(cut);

		printw("%s%*s%s%*s", i > 0 ? " " : "",
		    column[i].right ? (int)pad : 0, "", cut,
		    column[i].right ? 0 : (int)pad, "");
		free(cut);
	}
}

static void
draw(struct top *top)
{
	const char *heading[ARRAY_LEN(column)];
	size_t room = LINES > HEAD_LINES + FOOT_LINES
			  ? (size_t)(LINES - HEAD_LINES - FOOT_LINES)
			  : 1;

	for (size_t i = 0; i < ARRAY_LEN(column); i++)
		heading[i] = column[i].heading;
	if (top->selected < top->first)
		top->first = top->selected;
	if (top->selected >= top->first + room)
		top->first = top->selected - room + 1;
	erase();
	char *title =
	    text_format("%zu connections, sorted by %s%s%s%s", top->count,
		column[top->sort].heading, top->reverse ? ", reversed" : "",
		*top->filter ? ", filter " : "", top->filter);
	mvprintw(0, 0, "%.*s", COLS, title);
	free(title);
	attron(A_BOLD);
	draw_line(1, heading);
	attroff(A_BOLD);
	for (size_t n = 0; n < room && top->first + n < top->count; n++) {
		const struct top_entry *e = &top->entry[top->first + n];
		bool chosen = top->first + n == top->selected;

		if (chosen)
			attron(A_REVERSE);
		draw_line((int)(HEAD_LINES + n), (const char *const *)e->text);
		if (chosen)
			attroff(A_REVERSE);
	}
	mvprintw(LINES - 1, 0, "%.*s", COLS - 1,
	    top->message
		? top->message
		: "s sort  r reverse  f filter  d end it  h help  q quit");
	refresh();
}

/* A line of text from the last line of the screen. */
static char *
prompt(const char *question)
{
	char answer[256] = "";

	mvprintw(LINES - 1, 0, "%s", question);
	clrtoeol();
	echo();
	curs_set(1);
	timeout(-1);
	getnstr(answer, sizeof(answer) - 1);
	noecho();
	curs_set(0);
	return text_format("%s", answer);
}

static void
ask_to_end(struct top *top)
{
	if (top->count == 0)
		return;
	char *answer = prompt("end this connection? (y) ");
	if (strcmp(answer, "y") == 0)
		top_end_selected(top);
	free(answer);
}

static void
help(void)
{
	static const char *const line[] = {
		"s        sort by the next column",
		"r        reverse the order",
		"f        show only what meets conditions: NAME=VALUE ..., as",
		"         dport=22 src=192.0.2.0/24; the names are those of "
		"the",
		"         options of `ephctl flows`; nothing: all",
		"up down  select a connection",
		"d        end the selected one, as `ephctl kill` does",
		"space    ask anew now",
		"h        this help",
		"q        quit",
		"",
		"RATE is bytes per second of both sides since the answer "
		"before.",
	};

	erase();
	for (size_t i = 0; i < ARRAY_LEN(line); i++)
		mvprintw((int)i, 0, "%s", line[i]);
	mvprintw(LINES - 1, 0, "any key goes back");
	refresh();
	timeout(-1);
	getch();
}

/* False: quit.  *anew: the daemon is to be asked. */
static bool
obey(struct top *top, int key, bool *anew)
{
	*anew = false;
	if (key != ERR)
		top_say(top, NULL);
	switch (key) {
	case 'q':
		return false;
	case 's':
		top->sort = (top->sort + 1) % ARRAY_LEN(column);
		top_sort(top);
		break;
	case 'r':
		top->reverse = !top->reverse;
		top_sort(top);
		break;
	case 'f':
		free(top->filter);
		top->filter = prompt("filter: ");
		*anew = true;
		break;
	case 'd':
		ask_to_end(top);
		*anew = true;
		break;
	case 'h':
		help();
		break;
	case KEY_UP:
		top->selected -= top->selected > 0;
		break;
	case KEY_DOWN:
		top->selected += top->selected + 1 < top->count;
		break;
	case ERR: /* the interval is over */
	case ' ':
		*anew = true;
		break;
	}
	return true;
}

/* As long as the daemon answers. */
static int
run(struct top *top, double interval)
{
	double next = top_seconds() + interval;
	int code = top_refresh(top);
	bool anew;

	while (code == EXIT_OK || top->message) {
		draw(top);
		double left = next - top_seconds();
		timeout(left > 0 ? (int)(left * 1000) + 1 : 0);
		if (!obey(top, getch(), &anew))
			return EXIT_OK;
		if (!anew)
			continue;
		next = top_seconds() + interval;
		code = top_refresh(top);
		if (code == EXIT_NOT_RUNNING)
			break;
	}
	return code;
}

static bool
read_interval(const char *text, double *seconds)
{
	char *end;

	*seconds = 2;
	if (!text)
		return true;
	*seconds = strtod(text, &end);
	return end != text && !*end && *seconds >= 0.1 && *seconds <= 3600;
}

int
command_top(const struct call *call)
{
	const char *text = call_option(call, "interval");
	struct top top = {
		.call = *call,
		.filter = text_format("%s", ""),
		.sort = BY_RATE,
	};
	double interval;
	int code = EXIT_USAGE;

	/* It is no condition that the daemon knows. */
	for (size_t i = 0; top.call.option[i].name; i++)
		if (strcmp(top.call.option[i].name, "interval") == 0)
			top.call.value[i] = NULL;
	if (!read_interval(text, &interval))
		text_complain("--interval '%s': accepted are 0.1 to 3600 "
			      "seconds",
		    text);
	else if (call->json || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		text_complain("top takes a terminal; see `ephctl flows` and "
			      "`ephctl watch`");
	else if (!initscr())
		code = EXIT_FAILED;
	else {
		cbreak();
		noecho();
		keypad(stdscr, true);
		curs_set(0);
		code = run(&top, interval);
		endwin();
	}
	if (code != EXIT_OK && top.message)
		text_report(top.message);
	top_free(&top);
	return code;
}
