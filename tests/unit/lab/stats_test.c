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

/* Fisher, The Design of Experiments (1935), section 21: 863 of 2^15 sums are as large. */
static void test_sign_flip_is_fishers(void **state)
{
	(void)state;
	check(near(stats_sign_flip_p(darwin, COUNT(darwin), 1), 2 * 863.0 / 32768));
}

static void test_sign_flip_bounds(void **state)
{
	double d[20];

	(void)state;
	check(near(stats_sign_flip_p(NULL, 0, 1), 1));
	for (size_t i = 0; i < COUNT(d); i++) {
		d[i] = 1 + (double)i;
		double least = 2 / exp2((double)i + 1);
		double p = stats_sign_flip_p(d, i + 1, 1);

		/* All of one sign: the smallest p there is; above the exact limit it is drawn. */
		if (i + 1 <= STATS_EXACT_BLOCKS_MAX)
			check_row(near(p, least), i);
		else
			check_row(p <= 0.001, i);
	}
	d[3] = (double)INFINITY;
	check(near(stats_sign_flip_p(d, 10, 1), 1));
}

static void test_holm(void **state)
{
	/* Example of R's p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm"), and ties and ceilings. */
	static const struct {
		double p[5], adjusted[5];
		size_t count;
	} rows[] = {
		{ { 0.01, 0.02, 0.03, 0.04, 0.05 }, { 0.05, 0.08, 0.09, 0.09, 0.09 }, 5 },
		{ { 0.04, 0.01, 0.03, 0.005 }, { 0.06, 0.03, 0.06, 0.02 }, 4 },
		{ { 0.5, 0.9, 0.6 }, { 1, 1, 1 }, 3 },
		{ { 0.03 }, { 0.03 }, 1 },
	};

	(void)state;
	stats_holm(NULL, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		double p[5];

		for (size_t k = 0; k < rows[i].count; k++)
			p[k] = rows[i].p[k];
		stats_holm(p, rows[i].count);
		for (size_t k = 0; k < rows[i].count; k++)
			check_row(near(p[k], rows[i].adjusted[k]), i * 10 + k);
	}
}

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

static void test_bootstrap_edges(void **state)
{
	static const double x[] = { 1, 2, 3 };
	struct stats_group groups[] = { { x, 3 }, { x, 3 }, { x, 0 } };
	struct interval i, again;

	(void)state;
	check(stats_bootstrap(groups, 1, STATS_MEDIAN, 100, 1, &i) && isnan(i.low));
	check(stats_bootstrap(groups, 3, STATS_MEDIAN, 100, 1, &i) && isnan(i.low));
	check(stats_bootstrap(groups, 2, STATS_MEAN, 500, 7, &i) && i.low >= 1 && i.high <= 3);
	check(stats_bootstrap(groups, 2, STATS_MEAN, 500, 7, &again) && i.low >= again.low &&
		i.low <= again.low && i.high >= again.high && i.high <= again.high);
	check(near(stats_cell(groups, 2, STATS_MEDIAN), 2) &&
		isnan(stats_cell(groups, 0, STATS_MEAN)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign_flip_is_fishers),
		cmocka_unit_test(test_sign_flip_bounds),
		cmocka_unit_test(test_holm),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_percentiles_that_cannot_be_said),
		cmocka_unit_test(test_order_interval),
		cmocka_unit_test(test_small_numbers),
		cmocka_unit_test(test_bootstrap_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
