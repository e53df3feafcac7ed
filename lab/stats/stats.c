/* SPDX-License-Identifier: MIT */
#include "lab/stats/stats.h"

#include "lab/stats/tests.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void stats_sort(double *x, size_t count)
{
	gsl_sort(x, 1, count);
}

double stats_mean(const double *x, size_t count)
{
	return count == 0 ? (double)NAN : gsl_stats_mean(x, 1, count);
}

double stats_sd(const double *x, size_t count)
{
	return count < 2 ? (double)NAN : gsl_stats_sd(x, 1, count);
}

/* GSL's own would make NAN out of infinity times zero. */
double stats_quantile_sorted(const double *x, size_t count, double q)
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
	return stats_quantile_sorted(sorted, count, q);
}

double stats_median(const double *x, size_t count)
{
	return stats_quantile(x, count, 0.5);
}

double stats_mad(const double *x, size_t count)
{
	auto_free double *away = count == 0 ? NULL : malloc(count * sizeof *away);
	double middle = stats_median(x, count);

	if (away == NULL)
		return (double)NAN;
	for (size_t i = 0; i < count; i++)
		away[i] = fabs(x[i] - middle);
	return 1.482602218505602 * stats_median(away, count);
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

/* The averages of all pairs, a value with itself too, sorted; count (count + 1) / 2 of them. */
static double *walsh_averages(const double *d, size_t count, size_t *ret_pairs)
{
	size_t pairs = count * (count + 1) / 2, at = 0;
	double *averages = pairs == 0 ? NULL : malloc(pairs * sizeof *averages);

	for (size_t i = 0; i < count && averages != NULL; i++) {
		for (size_t k = i; k < count; k++)
			averages[at++] = (d[i] + d[k]) / 2;
	}
	if (averages != NULL)
		gsl_sort(averages, 1, pairs);
	*ret_pairs = averages == NULL ? 0 : pairs;
	return averages;
}

double stats_hodges_lehmann(const double *d, size_t count)
{
	size_t pairs = 0;
	auto_free double *averages = walsh_averages(d, count, &pairs);

	return pairs == 0 ? (double)NAN : stats_quantile_sorted(averages, pairs, 0.5);
}

struct interval stats_hodges_lehmann_interval(const double *d, size_t count)
{
	size_t pairs = 0, rank = stats_signed_rank_critical(count);
	auto_free double *averages = walsh_averages(d, count, &pairs);

	if (pairs == 0 || rank == STATS_NO_RANK)
		return INTERVAL_NONE;
	return (struct interval){ averages[rank], averages[pairs - 1 - rank] };
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

double stats_autocorrelation(const double *x, size_t count, size_t lag)
{
	double middle = stats_mean(x, count), shared = 0, all = 0;

	if (count < lag + 2)
		return (double)NAN;
	for (size_t i = 0; i < count; i++) {
		all += (x[i] - middle) * (x[i] - middle);
		shared += i + lag < count ? (x[i] - middle) * (x[i + lag] - middle) : 0;
	}
	return all > 0 ? shared / all : (double)NAN;
}

double stats_correlation(const double *x, const double *y, size_t count)
{
	if (count < 2 || !(stats_sd(x, count) > 0) || !(stats_sd(y, count) > 0))
		return (double)NAN;
	return gsl_stats_correlation(x, 1, y, 1, count);
}

double stats_normal_score(size_t at, size_t count)
{
	invariant(at < count);
	return gsl_cdf_ugaussian_Pinv(((double)at + 0.625) / ((double)count + 0.25));
}
