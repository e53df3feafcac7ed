/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * claims - judges what the experiment declared: {supported, contradicted, inconclusive, not measured}.
 *
 * "A takes p % less time than B, give or take d points" is contradicted when the 95 % interval lies outside p +- d altogether;
 * supported when the difference is proven (p < 0.05 after Holm), the estimate is within p +- d and the interval within
 * p +- 2 d; inconclusive otherwise. A rise of so many milliseconds is judged alike, with the sign-flip test of its
 * blocks. "Better, but close" needs the sign proven and two one-sided tests at the claim's distance; "best at every size"
 * needs each rival proven slower at each size, and one proven faster contradicts it.
 * A claim about a platform that was not measured is not measured: no other platform stands in for it.
 */
#include "lab/report/summary.h"

/* Fills s->claims; everything else in the summary is there. */
void claims_judge(struct summary *s);
const char *claim_verdict_name(enum claim_verdict v);
/* The rule alone, for a number with its interval. */
enum claim_verdict claim_about(
	double estimate, struct interval range, bool is_proven, double value, double about);
