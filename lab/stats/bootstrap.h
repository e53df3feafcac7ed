/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * bootstrap - intervals of cells, and who is best, by resampling what was measured.
 *
 * A cell is the median (or mean) of its trials' medians (means). Its 95 % interval comes from two levels: trials are
 * drawn with replacement, and each drawn trial strays by as much as its own mails, drawn again, let it stray. With few
 * trials a plain two-level bootstrap is wrong twice: it counts the spread inside trials a second time, and its
 * percentiles are too near. So the trials' deviations are shrunk until the total is the variance that was seen (Davison
 * and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8), and
 * - means get a bootstrap-t interval on the logarithm (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
 *   section 12.5): what is tabulated is the distance from the centre in the resample's own standard errors;
 * - medians get percentiles on the logarithm: standard errors of a median of ten are too rough to divide by, and
 *   the straying makes the few possible medians of ten a smooth distribution.
 * Coverage in simulation: tests/unit/lab/simulation_test.c, decision 0006.
 * Limits: BOOTSTRAP_*. Pure functions of samples and seed.
 */
#include "lab/stats/stats.h"

enum {
	BOOTSTRAP_RESAMPLES = 10000,
	BOOTSTRAP_DRAWS = 200,    /* medians drawn from each trial's mails, for their variance */
	BOOTSTRAP_TRIALS_MIN = 6, /* with fewer it holds the truth in nine of ten, not 95 of 100 */
	BOOTSTRAP_CELLS_MAX = 64,
};

/* One trial's values. */
struct stats_group {
	const double *values;
	size_t count;
};
enum stats_kind { STATS_MEDIAN, STATS_MEAN };

/* The statistic over the groups of the statistic inside each. */
double stats_cell(const struct stats_group *groups, size_t count, enum stats_kind kind);
/*
 * The 95 % interval. None below BOOTSTRAP_TRIALS_MIN groups, with an empty group, or when a value is not above zero.
 * With a trial that is infinite (most of its mails never came): the interval of ranks, for medians. False: no memory.
 */
MUST_CHECK bool stats_bootstrap(const struct stats_group *groups, size_t count,
	enum stats_kind kind, unsigned resamples, uint64_t seed, struct interval *ret);

/*
 * Blocks drawn with replacement, all cells together: how often each cell has the smallest median, and one of the two
 * smallest. values[block * cells + cell]. Ties share. False: no memory.
 */
MUST_CHECK bool stats_ranking(const double *values, size_t blocks, size_t cells, unsigned resamples,
	uint64_t seed, double *ret_best, double *ret_second);
