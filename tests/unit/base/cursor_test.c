/* SPDX-License-Identifier: MIT */
#include "base/cursor.h"
#include "check.h"

static void test_happy_path(void **state)
{
	struct cursor c = cursor_over(S("FROM:<a@b> 42xyz"));

	(void)state;
	cursor_expect(&c, S("from:<"));
	check(slice_same(cursor_until(&c, '>'), S("a@b")));
	check(cursor_peek(&c) == ' ' && !cursor_try(&c, S("x")) && cursor_try(&c, S(" ")));
	check(cursor_number(&c, 42) == 42);
	check(slice_same(cursor_while(&c, ascii_is_digit), S("")));
	check(slice_same(cursor_take(&c, 1), S("x")) && cursor_left(&c) == 2);
	check(!cursor_finished(&c) && slice_same(cursor_rest(&c), S("yz")));
	check(slice_same(cursor_while(&c, ascii_is_alpha), S("yz")));
	check(cursor_finished(&c) && cursor_at_end(&c) && cursor_peek(&c) == -1);
}

static void miss_expect(struct cursor *c)
{
	cursor_expect(c, S("abcd"));
}

static void miss_until(struct cursor *c)
{
	check(cursor_until(c, 'x').len == 0);
}

static void miss_take(struct cursor *c)
{
	check(cursor_take(c, 4).len == 0);
}

static void miss_number(struct cursor *c)
{
	(void)cursor_number(c, UINT64_MAX);
}

/* The first miss breaks the cursor; from then on nothing moves and nothing comes. */
static void test_misses(void **state)
{
	static void (*const misses[])(struct cursor *) = { miss_expect, miss_until, miss_take,
		miss_number, cursor_break };

	(void)state;
	for (size_t i = 0; i < COUNT(misses); i++) {
		struct cursor c = cursor_over(S("abc"));

		misses[i](&c);
		check_row(c.broken && !cursor_finished(&c) && cursor_at_end(&c), i);
		check_row(cursor_left(&c) == 0 && cursor_rest(&c).len == 0 && cursor_peek(&c) == -1,
			i);
		check_row(!cursor_try(&c, S("a")) && !cursor_try(&c, S("")), i);
		check_row(cursor_take(&c, 1).len == 0 && cursor_until(&c, 'b').len == 0, i);
		check_row(cursor_while(&c, ascii_is_alpha).len == 0, i);
		check_row(!cursor_finished(&c), i);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		struct slice s;
		uint64_t max, value;
		bool is_good;
	} rows[] = {
		{ S_INIT("5"), 5, 5, true },
		{ S_INIT("6"), 5, 0, false },
		{ S_INIT(""), 5, 0, false },
		{ S_INIT("x"), 5, 0, false },
		{ S_INIT("18446744073709551615"), UINT64_MAX, UINT64_MAX, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cursor c = cursor_over(rows[i].s);
		uint64_t value = cursor_number(&c, rows[i].max);

		check_row(cursor_finished(&c) == rows[i].is_good, i);
		check_row(!rows[i].is_good || value == rows[i].value, i);
	}
}

static void test_nothing(void **state)
{
	struct cursor c = cursor_over((struct slice){ NULL, 0 });

	(void)state;
	check(cursor_finished(&c) && cursor_peek(&c) == -1 && cursor_try(&c, S("")));
	check(slice_same(cursor_take(&c, 0), S("")) && cursor_finished(&c));
}

/* A byte over 127 must not look like the end. */
static void test_high_byte(void **state)
{
	struct cursor c = cursor_over(S("\xff"));

	(void)state;
	check(cursor_peek(&c) == 255 && cursor_take(&c, 1).len == 1 && cursor_finished(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_happy_path),
		cmocka_unit_test(test_misses), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_nothing), cmocka_unit_test(test_high_byte) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
