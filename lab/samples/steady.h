/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * steady - from which mail on a trial was warm: the rest is level, or the trial never settled.
 *
 * MSER-5 (White, Cobb and Spratt, "A comparison of five steady-state truncation heuristics for simulation", Winter
 * Simulation Conference 2000): batches of five values; the cut that gives the mean of the rest its smallest
 * standard error, looked for in the first half. Then Mann's and Kendall's test for a trend in what is kept, and Mann's and
 * Whitney's whether its two halves are equal: a step in the middle is no trend everywhere.
 * Pure. Values are used in their order; those that are not finite are left out.
 * Limits: fewer than STEADY_VALUES_MIN values say nothing.
 */
#include "base/own.h"

#include <stdbool.h>

enum { STEADY_BATCH = 5, STEADY_VALUES_MIN = 50 };

struct steady {
	bool is_known;
	size_t from;     /* values before this one are warm-up */
	double trend_p;  /* two-sided; small: what is kept still rises or falls */
	double halves_p; /* two-sided; small: its first half is not like its second */
	bool is_steady;  /* no cut at the end of the half, no trend and no difference at 1 % */
};

/* False: no memory. */
MUST_CHECK bool steady_find(const double *values, size_t count, struct steady *ret);
