/* SPDX-License-Identifier: MIT */
#include "lab/samples/steady.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TREND_VALUES_MAX = 2000 }; /* batches that the pairwise test looks at; it is quadratic */

/* Means of batches; returns how many. */
static size_t batches(const double *values, size_t count, double *ret)
{
	size_t used = 0, in_batch = 0;
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		if (!isfinite(values[i]))
			continue;
		sum += values[i];
		if (++in_batch < STEADY_BATCH)
			continue;
		ret[used++] = sum / STEADY_BATCH;
		sum = 0;
		in_batch = 0;
	}
	return used;
}

/* The cut in the first half with the smallest squared standard error of the rest's mean. */
static size_t cut_find(const double *x, size_t count)
{
	double sum = 0, squares = 0, best = (double)INFINITY;
	size_t cut = 0;

	/* From the end, so that sums of the rest need one pass. */
	for (size_t d = count; d-- > 0;) {
		double left = (double)(count - d);

		sum += x[d];
		squares += x[d] * x[d];
		double error = (squares - sum * sum / left) / (left * left);
		if (d <= count / 2 && error <= best) {
			best = error;
			cut = d;
		}
	}
	return cut;
}

/* Two-sided p of "no trend", by the normal approximation. Thinned evenly when there are too many. */
static double trend_p(const double *x, size_t count)
{
	size_t stride = (count + TREND_VALUES_MAX - 1) / TREND_VALUES_MAX;
	double s = 0, n = 0;

	for (size_t i = 0; i < count; i += stride, n++) {
		for (size_t k = i + stride; k < count; k += stride)
			s += (double)((x[k] > x[i]) - (x[k] < x[i]));
	}
	double variance = n * (n - 1) * (2 * n + 5) / 18;
	double z = variance > 0 ? fmax(fabs(s) - 1, 0) / sqrt(variance) : 0;

	return erfc(z / sqrt(2.0));
}

/* Two-sided p of "both halves are the same", by the normal approximation of rank sums. Thinned as above. */
static double halves_p(const double *x, size_t count)
{
	size_t stride = (count + TREND_VALUES_MAX - 1) / TREND_VALUES_MAX, middle = count / 2;
	double wins = 0, first = 0, second = 0;

	for (size_t i = 0; i < middle; i += stride, first++) {
		second = 0;
		for (size_t k = middle; k < count; k += stride, second++)
			wins += x[k] > x[i] ? 1 : x[k] < x[i] ? 0 : 0.5;
	}
	double off = fmax(fabs(wins - first * second / 2) - 0.5, 0);
	double variance = first * second * (first + second + 1) / 12;

	return variance > 0 ? erfc(off / sqrt(variance) / sqrt(2.0)) : 1;
}

bool steady_find(const double *values, size_t count, struct steady *ret)
{
	auto_free double *x = calloc(count / STEADY_BATCH + 1, sizeof *x);

	if (x == NULL)
		return false;
	*ret = (struct steady){ .trend_p = 1, .halves_p = 1 };
	size_t used = batches(values, count, x);
	if (used * STEADY_BATCH < STEADY_VALUES_MIN)
		return true;
	size_t cut = cut_find(x, used);

	ret->is_known = true;
	ret->from = cut * STEADY_BATCH;
	ret->trend_p = trend_p(x + cut, used - cut);
	ret->halves_p = halves_p(x + cut, used - cut);
	ret->is_steady = cut < used / 2 && ret->trend_p >= 0.01 && ret->halves_p >= 0.01;
	return true;
}
