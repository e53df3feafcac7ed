/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_set.h"

static void test_sets(void **state)
{
	static const struct {
		struct slice text, written;
		uint32_t largest;
		struct slice resolved;
		uint64_t size;
	} rows[] = {
		{ S_INIT("1"), S_INIT("1"), 9, S_INIT("1"), 1 },
		{ S_INIT("1,2,3"), S_INIT("1,2,3"), 9, S_INIT("1:3"), 3 },
		{ S_INIT("3,1,2:2"), S_INIT("3,1,2"), 9, S_INIT("1:3"), 3 },
		{ S_INIT("4:2"), S_INIT("2:4"), 9, S_INIT("2:4"), 3 },
		{ S_INIT("5:*"), S_INIT("5:*"), 9, S_INIT("5:9"), 5 },
		{ S_INIT("*:5"), S_INIT("5:*"), 3, S_INIT("3:5"), 3 },
		{ S_INIT("*"), S_INIT("*"), 9, S_INIT("9"), 1 },
		{ S_INIT("*:*"), S_INIT("*"), 9, S_INIT("9"), 1 },
		{ S_INIT("1:*,7"), S_INIT("1:*,7"), 0, S_INIT("7"), 1 },
		{ S_INIT("1:*"), S_INIT("1:*"), 0, S_INIT(""), 0 },
		{ S_INIT("1:10,5:20,22"), S_INIT("1:10,5:20,22"), 9, S_INIT("1:20,22"), 21 },
		{ S_INIT("4294967295,4294967294"), S_INIT("4294967295,4294967294"), 9,
			S_INIT("4294967294:4294967295"), 2 },
		{ S_INIT("1:4294967295,3"), S_INIT("1:4294967295,3"), 9, S_INIT("1:4294967295"),
			UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_set set, resolved;
		auto_buf text = { .max = 200 }, again = { .max = 200 };
		IMAP_ROOM(p);

		check_row(imap_set_parse(&p, rows[i].text, &set) && !set.is_saved, i);
		check_row(imap_set_write(&text, set), i);
		check_row(slice_same(buf_slice(&text), rows[i].written), i);
		check_row(imap_set_resolve(set, rows[i].largest, p.arena, &resolved), i);
		check_row(imap_set_write(&again, resolved), i);
		check_row(slice_same(buf_slice(&again), rows[i].resolved), i);
		check_row(imap_set_size(resolved) == rows[i].size, i);
		check_row(!imap_set_has_star(resolved), i);
	}
}

static bool parse(struct imap_parse *p, struct slice text)
{
	struct imap_set set = { .count = 4711 };
	bool is_ok = imap_set_parse(p, text, &set);

	check(is_ok || set.count == 4711);
	return is_ok;
}

static void test_bad_sets(void **state)
{
	static const struct imap_bad_row rows[] = {
		{ S_INIT(""), "set of numbers is expected" },
		{ S_INIT("0"), "1 to 4294967295" },
		{ S_INIT("4294967296"), "1 to 4294967295" },
		{ S_INIT("a"), "1 to 4294967295" },
		{ S_INIT("1,"), "1 to 4294967295" },
		{ S_INIT(",1"), "1 to 4294967295" },
		{ S_INIT("1:"), "1 to 4294967295" },
		{ S_INIT("1:2:3"), "commas between" },
		{ S_INIT("1 2"), "commas between" },
		{ S_INIT("1**"), "commas between" },
		{ S_INIT("$,1"), "1 to 4294967295" },
		{ S_INIT("-1"), "1 to 4294967295" },
	};

	(void)state;
	imap_check_bad(rows, COUNT(rows), parse);
}

static void test_limit(void **state)
{
	auto_buf text = { .max = 1 << 20 };
	IMAP_ROOM(p);

	(void)state;
	check(buf_add(&text, S("1")));
	for (size_t i = 1; i < LIMIT_IMAP_SET_RANGES; i++)
		check(buf_add(&text, S(",9")));
	check(parse(&p, buf_slice(&text)));
	check(buf_add(&text, S(",9")) && !parse(&p, buf_slice(&text)));
	check(strstr(p.why, "too many") != NULL);
}

static void test_saved_and_has(void **state)
{
	static const struct imap_range ranges[] = { { 2, 4 }, { 7, 7 }, { 9, UINT32_MAX } };
	struct imap_set set = { ranges, 3, false }, saved;
	auto_buf text = { .max = 10 };
	IMAP_ROOM(p);

	(void)state;
	check(imap_set_parse(&p, S("$"), &saved) && saved.is_saved);
	check(imap_set_write(&text, saved) && slice_same(buf_slice(&text), S("$")));
	for (uint32_t n = 1; n < 12; n++)
		check_row(imap_set_has(set, n) == ((n >= 2 && n <= 4) || n == 7 || n >= 9), n);
	check(imap_set_has(set, UINT32_MAX) && !imap_set_has((struct imap_set){ 0 }, 1));
}

static void test_writer(void **state)
{
	static const struct {
		uint32_t numbers[6];
		struct slice text;
	} rows[] = {
		{ { 0 }, S_INIT("") },
		{ { 5 }, S_INIT("5") },
		{ { 1, 2, 3, 5 }, S_INIT("1:3,5") },
		{ { 3, 2, 1 }, S_INIT("3,2,1") },
		{ { 1, 3, 4, 9, 10 }, S_INIT("1,3:4,9:10") },
		{ { 4294967294, 4294967295 }, S_INIT("4294967294:4294967295") },
		{ { 7, 7 }, S_INIT("7,7") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf text = { .max = 100 };
		struct imap_set_writer w = { .out = &text };

		for (size_t n = 0; n < 6 && rows[i].numbers[n] != 0; n++)
			check_row(imap_set_add(&w, rows[i].numbers[n]), i);
		check_row(imap_set_finish(&w), i);
		check_row(slice_same(buf_slice(&text), rows[i].text), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_bad_sets),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_saved_and_has),
		cmocka_unit_test(test_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
