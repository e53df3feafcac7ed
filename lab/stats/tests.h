/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * tests - p values: how surprising is this, if there were no difference?
 *
 * All are exact where that is feasible (sign patterns, ranks with or without ties) and say so; above the limits
 * they draw 10,000 permutations from the seed, or use the normal approximation. Corrections for many
 * comparisons stand at the end. Each is checked against a published table in tests/unit/lab.
 * Not here: which comparisons belong to a family (the report's summary), verdicts (compare.h).
 */
#include "lab/stats/stats.h"

enum {
	/* 2^18 sign patterns are enumerated; above, STATS_PERMUTATIONS are drawn */
	STATS_EXACT_BLOCKS_MAX = 18,
	STATS_PERMUTATIONS = 10000,
	STATS_RANKS_EXACT_MAX = 60, /* values whose rank sums are counted out */
	STATS_TREATMENTS_MAX = 64,
};
#define STATS_NO_RANK SIZE_MAX

/* Two-sided p of "the signs of these differences are arbitrary", by their sum. 1 for no values. */
double stats_sign_flip_p(const double *d, size_t count, uint64_t seed);
/* Wilcoxon's signed ranks, two-sided; zeros are left out, ties share their ranks. */
double stats_signed_rank_p(const double *d, size_t count);
/* Largest w with P(W <= w) <= 2.5 % among `count` signed ranks without ties; STATS_NO_RANK below six. */
size_t stats_signed_rank_critical(size_t count);
/* Mann and Whitney, two-sided, for values that are not paired; ties share their ranks. */
double stats_mann_whitney_p(const double *a, size_t a_count, const double *b, size_t b_count);
/*
 * Friedman: do any of the treatments differ, block by block? values[block * treatments + treatment].
 * *ret_p by drawing the order inside blocks; false when there is nothing to test (below two of either).
 */
MUST_CHECK bool stats_friedman(const double *values, size_t blocks, size_t treatments,
	uint64_t seed, double *ret_statistic, double *ret_p);
/* Kolmogorov's distance between the values and an exponential distribution of the given mean, and its p (Stephens's
 * form of the limit). For times between arrivals whose rate was declared, not estimated. */
double stats_ks_exponential(const double *x, size_t count, double mean, double *ret_p);
double stats_ks_p(double distance, size_t count);

/* Adjust in place, keep the order of the rows. Holm: the chance of any false row. Benjamini and Hochberg: the share of
 * false rows, for tables that explore. */
void stats_holm(double *p, size_t count);
void stats_benjamini_hochberg(double *p, size_t count);
