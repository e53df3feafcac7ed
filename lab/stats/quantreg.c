/* SPDX-License-Identifier: MIT */
#include "lab/stats/quantreg.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Residuals below this are ties with the plane; times are compared on the logarithm, where it is a millionth. */
static const double tie = 1e-6;
/* A step that moves no coefficient farther than this is the last. */
static const double settled = 1e-9;
/* Values that never came lie this far above all others: the plane only sees on which side they are. */
static const double far_above = 10;

static int by_group(const void *a, const void *b)
{
	const struct quantreg_value *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->y < y->y || x->y > y->y)
		return x->y < y->y ? -1 : 1;
	return x->block < y->block ? -1 : x->block > y->block;
}

void quantreg_sort(struct quantreg_value *values, size_t count)
{
	qsort(values, count, sizeof *values, by_group);
}

/* Room of one fit, used again for each resample. */
struct fit {
	const struct quantreg_data *d;
	const double *weights;             /* [block_count]: how often each block was drawn */
	double q, top;                     /* what stands for infinity */
	double *quantiles, *sizes, *plane; /* [group_count]: of each group, its weight, x'b */
	double *pull, *push; /* [group_count]: sums of weights and of what they move */
	double *beta;        /* [term_count] */
	gsl_matrix *normal;
	gsl_vector *right;
};

static void fit_done(struct fit *f)
{
	free(f->quantiles);
	gsl_matrix_free(f->normal);
	gsl_vector_free(f->right);
}

static bool fit_begin(struct fit *f, const struct quantreg_data *d, double q)
{
	size_t g = d->group_count, p = d->term_count;

	*f = (struct fit){ .d = d, .q = q };
	if (p == 0 || p > QUANTREG_TERMS_MAX || g < p)
		return false;
	f->quantiles = calloc(5 * g + p, sizeof *f->quantiles);
	f->normal = gsl_matrix_alloc(p, p);
	f->right = gsl_vector_alloc(p);
	if (f->quantiles == NULL || f->normal == NULL || f->right == NULL)
		return false;
	f->sizes = f->quantiles + g;
	f->plane = f->sizes + g;
	f->pull = f->plane + g;
	f->push = f->pull + g;
	f->beta = f->push + g;
	f->top = 0;
	for (size_t i = 0; i < d->value_count; i++) {
		if (isfinite(d->values[i].y))
			f->top = fmax(f->top, d->values[i].y);
	}
	f->top += far_above;
	return true;
}

/* Of the values from `at` to `end`, each as often as its block was drawn: the one in place `rank` from 0. */
static double ranked(const struct fit *f, size_t at, size_t end, double rank)
{
	double below = 0;

	for (; at + 1 < end; at++) {
		below += f->weights[f->d->values[at].block];
		if (below > rank)
			break;
	}
	return f->d->values[at].y;
}

/* Each group's own quantile (type 7); false when a group has no values. */
static bool quantiles_fill(struct fit *f)
{
	size_t at = 0;

	for (size_t g = 0; g < f->d->group_count; g++) {
		size_t from = at;
		double size = 0;

		for (; at < f->d->value_count && f->d->values[at].group == g; at++)
			size += f->weights[f->d->values[at].block];
		if (size < 1)
			return false;
		double place = f->q * (size - 1), below = floor(place);
		double low = ranked(f, from, at, below);
		double high = place > below ? ranked(f, from, at, below + 1) : low;

		f->sizes[g] = size;
		f->quantiles[g] = isinf(high) ? high : low + (place - below) * (high - low);
	}
	return at == f->d->value_count;
}

/* Solves X'PX b = X'(push) with P the diagonal of `pull`; false: the terms depend on each other. */
static bool solve(struct fit *f, const double *pull, const double *push, double *ret)
{
	size_t p = f->d->term_count;

	gsl_matrix_set_zero(f->normal);
	gsl_vector_set_zero(f->right);
	for (size_t g = 0; g < f->d->group_count; g++) {
		const double *x = f->d->design + g * p;

		for (size_t i = 0; i < p; i++) {
			f->right->data[i] += x[i] * push[g];
			for (size_t k = 0; k <= i; k++)
				f->normal->data[i * p + k] += pull[g] * x[i] * x[k];
		}
	}
	if (gsl_linalg_cholesky_decomp1(f->normal) != GSL_SUCCESS ||
		gsl_linalg_cholesky_svx(f->normal, f->right) != GSL_SUCCESS)
		return false;
	memcpy(ret, f->right->data, p * sizeof *ret);
	return true;
}

static void plane_fill(struct fit *f)
{
	size_t p = f->d->term_count;

	for (size_t g = 0; g < f->d->group_count; g++) {
		f->plane[g] = 0;
		for (size_t i = 0; i < p; i++)
			f->plane[g] += f->d->design[g * p + i] * f->beta[i];
	}
}

/*
 * One step of Hunter and Lange: |r| is replaced by a parabola that touches it where r is now. With w = 1/(tie + |r|)
 * the next b solves X'WX b = X'(Wy + (2q - 1)).
 */
static bool step(struct fit *f, double *ret_moved)
{
	double next[QUANTREG_TERMS_MAX];

	plane_fill(f);
	memset(f->pull, 0, f->d->group_count * sizeof *f->pull);
	memset(f->push, 0, f->d->group_count * sizeof *f->push);
	for (size_t i = 0; i < f->d->value_count; i++) {
		const struct quantreg_value *v = &f->d->values[i];
		double y = isinf(v->y) ? f->top : v->y;
		double w = 1 / (tie + fabs(y - f->plane[v->group])), n = f->weights[v->block];

		f->pull[v->group] += n * w;
		f->push[v->group] += n * (w * y + 2 * f->q - 1);
	}
	if (!solve(f, f->pull, f->push, next))
		return false;
	*ret_moved = 0;
	for (size_t i = 0; i < f->d->term_count; i++) {
		*ret_moved = fmax(*ret_moved, fabs(next[i] - f->beta[i]));
		f->beta[i] = next[i];
	}
	return true;
}

/* From the groups' own quantiles, each with its weight: exact when there are as many terms as groups. */
static bool start(struct fit *f)
{
	if (!quantiles_fill(f))
		return false;
	for (size_t g = 0; g < f->d->group_count; g++) {
		if (!isfinite(f->quantiles[g]))
			return false;
		f->push[g] = f->sizes[g] * f->quantiles[g];
	}
	return solve(f, f->sizes, f->push, f->beta);
}

static bool fit_run(struct fit *f)
{
	double moved = 1;

	if (!start(f))
		return false;
	if (f->d->term_count == f->d->group_count)
		return true;
	for (int i = 0; i < QUANTREG_STEPS_MAX && moved > settled; i++) {
		if (!step(f, &moved))
			return false;
	}
	return true;
}

/* GSL ends the program on a matrix that is not positive definite unless it is told not to. */
static gsl_error_handler_t *quiet_gsl(void)
{
	return gsl_set_error_handler_off();
}

bool quantreg_fit(const struct quantreg_data *d, double q, double *ret)
{
	auto_free double *once = malloc((d->block_count + 1) * sizeof *once);
	gsl_error_handler_t *before = quiet_gsl();
	struct fit f;

	for (size_t b = 0; b < d->block_count && once != NULL; b++)
		once[b] = 1;
	bool is_good = once != NULL && fit_begin(&f, d, q);
	if (is_good) {
		f.weights = once;
		is_good = fit_run(&f);
		memcpy(ret, f.beta, d->term_count * sizeof *ret);
	}
	if (once != NULL)
		fit_done(&f);
	(void)gsl_set_error_handler(before);
	return is_good;
}

/* Sums of the resamples' coefficients and of their squares, against the estimates; returns how many could be fitted. */
static double resamples_add(struct fit *f, unsigned resamples, const struct quantreg_term *seen,
	double *weights, gsl_rng *random, double *sums, double *squares)
{
	size_t blocks = f->d->block_count;
	double count = 0;

	f->weights = weights;
	for (unsigned i = 0; i < resamples; i++) {
		memset(weights, 0, blocks * sizeof *weights);
		for (size_t b = 0; b < blocks; b++)
			weights[gsl_rng_uniform_int(random, blocks)]++;
		if (!fit_run(f))
			continue;
		count++;
		for (size_t k = 0; k < f->d->term_count; k++) {
			double off = f->beta[k] - seen[k].estimate;

			sums[k] += off;
			squares[k] += off * off;
		}
	}
	return count;
}

static void intervals_fill(size_t blocks, size_t terms, double count, const double *sums,
	const double *squares, struct quantreg_term *ret)
{
	double n = (double)blocks, reach = gsl_cdf_tdist_Pinv(0.975, n - 1);

	for (size_t k = 0; k < terms; k++) {
		double variance = (squares[k] - sums[k] * sums[k] / count) / (count - 1);
		double error = sqrt(fmax(0, variance) * n / (n - 1));

		ret[k].ci = (struct interval){ ret[k].estimate - reach * error,
			ret[k].estimate + reach * error };
		ret[k].p = error > 0 ? 2 * gsl_cdf_tdist_Q(fabs(ret[k].estimate) / error, n - 1)
				     : (double)NAN;
	}
}

static bool bootstrap(struct fit *f, unsigned resamples, uint64_t seed, struct quantreg_term *ret)
{
	size_t terms = f->d->term_count, blocks = f->d->block_count;
	auto_free double *room = calloc(2 * terms + blocks, sizeof *room);
	gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);

	if (room == NULL || random == NULL) {
		gsl_rng_free(random);
		return false;
	}
	gsl_rng_set(random, (unsigned long)seed);
	double count =
		resamples_add(f, resamples, ret, room + 2 * terms, random, room, room + terms);
	gsl_rng_free(random);
	/* Where a quarter of the resamples has no answer (a block that lacks a group), the rest would flatter. */
	if (count > 1 && count >= 0.75 * resamples)
		intervals_fill(blocks, terms, count, room, room + terms, ret);
	return true;
}

bool quantreg_bootstrap(const struct quantreg_data *d, double q, unsigned resamples, uint64_t seed,
	struct quantreg_term *ret)
{
	double beta[QUANTREG_TERMS_MAX];
	gsl_error_handler_t *before = quiet_gsl();
	struct fit f;

	if (!quantreg_fit(d, q, beta)) {
		(void)gsl_set_error_handler(before);
		return false;
	}
	for (size_t k = 0; k < d->term_count; k++)
		ret[k] = (struct quantreg_term){ beta[k], INTERVAL_NONE, (double)NAN };
	bool is_good = d->block_count < QUANTREG_BLOCKS_MIN ||
		       (fit_begin(&f, d, q) && bootstrap(&f, resamples, seed, ret));
	if (d->block_count >= QUANTREG_BLOCKS_MIN)
		fit_done(&f);
	(void)gsl_set_error_handler(before);
	return is_good;
}
