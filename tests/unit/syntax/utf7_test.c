/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "syntax/utf7.h"

static void test_pairs(void **state)
{
	static const struct {
		struct slice utf7, utf8;
	} rows[] = {
		{ S_INIT(""), S_INIT("") },
		{ S_INIT("Drafts"), S_INIT("Drafts") },
		{ S_INIT(" ~\"\\/"), S_INIT(" ~\"\\/") },
		{ S_INIT("&-"), S_INIT("&") },
		{ S_INIT("a&-b&-"), S_INIT("a&b&") },
		{ S_INIT("Entw&APw-rfe"), S_INIT("Entw\xc3\xbcrfe") },
		{ S_INIT("&U,BTFw-"), S_INIT("\xe5\x8f\xb0\xe5\x8c\x97") },
		{ S_INIT("~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
			S_INIT("~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
			       "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e") },
		{ S_INIT("&2D3eAA-"), S_INIT("\xf0\x9f\x98\x80") },
		{ S_INIT("&APw-&-"), S_INIT("\xc3\xbc&") },
		{ S_INIT("&AAE-"), S_INIT("\x01") },
		{ S_INIT("&AH8-"), S_INIT("\x7f") },
		{ S_INIT("&2,,f,w-"), S_INIT("\xf4\x8f\xbf\xbf") },
		{ S_INIT("&,,8-"), S_INIT("\xef\xbf\xbf") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf utf8 = { .max = 100 }, utf7 = { .max = 100 };

		check_row(utf7_decode(rows[i].utf7, &utf8), i);
		check_row(slice_same(buf_slice(&utf8), rows[i].utf8), i);
		check_row(utf7_encode(rows[i].utf8, &utf7), i);
		check_row(slice_same(buf_slice(&utf7), rows[i].utf7), i);
	}
}

/* Each has a better spelling, or none. */
static void test_bad_utf7(void **state)
{
	static const struct slice rows[] = {
		S_INIT("&"),
		S_INIT("a&"),
		S_INIT("&AOQ"),
		S_INIT("&AGE-"), /* 'a' */
		S_INIT("&ACY-"), /* '&' */
		S_INIT("&ACA-"),
		S_INIT("&AH4-"),      /* ' ', '~' */
		S_INIT("&APw-&APw-"), /* two shifts where one does */
		S_INIT("&A-"),
		S_INIT("&AP-"),
		S_INIT("&APwA-"),
		S_INIT("&APx-"),
		S_INIT("&AOQ/-"),
		S_INIT("&AO Q-"),
		S_INIT("&AOQ=-"),
		S_INIT("&2D0-"),    /* half a pair */
		S_INIT("&3gA-"),    /* the other half */
		S_INIT("&2D3YPQ-"), /* two first halves */
		S_INIT("&2D0A,A-"), /* half a pair, and a character */
		S_INIT("\xc3\xbc"),
		S_INIT("a\x01"),
		S_INIT("\x7f"),
		S_INIT("&\0-"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf utf8 = { .max = 100 };

		check_row(buf_add(&utf8, S("before")), i);
		check_row(!utf7_decode(rows[i], &utf8), i);
		check_row(slice_same(buf_slice(&utf8), S("before")), i);
	}
}

static void test_bad_utf8_and_full(void **state)
{
	char room[7];
	struct buf small = BUF_OVER(room);

	(void)state;
	check(!utf7_encode(S("\xff"), &small) && small.len == 0);
	check(!utf7_encode(S("a\xed\xa0\x80"), &small) && small.len == 0);
	check(!utf7_encode(S("abc\xc3\xbc"), &small) && small.len == 0);
	check(utf7_encode(S("ab\xc3\xbc"), &small) && small.len == 7);
	small.len = 0;
	check(!utf7_decode(S("abcdefgh"), &small) && small.len == 0);
	check(utf7_decode(S("abcdefg"), &small) && small.len == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_bad_utf7),
		cmocka_unit_test(test_bad_utf8_and_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
