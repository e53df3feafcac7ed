/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * model - what a mail and what an octet costs, and where the spread comes from.
 *
 * The size model is t = a + b * octets, fitted by least squares to each trial's mean times at its sizes; the cell's a and
 * b are the trials' medians with Student's interval on the trials' values, so a deployment counts once.
 * The components of variance say what to repeat (Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, 2013):
 * between blocks (the machine's mood, shared by all platforms), between deployments, between mails.
 */
#include "lab/stats/stats.h"

struct model_line {
	double intercept, slope;
};
/* Least squares; false with fewer than two different x or a value that is not finite. */
MUST_CHECK bool model_line_fit(
	const double *x, const double *y, size_t count, struct model_line *ret);
/* Share of y's spread that the line explains; NAN when y has none. */
double model_line_fits(const double *x, const double *y, size_t count, struct model_line line);

/* Student's 95 % interval of the mean; none below three values. */
struct interval model_mean_interval(const double *x, size_t count);

/* Standard deviations of the logarithm, each source alone: 0.1 is about 10 %. */
struct model_spread {
	double block, deployment, mail;
};
/*
 * means[block * cells + cell]: mean logarithm of a trial's latencies; variance: inside trials, pooled; mails: in a trial.
 * Two-way table without repetition: what cells differ by is taken out. False below two blocks.
 */
MUST_CHECK bool model_spread_of(const double *means, size_t blocks, size_t cells, double variance,
	double mails, struct model_spread *ret);
