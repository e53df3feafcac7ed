/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "check.h"

#include <string.h>

static void test_grows_to_its_maximum(void **state)
{
	static const size_t maxima[] = { 0, 1, 2, 7, 8, 100, 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(maxima); i++) {
		auto_buf b = { .max = maxima[i] };

		for (size_t k = 0; k < maxima[i]; k++)
			check_row(buf_add_byte(&b, (char)('a' + k % 26)), i);
		check_row(!buf_add_byte(&b, 'x') && b.len == maxima[i], i);
		check_row(buf_add(&b, S("")), i);
		for (size_t k = 0; k < maxima[i]; k++)
			check_row(b.at[k] == (char)('a' + k % 26), i);
	}
}

static void test_over_an_array(void **state)
{
	char room[5];
	struct buf b = BUF_OVER(room);

	(void)state;
	check(buf_add(&b, S("abc")) && !buf_add(&b, S("def")) && buf_add(&b, S("de")));
	check(slice_same(buf_slice(&b), S("abcde")) && b.at == room);
	buf_done(&b);
	check(b.len == 0 && b.at == room && buf_add(&b, S("again")));
}

static void test_too_much_changes_nothing(void **state)
{
	auto_buf b = { .max = 8 };

	(void)state;
	check(buf_add(&b, S("1234")));
	check(!buf_add(&b, S("56789")) && slice_same(buf_slice(&b), S("1234")));
	check(!buf_add_number(&b, 12345) && slice_same(buf_slice(&b), S("1234")));
	check(!buf_add_format(&b, "%s", "56789") && slice_same(buf_slice(&b), S("1234")));
	check(buf_reserve(&b, 5) == NULL && buf_reserve(&b, SIZE_MAX) == NULL);
	check(buf_add(&b, S("5678")) && slice_same(buf_slice(&b), S("12345678")));
}

static void test_numbers(void **state)
{
	static const struct {
		uint64_t value;
		struct slice text;
	} rows[] = {
		{ 0, S_INIT("0") },
		{ 9, S_INIT("9") },
		{ 10, S_INIT("10") },
		{ UINT64_MAX, S_INIT("18446744073709551615") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf b = { .max = 20 };

		check_row(buf_add_number(&b, rows[i].value), i);
		check_row(slice_same(buf_slice(&b), rows[i].text), i);
	}
}

static void test_format(void **state)
{
	auto_buf b = { .max = 64 };

	(void)state;
	check(buf_add_format(&b, "%s-%d", "a", 7) && buf_add_format(&b, "%s", ""));
	check(buf_add_format(&b, "%.*s", S_FMT(S("xyz"))));
	check(slice_same(buf_slice(&b), S("a-7xyz")));
}

static void test_reserve_and_shift(void **state)
{
	static const struct {
		size_t count;
		struct slice rest;
	} rows[] = { { 0, S_INIT("abcd") }, { 1, S_INIT("bcd") }, { 3, S_INIT("d") },
		{ 4, S_INIT("") } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf b = { .max = 16 };
		char *at = buf_reserve(&b, 4);

		check_row(at != NULL && b.len == 0, i);
		memcpy(at, "abcd", 4);
		buf_grew(&b, 4);
		buf_shift(&b, rows[i].count);
		check_row(slice_same(buf_slice(&b), rows[i].rest), i);
		buf_clear(&b);
		check_row(b.len == 0 && b.room >= 4, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_grows_to_its_maximum),
		cmocka_unit_test(test_over_an_array),
		cmocka_unit_test(test_too_much_changes_nothing), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_format), cmocka_unit_test(test_reserve_and_shift) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
