/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "syntax/pop3_line.h"

static void test_split(void **state)
{
	static const struct {
		struct slice line, verb, args;
	} rows[] = {
		{ S_INIT(""), S_INIT(""), S_INIT("") },
		{ S_INIT("STAT"), S_INIT("STAT"), S_INIT("") },
		{ S_INIT("STAT "), S_INIT("STAT"), S_INIT("") },
		{ S_INIT("retr 1"), S_INIT("retr"), S_INIT("1") },
		{ S_INIT("PASS  a b "), S_INIT("PASS"), S_INIT(" a b ") },
		{ S_INIT(" x"), S_INIT(""), S_INIT("x") },
		{ S_INIT("USER\tx"), S_INIT("USER\tx"), S_INIT("") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pop3_command command = pop3_line_split(rows[i].line);

		check_row(slice_same(command.verb, rows[i].verb), i);
		check_row(slice_same(command.args, rows[i].args), i);
	}
}

static void test_number(void **state)
{
	static const struct {
		struct slice args;
		uint32_t number; /* 0: refused */
	} rows[] = {
		{ S_INIT("1"), 1 },
		{ S_INIT(" 12 "), 12 },
		{ S_INIT("001"), 1 },
		{ S_INIT("4294967295"), UINT32_MAX },
		{ S_INIT("4294967296"), 0 },
		{ S_INIT("0"), 0 },
		{ S_INIT(""), 0 },
		{ S_INIT("-1"), 0 },
		{ S_INIT("+1"), 0 },
		{ S_INIT("1 2"), 0 },
		{ S_INIT("1x"), 0 },
		{ S_INIT("1\0"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t number = 4711;

		check_row(pop3_line_number(rows[i].args, &number) == (rows[i].number > 0), i);
		check_row(number == (rows[i].number > 0 ? rows[i].number : 4711), i);
	}
}

static void test_top(void **state)
{
	static const struct {
		struct slice args;
		bool is_good;
		uint32_t message, lines;
	} rows[] = {
		{ S_INIT("1 0"), true, 1, 0 },
		{ S_INIT("1 10"), true, 1, 10 },
		{ S_INIT("  3   7  "), true, 3, 7 },
		{ S_INIT("4294967295 4294967295"), true, UINT32_MAX, UINT32_MAX },
		{ S_INIT("1 4294967296"), false, 0, 0 },
		{ S_INIT("0 1"), false, 0, 0 },
		{ S_INIT("1"), false, 0, 0 },
		{ S_INIT("1 "), false, 0, 0 },
		{ S_INIT(""), false, 0, 0 },
		{ S_INIT("1 -1"), false, 0, 0 },
		{ S_INIT("1 1 1"), false, 0, 0 },
		{ S_INIT("1,1"), false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t message = 4711, lines = 4711;

		check_row(pop3_line_top(rows[i].args, &message, &lines) == rows[i].is_good, i);
		check_row(message == (rows[i].is_good ? rows[i].message : 4711), i);
		check_row(lines == (rows[i].is_good ? rows[i].lines : 4711), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_split),
		cmocka_unit_test(test_number), cmocka_unit_test(test_top) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
