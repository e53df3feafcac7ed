/* SPDX-License-Identifier: MIT */
#include "lab/stats/model.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <math.h>

bool model_line_fit(const double *x, const double *y, size_t count, struct model_line *ret)
{
	double c00, c01, c11, rest;
	bool is_spread = false;

	for (size_t i = 0; i < count; i++) {
		if (!isfinite(x[i]) || !isfinite(y[i]))
			return false;
		is_spread = is_spread || fabs(x[i] - x[0]) > 0;
	}
	return is_spread && gsl_fit_linear(x, 1, y, 1, count, &ret->intercept, &ret->slope, &c00,
				    &c01, &c11, &rest) == 0;
}

double model_line_fits(const double *x, const double *y, size_t count, struct model_line line)
{
	double middle = stats_mean(y, count), all = 0, rest = 0;

	for (size_t i = 0; i < count; i++) {
		all += pow(y[i] - middle, 2);
		rest += pow(y[i] - line.intercept - line.slope * x[i], 2);
	}
	return all > 0 ? 1 - rest / all : (double)NAN;
}

struct interval model_mean_interval(const double *x, size_t count)
{
	if (count < 3)
		return INTERVAL_NONE;
	double middle = stats_mean(x, count);
	double half = gsl_cdf_tdist_Pinv(0.975, (double)count - 1) * stats_sd(x, count) /
		      sqrt((double)count);

	return (struct interval){ middle - half, middle + half };
}

bool model_spread_of(const double *means, size_t blocks, size_t cells, double variance,
	double mails, struct model_spread *ret)
{
	double n = (double)blocks, k = (double)cells;
	double all = stats_mean(means, blocks * cells), by_block = 0, total = 0, by_cell = 0;

	if (blocks < 2 || cells < 1 || !isfinite(all) || !(mails > 0))
		return false;
	for (size_t b = 0; b < blocks; b++)
		by_block += k * pow(stats_mean(means + b * cells, cells) - all, 2);
	for (size_t c = 0; c < cells; c++) {
		double sum = 0;

		for (size_t b = 0; b < blocks; b++)
			sum += means[b * cells + c];
		by_cell += n * pow(sum / n - all, 2);
	}
	for (size_t i = 0; i < blocks * cells; i++)
		total += pow(means[i] - all, 2);
	double block_ms = by_block / (n - 1);
	double rest_ms = cells > 1 ? (total - by_block - by_cell) / ((n - 1) * (k - 1)) : block_ms;
	*ret = (struct model_spread){
		.block = cells > 1 ? sqrt(fmax(0, (block_ms - rest_ms) / k)) : (double)NAN,
		.deployment = sqrt(fmax(0, rest_ms - variance / mails)),
		.mail = sqrt(variance),
	};
	return true;
}
