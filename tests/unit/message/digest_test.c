/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "message/digest.h"

#include <string.h>

static struct digest_id digest_of(struct slice text, size_t step, struct digest *d)
{
	digest_begin(d);
	for (; text.len > 0; text = slice_skip(text, step))
		digest_add(d, slice_first(text, step));
	return digest_end(d);
}

/* Which line ends it has makes no difference, nor how it is split; all else does. */
static void test_line_ends(void **state)
{
	static const struct {
		struct slice text, other;
		bool is_same;
		uint64_t crlf, lf; /* of text */
	} rows[] = {
		{ S_INIT(""), S_INIT(""), true, 0, 0 },
		{ S_INIT("a\nb\n"), S_INIT("a\r\nb\r\n"), true, 0, 2 },
		{ S_INIT("a\r\nb\r\n"), S_INIT("a\r\nb\n"), true, 2, 0 },
		{ S_INIT("a\nb\r\n"), S_INIT("a\nb\n"), true, 1, 1 },
		{ S_INIT("\n\n"), S_INIT("\r\n\n"), true, 0, 2 },
		{ S_INIT("a\r"), S_INIT("a"), false, 0, 0 },
		{ S_INIT("a\rb"), S_INIT("a\nb"), false, 0, 0 },
		{ S_INIT("a\r\r\n"), S_INIT("a\r\n"), false, 1, 0 },
		{ S_INIT("a\n"), S_INIT("a"), false, 0, 1 },
		{ S_INIT("a\0b"), S_INIT("a\0c"), false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct digest d, other;
		struct digest_id whole = digest_of(rows[i].text, 1000, &d);
		struct digest_id split = digest_of(rows[i].text, 1, &other);

		check_row(d.crlf_count == rows[i].crlf && d.lf_count == rows[i].lf, i);
		check_row(d.bytes == rows[i].text.len, i);
		check_row(other.crlf_count == rows[i].crlf && other.lf_count == rows[i].lf, i);
		check_row(memcmp(&whole, &split, sizeof whole) == 0, i);
		split = digest_of(rows[i].other, 2, &other);
		check_row((memcmp(&whole, &split, sizeof whole) == 0) == rows[i].is_same, i);
	}
}

static void test_text(void **state)
{
	static const struct {
		struct slice text;
		bool is_good;
	} rows[] = {
		{ S_INIT("000102030405060708090a0b0c0d0eff"), true },
		{ S_INIT("000102030405060708090a0b0c0d0ef"), false },
		{ S_INIT("000102030405060708090a0b0c0d0eff0"), false },
		{ S_INIT("000102030405060708090a0b0c0d0efg"), false },
		{ S_INIT(""), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[DIGEST_TEXT_BYTES + 1];
		struct digest_id id = { { 0 } };

		check_row(digest_parse(rows[i].text, &id) == rows[i].is_good, i);
		if (rows[i].is_good)
			check_row(slice_same(digest_text(id, room), rows[i].text), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
