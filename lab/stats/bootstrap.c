/* SPDX-License-Identifier: MIT */
#include "lab/stats/bootstrap.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void random_free(gsl_rng **random)
{
	if (*random != NULL)
		gsl_rng_free(*random);
}
#define auto_random ON_EXIT(random_free) gsl_rng

static gsl_rng *random_new(uint64_t seed)
{
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);

	if (random != NULL)
		gsl_rng_set(random, (unsigned long)seed);
	return random;
}

/* Sorts the values when it is the median that is asked for. */
static double statistic(double *x, size_t count, enum stats_kind kind)
{
	if (kind == STATS_MEAN)
		return stats_mean(x, count);
	stats_sort(x, count);
	return stats_quantile_sorted(x, count, 0.5);
}

double stats_cell(const struct stats_group *groups, size_t count, enum stats_kind kind)
{
	size_t largest = count;

	for (size_t i = 0; i < count; i++)
		largest = groups[i].count > largest ? groups[i].count : largest;
	auto_free double *room = count == 0 ? NULL : malloc((largest + count) * sizeof *room);
	if (room == NULL)
		return (double)NAN;
	for (size_t i = 0; i < count; i++) {
		memcpy(room + count, groups[i].values, groups[i].count * sizeof *room);
		room[i] = groups[i].count == 0 ? (double)NAN
					       : statistic(room + count, groups[i].count, kind);
	}
	return statistic(room, count, kind);
}

/*
 * The median of `count` values drawn from sorted ones, without drawing them: the k-th smallest of n uniform numbers
 * has a Beta(k, n - k + 1) distribution, and given it the next one is the smallest of the n - k above.
 */
static double median_draw(const double *sorted, size_t count, gsl_rng *random)
{
	double n = (double)count, k = floor((n + 1) / 2);
	double low = gsl_ran_beta(random, k, n - k + 1), high = low;

	if (count % 2 == 0)
		high = low + (1 - low) * (1 - pow(gsl_rng_uniform_pos(random), 1 / (n - k)));
	size_t a = (size_t)(n * low), b = (size_t)(n * high);
	double x = sorted[a < count ? a : count - 1], y = sorted[b < count ? b : count - 1];

	return x + (y - x) / 2;
}

/* What resampling works on: the trials' statistics, and how far their mails let one stray. */
struct trials {
	double *own;   /* [count]; of logarithms for medians */
	double stray;  /* standard error of one trial's statistic from its mails, pooled */
	double shrink; /* of the trials' deviations: see shrink_find */
	double centre;
	size_t count;
	enum stats_kind kind;
};

/* Variance of the statistic when its mails are drawn again. `sorted` are logarithms for medians. */
static double stray_variance(
	const double *sorted, size_t count, double own, enum stats_kind kind, gsl_rng *random)
{
	double sum = 0, n = (double)count;

	if (kind == STATS_MEAN)
		return count < 2 ? 0 : pow(stats_sd(sorted, count), 2) / n;
	for (int i = 0; i < BOOTSTRAP_DRAWS; i++)
		sum += pow(median_draw(sorted, count, random) - own, 2);
	return sum / BOOTSTRAP_DRAWS;
}

/*
 * The trials' statistics differ by what sets deployments apart and by what their mails let them stray. The second is
 * drawn anew in each resample, so the deviations are shrunk until both together have the variance that was seen, n against
 * n - 1 included. When mails alone explain more than was seen, both are estimates of the same thing: their mean is taken.
 */
static void shrink_find(struct trials *t, double strays, double *room)
{
	double n = (double)t->count, seen = pow(stats_sd(t->own, t->count), 2);

	t->shrink = strays < seen ? sqrt((1 - strays / seen) * n / (n - 1)) : 0;
	t->stray = sqrt(strays < seen ? strays : (strays + seen) / 2);
	memcpy(room, t->own, t->count * sizeof *room);
	t->centre = statistic(room, t->count, t->kind);
}

/* One resample of the trials, into room. */
static void resample(const struct trials *t, double *room, gsl_rng *random)
{
	for (size_t i = 0; i < t->count; i++) {
		double own = t->own[gsl_rng_uniform_int(random, t->count)];

		room[i] = t->centre + t->shrink * (own - t->centre) +
			  gsl_ran_gaussian_ziggurat(random, t->stray);
	}
}

/* Medians: percentiles of the resampled medians. */
static struct interval percentiles(
	const struct trials *t, double *room, double *drawn, unsigned resamples, gsl_rng *random)
{
	for (unsigned i = 0; i < resamples; i++) {
		resample(t, room, random);
		drawn[i] = statistic(room, t->count, STATS_MEDIAN);
	}
	stats_sort(drawn, resamples);
	return (struct interval){ exp(stats_quantile_sorted(drawn, resamples, 0.025)),
		exp(stats_quantile_sorted(drawn, resamples, 0.975)) };
}

/* Means: distances from the centre, on the logarithm, in the resample's own standard errors. */
static struct interval studentized(
	const struct trials *t, double *room, double *drawn, unsigned resamples, gsl_rng *random)
{
	double scale = stats_sd(t->own, t->count) / t->centre;

	for (unsigned i = 0; i < resamples; i++) {
		resample(t, room, random);
		double mean = fmax(stats_mean(room, t->count), t->centre * 1e-9);
		double error = stats_sd(room, t->count) / mean;

		drawn[i] = error > 0 ? log(mean / t->centre) / error : 0;
	}
	stats_sort(drawn, resamples);
	return (struct interval){ t->centre * exp(-scale * stats_quantile_sorted(
								   drawn, resamples, 0.975)),
		t->centre * exp(-scale * stats_quantile_sorted(drawn, resamples, 0.025)) };
}

/* Copies one trial's values to work on; false when one of them has no logarithm. */
static bool values_take(const struct stats_group *g, enum stats_kind kind, double *room)
{
	for (size_t i = 0; i < g->count; i++) {
		if (!(g->values[i] > 0) || isinf(g->values[i]))
			return false;
		room[i] = kind == STATS_MEDIAN ? log(g->values[i]) : g->values[i];
	}
	stats_sort(room, g->count);
	return g->count > 0;
}

/* Mails that never came have no logarithm; ranks need none. */
static struct interval of_ranks(const struct stats_group *groups, size_t count, double *room)
{
	for (size_t i = 0; i < count; i++) {
		room[i] = stats_median(groups[i].values, groups[i].count);
		if (isnan(room[i]))
			return INTERVAL_NONE;
	}
	return stats_median_order_interval(room, count);
}

bool stats_bootstrap(const struct stats_group *groups, size_t count, enum stats_kind kind,
	unsigned resamples, uint64_t seed, struct interval *ret)
{
	size_t largest = count;
	double strays = 0;
	bool is_finite = true;

	*ret = INTERVAL_NONE;
	if (count < BOOTSTRAP_TRIALS_MIN)
		return true;
	for (size_t i = 0; i < count; i++)
		largest = groups[i].count > largest ? groups[i].count : largest;
	auto_free double *room = malloc((count + largest + resamples) * sizeof *room);
	auto_random *random = random_new(seed);
	if (room == NULL || random == NULL)
		return false;
	struct trials t = { .own = room, .count = count, .kind = kind };
	double *values = room + count, *drawn = values + largest;
	for (size_t i = 0; i < count && is_finite; i++) {
		is_finite = values_take(&groups[i], kind, values);
		t.own[i] = is_finite ? statistic(values, groups[i].count, kind) : (double)NAN;
		strays += is_finite
				  ? stray_variance(values, groups[i].count, t.own[i], kind, random)
				  : 0;
	}
	if (!is_finite) {
		*ret = kind == STATS_MEDIAN ? of_ranks(groups, count, values) : INTERVAL_NONE;
		return true;
	}
	shrink_find(&t, strays / (double)count, values);
	*ret = kind == STATS_MEDIAN ? percentiles(&t, values, drawn, resamples, random)
				    : studentized(&t, values, drawn, resamples, random);
	return true;
}

/* Adds one resample's winners: of `rank` places, shared by those who tie at the border. */
static void winners_add(const double *medians, size_t cells, double places, double *ret)
{
	for (size_t i = 0; i < cells; i++) {
		double below = 0, equal = 0;

		for (size_t k = 0; k < cells; k++) {
			below += medians[k] < medians[i];
			equal += !(medians[k] < medians[i]) && !(medians[k] > medians[i]);
		}
		ret[i] += fmax(0, fmin(1, (places - below) / equal));
	}
}

bool stats_ranking(const double *values, size_t blocks, size_t cells, unsigned resamples,
	uint64_t seed, double *ret_best, double *ret_second)
{
	double medians[BOOTSTRAP_CELLS_MAX];
	auto_free size_t *chosen = malloc((blocks + 1) * sizeof *chosen);
	auto_free double *column = malloc((blocks + 1) * sizeof *column);
	auto_random *random = random_new(seed);

	memset(ret_best, 0, cells * sizeof *ret_best);
	memset(ret_second, 0, cells * sizeof *ret_second);
	if (chosen == NULL || column == NULL || random == NULL || cells > BOOTSTRAP_CELLS_MAX)
		return false;
	for (unsigned drawn = 0; drawn < resamples && blocks > 0; drawn++) {
		for (size_t b = 0; b < blocks; b++)
			chosen[b] = gsl_rng_uniform_int(random, blocks);
		for (size_t c = 0; c < cells; c++) {
			for (size_t b = 0; b < blocks; b++)
				column[b] = values[chosen[b] * cells + c];
			medians[c] = statistic(column, blocks, STATS_MEDIAN);
		}
		winners_add(medians, cells, 1, ret_best);
		winners_add(medians, cells, 2, ret_second);
	}
	for (size_t c = 0; c < cells; c++) {
		ret_best[c] /= resamples;
		ret_second[c] /= resamples;
	}
	return true;
}
