/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calendar counted in years that begin on the first of March, so that the
 * leap day is the last one; 400 of them have always 146097 days.
 */
#include "moment.h"

#include <stdio.h>
#include <string.h>

#define DAY         86400
#define DAYS_OF_400 146097
#define DAYS_BEFORE 719468 /* from 0000-03-01 to 1970-01-01 */

/* Days of a year, up to the first of a month that is so many after March. */
static int64_t
days_until(int64_t months)
{
	return (153 * months + 2) / 5;
}

static int64_t
day_number(int64_t year, int64_t month, int64_t day)
{
	int64_t months = (month + 9) % 12;
	int64_t y = year - (month <= 2);

	return y * 365 + y / 4 - y / 100 + y / 400 + days_until(months) + day -
	       1 - DAYS_BEFORE;
}

static void
date_of(int64_t number, int64_t *year, int64_t *month, int64_t *day)
{
	int64_t days = number + DAYS_BEFORE;
	int64_t y = days / DAYS_OF_400 * 400 + 400;

	while (day_number(y, 3, 1) > number)
		y--;
	int64_t rest = number - day_number(y, 3, 1), months = 11;
	while (days_until(months) > rest)
		months--;
	*month = (months + 2) % 12 + 1;
	*day = rest - days_until(months) + 1;
	*year = y + (*month <= 2);
}

/* '0' stands for a digit, all else for itself. */
static bool
has_shape(const char *text, const char *shape)
{
	for (; *shape; shape++, text++)
		if (*shape == '0' ? *text < '0' || *text > '9'
				  : *text != *shape)
			return false;
	return *text == '\0';
}

static int64_t
number(const char *text, unsigned digits)
{
	int64_t value = 0;

	for (unsigned i = 0; i < digits; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

bool
moment_parse(const char *text, int64_t *seconds)
{
	if (!has_shape(text, "0000-00-00T00:00:00Z"))
		return false;
	int64_t year = number(text, 4), month = number(text + 5, 2);
	int64_t day = number(text + 8, 2), hour = number(text + 11, 2);
	int64_t minute = number(text + 14, 2), second = number(text + 17, 2);
	int64_t y, m, d, days;

	if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 ||
	    minute > 59 || second > 59)
		return false;
	days = day_number(year, month, day);
	date_of(days, &y, &m, &d);
	if (m != month || d != day) /* the 31st of April */
		return false;
	*seconds = days * DAY + hour * 3600 + minute * 60 + second;
	return true;
}

const char *
moment_print(int64_t seconds, char out[MOMENT_TEXT_SIZE])
{
	int64_t year, month, day, rest = seconds % DAY;

	date_of(seconds / DAY, &year, &month, &day);
	snprintf(out, MOMENT_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
	    (unsigned)(rest / 3600), (unsigned)(rest / 60 % 60),
	    (unsigned)(rest % 60));
	return out;
}
