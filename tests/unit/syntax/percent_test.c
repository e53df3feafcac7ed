/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/buf.h"
#include "syntax/percent.h"

static void test_pairs(void **state)
{
	static const struct {
		struct slice bytes, text;
	} rows[] = {
		{ S_INIT(""), S_INIT("") },
		{ S_INIT("a b/c=\"d\""), S_INIT("a b/c=\"d\"") },
		{ S_INIT("100%"), S_INIT("100%25") },
		{ S_INIT("\r\n\t\0\x1f\x7f"), S_INIT("%0D%0A%09%00%1F%7F") },
		{ S_INIT("\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80"),
			S_INIT("\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80") },
		{ S_INIT("\xff\xc3"), S_INIT("%FF%C3") },
		{ S_INIT("\xc3(\xed\xa0\x80"), S_INIT("%C3(%ED%A0%80") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf text = { .max = 100 }, bytes = { .max = 100 };

		check_row(percent_write(rows[i].bytes, &text), i);
		check_row(slice_same(buf_slice(&text), rows[i].text), i);
		check_row(percent_read(rows[i].text, &bytes), i);
		check_row(slice_same(buf_slice(&bytes), rows[i].bytes), i);
	}
}

/* Every byte, and every pair of bytes, comes back. */
static void test_every_byte(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		char two[2] = { (char)(pair >> 8), (char)(pair & 0xff) }, room[8], back[8];
		struct buf text = BUF_OVER(room), bytes = BUF_OVER(back);

		check_row(percent_write((struct slice){ two, 2 }, &text), pair);
		check_row(percent_read(buf_slice(&text), &bytes), pair);
		check_row(slice_same(buf_slice(&bytes), (struct slice){ two, 2 }), pair);
	}
}

static void test_bad(void **state)
{
	static const struct slice rows[] = { S_INIT("%"), S_INIT("%4"), S_INIT("a%4g"),
		S_INIT("%%41"), S_INIT("%g4"), S_INIT("12345%41") };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[5];
		struct buf out = BUF_OVER(room);

		check_row(!percent_read(rows[i], &out), i);
	}
	for (size_t i = 0; i < 3; i++) {
		char room[5];
		struct buf out = { .at = room, .room = i, .max = i, .is_fixed = true };

		check_row(!percent_write(S("%"), &out), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
