/* SPDX-License-Identifier: MIT */
#include "lab/stats/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double stats_mean(const double *x, size_t count)
{
	return count == 0 ? (double)NAN : gsl_stats_mean(x, 1, count);
}

double stats_sd(const double *x, size_t count)
{
	return count < 2 ? (double)NAN : gsl_stats_sd(x, 1, count);
}

/* GSL's own would make NAN out of infinity times zero. */
static double quantile_sorted(const double *x, size_t count, double q)
{
	double place = q * (double)(count - 1);
	size_t below = (size_t)floor(place);
	double part = place - (double)below;

	if (below + 1 >= count || part <= 0)
		return x[below];
	if (isinf(x[below + 1]))
		return x[below + 1];
	return x[below] + part * (x[below + 1] - x[below]);
}

double stats_quantile(const double *x, size_t count, double q)
{
	auto_free double *sorted = count == 0 ? NULL : malloc(count * sizeof *sorted);

	if (sorted == NULL)
		return (double)NAN;
	memcpy(sorted, x, count * sizeof *sorted);
	gsl_sort(sorted, 1, count);
	return quantile_sorted(sorted, count, q);
}

double stats_median(const double *x, size_t count)
{
	return stats_quantile(x, count, 0.5);
}

size_t stats_quantile_count_min(double q)
{
	invariant(q > 0 && q < 1);
	return (size_t)ceil(log(0.05) / log(q));
}

double stats_percentile(const double *x, size_t count, double q)
{
	return count < stats_quantile_count_min(q) ? (double)NAN : stats_quantile(x, count, q);
}

struct interval stats_median_order_interval(const double *x, size_t count)
{
	auto_free double *sorted = count < 6 ? NULL : malloc(count * sizeof *sorted);
	size_t rank =
		0; /* of the lower end, from 0: largest with 2 P(Bin(n, 1/2) <= rank) <= 5 % */

	if (sorted == NULL)
		return INTERVAL_NONE;
	memcpy(sorted, x, count * sizeof *sorted);
	gsl_sort(sorted, 1, count);
	while (2 * gsl_cdf_binomial_P((unsigned)rank + 1, 0.5, (unsigned)count) <= 0.05)
		rank++;
	return (struct interval){ sorted[rank], sorted[count - 1 - rank] };
}

/* Sorts the values. */
static double statistic(double *x, size_t count, enum stats_kind kind)
{
	if (kind == STATS_MEAN)
		return stats_mean(x, count);
	gsl_sort(x, 1, count);
	return quantile_sorted(x, count, 0.5);
}

static size_t largest_group(const struct stats_group *groups, size_t count)
{
	size_t largest = count;

	for (size_t i = 0; i < count; i++)
		largest = groups[i].count > largest ? groups[i].count : largest;
	return largest;
}

/* room: as many values as the largest group, and at least `count`; inner: `count` values. */
static double cell_of(const struct stats_group *groups, size_t count, enum stats_kind kind,
	gsl_rng *random, double *room, double *inner)
{
	for (size_t i = 0; i < count; i++) {
		const struct stats_group *g = &groups[i];

		if (random != NULL)
			g = &groups[gsl_rng_uniform_int(random, count)];
		for (size_t k = 0; k < g->count; k++)
			room[k] = g->values[random == NULL ? k
							   : gsl_rng_uniform_int(random, g->count)];
		inner[i] = statistic(room, g->count, kind);
	}
	return statistic(inner, count, kind);
}

double stats_cell(const struct stats_group *groups, size_t count, enum stats_kind kind)
{
	size_t largest = largest_group(groups, count);
	auto_free double *room = count == 0 ? NULL : malloc((largest + count) * sizeof *room);

	return room == NULL ? (double)NAN
			    : cell_of(groups, count, kind, NULL, room, room + largest);
}

/* Percentiles of n groups are too narrow by a factor of t against z and of n against n - 1. */
static double widened_tail(size_t groups)
{
	double n = (double)groups;
	double t = gsl_cdf_tdist_Pinv(0.975, n - 1);

	return gsl_cdf_ugaussian_P(-sqrt(n / (n - 1)) * t);
}

bool stats_bootstrap(const struct stats_group *groups, size_t count, enum stats_kind kind,
	unsigned resamples, uint64_t seed, struct interval *ret)
{
	size_t largest = largest_group(groups, count);

	*ret = INTERVAL_NONE;
	if (count < 2)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (groups[i].count == 0)
			return true;
	}
	auto_free double *room = malloc((largest + count + resamples) * sizeof *room);
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
	if (room == NULL || random == NULL) {
		gsl_rng_free(random);
		return false;
	}
	double *drawn = room + largest + count;
	gsl_rng_set(random, (unsigned long)seed);
	for (unsigned i = 0; i < resamples; i++)
		drawn[i] = cell_of(groups, count, kind, random, room, room + largest);
	gsl_rng_free(random);
	gsl_sort(drawn, 1, resamples);
	double tail = widened_tail(count);
	*ret = (struct interval){ quantile_sorted(drawn, resamples, tail),
		quantile_sorted(drawn, resamples, 1 - tail) };
	return true;
}

/* Sums closer than this part of the whole are equal: the order of addition must not decide. */
static const double sum_slack = 1e-12;

static double exact_p(const double *d, size_t count, double seen, double slack)
{
	uint64_t patterns = UINT64_C(1) << count, extreme = 0;

	for (uint64_t pattern = 0; pattern < patterns; pattern++) {
		double sum = 0;

		for (size_t i = 0; i < count; i++)
			sum += (pattern >> i & 1) != 0 ? -d[i] : d[i];
		extreme += fabs(sum) >= seen - slack;
	}
	return (double)extreme / (double)patterns;
}

static double drawn_p(const double *d, size_t count, double seen, double slack, uint64_t seed)
{
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
	uint64_t extreme = 1; /* the pattern that was seen */

	if (random == NULL)
		return 1;
	gsl_rng_set(random, (unsigned long)seed);
	for (int drawn = 0; drawn < STATS_PERMUTATIONS; drawn++) {
		double sum = 0;

		for (size_t i = 0; i < count; i++)
			sum += gsl_rng_uniform_int(random, 2) != 0 ? -d[i] : d[i];
		extreme += fabs(sum) >= seen - slack;
	}
	gsl_rng_free(random);
	return (double)extreme / (STATS_PERMUTATIONS + 1.0);
}

double stats_sign_flip_p(const double *d, size_t count, uint64_t seed)
{
	double sum = 0, size = 0;

	if (count == 0)
		return 1;
	for (size_t i = 0; i < count; i++) {
		sum += d[i];
		size += fabs(d[i]);
	}
	if (!isfinite(size))
		return 1;
	return count <= STATS_EXACT_BLOCKS_MAX
		       ? exact_p(d, count, fabs(sum), size * sum_slack)
		       : drawn_p(d, count, fabs(sum), size * sum_slack, seed);
}

void stats_holm(double *p, size_t count)
{
	auto_free size_t *order = count == 0 ? NULL : malloc(count * sizeof *order);
	double before = 0;

	if (order == NULL)
		return;
	gsl_sort_index(order, p, 1, count);
	for (size_t i = 0; i < count; i++) {
		double adjusted = fmin(1, p[order[i]] * (double)(count - i));

		before = fmax(before, adjusted);
		p[order[i]] = before;
	}
}

double stats_hodges_lehmann(const double *d, size_t count)
{
	size_t pairs = count * (count + 1) / 2, at = 0;
	auto_free double *averages = pairs == 0 ? NULL : malloc(pairs * sizeof *averages);

	if (averages == NULL)
		return (double)NAN;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = i; k < count; k++)
			averages[at++] = (d[i] + d[k]) / 2;
	}
	return statistic(averages, pairs, STATS_MEDIAN);
}

double stats_superiority(const double *a, size_t a_count, const double *b, size_t b_count)
{
	double wins = 0;

	if (a_count == 0 || b_count == 0)
		return (double)NAN;
	for (size_t i = 0; i < a_count; i++) {
		for (size_t k = 0; k < b_count; k++)
			wins += a[i] < b[k] ? 1 : a[i] > b[k] ? 0 : 0.5;
	}
	return wins / ((double)a_count * (double)b_count);
}

struct interval stats_proportion(uint64_t hits, uint64_t of)
{
	const double z = 1.959963984540054;
	double n = (double)of, p = n > 0 ? (double)hits / n : 0;

	if (of == 0)
		return INTERVAL_NONE;
	double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
	double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
	return (struct interval){ fmax(0, middle - half), fmin(1, middle + half) };
}
