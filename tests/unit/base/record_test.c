/* SPDX-License-Identifier: MIT */
#include "base/record.h"
#include "check.h"

static void test_numbers(void **state)
{
	static const struct {
		uint64_t value;
		struct slice bytes;
	} rows[] = {
		{ 0, S_INIT("\x00") },
		{ 127, S_INIT("\x7f") },
		{ 128, S_INIT("\x80\x01") },
		{ 300, S_INIT("\xac\x02") },
		{ UINT64_MAX, S_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf b = { .max = 16 };
		struct cursor c = cursor_over(rows[i].bytes);

		check_row(record_number(&b, rows[i].value), i);
		check_row(slice_same(buf_slice(&b), rows[i].bytes), i);
		check_row(record_read_number(&c) == rows[i].value && cursor_finished(&c), i);
	}
}

static void test_bad_numbers(void **state)
{
	static const struct slice rows[] = {
		S_INIT(""),
		S_INIT("\x80"),
		S_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
		S_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
		S_INIT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cursor c = cursor_over(rows[i]);

		check_row(record_read_number(&c) == 0 && c.broken, i);
	}
}

static void test_texts(void **state)
{
	static const struct {
		struct slice bytes, text;
		bool is_good;
	} rows[] = {
		{ S_INIT("\x00"), S_INIT(""), true },
		{ S_INIT("\x02hi"), S_INIT("hi"), true },
		{ S_INIT("\x03hi"), S_INIT(""), false },
		{ S_INIT(""), S_INIT(""), false },
		{ S_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hi"), S_INIT(""), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cursor c = cursor_over(rows[i].bytes);

		check_row(slice_same(record_read_text(&c), rows[i].text), i);
		check_row(cursor_finished(&c) == rows[i].is_good, i);
	}
}

static void test_fixed_width(void **state)
{
	auto_buf b = { .max = 64 };
	struct cursor c;

	(void)state;
	check(record_u8(&b, 0xfe) && record_u32(&b, 0x01020304) && record_u64(&b, UINT64_MAX - 1));
	check(record_text(&b, S("end")));
	check(slice_same(buf_slice(&b), S("\xfe\x01\x02\x03\x04\xff\xff\xff\xff\xff\xff\xff\xfe\x03"
					  "end")));
	c = cursor_over(buf_slice(&b));
	check(record_read_u8(&c) == 0xfe && record_read_u32(&c) == 0x01020304);
	check(record_read_u64(&c) == UINT64_MAX - 1 && slice_same(record_read_text(&c), S("end")));
	check(cursor_finished(&c) && record_read_u32(&c) == 0 && c.broken);
}

static void test_full(void **state)
{
	char room[2];
	struct buf b = BUF_OVER(room);

	(void)state;
	check(!record_u32(&b, 1) && !record_number(&b, 1 << 20) && b.len == 0);
	check(record_number(&b, 300));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bad_numbers), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_fixed_width), cmocka_unit_test(test_full) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
