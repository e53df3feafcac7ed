/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * series - what trials look like in time, for the diagnostics: warm-up, resemblance of neighbours, normality.
 *
 * A level is a mail's time against the median of its size in its trial, so sizes do not show. Over trials everything is a
 * median, so a deployment counts once. Mails that never came are left out.
 * Pure functions of the summary; false: no memory. Limits: SERIES_*.
 */
#include "lab/report/summary.h"

enum {
	SERIES_WINDOW = 5, /* mails of one point of a warm-up, as MSER-5 has them */
	SERIES_POINTS_MAX = 200,
	SERIES_LAGS = 20,
	SERIES_RATIOS_MAX = 1024, /* of one cell, all sizes */
};

/* Of one cell, from its first mail after the start on. */
struct series_warmup {
	double levels[SERIES_POINTS_MAX]; /* median level of each window of SERIES_WINDOW mails */
	size_t count;
	double first_ms, ten_ms; /* the first mail; the median of the first ten */
	double settled_from;     /* mails before that were warm-up, by MSER-5; NAN: too few mails */
	unsigned unsettled, trials; /* trials that did not settle, of how many that could */
};
MUST_CHECK bool series_warmup(const struct summary *s, unsigned cell, struct series_warmup *ret);

/* Correlation of levels with those 1 .. SERIES_LAGS mails later; NAN: not enough mails. */
struct series_lags {
	double at[SERIES_LAGS];
	double mails; /* of a trial, median: two standard errors are 2 over its root */
};
MUST_CHECK bool series_lags(const struct summary *s, unsigned cell, struct series_lags *ret);

/*
 * The blocks' log-ratios of a cell to the first one, which comparisons take for normal: in each size less their mean, in
 * units of their standard deviation; ascending. straightness is their correlation with normal scores.
 */
struct series_ratios {
	double values[SERIES_RATIOS_MAX];
	size_t count;
	double straightness;
};
void series_ratios(
	const struct summary *s, unsigned cell, unsigned base, struct series_ratios *ret);
