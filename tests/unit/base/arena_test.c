/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "check.h"

#include <string.h>

static void test_zeroed_aligned_apart(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 4000, 5000, 100000, 1 };
	auto_arena a = { .max = 1 << 20 };
	char *parts[COUNT(sizes)];

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		parts[i] = arena_take(&a, sizes[i]);
		check_row(parts[i] != NULL || sizes[i] == 0, i);
		check_row((uintptr_t)parts[i] % _Alignof(max_align_t) == 0, i);
		for (size_t k = 0; k < sizes[i]; k++)
			check_row(parts[i][k] == 0, i);
		memset(parts[i], (int)('a' + i), sizes[i]);
	}
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			check_row(parts[i][k] == (char)('a' + i), i);
	}
}

static void test_limit(void **state)
{
	auto_arena a = { .max = 1024 };

	(void)state;
	check(arena_take(&a, 1025) == NULL && arena_take(&a, SIZE_MAX) == NULL);
	check(arena_take(&a, 512) != NULL && arena_take(&a, 513) == NULL);
	check(arena_take(&a, 512) != NULL && arena_take(&a, 1) == NULL);
	check(arena_copy(&a, S("x")).at == NULL && arena_text(&a, S("x")) == NULL);
}

/* Memory that is used again is zeroed again. */
static void test_reset(void **state)
{
	auto_arena a = { .max = 1 << 16 };

	(void)state;
	for (size_t round = 0; round < 3; round++) {
		char *small = arena_take(&a, 64), *large = arena_take(&a, 20000);

		check_row(small != NULL && large != NULL && small[0] == 0 && large[19999] == 0,
			round);
		memset(small, 1, 64);
		memset(large, 1, 20000);
		arena_reset(&a);
		check_row(a.used == 0, round);
	}
}

static void test_copies(void **state)
{
	auto_arena a = { .max = 4096 };
	struct slice s = arena_copy(&a, S("a\0b")), none = arena_copy(&a, S(""));
	const char *text = arena_text(&a, S("word"));

	(void)state;
	check(slice_same(s, S("a\0b")) && none.at != NULL && none.len == 0);
	check(text != NULL && strcmp(text, "word") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_zeroed_aligned_apart),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_reset),
		cmocka_unit_test(test_copies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
