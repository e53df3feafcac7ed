/* SPDX-License-Identifier: MIT */
#include "lab/stats/tests.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums closer than this part of the whole are equal: the order of addition must not decide. */
static const double sum_slack = 1e-12;

enum { FLIP_LOW_BITS = 8 }; /* patterns made by single flips before the sum is added up anew */

/* Gray's order: each pattern differs from the one before in one sign. */
static double exact_p(const double *d, size_t count, double seen, double slack)
{
	uint64_t patterns = UINT64_C(1) << count, extreme = 0;
	double sum = 0;

	for (uint64_t i = 0; i < patterns; i++) {
		uint64_t pattern = i ^ (i >> 1);

		if (i % (1 << FLIP_LOW_BITS) == 0) {
			sum = 0;
			for (size_t k = 0; k < count; k++)
				sum += (pattern >> k & 1) != 0 ? -d[k] : d[k];
		} else {
			int bit = __builtin_ctzll(i);

			sum += (pattern >> bit & 1) != 0 ? -2 * d[bit] : 2 * d[bit];
		}
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

/* Friedman's statistic from the ranks' sums; `ties` is the sum of t^3 - t over all ties. */
static double friedman_of(const double *sums, size_t blocks, size_t treatments, double ties)
{
	double n = (double)blocks, k = (double)treatments, spread = 0;

	for (size_t i = 0; i < treatments; i++)
		spread += pow(sums[i] - n * (k + 1) / 2, 2);
	return 12 * spread / (n * k * (k + 1) - ties / (k - 1));
}

/* Replaces the values of a block by their ranks; returns the sum of t^3 - t over its ties. */
static double block_ranks(double *row, size_t count)
{
	double values[STATS_TREATMENTS_MAX], ties = 0;

	memcpy(values, row, count * sizeof *values);
	for (size_t i = 0; i < count; i++) {
		size_t below = 0, equal = 0;

		for (size_t k = 0; k < count; k++) {
			below += values[k] < values[i];
			equal += !(values[k] < values[i]) && !(values[k] > values[i]);
		}
		row[i] = (double)below + ((double)equal + 1) / 2;
		/* Each member of a tie adds its share. */
		ties += (double)(equal * equal) - 1;
	}
	return ties;
}

static void shuffle(double *x, size_t count, gsl_rng *random)
{
	for (size_t i = count; i > 1; i--) {
		size_t k = gsl_rng_uniform_int(random, i);
		double kept = x[i - 1];

		x[i - 1] = x[k];
		x[k] = kept;
	}
}

static void column_sums(const double *ranks, size_t blocks, size_t treatments, double *ret)
{
	memset(ret, 0, treatments * sizeof *ret);
	for (size_t i = 0; i < blocks * treatments; i++)
		ret[i % treatments] += ranks[i];
}

bool stats_friedman(const double *values, size_t blocks, size_t treatments, uint64_t seed,
	double *ret_statistic, double *ret_p)
{
	double sums[STATS_TREATMENTS_MAX], ties = 0;
	uint64_t extreme = 1;

	if (blocks < 2 || treatments < 2 || treatments > STATS_TREATMENTS_MAX)
		return false;
	auto_free double *ranks = malloc(blocks * treatments * sizeof *ranks);
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
	if (ranks == NULL || random == NULL) {
		gsl_rng_free(random);
		return false;
	}
	memcpy(ranks, values, blocks * treatments * sizeof *ranks);
	for (size_t i = 0; i < blocks; i++)
		ties += block_ranks(ranks + i * treatments, treatments);
	column_sums(ranks, blocks, treatments, sums);
	*ret_statistic = friedman_of(sums, blocks, treatments, ties);
	gsl_rng_set(random, (unsigned long)seed);
	for (int drawn = 0; drawn < STATS_PERMUTATIONS; drawn++) {
		for (size_t i = 0; i < blocks; i++)
			shuffle(ranks + i * treatments, treatments, random);
		column_sums(ranks, blocks, treatments, sums);
		extreme += friedman_of(sums, blocks, treatments, ties) >= *ret_statistic - 1e-9;
	}
	gsl_rng_free(random);
	*ret_p = isfinite(*ret_statistic) ? (double)extreme / (STATS_PERMUTATIONS + 1.0) : 1;
	return true;
}

/* Kolmogorov's limit, with Stephens's correction for few values (J. Royal Statistical Society B 32, 1970). */
double stats_ks_p(double distance, size_t count)
{
	double n = sqrt((double)count), p = 0;
	double x = distance * (n + 0.12 + 0.11 / n);

	if (count == 0 || x < 0.2)
		return 1;
	for (int k = 1; k <= 100; k++)
		p += (k % 2 == 1 ? 2 : -2) * exp(-2.0 * k * k * x * x);
	return fmin(1, fmax(0, p));
}

double stats_ks_exponential(const double *x, size_t count, double mean, double *ret_p)
{
	auto_free double *sorted = count == 0 ? NULL : malloc(count * sizeof *sorted);
	double distance = 0;

	*ret_p = (double)NAN;
	if (sorted == NULL || !(mean > 0))
		return (double)NAN;
	memcpy(sorted, x, count * sizeof *sorted);
	gsl_sort(sorted, 1, count);
	for (size_t i = 0; i < count; i++) {
		double below = -expm1(-fmax(sorted[i], 0) / mean);

		distance = fmax(distance, fmax(below - (double)i / (double)count,
						  (double)(i + 1) / (double)count - below));
	}
	*ret_p = stats_ks_p(distance, count);
	return distance;
}

/* Walks the rows from the smallest p (Holm) or the largest (Benjamini and Hochberg). */
static void adjust(double *p, size_t count, bool is_holm)
{
	auto_free size_t *order = count == 0 ? NULL : malloc(count * sizeof *order);
	double before = is_holm ? 0 : 1;

	if (order == NULL)
		return;
	gsl_sort_index(order, p, 1, count);
	for (size_t i = 0; i < count; i++) {
		size_t at = is_holm ? i : count - 1 - i;
		double factor = is_holm ? (double)(count - at) : (double)count / (double)(at + 1);
		double adjusted = fmin(1, p[order[at]] * factor);

		before = is_holm ? fmax(before, adjusted) : fmin(before, adjusted);
		p[order[at]] = before;
	}
}

void stats_holm(double *p, size_t count)
{
	adjust(p, count, true);
}

void stats_benjamini_hochberg(double *p, size_t count)
{
	adjust(p, count, false);
}
