/* SPDX-License-Identifier: MIT */
/* Synthetic trials: a warm-up that ends, none, and one that never ends. */
#include "check.h"
#include "lab/samples/steady.h"

#include <math.h>

enum { VALUES = 600 };

/* In [0, 1), the same every time. */
static double noise(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(*state >> 11) / 9007199254740992.0;
}

static void test_shapes(void **state)
{
	static const struct {
		double extra, fade,
			slope; /* the first value's, its decay a value, a lasting rise */
		size_t from_least, from_most;
		bool is_steady;
	} rows[] = {
		{ 0, 1, 0, 0, 60, true },
		{ 10, 40, 0, 60, 260, true },
		{ 3, 15, 0, 15, 150, true },
		{ 0, 1, 0.01, 0, VALUES / 2, false },
		{ 10, 4000, 0, 0, VALUES / 2, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		double x[VALUES];
		uint64_t random = 42 + i;
		struct steady s;

		for (size_t k = 0; k < VALUES; k++)
			x[k] = 1 + noise(&random) + rows[i].extra * exp(-(double)k / rows[i].fade) +
			       rows[i].slope * (double)k;
		check_row(steady_find(x, VALUES, &s) && s.is_known, i);
		check_row(s.from >= rows[i].from_least && s.from <= rows[i].from_most, i);
		check_row(s.is_steady == rows[i].is_steady, i);
	}
}

/*
 * Two levels, a little apart, with falling slopes inside each: no trend over all, and the halves differ. Without the second test
 * such a trial would pass.
 */
static void test_a_step(void **state)
{
	double x[VALUES];
	uint64_t random = 9;
	struct steady s;

	(void)state;
	for (size_t k = 0; k < VALUES; k++)
		x[k] = 10 + noise(&random) + (k >= VALUES / 2 ? 0.5 : 0) -
		       (double)(k % (VALUES / 2)) / (VALUES / 2);
	check(steady_find(x, VALUES, &s) && s.is_known && s.from == 0 && s.trend_p >= 0.01);
	check(s.halves_p < 0.01 && !s.is_steady);
	for (size_t k = 0; k < VALUES; k++)
		x[k] = 10 + noise(&random);
	check(steady_find(x, VALUES, &s) && s.is_known && s.halves_p >= 0.01 && s.is_steady);
}

/* Level noise is called steady in 95 of 100 trials and more. */
static void test_false_alarms(void **state)
{
	uint64_t random = 7;
	unsigned wrong = 0;

	(void)state;
	for (unsigned trial = 0; trial < 200; trial++) {
		double x[160];
		struct steady s;

		for (size_t k = 0; k < COUNT(x); k++)
			x[k] = exp(noise(&random) + noise(&random));
		check(steady_find(x, COUNT(x), &s) && s.is_known);
		wrong += !s.is_steady;
	}
	check(wrong <= 20);
}

static void test_too_few(void **state)
{
	double x[STEADY_VALUES_MIN + 10];
	struct steady s;

	(void)state;
	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = i % 2 == 0 ? (double)INFINITY : 1;
	check(steady_find(x, COUNT(x), &s) && !s.is_known);
	check(steady_find(x, 0, &s) && !s.is_known);
	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = 1;
	check(steady_find(x, COUNT(x), &s) && s.is_known && s.is_steady && s.from == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_a_step),
		cmocka_unit_test(test_false_alarms),
		cmocka_unit_test(test_too_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
