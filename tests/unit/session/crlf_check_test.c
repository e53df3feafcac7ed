/* SPDX-License-Identifier: MIT */
#include "session/crlf_check.h"

#include "check.h"

static const struct {
	struct slice bytes;
	bool is_bare;
} rows[] = {
	{ S_INIT(""), false },
	{ S_INIT("a"), false },
	{ S_INIT("\r\n"), false },
	{ S_INIT("a\r\nb\r\n"), false },
	{ S_INIT("\r\n\r\n"), false },
	{ S_INIT("\n"), true },
	{ S_INIT("\r"), true },
	{ S_INIT("a\nb\r\n"), true },
	{ S_INIT("a\rb\r\n"), true },
	{ S_INIT("a\r\r\n"), true },
	{ S_INIT("a\r\n\n"), true },
	{ S_INIT("a\r\n\r"), true },
	{ S_INIT("a\n\r\n"), true },
};

static void test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct crlf_check c = { .is_bare = false };

		crlf_check_bytes(&c, rows[i].bytes);
		check_row(crlf_check_is_bare(&c) == rows[i].is_bare, i);
	}
}

static void test_split_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t at = 0; at <= rows[i].bytes.len; at++) {
			struct crlf_check c = { .is_bare = false };

			crlf_check_bytes(&c, slice_first(rows[i].bytes, at));
			crlf_check_bytes(&c, slice_skip(rows[i].bytes, at));
			check_row(crlf_check_is_bare(&c) == rows[i].is_bare, i);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_split_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
