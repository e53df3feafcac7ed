/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * stats - the numbers that describe samples: means, medians, percentiles, spreads, intervals of ranks.
 *
 * The experimental unit is the trial (one fresh deployment), never the message. A mail that never came is
 * +infinity. A number that the data cannot support is NAN, and the report leaves it out.
 * Beside it: bootstrap.h (intervals of cells, who is best), tests.h (p values), compare.h (verdicts), model.h
 * (cost of a byte, where the spread comes from). The folder is the only home of GSL.
 * Not here: reading samples, words. Threads: any. Ownership: inputs are borrowed and not changed.
 * Limits: STATS_* below and in the other headers.
 */
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STATS_GROUPS_MAX = 1000, /* blocks of a cell */
};

struct interval {
	double low, high;
};
#define INTERVAL_NONE ((struct interval){ (double)NAN, (double)NAN })

/* Ascending, in place. */
void stats_sort(double *x, size_t count);
double stats_mean(const double *x, size_t count);
/* Sample standard deviation (n - 1); NAN below two values. */
double stats_sd(const double *x, size_t count);
double stats_median(const double *x, size_t count);
/* Median distance from the median, times 1.4826: the standard deviation of normal values. */
double stats_mad(const double *x, size_t count);
/* Linear interpolation (Hyndman and Fan's type 7) of values of any order. */
double stats_quantile(const double *x, size_t count, double q);
/* The same of values that are sorted; count > 0. */
double stats_quantile_sorted(const double *x, size_t count, double q);
/* Fewest values for which the largest is a 95 % upper bound of the quantile, without any
 * assumption: ceil(ln 0.05 / ln q). p95: 59, p99: 299, p99.9: 2,995. */
size_t stats_quantile_count_min(double q);
/* As stats_quantile, or NAN when there are too few values. */
double stats_percentile(const double *x, size_t count, double q);
/* 95 % interval of the median from order statistics; none below six values. */
struct interval stats_median_order_interval(const double *x, size_t count);
/* Hodges and Lehmann: median of the pairwise averages; and the 95 % interval that belongs to it, from the exact
 * distribution of Wilcoxon's signed ranks (Hollander and Wolfe, section 3.3); none below six values. */
double stats_hodges_lehmann(const double *d, size_t count);
struct interval stats_hodges_lehmann_interval(const double *d, size_t count);
/* Probability that a value of a is below a value of b; ties count half (Vargha and Delaney). */
double stats_superiority(const double *a, size_t a_count, const double *b, size_t b_count);
/* Wilson's 95 % interval of a proportion. */
struct interval stats_proportion(uint64_t hits, uint64_t of);
/* Correlation of each value with the one `lag` later; NAN below lag + 2 values, or when all are the same. */
double stats_autocorrelation(const double *x, size_t count, size_t lag);
/* Pearson's; NAN below two values, or when one side does not vary. */
double stats_correlation(const double *x, const double *y, size_t count);
/* Of `count` values in ascending order, where the one at `at` (from 0) would lie if they were normal: Blom's
 * (at + 5/8) / (count + 1/4), as a quantile of the standard normal distribution. */
double stats_normal_score(size_t at, size_t count);
