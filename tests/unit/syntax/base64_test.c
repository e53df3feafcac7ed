/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "syntax/base64.h"

static void test_both_ways(void **state)
{
	/* RFC 4648 10, and the bytes that reach the last letters. */
	static const struct {
		struct slice plain, text;
	} rows[] = {
		{ S_INIT(""), S_INIT("") },
		{ S_INIT("f"), S_INIT("Zg==") },
		{ S_INIT("fo"), S_INIT("Zm8=") },
		{ S_INIT("foo"), S_INIT("Zm9v") },
		{ S_INIT("foob"), S_INIT("Zm9vYg==") },
		{ S_INIT("fooba"), S_INIT("Zm9vYmE=") },
		{ S_INIT("foobar"), S_INIT("Zm9vYmFy") },
		{ S_INIT("\0alice\0secret"), S_INIT("AGFsaWNlAHNlY3JldA==") },
		{ S_INIT("\xfb\xff\xfe"), S_INIT("+//+") },
		{ S_INIT("\0\0\0"), S_INIT("AAAA") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf plain = { .max = 64 }, text = { .max = 64 };

		check_row(base64_encode(rows[i].plain, &text), i);
		check_row(slice_same(buf_slice(&text), rows[i].text), i);
		check_row(base64_decode(rows[i].text, &plain), i);
		check_row(slice_same(buf_slice(&plain), rows[i].plain), i);
	}
}

static void test_bad(void **state)
{
	static const struct slice rows[] = {
		S_INIT("Z"),
		S_INIT("Zg"),
		S_INIT("Zg="),
		S_INIT("Zg==="),
		S_INIT("===="),
		S_INIT("Z==="),
		S_INIT("Zh=="), /* bits left over */
		S_INIT("Zm9="),
		S_INIT("Zg==Zg=="),
		S_INIT("Zm=v"),
		S_INIT("Zm9v\n"),
		S_INIT("Zm 9"),
		S_INIT("Zm9-"),
		S_INIT("Zm9_"),
		S_INIT("Zm9\xc3"),
		S_INIT("Zm9\0"),
		S_INIT("Zm9vZm9*"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf plain = { .max = 64 };

		check_row(buf_add(&plain, S("before")) && !base64_decode(rows[i], &plain), i);
		check_row(slice_same(buf_slice(&plain), S("before")), i);
	}
}

static void test_full(void **state)
{
	char room[5];
	struct buf b = BUF_OVER(room);

	(void)state;
	check(!base64_encode(S("abcd"), &b) && !base64_decode(S("Zm9vYmFy"), &b) && b.len == 0);
	check(base64_decode(S("Zm9vYmE="), &b) && slice_same(buf_slice(&b), S("fooba")));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_bad), cmocka_unit_test(test_full) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
