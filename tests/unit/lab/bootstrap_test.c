/* SPDX-License-Identifier: MIT */
/* Edges of intervals and ranks, the size model and the components of variance. */
#include "check.h"
#include "lab/stats/bootstrap.h"
#include "lab/stats/model.h"

#include <math.h>
#include <string.h>

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-6 * fmax(1, fabs(b));
}

static bool same(struct interval a, struct interval b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

static void test_interval_edges(void **state)
{
	static const double x[] = { 1, 2, 3 }, lost[] = { 1, (double)INFINITY, (double)INFINITY };
	static const double zero[] = { 0, 1, 2 };
	struct stats_group groups[] = { { x, 3 }, { x, 2 }, { x, 3 }, { x, 1 }, { x, 3 },
		{ x, 3 } };
	struct interval i, again;

	(void)state;
	check(stats_bootstrap(groups, BOOTSTRAP_TRIALS_MIN - 1, STATS_MEDIAN, 100, 1, &i) &&
		isnan(i.low));
	check(stats_bootstrap(groups, 6, STATS_MEAN, 500, 7, &i) && i.low > 0 && i.low < i.high);
	check(stats_bootstrap(groups, 6, STATS_MEAN, 500, 7, &again) && same(i, again));
	check(stats_bootstrap(groups, 6, STATS_MEDIAN, 500, 7, &i) && i.low >= 1 && i.high <= 3.5);
	check(stats_bootstrap(groups, 6, STATS_MEDIAN, 500, 8, &again) && !same(i, again));
	/* A group without values, or a latency of zero, has no logarithm: no interval. */
	groups[5] = (struct stats_group){ x, 0 };
	check(stats_bootstrap(groups, 6, STATS_MEDIAN, 100, 1, &i) && isnan(i.low));
	groups[5] = (struct stats_group){ zero, 3 };
	check(stats_bootstrap(groups, 6, STATS_MEAN, 100, 1, &i) && isnan(i.low));
	/* A trial whose mails mostly never came: ranks still work, a mean has none. */
	groups[5] = (struct stats_group){ lost, 3 };
	check(stats_bootstrap(groups, 6, STATS_MEDIAN, 100, 1, &i) && near(i.low, 1) &&
		isinf(i.high));
	check(stats_bootstrap(groups, 6, STATS_MEAN, 100, 1, &i) && isnan(i.low));
	check(near(stats_cell(groups, 3, STATS_MEDIAN), 2) &&
		isnan(stats_cell(groups, 0, STATS_MEAN)));
	check(isinf(stats_cell(groups + 5, 1, STATS_MEDIAN)));
}

/* Trials without any spread have an interval without width. */
static void test_interval_of_constants(void **state)
{
	static const double x[] = { 5, 5, 5 };
	struct stats_group groups[8];
	struct interval i;

	(void)state;
	for (size_t k = 0; k < COUNT(groups); k++)
		groups[k] = (struct stats_group){ x, 3 };
	check(stats_bootstrap(groups, 8, STATS_MEDIAN, 200, 1, &i) && near(i.low, 5) &&
		near(i.high, 5));
	check(stats_bootstrap(groups, 8, STATS_MEAN, 200, 1, &i) && near(i.low, 5) &&
		near(i.high, 5));
}

static void test_ranking(void **state)
{
	/* Blocks of three cells: the first wins always, the others take turns. */
	static const double values[] = { 1, 2, 3, 1, 3, 2, 1, 2, 3, 1, 3, 2 };
	static const double equal[] = { 1, 1, 1, 1 }, lost[] = { 1, (double)INFINITY };
	double best[3], second[3];

	(void)state;
	check(stats_ranking(values, 4, 3, 2000, 1, best, second));
	check(near(best[0], 1) && near(second[0], 1) && best[1] <= 0 && best[2] <= 0);
	check(near(second[1] + second[2], 1) && second[1] > 0.3 && second[1] < 0.7);
	check(stats_ranking(equal, 2, 2, 100, 1, best, second) && near(best[0], 0.5) &&
		near(second[0], 1));
	check(stats_ranking(lost, 1, 2, 100, 1, best, second) && near(best[0], 1) && best[1] <= 0);
}

static void test_line(void **state)
{
	static const double x[] = { 1, 3, 10 }, y[] = { 2.5, 3.5, 7 }, same_x[] = { 2, 2, 2 };
	struct model_line line;

	(void)state;
	check(model_line_fit(x, y, 3, &line) && near(line.intercept, 2) && near(line.slope, 0.5));
	check(near(model_line_fits(x, y, 3, line), 1));
	check(!model_line_fit(same_x, y, 3, &line) && !model_line_fit(x, y, 1, &line));
	/* Student 1908: 2.776 standard errors with four degrees of freedom. */
	struct interval ci = model_mean_interval((const double[]){ 1, 2, 3, 4, 5 }, 5);
	check(fabs(ci.high - 3 - 2.776 * sqrt(0.5)) < 1e-3 && isnan(model_mean_interval(x, 2).low));
}

/* A table whose parts are known: cells differ by 1, blocks by 0.3 up and down, nothing else. */
static void test_spread(void **state)
{
	static const double means[] = { 0.3, 1.3, -0.3, 0.7, 0.3, 1.3, -0.3, 0.7 };
	struct model_spread s;

	(void)state;
	check(model_spread_of(means, 4, 2, 0.04, 10, &s));
	check(near(s.mail, 0.2) && s.deployment <= 0 && near(s.block, sqrt(0.12)));
	check(!model_spread_of(means, 1, 2, 0.04, 10, &s));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interval_edges),
		cmocka_unit_test(test_interval_of_constants),
		cmocka_unit_test(test_ranking),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
