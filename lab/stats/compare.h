/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * compare - is A faster than B, by how much, how sure: one row of the report's comparison table.
 *
 * Input: one latency a block for each, paired. The ratio is A/B of latency (geometric mean of the
 * blocks' ratios), its interval Student's t on the logs. Verdicts need Holm's p of the whole family,
 * so compare_judge() comes after stats_holm() over all rows.
 */
#include "lab/stats/stats.h"

enum verdict {
	VERDICT_BETTER, /* A takes less time, by more than the smallest effect of interest */
	VERDICT_WORSE,
	VERDICT_SMALL,      /* different, and the difference is small */
	VERDICT_EQUIVALENT, /* within the band, shown by two one-sided tests */
	VERDICT_INCONCLUSIVE,
	VERDICT_NOT_MEASURED,
	VERDICT_COUNT
};

struct comparison {
	size_t blocks;
	double ratio;               /* A/B of latency */
	struct interval ratio_ci;   /* 95 % */
	struct interval ratio_ci90; /* the two one-sided tests at 5 % */
	double difference;          /* A - B, Hodges-Lehmann, in the unit of the input */
	double superiority;         /* share of pairs of trials in which A is faster */
	double log_sd;
	double p, p_holm;
	enum verdict verdict;
	size_t blocks_needed; /* for an inconclusive one; 0: cannot be said */
};

void compare_paired(
	const double *a, const double *b, size_t blocks, uint64_t seed, struct comparison *ret);
/* family: how many comparisons were corrected together. sesoi: 0.05 is a band of 5 %. */
void compare_judge(struct comparison *c, double sesoi, size_t family);
const char *verdict_name(enum verdict v);
/* Least blocks with which an exact sign-flip test can pass Holm's first step: 2/2^n < 0.05/family. */
size_t compare_blocks_min(size_t family);
