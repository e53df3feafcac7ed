/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/units.h"

static void test_read(void **state)
{
	static const struct {
		struct slice text;
		bool is_size, is_good;
		uint64_t value;
	} rows[] = {
		{ S_INIT("0"), true, true, 0 },
		{ S_INIT("1"), true, true, 1 },
		{ S_INIT("1K"), true, true, 1024 },
		{ S_INIT("2m"), true, true, 2 << 20 },
		{ S_INIT("3 G"), true, true, UINT64_C(3) << 30 },
		{ S_INIT("17179869183G"), true, true, UINT64_C(17179869183) << 30 },
		{ S_INIT("17179869184G"), true, false, 0 },
		{ S_INIT("18446744073709551615"), true, true, UINT64_MAX },
		{ S_INIT("18446744073709551616"), true, false, 0 },
		{ S_INIT(""), true, false, 0 },
		{ S_INIT("K"), true, false, 0 },
		{ S_INIT("1T"), true, false, 0 },
		{ S_INIT("-1"), true, false, 0 },
		{ S_INIT("1.5M"), true, false, 0 },
		{ S_INIT("1KK"), true, false, 0 },
		{ S_INIT("0ms"), false, true, 0 },
		{ S_INIT("5s"), false, true, 5000 },
		{ S_INIT("5m"), false, true, 300000 },
		{ S_INIT("5h"), false, true, 18000000 },
		{ S_INIT("5d"), false, true, 432000000 },
		{ S_INIT("5"), false, false, 0 },
		{ S_INIT("5 weeks"), false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 77;
		bool is_good = rows[i].is_size ? units_read_size(rows[i].text, &value)
					       : units_read_time(rows[i].text, &value);

		check_row(is_good == rows[i].is_good, i);
		check_row(value == (rows[i].is_good ? rows[i].value : 77), i);
	}
}

/* Printing gives what reads back as the same. */
static void test_print(void **state)
{
	static const struct {
		uint64_t value;
		struct slice size, time, shown;
	} rows[] = {
		{ 0, S_INIT("0"), S_INIT("0ms"), S_INIT("0") },
		{ 1, S_INIT("1"), S_INIT("1ms"), S_INIT("1") },
		{ 1000, S_INIT("1000"), S_INIT("1s"), S_INIT("1000") },
		{ 1024, S_INIT("1K"), S_INIT("1024ms"), S_INIT("1K") },
		{ 1536, S_INIT("1536"), S_INIT("1536ms"), S_INIT("1.4K") },
		{ 86400000, S_INIT("84375K"), S_INIT("1d"), S_INIT("82M") },
		{ 1 << 30, S_INIT("1G"), S_INIT("1073741824ms"), S_INIT("1G") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[64];
		struct buf out = BUF_OVER(room);
		uint64_t again = 7;

		check_row(units_print_size(rows[i].value, &out), i);
		check_row(slice_same(buf_slice(&out), rows[i].size), i);
		check_row(units_read_size(buf_slice(&out), &again) && again == rows[i].value, i);
		buf_clear(&out);
		check_row(units_print_time(rows[i].value, &out), i);
		check_row(slice_same(buf_slice(&out), rows[i].time), i);
		check_row(units_read_time(buf_slice(&out), &again) && again == rows[i].value, i);
		buf_clear(&out);
		check_row(units_print_size_short(rows[i].value, &out), i);
		check_row(slice_same(buf_slice(&out), rows[i].shown), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_read),
		cmocka_unit_test(test_print) };

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
