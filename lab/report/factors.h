/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * factors - what each factor of the experiment does to the middle and to the slow end of the times.
 *
 * The terms of a quantile regression (lab/stats/quantreg.h) on the logarithm of every measured mail's time: platform (with its
 * server), size, each device, file system, processors and memory that differ between cells, and platform x each of
 * them, as multiples of the first cell at the first size. Terms that say the same of this experiment's
 * cells are one term with both names; one that follows from the terms before it is left out and named.
 * Ownership: factors_done frees. Limits: FACTOR_*.
 */
#include "lab/stats/stats.h"

enum {
	FACTOR_NAME_BYTES = 128,
	FACTOR_QUANTILES = 3,
	FACTOR_OMITTED_BYTES = 1024, /* names of what cannot be told apart; more are cut */
};

extern const double factor_quantiles[FACTOR_QUANTILES]; /* 0.5, 0.95, 0.99 */

struct factor_term {
	char name[FACTOR_NAME_BYTES]; /* "Container", "10 KB", "Container × 10 KB" */
	bool is_both;                 /* platform x something */
	/* Multiples, the first term milliseconds; NAN: the mails do not carry this quantile, or too few blocks. */
	double factor[FACTOR_QUANTILES];
	struct interval ci[FACTOR_QUANTILES];
	/* Raw, and after Benjamini and Hochberg over all terms and quantiles but the first term's */
	double p[FACTOR_QUANTILES], p_bh[FACTOR_QUANTILES];
};

struct factors {
	struct factor_term *terms;
	size_t count;
	char omitted[FACTOR_OMITTED_BYTES];
};

struct summary;
struct error;
MUST_CHECK bool factors_fill(const struct summary *s, struct factors *ret, struct error *e);
void factors_done(struct factors *f);
