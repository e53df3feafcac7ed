/* SPDX-License-Identifier: MIT */
#include "syntax/imap_date.h"

#include "base/cursor.h"

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };

enum { DAY_SECONDS = 86400, ERA_DAYS = 146097 /* 400 years */ };
static const int64_t day_min = -719528; /* 1-Jan-0000 */
static const int64_t day_max = 2932896; /* 31-Dec-9999 */

struct date {
	int64_t year;
	unsigned month, day; /* from 1 */
};

/* Years begin in March, so that the leap day is their last: then months have a formula. */
static int64_t day_of(struct date d)
{
	int64_t year = d.month <= 2 ? d.year - 1 : d.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * ((d.month + 9) % 12) + 2) / 5 + d.day - 1;

	return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static struct date date_of(int64_t day)
{
	int64_t from = day + 719468;
	int64_t era = (from >= 0 ? from : from - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t day_of_era = from - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
				      day_of_era / (ERA_DAYS - 1)) /
			      365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;
	unsigned month =
		(unsigned)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);

	return (struct date){
		.year = year_of_era + era * 400 + (month <= 2),
		.month = month,
		.day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
	};
}

/* Exactly so many digits. */
static unsigned take_digits(struct cursor *c, size_t count, unsigned max)
{
	struct slice digits = cursor_take(c, count);
	uint64_t value = 0;

	if (c->broken || !slice_number(digits, max, &value))
		cursor_break(c);
	return (unsigned)value;
}

static unsigned take_month(struct cursor *c)
{
	for (unsigned i = 0; i < 12; i++) {
		if (cursor_try(c, slice_of(months[i])))
			return i + 1;
	}
	cursor_break(c);
	return 1;
}

/* "-Feb-1994" behind the day; a day that the month does not have breaks. */
static int64_t take_rest_of_date(struct cursor *c, unsigned day)
{
	struct date d = { .day = day }, again;
	int64_t found;

	cursor_expect(c, S("-"));
	d.month = take_month(c);
	cursor_expect(c, S("-"));
	d.year = take_digits(c, 4, 9999);
	found = day_of(d);
	again = date_of(found);
	if (again.day != d.day || again.month != d.month)
		cursor_break(c);
	return found;
}

static int64_t take_date(struct cursor *c)
{
	bool is_padded = cursor_try(c, S(" "));
	struct slice digits = cursor_while(c, ascii_is_digit);
	uint64_t day = 0;

	if (digits.len < 1 || digits.len > (is_padded ? 1 : 2) || !slice_number(digits, 31, &day))
		cursor_break(c);
	return take_rest_of_date(c, (unsigned)day);
}

static int take_zone(struct cursor *c)
{
	bool is_west = cursor_try(c, S("-"));
	unsigned hours, minutes;

	if (!is_west)
		cursor_expect(c, S("+"));
	hours = take_digits(c, 2, 23);
	minutes = take_digits(c, 2, 59);
	return (is_west ? -1 : 1) * (int)(60 * hours + minutes);
}

bool imap_time_parse(struct slice s, struct imap_time *ret)
{
	struct cursor c = cursor_over(s);
	struct imap_time time;

	time.seconds = take_date(&c) * DAY_SECONDS;
	cursor_expect(&c, S(" "));
	time.seconds += 3600 * (int64_t)take_digits(&c, 2, 23);
	cursor_expect(&c, S(":"));
	time.seconds += 60 * (int64_t)take_digits(&c, 2, 59);
	cursor_expect(&c, S(":"));
	time.seconds += take_digits(&c, 2, 60);
	cursor_expect(&c, S(" "));
	time.zone_minutes = take_zone(&c);
	time.seconds -= 60 * (int64_t)time.zone_minutes;
	if (!cursor_finished(&c))
		return false;
	*ret = time;
	return true;
}

bool imap_day_parse(struct slice s, int64_t *ret)
{
	struct cursor c = cursor_over(s);
	int64_t day = take_date(&c);

	if (!cursor_finished(&c))
		return false;
	*ret = day;
	return true;
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
	return value < min ? min : value > max ? max : value;
}

static int64_t divide_down(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

bool imap_day_write(struct buf *out, int64_t day)
{
	struct date d = date_of(clamp(day, day_min, day_max));

	return buf_add_format(out, "%u-%s-%04u", d.day, months[d.month - 1], (unsigned)d.year);
}

bool imap_time_write(struct buf *out, struct imap_time time)
{
	int zone = (int)clamp(time.zone_minutes, -1439, 1439);
	int64_t utc = clamp(time.seconds, (day_min - 2) * DAY_SECONDS, (day_max + 2) * DAY_SECONDS);
	int64_t local = clamp(
		utc + 60 * (int64_t)zone, day_min * DAY_SECONDS, (day_max + 1) * DAY_SECONDS - 1);
	int64_t day = divide_down(local, DAY_SECONDS);
	unsigned rest = (unsigned)(local - day * DAY_SECONDS);
	unsigned east = (unsigned)(zone < 0 ? -zone : zone);
	struct date d = date_of(day);

	return buf_add_format(out, "\"%2u-%s-%04u %02u:%02u:%02u %c%02u%02u\"", d.day,
		months[d.month - 1], (unsigned)d.year, rest / 3600, rest / 60 % 60, rest % 60,
		zone < 0 ? '-' : '+', east / 60, east % 60);
}

int64_t imap_time_day(struct imap_time time)
{
	int64_t utc = clamp(time.seconds, (day_min - 2) * DAY_SECONDS, (day_max + 2) * DAY_SECONDS);

	return divide_down(utc + 60 * (int64_t)time.zone_minutes, DAY_SECONDS);
}
