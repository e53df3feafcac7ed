/* SPDX-License-Identifier: MIT */
/*
 * Simulated experiments with a known truth: do the intervals cover it as often as they claim, and does a
 * comparison of a platform with itself stay silent?
 */
#include "check.h"
#include "lab/stats/bootstrap.h"
#include "lab/stats/compare.h"
#include "lab/stats/quantreg.h"
#include "lab/stats/tests.h"

#include <math.h>
#include <stdio.h>

enum { BLOCKS = 10, MAILS = 20, EXPERIMENTS = 1000, RESAMPLES = 1000 };

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

/* A mail's latency: truth 1 in the median; boots differ by `spread`, mails by about 0.3. */
typedef double latency_fn(double boot, double *last);

static double lognormal(double boot, double *last)
{
	(void)last;
	return exp(boot + 0.3 * normal());
}

/* Two ways through the server, equally likely, around the same middle. */
static double bimodal(double boot, double *last)
{
	(void)last;
	return exp(boot + (uniform() < 0.5 ? -0.25 : 0.25) + 0.15 * normal());
}

/* Each mail resembles the one before. */
static double autocorrelated(double boot, double *last)
{
	*last = 0.6 * *last + 0.8 * normal();
	return exp(boot + 0.3 * *last);
}

struct simulated {
	double values[BLOCKS][MAILS];
	struct stats_group groups[BLOCKS];
};

static void simulate(latency_fn *latency, double spread, struct simulated *ret)
{
	for (size_t b = 0; b < BLOCKS; b++) {
		double boot = spread * normal(), last = normal();

		for (size_t i = 0; i < MAILS; i++)
			ret->values[b][i] = latency(boot, &last);
		ret->groups[b] = (struct stats_group){ ret->values[b], MAILS };
	}
}

/* The mean of a lognormal or autocorrelated latency is exp of half its variance; of two modes their mean. */
static double mean_of(latency_fn *latency, double spread)
{
	double boots = exp(spread * spread / 2);

	if (latency == bimodal)
		return boots * exp(0.15 * 0.15 / 2) * cosh(0.25);
	return boots * exp(0.3 * 0.3 / 2);
}

static double share_covered(latency_fn *latency, double spread, enum stats_kind kind)
{
	double truth = kind == STATS_MEDIAN ? 1 : mean_of(latency, spread);
	unsigned covered = 0;

	for (uint64_t i = 0; i < EXPERIMENTS; i++) {
		struct simulated s;
		struct interval ci;

		simulate(latency, spread, &s);
		check(stats_bootstrap(s.groups, BLOCKS, kind, RESAMPLES, i, &ci));
		covered += ci.low <= truth && ci.high >= truth;
	}
	return (double)covered / EXPERIMENTS;
}

/* Ten blocks: 93 to 97 of 100 intervals hold the truth, whether mails or deployments differ more. */
static void test_coverage(void **state)
{
	static const struct {
		const char *name;
		latency_fn *latency;
		double spread;
	} rows[] = {
		{ "lognormal, deployments alike", lognormal, 0.02 },
		{ "lognormal", lognormal, 0.1 },
		{ "lognormal, deployments differ", lognormal, 0.4 },
		{ "two modes", bimodal, 0.1 },
		{ "two modes, deployments differ", bimodal, 0.4 },
		{ "autocorrelated", autocorrelated, 0.1 },
		{ "autocorrelated, deployments differ", autocorrelated, 0.4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		double median = share_covered(rows[i].latency, rows[i].spread, STATS_MEDIAN);
		double mean = share_covered(rows[i].latency, rows[i].spread, STATS_MEAN);

		(void)printf("%-36s median %.1f %%, mean %.1f %%\n", rows[i].name, 100 * median,
			100 * mean);
		check_row(median >= 0.93 && median <= 0.97, i);
		check_row(mean >= 0.93 && mean <= 0.97, i);
	}
}

/* Taking mails for the unit, as the study did, makes intervals that are much too narrow. */
static void test_pseudo_replication_is_too_narrow(void **state)
{
	unsigned naive = 0;

	(void)state;
	for (uint64_t i = 0; i < EXPERIMENTS; i++) {
		double all[BLOCKS * MAILS], boot = 0.1 * normal(), last = 0;

		/* One boot, many mails. */
		for (size_t k = 0; k < BLOCKS * MAILS; k++)
			all[k] = lognormal(boot, &last);
		struct interval ci = stats_median_order_interval(all, COUNT(all));
		naive += ci.low <= 1 && ci.high >= 1;
	}
	(void)printf("one boot, %d mails: %.1f %%\n", BLOCKS * MAILS, 100.0 * naive / EXPERIMENTS);
	check(naive < 0.8 * EXPERIMENTS);
}

enum { SAME = 4, SAME_SIZES = 3, SAME_BLOCKS = 10, SAME_EXPERIMENTS = 2000 };

/* One experiment whose platforms are all the same: does Holm's family call any pair different? */
static bool family_is_fooled(uint64_t seed, unsigned *ret_pairs_fooled, unsigned *ret_covered)
{
	double cells[SAME * SAME_SIZES][SAME_BLOCKS], p[SAME * SAME * SAME_SIZES];
	struct comparison pairs[SAME * SAME * SAME_SIZES];
	size_t count = 0;
	bool is_fooled = false;

	for (size_t b = 0; b < SAME_BLOCKS; b++) {
		double mood = normal();

		for (size_t c = 0; c < COUNT(cells); c++)
			cells[c][b] = exp(0.5 * mood + 0.2 * normal());
	}
	for (size_t size = 0; size < SAME_SIZES; size++) {
		for (size_t i = 0; i < SAME * SAME; i++) {
			if (i / SAME >= i % SAME)
				continue;
			compare_paired(cells[size * SAME + i / SAME], cells[size * SAME + i % SAME],
				SAME_BLOCKS, seed, &pairs[count]);
			p[count] = pairs[count].p;
			*ret_pairs_fooled += p[count] < 0.05;
			*ret_covered +=
				pairs[count].ratio_ci.low <= 1 && pairs[count].ratio_ci.high >= 1;
			count++;
		}
	}
	stats_holm(p, count);
	for (size_t i = 0; i < count; i++) {
		pairs[i].p_holm = p[i];
		compare_judge(&pairs[i], 0.05, count);
		is_fooled = is_fooled || (pairs[i].verdict != VERDICT_INCONCLUSIVE &&
						 pairs[i].verdict != VERDICT_EQUIVALENT);
	}
	return is_fooled;
}

/* LAB's promise: at most 5 % of 2,000 experiments with nothing to find find something. */
static void test_false_positives(void **state)
{
	const unsigned pair_count = SAME * (SAME - 1) / 2 * SAME_SIZES * SAME_EXPERIMENTS;
	unsigned fooled = 0, pairs_fooled = 0, covered = 0;

	(void)state;
	for (uint64_t i = 0; i < SAME_EXPERIMENTS; i++)
		fooled += family_is_fooled(i, &pairs_fooled, &covered);
	(void)printf("A/A: %.1f %% of experiments find a difference; single pairs have p < 0.05 in "
		     "%.1f %%; their intervals hold 1 in %.1f %%\n",
		100.0 * fooled / SAME_EXPERIMENTS, 100.0 * pairs_fooled / pair_count,
		100.0 * covered / pair_count);
	check(fooled <= 0.05 * SAME_EXPERIMENTS);
	check(pairs_fooled <= 0.05 * pair_count && pairs_fooled >= 0.03 * pair_count);
	check(covered >= 0.93 * pair_count && covered <= 0.97 * pair_count);
}

/* And when there is something: ten blocks find a platform that takes a third less time, and their intervals hold the third. */
static void test_power(void **state)
{
	unsigned found = 0, covered = 0;

	(void)state;
	for (unsigned i = 0; i < EXPERIMENTS; i++) {
		double a[BLOCKS], b[BLOCKS];
		struct comparison c;

		for (size_t k = 0; k < BLOCKS; k++) {
			double mood = normal();

			a[k] = exp(log(2.0 / 3) + 0.5 * mood + 0.1 * normal());
			b[k] = exp(0.5 * mood + 0.1 * normal());
		}
		compare_paired(a, b, BLOCKS, i, &c);
		c.p_holm = fmin(1, 20 * c.p);
		compare_judge(&c, 0.05, 20);
		found += c.verdict == VERDICT_BETTER;
		covered += c.ratio_ci.low <= 2.0 / 3 && c.ratio_ci.high >= 2.0 / 3;
	}
	(void)printf("a third less time: found by %.1f %%, held by %.1f %%\n",
		100.0 * found / EXPERIMENTS, 100.0 * covered / EXPERIMENTS);
	check(found >= 0.95 * EXPERIMENTS);
	check(covered >= 0.93 * EXPERIMENTS && covered <= 0.97 * EXPERIMENTS);
}

enum { FACTORS = 4, QUANTREG_EXPERIMENTS = 500, QUANTREG_DRAWN = 200 };

/* Two platforms at two sizes: the second takes half as long again, with its size half as long again once more. */
static void factors_simulate(double spread, struct quantreg_value *ret)
{
	static const double truth[FACTORS] = { 0, 0.405, 0.2, 1.01 };
	size_t at = 0;

	for (uint32_t b = 0; b < BLOCKS; b++) {
		double mood = 0.2 * normal();

		for (uint32_t g = 0; g < FACTORS; g++) {
			double boot = spread * normal();

			for (size_t i = 0; i < MAILS; i++)
				ret[at++] = (struct quantreg_value){
					truth[g] + mood + boot + 0.3 * normal(), g, b
				};
		}
	}
	quantreg_sort(ret, at);
}

/*
 * The block bootstrap of quantile regression: what a platform does to the middle and to the slow end. The 95th of a few
 * deployments that differ much hangs on one or two of them, so that row is allowed a little less.
 */
static void test_quantile_regression(void **state)
{
	static const double design[] = { 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1 };
	static const double apart[] = { 1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1 }; /* no interaction */
	static const struct {
		const double *design;
		size_t terms, experiments;
		double q, spread;
	} rows[] = {
		{ design, 4, QUANTREG_EXPERIMENTS, 0.5, 0.02 },
		{ design, 4, QUANTREG_EXPERIMENTS, 0.5, 0.2 },
		{ design, 4, QUANTREG_EXPERIMENTS, 0.95, 0.02 },
		{ design, 4, QUANTREG_EXPERIMENTS, 0.95, 0.2 },
		{ apart, 3, QUANTREG_EXPERIMENTS / 5, 0.5, 0.2 },
	};
	static struct quantreg_value values[BLOCKS * FACTORS * MAILS];

	(void)state;
	for (size_t r = 0; r < COUNT(rows); r++) {
		const struct quantreg_data d = { rows[r].design, values, FACTORS, rows[r].terms,
			COUNT(values), BLOCKS };
		double truth = rows[r].terms == FACTORS ? 0.405 : 0.6075;
		struct quantreg_term terms[FACTORS];
		unsigned covered = 0;

		for (uint64_t i = 0; i < rows[r].experiments; i++) {
			factors_simulate(rows[r].spread, values);
			check(quantreg_bootstrap(&d, rows[r].q, QUANTREG_DRAWN, i, terms));
			covered += terms[1].ci.low <= truth && terms[1].ci.high >= truth;
		}
		double share = (double)covered / (double)rows[r].experiments;
		(void)printf("quantile regression, %zu terms, q %.2f, deployments differ by %.0f "
			     "%%: %.1f %%\n",
			rows[r].terms, rows[r].q, 100 * rows[r].spread, 100 * share);
		check_row(share >= 0.91 && share <= 0.985, r);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_pseudo_replication_is_too_narrow),
		cmocka_unit_test(test_false_positives),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_quantile_regression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
