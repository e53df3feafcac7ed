/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "lab/stats/stats.h"

#include <math.h>

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-4 * fmax(1, fabs(b));
}

/* Darwin's maize, cross- minus self-fertilised, in eighths of an inch. */
static const double darwin[] = { 49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48 };

static void test_quantiles(void **state)
{
	static const double x[] = { 9, 1, 7, 3, 5, 2, 8, 4, 6, 10 };
	static const struct {
		double q, want;
	} rows[] = { { 0, 1 }, { 0.25, 3.25 }, { 0.5, 5.5 }, { 0.9, 9.1 }, { 1, 10 } };
	const double lost[] = { 1, 2, (double)INFINITY, (double)INFINITY };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(near(stats_quantile(x, COUNT(x), rows[i].q), rows[i].want), i);
	check(isnan(stats_quantile(x, 0, 0.5)));
	/* Unfinished mails are infinitely slow, and never become "not a number". */
	check(isinf(stats_quantile(lost, 4, 0.5)) && near(stats_quantile(lost, 4, 1.0 / 3), 2));
	check(isinf(stats_quantile(lost, 4, 1)) && near(stats_quantile(lost, 4, 0), 1));
}

static void test_percentiles_that_cannot_be_said(void **state)
{
	double x[3000];

	(void)state;
	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = (double)i;
	check(stats_quantile_count_min(0.95) == 59 && stats_quantile_count_min(0.99) == 299 &&
		stats_quantile_count_min(0.999) == 2995);
	check(isnan(stats_percentile(x, 58, 0.95)) && !isnan(stats_percentile(x, 59, 0.95)));
	check(isnan(stats_percentile(x, 298, 0.99)) && !isnan(stats_percentile(x, 299, 0.99)));
}

/* Ranks 2 and 9 of ten hold the median with 97.9 %, 6 and 15 of twenty with 95.9 %. */
static void test_order_interval(void **state)
{
	double x[20];

	(void)state;
	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = (double)(i + 1);
	struct interval ten = stats_median_order_interval(x, 10);
	struct interval twenty = stats_median_order_interval(x, 20);
	struct interval six = stats_median_order_interval(x, 6);

	check(near(ten.low, 2) && near(ten.high, 9));
	check(near(twenty.low, 6) && near(twenty.high, 15));
	check(near(six.low, 1) && near(six.high, 6));
	check(isnan(stats_median_order_interval(x, 5).low));
}

static void test_small_numbers(void **state)
{
	static const double a[] = { 1, 2, 3 }, b[] = { 3, 4, 5 };

	(void)state;
	check(near(stats_mean(a, 3), 2) && near(stats_sd(a, 3), 1) && isnan(stats_sd(a, 1)));
	check(isnan(stats_mean(a, 0)) && isnan(stats_median(a, 0)));
	check(near(stats_superiority(a, 3, b, 3), 8.5 / 9) && isnan(stats_superiority(a, 0, b, 3)));
	check(near(stats_hodges_lehmann(a, 3), 2) && isnan(stats_hodges_lehmann(a, 0)));
	check(near(stats_hodges_lehmann(darwin, COUNT(darwin)), 24.5) ||
		near(stats_hodges_lehmann(darwin, COUNT(darwin)), 25));
	/* Wilson (1927): 0 of 10 and 5 of 10. */
	check(near(stats_proportion(0, 10).high, 0.27753) && stats_proportion(0, 10).low <= 0);
	check(near(stats_proportion(5, 10).low, 0.23659) &&
		near(stats_proportion(5, 10).high, 0.76341));
	check(isnan(stats_proportion(0, 0).low));
}

/* Newcombe, Statistics in Medicine 17 (1998), table I, method 3: the score interval. */
static void test_wilson_is_newcombes(void **state)
{
	static const struct {
		uint64_t hits, of;
		double low, high;
	} rows[] = { { 81, 263, 0.2553, 0.3662 }, { 15, 148, 0.0624, 0.1605 }, { 0, 20, 0, 0.1611 },
		{ 1, 29, 0.0061, 0.1718 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct interval ci = stats_proportion(rows[i].hits, rows[i].of);

		check_row(fabs(ci.low - rows[i].low) < 6e-5 && fabs(ci.high - rows[i].high) < 6e-5,
			i);
	}
}

/*
 * Hollander and Wolfe, Nonparametric Statistical Methods, table 3.1: Hamilton's depression scale of nine patients before and
 * after; their estimate is 0.46 and their interval of 96.1 % 0.010 to 0.786.
 */
static void test_hodges_lehmann_is_hollanders(void **state)
{
	static const double before[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 };
	static const double after[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 };
	double d[9];

	(void)state;
	for (size_t i = 0; i < COUNT(d); i++)
		d[i] = before[i] - after[i];
	struct interval ci = stats_hodges_lehmann_interval(d, COUNT(d));
	check(fabs(stats_hodges_lehmann(d, COUNT(d)) - 0.46) < 1e-9);
	check(fabs(ci.low - 0.010) < 1e-9 && fabs(ci.high - 0.786) < 1e-9);
	check(isnan(stats_hodges_lehmann_interval(d, 5).low));
}

static void test_spreads(void **state)
{
	static const double x[] = { 1, 2, 3, 4, 100 }, walk[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	check(near(stats_mad(x, 5), 1.4826) && isnan(stats_mad(x, 0)));
	check(stats_autocorrelation(walk, 8, 1) > 0.5 && isnan(stats_autocorrelation(walk, 2, 1)));
}

/*
 * Blom's scores of five values: the approximate expected order statistics 1.18, 0.50, 0 (Harter, Biometrika 48, 1961, has 1.16296
 * and 0.49502 for the exact ones, from which Blom's differ in the second place).
 */
static void test_normal_scores(void **state)
{
	static const double exact[] = { -1.16296, -0.49502, 0, 0.49502, 1.16296 };

	(void)state;
	for (size_t i = 0; i < COUNT(exact); i++)
		check_row(fabs(stats_normal_score(i, COUNT(exact)) - exact[i]) < 0.02, i);
}

/* Lags of a wave of period four, and Anscombe's first and second data (American Statistician 27, 1973): both 0.816. */
static void test_correlations(void **state)
{
	static const double wave[] = { 0, 1, 0, -1, 0, 1, 0, -1, 0, 1, 0, -1 };
	static const double x[] = { 10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5 };
	static const double y1[] = { 8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82,
		5.68 };
	static const double y2[] = { 9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26,
		4.74 };
	static const double flat[] = { 2, 2, 2, 2 };

	(void)state;
	/* Six ones of twelve; ten, eight pairs two and four later. */
	check(fabs(stats_autocorrelation(wave, 12, 1)) < 1e-12);
	check(fabs(stats_autocorrelation(wave, 12, 2) + 5.0 / 6) < 1e-12);
	check(fabs(stats_autocorrelation(wave, 12, 4) - 4.0 / 6) < 1e-12);
	check(isnan(stats_autocorrelation(wave, 5, 4)) && isnan(stats_autocorrelation(flat, 4, 1)));
	check(fabs(stats_correlation(x, y1, COUNT(x)) - 0.816) < 1e-3);
	check(fabs(stats_correlation(x, y2, COUNT(x)) - 0.816) < 1e-3);
	check(isnan(stats_correlation(x, y1, 1)) && isnan(stats_correlation(x, flat, 4)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal_scores),
		cmocka_unit_test(test_correlations),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_percentiles_that_cannot_be_said),
		cmocka_unit_test(test_order_interval),
		cmocka_unit_test(test_small_numbers),
		cmocka_unit_test(test_wilson_is_newcombes),
		cmocka_unit_test(test_hodges_lehmann_is_hollanders),
		cmocka_unit_test(test_spreads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
