/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * quantreg - quantile regression: what each factor does to the middle of a value, and what to its slow end.
 *
 * Koenker and Bassett, "Regression Quantiles" (Econometrica 46, 1978): the coefficients that minimise the sum of
 * rho_q(y - x'b), where rho_q weighs what lies above the plane with q and what lies below with 1 - q. The factors
 * of an experiment are few and discrete, so values come in groups with the same x. With as many terms as groups the answer
 * is the groups' own quantiles (Hyndman and Fan's type 7); with fewer it is found by majorising (Hunter and Lange,
 * "Quantile Regression via an MM Algorithm", J. Computational and Graphical Statistics 9, 2000), each step a weighted
 * least squares with GSL's Cholesky. Why no linear programme: decision 0006.
 *
 * The unit of the intervals is the block: blocks are drawn again with all that belongs to them (block bootstrap), and
 * the interval is Student's t with the resamples' standard error and blocks - 1 degrees of freedom, because percentiles
 * of ten blocks are too near. Coverage in simulation: tests/unit/lab/simulation_test.c.
 * Not here: which factors an experiment has (lab/report/factors.h), logarithms, correction for many terms.
 * Pure functions of data and seed. Ownership: inputs are borrowed. Limits: QUANTREG_*.
 */
#include "lab/stats/stats.h"

enum {
	QUANTREG_TERMS_MAX = 128,
	QUANTREG_BLOCKS_MIN = 6, /* fewer give estimates without intervals */
	QUANTREG_RESAMPLES = 400,
	QUANTREG_STEPS_MAX = 500, /* of the majorisation */
};

struct quantreg_value {
	double y; /* infinity: never */
	uint32_t group, block;
};

struct quantreg_data {
	const double *design;                /* [group_count][term_count]; of full column rank */
	const struct quantreg_value *values; /* sorted by quantreg_sort */
	size_t group_count, term_count, value_count, block_count;
};

struct quantreg_term {
	double estimate;
	struct interval ci; /* 95 % */
	double p;           /* two-sided, of "this term does nothing"; NAN without an interval */
};

/* By group, then by value: what the functions below need. */
void quantreg_sort(struct quantreg_value *values, size_t count);
/* [term_count] coefficients; false: no memory, dependent terms, an empty group, or a quantile that is infinite. */
MUST_CHECK bool quantreg_fit(const struct quantreg_data *d, double q, double *ret);
/* The same with intervals; those are NAN below QUANTREG_BLOCKS_MIN blocks. */
MUST_CHECK bool quantreg_bootstrap(const struct quantreg_data *d, double q, unsigned resamples,
	uint64_t seed, struct quantreg_term *ret);
