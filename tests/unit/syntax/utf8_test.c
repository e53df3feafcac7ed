/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "syntax/utf8.h"

static void test_characters(void **state)
{
	static const struct {
		struct slice s;
		size_t len; /* of the first character, 0: none */
	} rows[] = {
		{ S_INIT(""), 0 },
		{ S_INIT("\0"), 1 },
		{ S_INIT("a"), 1 },
		{ S_INIT("\x7f"), 1 },
		{ S_INIT("\x80"), 0 },
		{ S_INIT("\xbf\x80"), 0 },
		{ S_INIT("\xc0\x80"), 0 }, /* overlong */
		{ S_INIT("\xc1\xbf"), 0 },
		{ S_INIT("\xc2\x80"), 2 },
		{ S_INIT("\xc2\x7f"), 0 },
		{ S_INIT("\xc2\xc0"), 0 },
		{ S_INIT("\xc2"), 0 },
		{ S_INIT("\xdf\xbf"), 2 },
		{ S_INIT("\xe0\x9f\xbf"), 0 }, /* overlong */
		{ S_INIT("\xe0\xa0\x80"), 3 },
		{ S_INIT("\xe0\xa0"), 0 },
		{ S_INIT("\xed\x9f\xbf"), 3 },
		{ S_INIT("\xed\xa0\x80"), 0 }, /* surrogate */
		{ S_INIT("\xee\x80\x80"), 3 },
		{ S_INIT("\xef\xbf\xbf"), 3 },
		{ S_INIT("\xe2\x82\x20"), 0 },
		{ S_INIT("\xf0\x8f\xbf\xbf"), 0 }, /* overlong */
		{ S_INIT("\xf0\x90\x80\x80"), 4 },
		{ S_INIT("\xf0\x90\x80"), 0 },
		{ S_INIT("\xf4\x8f\xbf\xbf"), 4 },
		{ S_INIT("\xf4\x90\x80\x80"), 0 }, /* over U+10FFFF */
		{ S_INIT("\xf5\x80\x80\x80"), 0 },
		{ S_INIT("\xff"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(utf8_first(rows[i].s) == rows[i].len, i);
		check_row(utf8_is_valid(rows[i].s) == (rows[i].len == rows[i].s.len), i);
	}
}

static void test_texts(void **state)
{
	static const struct {
		struct slice s;
		bool is_valid, is_ascii;
	} rows[] = {
		{ S_INIT(""), true, true },
		{ { NULL, 0 }, true, true },
		{ S_INIT("plain"), true, true },
		{ S_INIT("b\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7!"), true, false },
		{ S_INIT("b\xc3\xbc\xe2\x82"), false, false },
		{ S_INIT("caf\xe9"), false, false },
		{ S_INIT("a\x80"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(utf8_is_valid(rows[i].s) == rows[i].is_valid, i);
		check_row(utf8_is_ascii(rows[i].s) == rows[i].is_ascii, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_characters),
		cmocka_unit_test(test_texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
