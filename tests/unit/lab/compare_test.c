/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "lab/stats/compare.h"

#include <math.h>

enum { BLOCKS = 12 };

/* b is 10 ms with a block's own mood; a is `ratio` of it, `noise` up and down. */
static void pair_make(double ratio, double noise, size_t blocks, struct comparison *ret)
{
	double a[BLOCKS], b[BLOCKS];

	for (size_t i = 0; i < blocks; i++) {
		double mood = 1 + 0.3 * sin((double)i), wave = cos(2.1 * (double)i + 1);

		b[i] = 10 * mood;
		a[i] = 10 * mood * ratio * exp(noise * wave);
	}
	compare_paired(a, b, blocks, 1, ret);
}

static void test_verdicts(void **state)
{
	static const struct {
		double ratio, noise;
		size_t blocks, family;
		enum verdict want;
	} rows[] = {
		{ 0.6, 0.05, 12, 1, VERDICT_BETTER },
		{ 1.7, 0.05, 12, 1, VERDICT_WORSE },
		{ 1.02, 0.005, 12, 1, VERDICT_SMALL },
		{ 1.0, 0.02, 12, 1, VERDICT_EQUIVALENT },
		{ 1.0, 0.4, 12, 1, VERDICT_INCONCLUSIVE },
		{ 1.15, 0.4, 12, 1, VERDICT_INCONCLUSIVE },
		/* A huge effect and three blocks: no exact test can say so. */
		{ 0.1, 0.01, 3, 1, VERDICT_INCONCLUSIVE },
		/* Enough for one comparison, not for a family of a hundred. */
		{ 0.6, 0.05, 8, 1, VERDICT_BETTER },
		{ 0.6, 0.05, 8, 100, VERDICT_INCONCLUSIVE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct comparison c;

		pair_make(rows[i].ratio, rows[i].noise, rows[i].blocks, &c);
		c.p_holm = fmin(1, c.p * (double)rows[i].family);
		compare_judge(&c, 0.05, rows[i].family);
		check_row(c.verdict == rows[i].want, i);
		check_row(c.ratio_ci.low <= c.ratio && c.ratio <= c.ratio_ci.high, i);
		check_row(
			c.ratio_ci90.low >= c.ratio_ci.low && c.ratio_ci90.high <= c.ratio_ci.high,
			i);
		if (rows[i].want == VERDICT_INCONCLUSIVE)
			check_row(c.blocks_needed >= compare_blocks_min(rows[i].family), i);
	}
}

/* Turning the pair around turns the verdict around and nothing else. */
static void test_symmetry(void **state)
{
	static const double a[] = { 4, 5, 6, 5, 4, 6, 5, 5 }, b[] = { 8, 9, 12, 9, 9, 11, 10, 10 };
	struct comparison x, y;

	(void)state;
	compare_paired(a, b, COUNT(a), 1, &x);
	compare_paired(b, a, COUNT(a), 1, &y);
	compare_judge(&x, 0.05, 1);
	compare_judge(&y, 0.05, 1);
	check(x.verdict == VERDICT_BETTER && y.verdict == VERDICT_WORSE);
	check(fabs(x.ratio * y.ratio - 1) < 1e-12 &&
		fabs(x.ratio_ci.low * y.ratio_ci.high - 1) < 1e-12);
	check(fabs(x.p - y.p) < 1e-12 && fabs(x.difference + y.difference) < 1e-12);
	check(fabs(x.superiority + y.superiority - 1) < 1e-12);
}

static void test_nothing_to_compare(void **state)
{
	const double a[] = { 1, (double)INFINITY }, b[] = { 1, 2 };
	struct comparison c;

	(void)state;
	compare_paired(a, b, 2, 1, &c);
	compare_judge(&c, 0.05, 1);
	check(c.verdict == VERDICT_NOT_MEASURED && isnan(c.ratio));
	compare_paired(NULL, NULL, 0, 1, &c);
	compare_judge(&c, 0.05, 1);
	check(c.verdict == VERDICT_NOT_MEASURED);
	compare_paired(b, b, 1, 1, &c);
	compare_judge(&c, 0.05, 1);
	check(c.verdict == VERDICT_INCONCLUSIVE && isnan(c.ratio_ci.low));
}

/* The table of LAB's power facts: 6 blocks give 0.031, 10 pass a family of 18, 12 one of 63. */
static void test_blocks_min(void **state)
{
	static const struct {
		size_t family, blocks;
	} rows[] = { { 1, 6 }, { 18, 10 }, { 24, 10 }, { 63, 12 }, { 0, 6 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(compare_blocks_min(rows[i].family) == rows[i].blocks, i);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_symmetry),
		cmocka_unit_test(test_nothing_to_compare),
		cmocka_unit_test(test_blocks_min),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
