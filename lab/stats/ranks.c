/* SPDX-License-Identifier: MIT */
/* The rank tests of tests.h: their distributions are counted out, ties and all. */
#include "lab/stats/tests.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

/* Twice the rank of each value, shared by ties, so that it is whole; *ret_ties: sum of t^3 - t. */
static bool ranks_doubled(const double *x, size_t count, size_t *ret, double *ret_ties)
{
	auto_free size_t *order = malloc((count + 1) * sizeof *order);

	*ret_ties = 0;
	if (order == NULL)
		return false;
	gsl_sort_index(order, x, 1, count);
	for (size_t from = 0, to = 0; from < count; from = to) {
		while (to < count && !(x[order[to]] > x[order[from]]))
			to++;
		double tied = (double)(to - from);
		*ret_ties += tied * tied * tied - tied;
		for (size_t i = from; i < to; i++)
			ret[order[i]] = from + 1 + to;
	}
	return true;
}

/* ways[s]: in how many of the 2^count choices the chosen ranks add up to s. The caller frees. */
static double *sums_count(const size_t *ranks, size_t count, size_t total)
{
	double *ways = calloc(total + 1, sizeof *ways);
	size_t top = 0;

	if (ways == NULL)
		return NULL;
	ways[0] = 1;
	for (size_t i = 0; i < count; i++) {
		for (size_t s = top + 1; s-- > 0;)
			ways[s + ranks[i]] += ways[s];
		top += ranks[i];
	}
	return ways;
}

/* Both tails of a symmetric distribution, from the smaller side of the sum that was seen. */
static double two_tails(const double *ways, size_t total, size_t seen, double all)
{
	size_t least = seen < total - seen ? seen : total - seen;
	double below = 0;

	for (size_t s = 0; s <= least; s++)
		below += ways[s];
	return fmin(1, 2 * below / all);
}

static double normal_p(double distance, double variance, double continuity)
{
	if (!(variance > 0))
		return 1;
	double z = fmax(0, fabs(distance) - continuity) / sqrt(variance);

	return fmin(1, 2 * gsl_cdf_ugaussian_Q(z));
}

double stats_signed_rank_p(const double *d, size_t count)
{
	auto_free double *size = malloc((count + 1) * sizeof *size);
	auto_free size_t *ranks = malloc((count + 1) * sizeof *ranks);
	size_t kept = 0, total = 0, seen = 0;
	double ties = 0;

	if (size == NULL || ranks == NULL)
		return 1;
	for (size_t i = 0; i < count; i++) {
		if (fabs(d[i]) > 0)
			size[kept++] = fabs(d[i]);
	}
	if (kept == 0 || !ranks_doubled(size, kept, ranks, &ties))
		return 1;
	for (size_t i = 0, at = 0; i < count; i++) {
		if (!(fabs(d[i]) > 0))
			continue;
		total += ranks[at];
		seen += d[i] > 0 ? ranks[at] : 0;
		at++;
	}
	double n = (double)kept;
	if (kept > STATS_RANKS_EXACT_MAX)
		return normal_p(((double)seen - (double)total / 2) / 2,
			n * (n + 1) * (2 * n + 1) / 24 - ties / 48, 0.5);
	auto_free double *ways = sums_count(ranks, kept, total);
	return ways == NULL ? 1 : two_tails(ways, total, seen, exp2(n));
}

size_t stats_signed_rank_critical(size_t count)
{
	double n = (double)count, below = 0;
	size_t total = count * (count + 1) / 2, at = 0;

	if (count < 6)
		return STATS_NO_RANK;
	if (count > STATS_RANKS_EXACT_MAX)
		return (size_t)(n * (n + 1) / 4 - 1.959964 * sqrt(n * (n + 1) * (2 * n + 1) / 24));
	auto_free size_t *ranks = malloc(count * sizeof *ranks);
	for (size_t i = 0; i < count && ranks != NULL; i++)
		ranks[i] = i + 1;
	auto_free double *ways = ranks == NULL ? NULL : sums_count(ranks, count, total);
	if (ways == NULL)
		return STATS_NO_RANK;
	while (below + ways[at] <= 0.025 * exp2(n))
		below += ways[at++];
	return at - 1;
}

/* ways[k][s]: in how many choices of k ranks they add up to s; rows 0 to `chosen`. The caller frees. */
static double *choices_count(const size_t *ranks, size_t count, size_t chosen, size_t total)
{
	size_t width = total + 1;
	double *ways = calloc((chosen + 1) * width, sizeof *ways);

	if (ways == NULL)
		return NULL;
	ways[0] = 1;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = (i + 1 < chosen ? i + 1 : chosen); k > 0; k--) {
			for (size_t s = width; s-- > ranks[i];)
				ways[k * width + s] += ways[(k - 1) * width + s - ranks[i]];
		}
	}
	return ways;
}

/* Both tails around the middle of the distribution, which ties make lop-sided. */
static double choice_p(const double *row, size_t total, double seen, double middle)
{
	double extreme = 0, all = 0;

	for (size_t s = 0; s <= total; s++) {
		all += row[s];
		extreme += fabs((double)s - middle) >= fabs(seen - middle) - 1e-9 ? row[s] : 0;
	}
	return all > 0 ? extreme / all : 1;
}

double stats_mann_whitney_p(const double *a, size_t a_count, const double *b, size_t b_count)
{
	size_t count = a_count + b_count, total = count * (count + 1);
	auto_free double *all = malloc((count + 1) * sizeof *all);
	auto_free size_t *ranks = malloc((count + 1) * sizeof *ranks);
	double n = (double)count, seen = 0, ties = 0;

	if (a_count == 0 || b_count == 0 || all == NULL || ranks == NULL)
		return 1;
	for (size_t i = 0; i < count; i++)
		all[i] = i < a_count ? a[i] : b[i - a_count];
	if (!ranks_doubled(all, count, ranks, &ties))
		return 1;
	for (size_t i = 0; i < a_count; i++)
		seen += (double)ranks[i];
	double middle = (double)a_count * (n + 1);
	if (count > STATS_RANKS_EXACT_MAX)
		return normal_p((seen - middle) / 2,
			(double)a_count * (double)b_count / 12 * (n + 1 - ties / (n * (n - 1))),
			0.5);
	auto_free double *ways = choices_count(ranks, count, a_count, total);
	return ways == NULL ? 1 : choice_p(ways + a_count * (total + 1), total, seen, middle);
}
