/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "syntax/imap_date.h"

static void test_times(void **state)
{
	static const struct {
		struct slice text;
		int64_t seconds;
		int zone_minutes;
		struct slice written;
		int64_t day;
	} rows[] = {
		{ S_INIT("17-Jul-1996 02:44:25 -0700"), 837596665, -420,
			S_INIT("\"17-Jul-1996 02:44:25 -0700\""), 9694 },
		{ S_INIT(" 1-Jan-1970 00:00:00 +0000"), 0, 0,
			S_INIT("\" 1-Jan-1970 00:00:00 +0000\""), 0 },
		{ S_INIT("01-JAN-1970 00:00:00 +0100"), -3600, 60,
			S_INIT("\" 1-Jan-1970 00:00:00 +0100\""), 0 },
		{ S_INIT("1-Jan-1970 00:00:00 -0000"), 0, 0,
			S_INIT("\" 1-Jan-1970 00:00:00 +0000\""), 0 },
		{ S_INIT("29-Feb-2000 12:00:00 +0000"), 951825600, 0,
			S_INIT("\"29-Feb-2000 12:00:00 +0000\""), 11016 },
		{ S_INIT("31-Dec-2016 23:59:60 +0000"), 1483228800, 0,
			S_INIT("\" 1-Jan-2017 00:00:00 +0000\""), 17167 },
		{ S_INIT("31-Dec-9999 23:59:59 -2359"), 253402387139, -1439,
			S_INIT("\"31-Dec-9999 23:59:59 -2359\""), 2932896 },
		{ S_INIT(" 1-Jan-0000 00:00:00 +2359"), -62167305540, 1439,
			S_INIT("\" 1-Jan-0000 00:00:00 +2359\""), -719528 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_time time;
		auto_buf out = { .max = 100 };

		check_row(imap_time_parse(rows[i].text, &time), i);
		check_row(time.seconds == rows[i].seconds, i);
		check_row(time.zone_minutes == rows[i].zone_minutes, i);
		check_row(imap_time_write(&out, time), i);
		check_row(slice_same(buf_slice(&out), rows[i].written), i);
		check_row(imap_time_day(time) == rows[i].day, i);
	}
}

static void test_bad_times(void **state)
{
	static const struct slice rows[] = {
		S_INIT(""),
		S_INIT("17-Jul-1996"),
		S_INIT("17-Jul-1996 02:44:25"),
		S_INIT("32-Jan-1996 02:44:25 +0000"),
		S_INIT("0-Jan-1996 02:44:25 +0000"),
		S_INIT("30-Feb-1996 02:44:25 +0000"),
		S_INIT("29-Feb-1900 02:44:25 +0000"),
		S_INIT("31-Apr-1996 02:44:25 +0000"),
		S_INIT("1-Foo-1996 02:44:25 +0000"),
		S_INIT("1-Jan-96 02:44:25 +0000"),
		S_INIT("1-Jan-19960 02:44:25 +0000"),
		S_INIT("1-Jan-1996 24:00:00 +0000"),
		S_INIT("1-Jan-1996 23:60:00 +0000"),
		S_INIT("1-Jan-1996 23:00:61 +0000"),
		S_INIT("1-Jan-1996 3:00:00 +0000"),
		S_INIT("1-Jan-1996 03:00:00 0000"),
		S_INIT("1-Jan-1996 03:00:00 +2400"),
		S_INIT("1-Jan-1996 03:00:00 +0060"),
		S_INIT("1-Jan-1996 03:00:00 +000"),
		S_INIT("1-Jan-1996 03:00:00 +00000"),
		S_INIT("  1-Jan-1996 03:00:00 +0000"),
		S_INIT(" 11-Jan-1996 03:00:00 +0000"),
		S_INIT("1-Jan-1996 03:00:00 GMT"),
		S_INIT("001-Jan-1996 03:00:00 +0000"),
		S_INIT("1-Jan--996 03:00:00 +0000"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_time time = { .seconds = 4711 };

		check_row(!imap_time_parse(rows[i], &time) && time.seconds == 4711, i);
	}
}

/* Every day of 800 years, both ways. */
static void test_days(void **state)
{
	(void)state;
	for (int64_t day = -150000; day < 150000; day++) {
		char room[32];
		struct buf out = BUF_OVER(room);
		int64_t again = 0;

		check_row(imap_day_write(&out, day), day + 150000);
		check_row(imap_day_parse(buf_slice(&out), &again) && again == day, day + 150000);
	}
}

static void test_day_edges(void **state)
{
	auto_buf out = { .max = 100 };
	int64_t day;

	(void)state;
	check(imap_day_parse(S("01-feb-1994"), &day) && day == 8797);
	check(!imap_day_parse(S("\"1-Feb-1994\""), &day) &&
		!imap_day_parse(S("1-Feb-1994 "), &day));
	check(imap_day_write(&out, INT64_MIN) && slice_same(buf_slice(&out), S("1-Jan-0000")));
	buf_clear(&out);
	check(imap_day_write(&out, INT64_MAX) && slice_same(buf_slice(&out), S("31-Dec-9999")));
	buf_clear(&out);
	check(imap_time_write(&out, (struct imap_time){ INT64_MAX, 5000 }));
	check(slice_same(buf_slice(&out), S("\"31-Dec-9999 23:59:59 +2359\"")));
	buf_clear(&out);
	check(imap_time_write(&out, (struct imap_time){ INT64_MIN, -5000 }));
	check(slice_same(buf_slice(&out), S("\" 1-Jan-0000 00:00:00 -2359\"")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_bad_times),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_day_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
