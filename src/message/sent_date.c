/* SPDX-License-Identifier: MIT */
#include "message/sent_date.h"

#include "base/cursor.h"
#include "message/header_token.h"

#include <string.h>

static bool is_letter(char byte)
{
	return ascii_is_alpha(byte);
}

/* 1 to 12, or 0. */
static unsigned month_named(struct slice name)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (unsigned i = 0; i < 12 && name.len >= 3; i++) {
		if (slice_same_nocase(slice_first(name, 3), (struct slice){ months + 3 * i, 3 }))
			return i + 1;
	}
	return 0;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar; the year begins in March, so that leap days come last. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = year - (month <= 2 ? 1 : 0);
	int64_t era = shifted / 400, of_era = shifted % 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* RFC 5322 4.3: 00 to 49 are of this century, the rest and three digits count from 1900. */
static uint64_t take_year(struct cursor *c)
{
	const char *from = c->at;
	uint64_t year = cursor_number(c, 9999);
	size_t digits = (size_t)(c->at - from);

	if (digits == 2 && year < 50)
		return year + 2000;
	return digits <= 3 ? year + 1900 : year;
}

/* Minutes east of UTC. RFC 5322 4.3: military letters and unknown names mean nothing, so -0000. */
static int32_t zone_named(struct slice name)
{
	static const struct {
		struct slice name;
		int32_t hours;
	} rows[] = {
		{ S_INIT("EST"), -5 },
		{ S_INIT("EDT"), -4 },
		{ S_INIT("CST"), -6 },
		{ S_INIT("CDT"), -5 },
		{ S_INIT("MST"), -7 },
		{ S_INIT("MDT"), -6 },
		{ S_INIT("PST"), -8 },
		{ S_INIT("PDT"), -7 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (slice_same_nocase(rows[i].name, name))
			return rows[i].hours * 60;
	}
	return 0;
}

static int32_t take_zone(struct cursor *c)
{
	bool is_west = cursor_try(c, S("-"));
	struct cursor number;
	uint64_t value;
	int32_t minutes;

	if (!is_west && !cursor_try(c, S("+")))
		return zone_named(cursor_while(c, is_letter));
	number = *c;
	value = cursor_number(&number, 9999);
	if (number.broken || number.at - c->at != 4 || value % 100 >= 60)
		return 0;
	minutes = (int32_t)(value / 100 * 60 + value % 100);
	return is_west ? -minutes : minutes;
}

/* "05:26:30", the seconds are optional; blanks and comments may stand around the colons. */
static int64_t take_time(struct cursor *c)
{
	uint64_t hour = cursor_number(c, 23), minute, second = 0;

	header_skip_blanks(c);
	if (!cursor_try(c, S(":")))
		cursor_expect(c, S("."));
	header_skip_blanks(c);
	minute = cursor_number(c, 59);
	header_skip_blanks(c);
	if (cursor_try(c, S(":")) || cursor_try(c, S("."))) {
		header_skip_blanks(c);
		second = cursor_number(c, 60);
		header_skip_blanks(c);
	}
	return (int64_t)(hour * 3600 + minute * 60 + second);
}

static void skip_dash(struct cursor *c)
{
	header_skip_blanks(c);
	if (cursor_try(c, S("-")))
		header_skip_blanks(c);
}

bool sent_date_parse(struct slice value, struct sent_date *ret)
{
	struct cursor c = cursor_over(value);
	uint64_t day, year;
	unsigned month;
	int64_t time_s;
	int32_t zone_min;

	header_skip_blanks(&c);
	if (cursor_while(&c, is_letter).len > 0) {
		header_skip_blanks(&c);
		(void)cursor_try(&c, S(","));
		header_skip_blanks(&c);
	}
	day = cursor_number(&c, 31);
	skip_dash(&c);
	month = month_named(cursor_while(&c, is_letter));
	skip_dash(&c);
	year = take_year(&c);
	header_skip_blanks(&c);
	time_s = take_time(&c);
	if (c.broken || day == 0 || month == 0)
		return false;
	zone_min = take_zone(&c);
	*ret = (struct sent_date){ .zone_min = zone_min,
		.unix_s = days_to((int64_t)year, month, (int64_t)day) * 86400 + time_s -
			  60 * (int64_t)zone_min };
	return true;
}
