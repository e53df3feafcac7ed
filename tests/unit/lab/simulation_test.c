/* SPDX-License-Identifier: MIT */
/*
 * Simulated experiments with a known truth: do the intervals cover it as often as they claim, and does a
 * comparison of a platform with itself stay silent?
 */
#include "check.h"
#include "lab/stats/compare.h"

#include <math.h>
#include <stdio.h>

enum { BLOCKS = 10, MAILS = 20, EXPERIMENTS = 300, RESAMPLES = 400 };

static uint64_t state_now = 88172645463325252;

static double uniform(void)
{
	state_now ^= state_now << 13;
	state_now ^= state_now >> 7;
	state_now ^= state_now << 17;
	return ((double)(state_now >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* A mail's latency: truth 1 in the median; boots differ, mails differ more. */
typedef double latency_fn(double boot, double *last);

static double lognormal(double boot, double *last)
{
	(void)last;
	return exp(0.1 * boot + 0.3 * normal());
}

/* Two ways through the server, equally likely, around the same middle. */
static double bimodal(double boot, double *last)
{
	(void)last;
	return exp(0.1 * boot + (uniform() < 0.5 ? -0.25 : 0.25) + 0.15 * normal());
}

/* Each mail resembles the one before. */
static double autocorrelated(double boot, double *last)
{
	*last = 0.6 * *last + 0.8 * normal();
	return exp(0.1 * boot + 0.3 * *last);
}

struct simulated {
	double values[BLOCKS][MAILS];
	struct stats_group groups[BLOCKS];
};

static void simulate(latency_fn *latency, struct simulated *ret)
{
	for (size_t b = 0; b < BLOCKS; b++) {
		double boot = normal(), last = normal();

		for (size_t i = 0; i < MAILS; i++)
			ret->values[b][i] = latency(boot, &last);
		ret->groups[b] = (struct stats_group){ ret->values[b], MAILS };
	}
}

static void test_coverage(void **state)
{
	static latency_fn *const shapes[] = { lognormal, bimodal, autocorrelated };

	(void)state;
	for (size_t shape = 0; shape < COUNT(shapes); shape++) {
		unsigned covered = 0;

		for (uint64_t i = 0; i < EXPERIMENTS; i++) {
			struct simulated s;
			struct interval ci;

			simulate(shapes[shape], &s);
			check(stats_bootstrap(s.groups, BLOCKS, STATS_MEDIAN, RESAMPLES, i, &ci));
			covered += ci.low <= 1 && ci.high >= 1;
		}
		double share = (double)covered / EXPERIMENTS;

		(void)printf(
			"shape %zu: %.1f %% of the intervals hold the truth\n", shape, 100 * share);
		/* 95 %, three standard errors of 300 experiments below, and not uselessly wide. */
		check_row(share >= 0.91, shape);
	}
}

/* The mean's truth is exp(0.1^2/2 + 0.3^2/2). */
static void test_coverage_of_the_mean(void **state)
{
	const double truth = exp(0.5 * (0.1 * 0.1 + 0.3 * 0.3));
	unsigned covered = 0;

	(void)state;
	for (uint64_t i = 0; i < EXPERIMENTS; i++) {
		struct simulated s;
		struct interval ci;

		simulate(lognormal, &s);
		check(stats_bootstrap(s.groups, BLOCKS, STATS_MEAN, RESAMPLES, i, &ci));
		covered += ci.low <= truth && ci.high >= truth;
	}
	(void)printf("mean: %.1f %%\n", 100.0 * covered / EXPERIMENTS);
	check(covered >= 0.91 * EXPERIMENTS);
}

/* Taking mails for the unit, as the study did, makes intervals that are much too narrow. */
static void test_pseudo_replication_is_too_narrow(void **state)
{
	unsigned naive = 0;

	(void)state;
	for (uint64_t i = 0; i < EXPERIMENTS; i++) {
		double all[BLOCKS * MAILS], boot = normal(), last = 0;

		/* One boot, many mails. */
		for (size_t k = 0; k < BLOCKS * MAILS; k++)
			all[k] = lognormal(boot, &last);
		struct interval ci = stats_median_order_interval(all, COUNT(all));
		naive += ci.low <= 1 && ci.high >= 1;
	}
	(void)printf("one boot, %d mails: %.1f %%\n", BLOCKS * MAILS, 100.0 * naive / EXPERIMENTS);
	check(naive < 0.8 * EXPERIMENTS);
}

/* A platform against itself, a thousand times. */
static void test_false_positives(void **state)
{
	enum { PAIRS = 1000, N = 8 };
	unsigned wins = 0, judged = 0, covered = 0;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		double a[N], b[N];
		struct comparison c;

		for (size_t k = 0; k < N; k++) {
			double mood = normal();

			a[k] = exp(0.5 * mood + 0.2 * normal());
			b[k] = exp(0.5 * mood + 0.2 * normal());
		}
		compare_paired(a, b, N, i, &c);
		compare_judge(&c, 0.05, 1);
		wins += c.p < 0.05;
		judged += c.verdict == VERDICT_BETTER || c.verdict == VERDICT_WORSE;
		covered += c.ratio_ci.low <= 1 && c.ratio_ci.high >= 1;
	}
	(void)printf("A/A: p < 0.05 in %.1f %%, called different in %.1f %%, interval holds 1 in "
		     "%.1f %%\n",
		100.0 * wins / PAIRS, 100.0 * judged / PAIRS, 100.0 * covered / PAIRS);
	check(wins <= 0.07 * PAIRS && judged <= 0.05 * PAIRS);
	check(covered >= 0.93 * PAIRS && covered <= 0.97 * PAIRS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_coverage_of_the_mean),
		cmocka_unit_test(test_pseudo_replication_is_too_narrow),
		cmocka_unit_test(test_false_positives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
