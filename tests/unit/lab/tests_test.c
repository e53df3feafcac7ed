/* SPDX-License-Identifier: MIT */
/* Every test of lab/stats/tests.h against a published table or a worked example. */
#include "check.h"
#include "lab/stats/compare.h"
#include "lab/stats/tests.h"

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

/* Benjamini and Hochberg, J. R. Statist. Soc. B 57 (1995), section 4: fifteen p of a study of heart attacks. At 5 % Holm
 * keeps three, theirs four. */
static void test_benjamini_hochberg(void **state)
{
	static const double published[] = { 0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298,
		0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000 };
	double holm[COUNT(published)], fdr[COUNT(published)];
	size_t by_holm = 0, by_fdr = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(published); i++)
		holm[i] = fdr[i] = published[i];
	stats_holm(holm, COUNT(holm));
	stats_benjamini_hochberg(fdr, COUNT(fdr));
	for (size_t i = 0; i < COUNT(published); i++) {
		by_holm += holm[i] < 0.05;
		by_fdr += fdr[i] < 0.05;
		check_row(fdr[i] >= published[i] && fdr[i] <= holm[i] + 1e-12, i);
	}
	check(by_holm == 3 && by_fdr == 4);
	check(near(fdr[3], 0.0095 * 15 / 4) && near(fdr[0], 0.0015));
}

/* Signed ranks 1..n of which the smallest sum `w` of one sign is made as given. */
static double signed_rank_of(size_t count, size_t w)
{
	double d[64];

	for (size_t i = count; i > 0; i--) {
		bool is_minus = w >= i;

		d[i - 1] = is_minus ? -(double)i : (double)i;
		w -= is_minus ? i : 0;
	}
	return stats_signed_rank_p(d, count);
}

/* Wilcoxon's critical sums at 5 % two-sided (McCornack, J. Am. Statist. Assoc. 60 (1965), as in every textbook). */
static void test_signed_rank_table(void **state)
{
	static const struct {
		size_t count, critical;
	} rows[] = { { 6, 0 }, { 7, 2 }, { 8, 3 }, { 9, 5 }, { 10, 8 }, { 11, 10 }, { 12, 13 },
		{ 13, 17 }, { 14, 21 }, { 15, 25 }, { 16, 29 }, { 17, 34 }, { 18, 40 }, { 19, 46 },
		{ 20, 52 }, { 25, 89 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(signed_rank_of(rows[i].count, rows[i].critical) <= 0.05, i);
		check_row(signed_rank_of(rows[i].count, rows[i].critical + 1) > 0.05, i);
		check_row(stats_signed_rank_critical(rows[i].count) == rows[i].critical, i);
	}
	check(stats_signed_rank_critical(5) == STATS_NO_RANK);
	/* Darwin's maize: the sum of the two negative ranks is 24, p 0.0413. */
	check(fabs(stats_signed_rank_p(darwin, COUNT(darwin)) - 0.04126) < 1e-5);
	/* Zeros say nothing, ties share; above the limit the normal form agrees. */
	check(near(stats_signed_rank_p((const double[]){ 0, 0, 1, 1, 1 }, 5), 0.25));
	check(near(stats_signed_rank_p((const double[]){ 0, 0 }, 2), 1));
	check(fabs(signed_rank_of(60, 700) - 0.1166) < 0.002 &&
		fabs(signed_rank_of(61, 727) - 0.1150) < 0.005);
}

/* a and b interleaved so that U is as given: b's values lie at 1..m, each a passes some of them. */
static double mann_whitney_of(size_t n, size_t m, size_t u)
{
	double a[64], b[64];

	for (size_t i = 0; i < m; i++)
		b[i] = (double)(i + 1);
	for (size_t i = 0; i < n; i++) {
		size_t passed = u > m ? m : u;

		a[i] = (double)passed + 0.5 + (double)i / 1000;
		u -= passed;
	}
	return stats_mann_whitney_p(a, n, b, m);
}

/* Mann and Whitney's critical U at 5 % two-sided (Auble 1953, as in every textbook). */
static void test_mann_whitney_table(void **state)
{
	static const struct {
		size_t n, m, critical;
	} rows[] = { { 4, 4, 0 }, { 5, 4, 1 }, { 5, 5, 2 }, { 6, 6, 5 }, { 8, 8, 13 }, { 10, 5, 8 },
		{ 10, 10, 23 }, { 12, 12, 37 }, { 15, 15, 64 }, { 20, 20, 127 } };
	static const double tied[] = { 1, 2, 2, 3 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(mann_whitney_of(rows[i].n, rows[i].m, rows[i].critical) <= 0.05, i);
		check_row(mann_whitney_of(rows[i].n, rows[i].m, rows[i].critical + 1) > 0.05, i);
	}
	/* Five against five, all on one side: 2/252, which is why the study could not have shown anything. */
	check(near(mann_whitney_of(5, 5, 0), 2.0 / 252));
	check(near(stats_mann_whitney_p(tied, 4, tied, 4), 1) &&
		near(stats_mann_whitney_p(tied, 0, tied, 4), 1));
	check(fabs(mann_whitney_of(31, 31, 340) - mann_whitney_of(30, 30, 318)) < 0.02);
}

/* Friedman 1937, exact tables for three treatments (Hollander and Wolfe, table A.22): P(S >= s). */
static void test_friedman_table(void **state)
{
	/* Blocks that make the statistic: `good` of them in order, the others in a circle. */
	static const double four[] = { 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 3, 2 };
	static const double five[] = { 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 3, 2, 2, 1, 3 };
	static const struct {
		const double *values;
		size_t blocks;
		double statistic, p;
	} rows[] = { { four, 4, 6.5, 0.042 }, { five, 5, 6.4, 0.039 } };
	static const double tied[] = { 1, 1, 1, 2, 2, 2 };
	double statistic, p;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(stats_friedman(rows[i].values, rows[i].blocks, 3, 1, &statistic, &p), i);
		check_row(near(statistic, rows[i].statistic), i);
		check_row(fabs(p - rows[i].p) < 0.007, i);
	}
	check(stats_friedman(tied, 2, 3, 1, &statistic, &p) && near(p, 1));
	check(!stats_friedman(tied, 1, 3, 1, &statistic, &p));
}

/* Massey, J. Am. Statist. Assoc. 46 (1951), table 1: distances that are passed with 5 % and 1 %. */
static void test_kolmogorov_table(void **state)
{
	static const struct {
		size_t count;
		double five, one;
	} rows[] = { { 5, 0.565, 0.669 }, { 10, 0.410, 0.490 }, { 20, 0.294, 0.356 },
		{ 100, 0.136, 0.163 } };
	double x[100], p;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(fabs(stats_ks_p(rows[i].five, rows[i].count) - 0.05) < 0.006, i);
		check_row(fabs(stats_ks_p(rows[i].one, rows[i].count) - 0.01) < 0.003, i);
	}
	/* Exponential quantiles are exponential; even steps are not. */
	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = -3 * log(1 - ((double)i + 0.5) / COUNT(x));
	check(near(stats_ks_exponential(x, COUNT(x), 3, &p), 0.005) && p > 0.99);
	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = 3;
	check(stats_ks_exponential(x, COUNT(x), 3, &p) > 0.6 && p < 1e-6);
	check(isnan(stats_ks_exponential(x, 0, 3, &p)));
}

/* Student's table: with nine degrees of freedom 5 % of t lie above 1.833. A ratio that lies just so far inside the band. */
static void test_tost_is_students(void **state)
{
	static const double rows[][2] = { { 1.833, 0.05 }, { 2.821, 0.01 }, { 1.383, 0.10 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		double error = log(1.05) / rows[i][0];
		struct comparison c = { .ratio = 1,
			.log_error = error,
			.freedom = 9,
			.log_sd = error * sqrt(10),
			.ratio_ci = { exp(-2.262 * error), exp(2.262 * error) },
			.ratio_ci90 = { exp(-1.833 * error), exp(1.833 * error) },
			.p_holm = 1,
			.verdict = VERDICT_INCONCLUSIVE };

		compare_judge(&c, 0.05, 1);
		check_row(fabs(c.p_tost - rows[i][1]) < 2e-4, i);
		check_row((c.verdict == VERDICT_EQUIVALENT) == (c.p_tost < 0.05), i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign_flip_is_fishers),
		cmocka_unit_test(test_sign_flip_bounds),
		cmocka_unit_test(test_holm),
		cmocka_unit_test(test_benjamini_hochberg),
		cmocka_unit_test(test_signed_rank_table),
		cmocka_unit_test(test_mann_whitney_table),
		cmocka_unit_test(test_friedman_table),
		cmocka_unit_test(test_kolmogorov_table),
		cmocka_unit_test(test_tost_is_students),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
