/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "message/text_table.h"

#include <stdio.h>

static void test_numbers(void **state)
{
	static const struct {
		struct slice text;
		uint32_t number;
	} rows[] = {
		{ S_INIT("a"), 1 },
		{ S_INIT("b"), 2 },
		{ S_INIT("a"), 1 },
		{ S_INIT(""), 3 },
		{ S_INIT("\0"), 4 },
		{ S_INIT("\0\0"), 5 },
		{ S_INIT("A"), 6 },
		{ S_INIT("1234567"), 7 },
		{ S_INIT("12345678"), 8 },
		{ S_INIT("12345678\0"), 9 },
		{ S_INIT(""), 3 },
	};
	struct text_table t;

	(void)state;
	text_table_init(&t, UINT64_MAX, 1 << 20, 100);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text_row *row = text_table_row(&t, rows[i].text);

		check_row(row != NULL && row == &t.rows[rows[i].number], i);
		check_row(slice_same(row->text, rows[i].text), i);
		check_row(row->value == 0 || row->value == rows[i].number, i);
		row->value = rows[i].number;
	}
	text_table_done(&t);
}

static void test_limits(void **state)
{
	struct text_table t;
	char room[16];

	(void)state;
	text_table_init(&t, 0, 1 << 20, 200);
	for (unsigned i = 0; i < 400; i++) {
		struct slice text = { room, (size_t)snprintf(room, sizeof room, "%u", i) };

		check_row((text_table_row(&t, text) != NULL) == (i < 200), i);
	}
	/* What is there is found all the same. */
	check(text_table_row(&t, S("199")) == &t.rows[200]);
	text_table_done(&t);
	text_table_init(&t, 1, 64, 200);
	check(text_table_row(&t, S("a")) != NULL);
	for (unsigned i = 0; i < 10; i++)
		check(text_table_row(&t,
			      S("a text that is longer than what is left of sixty-four")) == NULL);
	check(t.count == 1 && text_table_row(&t, S("a"))->value == 0);
	text_table_done(&t);
}

/* Many, and none of them twice in one place too often: the longest chain of a good hash is short. */
static void test_spread(void **state)
{
	struct text_table t;
	size_t longest = 0;
	char room[32];

	(void)state;
	text_table_init(&t, 4711, 16 << 20, 100000);
	for (unsigned i = 0; i < 50000; i++) {
		struct slice text = { room,
			(size_t)snprintf(room, sizeof room, "<%u@x.example>", i) };

		check_row(text_table_row(&t, text) == &t.rows[i + 1], i);
	}
	for (size_t i = 0; i < t.head_count; i++) {
		size_t length = 0;

		for (uint32_t at = t.heads[i]; at != 0; at = t.rows[at].next)
			length++;
		longest = length > longest ? length : longest;
	}
	check(longest < 16);
	text_table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_spread) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
