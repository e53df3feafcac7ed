/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * compare - is A faster than B, by how much, how sure: one row of the report's comparison table.
 *
 * Input: one latency a block for each, paired. The ratio is A/B of latency (geometric mean of the
 * blocks' ratios), its interval Student's t on the logs. Verdicts need Holm's p of the whole family,
 * so compare_judge() comes after stats_holm() over all rows.
 * Two runs that share no blocks are compared with compare_unpaired(): Welch's interval, Mann and Whitney's test.
 */
#include "lab/stats/stats.h"

enum { COMPARE_BLOCKS_MIN = 3 }; /* fewer give no interval: two values say nothing of a spread */

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
	double ratio;                  /* A/B of latency */
	struct interval ratio_ci;      /* 95 % */
	struct interval ratio_ci90;    /* the two one-sided tests at 5 % */
	double difference;             /* A - B, Hodges-Lehmann, in the unit of the input */
	struct interval difference_ci; /* from ranks */
	double superiority;            /* share of pairs of trials in which A is faster */
	double log_sd;                 /* of one block's log-ratio */
	double log_error, freedom;     /* standard error of the log-ratio, degrees of freedom */
	double p, p_holm;
	double p_rank; /* a check by Wilcoxon's signed ranks (Mann and Whitney when unpaired) */
	double p_tost; /* of "the difference is outside the band": set by compare_judge */
	enum verdict verdict;
	size_t blocks_needed; /* for an inconclusive one; 0: cannot be said */
	bool is_noise; /* not larger than the same platform's against itself: compare_noise */
};

void compare_paired(
	const double *a, const double *b, size_t blocks, uint64_t seed, struct comparison *ret);
/* Blocks that are not the same: `blocks` becomes the smaller count. */
void compare_unpaired(
	const double *a, size_t a_count, const double *b, size_t b_count, struct comparison *ret);
/* family: how many comparisons were corrected together. sesoi: 0.05 is a band of 5 %. */
void compare_judge(struct comparison *c, double sesoi, size_t family);
/* The same comparison seen from B. */
void compare_turn(struct comparison *c);
/* Marks a comparison that lies within what a platform showed against itself; no interval, no mark. */
void compare_noise(struct comparison *c, struct interval same_against_itself);
const char *verdict_name(enum verdict v);
/* Least blocks with which an exact sign-flip test can pass Holm's first step: 2/2^n < 0.05/family. */
size_t compare_blocks_min(size_t family);
