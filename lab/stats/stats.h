/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * stats - the numbers of a report, as pure functions of samples and a seed; the only home of GSL.
 *
 * The experimental unit is the trial (one fresh deployment), never the message. A cell is the median (or
 * mean) of its trials' medians (means) with a two-level bootstrap interval; two platforms are compared by
 * the log-ratio of their trials paired by block, an exact sign-flip test, Holm's correction inside the
 * declared family, and an equivalence band. A mail that never came is +infinity.
 * A number that the data cannot support is NAN, and the report leaves it out.
 * Not here: reading samples, words. Threads: any. Ownership: inputs are borrowed and not changed.
 * Limits: STATS_* below.
 */
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STATS_GROUPS_MAX = 1000, /* blocks of a cell */
	/* 2^18 sign patterns are enumerated; above, 10,000 are drawn */
	STATS_EXACT_BLOCKS_MAX = 18,
	STATS_PERMUTATIONS = 10000,
	STATS_RESAMPLES = 10000,
};

struct interval {
	double low, high;
};
#define INTERVAL_NONE ((struct interval){ (double)NAN, (double)NAN })

double stats_mean(const double *x, size_t count);
/* Sample standard deviation (n - 1); NAN below two values. */
double stats_sd(const double *x, size_t count);
double stats_median(const double *x, size_t count);
/* Linear interpolation (Hyndman and Fan's type 7) of values of any order. */
double stats_quantile(const double *x, size_t count, double q);
/* Fewest values for which the largest is a 95 % upper bound of the quantile, without any
 * assumption: ceil(ln 0.05 / ln q). p95: 59, p99: 299, p99.9: 2,995. */
size_t stats_quantile_count_min(double q);
/* As stats_quantile, or NAN when there are too few values. */
double stats_percentile(const double *x, size_t count, double q);
/* 95 % interval of the median from order statistics; none below six values. */
struct interval stats_median_order_interval(const double *x, size_t count);

/* One trial's values. */
struct stats_group {
	const double *values;
	size_t count;
};
enum stats_kind { STATS_MEDIAN, STATS_MEAN };

/* The statistic over the groups of the statistic inside each. */
double stats_cell(const struct stats_group *groups, size_t count, enum stats_kind kind);
/*
 * 95 % interval: resamples groups, then values inside each; percentiles widened for few groups
 * (Hesterberg, The American Statistician 69(4), 2015, section 4.3). None below two groups. False: no memory.
 */
MUST_CHECK bool stats_bootstrap(const struct stats_group *groups, size_t count,
	enum stats_kind kind, unsigned resamples, uint64_t seed, struct interval *ret);

/* Two-sided p of "the signs of these differences are arbitrary", by their mean. 1 for no values. */
double stats_sign_flip_p(const double *d, size_t count, uint64_t seed);
/* Adjusts in place, keeps the order of the rows. */
void stats_holm(double *p, size_t count);
/* Hodges and Lehmann: median of the pairwise averages. */
double stats_hodges_lehmann(const double *d, size_t count);
/* Probability that a value of a is below a value of b; ties count half (Vargha and Delaney). */
double stats_superiority(const double *a, size_t a_count, const double *b, size_t b_count);
/* Wilson's 95 % interval of a proportion. */
struct interval stats_proportion(uint64_t hits, uint64_t of);
