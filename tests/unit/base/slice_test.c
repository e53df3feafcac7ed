/* SPDX-License-Identifier: MIT */
#include "base/slice.h"
#include "check.h"

#include <string.h>

static void test_same(void **state)
{
	static const struct {
		struct slice a, b;
		bool is_same, is_same_nocase;
	} rows[] = {
		{ S_INIT(""), S_INIT(""), true, true },
		{ { NULL, 0 }, S_INIT(""), true, true },
		{ S_INIT("a"), S_INIT("a"), true, true },
		{ S_INIT("a"), S_INIT("A"), false, true },
		{ S_INIT("a"), S_INIT("ab"), false, false },
		{ S_INIT("["), S_INIT("{"), false, false }, /* differ by 0x20, as letters do */
		{ S_INIT("@"), S_INIT("`"), false, false },
		{ S_INIT("\xc3\xa4"), S_INIT("\xc3\x84"), false, false }, /* not ASCII: no case */
		{ S_INIT("a\0b"), S_INIT("a\0c"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(slice_same(rows[i].a, rows[i].b) == rows[i].is_same, i);
		check_row(slice_same_nocase(rows[i].a, rows[i].b) == rows[i].is_same_nocase, i);
	}
}

static void test_order(void **state)
{
	static const struct slice sorted[] = { S_INIT(""), S_INIT("A"), S_INIT("AB"), S_INIT("B"),
		S_INIT("a"), S_INIT("a\0"), S_INIT("a\x01"), S_INIT("\x7f"), S_INIT("\x80"),
		S_INIT("\xff") };

	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++) {
		for (size_t k = 0; k < COUNT(sorted); k++) {
			int order = slice_order(sorted[i], sorted[k]);

			check_row((order > 0) - (order < 0) == (i > k) - (i < k), i * 100 + k);
		}
	}
}

static void test_parts(void **state)
{
	static const struct {
		struct slice s;
		size_t count;
		struct slice first, rest;
	} rows[] = {
		{ S_INIT("abc"), 0, S_INIT(""), S_INIT("abc") },
		{ S_INIT("abc"), 2, S_INIT("ab"), S_INIT("c") },
		{ S_INIT("abc"), 3, S_INIT("abc"), S_INIT("") },
		{ S_INIT("abc"), 4, S_INIT("abc"), S_INIT("") },
		{ S_INIT("abc"), SIZE_MAX, S_INIT("abc"), S_INIT("") },
		{ { NULL, 0 }, 1, S_INIT(""), S_INIT("") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(slice_same(slice_first(rows[i].s, rows[i].count), rows[i].first), i);
		check_row(slice_same(slice_skip(rows[i].s, rows[i].count), rows[i].rest), i);
	}
}

static void test_starts_and_ends(void **state)
{
	static const struct {
		struct slice s, part;
		bool starts, starts_nocase, ends_nocase;
	} rows[] = {
		{ S_INIT("Mail"), S_INIT(""), true, true, true },
		{ S_INIT("Mail"), S_INIT("Ma"), true, true, false },
		{ S_INIT("Mail"), S_INIT("ma"), false, true, false },
		{ S_INIT("Mail"), S_INIT("IL"), false, false, true },
		{ S_INIT("Mail"), S_INIT("Mail"), true, true, true },
		{ S_INIT("Mail"), S_INIT("Mails"), false, false, false },
		{ S_INIT(""), S_INIT("a"), false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(slice_starts(rows[i].s, rows[i].part) == rows[i].starts, i);
		check_row(slice_starts_nocase(rows[i].s, rows[i].part) == rows[i].starts_nocase, i);
		check_row(slice_ends_nocase(rows[i].s, rows[i].part) == rows[i].ends_nocase, i);
	}
}

static void test_find(void **state)
{
	static const struct {
		struct slice s;
		size_t first, last;
	} rows[] = {
		{ S_INIT(""), 0, 0 },
		{ { NULL, 0 }, 0, 0 },
		{ S_INIT("abc"), 3, 3 },
		{ S_INIT("x"), 0, 0 },
		{ S_INIT("axbxc"), 1, 3 },
		{ S_INIT("a\0x"), 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(slice_find(rows[i].s, 'x') == rows[i].first, i);
		check_row(slice_find_last(rows[i].s, 'x') == rows[i].last, i);
	}
}

static void test_trim(void **state)
{
	static const struct {
		struct slice s, trimmed;
	} rows[] = {
		{ S_INIT(""), S_INIT("") },
		{ S_INIT(" \t\r\n"), S_INIT("") },
		{ S_INIT(" a b\r\n"), S_INIT("a b") },
		{ S_INIT("\va"), S_INIT("\va") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(slice_same(slice_trim(rows[i].s), rows[i].trimmed), i);
}

static void test_text(void **state)
{
	static const struct {
		struct slice s;
		size_t size;
		bool fits;
	} rows[] = {
		{ S_INIT("abc"), 4, true },
		{ S_INIT("abc"), 3, false },
		{ S_INIT(""), 1, true },
		{ S_INIT(""), 0, false },
		{ S_INIT("a\0b"), 8, false },
	};
	char room[8];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(room, '!', sizeof room);
		check_row(slice_text(rows[i].s, room, rows[i].size) == rows[i].fits, i);
		check_row(!rows[i].fits || slice_same(slice_of(room), rows[i].s), i);
		check_row(rows[i].fits || room[0] == '!', i);
	}
	check(slice_of(NULL).len == 0);
}

static void test_number(void **state)
{
	static const struct {
		struct slice s;
		uint64_t max;
		bool is_good;
		uint64_t value;
	} rows[] = {
		{ S_INIT("0"), 0, true, 0 },
		{ S_INIT("1"), 0, false, 0 },
		{ S_INIT("7"), 7, true, 7 },
		{ S_INIT("8"), 7, false, 0 },
		{ S_INIT("007"), 7, true, 7 },
		{ S_INIT("10"), 9, false, 0 },
		{ S_INIT("255"), 255, true, 255 },
		{ S_INIT("256"), 255, false, 0 },
		{ S_INIT("18446744073709551615"), UINT64_MAX, true, UINT64_MAX },
		{ S_INIT("18446744073709551616"), UINT64_MAX, false, 0 },
		{ S_INIT("99999999999999999999"), UINT64_MAX, false, 0 },
		{ S_INIT(""), 9, false, 0 },
		{ S_INIT("-1"), 9, false, 0 },
		{ S_INIT("+1"), 9, false, 0 },
		{ S_INIT(" 1"), 9, false, 0 },
		{ S_INIT("1a"), 99, false, 0 },
		{ S_INIT("/"), 99, false, 0 },
		{ S_INIT(":"), 99, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 4711;

		check_row(slice_number(rows[i].s, rows[i].max, &value) == rows[i].is_good, i);
		check_row(value == (rows[i].is_good ? rows[i].value : 4711), i);
	}
}

static void test_letters(void **state)
{
	char room[8];

	(void)state;
	check(slice_same(slice_lower(S("aZ@[\xc3\x84"), room), S("az@[\xc3\x84")));
	for (int i = -128; i < 128; i++) {
		bool is_upper = i >= 'A' && i <= 'Z', is_lower = i >= 'a' && i <= 'z';

		check_row(ascii_is_alpha((char)i) == (is_upper || is_lower), i + 128);
		check_row(ascii_is_digit((char)i) == (i >= '0' && i <= '9'), i + 128);
		check_row(ascii_lower((char)i) == (is_upper ? i + 32 : i), i + 128);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_same),
		cmocka_unit_test(test_order), cmocka_unit_test(test_parts),
		cmocka_unit_test(test_starts_and_ends), cmocka_unit_test(test_find),
		cmocka_unit_test(test_trim), cmocka_unit_test(test_text),
		cmocka_unit_test(test_number), cmocka_unit_test(test_letters) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
