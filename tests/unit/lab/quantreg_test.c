/* SPDX-License-Identifier: MIT */
/* Quantile regression against published coefficients, against plain quantiles, and at its edges. */
#include "check.h"
#include "lab/stats/quantreg.h"

#include <math.h>

/*
 * Brownlee's stack loss data (Statistical Theory and Methodology, 1965, p. 454): air flow, water temperature, acid
 * concentration, loss of ammonia.
 */
static const double stack[21][4] = { { 80, 27, 89, 42 }, { 80, 27, 88, 37 }, { 75, 25, 90, 37 },
	{ 62, 24, 87, 28 }, { 62, 22, 87, 18 }, { 62, 23, 87, 18 }, { 62, 24, 93, 19 },
	{ 62, 24, 93, 20 }, { 58, 23, 87, 15 }, { 58, 18, 80, 14 }, { 58, 18, 89, 14 },
	{ 58, 17, 88, 13 }, { 58, 18, 82, 11 }, { 58, 19, 93, 12 }, { 50, 18, 89, 8 },
	{ 50, 18, 86, 7 }, { 50, 19, 72, 8 }, { 50, 19, 79, 8 }, { 50, 20, 80, 9 },
	{ 56, 20, 82, 15 }, { 70, 20, 91, 15 } };

/*
 * Least absolute deviations of that data: -39.6898551 + 0.8318841 air + 0.5739130 water - 0.0608696 acid (Bloomfield and Steiger,
 * Least Absolute Deviations, 1983; the documentation of every quantile regression package).
 */
static void test_published(void **state)
{
	static const double want[] = { -39.6898551, 0.8318841, 0.5739130, -0.0608696 };
	struct quantreg_value values[21];
	double design[21 * 4], beta[4];
	const struct quantreg_data d = { design, values, 21, 4, 21, 1 };

	(void)state;
	for (uint32_t i = 0; i < 21; i++) {
		design[4 * i] = 1;
		for (size_t k = 0; k < 3; k++)
			design[4 * i + k + 1] = stack[i][k];
		values[i] = (struct quantreg_value){ stack[i][3], i, 0 };
	}
	check(quantreg_fit(&d, 0.5, beta));
	for (size_t k = 0; k < COUNT(want); k++)
		check_row(fabs(beta[k] - want[k]) < 1e-3 * fmax(1, fabs(want[k])), k);
}

/* What q weighs: as many parts below the plane as q says. */
static double loss(const struct quantreg_value *values, size_t count, double q, double at)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		double r = values[i].y - at;

		sum += r > 0 ? q * r : (q - 1) * r;
	}
	return sum;
}

enum { VALUES = 60 };

static uint64_t state_now = 88172645463325252;

static double uniform(void)
{
	state_now ^= state_now << 13;
	state_now ^= state_now >> 7;
	state_now ^= state_now << 17;
	return (double)(state_now >> 11) / 9007199254740992.0;
}

/* Two groups, one term each: the quantiles themselves. */
static void test_as_many_terms_as_groups(void **state)
{
	static const double design[] = { 1, 0, 1, 1 };
	struct quantreg_value values[2 * VALUES];
	double y[2][VALUES], beta[2];
	const struct quantreg_data d = { design, values, 2, 2, 2 * VALUES, 1 };

	(void)state;
	for (uint32_t i = 0; i < 2 * VALUES; i++) {
		y[i % 2][i / 2] = uniform() + i % 2;
		values[i] = (struct quantreg_value){ y[i % 2][i / 2], i % 2, 0 };
	}
	quantreg_sort(values, COUNT(values));
	for (double q = 0.05; q < 1; q += 0.15) {
		check(quantreg_fit(&d, q, beta));
		check(fabs(beta[0] - stats_quantile(y[0], VALUES, q)) < 1e-9);
		check(fabs(beta[0] + beta[1] - stats_quantile(y[1], VALUES, q)) < 1e-9);
	}
}

/* One term for two groups: no other height has a smaller sum. */
static void test_fewer_terms_than_groups(void **state)
{
	static const double design[] = { 1, 1 };
	static const double quantiles[] = { 0.05, 0.5, 0.95, 0.99 };
	struct quantreg_value values[2 * VALUES];
	double beta[1];
	const struct quantreg_data d = { design, values, 2, 1, 2 * VALUES, 1 };

	(void)state;
	for (uint32_t i = 0; i < 2 * VALUES; i++)
		values[i] = (struct quantreg_value){ uniform() + i % 2, i % 2, 0 };
	quantreg_sort(values, COUNT(values));
	for (size_t k = 0; k < COUNT(quantiles); k++) {
		check(quantreg_fit(&d, quantiles[k], beta));
		double least = loss(values, COUNT(values), quantiles[k], beta[0]);

		for (size_t i = 0; i < COUNT(values); i++)
			check_row(least <= loss(values, COUNT(values), quantiles[k], values[i].y) +
						   1e-3,
				k);
	}
}

static void test_edges(void **state)
{
	static const double design[] = { 1, 0, 1, 1 }, dependent[] = { 1, 2, 1, 2 };
	struct quantreg_value values[] = { { 1, 0, 0 }, { 2, 0, 1 }, { 3, 1, 0 },
		{ (double)INFINITY, 1, 1 } };
	struct quantreg_term terms[2];
	double beta[2];
	struct quantreg_data d = { design, values, 2, 2, 4, 2 };

	(void)state;
	/* A mail that never came is above everything: the lower quarter does not see it, the median does. */
	check(quantreg_fit(&d, 0.0001, beta) == false);
	values[3].y = 4;
	check(quantreg_fit(&d, 0.25, beta) && fabs(beta[0] - 1.25) < 1e-12);
	/* Two blocks give no interval. */
	check(quantreg_bootstrap(&d, 0.5, 10, 1, terms) && isnan(terms[0].ci.low) &&
		isnan(terms[0].p));
	d.design = dependent;
	check(!quantreg_fit(&d, 0.5, beta));
	d.design = design;
	d.value_count = 2; /* the second group is empty */
	check(!quantreg_fit(&d, 0.5, beta));
}

/* A mail that never came among many: only the quantiles that reach it are lost. */
static void test_never(void **state)
{
	static const double design[] = { 1, 1 };
	struct quantreg_value values[2 * VALUES];
	double with, without;
	const struct quantreg_data d = { design, values, 2, 1, 2 * VALUES, 1 };

	(void)state;
	for (uint32_t i = 0; i < 2 * VALUES; i++)
		values[i] = (struct quantreg_value){ i, i / VALUES, 0 };
	check(quantreg_fit(&d, 0.5, &without));
	values[2 * VALUES - 1].y = (double)INFINITY;
	check(quantreg_fit(&d, 0.5, &with) && fabs(with - without) < 1e-3);
	check(!quantreg_fit(&d, 0.99, &with));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_as_many_terms_as_groups),
		cmocka_unit_test(test_fewer_terms_than_groups),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
